//! Intervals for anything: the Poisson bootstrap, with weights that follow from the unit itself.
//!
//! In replicate r a unit (a customer) counts `Poisson(1)` times, and that number is a hash of the
//! seed, the unit and r. So it depends neither on the order of the units nor on the bucket they
//! lie in; sums of whole numbers merge exactly; and all rows of one unit rise and fall together,
//! which is what makes the interval right when a customer has many rows.

use serde::{Deserialize, Serialize};

use crate::Estimate;
use crate::distribution::{Z95, normal_cdf, normal_quantile};

/// From which seed, how many replicates. Equal designs give equal weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampling {
    /// Any number; the same one for everything that is compared or merged.
    pub seed: u64,
    /// How many replicates; 400 for a page, 2,000 for a report.
    pub replicates: u32,
}

impl Resampling {
    /// How often `unit` (any well kept hash or id) counts in each replicate, first to last.
    ///
    /// Poisson with mean 1 (Chamandy et al. 2012, "Estimating uncertainty for massive data
    /// streams"), by inversion of 64 hashed bits.
    pub fn weights(self, unit: u64) -> impl Iterator<Item = u32> {
        let key = mix(unit ^ mix(self.seed));
        (1..=u64::from(self.replicates)).map(move |replicate| {
            let bits = mix(key.wrapping_add(replicate.wrapping_mul(GAMMA)));
            POISSON.iter().take_while(|&&bound| bits >= bound).count() as u32
        })
    }

    /// The jackknife group of `unit`, below [`GROUPS`].
    fn group(self, unit: u64) -> usize {
        (mix(mix(unit ^ mix(self.seed))) % GROUPS as u64) as usize
    }
}

/// Sums of whole numbers per replicate (and per jackknife group), filled by a pass and merged
/// over buckets. Columns are the caller's: counts, minor units, seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResampledSums {
    resampling: Resampling,
    columns: usize,
    rows: u64,
    whole: Vec<i64>,
    replicates: Vec<i64>,
    groups: Vec<i64>,
}

/// Two sums that were not made by the same design cannot be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("resampled sums of different designs cannot be added up")]
pub struct OtherDesign;

impl ResampledSums {
    /// Sums of `columns` numbers, all 0.
    pub fn new(resampling: Resampling, columns: usize) -> Self {
        Self {
            resampling,
            columns,
            rows: 0,
            whole: vec![0; columns],
            replicates: vec![0; columns * resampling.replicates as usize],
            groups: vec![0; columns * GROUPS],
        }
    }

    /// Adds one row of `unit`; values beyond the columns are ignored, missing ones are 0.
    pub fn add(&mut self, unit: u64, row: &[i64]) {
        let columns = self.columns;
        if columns == 0 {
            return;
        }
        self.rows += 1;
        let add = |sums: &mut [i64], weight: i64| {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += weight * value;
            }
        };
        add(&mut self.whole, 1);
        let group = self.resampling.group(unit);
        if let Some(sums) = self.groups.chunks_exact_mut(columns).nth(group) {
            add(sums, 1);
        }
        let weights = self.resampling.weights(unit);
        for (sums, weight) in self.replicates.chunks_exact_mut(columns).zip(weights) {
            if weight > 0 {
                add(sums, i64::from(weight));
            }
        }
    }

    /// Adds the sums of `other`.
    pub fn merge(&mut self, other: &Self) -> Result<(), OtherDesign> {
        if (self.resampling, self.columns) != (other.resampling, other.columns) {
            return Err(OtherDesign);
        }
        let join = |mine: &mut [i64], theirs: &[i64]| {
            mine.iter_mut().zip(theirs).for_each(|(sum, value)| *sum += value);
        };
        self.rows += other.rows;
        join(&mut self.whole, &other.whole);
        join(&mut self.replicates, &other.replicates);
        join(&mut self.groups, &other.groups);
        Ok(())
    }

    /// `statistic` of the sums with the percentile interval; n is the rows. `None` without rows,
    /// or if the statistic is undefined for the whole or for more than a tenth of the replicates.
    pub fn percentile(&self, statistic: impl Fn(&[i64]) -> Option<f64>) -> Option<Estimate> {
        let (value, mut replicates) = self.evaluate(&statistic)?;
        let (low, high) = percentile(&mut replicates)?;
        Some(Estimate::new(value, low, high, self.rows))
    }

    /// As [`ResampledSums::percentile`] with the bias-corrected and accelerated interval; the
    /// acceleration comes from a jackknife over groups of units.
    pub fn bca(&self, statistic: impl Fn(&[i64]) -> Option<f64>) -> Option<Estimate> {
        let (value, mut replicates) = self.evaluate(&statistic)?;
        let without: Vec<f64> = self
            .groups
            .chunks_exact(self.columns)
            .filter(|group| group.iter().any(|&sum| sum != 0))
            .filter_map(|group| {
                let rest: Vec<i64> = self.whole.iter().zip(group).map(|(all, part)| all - part).collect();
                statistic(&rest)
            })
            .collect();
        let (low, high) = bca(value, &mut replicates, &without)?;
        Some(Estimate::new(value, low, high, self.rows))
    }

    fn evaluate(&self, statistic: &impl Fn(&[i64]) -> Option<f64>) -> Option<(f64, Vec<f64>)> {
        if self.rows == 0 {
            return None;
        }
        let value = statistic(&self.whole).filter(|value| value.is_finite())?;
        let replicates: Vec<f64> = self
            .replicates
            .chunks_exact(self.columns)
            .filter_map(statistic)
            .filter(|value| value.is_finite())
            .collect();
        (replicates.len() as f64 >= 0.9 * f64::from(self.resampling.replicates)).then_some((value, replicates))
    }
}

