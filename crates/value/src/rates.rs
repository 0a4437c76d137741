//! Two groups compared stratum by stratum: who met a pain point and who did not.
//!
//! A stratum holds customers who are alike in everything that the comparison must not be about.
//! [`rate_ratio`] counts events over time at risk, [`risk_ratio`] customers with an event among
//! customers; both pool over strata after Mantel & Haenszel (1959).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Estimate;
use crate::distribution::{Z95, two_sided_p};
use crate::interval::scaled_poisson;

/// One stratum. `exposed` and `unexposed` are person-time (any unit, the same everywhere) for
/// [`rate_ratio`] and customers for [`risk_ratio`]; events are counts.
///
/// Whole numbers below 2⁵³ add up exactly, so keep person-time in whole seconds or days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Person-time or customers with the exposure.
    pub exposed: f64,
    /// Events among them.
    pub exposed_events: f64,
    /// Person-time or customers without the exposure.
    pub unexposed: f64,
    /// Events among them.
    pub unexposed_events: f64,
}

impl Stratum {
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.exposed += other.exposed;
        self.exposed_events += other.exposed_events;
        self.unexposed += other.unexposed;
        self.unexposed_events += other.unexposed_events;
    }

    fn is_comparable(&self) -> bool {
        let Self { exposed, exposed_events, unexposed, unexposed_events } = *self;
        exposed > 0.0
            && unexposed > 0.0
            && (exposed + unexposed).is_finite()
            && exposed_events >= 0.0
            && unexposed_events >= 0.0
            && (exposed_events + unexposed_events).is_finite()
    }
}

/// Strata by key, filled by a pass and merged over buckets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrataTable<K: Ord> {
    strata: BTreeMap<K, Stratum>,
}

impl<K: Ord> Default for StrataTable<K> {
    fn default() -> Self {
        Self { strata: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> StrataTable<K> {
    /// The stratum of `key`, empty at first, to add to.
    pub fn stratum(&mut self, key: K) -> &mut Stratum {
        self.strata.entry(key).or_default()
    }

    /// Adds the strata of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (key, stratum) in &other.strata {
            self.stratum(key.clone()).merge(stratum);
        }
    }

    /// The strata, in the order of their keys.
    pub fn strata(&self) -> impl Iterator<Item = Stratum> + '_ {
        self.strata.values().copied()
    }
}

/// How many times as often; the ends that have no bound are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The pooled ratio; `None` when nothing happened without the exposure.
    pub value: Option<f64>,
    /// The lower end of the 95 % interval, at least 0.
    pub low: f64,
    /// The upper end; `None` together with `value`.
    pub high: Option<f64>,
}

/// The exposed compared with the unexposed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The pooled Mantel–Haenszel ratio.
    pub ratio: Ratio,
    /// The signed root of the Mantel–Haenszel chi-square, without continuity correction.
    pub z: f64,
    /// Its two-sided p-value.
    pub p: f64,
    /// Person-time or customers with the exposure, in the strata that could be compared.
    pub exposed: f64,
    /// Events among them.
    pub exposed_events: f64,
    /// Person-time or customers without the exposure.
    pub unexposed: f64,
    /// Events among them.
    pub unexposed_events: f64,
    /// Events among the exposed, had they had the rate of the unexposed of their own stratum.
    pub expected_events: f64,
    /// Observed less expected events among the exposed: "customers affected" when each customer
    /// has at most one event. Below 0 where the exposed did better; n is the observed events.
    pub excess: Estimate,
    /// How many strata were compared.
    pub strata: u64,
    /// Person-time or customers with the exposure in strata without anybody to compare with (or
    /// with impossible counts): they are in no other number here.
    pub left_out: f64,
}

