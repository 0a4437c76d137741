//! How good links are where the truth is known.

use std::collections::HashMap;
use std::hash::Hash;

/// Precision, recall and their harmonic mean, over pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Pairs that are rightly joined.
    pub right: u64,
    /// Pairs that are joined.
    pub joined: u64,
    /// Pairs that are of one person.
    pub true_pairs: u64,
}

impl Quality {
    /// Of the pairs that are joined, the share that is of one person; 1 where none is joined.
    pub fn precision(&self) -> f64 {
        if self.joined == 0 { 1.0 } else { self.right as f64 / self.joined as f64 }
    }

    /// Of the pairs of one person, the share that is joined; 1 where there is none.
    pub fn recall(&self) -> f64 {
        if self.true_pairs == 0 { 1.0 } else { self.right as f64 / self.true_pairs as f64 }
    }

    /// Their harmonic mean.
    pub fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r == 0.0 { 0.0 } else { 2.0 * p * r / (p + r) }
    }
}

fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// The same for two tables, the second of which begins with row `split`: pairs of one of each alone.
pub fn quality_across<C: Eq + Hash + Copy, T: Eq + Hash + Clone>(found: &[C], truth: &[T], split: usize) -> Quality {
    fn count<K: Eq + Hash>(keys: impl Iterator<Item = K>, split: usize) -> u64 {
        let mut sides: HashMap<K, [u64; 2]> = HashMap::new();
        keys.enumerate().for_each(|(at, k)| sides.entry(k).or_default()[usize::from(at >= split)] += 1);
        sides.into_values().map(|[a, b]| a * b).sum()
    }
    Quality {
        right: count(found.iter().zip(truth), split),
        joined: count(found.iter(), split),
        true_pairs: count(truth.iter(), split),
    }
}

/// Compares clusters with the truth: each record's cluster and whose it really is.
pub fn quality<C: Eq + Hash + Copy, T: Eq + Hash + Clone>(found: &[C], truth: &[T]) -> Quality {
    let (mut by_found, mut by_truth) = (HashMap::<C, u64>::new(), HashMap::<T, u64>::new());
    let mut by_both = HashMap::<(C, T), u64>::new();
    for (f, t) in found.iter().zip(truth) {
        *by_found.entry(*f).or_default() += 1;
        *by_truth.entry(t.clone()).or_default() += 1;
        *by_both.entry((*f, t.clone())).or_default() += 1;
    }
    Quality {
        right: by_both.into_values().map(pairs).sum(),
        joined: by_found.into_values().map(pairs).sum(),
        true_pairs: by_truth.into_values().map(pairs).sum(),
    }
}
