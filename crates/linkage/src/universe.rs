//! All pairs of records that there are, and some of them taken at random, in a fixed sequence.

use crate::blocking::Pair;
use crate::column::Table;
use std::collections::BTreeMap;

/// Records of one table, or of two, the second of which begins with row `split`: then a pair has one of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Universe {
    pub(crate) rows: usize,
    pub(crate) split: Option<usize>,
}

/// The nth number of a fixed sequence (SplitMix64).
fn number(n: u64) -> usize {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as usize
}

/// One of `n`, and another one of them.
fn two_of(n: usize, x: usize, y: usize) -> (usize, usize) {
    let a = x % n;
    let b = (a + 1 + y % (n - 1)) % n;
    (a.min(b), a.max(b))
}

impl Universe {
    /// How many pairs there are.
    pub(crate) fn pairs(&self) -> f64 {
        match self.split {
            Some(split) => split as f64 * (self.rows - split) as f64,
            None => self.rows as f64 * (self.rows as f64 - 1.0) / 2.0,
        }
    }

    /// About `n` pairs at random; all of them where there are not many more, so that it does not matter in which
    /// order the records of a small table stand. There is at least one.
    pub(crate) fn sample(&self, n: usize) -> Vec<Pair> {
        if self.pairs() > 2.0 * n as f64 {
            return (0..n as u64).map(|i| self.at_random(i)).collect();
        }
        let rows = |from: usize, to: usize| (from as u32)..(to as u32);
        match self.split {
            Some(split) => rows(0, split).flat_map(|a| rows(split, self.rows).map(move |b| (a, b))).collect(),
            None => rows(0, self.rows).flat_map(|a| rows(a as usize + 1, self.rows).map(move |b| (a, b))).collect(),
        }
    }

    /// The nth pair at random.
    fn at_random(&self, n: u64) -> Pair {
        let (x, y) = (number(2 * n + 1), number(2 * n + 2));
        match self.split {
            Some(split) => ((x % split) as u32, (split + y % (self.rows - split)) as u32),
            None => {
                let (a, b) = two_of(self.rows, x, y);
                (a as u32, b as u32)
            }
        }
    }

    /// Up to `n` pairs at random that say the same in a column; all of them where there are not more.
    pub(crate) fn agreeing(&self, table: &Table, column: usize, n: usize) -> Vec<Pair> {
        let mut groups: BTreeMap<&str, [Vec<u32>; 2]> = BTreeMap::new();
        for (at, row) in table.rows.iter().enumerate().filter(|(_, row)| !row[column].is_empty()) {
            let side = usize::from(self.split.is_some_and(|s| at >= s));
            groups.entry(&row[column]).or_default()[side].push(at as u32);
        }
        let size = |[a, b]: &[Vec<u32>; 2]| match self.split {
            Some(_) => a.len() * b.len(),
            None => a.len() * a.len().saturating_sub(1) / 2,
        };
        // Groups by where their pairs begin, so that each pair is as likely as any other.
        let (mut total, mut begins) = (0, Vec::new());
        for group in groups.values().filter(|g| size(g) > 0) {
            begins.push((total, group));
            total += size(group);
        }
        let pick = |i: u64| {
            let at = number(3 * i + 1) % total;
            let (_, [a, b]) = begins[begins.partition_point(|(begin, _)| *begin <= at) - 1];
            let (x, y) = (number(3 * i + 2), number(3 * i + 3));
            match self.split {
                Some(_) => (a[x % a.len()], b[y % b.len()]),
                None => {
                    let (i, j) = two_of(a.len(), x, y);
                    (a[i], a[j])
                }
            }
        };
        if total > n {
            return (0..n as u64).map(pick).collect();
        }
        let all = |[a, b]: &[Vec<u32>; 2]| -> Vec<Pair> {
            match self.split {
                Some(_) => a.iter().flat_map(|x| b.iter().map(|y| (*x, *y))).collect(),
                None => a.iter().enumerate().flat_map(|(i, x)| a[i + 1..].iter().map(|y| (*x, *y))).collect(),
            }
        };
        begins.into_iter().flat_map(|(_, group)| all(group)).collect()
    }
}
