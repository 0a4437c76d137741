//! Exact quantiles of waiting times, in whole seconds.

use serde::{Deserialize, Serialize};

use crate::distribution::binomial_cdf;

/// Waiting times in seconds, collected by a pass; merging is joining.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    seconds: Vec<u32>,
}

impl Durations {
    /// Takes one waiting time.
    pub fn add(&mut self, seconds: u32) {
        self.seconds.push(seconds);
    }

    /// Takes the waiting times of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.seconds.extend_from_slice(&other.seconds);
    }

    /// How many there are.
    pub fn n(&self) -> u64 {
        self.seconds.len() as u64
    }

    /// The quantile at `p`; see [`quantile`]. The order of the values is lost.
    pub fn quantile(&mut self, p: f64) -> Option<QuantileEstimate> {
        quantile(&mut self.seconds, p)
    }
}

/// A quantile in seconds with a 95 % interval from order statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileEstimate {
    /// The quantile of type 7 (Hyndman & Fan 1996), as R's and numpy's default.
    pub value: f64,
    /// The lower end; `None` if so few values cannot bound it from below.
    pub low: Option<u32>,
    /// The upper end; `None` if so few values cannot bound it from above.
    pub high: Option<u32>,
    /// How many values.
    pub n: u64,
}

/// The quantile at `p` in 0–1 of `seconds`, which it reorders; `None` without values or with
/// `p` outside.
///
/// Type 7: at position h = (n − 1)p between sorted values, interpolated. Interval: the order
/// statistics with P(X < l) ≤ 0.025 and P(X ≥ u) ≤ 0.025, X binomial(n, p), which cover with at
/// least 95 % whatever the distribution (Conover 1999, § 3.2).
pub fn quantile(seconds: &mut [u32], p: f64) -> Option<QuantileEstimate> {
    if seconds.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let n = seconds.len();
    let position = (n - 1) as f64 * p;
    let below = (position.floor() as usize).min(n - 1);
    let (_, &mut lower, above) = seconds.select_nth_unstable(below);
    let upper = above.iter().min().copied().unwrap_or(lower);
    let value = f64::from(lower) + (position - below as f64) * f64::from(upper - lower);

    let (low, high) = ranks(n as u64, p);
    let mut at = |rank: u64| *seconds.select_nth_unstable(rank as usize - 1).1;
    // At the far ends of p an order statistic can lie just inside of the interpolated value.
    let (low, high) = (low.map(&mut at), high.map(&mut at));
    let (floor, ceiling) = (value.floor() as u32, value.ceil() as u32);
    Some(QuantileEstimate {
        value,
        low: low.map(|low| low.min(floor)),
        high: high.map(|high| high.max(ceiling)),
        n: n as u64,
    })
}

/// The ranks, counted from 1, that bound the quantile at `p` of `n` values.
fn ranks(n: u64, p: f64) -> (Option<u64>, Option<u64>) {
    // low: the largest l with P(X ≤ l − 1) ≤ 0.025; high: the smallest u with P(X ≥ u) ≤ 0.025.
    let low = first(n + 1, |k| binomial_cdf(k, n, p) > TAIL);
    let high = first(n + 1, |u| u > 0 && 1.0 - binomial_cdf(u - 1, n, p) <= TAIL);
    ((low >= 1).then_some(low), (1..=n).contains(&high).then_some(high))
}

/// The first k below `end` at which `holds` turns true and stays so; `end` if nowhere.
fn first(end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

const TAIL: f64 = 0.025;
