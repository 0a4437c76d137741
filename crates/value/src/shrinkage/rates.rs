//! Shares: the beta-binomial model.

use std::collections::BTreeMap;

use libm::lgamma;
use serde::{Deserialize, Serialize};

use super::{Grid, Profile, Unit, small};
use crate::Estimate;
use crate::distribution::{Z95, beta_inc, chi_square_upper};
use crate::interval::wilson;

/// How often something happened to one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub events: u64,
    /// Out of so many; never fewer.
    pub n: u64,
}

/// What holds at one spread: as many observations as the prior is worth (infinite for no spread),
/// the mean, and the variance with which it is known.
#[derive(Clone, Copy)]
struct Fit {
    worth: f64,
    mean: f64,
    variance: f64,
}

impl Fit {
    fn between(&self) -> f64 {
        if self.worth.is_finite() { (self.mean * (1.0 - self.mean) / (self.worth + 1.0)).sqrt() } else { 0.0 }
    }

    /// Mean and variance of a unit's share.
    fn posterior(&self, tally: Tally) -> (f64, f64) {
        let (x, n) = (tally.events as f64, tally.n as f64);
        if !self.worth.is_finite() {
            return (self.mean, self.variance);
        }
        let total = n + self.worth;
        let mean = (x + self.worth * self.mean) / total;
        let drawn = self.worth / total;
        (mean, mean * (1.0 - mean) / (total + 1.0) + drawn * drawn * self.variance)
    }
}

/// Compares shares; `None` when nothing was observed at all, or more events than observations.
///
/// The unit's share is Beta(Mμ, M(1−μ)) between the units. At a given M the mean μ is weighted
/// by n/(1 + (n−1)/(M+1)) (Kleinman 1973), with half an event and half a non-event added; M is the
/// one of highest marginal likelihood. The p-value for no difference compares Σ(x−nμ)²/(nμ(1−μ))
/// with a scaled chi-square of the same mean and variance, which holds for units of a few
/// observations too (Potthoff & Whittinghill 1966). Each unit is compared with all others by
/// [`fisher`].
pub fn rates(tallies: &[Tally]) -> Option<Profile> {
    if tallies.iter().any(|t| t.events > t.n) {
        return None;
    }
    let seen: Vec<Tally> = tallies.iter().copied().filter(|t| t.n > 0).collect();
    let total = seen.iter().fold(Tally::default(), |s, t| Tally { events: s.events + t.events, n: s.n + t.n });
    if total.n == 0 {
        return None;
    }
    let whole = wilson(total.events, total.n)?;
    if seen.len() == 1 {
        let unit = Unit { raw: whole.value, estimate: whole, above: 0.5, p: 1.0 };
        let units = tallies.iter().map(|t| (t.n > 0).then_some(unit)).collect();
        return Some(Profile { mean: whole, between: Estimate::new(0.0, 0.0, 0.0, 1), differ_p: 1.0, units });
    }
    // Units of the same counts are one, as often as they occur.
    let mut alike: BTreeMap<Tally, f64> = BTreeMap::new();
    seen.iter().for_each(|t| *alike.entry(*t).or_default() += 1.0);
    let size = small(seen.iter().map(|t| t.n as f64).collect());
    let fit = |odds: f64| {
        let fit = mean_at(size * odds, &alike);
        (fit, likelihood(&fit, &alike))
    };
    let grid = Grid::new(fit);
    let (best, _) = fit(grid.best);

    let mut known: BTreeMap<Tally, Unit> = BTreeMap::new();
    for &tally in alike.keys() {
        let (mut mean, mut square) = (0.0, 0.0);
        for (fit, weight) in grid.iter() {
            let (m, v) = fit.posterior(tally);
            mean += weight * m;
            square += weight * (v + m * m);
        }
        // Never beyond what a share can spread at all.
        let variance = (square - mean * mean).clamp(1e-12, 0.98 * mean * (1.0 - mean));
        let worth = mean * (1.0 - mean) / variance - 1.0;
        let (a, b) = (mean * worth, (1.0 - mean) * worth);
        let estimate =
            Estimate::new(best.posterior(tally).0, beta_quantile(0.025, a, b), beta_quantile(0.975, a, b), tally.n);
        let unit = Unit {
            raw: tally.events as f64 / tally.n as f64,
            estimate,
            above: 1.0 - beta_inc(a, b, best.mean),
            p: fisher(tally, Tally { events: total.events - tally.events, n: total.n - tally.n }),
        };
        known.insert(tally, unit);
    }
    let reach = Z95 * best.variance.sqrt();
    Some(Profile {
        mean: Estimate::new(best.mean, best.mean - reach, best.mean + reach, total.n).within(0.0, 1.0),
        between: Estimate::new(
            best.between(),
            grid.quantile(0.025, Fit::between),
            grid.quantile(0.975, Fit::between),
            seen.len() as u64,
        ),
        differ_p: differ(&alike, total),
        units: tallies.iter().map(|t| known.get(t).copied()).collect(),
    })
}

