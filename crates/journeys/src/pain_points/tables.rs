//! The second pass: for every candidate, the cells in which its exposed are compared.
//!
//! Totals are counted once for all candidates; a candidate keeps only its exposed, and whom to take
//! out of the totals because their exposure had begun. Unexposed = totals − those.

use super::Outcome;
use super::estimate::Cell;
use super::exposure::{Key, Kind, Lookup, NONE, Onset};
use super::moments::{
    Domain, Moments, Unit, domain, is_candidate, is_not_reached, mix, outcome_and_domain, stage_at, unit,
};
use super::overlap::{Compared, time_of};
use crate::compiled::Compiled;
use crate::instances::{Instance, Splitter};
use crate::wire::{put_list, put_u32, put_u64, read_list};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};

/// Counts the cells of the chosen candidates.
#[derive(Debug, Clone)]
pub struct TablesPass {
    pub(super) compiled: Arc<Compiled>,
    /// Ascending; a candidate's number is its place.
    pub(super) candidates: Arc<Vec<Key>>,
    /// Every so manieth time bin of an instance is looked at.
    pub(super) step: u64,
}

/// Multiplies; keys are already well mixed numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ n);
    }
}

pub(super) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// The exposed of one candidate in one cell, and who is not among its unexposed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Part {
    exposed: u32,
    exposed_events: u32,
    before: u32,
    before_events: u32,
    later: u32,
    later_events: u32,
}

/// All of a candidate for one outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Whole {
    /// Exposed instances, and those with the outcome.
    pub exposed: u64,
    pub events: u64,
    /// Customers exposed with the outcome.
    pub customers: u64,
    /// The same for the same set of instances, different otherwise.
    pub fingerprint: u64,
    /// In which stage exposure began.
    pub stages: BTreeMap<u8, u64>,
}

/// The cells of all candidates, mergeable over buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TablesState {
    /// Units and events per cell.
    totals: Table<u64, (u32, u32)>,
    /// By candidate and cell.
    parts: Table<(u32, u64), Part>,
    pub(super) wholes: BTreeMap<(u32, u8), Whole>,
    /// Units and events per outcome.
    pub(super) units: [(u64, u64); Outcome::MOST],
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct TablesLocal {
    splitter: Splitter,
    lookup: Lookup,
    moments: Moments,
    /// Per candidate and outcome: the last customer counted.
    counted: Vec<[u64; Outcome::MOST]>,
    turn: u64,
    outcomes: Vec<Outcome>,
}

impl Pass for TablesPass {
    const NAME: &'static str = "pain points: tables";
    type State = TablesState;
    type Local = TablesLocal;

    fn start(&self) -> TablesState {
        TablesState::default()
    }

    fn enter(&self, segment: &Segment) -> TablesLocal {
        let count = self.candidates.len();
        let number = |key: Key| self.candidates.binary_search(&key).map_or(NONE, |n| n as u32);
        TablesLocal {
            splitter: Splitter::new(&self.compiled, segment),
            lookup: Lookup::new(&self.compiled, segment, count, number),
            moments: Moments::new(segment, self.step),
            counted: vec![[0; Outcome::MOST]; count],
            turn: 0,
            outcomes: self.compiled.outcomes(),
        }
    }

    fn customer(&self, local: &mut TablesLocal, customer: Customer<'_>, state: &mut TablesState) {
        local.turn += 1;
        let TablesLocal { splitter, lookup, moments, counted, turn, outcomes } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
                continue;
            }
            let mut units: [Option<Unit>; Outcome::MOST] = [None; Outcome::MOST];
            for (place, &outcome) in units.iter_mut().zip(&*outcomes) {
                *place = unit(&self.compiled, instance, outcome);
            }
            let Some(until) = units.iter().flatten().map(|u| u.until).max() else { continue };
            lookup.collect(&self.compiled, instance, &customer, until);
            for unit in units.iter().flatten() {
                moments.collect(&self.compiled, instance, &customer, unit);
                let one = One { pass: self, instance, customer: &customer, unit, moments };
                one.count(lookup, counted, *turn, state);
            }
        }
    }
}

/// One unit on its way into the tables.
struct One<'a> {
    pass: &'a TablesPass,
    instance: &'a Instance,
    customer: &'a Customer<'a>,
    unit: &'a Unit,
    moments: &'a Moments,
}

