//! A segment: one file of frames with contiguous positions, and its sparse offsets.
//!
//! ```text
//! segment header           index file `.idx` (derived)
//!  0  magic     8 "TLsegmnt"   0  magic    8 "TLoffset"
//!  8  version   4 (1)          8  version  4 (1)
//! 12  reserved  4              12  stride   4 (32)
//! 16  first     8              16  first    8
//! 24  reserved  4              24  count    8
//! 28  crc       4              32  length   8  of the segment, in bytes
//! 32  frames                   40  offsets  4 each, then crc 4 over everything before
//! ```

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::error::{Damage, LedgerError, Problem};
use crate::frame::{u32_at, u64_at};

pub(crate) const HEADER: usize = 32;
/// One offset is kept in memory for so many frames: 12.5 MB for 100 million.
pub(crate) const STRIDE: u64 = 32;

const MAGIC: &[u8; 8] = b"TLsegmnt";
const INDEX_MAGIC: &[u8; 8] = b"TLoffset";
const VERSION: u32 = 1;

/// One segment file, known by its first position.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
    offsets: RwLock<Vec<u32>>,
}

/// Where every [`STRIDE`]th frame starts, and where the last one ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) starts: Vec<u32>,
    pub(crate) count: u64,
    pub(crate) length: u64,
}

impl Offsets {
    pub(crate) fn push(&mut self, offset: u64, disk_len: u64) {
        if self.count.is_multiple_of(STRIDE) {
            self.starts.push(to_u32(offset));
        }
        self.count += 1;
        self.length = offset + disk_len;
    }
}

/// Segments stay far below 4 GB: the options cap them, and a batch is at most 64 MB.
pub(crate) fn to_u32(offset: u64) -> u32 {
    u32::try_from(offset).expect("a segment is smaller than 4 GB")
}

impl Segment {
    pub(crate) fn new(dir: &Path, first: u64, starts: Vec<u32>) -> Self {
        Segment { first, path: segment_path(dir, first), offsets: RwLock::new(starts) }
    }

    /// Position and byte offset of the closest known frame at or before `position`.
    pub(crate) fn nearest(&self, position: u64) -> (u64, u64) {
        let starts = self.offsets.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = ((position - self.first) / STRIDE) as usize;
        let slot = wanted.min(starts.len().saturating_sub(1));
        match starts.get(slot) {
            Some(&offset) => (self.first + slot as u64 * STRIDE, u64::from(offset)),
            None => (self.first, HEADER as u64),
        }
    }

    /// Learns where newly durable frames start: (position, offset) of every stride.
    pub(crate) fn learn(&self, new: &[u32]) {
        let mut starts = self.offsets.write().unwrap_or_else(PoisonError::into_inner);
        starts.extend_from_slice(new);
    }

    pub(crate) fn starts(&self) -> Vec<u32> {
        let starts = self.offsets.read().unwrap_or_else(PoisonError::into_inner);
        starts.clone()
    }

    pub(crate) fn damage(&self, offset: u64, position: u64, problem: Problem) -> Damage {
        Damage { path: self.path.clone(), offset, position: Some(position), problem }
    }
}

pub(crate) fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:016x}.seg"))
}

/// First positions of all segments in a directory, ascending.
pub(crate) fn list(dir: &Path) -> Result<Vec<u64>, LedgerError> {
    let failed = |source| LedgerError::io("list", dir, source);
    let mut firsts = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".seg")) else {
            continue;
        };
        if stem.len() == 16
            && let Ok(first) = u64::from_str_radix(stem, 16)
        {
            firsts.push(first);
        }
    }
    firsts.sort_unstable();
    Ok(firsts)
}

pub(crate) fn encode_header(first: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[0..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks the header of a segment file against the position in its name.
pub(crate) fn check_header(file: &File, first: u64) -> io::Result<Result<(), Problem>> {
    let mut bytes = [0; HEADER];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Err(Problem::SegmentHeader));
        }
        Err(error) => return Err(error),
    }
    let sound = bytes[0..8] == *MAGIC && crc32fast::hash(&bytes[..28]) == u32_at(&bytes, 28);
    Ok(match u32_at(&bytes, 8) {
        _ if !sound => Err(Problem::SegmentHeader),
        VERSION if u64_at(&bytes, 16) == first => Ok(()),
        VERSION => Err(Problem::SegmentHeader),
        other => Err(Problem::UnknownVersion(other)),
    })
}

/// Creates an empty segment that survives a crash: file and directory entry are synced.
pub(crate) fn create(dir: &Path, first: u64) -> Result<File, LedgerError> {
    let path = segment_path(dir, first);
    let make = || -> io::Result<File> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        file.write_all_at(&encode_header(first), 0)?;
        file.sync_all()?;
        sync_dir(dir)?;
        Ok(file)
    };
    make().map_err(|source| {
        // A file without frames is removed so that it is not mistaken for one; if that fails,
        // opening treats it as an empty last segment.
        let _ = fs::remove_file(&path);
        LedgerError::io("create", &path, source)
    })
}

pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Writes a small file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        let file = File::create(&temporary)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), sync_dir)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        LedgerError::io("write", path, source)
    })
}

/// Keeps the offsets of a sealed segment beside it. They are derived: no sync is needed.
pub(crate) fn write_index(segment: &Path, first: u64, offsets: &Offsets) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(44 + offsets.starts.len() * 4);
    bytes.extend_from_slice(INDEX_MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(STRIDE as u32).to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&offsets.count.to_le_bytes());
    bytes.extend_from_slice(&offsets.length.to_le_bytes());
    for start in &offsets.starts {
        bytes.extend_from_slice(&start.to_le_bytes());
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    let path = segment.with_extension("idx");
    fs::write(&path, bytes).inspect_err(|_| {
        // Half an index would be named as damage; none is made again in silence.
        let _ = fs::remove_file(&path);
    })
}

/// The offsets of a sealed segment, if the file is there, sound, and describes `count` frames in
/// `length` bytes.
pub(crate) fn read_index(segment: &Path, first: u64, count: u64, length: u64) -> Option<Offsets> {
    let bytes = fs::read(segment.with_extension("idx")).ok()?;
    let slots = count.div_ceil(STRIDE) as usize;
    let body = bytes.len().checked_sub(4)?;
    let sound = body == 40 + slots * 4
        && bytes[0..8] == *INDEX_MAGIC
        && u32_at(&bytes, 8) == VERSION
        && u32_at(&bytes, 12) == STRIDE as u32
        && u64_at(&bytes, 16) == first
        && u64_at(&bytes, 24) == count
        && u64_at(&bytes, 32) == length
        && crc32fast::hash(&bytes[..body]) == u32_at(&bytes, body);
    sound.then(|| Offsets { starts: (0..slots).map(|slot| u32_at(&bytes, 40 + slot * 4)).collect(), count, length })
}
