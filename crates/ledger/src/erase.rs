//! Erasure: the one change a frame can suffer.
//!
//! The frames to erase are first named in the file `erasing`, so that an erasure happens whole or
//! is made up for at the next start. Then all of them are flagged and synced, then their payloads
//! are overwritten with zeros and synced, then the file goes. A reader treats a flagged frame as
//! erased, whatever its payload holds.
//!
//! `magic 8 "TLerasin", version 4 (1), count 4, then per frame: segment 8, offset 8, position 8;
//! crc 4 over everything before`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::error::{Damage, LedgerError, Problem};
use crate::frame::{ERASED, FrameHeader, HEADER, u32_at, u64_at};
use crate::log::{Cursor, Log};
use crate::segment::{segment_path, sync_dir, write_whole};

const MAGIC: &[u8; 8] = b"TLerasin";
const VERSION: u32 = 1;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A frame to erase, and where it is.
#[derive(Debug, Clone, Copy)]
struct Target {
    segment: u64,
    offset: u64,
    position: u64,
}

/// Erases durable frames; how many were not erased before.
pub(crate) fn erase(log: &Log, positions: &[u64]) -> Result<u64, LedgerError> {
    // One that failed half-way, on a disk that refused for example, comes first: its list must
    // not be replaced before it is done.
    finish(&log.dir, &log.erasing)?;
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut cursor = Cursor::new(log, 32 << 10);
    let mut targets = Vec::new();
    let mut fresh = 0;
    for position in sorted {
        cursor.seek(position)?;
        let (header, segment, offset) = cursor.next_with_offset()?;
        fresh += u64::from(!header.erased);
        targets.push(Target { segment: segment.first, offset, position });
    }
    if targets.is_empty() {
        return Ok(0);
    }
    let list = list_path(&log.dir);
    write_whole(&list, &encode(&targets))?;
    apply(&log.dir, &targets, &log.erasing)?;
    forget(&log.dir, &list)?;
    Ok(fresh)
}

/// Finishes an erasure that was interrupted; how many frames it named.
pub(crate) fn finish(dir: &Path, gate: &RwLock<()>) -> Result<u64, LedgerError> {
    let list = list_path(dir);
    let bytes = match fs::read(&list) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(LedgerError::io("read", &list, source)),
    };
    let damage = Damage { path: list.clone(), offset: 0, position: None, problem: Problem::ErasureList };
    let targets = decode(&bytes).ok_or(damage)?;
    apply(dir, &targets, gate)?;
    forget(dir, &list)?;
    Ok(targets.len() as u64)
}

fn list_path(dir: &Path) -> PathBuf {
    dir.join("erasing")
}

fn forget(dir: &Path, list: &Path) -> Result<(), LedgerError> {
    fs::remove_file(list).and_then(|()| sync_dir(dir)).map_err(|source| LedgerError::io("delete", list, source))
}

/// Flags everywhere, then zeros everywhere; each segment is synced after each of the two.
fn apply(dir: &Path, targets: &[Target], gate: &RwLock<()>) -> Result<(), LedgerError> {
    for step in [flag, zero] {
        for targets in targets.chunk_by(|one, two| one.segment == two.segment) {
            let path = segment_path(dir, targets[0].segment);
            let failed = |source| LedgerError::io("erase in", &path, source);
            let file = File::options().read(true).write(true).open(&path).map_err(failed)?;
            for target in targets {
                let damage = |problem| Damage {
                    path: path.clone(),
                    offset: target.offset,
                    position: Some(target.position),
                    problem,
                };
                let header = header_at(&file, target).map_err(failed)?.map_err(damage)?;
                let _alone = gate.write().unwrap_or_else(PoisonError::into_inner);
                step(&file, target.offset, header).map_err(failed)?;
            }
            file.sync_data().map_err(failed)?;
        }
    }
    Ok(())
}

/// The header of a frame that is being erased. A crash can have left the new flag with the old
/// checksum or the other way round: both are the same frame.
fn header_at(file: &File, target: &Target) -> io::Result<Result<FrameHeader, Problem>> {
    let mut bytes = [0; HEADER];
    match file.read_exact_at(&mut bytes, target.offset) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(Err(Problem::CutShort));
        }
        other => other?,
    }
    let mut header = FrameHeader::decode(&bytes);
    if header == Err(Problem::HeaderChecksum) {
        bytes[3] ^= ERASED;
        header = FrameHeader::decode(&bytes);
    }
    Ok(header.and_then(|header| match header.position {
        found if found == target.position => Ok(header),
        found => Err(Problem::WrongPosition { found }),
    }))
}

fn flag(file: &File, offset: u64, header: FrameHeader) -> io::Result<()> {
    let erased = FrameHeader { erased: true, ..header };
    file.write_all_at(&erased.encode(), offset)
}

fn zero(file: &File, offset: u64, header: FrameHeader) -> io::Result<()> {
    let mut at = offset + HEADER as u64;
    let end = offset + header.disk_len();
    while at < end {
        let length = ZEROS.len().min((end - at) as usize);
        file.write_all_at(&ZEROS[..length], at)?;
        at += length as u64;
    }
    Ok(())
}

fn encode(targets: &[Target]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + targets.len() * 24);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(targets.len() as u32).to_le_bytes());
    for target in targets {
        bytes.extend_from_slice(&target.segment.to_le_bytes());
        bytes.extend_from_slice(&target.offset.to_le_bytes());
        bytes.extend_from_slice(&target.position.to_le_bytes());
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Vec<Target>> {
    let body = bytes.len().checked_sub(4).filter(|&body| body >= 16)?;
    let count = u32_at(bytes, 12) as usize;
    let sound = bytes[0..8] == *MAGIC
        && u32_at(bytes, 8) == VERSION
        && body == 16 + count * 24
        && crc32fast::hash(&bytes[..body]) == u32_at(bytes, body);
    let target = |at: usize| Target {
        segment: u64_at(bytes, at),
        offset: u64_at(bytes, at + 8),
        position: u64_at(bytes, at + 16),
    };
    sound.then(|| (0..count).map(|slot| target(16 + slot * 24)).collect())
}
