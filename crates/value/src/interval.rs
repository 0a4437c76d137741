//! An estimate with its interval, and the intervals that most scores need.
//!
//! All intervals are two-sided at 95 %. None is ever of no width: certainty from a handful of
//! equal answers is an illusion, and the forms below refuse it.

use serde::{Deserialize, Serialize};

use crate::distribution::{Z95, t_quantile};

/// A value, its 95 % interval in the same unit, and the number of observations behind it.
///
/// The interval always holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The best single value.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// How many observations it rests on; never 0.
    pub n: u64,
}

impl Estimate {
    /// An estimate whose interval is stretched, if it must be, to hold its value.
    pub fn new(value: f64, low: f64, high: f64, n: u64) -> Self {
        Self { value, low: low.min(value), high: high.max(value), n }
    }

    /// The same estimate in another unit: `factor` 100 turns a share into percent.
    pub fn times(self, factor: f64) -> Self {
        let (a, b) = (self.low * factor, self.high * factor);
        Self::new(self.value * factor, a.min(b), a.max(b), self.n)
    }

    /// The same estimate with its interval cut to what is possible at all.
    pub fn within(self, min: f64, max: f64) -> Self {
        Self::new(self.value, self.low.max(min), self.high.min(max), self.n)
    }

    /// Whether `truth` lies inside the interval, ends included.
    pub fn contains(&self, truth: f64) -> bool {
        (self.low..=self.high).contains(&truth)
    }

    /// Half of the width of the interval.
    pub fn half_width(&self) -> f64 {
        0.5 * (self.high - self.low)
    }
}

/// A share of 0–1 with Wilson's score interval; `None` without observations or with more
/// successes than observations.
///
/// Wilson (1927): (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
pub fn wilson(successes: u64, n: u64) -> Option<Estimate> {
    if n == 0 || successes > n {
        return None;
    }
    let (count, z2) = (n as f64, Z95 * Z95);
    let share = successes as f64 / count;
    let centre = share + z2 / (2.0 * count);
    let spread = Z95 * (share * (1.0 - share) / count + z2 / (4.0 * count * count)).sqrt();
    let scale = 1.0 + z2 / count;
    Some(Estimate::new(share, (centre - spread) / scale, (centre + spread) / scale, n).within(0.0, 1.0))
}

/// Which interval stands around a difference of two shares of the same answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedForm {
    /// p − d ± z√((p + d − (p − d)²)/n).
    Wald,
    /// The same after three answers have been added: ¾ up, ¾ down, 1½ between.
    AdjustedWald,
}

/// The difference of two shares of the same answers, such as promoters less detractors, with
/// what a test needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedShare {
    /// The measured difference in −1…+1, with its interval.
    pub estimate: Estimate,
    /// The middle of the interval before it was cut: the adjusted difference.
    pub centre: f64,
    /// The standard error that made the interval; never 0.
    pub standard_error: f64,
    /// Which form was used.
    pub form: SignedForm,
}

/// The share of `up` less the share of `down` among all answers; `None` without answers.
///
/// From 30 answers on, with no class empty, the plain Wald form; otherwise the adjusted Wald form
/// with ¾, 1½, ¾ added (Rocks 2016, "Interval estimation for the net promoter score", after
/// Goodman 1964 and Agresti & Coull 1998).
pub fn signed_share(up: u64, between: u64, down: u64) -> Option<SignedShare> {
    let n = up + between + down;
    if n == 0 {
        return None;
    }
    let value = (up as f64 - down as f64) / n as f64;
    let form = if n >= 30 && up > 0 && between > 0 && down > 0 { SignedForm::Wald } else { SignedForm::AdjustedWald };
    let (add, total) = match form {
        SignedForm::Wald => (0.0, n as f64),
        SignedForm::AdjustedWald => (0.75, n as f64 + 3.0),
    };
    let (p, d) = ((up as f64 + add) / total, (down as f64 + add) / total);
    let centre = p - d;
    let standard_error = ((p + d - centre * centre) / total).sqrt();
    let reach = Z95 * standard_error;
    let estimate = Estimate::new(value, centre - reach, centre + reach, n).within(-1.0, 1.0);
    Some(SignedShare { estimate, centre, standard_error, form })
}

/// The mean of answers on a scale from `min` to `max`, with Student's t interval cut to the
/// scale; `variance` is the sample variance (n − 1). `None` without answers.
///
/// When all answers are equal (one answer included) there is no spread to go by. The interval
/// then comes from the share of people who would have answered otherwise: at most
/// z²/(n + z²), Wilson's upper end for 0 of n, each of them at worst at the end of the scale.
pub fn mean_on_scale(mean: f64, variance: f64, n: u64, (min, max): (f64, f64)) -> Option<Estimate> {
    if n == 0 {
        return None;
    }
    let count = n as f64;
    if n == 1 || variance <= 0.0 {
        let others = Z95 * Z95 / (count + Z95 * Z95);
        let (low, high) = (mean - others * (mean - min), mean + others * (max - mean));
        return Some(Estimate::new(mean, low, high, n));
    }
    let reach = t_quantile(0.975, count - 1.0) * (variance / count).sqrt();
    Some(Estimate::new(mean, mean - reach, mean + reach, n).within(min, max))
}

/// A weighted sum of rare counts, with a score interval: `total` > 0 or = 0, its estimated
/// `variance`, and the `weight` of one count where nothing was counted.
///
/// The sum is read as w·X, X Poisson, with w = variance/total (Dobson et al. 1991 use the same
/// scaling), and X gets the score interval X + z²/2 ± z√(X + z²/4).
pub(crate) fn scaled_poisson(total: f64, variance: f64, weight: f64) -> (f64, f64) {
    let weight = if total > 0.0 && variance > 0.0 { variance / total } else { weight };
    if weight <= 0.0 {
        return (total, total);
    }
    let (count, z2) = (total / weight, Z95 * Z95);
    let reach = Z95 * (count + 0.25 * z2).sqrt();
    ((weight * (count + 0.5 * z2 - reach)).max(0.0), weight * (count + 0.5 * z2 + reach))
}
