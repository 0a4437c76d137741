//! The first pass: which candidates occur often enough to be compared.
//!
//! Pruning looks at how many were exposed, never at how it went for them, so it leaves the tests
//! as honest as they were.

use super::Outcome;
use super::exposure::{Key, Kind, Lookup, NONE};
use super::moments::{Unit, is_not_reached, unit};
use super::tables::{key_of, put_key};
use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::wire::{put_list, put_u64, read_list};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader, put_bytes};

/// Counts exposed instances per candidate.
#[derive(Debug, Clone)]
pub struct CensusPass {
    pub(super) compiled: Arc<Compiled>,
}

/// Exposed instances per candidate and outcome, and the names of events and channels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CensusState {
    /// Instances with an outcome.
    pub(super) instances: u64,
    pub(super) counts: BTreeMap<Key, [u64; Outcome::MOST]>,
    pub(super) names: BTreeMap<Key, String>,
}

/// What the census keeps while it walks one segment.
#[derive(Debug)]
pub struct CensusLocal {
    splitter: Splitter,
    lookup: Lookup,
    keys: Vec<Key>,
    counts: Vec<[u64; Outcome::MOST]>,
    outcomes: Vec<Outcome>,
}

impl Pass for CensusPass {
    const NAME: &'static str = "pain points: census";
    type State = CensusState;
    type Local = CensusLocal;

    fn start(&self) -> CensusState {
        CensusState::default()
    }

    fn enter(&self, segment: &Segment) -> CensusLocal {
        let mut keys = Vec::new();
        let most = 2 * segment.events().len()
            + segment.channels().len()
            + segment.attribute_hashes().len()
            + self.compiled.definition.stages.len()
            + self.compiled.definition.promises.len();
        let lookup = Lookup::new(&self.compiled, segment, most, |key| {
            keys.push(key);
            keys.len() as u32 - 1
        });
        CensusLocal {
            splitter: Splitter::new(&self.compiled, segment),
            lookup,
            counts: vec![[0; Outcome::MOST]; keys.len()],
            outcomes: self.compiled.outcomes(),
            keys,
        }
    }

    fn customer(&self, local: &mut CensusLocal, customer: Customer<'_>, state: &mut CensusState) {
        let CensusLocal { splitter, lookup, counts, outcomes, .. } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
                continue;
            }
            let mut units: [Option<Unit>; Outcome::MOST] = [None; Outcome::MOST];
            for (place, &outcome) in units.iter_mut().zip(&*outcomes) {
                *place = unit(&self.compiled, instance, outcome);
            }
            let Some(until) = units.iter().flatten().map(|u| u.until).max() else { continue };
            state.instances += 1;
            lookup.collect(&self.compiled, instance, &customer, until);
            for unit in units.iter().flatten() {
                let o = unit.outcome.number();
                for onset in lookup.onsets.iter().filter(|onset| onset.at < unit.until) {
                    counts[onset.candidate as usize][o] += 1;
                }
                if unit.outcome == Outcome::Dissatisfaction {
                    for (stage, &number) in lookup.not_reached.iter().enumerate() {
                        if number != NONE && is_not_reached(instance, &customer, stage, unit.until) {
                            counts[number as usize][o] += 1;
                        }
                    }
                }
            }
        }
    }

    fn leave(&self, local: CensusLocal, segment: &Segment, state: &mut CensusState) {
        let mut names = HashMap::new();
        for name in segment.events().iter().chain(segment.channels()) {
            names.insert(super::exposure::name_hash(name), name.to_string());
        }
        for (key, counts) in local.keys.into_iter().zip(local.counts) {
            if counts == [0; Outcome::MOST] {
                continue;
            }
            let sum = state.counts.entry(key).or_default();
            sum.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
            if matches!(key.kind, Kind::Event | Kind::Repeated | Kind::Channel)
                && let Some(name) = names.get(&key.id)
            {
                state.names.entry(key).or_insert_with(|| name.clone());
            }
        }
    }
}

impl PassState for CensusState {
    const VERSION: u16 = 3;

    fn merge(&mut self, other: Self) {
        self.instances += other.instances;
        for (key, counts) in other.counts {
            let sum = self.counts.entry(key).or_default();
            sum.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
        self.names.extend(other.names);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.instances);
        put_list(out, self.counts.iter(), |out, (key, counts)| {
            put_key(out, key);
            counts.iter().for_each(|n| put_u64(out, *n));
        });
        put_list(out, self.names.iter(), |out, (key, name)| {
            put_key(out, key);
            put_bytes(out, name.as_bytes());
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let instances = r.u64()?;
        let counts = read_list(r, 9 + 8 * Outcome::MOST, |r| {
            let key = key_of(r)?;
            let mut counts = [0; Outcome::MOST];
            for n in &mut counts {
                *n = r.u64()?;
            }
            Ok((key, counts))
        })?;
        let names = read_list(r, 17, |r| Ok((key_of(r)?, r.text()?.to_owned())))?;
        r.end()?;
        Ok(Self { instances, counts, names })
    }
}
