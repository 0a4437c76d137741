//! The workspace's scores — recommendation, satisfaction, effort, stars — counted by kind.

use crate::wire::{put_list, put_scores, read_list, read_scores};
use std::collections::BTreeMap;
use throughline_interactions::Timestamp;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader, put_bytes};
use throughline_value::scores::{Scale, ScoreCounts};

/// From `from` to before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment outside.
    pub until: Timestamp,
}

impl TimeRange {
    /// True for a moment inside, in microseconds.
    pub fn contains(&self, micros: i64) -> bool {
        (self.from.0..self.until.0).contains(&micros)
    }
}

/// Counts all answers, optionally within a time range.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScoresPass {
    /// Only answers inside; all without it.
    pub range: Option<TimeRange>,
}

/// Answers by kind of score.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoresState {
    kinds: BTreeMap<String, Vec<ScoreCounts>>,
}

impl ScoresState {
    /// The counts of one kind; of several scales under one name, the one with the most answers.
    pub fn get(&self, kind: &str) -> Option<&ScoreCounts> {
        self.kinds.get(kind)?.iter().max_by_key(|c| c.n())
    }

    /// Every kind with its counts, one for each scale it was asked on.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ScoreCounts)> {
        self.kinds.iter().flat_map(|(kind, all)| all.iter().map(move |c| (kind.as_str(), c)))
    }

    /// Counts one answer; one on an impossible scale is left out.
    pub(crate) fn add(&mut self, kind: &str, value: f32, min: f32, max: f32) {
        self.add_many(kind, value, min, max, 1);
    }

    /// Counts the same answer so many times.
    pub(crate) fn add_many(&mut self, kind: &str, value: f32, min: f32, max: f32, times: u64) {
        let Ok(scale) = Scale::new(f64::from(min), f64::from(max)) else { return };
        if !self.kinds.contains_key(kind) {
            self.kinds.insert(kind.to_owned(), Vec::new());
        }
        let Some(all) = self.kinds.get_mut(kind) else { return };
        let at = all.iter().position(|c| c.scale() == scale).unwrap_or_else(|| {
            all.push(ScoreCounts::new(scale));
            all.sort_by_key(|c| <(i64, i64)>::from(c.scale()));
            all.iter().position(|c| c.scale() == scale).unwrap_or(0)
        });
        // An answer off its own scale never gets past the door.
        let _ = all[at].add_many(f64::from(value), times);
    }

    pub(crate) fn merge_from(&mut self, other: Self) {
        for (kind, counts) in other.kinds {
            let all = self.kinds.entry(kind).or_default();
            for one in counts {
                match all.iter_mut().find(|c| c.scale() == one.scale()) {
                    Some(same) => same.merge(&one).unwrap_or_else(|_| unreachable!("the scales are equal")),
                    None => all.push(one),
                }
            }
            all.sort_by_key(|c| <(i64, i64)>::from(c.scale()));
        }
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_list(out, self.kinds.iter(), |out, (kind, counts)| {
            put_bytes(out, kind.as_bytes());
            put_list(out, counts.iter(), put_scores);
        });
    }

    pub(crate) fn read(reader: &mut StateReader<'_>) -> Result<Self, StateError> {
        let kinds = read_list(reader, 16, |r| Ok((r.text()?.to_owned(), read_list(r, 32, read_scores)?)))?;
        Ok(Self { kinds })
    }
}

impl Pass for ScoresPass {
    const NAME: &'static str = "scores";
    type State = ScoresState;
    type Local = Vec<String>;

    fn start(&self) -> ScoresState {
        ScoresState::default()
    }

    fn enter(&self, segment: &Segment) -> Vec<String> {
        segment.score_kinds().iter().map(|k| k.to_string()).collect()
    }

    fn customer(&self, kinds: &mut Vec<String>, customer: Customer<'_>, state: &mut ScoresState) {
        if kinds.is_empty() {
            return;
        }
        for i in 0..customer.len() {
            if let Some(score) = customer.score(i)
                && self.range.is_none_or(|r| r.contains(customer.micros(i)))
                && let Some(kind) = kinds.get(score.kind as usize)
            {
                state.add(kind, score.value, score.min, score.max);
            }
        }
    }
}

impl PassState for ScoresState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.merge_from(other);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.put(out);
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let state = Self::read(&mut reader)?;
        reader.end()?;
        Ok(state)
    }
}
