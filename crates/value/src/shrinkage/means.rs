//! Means of answers: the normal model.

use serde::{Deserialize, Serialize};

use super::{Grid, Profile, Unit, small};
use crate::Estimate;
use crate::distribution::{Z95, chi_square_upper, f_upper, normal_cdf, t_cdf, t_quantile};

/// Answers of one unit as sums of whole numbers in a unit of one's own (thousandths), exactly
/// mergeable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// How many.
    pub n: u64,
    /// Their sum.
    pub sum: i64,
    /// The sum of their squares.
    pub squares: i128,
}

impl Sums {
    /// Adds one answer.
    pub fn add(&mut self, answer: i64) {
        self.n += 1;
        self.sum += answer;
        self.squares += i128::from(answer) * i128::from(answer);
    }

    /// Adds the answers of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// The mean; `None` without answers.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// The sum of squares about the mean.
    fn about_mean(&self) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let (n, sum) = (i128::from(self.n), i128::from(self.sum));
        (n * self.squares - sum * sum).max(0) as f64 / self.n as f64
    }
}

/// A unit's mean with the variance of that mean, and the degrees of freedom by which the variance
/// is known (infinite for a known one); n observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// The mean.
    pub mean: f64,
    /// Its variance, above 0.
    pub variance: f64,
    /// Degrees of freedom of the variance.
    pub freedom: f64,
    /// Observations.
    pub n: u64,
}

/// A unit's own spread counts against the common one as if that rested on so many answers.
const COMMON: f64 = 10.0;

/// Compares means of answers between `min` and `max`; `None` when nothing was answered.
///
/// The variance of a unit's answers is its own, joined with the common one of all units as if that
/// rested on ten degrees of freedom (the weighting of Smyth 2004), because the spread of three
/// answers says nothing. Then as [`normal`]; each unit is compared with all others by Welch's t, and
/// all of them by the F test of one-way analysis of variance (Fisher 1925), which keeps its level for
/// units of a few answers where Cochran's Q does not.
pub fn means(all: &[Sums], (min, max): (f64, f64)) -> Option<Profile> {
    let seen: Vec<&Sums> = all.iter().filter(|s| s.n > 0).collect();
    let n: u64 = seen.iter().map(|s| s.n).sum();
    if n == 0 {
        return None;
    }
    let freedom = (n - seen.len() as u64) as f64;
    let about: f64 = seen.iter().map(|s| s.about_mean()).sum();
    // Equal answers are no certainty: at most z²/(n + z²) would have answered otherwise.
    let range = max - min;
    let least = 0.25 * range * range * (Z95 * Z95 / (n as f64 + Z95 * Z95)).min(1.0);
    let common = if freedom > 0.0 { (about / freedom).max(least) } else { least.max(range * range / 12.0) };
    let observed: Vec<Option<Observed>> = all
        .iter()
        .map(|s| {
            let freedom = COMMON + s.n.saturating_sub(1) as f64;
            let spread = (COMMON * common + s.about_mean()) / freedom;
            s.mean().map(|mean| Observed { mean, variance: spread / s.n as f64, freedom, n: s.n })
        })
        .collect();
    let given: Vec<Observed> = observed.iter().flatten().copied().collect();
    let mut profile = normal(&given)?;
    let mut units = profile.units.into_iter();
    profile.units = observed
        .iter()
        .map(|o| {
            o.and_then(|_| units.next().flatten()).map(|u| {
                // Where all answers are alike, rounding puts the value a hair outside the scale.
                let value = u.estimate.value.clamp(min, max);
                Unit { estimate: Estimate { value, ..u.estimate }.within(min, max), ..u }
            })
        })
        .collect();
    if given.len() > 1 {
        let whole = seen.iter().fold(Sums::default(), |mut s, unit| {
            s.merge(unit);
            s
        });
        let between = (whole.about_mean() - about).max(0.0) / (given.len() - 1) as f64;
        profile.differ_p = match freedom {
            f if f > 0.0 && about > 0.0 => f_upper(between / (about / f), (given.len() - 1) as f64, f),
            _ => 1.0,
        };
    }
    profile.mean = profile.mean.within(min, max);
    Some(profile)
}

#[derive(Clone, Copy)]
struct Fit {
    /// Between the units.
    variance: f64,
    mean: f64,
    /// With which the mean is known.
    of_mean: f64,
}

