//! What is followed from week to week.

use super::Observation;
use serde::Serialize;

/// A series of weekly figures. What it counts are always the people that a list can show: for all
/// but [`Series::Started`] the ones for whom it went badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// Instances that started: a count, everything else is a share.
    Started,
    /// Of those that started: not finished within so many days.
    Unfinished {
        /// Days.
        days: u32,
    },
    /// Of those that reached a stage: not gone on within so many days.
    Stopped {
        /// Place of the stage in the definition.
        stage: usize,
        /// Days.
        days: u32,
    },
    /// Of those that reached a stage: later after the stage before than half of all were.
    Slow {
        /// Place of the stage in the definition.
        stage: usize,
        /// The median of all weeks looked at.
        seconds: u32,
    },
    /// Of promises whose time was over: not kept by then.
    Broken {
        /// Place of the promise in the definition.
        rule: usize,
    },
    /// Of answers: at or below the definition's limit.
    Unhappy,
}

impl Series {
    /// Whether an observation is counted in the series, and if so whether it is a hit.
    pub(crate) fn hit(&self, observation: Observation) -> Option<bool> {
        let not_within = |done: Option<u32>, days: u32| done.is_none_or(|day| day >= days);
        match (*self, observation) {
            (Self::Started, Observation::Started) => Some(true),
            (Self::Unfinished { days }, Observation::Finish(done)) => Some(not_within(done, days)),
            (Self::Stopped { stage, days }, Observation::Onward(s, done)) if s == stage => Some(not_within(done, days)),
            (Self::Slow { stage, seconds }, Observation::Time(s, took)) if s == stage => Some(took > seconds),
            (Self::Broken { rule }, Observation::Promise(r, kept)) if r == rule => Some(!kept),
            (Self::Unhappy, Observation::Answer(unhappy)) => Some(unhappy),
            _ => None,
        }
    }

    /// How many days a week has to be over before the series knows it.
    pub fn days(&self) -> u32 {
        match *self {
            Self::Unfinished { days } | Self::Stopped { days, .. } => days,
            _ => 0,
        }
    }
}
