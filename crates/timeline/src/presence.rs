//! Which rows have a value in a sparse column, and where the value lies.
//!
//! Three forms: nothing (no rows, no values), all rows (no bits, one value a row), or one bit a
//! row followed by a running count (`u32`) per 512 rows.

use crate::bytes::{bytes_of, column};
use std::ops::Range;

const WORDS: usize = 8;

/// Encodes the rows, ascending, that have a value; empty for none and for all.
pub(crate) fn encode(with: &[u32], rows: usize) -> Vec<u8> {
    if with.is_empty() || with.len() == rows {
        return Vec::new();
    }
    let mut bits = vec![0_u64; rows.div_ceil(64)];
    for &row in with {
        bits[row as usize / 64] |= 1 << (row % 64);
    }
    let mut counts = Vec::with_capacity(bits.len().div_ceil(WORDS));
    let mut seen = 0_u32;
    for block in bits.chunks(WORDS) {
        counts.push(seen);
        seen += block.iter().map(|w| w.count_ones()).sum::<u32>();
    }
    let mut out = bytes_of(&bits).to_vec();
    out.extend_from_slice(bytes_of(&counts));
    out
}

/// Bytes of the bits and counts of `rows` rows.
pub(crate) fn encoded_len(rows: usize) -> usize {
    let words = rows.div_ceil(64);
    words * 8 + words.div_ceil(WORDS) * 4
}

/// The place of `row`'s value, if it has one. `values` is how many there are.
#[inline]
pub(crate) fn slot(section: &[u8], rows: usize, values: usize, row: usize) -> Option<usize> {
    if section.is_empty() {
        return (row < values).then_some(row);
    }
    let words = rows.div_ceil(64);
    let bits: &[u64] = column(&section[..words * 8]);
    let word = row / 64;
    let mask = 1_u64 << (row % 64);
    if bits[word] & mask == 0 {
        return None;
    }
    let counts: &[u32] = column(&section[words * 8..]);
    let block = word / WORDS;
    let before: u32 = bits[block * WORDS..word].iter().map(|w| w.count_ones()).sum();
    let at = counts[block] + before + (bits[word] & (mask - 1)).count_ones();
    ((at as usize) < values).then_some(at as usize)
}

/// The rows of `range` that have a value, and its place, ascending.
#[inline]
pub(crate) fn each(
    section: &[u8],
    rows: usize,
    values: usize,
    range: Range<usize>,
) -> impl Iterator<Item = (usize, usize)> + '_ {
    let (bits, counts): (&[u64], &[u32]) = if section.is_empty() {
        (&[], &[])
    } else {
        let (bits, counts) = section.split_at(rows.div_ceil(64) * 8);
        (column(bits), column(counts))
    };
    let all = if section.is_empty() { range.start..range.end.min(values) } else { 0..0 };
    let mut word = range.start / 64;
    let mut left = bits.get(word).map_or(0, |w| w & (u64::MAX << (range.start % 64)));
    let mut at = match bits.get(word) {
        Some(w) => {
            let block = word / WORDS;
            let before: u32 = bits[block * WORDS..word].iter().map(|w| w.count_ones()).sum();
            (counts[block] + before + (w ^ left).count_ones()) as usize
        }
        None => values,
    };
    let sparse = std::iter::from_fn(move || {
        while left == 0 {
            word += 1;
            if word * 64 >= range.end {
                return None;
            }
            left = *bits.get(word)?;
        }
        let row = word * 64 + left.trailing_zeros() as usize;
        left &= left - 1;
        at += 1;
        (row < range.end && at <= values).then_some((row, at - 1))
    });
    all.map(|row| (row, row)).chain(sparse)
}

#[cfg(test)]
mod tests {
    use super::{each, encode, slot};

    #[test]
    fn places_are_those_of_a_plain_list() {
        let rows = 1_300;
        let lists = [
            Vec::new(),
            (0..rows as u32).collect(),
            (0..rows as u32).filter(|r| r % 7 == 3).collect::<Vec<_>>(),
            (0..rows as u32).filter(|r| !(64..1_100).contains(r)).collect(),
            vec![1_299],
        ];
        for with in lists {
            // Sections lie at multiples of eight.
            let bytes = encode(&with, rows);
            let words: Vec<u64> =
                bytes.chunks(8).map(|c| c.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b))).collect();
            let section = &crate::bytes::bytes_of(&words)[..bytes.len()];
            let place = |row: usize| with.binary_search(&(row as u32)).ok();
            for row in 0..rows {
                assert_eq!(slot(section, rows, with.len(), row), place(row), "row {row}");
            }
            for range in [0..rows, 0..1, 63..65, 64..128, 5..5, 500..1_299, 1_299..1_300, 70..600] {
                let expected: Vec<_> = range.clone().filter_map(|r| Some((r, place(r)?))).collect();
                assert_eq!(each(section, rows, with.len(), range.clone()).collect::<Vec<_>>(), expected, "{range:?}");
            }
        }
    }
}
