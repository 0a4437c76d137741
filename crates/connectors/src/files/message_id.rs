//! Ids of interactions whose source has none: a hash of the natural key that the recipe names,
//! plus an occurrence number, so that two identical lines are two facts and importing a file
//! twice changes nothing.

use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Version of the ids: changing how they are made would import every file anew.
const FORMAT: u8 = 1;

/// Hashes the parts of a natural key.
pub(crate) struct Key(SipHasher13);

impl Key {
    /// Begins with the event, so that several interactions of one row differ.
    pub(crate) fn new(event: &str) -> Self {
        let mut key =
            Self(SipHasher13::new_with_keys(0x7468_726f_7567_686c, 0x696e_6500_0000_0000 | u64::from(FORMAT)));
        key.part(event);
        key
    }

    /// Adds a part.
    pub(crate) fn part(&mut self, text: &str) {
        self.0.write(&(text.len() as u64).to_le_bytes());
        self.0.write(text.as_bytes());
    }

    /// Ends a column that may have any number of values.
    pub(crate) fn end(&mut self) {
        self.0.write(&u64::MAX.to_le_bytes());
    }

    /// The hash.
    pub(crate) fn finish(&self) -> u128 {
        self.0.finish128().as_u128()
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("keys are u64 and nothing else is hashed")
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// How often each key has been seen.
///
/// Half of the hash is kept. Should two keys ever share it, the second gets the number 2 as if it
/// were a repeat: its id is still its own, and the same in every import.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    once: HashSet<u64, BuildHasherDefault<AsIs>>,
    more: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    unique: HashMap<u64, (u64, u64), BuildHasherDefault<AsIs>>,
}

/// What is known of an id that its source gives only once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Never before.
    First,
    /// With the same content.
    Same,
    /// With other content, on this line.
    Other(u64),
}

impl Occurrences {
    /// Counts a key and makes its id.
    pub(crate) fn id(&mut self, key: u128) -> String {
        let half = half(key);
        if self.once.insert(half) {
            return hex(key);
        }
        let n = self.more.entry(half).or_insert(1);
        *n += 1;
        format!("{}-{n}", hex(key))
    }

    /// Remembers a key that should come only once, and the hash of its row.
    pub(crate) fn unique(&mut self, key: u128, content: u128, line: u64) -> Seen {
        let content = half(content);
        match self.unique.get(&half(key)) {
            Some((known, _)) if *known == content => Seen::Same,
            Some((_, line)) => Seen::Other(*line),
            None => {
                self.unique.insert(half(key), (content, line));
                Seen::First
            }
        }
    }
}

/// The lower 64 bits.
fn half(key: u128) -> u64 {
    (key & u128::from(u64::MAX)) as u64
}

/// 32 hexadecimal digits.
pub(crate) fn hex(key: u128) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(36);
    for byte in key.to_be_bytes() {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identical_keys_are_numbered_in_their_order() {
        let key = |parts: &[&str]| {
            let mut k = Key::new("Order Placed");
            parts.iter().for_each(|p| k.part(p));
            k.finish()
        };
        assert_ne!(key(&["a", "bc"]), key(&["ab", "c"]));
        let mut seen = Occurrences::default();
        let a = key(&["a"]);
        assert_eq!(seen.id(a), format!("{a:032x}"));
        assert_eq!(seen.id(a), format!("{a:032x}-2"));
        assert_eq!(seen.id(key(&["b"])).len(), 32);
        assert_eq!(seen.id(a), format!("{a:032x}-3"));
    }

    #[test]
    fn ids_never_change_from_one_version_to_the_next() {
        let mut key = Key::new("Order Placed");
        key.part("o-1");
        assert_eq!(hex(key.finish()), "d0c9e697973b7792f4e9e61cc9d36c3c");
    }
}
