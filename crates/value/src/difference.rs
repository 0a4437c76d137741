//! Two independent estimates, one less the other: what changed, and whether that is more than chance.

use crate::Estimate;
use crate::distribution::{Z95, two_sided_p};
use serde::{Deserialize, Serialize};

/// A difference with its interval and how likely chance alone would make one as large.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The later value less the earlier one, with its 95 % interval; n is that of the smaller group.
    pub change: Estimate,
    /// Two-sided p-value: below 0.05 exactly where the interval does not hold 0.
    pub p: f64,
}

/// `later` less `earlier`, two estimates from different observations in one unit.
///
/// The interval puts together what each estimate may be off (MOVER): with d = a − b,
/// d − √((a − a_low)² + (b_high − b)²) to d + √((a_high − a)² + (b − b_low)²). For two shares with
/// Wilson's intervals it is method 10 of Newcombe (1998, Statistics in Medicine 17, 873–890), for two
/// means with t-intervals nearly Welch's; for any two estimates see Zou & Donner (2008, Statistics in
/// Medicine 27, 1693–1702). The p-value takes the standard error from the end that lies towards 0.
pub fn difference(later: &Estimate, earlier: &Estimate) -> Difference {
    let d = later.value - earlier.value;
    let low = d - (later.value - later.low).hypot(earlier.high - earlier.value);
    let high = d + (later.high - later.value).hypot(earlier.value - earlier.low);
    let towards_nothing = if d > 0.0 { d - low } else { high - d };
    let z = if d == 0.0 { 0.0 } else { d / (towards_nothing.max(f64::MIN_POSITIVE) / Z95) };
    Difference { change: Estimate::new(d, low, high, later.n.min(earlier.n)), p: two_sided_p(z) }
}
