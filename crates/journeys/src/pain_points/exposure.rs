//! Who can be exposed to what, and from when on.

use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::instances::Instance;
use serde::{Deserialize, Serialize};
use throughline_timeline::{Customer, Segment};

/// What might hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A promise whose time passed unmet.
    Promise,
    /// A stage that is not reached yet.
    NotReached,
    /// An event, from its first time on.
    Event,
    /// An event, from its second time on.
    Repeated,
    /// A shared reference, a property or a touchpoint.
    Attribute,
    /// A channel.
    Channel,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Promise, Self::NotReached, Self::Event, Self::Repeated, Self::Attribute, Self::Channel];
}

/// A candidate: a kind and the hash of its name, the attribute's keyed hash, or a place in the
/// definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Kind of candidate.
    pub kind: Kind,
    /// Which one.
    pub id: u64,
}

/// FNV-1a of a name: the same in every segment and process.
pub(crate) fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// An exposure of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Onset {
    /// Number of the candidate.
    pub candidate: u32,
    /// From when on, in microseconds.
    pub at: i64,
    /// The row that brought it; `u32::MAX` when time alone did.
    pub row: u32,
}

/// No candidate.
pub(crate) const NONE: u32 = u32::MAX;

/// The candidates' numbers by the codes of one segment, and room to work in.
#[derive(Debug)]
pub(crate) struct Lookup {
    event: Vec<u32>,
    repeated: Vec<u32>,
    channel: Vec<u32>,
    attribute: Vec<u32>,
    overdue: Vec<u32>,
    pub not_reached: Vec<u32>,
    readings: Vec<PromiseReading>,
    seen: Vec<u64>,
    events_seen: Vec<u64>,
    turn: u64,
    pub onsets: Vec<Onset>,
}

impl Lookup {
    /// `number` gives each candidate its number, [`NONE`] for one that is not compared; numbers
    /// are below `count`.
    pub fn new(compiled: &Compiled, segment: &Segment, count: usize, mut number: impl FnMut(Key) -> u32) -> Self {
        let definition = &compiled.definition;
        let starts = &definition.stages[0].events;
        let names = |names: &[Box<str>], kind, number: &mut dyn FnMut(Key) -> u32| -> Vec<u32> {
            names
                .iter()
                .map(|n| {
                    let start = kind != Kind::Channel && starts.iter().any(|s| **s == **n);
                    if start || n.is_empty() { NONE } else { number(Key { kind, id: name_hash(n) }) }
                })
                .collect()
        };
        let stages = definition.stages.iter().enumerate().map(|(i, s)| {
            let required = i > 0 && !s.optional;
            if required { number(Key { kind: Kind::NotReached, id: i as u64 }) } else { NONE }
        });
        let not_reached = stages.collect();
        Self {
            event: names(segment.events(), Kind::Event, &mut number),
            repeated: names(segment.events(), Kind::Repeated, &mut number),
            channel: names(segment.channels(), Kind::Channel, &mut number),
            attribute: segment.attribute_hashes().iter().map(|&id| number(Key { kind: Kind::Attribute, id })).collect(),
            overdue: (0..definition.promises.len())
                .map(|i| number(Key { kind: Kind::Promise, id: i as u64 }))
                .collect(),
            not_reached,
            readings: definition.promises.iter().map(|p| p.reading).collect(),
            seen: vec![0; count],
            events_seen: vec![0; segment.events().len()],
            turn: 0,
            onsets: Vec::new(),
        }
    }

    /// Every exposure of the instance that began before `before`, each candidate once, stages not
    /// reached apart.
    pub fn collect(&mut self, compiled: &Compiled, instance: &Instance, customer: &Customer<'_>, before: i64) {
        self.turn += 1;
        self.onsets.clear();
        let Self { seen, onsets, turn, .. } = self;
        let mut put = |candidate: u32, at: i64, row: u32| {
            if candidate != NONE && seen[candidate as usize] != *turn {
                seen[candidate as usize] = *turn;
                onsets.push(Onset { candidate, at, row });
            }
        };
        let start = instance.start_row();
        for &row in &instance.rows {
            if row < start {
                continue;
            }
            let i = row as usize;
            let at = customer.micros(i);
            if at >= before {
                break;
            }
            // What customers say of it is not what happened to them.
            if instance.answers.iter().any(|a| a.row == row) {
                continue;
            }
            let event = customer.event(i) as usize;
            if self.events_seen[event] == *turn {
                put(self.repeated[event], at, row);
            }
            self.events_seen[event] = *turn;
            put(self.event[event], at, row);
            put(self.channel[customer.channel(i) as usize], at, row);
            for &attribute in customer.attributes(i) {
                put(self.attribute[attribute as usize], at, row);
            }
        }
        for fate in &instance.promises {
            let rule = fate.rule as usize;
            if let Some(at) = fate.overdue_at(self.readings[rule], compiled.end)
                && at < before
            {
                put(self.overdue[rule], at.max(instance.start), u32::MAX);
            }
        }
    }
}
