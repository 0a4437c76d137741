//! What the map's pass gathers.

use super::result::Count;
use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::figure;
use crate::scores_pass::ScoresState;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use throughline_timeline::{PassState, StateError, StateReader, put_bytes};
use throughline_value::quantile::{QuantileEstimate, quantiles};

pub(super) const READINGS: [PromiseReading; 3] =
    [PromiseReading::Declared, PromiseReading::Instant, PromiseReading::Day];

/// Waiting times in seconds; merging is putting the pieces side by side, so quantiles are exact and
/// nothing is moved.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Vec<Vec<u32>>);

impl Times {
    pub fn add(&mut self, seconds: u32) {
        match self.0.last_mut() {
            Some(piece) => piece.push(seconds),
            None => self.0.push(vec![seconds]),
        }
    }

    /// The median and the quantile at 0.9.
    pub fn quantiles(&self) -> [Option<QuantileEstimate>; 2] {
        quantiles(&self.0, [0.5, 0.9])
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flatten().copied()
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

/// A row with text: the unhappiest first, then the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Voice {
    pub share: u32,
    pub newest: Reverse<i64>,
    pub position: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StageState {
    pub from_previous: Times,
    pub from_start: Times,
    pub scores: ScoresState,
    pub volumes: BTreeMap<(String, String), u64>,
    /// What stood in the way, by event.
    pub hindrances: BTreeMap<String, u64>,
    pub voices: Vec<Voice>,
    /// Minor units and rows by currency.
    pub money: BTreeMap<String, (i128, u64)>,
}

impl StageState {
    /// False if the voice would not be kept, wherever in the ledger it lies.
    pub fn hears(&self, share: u32, newest: Reverse<i64>, limit: usize) -> bool {
        self.voices.len() < limit || self.voices.last().is_some_and(|last| (share, newest) <= (last.share, last.newest))
    }

    pub fn add_voice(&mut self, voice: Voice, limit: usize) {
        if self.voices.len() == limit && self.voices.last().is_some_and(|last| *last <= voice) {
            return;
        }
        let at = self.voices.partition_point(|v| *v < voice);
        self.voices.insert(at, voice);
        self.voices.truncate(limit);
    }
}

/// The counts of a map, mergeable over buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapState {
    /// By the place of the figure.
    pub(super) counts: Vec<Count>,
    pub(super) stages: Vec<StageState>,
    /// Instances that filled the second stage next after the first.
    pub(super) flows: BTreeMap<(u8, u8), u64>,
    pub(super) scores: ScoresState,
    /// Per promise and reading: answers where it was kept, broken, never delivered.
    pub(super) promises: Vec<[[ScoresState; 3]; 3]>,
    pub(super) voices: usize,
}

impl MapState {
    pub(super) fn new(compiled: &Compiled, voices: usize) -> Self {
        Self {
            counts: vec![Count::default(); figure::slots(compiled)],
            stages: vec![StageState::default(); compiled.definition.stages.len()],
            promises: vec![Default::default(); compiled.definition.promises.len()],
            voices,
            ..Self::default()
        }
    }
}

impl PassState for MapState {
    const VERSION: u16 = 2;

