//! The ledger as the rest of the product sees it.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cipher::{Binding, Cipher};
use crate::dedup::Dedup;
use crate::erase;
use crate::error::{Damage, LedgerError};
use crate::frame::{Frame, FrameHeader, MAX_PAYLOAD, NewFrame};
use crate::log::Log;
use crate::mark::Mark;
use crate::recovery::{self, OpenReport};
use crate::segment::sync_dir;
use crate::verify::{self, Progress};
use crate::writer::{Answer, Batch, Order, Ready, Reply, Shared, Writer};

/// Payload bytes that one batch may have.
const MAX_BATCH: u64 = 64 << 20;

/// How a ledger works. The default is right for production; tests make things small.
#[derive(Debug, Clone)]
pub struct Options {
    /// A segment that has reached this size is sealed; at most 1 GB.
    pub segment_bytes: u64,
    /// Message keys in memory before they become a run on disk.
    pub table_entries: usize,
    /// Runs of one level that are merged into one of the next.
    pub fanout: usize,
    /// A sync takes batches until they have this many bytes.
    pub group_bytes: usize,
    /// [`Ledger::append_later`] refuses with [`LedgerError::Busy`] beyond this many waiting bytes.
    pub max_pending_bytes: usize,
    /// Who encrypts payloads; without one they are written as they are.
    pub cipher: Option<Arc<dyn Cipher>>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segment_bytes: 128 << 20,
            // The most a hash map of 2^20 slots holds before it doubles.
            table_entries: 900_000,
            fanout: 4,
            group_bytes: 8 << 20,
            max_pending_bytes: 256 << 20,
            cipher: None,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), LedgerError> {
        let wrong = |name, expected| Err(LedgerError::Option { name, expected });
        if !(1..=1 << 30).contains(&self.segment_bytes) {
            return wrong("segment_bytes", "between 1 byte and 1 GB");
        }
        if self.table_entries == 0 {
            return wrong("table_entries", "at least 1");
        }
        if self.fanout < 2 {
            return wrong("fanout", "at least 2");
        }
        Ok(())
    }
}

/// What became of one frame of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new, durable, and has this position.
    Accepted(u64),
    /// The same fact stands at this position already; nothing was written.
    Duplicate(u64),
    /// Its key is known with another content. It stands at this position, put aside as
    /// [`FrameKind::Quarantined`](crate::FrameKind::Quarantined) with [`FrameHeader::conflict`] set; the same content again gives
    /// the same position again.
    Conflict(u64),
}

/// Sizes, for telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// The last durable frame.
    pub last_position: u64,
    /// Segment files.
    pub segments: usize,
    /// Bytes of batches that wait for the writer.
    pub pending_bytes: usize,
    /// Syncs of the log since it was opened.
    pub syncs: u64,
    /// Message keys known.
    pub keys: u64,
    /// Runs of the duplicate index.
    pub runs: usize,
    /// Memory the duplicate index takes, in bytes.
    pub key_memory: usize,
    /// Runs that turned out to be damaged since opening and were made again.
    pub repaired_runs: u64,
}

