//! Has the last week changed, or is it chance? One period against the periods before it.
//!
//! Weeks differ from each other by more than the chance within them: there are holidays and rainy
//! Saturdays. So how much the weeks before spread is measured, and the last one has to stand out
//! from that. Shares and counts are read by quasi-likelihood (Wedderburn 1974; McCullagh & Nelder
//! 1989, "Generalized Linear Models", § 4.5 and § 6.2): the variance is the binomial or Poisson one
//! times a dispersion φ, which is Pearson's X² of the periods before over its degrees of freedom and
//! never taken for less than 1. The last period is not part of φ, so that a change does not hide
//! itself.

use crate::Estimate;
use crate::distribution::{t_cdf, t_quantile};
use serde::{Deserialize, Serialize};

/// Fewer periods before do not tell how periods spread.
pub const FEWEST: usize = 6;
/// What is expected in the last period of either kind (hits and misses, or events) is at least this,
/// or nothing is said (Cochran 1954).
const EXPECTED: f64 = 5.0;

/// The last period against those before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Before: the share of all periods together, or the mean count of a period.
    pub before: f64,
    /// The last period.
    pub now: f64,
    /// `now` less `before`, with its 95 % interval; n is that of the last period.
    pub difference: Estimate,
    /// Student's t of the difference.
    pub t: f64,
    /// Its degrees of freedom: periods before, less one.
    pub df: f64,
    /// Two-sided.
    pub p: f64,
    /// φ: how many times the variance within a period the periods spread.
    pub dispersion: f64,
}

/// The change of a share; `before` and `now` are hits and trials. `None` for fewer than
/// [`FEWEST`] periods with trials, or for fewer than five hits or misses to be expected now.
///
/// With xᵢ hits of nᵢ, p₀ = Σxᵢ/Σnᵢ: X² = Σ(xᵢ − nᵢp₀)²/(nᵢp₀(1 − p₀)),
/// φ = max(1, X²/(k − 1)), t = (p − p₀)/√(φ·p̄(1 − p̄)(1/n + 1/Σnᵢ)) with p̄ of all together,
/// Student's with k − 1 degrees of freedom. With φ = 1, t² is Pearson's χ² of the 2×2 table.
pub fn share_change(before: &[(u64, u64)], now: (u64, u64)) -> Option<Change> {
    let periods: Vec<(f64, f64)> =
        before.iter().filter(|(x, n)| *n > 0 && x <= n).map(|(x, n)| (*x as f64, *n as f64)).collect();
    let (x, n) = (now.0 as f64, now.1 as f64);
    if periods.len() < FEWEST || now.1 == 0 || now.0 > now.1 {
        return None;
    }
    let (hits, trials) = periods.iter().fold((0.0, 0.0), |(a, b), (x, n)| (a + x, b + n));
    let p0 = hits / trials;
    let pooled = (hits + x) / (trials + n);
    if (pooled * n).min((1.0 - pooled) * n) < EXPECTED {
        return None;
    }
    let chi2: f64 = match p0 * (1.0 - p0) {
        v if v > 0.0 => periods.iter().map(|(x, n)| (x - n * p0).powi(2) / (n * v)).sum(),
        _ => 0.0,
    };
    let variance = pooled * (1.0 - pooled) * (1.0 / n + 1.0 / trials);
    Some(change(p0, x / n, variance, chi2, periods.len(), now.1))
}

/// The change of a count; `None` for fewer than [`FEWEST`] periods, or when fewer than five are
/// expected.
///
/// With counts xᵢ, m = Σxᵢ/k: X² = Σ(xᵢ − m)²/m, φ = max(1, X²/(k − 1)),
/// t = (x − m)/√(φ·m(1 + 1/k)), Student's with k − 1 degrees of freedom.
pub fn count_change(before: &[u64], now: u64) -> Option<Change> {
    let k = before.len();
    let mean = before.iter().map(|x| *x as f64).sum::<f64>() / k as f64;
    if k < FEWEST || mean < EXPECTED {
        return None;
    }
    let chi2 = before.iter().map(|x| (*x as f64 - mean).powi(2) / mean).sum();
    Some(change(mean, now as f64, mean * (1.0 + 1.0 / k as f64), chi2, k, now))
}

fn change(before: f64, now: f64, variance: f64, chi2: f64, periods: usize, n: u64) -> Change {
    let df = periods as f64 - 1.0;
    let dispersion = (chi2 / df).max(1.0);
    let error = (dispersion * variance).sqrt();
    let value = now - before;
    let t = value / error;
    let reach = t_quantile(0.975, df) * error;
    let p = (2.0 * t_cdf(-t.abs(), df)).min(1.0);
    Change { before, now, difference: Estimate::new(value, value - reach, value + reach, n), t, df, p, dispersion }
}
