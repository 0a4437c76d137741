//! A run: immutable, sorted message keys of a range of positions.
//!
//! ```text
//! block 0 (4096 bytes)                          blocks 1 to n (4096 bytes each)
//!  0  magic    8 "TLkeyrun"   40  to      8        0  up to 127 entries of 32 bytes, by key
//!  8  version  4 (1)          48  sum     8     4064  entries in this block  4
//! 12  level    4              56  blocks  8     4068  crc of bytes 0 to 4067 4
//! 16  count    8              64  filter  8     then: fences, the first key of each block, 16 each
//! 24  (zero)   8              72  crc of fences 4, of filter 4         then: the filter
//! 32  from     8              80  crc of bytes 0 to 79
//! ```
//!
//! `sum` is the wrapping sum of the entries' fingerprints.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::{ENTRY, Entry};
use super::filter::Filter;
use crate::error::{Damage, LedgerError, Problem};
use crate::frame::{u32_at, u64_at, u128_at};

pub(crate) const BLOCK: usize = 4096;
pub(crate) const PER_BLOCK: usize = 127;
pub(crate) const MAGIC: &[u8; 8] = b"TLkeyrun";
pub(crate) const VERSION: u32 = 1;
/// Blocks that a reader in order takes at once.
const READ_AHEAD: u64 = 64;

/// What the first block says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunHeader {
    pub(crate) level: u32,
    pub(crate) count: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) sum: u64,
    pub(crate) blocks: u64,
    pub(crate) filter_bytes: u64,
    pub(crate) fences_crc: u32,
    pub(crate) filter_crc: u32,
}

impl RunHeader {
    pub(crate) fn encode(&self) -> [u8; BLOCK] {
        let mut bytes = [0; BLOCK];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.level.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.from.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.to.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.sum.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.blocks.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.filter_bytes.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.fences_crc.to_le_bytes());
        bytes[76..80].copy_from_slice(&self.filter_crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..80]);
        bytes[80..84].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<RunHeader, Problem> {
        if bytes[0..8] != *MAGIC || crc32fast::hash(&bytes[..80]) != u32_at(bytes, 80) {
            return Err(Problem::RunHeader);
        }
        if u32_at(bytes, 8) != VERSION {
            return Err(Problem::UnknownVersion(u32_at(bytes, 8)));
        }
        Ok(RunHeader {
            level: u32_at(bytes, 12),
            count: u64_at(bytes, 16),
            from: u64_at(bytes, 32),
            to: u64_at(bytes, 40),
            sum: u64_at(bytes, 48),
            blocks: u64_at(bytes, 56),
            filter_bytes: u64_at(bytes, 64),
            fences_crc: u32_at(bytes, 72),
            filter_crc: u32_at(bytes, 76),
        })
    }
}

/// An open run: its filter and fences are in memory, its entries on disk.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    pub(crate) header: RunHeader,
    pub(crate) file: File,
    pub(crate) fences: Vec<u128>,
    pub(crate) filter: Filter,
}

impl Run {
    pub(crate) fn open(path: &Path) -> Result<Run, LedgerError> {
        let failed = |source: io::Error| LedgerError::io("read", path, source);
        let damage = |problem| Damage { path: path.to_owned(), offset: 0, position: None, problem };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut first = vec![0; BLOCK];
        if length < BLOCK as u64 {
            return Err(damage(Problem::RunHeader).into());
        }
        file.read_exact_at(&mut first, 0).map_err(failed)?;
        let header = RunHeader::decode(&first).map_err(damage)?;
        let fences_at = (header.blocks + 1) * BLOCK as u64;
        let filter_at = fences_at + header.blocks * 16;
        if length != filter_at + header.filter_bytes {
            return Err(damage(Problem::RunHeader).into());
        }
        let mut bytes = vec![0; (header.blocks * 16) as usize];
        file.read_exact_at(&mut bytes, fences_at).map_err(failed)?;
        if crc32fast::hash(&bytes) != header.fences_crc {
            return Err(damage(Problem::RunHeader).into());
        }
        let fences = (0..header.blocks as usize).map(|at| u128_at(&bytes, at * 16)).collect();
        bytes.resize(header.filter_bytes as usize, 0);
        file.read_exact_at(&mut bytes, filter_at).map_err(failed)?;
        let sound = crc32fast::hash(&bytes) == header.filter_crc;
        let filter = Filter::from_bytes(&bytes).filter(|_| sound);
        let filter = filter.ok_or_else(|| damage(Problem::RunHeader))?;
        Ok(Run { path: path.to_owned(), header, file, fences, filter })
    }

