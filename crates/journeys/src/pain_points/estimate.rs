//! The estimator: from cells of like instances to a ratio, its interval and its p-value.
//!
//! A cell holds instances that were alike at one moment. Of n₁ whose exposure began just then a
//! turned out badly; of n₀ not exposed so far b did, b' of them after an exposure that came later.
//! With N = n₁ + n₀, sums over cells:
//!
//! - Ratio: g-estimation of a multiplicative structural nested mean model (Robins 1994, Comm.
//!   Stat. 23:2379). If exposure multiplies the risk by ψ, an outcome after exposure counts H = 1/ψ
//!   and any other H = 1, and within a cell H does not depend on who was exposed just then:
//!   U(ψ) = Σ (n₀/N)·a/ψ − (n₁/N)·(b − b' + b'/ψ) = 0, so
//!   ψ = (Σ n₀a/N − Σ n₁b'/N) ÷ Σ n₁(b − b')/N.
//!   Without later exposures this is the Mantel–Haenszel risk ratio.
//! - Interval: the ψ with U(ψ)² ≤ z²·V(ψ), a score interval as Miettinen & Nurminen (1985), with
//!   V = Σ (θ(n₀²n₁/ψ + k·n₁²n₀κ) − θ₂(n₀²n₁ + k·n₁²n₀))/N², where θ = ΣH/N is the pooled mean of
//!   H, θ₂ = ((ΣH)² − ΣH²)/(N(N − 1)) the unbiased square of it, and κ the mean of H²/H among the
//!   unexposed; for ψ = 1 it is the hypergeometric variance, so many sparse cells do no harm.
//! - Test of ψ = 1: given the margins a is a sum of hypergeometric counts with mean μ = Σ n₁m/N and
//!   variance Σ n₁n₀m(N − m)/(N²(N − 1)) (Mantel & Haenszel 1959). The tail is that of the binomial
//!   with the same mean and variance, which keeps small counts honest where a normal tail does not.
//! - An instance may stand as unexposed in several cells (it was alike with others at several
//!   moments). `reuse` = k is Σ(Σw)²/ΣΣw² over instances, w = n₁/N the weights of their cells; the
//!   variance of the unexposed side is multiplied by it, as for a sample drawn in clusters of equals
//!   (Kish 1965). And an exposed one may have stood as unexposed before, with the opposite sign: that
//!   covariance is subtracted from V (not from the test, which stays on the safe side).

use serde::Serialize;
use throughline_value::distribution::{Z95, beta_inc, two_sided_p};

/// One cell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cell {
    /// Exposure began here.
    pub exposed: f64,
    /// Of those, with the outcome.
    pub exposed_events: f64,
    /// Not exposed so far.
    pub unexposed: f64,
    /// Of those, with the outcome.
    pub unexposed_events: f64,
    /// Of the unexposed, those whose exposure began later.
    pub later: f64,
    /// Of their events, the ones after an exposure that began later.
    pub later_events: f64,
    /// With how much weight one of the exposed stood as unexposed in earlier cells.
    pub earlier_weight: f64,
}

/// The exposed compared with the unexposed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Contrast {
    /// How many times as often; `None` if nothing happened to anybody who was never exposed.
    pub ratio: Option<f64>,
    /// Lower end of the 95 % interval, at least 0.
    pub low: f64,
    /// Upper end; `None` for no bound.
    pub high: Option<f64>,
    /// Two-sided p-value of "no difference".
    pub p: f64,
    /// The signed root of the chi-square.
    pub z: f64,
    /// Unexposed in those cells (each once per cell) who were never exposed at all.
    pub never: f64,
    /// Exposed instances in cells that could be compared.
    pub compared: f64,
    /// Events among them.
    pub compared_events: f64,
    /// Events among them, were there no difference.
    pub null_events: f64,
}

