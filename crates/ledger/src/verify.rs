//! The full check: every byte of the log and of the duplicate index is read, and every damaged
//! place is named. It also works on a directory that cannot be opened any more.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::dedup::{self, Entry, Run, RunReader};
use crate::error::{Damage, LedgerError, Problem};
use crate::mark;
use crate::recovery::synced_after;
use crate::scan::{Depth, Scan};
use crate::segment::{self, Offsets};

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the log that were read.
    pub bytes: u64,
    /// Bytes there are.
    pub of_bytes: u64,
    /// Frames that were found sound.
    pub frames: u64,
}

/// Checks the ledger in `dir` without opening it; nothing is changed.
///
/// While another process appends, its newest frames can look like a torn tail.
pub fn verify(dir: &Path, progress: impl FnMut(Progress)) -> Result<Vec<Damage>, LedgerError> {
    check(dir, None, None, progress)
}

pub(crate) fn check(
    dir: &Path,
    durable: Option<u64>,
    erasing: Option<&Mutex<()>>,
    mut progress: impl FnMut(Progress),
) -> Result<Vec<Damage>, LedgerError> {
    let mut damages = Vec::new();
    let acknowledged = durable.unwrap_or_else(|| mark::read(dir));
    let mut keys = Keys::open(dir, &mut damages)?;
    let firsts = segment::list(dir)?;
    let mut of_bytes = 0;
    for &first in &firsts {
        let path = segment::segment_path(dir, first);
        let data = path.metadata().map_err(|source| LedgerError::io("read", &path, source))?;
        of_bytes += data.len();
    }
    let mut so_far = Progress { bytes: 0, of_bytes, frames: 0 };
    let mut expected = 1;
    for (slot, &first) in firsts.iter().enumerate() {
        // Appends go on: a segment that was started since then is not looked at.
        if slot > 0 && durable.is_some_and(|durable| first > durable) {
            break;
        }
        if first != expected {
            let path = segment::segment_path(dir, expected);
            let problem = Problem::MissingSegment { first: expected };
            damages.push(Damage { path, offset: 0, position: Some(expected), problem });
            keys.doubt(expected, first.max(expected));
        }
        let path = segment::segment_path(dir, first);
        let _still = erasing.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
        let next = firsts.get(slot + 1).copied();
        let limit = next.map(|next| next - 1).or(durable);
        let mut segment =
            SegmentCheck { path: &path, first, limit, acknowledged, damages: &mut damages, keys: &mut keys };
        let read = segment.run(next.is_some(), |bytes, frames| {
            progress(Progress { bytes: so_far.bytes + bytes, frames: so_far.frames + frames, of_bytes });
        });
        let read = read.map_err(|source| LedgerError::io("read", &path, source))?;
        so_far.bytes += read.bytes;
        so_far.frames += read.frames;
        expected = next.unwrap_or(first + read.positions);
    }
    if expected <= acknowledged {
        let path = segment::segment_path(dir, firsts.last().copied().unwrap_or(1));
        let problem = Problem::AcknowledgedMissing { acknowledged };
        damages.push(Damage { path, offset: 0, position: Some(expected), problem });
        keys.doubt(expected, acknowledged + 1);
    }
    keys.compare(&mut damages);
    Ok(damages)
}

struct SegmentRead {
    bytes: u64,
    frames: u64,
    positions: u64,
}

struct SegmentCheck<'a> {
    path: &'a Path,
    first: u64,
    /// The last position to look at, if that is known.
    limit: Option<u64>,
    acknowledged: u64,
    damages: &'a mut Vec<Damage>,
    keys: &'a mut Keys,
}