/// The durable ordered log of one data directory.
///
/// It can be shared between threads by reference or `Arc`. Dropping it writes what was appended
/// and waits for that.
pub struct Ledger {
    shared: Arc<Shared>,
    orders: Sender<Order>,
    writer: Option<JoinHandle<()>>,
    max_pending_bytes: usize,
    /// One erasure at a time.
    erasing: Mutex<()>,
    /// Held for as long as the ledger is open.
    _lock: File,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("dir", &self.shared.log.dir).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger in `dir`, which is made if it is not there.
    ///
    /// Reads the headers of all segments, the last segment whole, and the frame headers that the
    /// duplicate index does not cover.
    pub fn open(dir: &Path, options: Options) -> Result<(Ledger, OpenReport), LedgerError> {
        options.check()?;
        fs::create_dir_all(dir).map_err(|source| LedgerError::io("create", dir, source))?;
        // The directory's own name must survive a power cut as well.
        if let Some(parent) = dir.canonicalize().ok().as_deref().and_then(Path::parent) {
            sync_dir(parent).map_err(|source| LedgerError::io("sync", parent, source))?;
        }
        let lock = lock(dir)?;
        let mut report =
            OpenReport { finished_erasures: erase::finish(dir, &RwLock::new(()))?, ..OpenReport::default() };
        let (mark, acknowledged) = Mark::open(dir)?;
        let recovered = recovery::recover(dir, acknowledged, &mut report)?;
        let last = recovered.last;
        let log = Arc::new(Log::new(dir, recovered.segments.clone(), options.cipher));
        let (table_entries, fanout) = (options.table_entries, options.fanout);
        let (dedup, rebuilt) = Dedup::open(Arc::clone(&log), last, table_entries, fanout)?;
        report.rebuilt_runs = rebuilt.damages;
        report.replayed_headers = rebuilt.replayed;
        let shared = Arc::new(Shared::new(log, dedup, last));
        let (segment_bytes, group_bytes) = (options.segment_bytes, options.group_bytes);
        let writer = Writer::new(Arc::clone(&shared), mark, recovered, segment_bytes, group_bytes)
            .expect("recovery leaves at least one segment");
        let (orders, receiver) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|source| LedgerError::io("start a thread for", dir, source))?;
        let ledger = Ledger {
            shared,
            orders,
            writer: Some(writer),
            max_pending_bytes: options.max_pending_bytes,
            erasing: Mutex::new(()),
            _lock: lock,
        };
        Ok((ledger, report))
    }

    /// Appends frames and returns once they are on the disk; one verdict per frame, in order.
    ///
    /// Batches of many threads share a sync. The whole batch is kept or, on an error, nothing of
    /// it.
    pub fn append(&self, frames: Vec<NewFrame>) -> Result<Vec<Verdict>, LedgerError> {
        if frames.is_empty() {
            return Ok(Vec::new());
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        self.send(frames, Box::new(move |answer| drop(sender.send(answer))));
        receiver.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Returns once everything that was sent before, by any thread, is on the disk or refused.
    pub fn flush(&self) -> Result<(), LedgerError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.send(Vec::new(), Box::new(move |answer| drop(sender.send(answer))));
        receiver.recv().unwrap_or_else(|_| Err(closed())).map(drop)
    }

    /// Appends frames and calls back once they are on the disk.
    ///
    /// The callback runs on the writer's thread (or, if the batch is refused at once, on the
    /// caller's): it should only hand the verdicts on.
    pub fn append_later(
        &self,
        frames: Vec<NewFrame>,
        callback: impl FnOnce(Result<Vec<Verdict>, LedgerError>) + Send + 'static,
    ) {
        let pending = self.shared.pending_bytes.load(Ordering::Relaxed);
        if frames.is_empty() {
            callback(Ok(Vec::new()));
        } else if pending > self.max_pending_bytes {
            callback(Err(LedgerError::Busy { pending: pending as u64 }));
        } else {
            self.send(frames, Box::new(callback));
        }
    }

    fn send(&self, frames: Vec<NewFrame>, reply: Reply) {
        let frames: Vec<Ready> = frames.into_iter().map(|f| self.ready(f)).collect();
        let mut bytes = 0;
        for Ready { frame, .. } in &frames {
            if frame.payload.len() > MAX_PAYLOAD {
                let (bytes, limit) = (frame.payload.len() as u64, MAX_PAYLOAD as u64);
                return reply(Err(LedgerError::TooLarge { bytes, limit }));
            }
            bytes += crate::frame::HEADER + frame.payload.len();
        }
        if bytes as u64 > MAX_BATCH {
            return reply(Err(LedgerError::TooLarge { bytes: bytes as u64, limit: MAX_BATCH }));
        }
        self.shared.pending_bytes.fetch_add(bytes, Ordering::Relaxed);
        let order = Order::Append(Batch { frames, bytes, reply });
        if let Err(mpsc::SendError(Order::Append(batch))) = self.orders.send(order) {
            self.shared.pending_bytes.fetch_sub(bytes, Ordering::Relaxed);
            let answer: Answer = Err(closed());
            (batch.reply)(answer);
        }
    }

    /// A frame as it goes to the disk.
    fn ready(&self, mut frame: NewFrame) -> Ready {
        let binding = Binding { workspace: frame.workspace, key: frame.key };
        let encrypted = self.shared.log.cipher.as_ref().is_some_and(|c| c.encrypt(binding, &mut frame.payload));
        Ready { crc: crc32fast::hash(&frame.payload), encrypted, frame }
    }

    /// The last durable frame, 0 if there is none.
    pub fn last_position(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    /// Waits until a frame after `position` is durable or the time is over; the last durable
    /// frame.
    pub fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        self.shared.wait_beyond(position, timeout)
    }

    /// Durable frames from `position` on, in order, up to `max_frames` or `max_bytes` of payload
    /// (at least one frame); none if there is nothing yet.
    pub fn read_from(&self, position: u64, max_frames: usize, max_bytes: usize) -> Result<Vec<Frame>, LedgerError> {
        self.shared.log.frames(position.max(1), self.last_position(), max_frames, max_bytes)
    }

    /// Headers of durable frames from `position` on, in order: payloads are not looked at.
    pub fn headers_from(&self, position: u64, max_frames: usize) -> Result<Vec<FrameHeader>, LedgerError> {
        let from = position.max(1);
        let to = self.last_position().min(from.saturating_add(max_frames as u64).saturating_sub(1));
        let mut headers = Vec::new();
        self.shared.log.headers(from, to, |header| headers.push(header))?;
        Ok(headers)
    }

    /// One frame.
    pub fn read(&self, position: u64) -> Result<Frame, LedgerError> {
        let mut frames = self.read_many(&[position])?;
        frames.pop().ok_or(LedgerError::NoSuchPosition { position, last: self.last_position() })
    }

    /// Single frames, in the order of `positions`.
    pub fn read_many(&self, positions: &[u64]) -> Result<Vec<Frame>, LedgerError> {
        self.check_positions(positions)?;
        self.shared.log.frames_at(positions)
    }

    /// Overwrites payloads with zeros, on the disk when this returns; how many were not erased
    /// before. Headers and message keys stay: a late copy of an erased fact remains a duplicate.
    ///
    /// An interruption is made up for at the next start; repeating it does no harm.
    pub fn erase(&self, positions: &[u64]) -> Result<u64, LedgerError> {
        self.check_positions(positions)?;
        let _one = self.erasing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        erase::erase(&self.shared.log, positions)
    }

    fn check_positions(&self, positions: &[u64]) -> Result<(), LedgerError> {
        let last = self.last_position();
        match positions.iter().find(|&&position| position == 0 || position > last) {
            Some(&position) => Err(LedgerError::NoSuchPosition { position, last }),
            None => Ok(()),
        }
    }

    /// Position and content hash of the interaction with this key.
    pub fn find(&self, key: u128) -> Result<Option<(u64, u64)>, LedgerError> {
        let found = self.shared.dedup.find(key)?;
        Ok(found.map(|entry| (entry.position, entry.content)))
    }

    /// Reads everything and names every damaged place. Appends go on meanwhile.
    pub fn verify(&self, progress: impl FnMut(Progress)) -> Result<Vec<Damage>, LedgerError> {
        let last = self.last_position();
        verify::check(&self.shared.log.dir, Some(last), Some(&self.erasing), progress)
    }

    /// Sizes, for telemetry.
    pub fn stats(&self) -> Stats {
        let size = self.shared.dedup.size();
        Stats {
            last_position: self.last_position(),
            segments: self.shared.log.segment_count(),
            pending_bytes: self.shared.pending_bytes.load(Ordering::Relaxed),
            syncs: self.shared.syncs.load(Ordering::Relaxed),
            keys: size.keys,
            runs: size.runs,
            key_memory: size.memory,
            repaired_runs: size.repaired,
        }
    }

    /// Writes everything that was appended before, and closes the files.
    pub fn close(self) {}
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // An error means that the writer is gone already.
        let _ = self.orders.send(Order::Stop);
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(dir = %self.shared.log.dir.display(), "the writer of the ledger panicked");
        }
        self.shared.dedup.close();
    }
}

fn closed() -> LedgerError {
    LedgerError::Stopped { reason: "it was closed".into() }
}

fn lock(dir: &Path) -> Result<File, LedgerError> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|source| LedgerError::io("open", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(LedgerError::io("lock", &path, source)),
    }
}
