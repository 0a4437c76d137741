//! Format 1 of a segment: header, section table, sections.
//!
//! All numbers are little-endian and every section starts at a multiple of eight bytes, so a
//! mapped file is read in place. The header (64 bytes) and the table (32 bytes a section) have
//! checksums of their own; each section's checksum (CRC-32) covers its padding too, so every byte
//! of a file is covered by exactly one. The fixture in `tests/fixtures` keeps the format as it is.

use std::path::{Path, PathBuf};

/// First bytes of every segment.
pub(crate) const MAGIC: [u8; 8] = *b"TLNSEGMT";
/// The format written now.
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEADER: usize = 64;
pub(crate) const ENTRY: usize = 32;

/// Rows per block of the presence sets that let a pass skip.
pub const BLOCK_ROWS: usize = 4096;
/// Customers per sample of their first rows.
pub(crate) const SAMPLE: usize = 64;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// The sections of a segment, in the order of the file. Numbered from 1 by their place.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        #[expect(clippy::enum_variant_names, reason = "`ScoreKind` is the kind of a score")]
        pub(crate) enum Kind { $($(#[$doc])* $kind,)* }
        /// Names for people, by section.
        pub(crate) const NAMES: &[&str] = &[$($name,)*];
        /// All sections, in the order of the file.
        pub(crate) const KINDS: &[Kind] = &[$(Kind::$kind,)*];
    };
}

kinds! {
    /// `u64` per customer, ascending.
    Customers = "customers",
    /// One bit per row: the first of a customer.
    Starts = "customer boundaries",
    /// `u32` per 64 customers: the first row of every 64th.
    StartSamples = "customer samples",
    /// `u8` per row, or `u16` when there are more than 256 names.
    Events = "events",
    /// `u32` per row: whole seconds since 1970.
    Seconds = "seconds",
    /// Per block of rows a set of event codes, one bit each, in `u64` words.
    Blocks = "event blocks",
    MicrosRows = "sub-second rows",
    /// `u32` per row that has any: microseconds within the second.
    Micros = "sub-seconds",
    SeqRows = "sequence rows",
    /// `u32` per row that has one.
    Seq = "sequences",
    /// `u64` per row.
    Prefix = "message prefixes",
    /// `u64` per row.
    Hash = "message hashes",
    /// `u64` per row: ledger position.
    Position = "positions",
    NodeRows = "node rows",
    /// `u64` per row whose node is not the customer.
    Node = "nodes",
    /// `u8` per row, or `u16` when there are more than 256 names.
    Channels = "channels",
    /// `u8` per row: actor in bits 0–2, direction in bit 3, text in bit 4.
    Flags = "flags",
    MoneyRows = "money rows",
    /// `i64` per row that has money.
    MoneyMinor = "money amounts",
    /// `u16` per row that has money.
    MoneyCurrency = "money currencies",
    ScoreRows = "score rows",
    /// `u16` per row that has a score.
    ScoreKind = "score kinds",
    /// Three `f32` per row that has a score: value, lowest, highest.
    ScoreValue = "score values",
    PromiseRows = "promise rows",
    /// `u16` per row that has a promise.
    PromiseKind = "promise kinds",
    /// Three `i64` per row that has a promise: due, deadline, day deadline, in microseconds.
    PromiseTimes = "promise times",
    SubjectRows = "subject rows",
    /// `u32` per row that has subjects, and one more.
    SubjectOffsets = "subject offsets",
    /// `u16` per subject.
    SubjectKinds = "subject kinds",
    /// `u64` per subject.
    SubjectHashes = "subject hashes",
    AttributeRows = "attribute rows",
    /// `u32` per row that has attributes, and one more.
    AttributeOffsets = "attribute offsets",
    /// `u32` per attribute: place in the table of hashes.
    AttributeCodes = "attribute codes",
    /// `u64` each, ascending.
    AttributeHashes = "attribute hashes",
    EventNames = "event names",
    ChannelNames = "channel names",
    ScoreKindNames = "score kind names",
    PromiseKindNames = "promise kind names",
    SubjectKindNames = "subject kind names",
    CurrencyNames = "currency names",
}

/// A file that cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}; run `throughline rebuild` to make the timelines anew from the lake", file.display())]
pub struct Corrupt {
    /// The file; `(memory)` for a segment that was never written.
    pub file: PathBuf,
    /// The part and what is wrong with it.
    pub what: String,
}

impl Corrupt {
    pub(crate) fn new(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), what: what.into() }
    }
}