/// The 95 % percentile interval of `replicates` (Efron 1979), which it sorts; `None` without any.
pub fn percentile(replicates: &mut [f64]) -> Option<(f64, f64)> {
    replicates.sort_unstable_by(f64::total_cmp);
    Some((at(replicates, 0.025)?, at(replicates, 0.975)?))
}

/// The 95 % BCa interval (Efron 1987) of `value` from its bootstrap `replicates`, which it sorts,
/// and the values `without` one unit or group each; `None` without replicates.
///
/// z₀ = Φ⁻¹(share of replicates below, ties half), a = Σd³/(6(Σd²)^1.5), d = mean − without;
/// ends at Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z))). Where z₀ or a is undefined it is 0.
pub fn bca(value: f64, replicates: &mut [f64], without: &[f64]) -> Option<(f64, f64)> {
    replicates.sort_unstable_by(f64::total_cmp);
    let below = replicates.partition_point(|&r| r < value);
    let not_above = replicates.partition_point(|&r| r <= value);
    let bias = normal_quantile((below + not_above) as f64 / (2 * replicates.len()).max(1) as f64);
    let bias = if bias.is_finite() { bias } else { 0.0 };

    let mean = without.iter().sum::<f64>() / without.len().max(1) as f64;
    let power = |k: i32| without.iter().map(|w| (mean - w).powi(k)).sum::<f64>();
    let squares = power(2);
    let acceleration = if squares > 0.0 { power(3) / (6.0 * squares.powf(1.5)) } else { 0.0 };

    let level = |z: f64| normal_cdf(bias + (bias + z) / (1.0 - acceleration * (bias + z)));
    Some((at(replicates, level(-Z95))?, at(replicates, level(Z95))?))
}

/// The quantile at `p` of sorted values at position (B + 1)p, so that the B + 1 gaps between and
/// beyond them are equally likely (Davison & Hinkley 1997, § 2.4).
fn at(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = ((sorted.len() + 1) as f64 * p - 1.0).clamp(0.0, last as f64);
    let below = position.floor() as usize;
    let (low, high) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    Some(low + (position - below as f64) * (high - low))
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(GAMMA);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const GROUPS: usize = 100;

/// ⌊2⁶⁴·P(X ≤ k)⌋, k = 0, 1, …, of the Poisson distribution with mean 1.
const POISSON: [u64; 20] = [
    0x5e2d_58d8_b3bc_df1a,
    0xbc5a_b1b1_6779_be35,
    0xeb71_5e1d_c158_2dc2,
    0xfb23_9797_34a2_52f1,
    0xff10_25f5_9174_dc3d,
    0xffd9_0f3b_a405_5e19,
    0xfffa_8b71_fc72_c913,
    0xffff_540c_0914_b3c9,
    0xffff_ed1f_4aa8_f120,
    0xffff_fe21_6e64_1462,
    0xffff_ffd4_d85d_3183,
    0xffff_fffc_6da2_62b4,
    0xffff_ffff_ba12_d178,
    0xffff_ffff_fb07_c64c,
    0xffff_ffff_ffab_8ea5,
    0xffff_ffff_fffa_be22,
    0xffff_ffff_ffff_b11a,
    0xffff_ffff_ffff_fba1,
    0xffff_ffff_ffff_ffc5,
    0xffff_ffff_ffff_fffd,
];