    /// Looks a key up: filter, fences, one block.
    pub(crate) fn find(&self, key: u128) -> Result<Option<Entry>, LedgerError> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let after = self.fences.partition_point(|&fence| fence <= key);
        let Some(block) = after.checked_sub(1) else {
            return Ok(None);
        };
        let mut bytes = [0; BLOCK];
        let offset = (block as u64 + 1) * BLOCK as u64;
        self.file.read_exact_at(&mut bytes, offset).map_err(|source| LedgerError::io("read", &self.path, source))?;
        let entries = self.check_block(&bytes, block as u64)?;
        let (mut low, mut high) = (0, entries);
        while low < high {
            let middle = usize::midpoint(low, high);
            let entry = Entry::decode(&bytes[middle * ENTRY..]);
            match entry.key.cmp(&key) {
                std::cmp::Ordering::Equal => return Ok(Some(entry)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// How many entries a block holds, once its checksum is right.
    fn check_block(&self, bytes: &[u8], block: u64) -> Result<usize, Damage> {
        let entries = u32_at(bytes, 4064) as usize;
        if entries > PER_BLOCK || crc32fast::hash(&bytes[..4068]) != u32_at(bytes, 4068) {
            return Err(Damage {
                path: self.path.clone(),
                offset: (block + 1) * BLOCK as u64,
                position: None,
                problem: Problem::RunBlock,
            });
        }
        Ok(entries)
    }

    pub(crate) fn memory(&self) -> usize {
        self.filter.bytes() + self.fences.len() * 16
    }
}

/// Reads all entries of a run in the order of their keys.
pub(crate) struct RunReader {
    run: Arc<Run>,
    bytes: Vec<u8>,
    next_block: u64,
    /// Entries of the current block, and the place in `bytes` where it starts.
    left: usize,
    at: usize,
    block_in_bytes: usize,
}

impl RunReader {
    pub(crate) fn new(run: Arc<Run>) -> RunReader {
        RunReader { run, bytes: Vec::new(), next_block: 0, left: 0, at: 0, block_in_bytes: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Entry>, LedgerError> {
        while self.left == 0 {
            if self.next_block == self.run.header.blocks {
                return Ok(None);
            }
            self.enter_block()?;
        }
        let entry = Entry::decode(&self.bytes[self.at..]);
        self.at += ENTRY;
        self.left -= 1;
        Ok(Some(entry))
    }

    fn enter_block(&mut self) -> Result<(), LedgerError> {
        self.block_in_bytes += 1;
        if self.block_in_bytes * BLOCK >= self.bytes.len() {
            let blocks = READ_AHEAD.min(self.run.header.blocks - self.next_block);
            self.bytes.resize(blocks as usize * BLOCK, 0);
            self.run
                .file
                .read_exact_at(&mut self.bytes, (self.next_block + 1) * BLOCK as u64)
                .map_err(|source| LedgerError::io("read", &self.run.path, source))?;
            self.block_in_bytes = 0;
        }
        self.at = self.block_in_bytes * BLOCK;
        let block = &self.bytes[self.at..self.at + BLOCK];
        self.left = self.run.check_block(block, self.next_block)?;
        self.next_block += 1;
        Ok(())
    }
}
