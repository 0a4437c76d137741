//! What became of every promise of a story.
//!
//! A promise is settled by the first later interaction that a journey names for its kind and that is about the
//! same affair. How it stands is told as of the end of the data, like the maps tell it.

use super::moments::{Made, Moments};
use foldhash::fast::FixedState;
use serde::Serialize;
use std::collections::HashMap;
use throughline_interactions::{Precision, Timestamp};
use throughline_journeys::Definition;

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    /// In time.
    Kept,
    /// Done, but late.
    Late,
    /// Not done, and there is time.
    Open,
    /// Not done, and the time has passed.
    Overdue,
}

/// A promise and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromiseOutcome {
    /// What was promised.
    pub kind: String,
    /// The named time.
    pub due: Timestamp,
    /// How it was named.
    pub precision: Precision,
    /// The last instant at which it is kept.
    pub deadline: Timestamp,
    /// When it was done.
    pub kept_at: Option<Timestamp>,
    /// How it stands.
    pub state: PromiseState,
    /// How late, in seconds.
    pub late_by_seconds: Option<i64>,
}

/// A promise and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    /// The place of the moment that made it.
    pub(crate) made: u32,
    /// The place of the moment that settled it.
    pub(crate) settled: Option<u32>,
    pub(crate) outcome: PromiseOutcome,
}

impl Fate {
    /// In time, or not, or not known yet.
    pub(crate) fn is_kept(&self) -> Option<bool> {
        match self.outcome.state {
            PromiseState::Kept => Some(true),
            PromiseState::Late | PromiseState::Overdue => Some(false),
            PromiseState::Open => None,
        }
    }
}

/// The rule that is asked, and the kind of reference that says what a promise is about.
struct Rule {
    keeps: Vec<bool>,
    subject: Option<u16>,
    /// Places that settle it, by what they are about; under `None` all of them.
    places: HashMap<Option<u64>, Vec<u32>, FixedState>,
}

/// The fates of all promises, in the order in which they were made.
pub(crate) fn fates(m: &Moments, journeys: &[Definition], end: Timestamp) -> Vec<Fate> {
    let mut rules: HashMap<&str, Option<Rule>, FixedState> = HashMap::default();
    let mut fates = Vec::with_capacity(m.promises.len());
    for made in &m.promises {
        let rule = rules.entry(&made.kind).or_insert_with(|| Rule::of(m, journeys, &made.kind));
        let settled = rule.as_ref().and_then(|r| r.settled(m, made.place));
        let at = settled.map(|place| m.all[place as usize].at);
        fates.push(Fate { made: made.place, settled, outcome: outcome(made, at, end) });
    }
    fates
}

impl Rule {
    /// Of the first journey that knows this kind of promise.
    fn of(m: &Moments, journeys: &[Definition], kind: &str) -> Option<Self> {
        let found = journeys.iter().find_map(|j| Some((j, j.promises.iter().find(|p| p.kind == kind)?)));
        let (journey, rule) = found?;
        let mut made = Self {
            keeps: m.events.iter().map(|e| rule.kept_by.iter().any(|k| **k == **e)).collect(),
            subject: journey.subject.as_ref().and_then(|s| m.kinds.iter().position(|k| **k == **s)).map(|k| k as u16),
            places: HashMap::default(),
        };
        for (place, moment) in m.all.iter().enumerate().filter(|(_, moment)| made.keeps[moment.event as usize]) {
            let about = moment.subjects.iter().filter(|(kind, _)| Some(*kind) == made.subject).map(|(_, h)| Some(*h));
            for about in about.chain([None]) {
                made.places.entry(about).or_default().push(place as u32);
            }
        }
        Some(made)
    }

    fn settled(&self, m: &Moments, place: u32) -> Option<u32> {
        let after = |about: Option<u64>| {
            let places = self.places.get(&about)?;
            places.get(places.partition_point(|p| *p <= place)).copied()
        };
        let moment = &m.all[place as usize];
        let mut about = moment.subjects.iter().filter(|(kind, _)| Some(*kind) == self.subject).peekable();
        match about.peek() {
            Some(_) => about.filter_map(|(_, hash)| after(Some(*hash))).min(),
            None => after(None),
        }
    }
}

fn outcome(made: &Made, kept_at: Option<i64>, end: Timestamp) -> PromiseOutcome {
    let deadline = made.deadline;
    let state = match kept_at {
        Some(at) if at <= deadline => PromiseState::Kept,
        Some(_) => PromiseState::Late,
        None if end.0 <= deadline => PromiseState::Open,
        None => PromiseState::Overdue,
    };
    let late = match state {
        PromiseState::Late => kept_at.map(|at| (at - deadline) / 1_000_000),
        PromiseState::Overdue => Some((end.0 - deadline) / 1_000_000),
        _ => None,
    };
    PromiseOutcome {
        kind: made.kind.to_string(),
        due: Timestamp(made.due),
        precision: made.precision,
        deadline: Timestamp(deadline),
        kept_at: kept_at.map(Timestamp),
        state,
        late_by_seconds: late,
    }
}