/// Compares events per person-time; `None` when nothing happened in any comparable stratum.
///
/// With aᵢ events in T₁ᵢ, bᵢ in T₀ᵢ, mᵢ = aᵢ + bᵢ, Tᵢ = T₁ᵢ + T₀ᵢ:
/// RR = Σ aᵢT₀ᵢ/Tᵢ ÷ Σ bᵢT₁ᵢ/Tᵢ (Rothman & Boice 1979),
/// Var ln RR = Σ mᵢT₁ᵢT₀ᵢ/Tᵢ² ÷ (Σ aᵢT₀ᵢ/Tᵢ · Σ bᵢT₁ᵢ/Tᵢ) (Greenland & Robins 1985),
/// χ² = (Σ aᵢ − Σ mᵢT₁ᵢ/Tᵢ)² ÷ Σ mᵢT₁ᵢT₀ᵢ/Tᵢ² (Shore et al. 1976).
pub fn rate_ratio(strata: impl IntoIterator<Item = Stratum>) -> Option<Comparison> {
    let mut sums = Sums::default();
    for stratum in strata {
        if !stratum.is_comparable() {
            sums.leave_out(&stratum);
            continue;
        }
        let Stratum { exposed: t1, exposed_events: a, unexposed: t0, unexposed_events: b } = stratum;
        let m = a + b;
        let information = m * t1 / (t1 + t0) * (t0 / (t1 + t0));
        sums.log_variance += information;
        sums.null_variance += information;
        sums.observed_variance += a;
        sums.expected_variance += b * (t1 / t0) * (t1 / t0);
        sums.add(stratum);
    }
    sums.compare()
}

/// Compares customers with an event among customers; `None` when nothing happened in any
/// comparable stratum.
///
/// With aᵢ of n₁ᵢ exposed and bᵢ of n₀ᵢ unexposed, mᵢ = aᵢ + bᵢ, nᵢ = n₁ᵢ + n₀ᵢ:
/// RR = Σ aᵢn₀ᵢ/nᵢ ÷ Σ bᵢn₁ᵢ/nᵢ,
/// Var ln RR = Σ (mᵢn₁ᵢn₀ᵢ/nᵢ² − aᵢbᵢ/nᵢ) ÷ (Σ aᵢn₀ᵢ/nᵢ · Σ bᵢn₁ᵢ/nᵢ) (Greenland & Robins 1985),
/// χ² = (Σ aᵢ − Σ mᵢn₁ᵢ/nᵢ)² ÷ Σ n₁ᵢn₀ᵢmᵢ(nᵢ − mᵢ)/(nᵢ²(nᵢ − 1)), the hypergeometric variance
/// (Mantel & Haenszel 1959).
pub fn risk_ratio(strata: impl IntoIterator<Item = Stratum>) -> Option<Comparison> {
    let mut sums = Sums::default();
    for stratum in strata {
        let Stratum { exposed: n1, exposed_events: a, unexposed: n0, unexposed_events: b } = stratum;
        if !stratum.is_comparable() || a > n1 || b > n0 {
            sums.leave_out(&stratum);
            continue;
        }
        let (m, n) = (a + b, n1 + n0);
        sums.log_variance += m * n1 / n * (n0 / n) - a * b / n;
        if n > 1.0 {
            sums.null_variance += n1 / n * (n0 / n) * m * ((n - m) / (n - 1.0));
        }
        sums.observed_variance += count_variance(a, n1);
        sums.expected_variance += count_variance(b, n0) * (n1 / n0) * (n1 / n0);
        sums.add(stratum);
    }
    sums.compare()
}

/// The unbiased variance of `events` among `n` customers, n·p(1−p)·n/(n−1); of a single customer
/// the larger Poisson variance, since one tells nothing about spread.
fn count_variance(events: f64, n: f64) -> f64 {
    if n > 1.0 { events * (n - events) / (n - 1.0) } else { events }
}

#[derive(Default)]
struct Sums {
    total: Stratum,
    strata: u64,
    left_out: f64,
    /// Σ aᵢT₀ᵢ/Tᵢ and Σ bᵢT₁ᵢ/Tᵢ.
    top: f64,
    bottom: f64,
    log_variance: f64,
    /// Of Σ aᵢ, were there no difference.
    null_variance: f64,
    /// Σ aᵢ − Σ mᵢT₁ᵢ/Tᵢ.
    surplus: f64,
    observed_variance: f64,
    expected: f64,
    expected_variance: f64,
    /// (mᵢ, T₁ᵢ/T₀ᵢ) of the strata with events, for the interval by test inversion.
    odds: Vec<(f64, f64)>,
}

