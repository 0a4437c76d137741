//! How alike two values are, in a few levels.

use crate::column::Kind;

/// How alike two values of a column are. The order is that of how much it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// One of them is missing, which tells nothing.
    Missing = 0,
    /// They differ.
    Different = 1,
    /// They resemble each other.
    Alike = 2,
    /// One slip of the keyboard lies between them.
    Close = 3,
    /// They are the same, in the place of another column of the kind.
    Moved = 4,
    /// They are the same.
    Same = 5,
}

/// How many levels there are.
pub const LEVELS: usize = 6;

/// Jaro–Winkler similarity from which two slips are looked for, …
const LIKELY: f64 = 0.78;
/// … from which names resemble each other, …
const ALIKE: f64 = 0.84;
/// … and from which they are taken for one with a slip.
const CLOSE: f64 = 0.93;

/// Bytes of a value behind which edits are not looked for.
const LONGEST: usize = 40;

/// Edits (insertions, deletions, replacements, swaps of neighbours, no byte touched twice) that lie between two values, in bytes, as far
/// as there are at most `most`; one more otherwise. Optimal string alignment.
pub fn edits(a: &str, b: &str, most: usize) -> usize {
    let (a, b) = without_common(a.as_bytes(), b.as_bytes());
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()).min(most + 1);
    }
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    // One edit leaves one byte, or two that are swapped.
    if most == 1 {
        let is_one = (a.len() == 1 && b.len() == 1) || (a.len() == 2 && b.len() == 2 && a[0] == b[1] && a[1] == b[0]);
        return if is_one { 1 } else { 2 };
    }
    // Each edit makes up for one letter that the other does not have.
    if missing(letters(a), letters(b)).max(missing(letters(b), letters(a))) > most {
        return most + 1;
    }
    alignment(a, b).min(most + 1)
}

/// Which letters occur, as bits.
fn letters(text: &[u8]) -> u64 {
    text.iter().fold(0, |set, byte| set | 1 << (byte & 63))
}

fn missing(of: u64, other: u64) -> usize {
    (of & !other).count_ones() as usize
}

/// The distance itself, by three rows of the usual table.
fn alignment(a: &[u8], b: &[u8]) -> usize {
    let (mut before, mut last) = ([0_u16; LONGEST + 1], [0_u16; LONGEST + 1]);
    let (a, b) = (&a[..a.len().min(LONGEST)], &b[..b.len().min(LONGEST)]);
    (0..=b.len()).for_each(|j| last[j] = j as u16);
    for i in 1..=a.len() {
        let mut row = [0; LONGEST + 1];
        row[0] = i as u16;
        for j in 1..=b.len() {
            let differ = u16::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differ);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        (before, last) = (last, row);
    }
    usize::from(last[b.len()])
}

/// What is left of two texts without how they both begin and end.
fn without_common<'a>(mut a: &'a [u8], mut b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first())
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_last(), b.split_last())
        && x == y
    {
        (a, b) = (rest_a, rest_b);
    }
    (a, b)
}

/// Compares two values in their own column.
pub fn level(kind: Kind, a: &str, b: &str) -> Level {
    if a.is_empty() || b.is_empty() || kind == Kind::Ignored {
        return Level::Missing;
    }
    if a == b {
        return Level::Same;
    }
    match kind {
        Kind::Ignored => Level::Missing,
        Kind::Category => Level::Different,
        Kind::Name | Kind::Text => words(a, b),
        Kind::Digits | Kind::Date => digits(kind, a, b),
    }
}

fn words(a: &str, b: &str) -> Level {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    // A slip turns one letter; of three letters that is nearly everything.
    if short.len() >= 3 && edits(a, b, 1) == 1 {
        return Level::Close;
    }
    // Words left out, or a name cut short.
    let is_part =
        (long.contains(' ') && long.split(' ').any(|w| w == short)) || (short.len() >= 4 && long.starts_with(short));
    let similarity = if may_resemble(a, b) { strsim::jaro_winkler(a, b) } else { 0.0 };
    if similarity >= CLOSE || (similarity >= LIKELY && short.len() >= 7 && edits(a, b, 2) == 2) {
        Level::Close
    } else if similarity >= ALIKE || is_part || is_spaced(a, b) {
        Level::Alike
    } else {
        Level::Different
    }
}

/// Whether Jaro–Winkler can reach [`LIKELY`] at all, by the letters that the two have: an upper bound that is
/// cheaper than the measure.
fn may_resemble(a: &str, b: &str) -> bool {
    let (in_a, in_b) = (letters(a.as_bytes()), letters(b.as_bytes()));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let common = a.len().saturating_sub(missing(in_a, in_b)).min(b.len().saturating_sub(missing(in_b, in_a))) as f64;
    // Four common letters at the beginning add four tenths of what is missing.
    let jaro = (common / n + common / m + 1.0) / 3.0;
    jaro + 0.4 * (1.0 - jaro) >= LIKELY
}

/// The same but for spaces.
fn is_spaced(a: &str, b: &str) -> bool {
    (a.contains(' ') || b.contains(' ')) && a.bytes().filter(|c| *c != b' ').eq(b.bytes().filter(|c| *c != b' '))
}

fn digits(kind: Kind, a: &str, b: &str) -> Level {
    let length = a.len().min(b.len());
    match edits(a, b, if length >= 6 { 2 } else { 1 }) {
        1 if length >= 4 => Level::Close,
        1 if length >= 2 => Level::Alike,
        2 if length >= 6 => Level::Alike,
        // Day and month exchanged.
        _ if kind == Kind::Date && a.len() == 8 && b.len() == 8 && is_turned(a, b) => Level::Alike,
        _ => Level::Different,
    }
}

fn is_turned(a: &str, b: &str) -> bool {
    a[..4] == b[..4] && a[4..6] == b[6..] && a[6..] == b[4..6]
}

/// Compares two records column by column. A value that stands in another column of the same kind of words
/// counts as moved there.
pub fn levels(kinds: &[Kind], a: &[String], b: &[String], out: &mut [Level]) {
    for (i, kind) in kinds.iter().enumerate() {
        out[i] = level(*kind, &a[i], &b[i]);
    }
    for i in 0..kinds.len() {
        if out[i] > Level::Alike || !matches!(kinds[i], Kind::Name | Kind::Text) || a[i].is_empty() {
            continue;
        }
        for j in 0..kinds.len() {
            let is_other = i != j && kinds[j] == kinds[i] && out[j] < Level::Close;
            if is_other && (a[i] == b[j] || (a[i].len() > 3 && edits(&a[i], &b[j], 1) == 1)) {
                out[i] = out[i].max(Level::Moved);
                out[j] = out[j].max(Level::Moved);
            }
        }
    }
}
