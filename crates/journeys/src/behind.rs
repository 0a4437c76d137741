//! What stands behind a stage: the products, stores, carriers and other attributes that its instances
//! met, each with how it went for them.

use crate::compiled::Compiled;
use crate::figure::{Figure, slot, slots_of};
use crate::instances::{Ending, Splitter};
use crate::map::Count;
use crate::wire::{put_list, put_u64, read_list};
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};

/// Counts the attributes of the instances of one figure of a stage, normally those that reached it.
///
/// An attribute counts for an instance once, whichever of its rows has it: so each count is that of
/// the same figure in a [`crate::Scope`] that holds the attribute, and opens the same people.
#[derive(Debug, Clone)]
pub struct BehindPass {
    /// The journey, with the scope that is looked at.
    pub compiled: Arc<Compiled>,
    /// The figure whose instances are looked at.
    pub figure: Figure,
}

/// How it went for the instances of a figure with one attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many, and how many customers.
    pub reached: Count,
    /// Of them finished.
    pub finished: u64,
    /// Of them lost.
    pub lost: u64,
    /// Of them with an answer.
    pub answered: u64,
    /// Of them with an answer at or below the limit.
    pub dissatisfied: u64,
}

impl Behind {
    fn add(&mut self, other: &Self) {
        self.reached.instances += other.reached.instances;
        self.reached.customers += other.reached.customers;
        self.finished += other.finished;
        self.lost += other.lost;
        self.answered += other.answered;
        self.dissatisfied += other.dissatisfied;
    }
}

/// By the hash of the attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BehindState(BTreeMap<u64, Behind>);

impl BehindState {
    /// Every attribute with what stands behind it, by its hash.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Behind)> {
        self.0.iter().map(|(hash, behind)| (*hash, behind))
    }
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct BehindLocal {
    splitter: Splitter,
    /// By the code of the attribute.
    counts: Vec<Behind>,
    /// By the code of the attribute, the last customer it was counted for.
    seen: Vec<u64>,
    turn: u64,
    codes: Vec<u32>,
}

impl Pass for BehindPass {
    const NAME: &'static str = "behind";
    type State = BehindState;
    type Local = BehindLocal;

    fn start(&self) -> BehindState {
        BehindState::default()
    }

    fn enter(&self, segment: &Segment) -> BehindLocal {
        let attributes = segment.attribute_hashes().len();
        let counts = vec![Behind::default(); attributes];
        let splitter = Splitter::new(&self.compiled, segment);
        BehindLocal { splitter, counts, seen: vec![0; attributes], turn: 0, codes: Vec::new() }
    }

    fn customer(&self, local: &mut BehindLocal, customer: Customer<'_>, _: &mut BehindState) {
        let Some(wanted) = slot(&self.compiled, self.figure) else { return };
        local.turn += 1;
        let BehindLocal { splitter, counts, seen, turn, codes } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
                continue;
            }
            let mut is_meant = false;
            slots_of(&self.compiled, instance, |slot| is_meant |= slot == wanted);
            if !is_meant {
                continue;
            }
            codes.clear();
            codes.extend(instance.rows.iter().flat_map(|&row| customer.attributes(row as usize)));
            codes.sort_unstable();
            codes.dedup();
            let is_first = |code: u32, seen: &mut Vec<u64>| std::mem::replace(&mut seen[code as usize], *turn) != *turn;
            for &code in codes.iter() {
                let one = Behind {
                    reached: Count { instances: 1, customers: u64::from(is_first(code, seen)) },
                    finished: u64::from(matches!(instance.ending, Ending::Finished(_))),
                    lost: u64::from(matches!(instance.ending, Ending::Dropped(_))),
                    answered: u64::from(!instance.answers.is_empty()),
                    dissatisfied: u64::from(instance.answers.iter().any(|a| a.dissatisfied)),
                };
                counts[code as usize].add(&one);
            }
        }
    }

    fn leave(&self, local: BehindLocal, segment: &Segment, state: &mut BehindState) {
        let hashes = segment.attribute_hashes().iter();
        for (hash, behind) in hashes.zip(&local.counts).filter(|(_, b)| b.reached.instances > 0) {
            state.0.entry(*hash).or_default().add(behind);
        }
    }
}

impl PassState for BehindState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (hash, behind) in other.0 {
            self.0.entry(hash).or_default().add(&behind);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.0.iter(), |out, (hash, b)| {
            let counts = [b.reached.instances, b.reached.customers, b.finished, b.lost, b.answered, b.dissatisfied];
            [*hash].into_iter().chain(counts).for_each(|n| put_u64(out, n));
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut r = StateReader::new(bytes);
        let all: Vec<(u64, Behind)> = read_list(&mut r, 56, |r| {
            let hash = r.u64()?;
            let reached = Count { instances: r.u64()?, customers: r.u64()? };
            let (finished, lost, answered, dissatisfied) = (r.u64()?, r.u64()?, r.u64()?, r.u64()?);
            Ok((hash, Behind { reached, finished, lost, answered, dissatisfied }))
        })?;
        r.end()?;
        Ok(Self(all.into_iter().collect()))
    }
}
