//! Which pairs are compared at all: those that share one of several keys.

use crate::column::{Kind, Table};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A pair of rows, the earlier one first.
pub type Pair = (u32, u32);

/// The keys of one row. Each key says in which way it was made, so that different ways never meet by chance.
fn keys(kinds: &[Kind], row: &[String], mut add: impl FnMut(u64)) {
    fn key(way: (u8, usize, usize), parts: [&str; 2]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (way, parts).hash(&mut hasher);
        hasher.finish()
    }
    let compared: Vec<usize> = (0..kinds.len()).filter(|i| kinds[*i] != Kind::Ignored && !row[*i].is_empty()).collect();
    let start = |i: usize| row[i].char_indices().nth(4).map_or(row[i].as_str(), |(end, _)| &row[i][..end]);
    for (n, &i) in compared.iter().enumerate() {
        // The beginnings of two values.
        for &j in &compared[n + 1..] {
            if kinds[i] != Kind::Category || kinds[j] != Kind::Category {
                add(key((2, i, j), [start(i), start(j)]));
            }
        }
        if kinds[i] == Kind::Category {
            continue;
        }
        // Words are looked for in every column of their kind: they may stand in the wrong one.
        let place = if matches!(kinds[i], Kind::Name | Kind::Text) { 0 } else { i };
        add(key((0, place, 0), [&row[i], ""]));
        // A number without each of its digits: one that is wrong, missing or one too many leaves one in common.
        if matches!(kinds[i], Kind::Digits | Kind::Date) && row[i].len() >= 6 && row[i].is_ascii() {
            (0..row[i].len()).for_each(|at| add(key((1, i, 0), [&row[i][..at], &row[i][at + 1..]])));
        }
    }
}

/// All pairs within a table, or of its rows before `split` with those from there on, that share a key which few
/// enough rows have.
pub fn pairs(table: &Table, split: Option<usize>, most_in_a_block: usize) -> Vec<Pair> {
    let kinds: Vec<Kind> = table.columns.iter().map(|c| c.kind).collect();
    let mut all: Vec<(u64, u32)> = Vec::new();
    for (at, row) in table.rows.iter().enumerate() {
        keys(&kinds, row, |key| all.push((key, at as u32)));
    }
    all.sort_unstable();
    all.dedup();
    let mut pairs = Vec::new();
    for block in all.chunk_by(|x, y| x.0 == y.0).filter(|b| (2..=most_in_a_block).contains(&b.len())) {
        let second = split.map_or(block.len(), |s| block.partition_point(|(_, row)| (*row as usize) < s));
        match split {
            Some(_) => {
                let (left, right) = block.split_at(second);
                pairs.extend(left.iter().flat_map(|(_, l)| right.iter().map(move |(_, r)| (*l, *r))));
            }
            None => pairs.extend(
                block.iter().enumerate().flat_map(|(n, (_, l))| block[n + 1..].iter().map(move |(_, r)| (*l, *r))),
            ),
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