impl One<'_> {
    fn count(&self, lookup: &Lookup, counted: &mut [[u64; Outcome::MOST]], turn: u64, state: &mut TablesState) {
        let unit = self.unit;
        let o = unit.outcome.number();
        let bad = u32::from(unit.bad);
        let onsets = || lookup.onsets.iter().filter(|onset| onset.at < unit.until);
        let missing = || {
            lookup.not_reached.iter().enumerate().filter(|&(stage, &number)| {
                number != NONE
                    && unit.outcome == Outcome::Dissatisfaction
                    && is_not_reached(self.instance, self.customer, stage, unit.until)
            })
        };
        state.units[o].0 += 1;
        state.units[o].1 += u64::from(bad);
        for moment in &self.moments.moments {
            let total = state.totals.entry(moment.cell).or_default();
            total.0 += 1;
            total.1 += bad;
        }
        for onset in onsets() {
            let key = self.pass.candidates[onset.candidate as usize];
            if !is_candidate(key, unit.outcome) {
                continue;
            }
            let (compiled, customer) = (&self.pass.compiled, self.customer);
            let cell = self.moments.onset_cell(compiled, self.instance, customer, unit, key.kind, onset);
            let part = state.parts.entry((onset.candidate, cell)).or_default();
            part.exposed += 1;
            part.exposed_events += bad;
            for moment in self.moments.moments.iter().filter(|m| m.domain == domain(key.kind)) {
                let part = state.parts.entry((onset.candidate, moment.cell)).or_default();
                if moment.is_after(onset) {
                    part.before += 1;
                    part.before_events += bad;
                } else {
                    part.later += 1;
                    part.later_events += bad;
                }
            }
            let stage = stage_at(compiled, self.instance, customer, onset);
            self.whole(onset.candidate, o, stage, counted, turn, state);
        }
        for (stage, &number) in missing() {
            for moment in self.moments.moments.iter().filter(|m| m.domain == Domain::Settled) {
                let part = state.parts.entry((number, moment.cell)).or_default();
                part.exposed += 1;
                part.exposed_events += bad;
                part.before += 1;
                part.before_events += bad;
            }
            self.whole(number, o, stage.saturating_sub(1), counted, turn, state);
        }
    }

    fn whole(
        &self,
        number: u32,
        o: usize,
        stage: usize,
        counted: &mut [[u64; Outcome::MOST]],
        turn: u64,
        state: &mut TablesState,
    ) {
        let whole = state.wholes.entry((number, o as u8)).or_default();
        whole.exposed += 1;
        whole.events += u64::from(self.unit.bad);
        whole.fingerprint =
            whole.fingerprint.wrapping_add(mix(mix(self.customer.id) ^ self.instance.subject.rotate_left(9)));
        *whole.stages.entry(stage as u8).or_default() += 1;
        if self.unit.bad && counted[number as usize][o] != turn {
            counted[number as usize][o] = turn;
            whole.customers += 1;
        }
    }
}

impl TablesState {
    /// The comparisons of every candidate and outcome, with the step of the pass.
    pub(super) fn compared(&self, step: u64) -> BTreeMap<(u32, u8), Compared> {
        let mut keys: Vec<(u32, u64)> =
            self.parts.iter().filter(|(_, part)| part.exposed > 0).map(|(key, _)| *key).collect();
        // In order, so that sums of floats are the same on every machine.
        keys.sort_unstable();
        let mut at_risk: Table<u64, u64> = Table::default();
        for (cell, (n, _)) in &self.totals {
            *at_risk.entry(time_of(*cell)).or_default() += u64::from(*n);
        }
        let mut all: BTreeMap<(u32, u8), Compared> = BTreeMap::new();
        let mut weights: Vec<(u64, f64, f64)> = Vec::new();
        for (i, &(candidate, cell)) in keys.iter().enumerate() {
            let part = self.parts[&(candidate, cell)];
            let total = self.totals.get(&cell).copied().unwrap_or_default();
            let of = (candidate, outcome_and_domain(cell).0 as u8);
            let compared = all.entry(of).or_default();
            let cell_of = Cell {
                exposed: part.exposed.into(),
                exposed_events: part.exposed_events.into(),
                unexposed: total.0.saturating_sub(part.before).into(),
                unexposed_events: total.1.saturating_sub(part.before_events).into(),
                later: part.later.into(),
                later_events: part.later_events.into(),
                earlier_weight: 0.0,
            };
            let weight = cell_of.exposed / (cell_of.exposed + cell_of.unexposed);
            weights.push((cell, cell_of.unexposed * weight, cell_of.unexposed * weight * weight));
            compared.cells.push(cell_of);
            if keys.get(i + 1).is_none_or(|next| next.0 != candidate) {
                for o in 0..Outcome::MOST {
                    if let Some(compared) = all.get_mut(&(candidate, o as u8)) {
                        let own: Vec<_> =
                            weights.iter().filter(|(cell, ..)| outcome_and_domain(*cell).0 == o).copied().collect();
                        compared.overlap(&own, &at_risk, step);
                    }
                }
                weights.clear();
            }
        }
        all
    }
}

