//! A segment: whole customers, sorted, immutable, read in place.

mod dictionaries;

use crate::bytes::{Bytes, Plain, bytes_of, column};
use crate::customer::{Customer, Customers};
use crate::encode::read_names;
use crate::format::{BLOCK_ROWS, Corrupt, Header, KINDS, Kind, NAMES, Place, SAMPLE, read_prelude};
use crate::presence;
use dictionaries::Dictionaries;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Why a segment cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The operating system refused.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be believed.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// A section and what its checksum said: nothing yet, sound, or damaged and replaced by zeros.
struct Section {
    place: Place,
    checked: OnceLock<Option<Box<[u64]>>>,
}

/// An immutable set of whole customers, sorted by customer id and then by the order of the story;
/// the same bytes in memory and on disk.
///
/// A section's checksum is compared on its first use. A damaged section reads as zeros from then
/// on and [`Segment::fault`] names it; [`crate::Snapshot::scan`] turns that into an error, so no
/// answer is ever made of damaged bytes.
pub struct Segment {
    bytes: Bytes,
    file: PathBuf,
    header: Header,
    sections: Box<[Section]>,
    names: Dictionaries,
    fault: OnceLock<Corrupt>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment").field("file", &self.file).field("header", &self.header).finish_non_exhaustive()
    }
}

