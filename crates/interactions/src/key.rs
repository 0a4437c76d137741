//! The keyed hashes that make "exactly once" cheap.

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// The instance's secret for message keys: 128 random bits, made once and kept for ever.
#[derive(Clone, Copy)]
pub struct KeySecret(pub [u8; 16]);

impl std::fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

/// SipHash-2-4-128 of (workspace, source, message id) under the instance's secret. Two messages
/// with one key are the same message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageKey(pub u128);

impl MessageKey {
    /// The key of a message.
    pub fn new(secret: &KeySecret, workspace: crate::WorkspaceId, source: &str, message_id: &str) -> Self {
        let mut h = SipHasher24::new_with_key(&secret.0);
        h.write(&workspace.0.to_le_bytes());
        h.write(&(source.len() as u32).to_le_bytes());
        h.write(source.as_bytes());
        h.write(message_id.as_bytes());
        Self(h.finish128().as_u128())
    }
}

/// Hash of what a message says, leaving out when it was sent, received and retried: the same key
/// with another content hash is a conflict, not a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub u64);

impl ContentHash {
    /// The hash of canonical bytes, in parts.
    pub fn of(secret: &KeySecret, parts: &[&[u8]]) -> Self {
        let mut h = siphasher::sip::SipHasher13::new_with_key(&secret.0);
        for part in parts {
            h.write(part);
            h.write_u8(0xff);
        }
        Self(h.finish())
    }
}
