//! A blocked Bloom filter: one cache line per question, at most ten bits per key.
//!
//! A key picks a block of 512 bits and one bit in each of its eight words. It is part of the run
//! format: a change here is a new version there.

use super::entry::mix;
use crate::frame::u64_at;

const WORDS: usize = 8;
const BITS_PER_KEY: u64 = 10;

/// Says "certainly not" or "perhaps".
#[derive(Debug)]
pub(crate) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    pub(crate) fn for_keys(keys: u64) -> Filter {
        let blocks = (keys * BITS_PER_KEY / 512).max(1) as usize;
        Filter { words: vec![0; blocks * WORDS] }
    }

    pub(crate) fn insert(&mut self, key: u128) {
        let (block, bits) = self.place(key);
        for (lane, word) in self.words[block..block + WORDS].iter_mut().enumerate() {
            *word |= 1 << ((bits >> (lane * 6)) & 63);
        }
    }

    pub(crate) fn may_hold(&self, key: u128) -> bool {
        let (block, bits) = self.place(key);
        self.words[block..block + WORDS]
            .iter()
            .enumerate()
            .all(|(lane, word)| word >> ((bits >> (lane * 6)) & 63) & 1 == 1)
    }

    /// First word of the block, and eight times six bits.
    fn place(&self, key: u128) -> (usize, u64) {
        let hash = mix((key >> 64) as u64, key as u64);
        let blocks = (self.words.len() / WORDS) as u128;
        let block = (u128::from(hash) * blocks) >> 64;
        (block as usize * WORDS, mix(hash, key as u64))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Takes the bytes of a run; their length was checked to be whole blocks.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        let whole = !bytes.is_empty() && bytes.len().is_multiple_of(WORDS * 8);
        whole.then(|| Filter { words: (0..bytes.len() / 8).map(|word| u64_at(bytes, word * 8)).collect() })
    }
}