fn mean_at(worth: f64, alike: &BTreeMap<Tally, f64>) -> Fit {
    let (mut events, mut sum) = (0.0, 0.0);
    for (tally, times) in alike {
        let n = tally.n as f64;
        let weight = times / (1.0 + (n - 1.0) / (worth + 1.0));
        events += weight * tally.events as f64;
        sum += weight * n;
    }
    let mean = (events + 0.5) / (sum + 1.0);
    Fit { worth, mean, variance: mean * (1.0 - mean) / (sum + 1.0) }
}

/// The log of the marginal likelihood, the mean integrated out by Laplace's method; without what does
/// not depend on the fit.
fn likelihood(fit: &Fit, alike: &BTreeMap<Tally, f64>) -> f64 {
    let &Fit { worth, mean, .. } = fit;
    if !worth.is_finite() {
        let of = |t: &Tally| t.events as f64 * mean.ln() + (t.n - t.events) as f64 * (1.0 - mean).ln();
        return alike.iter().map(|(t, times)| times * of(t)).sum::<f64>() + 0.5 * fit.variance.ln();
    }
    let (a, b) = (worth * mean, worth * (1.0 - mean));
    let prior = lgamma(a) + lgamma(b) - lgamma(worth);
    let of = |t: &Tally| {
        let (x, n) = (t.events as f64, t.n as f64);
        lgamma(a + x) + lgamma(b + n - x) - lgamma(worth + n) - prior
    };
    alike.iter().map(|(t, times)| times * of(t)).sum::<f64>() + 0.5 * fit.variance.ln()
}

/// For no difference between the units: Pearson's sum against a scaled chi-square of its own mean
/// and variance.
fn differ(alike: &BTreeMap<Tally, f64>, total: Tally) -> f64 {
    let mean = total.events as f64 / total.n as f64;
    let spread = mean * (1.0 - mean);
    let units: f64 = alike.values().sum();
    if spread <= 0.0 || units < 2.0 {
        return 1.0;
    }
    let (mut sum, mut variance) = (0.0, 0.0);
    for (tally, times) in alike {
        let (x, n) = (tally.events as f64, tally.n as f64);
        sum += times * (x - n * mean) * (x - n * mean) / (n * spread);
        // Of (x−nμ)²/(nμ(1−μ)), from the fourth moment of a binomial.
        variance += times * (2.0 + (1.0 - 6.0 * spread) / (n * spread));
    }
    let freedom = units - 1.0;
    let variance = (variance * freedom / units).max(1e-9);
    let scale = variance / (2.0 * freedom);
    chi_square_upper(sum / scale, freedom / scale)
}

/// Fisher's exact test of one unit against the others, two-sided by doubling the smaller tail.
pub fn fisher(unit: Tally, others: Tally) -> f64 {
    let (events, n) = (unit.events + others.events, unit.n + others.n);
    if unit.n == 0 || others.n == 0 || events == 0 || events == n {
        return 1.0;
    }
    let (drawn, hits, all) = (unit.n as f64, events as f64, n as f64);
    let choose = |n: f64, k: f64| lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
    let x = unit.events as f64;
    let at = (choose(hits, x) + choose(all - hits, drawn - x) - choose(all, drawn)).exp();
    let tail = |step: f64| {
        let (mut sum, mut term, mut k) = (at, at, x);
        loop {
            // The ratio of neighbouring terms, up or down.
            let ratio = if step > 0.0 {
                (hits - k) * (drawn - k) / ((k + 1.0) * (all - hits - drawn + k + 1.0))
            } else {
                k * (all - hits - drawn + k) / ((hits - k + 1.0) * (drawn - k + 1.0))
            };
            k += step;
            term *= ratio;
            if term.is_nan() || term <= 0.0 || (ratio < 1.0 && term < sum * 1e-17) {
                return sum;
            }
            sum += term;
        }
    };
    // From the flank away from the middle, which is the smaller tail.
    let smaller = if x * all > drawn * hits { tail(1.0) } else { tail(-1.0) };
    (2.0 * smaller).min(1.0)
}

/// The share below which a Beta(a, b) lies with probability `p`, by bisection.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while high - low > 1e-9 * high.max(1e-6) {
        let middle = 0.5 * (low + high);
        if beta_inc(a, b, middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
