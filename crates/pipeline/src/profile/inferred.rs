//! What somebody seems to like, from what they do: never said by them, and always marked so.
//!
//! The unit is a visit, an order, whatever stands as one group in the story: who reloads a page ten times has
//! looked once. Something is suggested where it was met in at least three of them, in a quarter of those that
//! were about anything of its sort, and more often than anything else of its sort.

use super::NAMED;
use super::region::Region;
use crate::story::{CustomerFigure, Group, Reading};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::HashMap;
use throughline_interactions::{Timestamp, Zone};

/// Fewer groups than this suggest nothing.
const FEW: u64 = 3;
/// Hours of a day that are looked at together.
pub(crate) const HOURS: u8 = 3;
/// Attributes of one customer whose names are asked for, the most frequent first.
const MOST: usize = 5_000;

/// What is looked at, and the dimensions that tell it.
const SORTS: [(&str, &[&str]); 7] = [
    ("category", &["property:category", "ref:category", "property:department"]),
    ("product", &["ref:product"]),
    ("brand", &["property:brand", "ref:brand"]),
    ("store", &["ref:store"]),
    ("size", &["property:size"]),
    ("device", &["property:device"]),
    ("payment", &["property:payment_method", "property:payment"]),
];

/// Something that what they do suggests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inferred {
    /// `channel`, `category`, `product`, `brand`, `store`, `size`, `device`, `payment`, `hours`.
    pub what: String,
    /// What they seem to like; of hours the first and the one after the last.
    pub value: String,
    /// Visits, orders and the like that it was met in.
    pub n: u64,
    /// Of so many that were about anything of its sort.
    pub of: u64,
    /// The story's filter that shows them.
    pub figure: String,
    /// The first of the interactions, by their places in the ledger.
    pub positions: Vec<u64>,
}

/// Counts in how many groups each value was met.
#[derive(Default)]
struct Met<K> {
    last: HashMap<K, (usize, u64), foldhash::fast::FixedState>,
}

impl<K: std::hash::Hash + Eq + Ord + Copy> Met<K> {
    fn meet(&mut self, group: usize, value: K) {
        let known = self.last.entry(value).or_insert((usize::MAX, 0));
        if known.0 != group {
            *known = (group, known.1 + 1);
        }
    }

    fn n(&self, value: K) -> u64 {
        self.last.get(&value).map_or(0, |(_, n)| *n)
    }

    /// The most frequent of these, if it is often enough and more often than any other, of so many groups.
    fn most(&self, values: impl Iterator<Item = K>, of: u64) -> Option<(K, u64)> {
        let mut counts: Vec<(u64, K)> = values.map(|v| (self.n(v), v)).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let (n, value) = *counts.first()?;
        let is_alone = counts.get(1).is_none_or(|(second, _)| *second < n);
        (n >= FEW && n * 4 >= of && is_alone).then_some((value, n))
    }
}

impl Engine {
    /// What their doing suggests; hours in the zone that is known or guessed, else in the workspace's.
    pub(crate) fn inferred(&self, reading: &Reading, zone: Option<&Region>) -> Result<Vec<Inferred>, EngineError> {
        let Some(customer) = reading.customer() else { return Ok(Vec::new()) };
        let m = &reading.moments;
        let hashes = customer.segment().attribute_hashes();
        let own_zone = zone.and_then(|z| Zone::new(&z.value).ok());
        let zone = own_zone.unwrap_or_else(|| (*reading.brand.zone()).clone());
        let (mut channels, mut hours, mut met) = (Met::default(), Met::default(), Met::default());
        let mut all: [Met<()>; 2] = Default::default();
        let own = |g: &Group| g.rows.iter().copied().filter(|p| m.is_own(*p)).collect::<Vec<_>>();
        let groups: Vec<Vec<u32>> = reading.groups.iter().map(own).collect();
        for (group, places) in groups.iter().enumerate() {
            for place in places {
                let moment = &m.all[*place as usize];
                if !m.channel(*place).is_empty() {
                    channels.meet(group, moment.channel);
                    all[0].meet(group, ());
                }
                if let Some(hour) = zone.hour_of(Timestamp(moment.at)) {
                    hours.meet(group, hour / HOURS * HOURS);
                    all[1].meet(group, ());
                }
                customer.attributes(*place as usize).iter().for_each(|code| met.meet(group, *code));
            }
        }
        let positions = |is: &dyn Fn(u32) -> bool| {
            let places = (0..m.all.len() as u32).filter(|p| m.is_own(*p) && is(*p));
            places.take(NAMED).map(|p| m.all[p as usize].position).collect::<Vec<_>>()
        };
        let mut found = Vec::new();
        if let Some((channel, n)) = channels.most(channels.last.keys().copied(), all[0].n(())) {
            let value = m.channels[channel as usize].to_string();
            let figure = CustomerFigure::Channel(value.clone()).key();
            let positions = positions(&|p| m.all[p as usize].channel == channel);
            found.push(Inferred { what: "channel".to_owned(), value, n, of: all[0].n(()), figure, positions });
        }
        // What each attribute is called, and of which sort it is.
        let mut codes: Vec<(u64, u32)> = met.last.iter().map(|(code, (_, n))| (*n, *code)).collect();
        codes.sort_unstable_by(|a, b| b.cmp(a));
        codes.truncate(MOST);
        let hash = |code: u32| hashes.get(code as usize).copied().unwrap_or_default();
        let names = self.named(reading, &codes.iter().map(|(_, code)| hash(*code)).collect::<Vec<_>>())?;
        let mut sorts: HashMap<u32, usize> = HashMap::new();
        for (_, code) in &codes {
            let dimension = names.get(&hash(*code)).map(|(dimension, _)| dimension.as_str());
            let sort = SORTS.iter().position(|(_, told_by)| dimension.is_some_and(|d| told_by.contains(&d)));
            sorts.extend(sort.map(|sort| (*code, sort)));
        }
        let mut of_sort: Met<usize> = Met::default();
        for (group, places) in groups.iter().enumerate() {
            let codes = places.iter().flat_map(|place| customer.attributes(*place as usize));
            codes.filter_map(|code| sorts.get(code)).for_each(|sort| of_sort.meet(group, *sort));
        }
        for (sort, (what, _)) in SORTS.iter().enumerate() {
            let values = sorts.iter().filter(|(_, s)| **s == sort).map(|(code, _)| *code);
            let of = of_sort.n(sort);
            let Some((code, n)) = met.most(values, of) else { continue };
            let Some((_, value)) = names.get(&hash(code)) else { continue };
            let positions = positions(&|p| customer.attributes(p as usize).binary_search(&code).is_ok());
            let figure = CustomerFigure::Like(hash(code)).key();
            found.push(Inferred { what: (*what).to_owned(), value: value.clone(), n, of, figure, positions });
        }
        if let Some((from, n)) = hours.most(hours.last.keys().copied(), all[1].n(())) {
            let is = |p: u32| zone.hour_of(Timestamp(m.all[p as usize].at)).is_some_and(|h| h / HOURS * HOURS == from);
            let value = format!("{from:02}:00–{:02}:00", from + HOURS);
            let figure = CustomerFigure::Hours(from, zone.name().to_owned()).key();
            let positions = positions(&is);
            found.push(Inferred { what: "hours".to_owned(), value, n, of: all[1].n(()), figure, positions });
        }
        Ok(found)
    }
}