impl Sums {
    fn add(&mut self, stratum: Stratum) {
        let Stratum { exposed: t1, exposed_events: a, unexposed: t0, unexposed_events: b } = stratum;
        let t = t1 + t0;
        self.total.merge(&stratum);
        self.strata += 1;
        self.top += a * (t0 / t);
        self.bottom += b * (t1 / t);
        self.surplus += a * (t0 / t) - b * (t1 / t);
        self.expected += b * (t1 / t0);
        if a + b > 0.0 {
            self.odds.push((a + b, t1 / t0));
        }
    }

    fn leave_out(&mut self, stratum: &Stratum) {
        if stratum.exposed > 0.0 {
            self.left_out += stratum.exposed;
        }
    }

    fn compare(self) -> Option<Comparison> {
        let Stratum { exposed, exposed_events, unexposed, unexposed_events } = self.total;
        if exposed_events + unexposed_events <= 0.0 {
            return None;
        }
        let z = if self.null_variance > 0.0 { self.surplus / self.null_variance.sqrt() } else { 0.0 };
        Some(Comparison {
            ratio: self.ratio(),
            z,
            p: two_sided_p(z),
            exposed,
            exposed_events,
            unexposed,
            unexposed_events,
            expected_events: self.expected,
            excess: self.excess(),
            strata: self.strata,
            left_out: self.left_out,
        })
    }

    fn ratio(&self) -> Ratio {
        let log_variance = self.log_variance / (self.top * self.bottom);
        if self.top > 0.0 && self.bottom > 0.0 && log_variance > 1e-12 {
            let value = self.top / self.bottom;
            let reach = (Z95 * log_variance.sqrt()).exp();
            return Ratio { value: Some(value), low: value / reach, high: Some(value * reach) };
        }
        // An empty cell: the logarithm has no variance, but the test can be inverted.
        let low = if self.top > 0.0 { self.inverted(Z95) } else { 0.0 };
        if self.bottom > 0.0 {
            let value = self.top / self.bottom;
            Ratio { value: Some(value), low: low.min(value), high: Some(self.inverted(-Z95).max(value)) }
        } else {
            Ratio { value: None, low, high: None }
        }
    }

    /// The ratio at which the score test gives `z`, by bisection on its logarithm.
    ///
    /// Given mᵢ, the exposed events are binomial with odds θT₁ᵢ/T₀ᵢ for a rate ratio θ. For
    /// risks this errs on the wide side, since counts among customers vary less.
    fn inverted(&self, z: f64) -> f64 {
        let observed = self.total.exposed_events;
        let score = |log_ratio: f64| {
            let (mut mean, mut variance) = (0.0, 0.0);
            for &(m, odds) in &self.odds {
                let share = 1.0 / (1.0 + 1.0 / (odds * log_ratio.exp()));
                mean += m * share;
                variance += m * share * (1.0 - share);
            }
            observed - mean - z * variance.sqrt()
        };
        let (mut low, mut high) = (-60.0_f64, 60.0_f64);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if score(middle) > 0.0 { low = middle } else { high = middle }
        }
        (0.5 * (low + high)).exp()
    }

    /// Observed less expected; the two intervals are joined by MOVER (Zou & Donner 2008).
    fn excess(&self) -> Estimate {
        let observed = self.total.exposed_events;
        let (a_low, a_high) = scaled_poisson(observed, self.observed_variance, 1.0);
        let weight = self.total.exposed / self.total.unexposed;
        let (e_low, e_high) = scaled_poisson(self.expected, self.expected_variance, weight);
        let value = observed - self.expected;
        let down = (observed - a_low).hypot(e_high - self.expected);
        let up = (a_high - observed).hypot(self.expected - e_low);
        Estimate::new(value, value - down, value + up, observed.round() as u64)
    }
}
