//! How many it takes to know: the question that little data leave open.

use crate::distribution::{Z95, normal_quantile};

/// How sure a comparison should be to show a difference that is there.
pub const POWER: f64 = 0.8;

/// The fewest answers of which a share near `share` is known to ± `reach` (95 %, Wilson's
/// interval), for 0 < `reach` < ½.
///
/// Half of the width of Wilson's interval (1927) is z√(p(1−p)/n + z²/4n²) ÷ (1 + z²/n); it falls
/// with n, and n is found by bisection.
pub fn answers_for_share(share: f64, reach: f64) -> u64 {
    let p = share.clamp(0.0, 1.0);
    let half_width = |n: f64| {
        let z2 = Z95 * Z95;
        Z95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n)
    };
    let (mut few, mut enough) = (0_u64, 1_u64);
    while half_width(enough as f64) > reach && enough < 1 << 40 {
        (few, enough) = (enough, enough * 2);
    }
    while enough - few > 1 {
        let middle = few + (enough - few) / 2;
        if half_width(middle as f64) > reach { few = middle } else { enough = middle }
    }
    enough
}

/// The fewest of the first group, at `ratio` times as many of the second, with which a test at 5 %
/// (two-sided) shows with a chance of [`POWER`] that shares of `first` and `second` differ. `None`
/// where they do not, or a share is not inside 0–1.
///
/// Fleiss, Levin & Paik (2003, Statistical Methods for Rates and Proportions, 4.19), without
/// continuity correction: n₁ = (z₁₋α/₂√((r + 1)p̄q̄) + z₁₋β√(r·p₁q₁ + p₂q₂))² ÷ (r(p₁ − p₂)²), with
/// p̄ = (p₁ + r·p₂)/(r + 1).
pub fn needed_to_tell_apart(first: f64, second: f64, ratio: f64) -> Option<u64> {
    let inside = (0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&second);
    if !inside || (first - second).abs() < 1e-9 || ratio <= 0.0 || !ratio.is_finite() {
        return None;
    }
    let pooled = (first + ratio * second) / (ratio + 1.0);
    let chance = Z95 * ((ratio + 1.0) * pooled * (1.0 - pooled)).sqrt();
    let spread = (ratio * first * (1.0 - first) + second * (1.0 - second)).sqrt();
    let n = (chance + normal_quantile(POWER) * spread).powi(2) / (ratio * (first - second).powi(2));
    Some(n.ceil() as u64)
}

/// The fewest of the second group that do it when the first is given and has `n` already; `None`
/// where not even endlessly many would, or there is nothing to tell apart.
///
/// [`needed_to_tell_apart`] solved for the size of the second group by bisection on the ratio.
pub fn needed_against(first: f64, second: f64, n: u64) -> Option<u64> {
    let enough = |m: u64| needed_to_tell_apart(first, second, m as f64 / n as f64).is_some_and(|needed| needed <= n);
    let most = 1_u64 << 40;
    if n == 0 || !enough(most) {
        return None;
    }
    let (mut few, mut many) = (0_u64, most);
    while many - few > 1 {
        let middle = few + (many - few) / 2;
        if enough(middle) { many = middle } else { few = middle }
    }
    Some(many)
}
