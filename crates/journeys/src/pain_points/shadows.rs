//! Which findings are only the shadow of another.
//!
//! For each pair of one outcome, A is compared again within those exposed to B before their
//! outcome and within those who were not. If A then falls to 1 (its interval holds 1, or more
//! than three quarters of its log ratio is gone) in each of the two and in both together, while B
//! within the strata of A stays, A is B's shadow: the region is the shadow of the carrier that
//! serves it. A promise that passed unmet is none of "not delivered": among those who were
//! delivered at last it hurts as well.
//!
//! Both are taken as they were when the outcome was settled, because what stands between A and the
//! outcome comes after A. This says which of two names a difference better deserves; how large the
//! difference is was estimated before, at the moment of exposure.

use super::estimate::{Cell, Contrast, contrast};
use super::exposure::{Lookup, NONE, name_hash};
use super::moments::{is_not_reached, shadow_cell, unit};
use super::tables::{Table, TablesPass};
use super::{Finding, Key, Outcome};
use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_timeline::{
    Customer, Pass, PassState, ScanError, ScanOptions, Segment, Snapshot, StateError, StateReader,
};

/// How many findings of each outcome are compared in pairs: the bits of a mask.
const MOST: usize = 64;
/// A finding of which less remains is a shadow.
const REMAINS: f64 = 0.25;

/// Joins findings of exactly the same instances; the plainest kind gives the name.
pub(super) fn collapse(findings: Vec<Finding>, fingerprint: impl Fn(&Finding) -> u64) -> Vec<Finding> {
    let mut groups: BTreeMap<(Outcome, u64, u64), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        groups.entry((finding.outcome, finding.exposed, fingerprint(&finding))).or_default().push(finding);
    }
    let join = |mut group: Vec<Finding>| {
        group.sort_by_key(|f| f.key);
        let mut group = group.into_iter();
        let mut first = group.next()?;
        first.aliases = group.map(|f| f.name).collect();
        Some(first)
    };
    groups.into_values().filter_map(join).collect()
}

/// Pain points, with the places of those that cast shadows on others, and the bright spots that stand by
/// themselves: one in the shadow of anything says nothing new, such as every carrier but the slow one.
pub(super) fn part(all: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    // Pain points come first, so that their places hold.
    let (bright, findings): (Vec<_>, Vec<_>) = all.into_iter().partition(Finding::is_bright);
    (findings, bright.into_iter().filter(|f| f.shadow_of.is_none()).collect())
}

/// Counts which findings occur together.
#[derive(Debug, Clone)]
pub struct TogetherPass {
    compiled: Arc<Compiled>,
    outcome: Outcome,
    /// Ascending; a finding's bit is its place.
    keys: Arc<Vec<Key>>,
}

/// Units and events by cell and the set of findings they were exposed to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TogetherState(Table<(u64, u64), (u32, u32)>);

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct TogetherLocal {
    splitter: Splitter,
    lookup: Lookup,
    /// Hash of each event's name, by its code.
    events: Vec<u64>,
}

impl Pass for TogetherPass {
    const NAME: &'static str = "pain points: together";
    type State = TogetherState;
    type Local = TogetherLocal;

    fn start(&self) -> TogetherState {
        TogetherState::default()
    }

    fn enter(&self, segment: &Segment) -> TogetherLocal {
        let number = |key: Key| self.keys.binary_search(&key).map_or(NONE, |n| n as u32);
        let lookup = Lookup::new(&self.compiled, segment, self.keys.len(), number);
        let events = segment.events().iter().map(|name| name_hash(name)).collect();
        TogetherLocal { splitter: Splitter::new(&self.compiled, segment), lookup, events }
    }

    fn customer(&self, local: &mut TogetherLocal, customer: Customer<'_>, state: &mut TogetherState) {
        let TogetherLocal { splitter, lookup, events } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
                continue;
            }
            let Some(unit) = unit(&self.compiled, instance, self.outcome) else { continue };
            lookup.collect(&self.compiled, instance, &customer, unit.until);
            let mut mask = lookup.onsets.iter().fold(0_u64, |mask, onset| mask | 1 << onset.candidate);
            for (stage, &number) in lookup.not_reached.iter().enumerate() {
                if number != NONE && is_not_reached(instance, &customer, stage, unit.until) {
                    mask |= 1 << number;
                }
            }
            // Like is compared with like here too: a sale at the till has no device, and one at the
            // web shop that is not on a phone is no till.
            let start = events[usize::from(customer.event(instance.start_row() as usize))];
            let cell = shadow_cell(&self.compiled, instance, &unit) ^ start;
            let count = state.0.entry((cell, mask)).or_default();
            count.0 += 1;
            count.1 += u32::from(unit.bad);
        }
    }
}

