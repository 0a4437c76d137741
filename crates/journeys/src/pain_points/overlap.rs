//! How often one unit stands in the cells of a comparison.

use super::estimate::Cell;
use super::moments::outcome_and_domain;
use super::tables::Table;
use std::collections::BTreeMap;

/// The cells of one candidate and outcome, and how often a unit stands in them as unexposed.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    pub cells: Vec<Cell>,
    pub reuse: f64,
}

impl Compared {
    /// How much the same units stand in several cells. A unit stands in every `step`th bin until
    /// its outcome is settled, so whoever stands in a bin has stood in the earlier ones of its
    /// series, there with the mean weight of the bin; and whoever is exposed in a bin has stood in
    /// each earlier one with a chance of one in `step`.
    pub(super) fn overlap(&mut self, weights: &[(u64, f64, f64)], at_risk: &Table<u64, u64>, step: u64) {
        let mut bins: BTreeMap<(u64, u64), (f64, f64)> = BTreeMap::new();
        for &(cell, first, second) in weights.iter().filter(|(cell, ..)| outcome_and_domain(*cell).1 == 0) {
            let sums = bins.entry((cell & 0xf_ffff, cell >> 20 & 63)).or_default();
            sums.0 += first;
            sums.1 += second;
        }
        let mean = |stratum: u64, bin: u64, first: f64| {
            first / at_risk.get(&(stratum | bin << 20)).copied().unwrap_or(1).max(1) as f64
        };
        let (mut shared, mut alone) = (0.0, 0.0);
        for (&(stratum, bin), &(first, second)) in &bins {
            alone += second;
            for (&(_, earlier), &(before, _)) in bins.range((stratum, 0)..(stratum, bin)) {
                if (bin - earlier) % step == 0 {
                    shared += 2.0 * mean(stratum, earlier, before) * first;
                }
            }
        }
        self.reuse = if alone > 0.0 { 1.0 + shared / alone } else { 1.0 };
        for (cell, &(key, ..)) in self.cells.iter_mut().zip(weights) {
            if outcome_and_domain(key).1 == 0 {
                let (stratum, bin) = (key & 0xf_ffff, key >> 20 & 63);
                let earlier = bins.range((stratum, 0)..(stratum, bin));
                cell.earlier_weight =
                    earlier.map(|(&(_, e), &(before, _))| mean(stratum, e, before) / step as f64).sum();
            }
        }
    }
}

/// Outcome, domain, stratum and bin of a cell.
pub(super) fn time_of(cell: u64) -> u64 {
    cell & 0x3ff_ffff
}