pub(super) fn put_key(out: &mut Vec<u8>, key: &Key) {
    out.push(Kind::ALL.iter().position(|k| *k == key.kind).unwrap_or(0) as u8);
    put_u64(out, key.id);
}

pub(super) fn key_of(r: &mut StateReader<'_>) -> Result<Key, StateError> {
    let kind = *Kind::ALL.get(r.u8()? as usize).ok_or(StateError::Damaged)?;
    Ok(Key { kind, id: r.u64()? })
}

impl PassState for TablesState {
    const VERSION: u16 = 2;

    fn merge(&mut self, other: Self) {
        for (key, (n, events)) in other.totals {
            let total = self.totals.entry(key).or_default();
            total.0 += n;
            total.1 += events;
        }
        for (key, part) in other.parts {
            let sum = self.parts.entry(key).or_default();
            sum.exposed += part.exposed;
            sum.exposed_events += part.exposed_events;
            sum.before += part.before;
            sum.before_events += part.before_events;
            sum.later += part.later;
            sum.later_events += part.later_events;
        }
        for (key, whole) in other.wholes {
            let sum = self.wholes.entry(key).or_default();
            sum.exposed += whole.exposed;
            sum.events += whole.events;
            sum.customers += whole.customers;
            sum.fingerprint = sum.fingerprint.wrapping_add(whole.fingerprint);
            for (stage, n) in whole.stages {
                *sum.stages.entry(stage).or_default() += n;
            }
        }
        for o in 0..Outcome::MOST {
            self.units[o].0 += other.units[o].0;
            self.units[o].1 += other.units[o].1;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let totals: BTreeMap<_, _> = self.totals.iter().collect();
        put_list(out, totals.iter(), |out, (key, total)| {
            put_u64(out, **key);
            put_u32(out, total.0);
            put_u32(out, total.1);
        });
        let mut keys: Vec<_> = self.parts.keys().copied().collect();
        keys.sort_unstable();
        put_list(out, keys.iter(), |out, key| {
            let part = self.parts[key];
            put_u32(out, key.0);
            put_u64(out, key.1);
            let Part { exposed, exposed_events, before, before_events, later, later_events } = part;
            for n in [exposed, exposed_events, before, before_events, later, later_events] {
                put_u32(out, n);
            }
        });
        put_list(out, self.wholes.iter(), |out, (key, whole)| {
            put_u32(out, key.0);
            out.push(key.1);
            for n in [whole.exposed, whole.events, whole.customers, whole.fingerprint] {
                put_u64(out, n);
            }
            put_list(out, whole.stages.iter(), |out, (stage, n)| {
                out.push(*stage);
                put_u64(out, *n);
            });
        });
        for (a, b) in &self.units {
            put_u64(out, *a);
            put_u64(out, *b);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let totals = read_list(r, 16, |r| Ok((r.u64()?, (r.u32()?, r.u32()?))))?;
        let parts = read_list(r, 36, |r| {
            let key = (r.u32()?, r.u64()?);
            let part = Part {
                exposed: r.u32()?,
                exposed_events: r.u32()?,
                before: r.u32()?,
                before_events: r.u32()?,
                later: r.u32()?,
                later_events: r.u32()?,
            };
            Ok((key, part))
        })?;
        let wholes = read_list(r, 45, |r| {
            let key = (r.u32()?, r.u8()?);
            let [exposed, events, customers, fingerprint] = [r.u64()?, r.u64()?, r.u64()?, r.u64()?];
            let stages = read_list(r, 9, |r| Ok((r.u8()?, r.u64()?)))?;
            Ok((key, Whole { exposed, events, customers, fingerprint, stages }))
        })?;
        let mut units = [(0, 0); Outcome::MOST];
        for unit in &mut units {
            *unit = (r.u64()?, r.u64()?);
        }
        r.end()?;
        Ok(Self { totals, parts, wholes, units })
    }
}

/// True if the exposure of the instance was before the outcome of the unit.
pub(super) fn is_exposed(onsets: &[Onset], candidate: u32, unit: &Unit) -> bool {
    onsets.iter().any(|onset| onset.candidate == candidate && onset.at < unit.until)
}