impl Fit {
    fn posterior(&self, o: &Observed) -> (f64, f64) {
        let drawn = o.variance / (o.variance + self.variance);
        ((1.0 - drawn) * o.mean + drawn * self.mean, (1.0 - drawn) * o.variance + drawn * drawn * self.of_mean)
    }
}

/// Compares means whose variances are given; `None` without any.
///
/// yᵢ ~ N(θᵢ, vᵢ), θᵢ ~ N(μ, τ²); τ² is the one of highest restricted likelihood. The p-value for no
/// difference is that of Cochran's Q = Σ(yᵢ−μ)²/vᵢ (DerSimonian & Laird 1986).
pub fn normal(observed: &[Observed]) -> Option<Profile> {
    if observed.is_empty() || observed.iter().any(|o| o.variance <= 0.0 || !o.variance.is_finite()) {
        return None;
    }
    let units = observed.len() as f64;
    let n: u64 = observed.iter().map(|o| o.n).sum();
    let size = small(observed.iter().map(|o| 1.0 / o.variance).collect());
    let fit = |odds: f64| {
        let variance = 1.0 / (size * odds);
        let (mut weights, mut sum, mut logs) = (0.0, 0.0, 0.0);
        for o in observed {
            let weight = 1.0 / (o.variance + variance);
            weights += weight;
            sum += weight * o.mean;
            logs += weight.ln();
        }
        let mean = sum / weights;
        let about: f64 = observed.iter().map(|o| (o.mean - mean).powi(2) / (o.variance + variance)).sum();
        (Fit { variance, mean, of_mean: 1.0 / weights }, 0.5 * (logs - weights.ln() - about))
    };
    let own = fit(f64::INFINITY).0;
    let q: f64 = observed.iter().map(|o| (o.mean - own.mean).powi(2) / o.variance).sum();
    if observed.len() == 1 {
        let o = observed[0];
        let reach = t_or_z(o.freedom) * o.variance.sqrt();
        let estimate = Estimate::new(o.mean, o.mean - reach, o.mean + reach, o.n);
        let unit = Unit { raw: o.mean, estimate, above: 0.5, p: 1.0 };
        let between = Estimate::new(0.0, 0.0, 0.0, 1);
        return Some(Profile { mean: estimate, between, differ_p: 1.0, units: vec![Some(unit)] });
    }
    let grid = Grid::new(fit);
    let (best, _) = fit(grid.best);
    let (weights, weighted) = observed.iter().fold((0.0, 0.0), |(w, s), o| (w + o.n as f64, s + o.n as f64 * o.mean));
    let of_sum: f64 = observed.iter().map(|o| (o.n as f64).powi(2) * o.variance).sum();
    let unit = |o: &Observed| {
        let (mut mean, mut square) = (0.0, 0.0);
        for (fit, weight) in grid.iter() {
            let (m, v) = fit.posterior(o);
            mean += weight * m;
            // About the mean of the units, so that nothing cancels.
            square += weight * (v + (m - best.mean).powi(2));
        }
        let spread = (square - (mean - best.mean).powi(2)).max(0.0).sqrt();
        let reach = t_or_z(o.freedom) * spread;
        let others = weights - o.n as f64;
        let rest = (weighted - o.n as f64 * o.mean) / others;
        let rest_variance = (of_sum - (o.n as f64).powi(2) * o.variance) / (others * others);
        let t = (o.mean - rest) / (o.variance + rest_variance).sqrt();
        let p = if o.freedom.is_finite() { t_cdf(-t.abs(), o.freedom) } else { normal_cdf(-t.abs()) };
        Unit {
            raw: o.mean,
            estimate: Estimate::new(best.posterior(o).0, mean - reach, mean + reach, o.n),
            above: normal_cdf((mean - best.mean) / spread.max(f64::MIN_POSITIVE)),
            p: (2.0 * p).min(1.0),
        }
    };
    let sd = |fit: &Fit| fit.variance.sqrt();
    let reach = Z95 * best.of_mean.sqrt();
    Some(Profile {
        mean: Estimate::new(best.mean, best.mean - reach, best.mean + reach, n),
        between: Estimate::new(sd(&best), grid.quantile(0.025, sd), grid.quantile(0.975, sd), observed.len() as u64),
        differ_p: chi_square_upper(q, units - 1.0),
        units: observed.iter().map(|o| Some(unit(o))).collect(),
    })
}

fn t_or_z(freedom: f64) -> f64 {
    if freedom.is_finite() { t_quantile(0.975, freedom) } else { Z95 }
}
