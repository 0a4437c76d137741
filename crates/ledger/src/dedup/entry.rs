//! One known message key.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip128::SipHasher24;

use crate::frame::{FrameHeader, FrameKind, u64_at, u128_at};

/// Bytes of an entry on disk: key 16, content 8, position 8.
pub(crate) const ENTRY: usize = 32;

/// A key, and the frame that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: u128,
    pub(crate) content: u64,
    pub(crate) position: u64,
}

/// Keys are keyed hashes already: folding their halves is all the hashing they need.
pub(crate) type KeyMap = HashMap<u128, (u64, u64), BuildHasherDefault<KeyHasher>>;

#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = mix(self.0, u64::from(byte));
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = mix((key >> 64) as u64, key as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Folds the 128-bit product of two words.
pub(crate) fn mix(one: u64, two: u64) -> u64 {
    let product = u128::from(one ^ 0x9e37_79b9_7f4a_7c15) * u128::from(two ^ 0xd1b5_4a32_d192_ed03);
    (product >> 64) as u64 ^ product as u64
}

impl Entry {
    /// The key under which a frame must be unique, if its kind asks for it.
    pub(crate) fn of(header: &FrameHeader) -> Option<Entry> {
        let key = match header.conflict {
            true => conflict_key(header.key, header.content),
            false => unique_key(header.kind, header.key, header.content)?,
        };
        Some(Entry { key, content: header.content, position: header.position })
    }

    pub(crate) fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[0..16].copy_from_slice(&self.key.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.content.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Entry {
        Entry { key: u128_at(bytes, 0), content: u64_at(bytes, 16), position: u64_at(bytes, 24) }
    }

    /// Sums of fingerprints compare two sets of entries in any order.
    pub(crate) fn fingerprint(&self) -> u64 {
        let key = mix((self.key >> 64) as u64, self.key as u64);
        mix(mix(key, self.content), self.position)
    }
}

/// An interaction is unique by its key; a quarantined frame by key and content, in a name space
/// of its own; everything else is not compared.
pub(crate) fn unique_key(kind: FrameKind, key: u128, content: u64) -> Option<u128> {
    match kind {
        FrameKind::Interaction => Some(key),
        FrameKind::Quarantined if key != 0 => Some(conflict_key(key, content)),
        FrameKind::Quarantined | FrameKind::Tally | FrameKind::Erasure => None,
    }
}

/// The name space of quarantined frames. Part of the format: the keys of quarantined frames in runs are made with these constants.
pub(crate) fn conflict_key(key: u128, content: u64) -> u128 {
    let mut bytes = [0; 24];
    bytes[0..16].copy_from_slice(&key.to_le_bytes());
    bytes[16..24].copy_from_slice(&content.to_le_bytes());
    SipHasher24::new_with_keys(0x7175_6172_616e_7469, 0x6e65_6420_6672_616d).hash(&bytes).as_u128()
}
