//! Which pairs are compared at all: those that share one of several keys.

use crate::column::{Kind, Table};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A pair of rows: the place in the first table and in the second, or two places in the only one.
pub type Pair = (u32, u32);

/// The keys of one row. Each key says in which way it was made, so that different ways never meet by chance.
fn keys(kinds: &[Kind], row: &[String], out: &mut Vec<u64>) {
    out.clear();
    let mut add = |way: (u8, usize, usize), value: &str| {
        let mut hasher = DefaultHasher::new();
        (way, value).hash(&mut hasher);
        out.push(hasher.finish());
    };
    let compared: Vec<usize> = (0..kinds.len()).filter(|i| kinds[*i] != Kind::Ignored && !row[*i].is_empty()).collect();
    let start = |i: usize, n: usize| row[i].chars().take(n).collect::<String>();
    for &i in &compared {
        if kinds[i] == Kind::Category {
            continue;
        }
        // Words are looked for in every column of their kind: they may stand in the wrong one.
        let place = if matches!(kinds[i], Kind::Name | Kind::Text) { 0 } else { i };
        add((0, place, 0), &row[i]);
        if matches!(kinds[i], Kind::Digits | Kind::Date) && row[i].len() >= 6 {
            for at in 0..row[i].len() {
                if row[i].is_char_boundary(at) && row[i].is_char_boundary(at + 1) {
                    add((1, i, 0), &format!("{}{}", &row[i][..at], &row[i][at + 1..]));
                }
            }
        }
    }
    // The beginnings of two values.
    for (n, &i) in compared.iter().enumerate() {
        for &j in &compared[n + 1..] {
            if kinds[i] != Kind::Category || kinds[j] != Kind::Category {
                add((2, i, j), &format!("{}|{}", start(i, 4), start(j, 4)));
            }
        }
    }
}

/// All pairs of two tables, or within one, that share a key which few enough rows have.
pub fn pairs(a: &Table, b: Option<&Table>, most_in_a_block: usize) -> Vec<Pair> {
    let kinds: Vec<Kind> = a.columns.iter().map(|c| c.kind).collect();
    let mut blocks: HashMap<u64, [Vec<u32>; 2]> = HashMap::new();
    let mut found = Vec::new();
    for (side, table) in [Some(a), b].into_iter().enumerate() {
        for (at, row) in table.iter().flat_map(|t| &t.rows).enumerate() {
            keys(&kinds, row, &mut found);
            found.sort_unstable();
            found.dedup();
            for key in &found {
                blocks.entry(*key).or_default()[side].push(at as u32);
            }
        }
    }
    let mut pairs = Vec::new();
    for [left, right] in blocks.into_values() {
        let size = left.len() + right.len();
        if size > most_in_a_block {
            continue;
        }
        match b {
            Some(_) => pairs.extend(left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r)))),
            None => {
                pairs.extend(left.iter().enumerate().flat_map(|(n, l)| left[n + 1..].iter().map(move |r| (*l, *r))))
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}
