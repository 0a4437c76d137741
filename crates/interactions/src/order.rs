//! The one order of a story: by what happened, never by arrival.

use crate::{MessageKey, Timestamp};

/// (`occurred_at`, `source_seq`, `message_id`). Message ids compare by their first eight bytes and
/// then by their [`MessageKey`]: short ids and random ones compare as text, ids with a long common
/// prefix compare by a hash, and either way the order is total, the same in every room, and
/// independent of arrival. See `docs/decisions/0002-order.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Row or array index at the source.
    pub source_seq: u32,
    /// First eight bytes of the message id, zero-padded, big-endian.
    pub message_prefix: u64,
    /// Upper half of the message key.
    pub message_hash: u64,
}

impl OrderKey {
    /// The order key of a message.
    pub fn new(occurred_at: Timestamp, source_seq: u32, message_id: &str, key: MessageKey) -> Self {
        let mut prefix = [0; 8];
        let n = message_id.len().min(8);
        prefix[..n].copy_from_slice(&message_id.as_bytes()[..n]);
        Self { occurred_at, source_seq, message_prefix: u64::from_be_bytes(prefix), message_hash: (key.0 >> 64) as u64 }
    }
}
