//! What belongs together in a story: everything about one order, one visit, one case.
//!
//! - Whatever names an order stands with it; of several, with the one that began first. What names none stands
//!   with the order that its ticket, return, parcel or payment is about, if that is one order and no other.
//! - What is left and names an affair stands with that affair.
//! - What is left of a visit is what the tracking calls one, ended by a day without a sign. Where nothing names
//!   a visit, it is what somebody does on the web or in the app with no more than half an hour between.
//! - Everything else stands alone.
//!
//! It is a function of the interactions in the order of the story: how they arrived changes nothing.

use super::moments::{Bond, By, Moments};
use foldhash::fast::FixedState;
use serde::Serialize;
use std::collections::HashMap;
use throughline_interactions::Direction;

/// A visit that nothing names ends after so long, in microseconds.
const QUIET: i64 = 30 * 60 * 1_000_000;
/// A visit that is named ends after so long: some trackers never give a new name.
const NEVER_SO_LONG: i64 = 24 * 3600 * 1_000_000;

/// What holds a group together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// One order, and all that is about it.
    Order,
    /// A visit to the web or the app.
    Visit,
    /// A ticket, a conversation, a call.
    Service,
    /// Another affair: a subscription, a return of something nobody knows the order of.
    Affair,
    /// One interaction.
    Single,
}

/// Interactions that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    /// Places in the story, ascending; at least one.
    pub(crate) rows: Vec<u32>,
    /// Of a visit: the first places of orders that were placed in it.
    pub(crate) led_to: Vec<u32>,
}

impl Group {
    pub(crate) fn first(&self) -> u32 {
        self.rows[0]
    }

    pub(crate) fn last(&self) -> u32 {
        self.rows[self.rows.len() - 1]
    }
}

/// Earliest first: where it was met first, then its hash.
type Rank = (u32, u64);

/// The groups of a story, in the order of their beginnings.
pub(crate) fn groups(m: &Moments) -> Vec<Group> {
    let orders = orders(m);
    let mut by_key: HashMap<(GroupKind, Rank), usize, FixedState> = HashMap::default();
    let mut groups: Vec<Group> = Vec::new();
    let mut visits = Visits::new(m);
    let mut met: HashMap<u64, u32, FixedState> = HashMap::default();
    for place in 0..m.all.len() as u32 {
        let visit = visits.next(m, place);
        let affair = [Bond::Service, Bond::Affair].into_iter().flat_map(|b| m.bound(place, b));
        let affair = affair.map(|hash| (*met.entry(hash).or_insert(place), hash)).min();
        let key = match (orders[place as usize], affair, visit) {
            (Some(order), ..) => (GroupKind::Order, order),
            (None, Some(affair), _) => (GroupKind::Affair, affair),
            (None, None, Some(visit)) => (GroupKind::Visit, (visit, 0)),
            (None, None, None) => (GroupKind::Single, (place, 0)),
        };
        let at = *by_key.entry(key).or_insert_with(|| {
            groups.push(Group { kind: key.0, rows: Vec::new(), led_to: Vec::new() });
            groups.len() - 1
        });
        groups[at].rows.push(place);
        if key.0 == GroupKind::Affair && m.bound(place, Bond::Service).next().is_some() {
            groups[at].kind = GroupKind::Service;
        }
        // An order that is placed in a visit stands for itself; the visit says that it led there.
        if let (GroupKind::Order, Some(visit)) = (key.0, visit)
            && groups[at].rows.len() == 1
            && let Some(&visit) = by_key.get(&(GroupKind::Visit, (visit, 0)))
        {
            groups[visit].led_to.push(place);
        }
    }
    groups
}

/// The order that each moment stands with.
fn orders(m: &Moments) -> Vec<Option<Rank>> {
    let mut first: HashMap<u64, u32, FixedState> = HashMap::default();
    // What an affair is about: one order, or several and so none.
    let mut about: HashMap<u64, Option<u64>, FixedState> = HashMap::default();
    for place in 0..m.all.len() as u32 {
        for order in m.bound(place, Bond::Order) {
            first.entry(order).or_insert(place);
            for affair in [Bond::Service, Bond::Affair].into_iter().flat_map(|b| m.bound(place, b)) {
                let known = about.entry(affair).or_insert(Some(order));
                if *known != Some(order) {
                    *known = None;
                }
            }
        }
    }
    let rank = |order: u64| (first[&order], order);
    let of = |place: u32| {
        let own = m.bound(place, Bond::Order).map(rank).min();
        let affairs = [Bond::Service, Bond::Affair].into_iter().flat_map(|b| m.bound(place, b));
        own.or_else(|| affairs.filter_map(|a| about.get(&a).copied().flatten()).map(rank).min())
    };
    (0..m.all.len() as u32).map(of).collect()
}

/// Which visit a moment falls into, by the place where it began.
struct Visits {
    /// By channel: people go there and look around.
    is_place: Vec<bool>,
    named: HashMap<u64, (u32, i64), FixedState>,
    /// Of people, and of machines: where it began and when it was last heard of.
    unnamed: [Option<(u32, i64)>; 2],
    first: HashMap<u64, u32, FixedState>,
}

impl Visits {
    fn new(m: &Moments) -> Self {
        let is_place = m.channels.iter().map(|c| matches!(&**c, "web" | "app")).collect();
        Self { is_place, named: HashMap::default(), unnamed: [None; 2], first: HashMap::default() }
    }

    fn next(&mut self, m: &Moments, place: u32) -> Option<u32> {
        let moment = &m.all[place as usize];
        let name = m.bound(place, Bond::Visit).map(|h| (*self.first.entry(h).or_insert(place), h)).min();
        let (known, longest) = match name {
            Some((_, name)) => (self.named.get(&name).copied(), NEVER_SO_LONG),
            None if !self.is_place[moment.channel as usize] || moment.direction == Direction::Out => return None,
            None => (self.unnamed[usize::from(moment.by == By::Uncounted)], QUIET),
        };
        let began = known.filter(|(_, last)| moment.at - last <= longest).map_or(place, |(began, _)| began);
        let now = (began, moment.at);
        match name {
            Some((_, name)) => drop(self.named.insert(name, now)),
            None => self.unnamed[usize::from(moment.by == By::Uncounted)] = Some(now),
        }
        Some(began)
    }
}

/// A silence before each group that is long enough to be one, in the order asked for: seconds in which nothing
/// of the story happened.
pub(crate) fn silences(spans: &[(i64, i64)], newest_first: bool, shortest: i64) -> Vec<Option<i64>> {
    let mut reached: Option<i64> = None;
    let silence = |(from, until): &(i64, i64)| {
        let gap = match (reached, newest_first) {
            (None, _) => 0,
            (Some(at), false) => from - at,
            (Some(at), true) => at - until,
        };
        reached = Some(match newest_first {
            false => reached.map_or(*until, |at| at.max(*until)),
            true => reached.map_or(*from, |at| at.min(*from)),
        });
        (gap >= shortest).then_some(gap / 1_000_000)
    };
    spans.iter().map(silence).collect()
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