    fn merge(&mut self, other: Self) {
        self.voices = self.voices.max(other.voices);
        self.counts.resize(self.counts.len().max(other.counts.len()), Count::default());
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            mine.instances += theirs.instances;
            mine.customers += theirs.customers;
        }
        self.stages.resize(self.stages.len().max(other.stages.len()), StageState::default());
        for (mine, theirs) in self.stages.iter_mut().zip(other.stages) {
            mine.from_previous.merge(theirs.from_previous);
            mine.from_start.merge(theirs.from_start);
            mine.scores.merge_from(theirs.scores);
            for (name, rows) in theirs.volumes {
                *mine.volumes.entry(name).or_default() += rows;
            }
            for (event, rows) in theirs.hindrances {
                *mine.hindrances.entry(event).or_default() += rows;
            }
            for voice in theirs.voices {
                mine.add_voice(voice, self.voices);
            }
            for (currency, (minor, rows)) in theirs.money {
                let sum = mine.money.entry(currency).or_default();
                sum.0 += minor;
                sum.1 += rows;
            }
        }
        for (flow, instances) in other.flows {
            *self.flows.entry(flow).or_default() += instances;
        }
        self.scores.merge_from(other.scores);
        self.promises.resize(self.promises.len().max(other.promises.len()), Default::default());
        for (mine, theirs) in self.promises.iter_mut().zip(other.promises) {
            for (mine, theirs) in mine.iter_mut().flatten().zip(theirs.into_iter().flatten()) {
                mine.merge_from(theirs);
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.voices as u64);
        put_list(out, self.counts.iter(), |out, count| {
            put_u64(out, count.instances);
            put_u64(out, count.customers);
        });
        put_list(out, self.stages.iter(), put_stage);
        put_list(out, self.flows.iter(), |out, ((from, to), n)| {
            out.extend_from_slice(&[*from, *to]);
            put_u64(out, *n);
        });
        self.scores.put(out);
        put_list(out, self.promises.iter(), |out, readings| readings.iter().flatten().for_each(|s| s.put(out)));
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let state = Self {
            voices: usize::try_from(r.u64()?).map_err(|_| StateError::Damaged)?,
            counts: read_list(r, 16, |r| Ok(Count { instances: r.u64()?, customers: r.u64()? }))?,
            stages: read_list(r, 40, read_stage)?,
            flows: read_list(r, 10, |r| Ok(((r.u8()?, r.u8()?), r.u64()?)))?,
            scores: ScoresState::read(r)?,
            promises: read_list(r, 72, |r| {
                let mut readings: [[ScoresState; 3]; 3] = Default::default();
                for scores in readings.iter_mut().flatten() {
                    *scores = ScoresState::read(r)?;
                }
                Ok(readings)
            })?,
        };
        r.end()?;
        Ok(state)
    }
}

fn put_stage(out: &mut Vec<u8>, stage: &StageState) {
    for times in [&stage.from_previous, &stage.from_start] {
        put_u64(out, times.len() as u64);
        times.iter().for_each(|s| put_u32(out, s));
    }
    stage.scores.put(out);
    put_list(out, stage.volumes.iter(), |out, ((event, channel), rows)| {
        put_bytes(out, event.as_bytes());
        put_bytes(out, channel.as_bytes());
        put_u64(out, *rows);
    });
    put_list(out, stage.hindrances.iter(), |out, (event, rows)| {
        put_bytes(out, event.as_bytes());
        put_u64(out, *rows);
    });
    put_list(out, stage.voices.iter(), |out, voice| {
        put_u32(out, voice.share);
        put_u64(out, voice.newest.0 as u64);
        put_u64(out, voice.position);
    });
    put_list(out, stage.money.iter(), |out, (currency, (minor, rows))| {
        put_bytes(out, currency.as_bytes());
        put_u64(out, *minor as u64);
        put_u64(out, (*minor >> 64) as u64);
        put_u64(out, *rows);
    });
}

fn read_stage(r: &mut StateReader<'_>) -> Result<StageState, StateError> {
    Ok(StageState {
        from_previous: Times(vec![read_list(r, 4, StateReader::u32)?]),
        from_start: Times(vec![read_list(r, 4, StateReader::u32)?]),
        scores: ScoresState::read(r)?,
        volumes: read_list(r, 24, |r| Ok(((r.text()?.to_owned(), r.text()?.to_owned()), r.u64()?)))?,
        hindrances: read_list(r, 16, |r| Ok((r.text()?.to_owned(), r.u64()?)))?,
        voices: read_list(r, 20, |r| Ok(Voice { share: r.u32()?, newest: Reverse(r.i64()?), position: r.u64()? }))?,
        money: read_list(r, 32, |r| {
            let currency = r.text()?.to_owned();
            let (low, high) = (r.u64()?, r.i64()?);
            Ok((currency, ((i128::from(high) << 64) | i128::from(low), r.u64()?)))
        })?,
    })
}
