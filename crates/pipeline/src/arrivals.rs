//! What arrives while the engine runs, for whoever connects a source: how many a minute, what sends it,
//! and the latest of them with what became of each. It is kept in memory, bounded, and gone at the next
//! start; what counts for ever is in `tallies.rs`.

use crate::brand::Brand;
use crate::receive::Received;
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, VecDeque};
use std::sync::PoisonError;
use throughline_interactions::{Outcome, Tally, Timestamp, WorkspaceId};
use throughline_rules::Breach;

/// Minutes that are remembered.
const MINUTES: usize = 60;
/// Arrivals of a source that are remembered …
const LATEST: usize = 100;
/// … and of one request, so that a busy source costs no more than a quiet one.
const OF_ONE_REQUEST: usize = 10;
/// Kinds of sending software of a source.
const SOFTWARE: usize = 20;
const MINUTE: i64 = 60_000_000;

/// One that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When.
    pub at: Timestamp,
    /// The sender's id; `None` where it could not be read.
    pub message_id: Option<String>,
    /// What happened; empty where it could not be read.
    pub event: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What of it did not fit the plan, where it was taken all the same.
    pub breaches: Vec<Breach>,
}

/// What a source has sent since the engine was opened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrivals {
    /// Outcomes of the last minutes in which anything came, by minutes since 1970, oldest first.
    pub minutes: BTreeMap<i64, Tally>,
    /// What sent it, such as `analytics-python 2.4.0`, and when last.
    pub software: BTreeMap<String, Timestamp>,
    /// The latest, newest first.
    pub latest: VecDeque<Arrival>,
}

impl Arrivals {
    /// Interactions of a minute, over the last five whole or begun ones.
    pub fn a_minute(&self, now: Timestamp) -> f64 {
        let since = now.0.div_euclid(MINUTE) - 4;
        self.minutes.range(since..).map(|(_, t)| t.received()).sum::<u64>() as f64 / 5.0
    }

    fn note(&mut self, noted: Noted, tally: Tally) {
        let minute = noted.at.0.div_euclid(MINUTE);
        self.minutes.entry(minute).or_default().add(&tally);
        while self.minutes.len() > MINUTES {
            self.minutes.pop_first();
        }
        if let Some(software) = noted.software
            && (self.software.len() < SOFTWARE || self.software.contains_key(&software))
        {
            self.software.insert(software, noted.at);
        }
        noted.arrivals.into_iter().for_each(|a| self.latest.push_front(a));
        self.latest.truncate(LATEST);
    }
}

/// What is remembered of a request.
#[derive(Debug)]
pub(crate) struct Noted {
    at: Timestamp,
    software: Option<String>,
    arrivals: Vec<Arrival>,
}

impl Noted {
    /// Before its outcomes are known.
    pub(crate) fn of(received: &Received, at: Timestamp) -> Self {
        let each = received.items.iter().enumerate().take(OF_ONE_REQUEST);
        let arrivals = each.map(|(index, item)| match item {
            Ok(record) => Arrival {
                at,
                message_id: Some(record.message_id.clone()),
                event: record.event().unwrap_or_default(),
                outcome: Outcome::Accepted,
                breaches: Vec::new(),
            },
            Err(fault) => Arrival {
                at,
                message_id: received.unread.get(&index).cloned(),
                event: String::new(),
                outcome: Outcome::Rejected(fault.clone()),
                breaches: Vec::new(),
            },
        });
        Self { at, software: received.software.clone(), arrivals: arrivals.collect() }
    }

    /// Notes what of an item did not fit the plan.
    pub(crate) fn watch(&mut self, index: usize, breaches: Vec<Breach>) {
        if let Some(arrival) = self.arrivals.get_mut(index) {
            arrival.breaches = breaches;
        }
    }

    /// Keeps it with its outcomes.
    pub(crate) fn keep(mut self, brand: &Brand, source: &str, outcomes: &[Outcome]) {
        let mut tally = Tally::default();
        outcomes.iter().for_each(|o| tally.count(o));
        for (arrival, outcome) in self.arrivals.iter_mut().zip(outcomes) {
            arrival.outcome.clone_from(outcome);
        }
        let mut all = brand.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(source) {
            Some(arrivals) => arrivals.note(self, tally),
            None => {
                let mut arrivals = Arrivals::default();
                arrivals.note(self, tally);
                all.insert(source.to_owned(), arrivals);
            }
        }
    }
}

impl Engine {
    /// What a source has sent since the engine was opened; nothing of a source that has not sent.
    pub fn arrivals(&self, workspace: WorkspaceId, source: &str) -> Result<Arrivals, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let all = brand.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.get(source).cloned().unwrap_or_default())
    }
}

impl Brand {
    /// Forgets the latest of every source: somebody is erased, who may be among them.
    pub(crate) fn forget_latest(&self) {
        let mut all = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        all.values_mut().for_each(|a| a.latest.clear());
    }
}
