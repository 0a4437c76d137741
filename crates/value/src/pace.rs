//! Whether something comes faster than it ever did by chance: a count of one hour against the hours before.

use crate::distribution::beta_inc;

/// Hours before that are wanted before anything is said.
const FEWEST: usize = 28;
/// Fewer than this in an hour are never unusual.
const LEAST: u64 = 5;
/// Hours in a year, after which an hour that is usual has been called unusual once.
const HOURS: f64 = 8_766.0;

/// The pace of one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// How many came.
    pub now: u64,
    /// How many usually come.
    pub usual: f64,
    /// The most that would still be usual.
    pub most: u64,
    /// The chance of so many or more, if nothing has changed.
    pub p: f64,
}

impl Pace {
    /// More than chance brings about once a year, when every hour is looked at.
    pub fn is_unusual(&self) -> bool {
        self.now >= LEAST && self.p < 1.0 / HOURS
    }
}

/// The pace of an hour with `now` counts after hours with counts `before`; `None` for fewer than 28 of them.
///
/// With k hours, S = Σxᵢ and Jeffreys' prior the rate is Gamma(S + ½, k), and the next count is negative binomial:
/// P(X ≥ x) = I_{1/(k+1)}(x, S + ½), I the regularised incomplete beta function. Counts that scatter more than
/// Poisson's, φ = max(1, X²/(k − 1)), are divided by φ first (quasi-likelihood; McCullagh and Nelder 1989, 6.2).
pub fn pace(before: &[u64], now: u64) -> Option<Pace> {
    let k = before.len();
    if k < FEWEST {
        return None;
    }
    let sum: u64 = before.iter().sum();
    let usual = sum as f64 / k as f64;
    let chi2: f64 = before.iter().map(|x| (*x as f64 - usual).powi(2)).sum::<f64>() / usual.max(f64::MIN_POSITIVE);
    let dispersion = if sum == 0 { 1.0 } else { (chi2 / (k as f64 - 1.0)).max(1.0) };
    let upper = |x: u64| match x {
        0 => 1.0,
        x => beta_inc(x as f64 / dispersion, sum as f64 / dispersion + 0.5, 1.0 / (k as f64 + 1.0)),
    };
    // The chance falls with the count: the last usual one is found by halving.
    let (mut low, mut high) = (0_u64, LEAST.max(2 * usual.ceil() as u64));
    while upper(high + 1) >= 1.0 / HOURS {
        low = high;
        high *= 2;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if upper(middle + 1) < 1.0 / HOURS { high = middle } else { low = middle + 1 }
    }
    Some(Pace { now, usual, most: low.max(LEAST - 1), p: upper(now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rng(u64);

    impl Rng {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        }

        /// Knuth's way, in steps so that nothing underflows.
        fn poisson(&mut self, mean: f64) -> u64 {
            let (mut n, mut left) = (0, mean);
            loop {
                left += self.unit().ln();
                if left < 0.0 {
                    return n;
                }
                n += 1;
            }
        }
    }

    /// How often of a hundred thousand usual hours one is called unusual.
    fn alarms(mean: f64, scatter: bool) -> u32 {
        let mut rng = Rng(17);
        let mut alarms = 0;
        for _ in 0..2_000 {
            let hour = |rng: &mut Rng| {
                // Some hours have three times as much as others, where they scatter.
                let mean = if scatter { mean * [0.5, 0.75, 1.0, 1.75][(rng.unit() * 4.0) as usize] } else { mean };
                rng.poisson(mean)
            };
            let before: Vec<u64> = (0..84).map(|_| hour(&mut rng)).collect();
            for _ in 0..50 {
                alarms += u32::from(pace(&before, hour(&mut rng)).is_some_and(|p| p.is_unusual()));
            }
        }
        alarms
    }

    #[test]
    fn usual_hours_are_called_unusual_about_once_a_year() {
        // 100,000 hours are 11.4 years.
        for (mean, scatter) in [(0.3, false), (4.0, false), (60.0, false), (4.0, true), (60.0, true)] {
            let n = alarms(mean, scatter);
            assert!(n <= 20, "{n} alarms in 11.4 years at {mean} an hour, scattered: {scatter}");
        }
    }

    #[test]
    fn a_flood_is_noticed_and_little_is_never_a_flood() {
        let before: Vec<u64> = (0..84).map(|n| 8 + n % 9).collect();
        let p = pace(&before, 60).unwrap();
        assert!(p.is_unusual() && (p.usual - 12.0).abs() < 1.0 && p.most < 40, "{p:?}");
        assert!(!pace(&before, p.most).unwrap().is_unusual() && pace(&before, p.most + 1).unwrap().is_unusual());
        assert!(!pace(&[0; 84], 4).unwrap().is_unusual());
        assert!(pace(&[0; 84], 40).unwrap().is_unusual());
        assert_eq!(pace(&[3; 20], 400), None);
    }
}