impl PassState for TogetherState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (key, (n, events)) in other.0 {
            let count = self.0.entry(key).or_default();
            count.0 += n;
            count.1 += events;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let sorted: BTreeMap<_, _> = self.0.iter().collect();
        put_list(out, sorted.iter(), |out, ((cell, mask), (n, events))| {
            put_u64(out, *cell);
            put_u64(out, *mask);
            put_u32(out, *n);
            put_u32(out, *events);
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let counts = read_list(r, 24, |r| Ok(((r.u64()?, r.u64()?), (r.u32()?, r.u32()?))))?;
        r.end()?;
        Ok(Self(counts))
    }
}

impl TogetherState {
    /// A compared within those exposed (1) and not exposed (0) to B, and in both.
    fn within(&self, a: usize, b: usize) -> [Option<Contrast>; 3] {
        let mut cells: BTreeMap<(u64, u64), Cell> = BTreeMap::new();
        for (&(cell, mask), &(n, events)) in &self.0 {
            let cell = cells.entry((mask >> b & 1, cell)).or_default();
            if mask >> a & 1 == 1 {
                cell.exposed += f64::from(n);
                cell.exposed_events += f64::from(events);
            } else {
                cell.unexposed += f64::from(n);
                cell.unexposed_events += f64::from(events);
            }
        }
        let layer = |of: Option<u64>| -> Vec<Cell> {
            cells.iter().filter(|((b, _), _)| of.is_none_or(|of| of == *b)).map(|(_, cell)| *cell).collect()
        };
        [Some(0), Some(1), None].map(|of| contrast(&layer(of), 1.0))
    }

    /// Whether A stays within the strata of B, and how clearly; `None` if the two cannot be told
    /// apart.
    fn stays(&self, a: usize, b: usize, of: &Finding) -> Option<(bool, f64)> {
        let [without, with, both] = self.within(a, b);
        let both = both?;
        let kept = match (of.ratio, both.ratio) {
            (Some(before), Some(after)) if of.is_bright() => after.ln() <= REMAINS * before.ln(),
            (Some(before), Some(after)) => after.ln() >= REMAINS * before.ln(),
            _ => true,
        };
        let holds = |c: &Contrast| if of.is_bright() { c.high.is_some_and(|high| high < 1.0) } else { c.low > 1.0 };
        let apart = [without, with].iter().flatten().any(|c| holds(c) && c.p < 0.01);
        Some((apart || (holds(&both) && kept), both.z.abs()))
    }
}

/// One more scan, over the findings of one outcome, that finds each one's shadow caster.
pub(super) fn cast(
    findings: &mut [Finding],
    outcome: Outcome,
    pass: &TablesPass,
    snapshot: &Snapshot,
    options: &ScanOptions<'_>,
) -> Result<(), ScanError> {
    let chosen: Vec<usize> = (0..findings.len()).filter(|&i| findings[i].outcome == outcome).take(MOST).collect();
    if chosen.len() < 2 {
        return Ok(());
    }
    let mut keys: Vec<Key> = chosen.iter().map(|&i| findings[i].key).collect();
    keys.sort_unstable();
    let keys = Arc::new(keys);
    let together = TogetherPass { compiled: pass.compiled.clone(), outcome, keys: keys.clone() };
    let together = snapshot.scan(&together, options)?;
    let bit = |i: usize| keys.binary_search(&findings[i].key).unwrap_or(0);
    let stays = |a: usize, b: usize| together.stays(bit(a), bit(b), &findings[a]);
    let casters: Vec<Option<usize>> = chosen
        .iter()
        .map(|&a| {
            chosen
                .iter()
                .copied()
                // Whoever lacks something good is no shadow of it: a pain point is one of pain points only.
                .filter(|&b| b != a && (findings[a].is_bright() || !findings[b].is_bright()))
                .filter(|&b| matches!(stays(a, b), Some((false, _))))
                .filter_map(|b| stays(b, a).filter(|(stays, _)| *stays).map(|(_, z)| (b, z)))
                .max_by(|x, y| x.1.total_cmp(&y.1))
                .map(|(b, _)| b)
        })
        .collect();
    for (&a, &caster) in chosen.iter().zip(&casters) {
        // A shadow's shadow belongs to whatever casts both; a circle casts none.
        let of = |i: usize| chosen.iter().position(|&c| c == i).and_then(|at| casters[at]);
        let mut root = caster;
        for _ in 0..MOST {
            match root.and_then(of) {
                Some(next) => root = (next != a).then_some(next),
                None => break,
            }
        }
        findings[a].shadow_of = root;
    }
    Ok(())
}
