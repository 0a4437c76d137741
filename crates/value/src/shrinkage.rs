//! Many units compared with each other — stores, carriers, products — when most of them have few
//! observations: each is drawn towards what is usual by as much as chance explains.
//!
//! [`rates`](fn@rates) is a beta-binomial model of shares, [`means`](fn@means) a normal model of answers. In both the
//! spread between the units is learned from the units themselves (empirical Bayes; Efron & Morris
//! 1975, Morris 1983, "Parametric empirical Bayes inference"). The value of a unit is its posterior
//! mean at the most likely spread: with no spread beyond chance every unit stands at the mean. Its
//! interval does not pretend that the spread is known: it averages over all spreads, weighted by
//! their likelihood under the uniform shrinkage prior (Christiansen & Morris 1997, "Improving the
//! statistical approach to health care provider profiling"; Daniels 1999, "A prior for the variance
//! in hierarchical models"), and takes in that the mean is estimated too.
//!
//! Rank units by the end of the interval, never by the raw share of three. Flag a unit only by its
//! p-value after [`crate::multiplicity::q_values`] over all units.

use serde::{Deserialize, Serialize};

use crate::Estimate;

mod means;
mod rates;

pub use means::{Observed, Sums, means, normal};
pub use rates::{Tally, fisher, rates};

/// One unit among the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// What was counted, without any help of the others.
    pub raw: f64,
    /// Drawn towards the mean, with its 95 % interval; n is the unit's own.
    pub estimate: Estimate,
    /// The probability that the unit truly lies above the mean.
    pub above: f64,
    /// Two-sided, for no difference between this unit and all others taken together.
    pub p: f64,
}

/// All units, and how much they differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The mean of the units at the most likely spread; n is the number of observations.
    pub mean: Estimate,
    /// The standard deviation of the true values between the units beyond chance; n is the number
    /// of units.
    pub between: Estimate,
    /// The p-value for no difference between the units at all.
    pub differ_p: f64,
    /// In the order they came in; `None` without observations.
    pub units: Vec<Option<Unit>>,
}

impl Profile {
    /// Whether the units differ by more than chance explains (p < 0.05).
    pub fn differ(&self) -> bool {
        self.differ_p < 0.05
    }
}

/// Spreads are looked through at so many points, by the logarithm of the odds between these ends.
const POINTS: usize = 64;
const ENDS: (f64, f64) = (-6.0, 9.0);

/// The spreads looked through, by the odds with which a small unit is drawn to the mean rather than
/// left where it is: from 1 to 400 up to 8,000 to 1, and infinite odds, which is no spread. Under
/// the uniform shrinkage prior the share that belongs to these odds is uniform on 0–1.
struct Grid<T> {
    fits: Vec<T>,
    /// What each weighs once the likelihood is known; the last is no spread.
    weights: Vec<f64>,
    /// The most likely odds.
    best: f64,
}

fn share(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl<T> Grid<T> {
    /// `fit` gives what holds at such odds, and its log likelihood.
    fn new(fit: impl Fn(f64) -> (T, f64)) -> Self {
        let step = (ENDS.1 - ENDS.0) / (POINTS - 1) as f64;
        let at = |j: usize| ENDS.0 + step * j as f64;
        let odds = (0..POINTS).map(|j| at(j).exp()).chain([f64::INFINITY]);
        let (fits, logs): (Vec<T>, Vec<f64>) = odds.map(&fit).unzip();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // What each point stands for under the prior; the rest up to 1 belongs to no spread.
        let prior = |j: usize| match j {
            POINTS => 1.0 - share(at(POINTS - 1) + 0.5 * step),
            _ => share(at(j) + 0.5 * step) - share(at(j) - 0.5 * step),
        };
        let mut weights: Vec<f64> = logs.iter().enumerate().map(|(j, l)| (l - top).exp() * prior(j)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let most = (0..=POINTS).max_by(|&a, &b| logs[a].total_cmp(&logs[b])).unwrap_or(POINTS);
        // No spread is said only where no spread is most likely.
        let best = match most {
            POINTS => f64::INFINITY,
            j => golden(at(j) - step, at(j) + step, |log| fit(log.exp()).1).exp(),
        };
        Self { fits, weights, best }
    }

    fn iter(&self) -> impl Iterator<Item = (&T, f64)> {
        self.fits.iter().zip(self.weights.iter().copied())
    }

    /// Where the weights of ascending values of `of` pass `share`; spreads fall as odds rise.
    fn quantile(&self, share: f64, of: impl Fn(&T) -> f64) -> f64 {
        let mut sum = 0.0;
        for (fit, weight) in self.fits.iter().zip(&self.weights).rev() {
            sum += weight;
            if sum >= share {
                return of(fit);
            }
        }
        self.fits.first().map_or(0.0, of)
    }
}

/// Which unit counts as small: a third of the median. The prior then leaves room for large spreads;
/// in simulations (`tests/it/shrinkage.rs`) a larger one draws too far, and intervals miss.
fn small(mut sizes: Vec<f64>) -> f64 {
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(1.0) / 3.0
}

/// The place of the highest value between two ends, by golden section.
fn golden(low: f64, high: f64, of: impl Fn(f64) -> f64) -> f64 {
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (low, high);
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    for _ in 0..40 {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = of(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = of(b);
        }
    }
    0.5 * (low + high)
}
