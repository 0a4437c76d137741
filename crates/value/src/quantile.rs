//! Exact quantiles of waiting times, in whole seconds.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    let wanted = Wanted::new(seconds.len(), p);
    Some(wanted.estimate(|rank| *seconds.select_nth_unstable(rank).1))
}

/// [`quantile`] at several `p` of values that lie in several pieces, none of which is moved: two
/// passes over them, whatever the number of quantiles.
pub fn quantiles<const N: usize>(pieces: &[Vec<u32>], ps: [f64; N]) -> [Option<QuantileEstimate>; N] {
    let n: usize = pieces.iter().map(Vec::len).sum();
    let all = || pieces.iter().flatten().copied();
    if n == 0 {
        return [None; N];
    }
    let shift = (u32::BITS - all().max().unwrap_or(0).leading_zeros()).saturating_sub(HISTOGRAM_BITS);
    let mut counts = vec![0_usize; 1 << HISTOGRAM_BITS];
    for value in all() {
        counts[(value >> shift) as usize] += 1;
    }
    let wanted = ps.map(|p| (0.0..=1.0).contains(&p).then(|| Wanted::new(n, p)));
    // The bins in which the wanted ranks lie, with how many values are below each.
    let mut bins: BTreeMap<u32, (usize, Vec<u32>)> = BTreeMap::new();
    let mut ranks: Vec<usize> = wanted.iter().flatten().flat_map(Wanted::ranks).collect();
    ranks.sort_unstable();
    let mut ranks = ranks.into_iter().peekable();
    let mut below = 0;
    for (bin, &count) in counts.iter().enumerate() {
        while ranks.next_if(|&rank| rank < below + count).is_some() {
            bins.entry(bin as u32).or_insert_with(|| (below, Vec::with_capacity(count)));
        }
        below += count;
    }
    let mut held = [false; 1 << HISTOGRAM_BITS];
    for &bin in bins.keys() {
        held[bin as usize] = true;
    }
    for value in all().filter(|value| held[(value >> shift) as usize]) {
        if let Some((_, values)) = bins.get_mut(&(value >> shift)) {
            values.push(value);
        }
    }
    wanted.map(|wanted| {
        Some(wanted?.estimate(|rank| {
            let Some((below, values)) = bins.values_mut().rev().find(|(below, _)| *below <= rank) else { return 0 };
            *values.select_nth_unstable(rank - *below).1
        }))
    })
}

/// Bins of the first pass, as a power of two.
const HISTOGRAM_BITS: u32 = 12;

/// The ranks, counted from 0, that a quantile and its interval are read off.
#[derive(Clone, Copy)]
struct Wanted {
    n: usize,
    below: usize,
    /// How far the quantile lies between the value at `below` and the next.
    share: f64,
    low: Option<usize>,
    high: Option<usize>,
}

impl Wanted {
    fn new(n: usize, p: f64) -> Self {
        let position = (n - 1) as f64 * p;
        let below = (position.floor() as usize).min(n - 1);
        let (low, high) = ranks(n as u64, p);
        let place = |rank: u64| rank as usize - 1;
        Self { n, below, share: position - below as f64, low: low.map(place), high: high.map(place) }
    }

    fn next(&self) -> usize {
        (self.below + 1).min(self.n - 1)
    }

    fn ranks(&self) -> impl Iterator<Item = usize> {
        [Some(self.below), Some(self.next()), self.low, self.high].into_iter().flatten()
    }

    fn estimate(&self, mut at: impl FnMut(usize) -> u32) -> QuantileEstimate {
        let (lower, upper) = (at(self.below), at(self.next()));
        let value = f64::from(lower) + self.share * f64::from(upper - lower);
        // At the far ends of p an order statistic can lie just inside of the interpolated value.
        let (floor, ceiling) = (value.floor() as u32, value.ceil() as u32);
        QuantileEstimate {
            value,
            low: self.low.map(|rank| at(rank).min(floor)),
            high: self.high.map(|rank| at(rank).max(ceiling)),
            n: self.n as u64,
        }
    }
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
