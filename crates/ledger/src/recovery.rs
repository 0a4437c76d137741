//! What opening does: finish an erasure, check the segments' headers and the chain of their
//! positions, read the last segment whole, and cut a torn tail.
//!
//! A torn tail is a final part that was never acknowledged. Damage is something else, and an
//! error, when the mark says that the frame was acknowledged, or when a sound frame follows that
//! was written after the damaged one had been synced (`in group` says so).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Damage, LedgerError, Problem};
use crate::scan::{Depth, Scan};
use crate::segment::{self, Offsets, Segment};

/// What opening a ledger found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Segments there are.
    pub segments: usize,
    /// The last durable frame, 0 if there is none.
    pub last_position: u64,
    /// Bytes of the torn tail that were cut off. They were never acknowledged.
    pub truncated_bytes: u64,
    /// The segment whose tail was cut.
    pub truncated_segment: Option<PathBuf>,
    /// Sealed segments whose offsets were missing or wrong and were read again.
    pub rebuilt_offsets: Vec<PathBuf>,
    /// Frames whose erasure was interrupted and is finished now.
    pub finished_erasures: u64,
    /// Damaged runs of the duplicate index that were made again from the frames.
    pub rebuilt_runs: Vec<Damage>,
    /// Frame headers that were read because no run covered them.
    pub replayed_headers: u64,
}

/// The segments as they stand after recovery.
pub(crate) struct Recovered {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// The last segment, open for writing.
    pub(crate) file: File,
    pub(crate) offsets: Offsets,
    pub(crate) last: u64,
}

pub(crate) fn recover(dir: &Path, acknowledged: u64, report: &mut OpenReport) -> Result<Recovered, LedgerError> {
    let firsts = segment::list(dir)?;
    if firsts.first().is_none_or(|&first| first != 1) && (acknowledged > 0 || !firsts.is_empty()) {
        return Err(missing(dir, 1).into());
    }
    let mut segments = Vec::with_capacity(firsts.len().max(1));
    for pair in firsts.windows(2) {
        let offsets = sealed(dir, pair[0], pair[1], report)?;
        segments.push(Arc::new(Segment::new(dir, pair[0], offsets.starts)));
    }
    let first = firsts.last().copied().unwrap_or(1);
    let (file, offsets) = if firsts.is_empty() {
        let offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
        (segment::create(dir, first)?, offsets)
    } else {
        last_segment(dir, first, acknowledged, report)?
    };
    let last = first - 1 + offsets.count;
    segments.push(Arc::new(Segment::new(dir, first, offsets.starts.clone())));
    report.segments = segments.len();
    report.last_position = last;
    Ok(Recovered { segments, file, offsets, last })
}

fn missing(dir: &Path, first: u64) -> Damage {
    let path = segment::segment_path(dir, first);
    Damage { path, offset: 0, position: Some(first), problem: Problem::MissingSegment { first } }
}

/// A segment that another one follows: its header, and its offsets from the index file or from
/// its frame headers.
fn sealed(dir: &Path, first: u64, next: u64, report: &mut OpenReport) -> Result<Offsets, LedgerError> {
    let path = segment::segment_path(dir, first);
    let failed = |source| LedgerError::io("read", &path, source);
    let damage = |offset, position, problem| {
        LedgerError::from(Damage { path: path.clone(), offset, position: Some(position), problem })
    };
    let file = File::open(&path).map_err(failed)?;
    let header = segment::check_header(&file, first).map_err(failed)?;
    header.map_err(|problem| damage(0, first, problem))?;
    let mut scan = Scan::new(file).map_err(failed)?;
    let count = next - first;
    if let Some(offsets) = segment::read_index(&path, first, count, scan.length) {
        return Ok(offsets);
    }
    let mut offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
    while offsets.length < scan.length || offsets.count < count {
        let (offset, position) = (offsets.length, first + offsets.count);
        if position == next {
            return Err(damage(offset, position, Problem::NotAFrame));
        }
        if offset == scan.length {
            return Err(missing(dir, position).into());
        }
        let frame = scan.frame(offset, Some(position), Depth::Header).map_err(failed)?;
        let frame = frame.map_err(|problem| damage(offset, position, problem))?;
        offsets.push(offset, frame.disk_len());
    }
    // Derived: if it cannot be kept, the next start reads the headers again.
    if let Err(error) = segment::write_index(&path, first, &offsets) {
        tracing::warn!(path = %path.display(), %error, "cannot keep the offsets of a segment");
    }
    report.rebuilt_offsets.push(path);
    Ok(offsets)
}

/// The segment that is written to: every frame is checked, a torn tail is cut.
fn last_segment(
    dir: &Path,
    first: u64,
    acknowledged: u64,
    report: &mut OpenReport,
) -> Result<(File, Offsets), LedgerError> {
    let path = segment::segment_path(dir, first);
    let failed = |source| LedgerError::io("read", &path, source);
    let damage = |offset, position, problem| {
        LedgerError::from(Damage { path: path.clone(), offset, position: Some(position), problem })
    };
    let file = File::options().read(true).write(true).open(&path).map_err(failed)?;
    let header = segment::check_header(&file, first).map_err(failed)?;
    let mut scan = Scan::new(file).map_err(failed)?;
    if let Err(problem) = header {
        let frames = scan.next_sound(0, first - 1).map_err(failed)?.is_some();
        if frames || acknowledged >= first || problem != Problem::SegmentHeader {
            return Err(damage(0, first, problem));
        }
        // The crash came while the segment was made: nothing was ever written to it.
        report.truncated_bytes = scan.length;
        report.truncated_segment = Some(path.clone());
        let offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
        return Ok((segment::create(dir, first)?, offsets));
    }
    let mut offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
    let mut problem = None;
    while offsets.length < scan.length && problem.is_none() {
        let (offset, position) = (offsets.length, first + offsets.count);
        match scan.frame(offset, Some(position), Depth::Payload).map_err(failed)? {
            Ok(frame) => offsets.push(offset, frame.disk_len()),
            Err(found) => problem = Some(found),
        }
    }
    let (end, next) = (offsets.length, first + offsets.count);
    let Some(problem) = problem else {
        if next <= acknowledged {
            return Err(damage(end, next, Problem::AcknowledgedMissing { acknowledged }));
        }
        return Ok((scan.file().try_clone().map_err(failed)?, offsets));
    };
    let rot = next <= acknowledged
        || matches!(problem, Problem::UnknownKind(_) | Problem::WrongPosition { .. })
        || synced_after(&mut scan, end, next).map_err(failed)?;
    if rot {
        return Err(damage(end, next, problem));
    }
    report.truncated_bytes = scan.length - end;
    report.truncated_segment = Some(path.clone());
    tracing::warn!(
        path = %path.display(), offset = end, bytes = report.truncated_bytes, %problem,
        "the tail of the log was torn by a crash and is cut off; it was never acknowledged"
    );
    let file = scan.file().try_clone().map_err(failed)?;
    file.set_len(end).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok((file, offsets))
}

/// Whether a sound frame follows that was written after frame `position` had been synced.
pub(crate) fn synced_after(scan: &mut Scan, offset: u64, position: u64) -> std::io::Result<bool> {
    let mut start = offset + 1;
    while let Some((at, frame)) = scan.next_sound(start, position)? {
        if frame.group_start() > position {
            return Ok(true);
        }
        start = at + frame.disk_len();
    }
    Ok(false)
}
