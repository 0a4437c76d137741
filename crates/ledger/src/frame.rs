//! The frame: one fact on disk. Version 1 of this layout lasts for ever.
//!
//! All numbers are little-endian. The checksums are CRC-32 (IEEE).
//!
//! ```text
//!  0  magic        2   "tF"
//!  2  kind         1   1 interaction, 2 quarantined, 3 tally, 4 erasure
//!  3  flags        1   bit 0 erased, bit 1 quarantined by the ledger itself: same key, other content,
//!                      bit 2 the payload is encrypted (see `cipher.rs`)
//!  4  workspace    4
//!  8  payload      4   length in bytes
//! 12  in group     4   how many frames of the same sync stand before this one
//! 16  position     8
//! 24  key         16   keyed hash of (source, message id)
//! 40  content      8   hash of what was said
//! 48  node         8   identity node of the strongest identifier, 0 = none
//! 56  received at  8   microseconds UTC
//! 64  payload crc  4
//! 68  header crc   4   over bytes 0 to 67
//! 72  payload
//! ```
//!
//! `in group` is what tells a torn tail from rot: every frame before `position - in group` was on
//! the disk before this frame was written at all.

use crate::cipher::Binding;
use crate::error::Problem;

/// Bytes of a frame header.
pub(crate) const HEADER: usize = 72;
/// The largest payload of one frame, in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;

pub(crate) const MAGIC: [u8; 2] = *b"tF";
pub(crate) const ERASED: u8 = 1;
pub(crate) const CONFLICT: u8 = 2;
pub(crate) const ENCRYPTED: u8 = 4;

/// What a frame carries. The ledger only looks at it to decide which keys must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// A fact. Its message key is unique in the ledger.
    Interaction = 1,
    /// A fact that was put aside. The pair of key and content is unique, unless the key is 0.
    Quarantined = 2,
    /// Counts of outcomes. Never compared with others.
    Tally = 3,
    /// The record that an erasure took place. Never compared with others.
    Erasure = 4,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Result<Self, Problem> {
        match byte {
            1 => Ok(FrameKind::Interaction),
            2 => Ok(FrameKind::Quarantined),
            3 => Ok(FrameKind::Tally),
            4 => Ok(FrameKind::Erasure),
            other => Err(Problem::UnknownKind(other)),
        }
    }
}

/// A frame to append.
#[derive(Clone, PartialEq, Eq)]
pub struct NewFrame {
    /// What it carries.
    pub kind: FrameKind,
    /// The brand it belongs to.
    pub workspace: u32,
    /// Keyed hash of source and message id.
    pub key: u128,
    /// Hash of the content: the same key with another content is a conflict.
    pub content: u64,
    /// Identity node of the strongest identifier, 0 = none.
    pub node: u64,
    /// When it was received, in microseconds UTC.
    pub received_at: i64,
    /// The fact itself; up to [`MAX_PAYLOAD`] bytes.
    pub payload: Vec<u8>,
}

/// Everything about a frame but its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Ordinal in the ledger, from 1.
    pub position: u64,
    /// What it carries.
    pub kind: FrameKind,
    /// The payload was overwritten with zeros.
    pub erased: bool,
    /// The ledger itself put it aside, because its key is known with another content.
    pub conflict: bool,
    /// The payload stands encrypted on the disk.
    pub encrypted: bool,
    /// The brand it belongs to.
    pub workspace: u32,
    /// Keyed hash of source and message id.
    pub key: u128,
    /// Hash of the content.
    pub content: u64,
    /// Identity node of the strongest identifier, 0 = none.
    pub node: u64,
    /// When it was received, in microseconds UTC.
    pub received_at: i64,
    /// Length of the payload on disk, in bytes.
    pub payload_len: u32,
    pub(crate) payload_crc: u32,
    pub(crate) in_group: u32,
}

/// A frame as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Everything but the payload.
    pub header: FrameHeader,
    /// The fact itself; empty once it was erased.
    pub payload: Vec<u8>,
}

/// A payload holds what people said: it is never printed.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("header", &self.header)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}

impl std::fmt::Debug for NewFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewFrame")
            .field("kind", &self.kind)
            .field("workspace", &self.workspace)
            .field("key", &self.key)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish_non_exhaustive()
    }
}

impl FrameHeader {
    /// What an encrypted payload belongs to.
    pub(crate) fn binding(&self) -> Binding {
        Binding { workspace: self.workspace, key: self.key }
    }

    /// Bytes of the whole frame on disk.
    pub(crate) fn disk_len(&self) -> u64 {
        HEADER as u64 + u64::from(self.payload_len)
    }

    /// Every frame before this position was on the disk before this frame was written.
    pub(crate) fn group_start(&self) -> u64 {
        self.position.saturating_sub(u64::from(self.in_group))
    }

    /// The header as it stands on disk.
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        let flags = flag(self.erased, ERASED) | flag(self.conflict, CONFLICT) | flag(self.encrypted, ENCRYPTED);
        bytes[0..2].copy_from_slice(&MAGIC);
        bytes[2] = self.kind as u8;
        bytes[3] = flags;
        bytes[4..8].copy_from_slice(&self.workspace.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.in_group.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.position.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.key.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.content.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.node.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.received_at.to_le_bytes());
        bytes[64..68].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..68]);
        bytes[68..72].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; `bytes` holds at least [`HEADER`] bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<FrameHeader, Problem> {
        if bytes[0..2] != MAGIC {
            return Err(Problem::NotAFrame);
        }
        if crc32fast::hash(&bytes[..68]) != u32_at(bytes, 68) {
            return Err(Problem::HeaderChecksum);
        }
        Ok(FrameHeader {
            kind: FrameKind::from_byte(bytes[2])?,
            erased: bytes[3] & ERASED != 0,
            conflict: bytes[3] & CONFLICT != 0,
            encrypted: bytes[3] & ENCRYPTED != 0,
            workspace: u32_at(bytes, 4),
            payload_len: u32_at(bytes, 8),
            in_group: u32_at(bytes, 12),
            position: u64_at(bytes, 16),
            key: u128_at(bytes, 24),
            content: u64_at(bytes, 40),
            node: u64_at(bytes, 48),
            received_at: u64_at(bytes, 56).cast_signed(),
            payload_crc: u32_at(bytes, 64),
        })
    }

    /// Whether the payload is the one that was written. An erased payload is never compared.
    pub(crate) fn check_payload(&self, payload: &[u8]) -> Result<(), Problem> {
        if self.erased || crc32fast::hash(payload) == self.payload_crc { Ok(()) } else { Err(Problem::PayloadChecksum) }
    }
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut array = [0; 4];
    array.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(array)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut array = [0; 8];
    array.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(array)
}

pub(crate) fn u128_at(bytes: &[u8], at: usize) -> u128 {
    let mut array = [0; 16];
    array.copy_from_slice(&bytes[at..at + 16]);
    u128::from_le_bytes(array)
}
