//! Time until something happens, when for some it has not happened yet.
//!
//! "Repeat purchase within k days" and "median time to the next step" are both wrong when those
//! who were followed too briefly are left out or counted as never: Kaplan–Meier counts them for as
//! long as they were seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Estimate;
use crate::distribution::Z95;
use crate::interval::wilson;

/// Times by whole unit (seconds, days: the caller's), exactly mergeable in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeCounts {
    /// By time: how many events, how many only followed until then.
    times: BTreeMap<u32, (u64, u64)>,
}

impl TimeCounts {
    /// It happened at `time`.
    pub fn event(&mut self, time: u32) {
        self.times.entry(time).or_default().0 += 1;
    }

    /// It had not happened by `time`, the last that was seen.
    pub fn censored(&mut self, time: u32) {
        self.times.entry(time).or_default().1 += 1;
    }

    /// It happened to so many at `time`, and so many more were last seen then, without it.
    pub fn add(&mut self, time: u32, events: u64, censored: u64) {
        if events + censored > 0 {
            let entry = self.times.entry(time).or_default();
            entry.0 += events;
            entry.1 += censored;
        }
    }

    /// Adds the times of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&time, &(events, censored)) in &other.times {
            let entry = self.times.entry(time).or_default();
            entry.0 += events;
            entry.1 += censored;
        }
    }

    /// How many were followed.
    pub fn n(&self) -> u64 {
        self.times.values().map(|(events, censored)| events + censored).sum()
    }

    /// The curve; `None` if nobody was followed.
    ///
    /// S(t) = Π (1 − dᵢ/rᵢ) over event times up to t (Kaplan & Meier 1958); those censored at t
    /// were still at risk at t. Variance: Greenwood (1926). Interval: on the scale of
    /// ln(−ln S), S^exp(±z√V/ln S) (Kalbfleisch & Prentice 1980), which stays in 0–1.
    pub fn curve(&self) -> Option<Curve> {
        let (&end, _) = self.times.last_key_value()?;
        let n = self.n();
        let (mut at_risk, mut survival, mut greenwood) = (n, 1.0, 0.0);
        let mut steps = Vec::new();
        for (&time, &(events, censored)) in &self.times {
            if events > 0 {
                let (d, r) = (events as f64, at_risk as f64);
                let left = if events == at_risk { 0.0 } else { survival * (1.0 - d / r) };
                greenwood += d / (r * (r - d));
                let (low, high) = if events == at_risk {
                    // Nobody is left: the sum is infinite. Read as 0 of those who were at risk.
                    (0.0, survival * wilson(0, at_risk)?.high)
                } else {
                    let reach = Z95 * greenwood.sqrt() / f64::ln(left);
                    (left.powf((-reach).exp()), left.powf(reach.exp()))
                };
                survival = left;
                let standing = Estimate::new(survival, low, high, n);
                steps.push(Step { time, at_risk, events, standing });
            }
            at_risk -= events + censored;
        }
        Some(Curve { n, end, steps, followed: self.followed() })
    }

    /// (time, how many were seen beyond it), for the stretch before the first event.
    fn followed(&self) -> Vec<(u32, u64)> {
        let mut left = self.n();
        let mut followed = Vec::new();
        for (&time, &(events, censored)) in &self.times {
            if events > 0 {
                break;
            }
            left -= censored;
            followed.push((time, left));
        }
        followed
    }
}

/// One drop of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub time: u32,
    /// How many were still followed just before.
    pub at_risk: u64,
    /// To how many it happened.
    pub events: u64,
    /// The share in 0–1 to whom it has not happened by then, from here to the next step.
    pub standing: Estimate,
}

/// A Kaplan–Meier curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// How many were followed.
    pub n: u64,
    /// The last time that anybody was followed to; nothing is said beyond it.
    pub end: u32,
    /// The drops, earliest first.
    pub steps: Vec<Step>,
    followed: Vec<(u32, u64)>,
}

/// When a given share has had it; times in the unit of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeQuantile {
    /// The first time by which the share is reached.
    pub value: u32,
    /// The lower end of the 95 % interval.
    pub low: u32,
    /// The upper end; `None` if nobody was followed for long enough to bound it.
    pub high: Option<u32>,
    /// How many were followed.
    pub n: u64,
}

impl Curve {
    /// The share in 0–1 to whom it has not happened by `time`; `None` beyond the end.
    ///
    /// Before the first event it is 1, with Wilson's interval of those seen beyond `time`.
    pub fn standing(&self, time: u32) -> Option<Estimate> {
        if time > self.end {
            return None;
        }
        let drops = self.steps.partition_point(|step| step.time <= time);
        if let Some(last) = drops.checked_sub(1) {
            return self.steps.get(last).map(|step| step.standing);
        }
        let seen = self.followed.partition_point(|&(at, _)| at < time);
        let beyond = match seen.checked_sub(1) {
            Some(last) => self.followed.get(last).map_or(self.n, |&(_, left)| left),
            None => self.n,
        };
        let bound = wilson(beyond, beyond)?;
        Some(Estimate::new(1.0, bound.low, 1.0, self.n))
    }

    /// The share in 0–1 to whom it has happened by `time`: 1 − [`Curve::standing`].
    pub fn happened(&self, time: u32) -> Option<Estimate> {
        let standing = self.standing(time)?;
        Some(Estimate::new(1.0 - standing.value, 1.0 - standing.high, 1.0 - standing.low, self.n))
    }

    /// When the share `p` (0 < p < 1) has had it; 0.5 is the median. `None` if the curve does not
    /// get there.
    ///
    /// The first time with S ≤ 1 − p; its interval holds the times at which the interval of S
    /// holds 1 − p (Brookmeyer & Crowley 1982).
    pub fn quantile(&self, p: f64) -> Option<TimeQuantile> {
        if !(p > 0.0 && p < 1.0) {
            return None;
        }
        let left = 1.0 - p + 1e-12;
        let reach =
            |of: fn(&Estimate) -> f64| self.steps.iter().find(|step| of(&step.standing) <= left).map(|step| step.time);
        let value = reach(|s| s.value)?;
        let low = reach(|s| s.low).unwrap_or(value);
        Some(TimeQuantile { value, low, high: reach(|s| s.high), n: self.n })
    }
}