impl SegmentCheck<'_> {
    fn run(&mut self, sealed: bool, mut progress: impl FnMut(u64, u64)) -> io::Result<SegmentRead> {
        let file = File::open(self.path)?;
        let header = segment::check_header(&file, self.first)?;
        let mut scan = Scan::new(file)?;
        if let Err(problem) = header {
            let unborn = problem == Problem::SegmentHeader
                && self.may_be_torn(sealed, self.first)
                && scan.next_sound(0, self.first - 1)?.is_none();
            let problem = if unborn { Problem::TornTail } else { problem };
            self.damage(0, self.first, problem);
            if unborn {
                return Ok(SegmentRead { bytes: scan.length, frames: 0, positions: 0 });
            }
        }
        let mut offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
        let (mut offset, mut position, mut frames) = (segment::HEADER as u64, self.first, 0);
        let mut whole = true;
        while offset < scan.length && self.limit.is_none_or(|limit| position <= limit) {
            match scan.frame(offset, Some(position), Depth::Zeros)? {
                Ok(frame) => {
                    self.keys.add(Entry::of(&frame), position);
                    offsets.push(offset, frame.disk_len());
                    offset += frame.disk_len();
                    position += 1;
                    frames += 1;
                    if frames % 8192 == 0 {
                        progress(offset, frames);
                    }
                }
                Err(_) if self.torn(&mut scan, sealed, offset, position)? => {
                    self.damage(offset, position, Problem::TornTail);
                    break;
                }
                Err(problem) => {
                    whole = false;
                    self.damage(offset, position, problem);
                    let found = scan.next_sound(offset + 1, position)?;
                    let next = found.as_ref().map_or(position + 1, |(_, frame)| frame.position);
                    self.keys.doubt(position, next);
                    position = next;
                    offset = found.map_or(scan.length, |(at, _)| at);
                }
            }
        }
        if sealed && whole {
            if offset < scan.length {
                self.damage(offset, position, Problem::NotAFrame);
            } else if let Some(limit) = self.limit.filter(|&limit| position <= limit) {
                let path = self.path.with_file_name(format!("{position:016x}.seg"));
                let problem = Problem::MissingSegment { first: position };
                self.damages.push(Damage { path, offset: 0, position: Some(position), problem });
                self.keys.doubt(position, limit + 1);
            } else {
                self.check_index(&offsets);
            }
        }
        progress(scan.length, frames);
        Ok(SegmentRead { bytes: scan.length, frames, positions: position - self.first })
    }

    /// Whether the next start would cut the log here.
    fn torn(&self, scan: &mut Scan, sealed: bool, offset: u64, position: u64) -> io::Result<bool> {
        Ok(self.may_be_torn(sealed, position) && !synced_after(scan, offset, position)?)
    }

    fn may_be_torn(&self, sealed: bool, position: u64) -> bool {
        !sealed && self.limit.is_none() && position > self.acknowledged
    }

    /// A missing index is made at the next start; a wrong one is named.
    fn check_index(&mut self, offsets: &Offsets) {
        let index = self.path.with_extension("idx");
        let (count, length) = (offsets.count, offsets.length);
        if index.exists() && segment::read_index(self.path, self.first, count, length).as_ref() != Some(offsets) {
            self.damages.push(Damage { path: index, offset: 0, position: None, problem: Problem::Index });
        }
    }

    fn damage(&mut self, offset: u64, position: u64, problem: Problem) {
        let path = self.path.to_owned();
        self.damages.push(Damage { path, offset, position: Some(position), problem });
    }
}

/// Compares the keys in the runs with those of the frames they cover.
struct Keys {
    covers: Vec<Covered>,
}

struct Covered {
    path: PathBuf,
    from: u64,
    to: u64,
    /// What the run says minus what the frames say, as wrapping sums.
    sum: u64,
    count: i64,
    /// Frames in its range are damaged: nothing can be compared.
    doubtful: bool,
}

impl Keys {
    /// Reads all runs; damaged ones are named.
    fn open(dir: &Path, damages: &mut Vec<Damage>) -> Result<Keys, LedgerError> {
        let mut covers = Vec::new();
        for path in dedup::run_files(dir)? {
            // A merge may delete the file meanwhile.
            let run = match Run::open(&path) {
                Ok(run) => Arc::new(run),
                Err(LedgerError::Damaged(damage)) => {
                    damages.push(*damage);
                    continue;
                }
                Err(_) if !path.exists() => continue,
                Err(error) => return Err(error),
            };
            let mut covered = Covered {
                path: path.clone(),
                from: run.header.from,
                to: run.header.to,
                sum: 0,
                count: 0,
                doubtful: false,
            };
            let mut reader = RunReader::new(run);
            loop {
                match reader.next() {
                    Ok(Some(entry)) => {
                        covered.sum = covered.sum.wrapping_add(entry.fingerprint());
                        covered.count += 1;
                    }
                    Ok(None) => break covers.push(covered),
                    Err(LedgerError::Damaged(damage)) => break damages.push(*damage),
                    Err(error) => return Err(error),
                }
            }
        }
        covers.sort_by_key(|covered| covered.from);
        Ok(Keys { covers })
    }

    fn add(&mut self, entry: Option<Entry>, position: u64) {
        let Some(entry) = entry else { return };
        // Few runs, and those of a crashed merge may overlap.
        for covered in &mut self.covers {
            if (covered.from..=covered.to).contains(&position) {
                covered.sum = covered.sum.wrapping_sub(entry.fingerprint());
                covered.count -= 1;
            }
        }
    }

    /// Frames `from..next` cannot be read.
    fn doubt(&mut self, from: u64, next: u64) {
        for covered in &mut self.covers {
            covered.doubtful |= covered.from < next && covered.to >= from;
        }
    }

    fn compare(self, damages: &mut Vec<Damage>) {
        for covered in self.covers {
            if !covered.doubtful && (covered.sum != 0 || covered.count != 0) {
                let problem = Problem::RunContent;
                damages.push(Damage { path: covered.path, offset: 0, position: None, problem });
            }
        }
    }
}