impl Segment {
    /// Maps a file. Header, table and names are checked now, each other section on first use.
    ///
    /// The file must not be changed while it is open; the timeline writes each file once and
    /// only ever unlinks it.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        let io = |source| SegmentError::Io { file: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() == 0 {
            return Err(Corrupt::new(path, "empty").into());
        }
        // SAFETY: segments are written once under a name of their own, renamed into place when
        // whole, and from then on only unlinked, which leaves a mapping intact.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
        Ok(Self::new(Bytes::Mapped(map), path.to_owned())?)
    }

    /// A segment in memory, over bytes that were just encoded.
    pub(crate) fn of_words(words: Vec<u64>) -> Result<Self, Corrupt> {
        Self::new(Bytes::Memory(words), PathBuf::from("(memory)"))
    }

    fn new(bytes: Bytes, file: PathBuf) -> Result<Self, Corrupt> {
        let (header, places) = read_prelude(&file, bytes.as_slice())?;
        let trusted = !bytes.is_mapped();
        let section = |&place: &Place| {
            let checked = OnceLock::new();
            if trusted || place.len == 0 {
                // Encoded in this process a moment ago, or nothing to check.
                let _ = checked.set(None);
            }
            Section { place, checked }
        };
        let mut segment = Self {
            bytes,
            file,
            header,
            sections: places.iter().map(section).collect(),
            names: Dictionaries::default(),
            fault: OnceLock::new(),
        };
        segment.names = Dictionaries {
            events: segment.read_names(Kind::EventNames)?,
            channels: segment.read_names(Kind::ChannelNames)?,
            score_kinds: segment.read_names(Kind::ScoreKindNames)?,
            promise_kinds: segment.read_names(Kind::PromiseKindNames)?,
            subject_kinds: segment.read_names(Kind::SubjectKindNames)?,
            currencies: segment.read_names(Kind::CurrencyNames)?,
        };
        segment.check_lengths()?;
        Ok(segment)
    }

    fn read_names(&self, kind: Kind) -> Result<Box<[Box<str>]>, Corrupt> {
        let section = self.raw(kind);
        if let Some(fault) = self.fault.get() {
            return Err(fault.clone());
        }
        read_names(section).ok_or_else(|| self.damaged(kind))
    }

    fn damaged(&self, kind: Kind) -> Corrupt {
        Corrupt::new(&self.file, format!("section `{}` is damaged", NAMES[kind as usize]))
    }

    /// The lengths that follow from the header, so that no reading goes beyond a section.
    fn check_lengths(&self) -> Result<(), Corrupt> {
        let (rows, customers) = (self.rows(), self.customers());
        let len = |kind: Kind| self.sections[kind as usize].place.len;
        let code = |names: usize| if names > 256 { 2 } else { 1 };
        let expect = [
            (Kind::Customers, customers.checked_mul(8)),
            (Kind::Starts, Some(rows.div_ceil(64) * 8)),
            (Kind::StartSamples, Some(customers.div_ceil(SAMPLE) * 4)),
            (Kind::Events, rows.checked_mul(code(self.names.events.len()))),
            (Kind::Seconds, rows.checked_mul(4)),
            (Kind::Blocks, rows.div_ceil(BLOCK_ROWS).checked_mul(self.block_words() * 8)),
            (Kind::Prefix, rows.checked_mul(8)),
            (Kind::Hash, rows.checked_mul(8)),
            (Kind::Position, rows.checked_mul(8)),
            (Kind::Channels, rows.checked_mul(code(self.names.channels.len()))),
            (Kind::Flags, Some(rows)),
        ];
        let fits = expect.iter().all(|&(kind, bytes)| bytes == Some(len(kind)))
            && rows < u32::MAX as usize
            && (rows == 0) == (customers == 0)
            && customers <= rows
            && (rows == 0 || (!self.names.events.is_empty() && !self.names.channels.is_empty()));
        let sparse = [
            Kind::MicrosRows,
            Kind::SeqRows,
            Kind::NodeRows,
            Kind::MoneyRows,
            Kind::ScoreRows,
            Kind::PromiseRows,
            Kind::SubjectRows,
            Kind::AttributeRows,
        ];
        let sparse = sparse.iter().all(|&kind| len(kind) == 0 || len(kind) == presence::encoded_len(rows));
        if fits && sparse {
            return Ok(());
        }
        Err(Corrupt::new(&self.file, "section `header` does not fit the other sections"))
    }

    /// The bytes of a section, checked; zeros if they are damaged.
    #[inline]
    pub(crate) fn raw(&self, kind: Kind) -> &[u8] {
        let section = &self.sections[kind as usize];
        match section.checked.get() {
            Some(None) => {
                let at = section.place.offset;
                &self.bytes.as_slice()[at..at + section.place.len]
            }
            _ => self.raw_unchecked_yet(kind),
        }
    }

    #[cold]
    fn raw_unchecked_yet(&self, kind: Kind) -> &[u8] {
        let section = &self.sections[kind as usize];
        let at = section.place.offset;
        let bytes = &self.bytes.as_slice()[at..at + section.place.padded()];
        let checked = section.checked.get_or_init(|| {
            if crc32fast::hash(bytes) == section.place.crc {
                return None;
            }
            let _ = self.fault.set(self.damaged(kind));
            Some(vec![0; bytes.len() / 8].into())
        });
        let bytes = checked.as_ref().map_or(bytes, |zeros| bytes_of(zeros));
        &bytes[..section.place.len]
    }

    /// A section as numbers.
    #[inline]
    pub(crate) fn column<T: Plain>(&self, kind: Kind) -> &[T] {
        column(self.raw(kind))
    }

    /// The place of `row`'s value among `values` in the sparse column with these `rows`.
    #[inline]
    pub(crate) fn slot(&self, rows: Kind, values: usize, row: usize) -> Option<usize> {
        if values == 0 {
            return None;
        }
        presence::slot(self.raw(rows), self.rows(), values, row)
    }

    /// The rows of `range` with a value in the sparse column with these `rows`, and its place.
    #[inline]
    pub(crate) fn slots(&self, rows: Kind, values: usize, range: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
        presence::each(self.raw(rows), self.rows(), values, range)
    }

    /// How many rows have a value in a sparse column.
    pub(crate) fn values_of(&self, rows: Kind) -> usize {
        let len = |kind: Kind, each: usize| self.sections[kind as usize].place.len / each;
        match rows {
            Kind::MoneyRows => len(Kind::MoneyMinor, 8),
            Kind::ScoreRows => len(Kind::ScoreKind, 2),
            Kind::PromiseRows => len(Kind::PromiseKind, 2),
            Kind::SubjectRows => len(Kind::SubjectOffsets, 4).saturating_sub(1),
            Kind::AttributeRows => len(Kind::AttributeOffsets, 4).saturating_sub(1),
            _ => 0,
        }
    }

    /// The sections by name, with the bytes of the file in which they lie, padding included.
    pub fn sections(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> + '_ {
        NAMES
            .iter()
            .copied()
            .zip(&self.sections)
            .map(|(name, s)| (name, s.place.offset..s.place.offset + s.place.padded()))
    }

    /// Compares every checksum now.
    pub fn verify(&self) -> Result<(), Corrupt> {
        for &kind in KINDS {
            self.raw(kind);
            if let Some(fault) = self.fault.get() {
                return Err(fault.clone());
            }
        }
        Ok(())
    }

    /// The first damaged section that a reader met, if any.
    pub fn fault(&self) -> Option<&Corrupt> {
        self.fault.get()
    }

    /// The file it is mapped from, or `(memory)`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// True if it is read from a file.
    pub(crate) fn is_mapped(&self) -> bool {
        self.bytes.is_mapped()
    }

    /// The workspace.
    pub fn workspace(&self) -> u32 {
        self.header.workspace
    }

    /// The bucket, below [`Segment::buckets`].
    pub fn bucket(&self) -> u16 {
        self.header.bucket
    }

    /// How many buckets the workspace has.
    pub fn buckets(&self) -> u16 {
        self.header.buckets
    }

    /// The ledger position up to which it knew everything when it was made.
    pub fn covers(&self) -> u64 {
        self.header.covers
    }

    /// How many interactions.
    #[inline]
    pub fn rows(&self) -> usize {
        self.header.rows as usize
    }

    /// How many customers.
    pub fn customers(&self) -> usize {
        self.header.customers as usize
    }

    /// Its bytes: what [`Segment::open`] reads.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    fn block_words(&self) -> usize {
        self.names.events.len().div_ceil(64)
    }

    /// True if block `block` of [`BLOCK_ROWS`] rows has an event of this code.
    pub fn block_has(&self, block: usize, code: u16) -> bool {
        let words = self.block_words();
        let code = code as usize;
        code / 64 < words
            && self
                .column::<u64>(Kind::Blocks)
                .get(block * words + code / 64)
                .is_some_and(|word| word >> (code % 64) & 1 == 1)
    }

    /// The customers' ids, ascending.
    #[inline]
    pub fn ids(&self) -> &[u64] {
        self.column(Kind::Customers)
    }

    /// All customers, by id.
    pub fn iter(&self) -> Customers<'_> {
        Customers::new(self)
    }

    /// The customer at `index` of [`Segment::ids`].
    pub fn customer_at(&self, index: usize) -> Option<Customer<'_>> {
        Customers::from(self, index).next()
    }

    /// The customer of this id.
    pub fn customer(&self, id: u64) -> Option<Customer<'_>> {
        self.customer_at(self.ids().binary_search(&id).ok()?)
    }
}

impl<'a> IntoIterator for &'a Segment {
    type Item = Customer<'a>;
    type IntoIter = Customers<'a>;

    fn into_iter(self) -> Customers<'a> {
        self.iter()
    }
}
