//! Net promoter score and whether it changed.

use serde::{Deserialize, Serialize};

use super::counts::{Scale, ScoreCounts};
use crate::Estimate;
use crate::distribution::{Z95, two_sided_p};
use crate::interval::{SignedForm, SignedShare, signed_share};

/// A net promoter score (Reichheld 2003) with its classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Nps {
    /// 100·(promoters − detractors)/n in −100…+100; see [`signed_share`] for the interval.
    pub score: Estimate,
    /// How many answered 9 or 10.
    pub promoters: u64,
    /// How many answered above 6 and below 9.
    pub passives: u64,
    /// How many answered 0–6.
    pub detractors: u64,
    /// Which interval stands around the score.
    pub form: SignedForm,
}

/// The net promoter score of answers on 0–10; `None` without answers or on another scale.
pub fn nps(counts: &ScoreCounts) -> Option<Nps> {
    let (promoters, passives, detractors) = classes(counts)?;
    let share = signed_share(promoters, passives, detractors)?;
    Some(Nps { score: share.estimate.times(100.0), promoters, passives, detractors, form: share.form })
}

/// A difference between two closed waves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NpsChange {
    /// The later score less the earlier one, in points; n is that of both waves together.
    pub difference: Estimate,
    /// (N₁ − N₂)/√(SE₁² + SE₂²).
    pub z: f64,
    /// Two-sided p-value of `z`.
    pub p: f64,
}

impl NpsChange {
    /// Whether the word "changed" may be used: p < 0.05.
    ///
    /// Only for closed periods: a page that is looked at all day would find a change sooner or
    /// later in any noise.
    pub fn changed(&self) -> bool {
        self.p < 0.05
    }
}

/// Compares two closed waves of independent answers; `None` when one of them has none.
///
/// Where a wave is small or lacks a class its adjusted shares are used in the test too.
pub fn nps_change(earlier: &ScoreCounts, later: &ScoreCounts) -> Option<NpsChange> {
    let share = |counts| -> Option<SignedShare> {
        let (up, between, down) = classes(counts)?;
        signed_share(up, between, down)
    };
    let (before, after) = (share(earlier)?, share(later)?);
    let error = before.standard_error.hypot(after.standard_error);
    let (gap, value) = (after.centre - before.centre, after.estimate.value - before.estimate.value);
    let n = before.estimate.n + after.estimate.n;
    let difference = Estimate::new(value, gap - Z95 * error, gap + Z95 * error, n).within(-2.0, 2.0);
    let z = gap / error;
    Some(NpsChange { difference: difference.times(100.0), z, p: two_sided_p(z) })
}

/// Promoters, passives and detractors.
fn classes(counts: &ScoreCounts) -> Option<(u64, u64, u64)> {
    if counts.scale() != Scale::NPS {
        return None;
    }
    let promoters = counts.count(|answer| answer >= 9_000);
    let detractors = counts.count(|answer| answer <= 6_000);
    Some((promoters, counts.n() - promoters - detractors, detractors))
}