/// Compares; `None` when no cell has both sides and an event.
pub fn contrast(cells: &[Cell], reuse: f64) -> Option<Contrast> {
    let k = reuse.max(1.0);
    let cells: Vec<Cell> = cells.iter().copied().filter(|c| c.exposed > 0.0 && c.unexposed > 0.0).collect();
    let (mut a, mut n, mut mean, mut plain, mut stretched) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for c in &cells {
        let (size, m) = (c.exposed + c.unexposed, c.exposed_events + c.unexposed_events);
        a += c.exposed_events;
        n += c.exposed;
        mean += c.exposed * m / size;
        let v = c.exposed * c.unexposed * m * (size - m) / (size * size * (size - 1.0));
        plain += v;
        stretched += v * ((c.unexposed + k * c.exposed) / size - 2.0 * c.earlier_weight);
    }
    if mean <= 0.0 || plain <= 0.0 {
        return None;
    }
    let stretched = stretched.max(plain);
    let z = (a - mean) / stretched.sqrt();
    let (ratio, low, high) = interval(&cells, k);
    let p = p_value(a, mean, plain, stretched);
    let never = cells.iter().map(|c| c.unexposed - c.later).sum();
    Some(Contrast { ratio, low, high, p, z, never, compared: n, compared_events: a, null_events: mean })
}

/// Two-sided: twice the upper tail of the matched binomial, or the normal one below the mean.
fn p_value(a: f64, mean: f64, plain: f64, stretched: f64) -> f64 {
    if a <= mean {
        return two_sided_p((a - mean) / stretched.sqrt());
    }
    let scale = stretched / plain;
    let (a, mean) = (a / scale, mean / scale);
    let share = (1.0 - plain / (mean * scale)).clamp(1e-9, 1.0 - 1e-12);
    let trials = (mean / share).max(a);
    (2.0 * beta_inc(a, trials - a + 1.0, share)).clamp(0.0, 1.0)
}

fn interval(cells: &[Cell], k: f64) -> (Option<f64>, f64, Option<f64>) {
    let sum = |f: &dyn Fn(&Cell) -> f64| cells.iter().map(f).sum::<f64>();
    let size = |c: &Cell| c.exposed + c.unexposed;
    let later = sum(&|c| c.exposed * c.later_events / size(c));
    let top = sum(&|c| c.unexposed * c.exposed_events / size(c)) - later;
    let bottom = sum(&|c| c.exposed * (c.unexposed_events - c.later_events) / size(c));
    let score = |ratio: f64, z: f64| {
        let spread = (bottom + later / (ratio * ratio)) / (bottom + later / ratio).max(1e-300);
        let variance = sum(&|c: &Cell| {
            let n = size(c);
            let never = c.unexposed_events - c.later_events;
            let sum = (c.exposed_events + c.later_events) / ratio + never;
            let squares = (c.exposed_events + c.later_events) / (ratio * ratio) + never;
            let (mean, square) = (sum / n, ((sum * sum - squares) / (n * (n - 1.0))).max(0.0));
            let (with, without) =
                (c.unexposed / n * c.unexposed / n * c.exposed, c.exposed / n * c.exposed / n * c.unexposed);
            let both = 2.0 * c.exposed * c.unexposed / n * c.earlier_weight;
            mean * (with / ratio + k * without * spread)
                - square * (with + k * without)
                - both * (mean / ratio - square)
        });
        top / ratio - bottom - z * variance.max(0.0).sqrt()
    };
    // The ratio at which the standardised score is z, by bisection on its logarithm.
    let solve = |z: f64| {
        let (mut low, mut high) = (-14.0_f64, 14.0_f64);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if score(middle.exp(), z) > 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    let (low, high) = (solve(Z95), solve(-Z95));
    let ratio = (bottom > 0.0).then(|| (top / bottom).max(0.0));
    let low = if low < -13.0 { 0.0 } else { low.exp() };
    let high = (high < 13.0).then(|| high.exp());
    (ratio, ratio.map_or(low, |r| low.min(r)), high.map(|h| ratio.map_or(h, |r| h.max(r))))
}