/// What the first 64 bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub workspace: u32,
    pub bucket: u16,
    pub buckets: u16,
    pub covers: u64,
    pub rows: u64,
    pub customers: u64,
}

/// Where one section lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub offset: usize,
    /// Without padding.
    pub len: usize,
    pub crc: u32,
}

impl Place {
    pub fn padded(&self) -> usize {
        self.len.next_multiple_of(8)
    }
}

/// Bytes before the first section.
pub(crate) const fn prelude() -> usize {
    HEADER + ENTRY * KINDS.len()
}

/// Writes header and table into the first [`prelude`] bytes.
pub(crate) fn put_prelude(out: &mut [u8], header: &Header, places: &[Place]) {
    let (head, table) = out.split_at_mut(HEADER);
    for (i, (place, entry)) in places.iter().zip(table.chunks_exact_mut(ENTRY)).enumerate() {
        entry[0..4].copy_from_slice(&(i as u32 + 1).to_le_bytes());
        entry[4..8].copy_from_slice(&place.crc.to_le_bytes());
        entry[8..16].copy_from_slice(&(place.offset as u64).to_le_bytes());
        entry[16..24].copy_from_slice(&(place.len as u64).to_le_bytes());
        entry[24..32].fill(0);
    }
    let table_crc = crc32fast::hash(&table[..places.len() * ENTRY]);
    head[0..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..16].copy_from_slice(&header.workspace.to_le_bytes());
    head[16..18].copy_from_slice(&header.bucket.to_le_bytes());
    head[18..20].copy_from_slice(&header.buckets.to_le_bytes());
    head[20..24].copy_from_slice(&(places.len() as u32).to_le_bytes());
    head[24..32].copy_from_slice(&header.covers.to_le_bytes());
    head[32..40].copy_from_slice(&header.rows.to_le_bytes());
    head[40..48].copy_from_slice(&header.customers.to_le_bytes());
    head[48..56].fill(0);
    head[56..60].copy_from_slice(&table_crc.to_le_bytes());
    let head_crc = crc32fast::hash(&head[..60]);
    head[60..64].copy_from_slice(&head_crc.to_le_bytes());
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([b[at], b[at + 1]])
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

/// Reads and checks header and table: checksums, numbers, and that the sections fill the file
/// without gap or overlap.
pub(crate) fn read_prelude(file: &Path, bytes: &[u8]) -> Result<(Header, Vec<Place>), Corrupt> {
    let bad = |what: &str| Corrupt::new(file, what);
    if bytes.len() < HEADER {
        return Err(bad("shorter than its header"));
    }
    if bytes[..8] != MAGIC {
        return Err(bad("not a timeline segment"));
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(bad(&format!("format {version}, and this program reads format {VERSION}")));
    }
    if crc32fast::hash(&bytes[..60]) != u32_at(bytes, 60) {
        return Err(bad("section `header` is damaged"));
    }
    let header = Header {
        workspace: u32_at(bytes, 12),
        bucket: u16_at(bytes, 16),
        buckets: u16_at(bytes, 18),
        covers: u64_at(bytes, 24),
        rows: u64_at(bytes, 32),
        customers: u64_at(bytes, 40),
    };
    if u32_at(bytes, 20) as usize != KINDS.len() || bytes.len() < prelude() {
        return Err(bad("section `table` is damaged"));
    }
    let table = &bytes[HEADER..prelude()];
    if crc32fast::hash(table) != u32_at(bytes, 56) {
        return Err(bad("section `table` is damaged"));
    }
    let mut places = Vec::with_capacity(KINDS.len());
    let mut end = prelude();
    for (i, entry) in table.chunks_exact(ENTRY).enumerate() {
        let place = Place { offset: u64_at(entry, 8) as usize, len: u64_at(entry, 16) as usize, crc: u32_at(entry, 4) };
        let next = place.len.checked_next_multiple_of(8).and_then(|l| place.offset.checked_add(l));
        match next {
            Some(next) if place.offset == end && next <= bytes.len() && u32_at(entry, 0) as usize == i + 1 => {
                end = next
            }
            _ => return Err(bad(&format!("section `{}` does not lie within the file", NAMES[i]))),
        }
        places.push(place);
    }
    if end != bytes.len() {
        return Err(bad("longer than its sections"));
    }
    Ok((header, places))
}
