//! One dimension within the values of another: is it the store, or the product that it sells?
//!
//! An instance stands in the stratum of each value of the other dimension that takes part in it, in
//! equal parts that add up to one. Parts are whole numbers of 2,520ths, so that sums stay exact;
//! more than ten values of the other dimension are a stratum of their own, none is another.

use super::walk::{Affair, Walk};
use super::{Dimensions, Rate};
use crate::compiled::Compiled;
use crate::wire::{put_list, put_u64, read_list};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};
use throughline_value::rates::Stratum;
use throughline_value::shrinkage::Tally;

/// Parts of an instance: divisible by 1 … 10.
pub(super) const PARTS: u64 = 2_520;
/// The stratum of instances without any value of the other dimension.
const WITHOUT: u64 = 0;
/// The stratum of instances with more than ten.
const MANY: u64 = 1;

/// Counts the values of dimension 0 within those of dimension 1.
#[derive(Debug, Clone)]
pub struct BesidePass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// All values of both, under the numbers 0 and 1.
    pub dimensions: Arc<Dimensions>,
    /// Only values with which an instance began put it into a stratum: for what may follow from how
    /// it went, such as the topic of a complaint.
    pub from_the_start: bool,
}

/// Parts of instances by value, stratum and share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BesideState {
    cells: BTreeMap<(u64, u64), [Tally; 5]>,
}

impl BesideState {
    /// For each value the strata in which it stands, its own counts beside those of all others.
    pub fn strata(&self, rate: Rate) -> HashMap<u64, Vec<Stratum>> {
        let mut wholes: HashMap<u64, Tally> = HashMap::new();
        for ((_, stratum), tallies) in &self.cells {
            let whole = wholes.entry(*stratum).or_default();
            whole.events += tallies[rate.place()].events;
            whole.n += tallies[rate.place()].n;
        }
        let parts = |n: u64| n as f64 / PARTS as f64;
        let mut out: HashMap<u64, Vec<Stratum>> = HashMap::new();
        for ((value, stratum), tallies) in &self.cells {
            let (own, whole) = (tallies[rate.place()], wholes[stratum]);
            if own.n > 0 {
                out.entry(*value).or_default().push(Stratum {
                    exposed: parts(own.n),
                    exposed_events: parts(own.events),
                    unexposed: parts(whole.n - own.n),
                    unexposed_events: parts(whole.events - own.events),
                });
            }
        }
        out
    }
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct BesideLocal {
    walk: Walk,
    /// By the place of a value: whether it is of the other dimension.
    other: Vec<bool>,
    cells: HashMap<(u32, u64), [Tally; 5]>,
    strata: Vec<u64>,
}

impl BesidePass {
    fn strata(&self, affair: &Affair<'_>, hashes: &[u64], other: &[bool], strata: &mut Vec<u64>) {
        strata.clear();
        let counts =
            |p: &&super::walk::Party| other[p.value as usize] && (!self.from_the_start || p.joined <= affair.start_row);
        strata.extend(affair.parties.iter().filter(counts).map(|p| hashes[p.value as usize]));
        match strata.len() {
            0 => strata.push(WITHOUT),
            1..=10 => {}
            _ => {
                strata.clear();
                strata.push(MANY);
            }
        }
    }
}

impl Pass for BesidePass {
    const NAME: &'static str = "scorecards: beside";
    type State = BesideState;
    type Local = BesideLocal;

    fn start(&self) -> BesideState {
        BesideState::default()
    }

    fn enter(&self, segment: &Segment) -> BesideLocal {
        let walk = Walk::new(&self.compiled, &self.dimensions, segment);
        let other = (0..walk.hashes.len()).map(|value| walk.kind(value as u32) == 1).collect();
        BesideLocal { walk, other, cells: HashMap::new(), strata: Vec::new() }
    }

    fn customer(&self, local: &mut BesideLocal, customer: Customer<'_>, _: &mut BesideState) {
        let BesideLocal { walk, other, cells, strata } = local;
        let hashes = std::mem::take(&mut walk.hashes);
        walk.affairs(&self.compiled, &customer, |affair| {
            self.strata(affair, &hashes, other, strata);
            let part = PARTS / strata.len() as u64;
            for party in affair.parties.iter().filter(|p| !other[p.value as usize]) {
                let facts = affair.facts(party);
                for &stratum in &*strata {
                    let cell = cells.entry((party.value, stratum)).or_default();
                    for rate in Rate::ALL {
                        let (of, bad) = facts.rate(rate);
                        cell[rate.place()].n += part * u64::from(of);
                        cell[rate.place()].events += part * u64::from(of && bad);
                    }
                }
            }
        });
        walk.hashes = hashes;
    }

    fn leave(&self, local: BesideLocal, _: &Segment, state: &mut BesideState) {
        for ((value, stratum), tallies) in local.cells {
            add(state.cells.entry((local.walk.hashes[value as usize], stratum)).or_default(), &tallies);
        }
    }
}

fn add(mine: &mut [Tally; 5], theirs: &[Tally; 5]) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        mine.events += theirs.events;
        mine.n += theirs.n;
    }
}

impl PassState for BesideState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (cell, tallies) in other.cells {
            add(self.cells.entry(cell).or_default(), &tallies);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.cells.iter(), |out, ((value, stratum), tallies)| {
            put_u64(out, *value);
            put_u64(out, *stratum);
            tallies.iter().for_each(|t| super::state::put_tally(out, *t));
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let cells = read_list(r, 96, |r| {
            let (cell, mut tallies) = ((r.u64()?, r.u64()?), [Tally::default(); 5]);
            for tally in &mut tallies {
                *tally = super::state::read_tally(r)?;
            }
            Ok((cell, tallies))
        })?;
        r.end()?;
        Ok(Self { cells })
    }
}
