//! Whether people are being joined unusually fast: a sender that begins to give everybody the same address shows
//! here first.

use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::HashMap;
use throughline_customers::joins_by_hour;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_value::pace::{Pace, pace};

const HOUR: i64 = 3_600_000_000;
/// Days whose hours are compared with: of each the same hour, the one before and the one after.
const DAYS: i64 = 28;
/// Hours that are looked at, so that one is noticed also by who looks once a day.
const LOOKED_AT: i64 = 24;

/// An hour in which unusually many people were joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnusualHour {
    /// Its beginning.
    pub hour: Timestamp,
    /// How many were joined.
    pub joined: u64,
    /// How many usually are at that time of the day.
    pub usual: f64,
    /// The most that would still be usual.
    pub most: u64,
    /// The last day's hours up to this one, the oldest first.
    pub hours: Vec<u64>,
}

impl Engine {
    /// Of the last 24 whole hours the one in which people were joined most unusually fast, by this workspace's own
    /// history; `None` where all were usual. When nothing is wrong that happens about once a year.
    pub fn unusual_joins(&self, workspace: WorkspaceId) -> Result<Option<UnusualHour>, EngineError> {
        let end = self.now().0.div_euclid(HOUR);
        let from = Timestamp((end - LOOKED_AT - (DAYS + 2) * 24) * HOUR);
        let counts: HashMap<i64, u64> =
            self.store().read(|c| joins_by_hour(c, workspace, from, Timestamp(end * HOUR)))?.into_iter().collect();
        let Some(first) = counts.keys().min().copied() else { return Ok(None) };
        let of = |hour: i64| counts.get(&hour).copied().unwrap_or_default();
        let mut worst: Option<(i64, Pace)> = None;
        for hour in end - LOOKED_AT..end {
            // Before the first there was nobody to join.
            let before: Vec<u64> = (1..=DAYS)
                .flat_map(|day| [-1, 0, 1].map(|beside| hour - day * 24 + beside))
                .filter(|h| *h >= first)
                .map(of)
                .collect();
            let found = pace(&before, of(hour)).filter(Pace::is_unusual);
            if let Some(p) = found.filter(|p| worst.is_none_or(|(_, w)| p.p < w.p)) {
                worst = Some((hour, p));
            }
        }
        Ok(worst.map(|(hour, p)| UnusualHour {
            hour: Timestamp(hour * HOUR),
            joined: p.now,
            usual: p.usual,
            most: p.most,
            hours: (hour - 23..=hour).map(of).collect(),
        }))
    }
}
