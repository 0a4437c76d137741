//! The one thread that writes: it takes every batch that waits, decides which frames are new,
//! writes them with one `pwrite`, syncs once, and answers all of them.
//!
//! The log grows by plain appends and `fdatasync`. Measured here, a file allocated beforehand was
//! no quicker (3.9 ms a sync either way), and a plain append keeps a torn tail short.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::dedup::{Dedup, Entry, KeyMap, conflict_key, unique_key};
use crate::error::LedgerError;
use crate::frame::{FrameHeader, FrameKind, HEADER, NewFrame};
use crate::ledger::Verdict;
use crate::log::Log;
use crate::mark::Mark;
use crate::recovery::Recovered;
use crate::segment::{self, Offsets, STRIDE, Segment, to_u32};

/// What a batch is answered with.
pub(crate) type Answer = Result<Vec<Verdict>, LedgerError>;
pub(crate) type Reply = Box<dyn FnOnce(Answer) + Send>;

/// A frame as it goes to the disk.
pub(crate) struct Ready {
    /// With its payload as it is written.
    pub(crate) frame: NewFrame,
    /// The payload is encrypted.
    pub(crate) encrypted: bool,
    /// The checksum of the payload.
    pub(crate) crc: u32,
}

/// Frames that somebody waits for.
pub(crate) struct Batch {
    /// Each as it goes to the disk, so that callers share that work.
    pub(crate) frames: Vec<Ready>,
    pub(crate) bytes: usize,
    pub(crate) reply: Reply,
}

pub(crate) enum Order {
    Append(Batch),
    Stop,
}

/// What the writer shares with everybody else.
pub(crate) struct Shared {
    pub(crate) log: Arc<Log>,
    pub(crate) dedup: Arc<Dedup>,
    pub(crate) durable: AtomicU64,
    pub(crate) pending_bytes: AtomicUsize,
    pub(crate) syncs: AtomicU64,
    watch: Mutex<()>,
    advanced: Condvar,
}

impl Shared {
    pub(crate) fn new(log: Arc<Log>, dedup: Arc<Dedup>, last: u64) -> Self {
        Shared {
            log,
            dedup,
            durable: AtomicU64::new(last),
            pending_bytes: AtomicUsize::new(0),
            syncs: AtomicU64::new(0),
            watch: Mutex::new(()),
            advanced: Condvar::new(),
        }
    }

    fn advance(&self, last: u64) {
        let _watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        self.durable.store(last, Ordering::Release);
        self.advanced.notify_all();
    }

    pub(crate) fn wait_beyond(&self, position: u64, timeout: std::time::Duration) -> u64 {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = |_: &mut ()| self.durable.load(Ordering::Acquire) <= position;
        drop(self.advanced.wait_timeout_while(watch, timeout, behind));
        self.durable.load(Ordering::Acquire)
    }
}

/// Owns the end of the log.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    mark: Mark,
    segment_bytes: u64,
    group_bytes: usize,
    file: File,
    segment: Arc<Segment>,
    offsets: Offsets,
    /// Last position that was synced.
    last: u64,
    /// Frames of the group in the making, as they will stand on disk.
    buffer: Vec<u8>,
    /// Offsets of every stride in it.
    starts: Vec<u32>,
    /// Keys in it.
    keys: KeyMap,
    failed: Option<LedgerError>,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        mark: Mark,
        recovered: Recovered,
        segment_bytes: u64,
        group_bytes: usize,
    ) -> Option<Writer> {
        let mut offsets = recovered.offsets;
        offsets.starts.clear();
        Some(Writer {
            shared,
            mark,
            segment_bytes,
            group_bytes,
            file: recovered.file,
            segment: Arc::clone(recovered.segments.last()?),
            offsets,
            last: recovered.last,
            buffer: Vec::new(),
            starts: Vec::new(),
            keys: KeyMap::default(),
            failed: None,
        })
    }

    /// Works until it is told to stop or nobody can send any more; everything sent before is
    /// written.
    pub(crate) fn run(mut self, orders: &Receiver<Order>) {
        let mut stopping = false;
        while !stopping {
            let Ok(Order::Append(first)) = orders.recv() else {
                break;
            };
            let mut bytes = first.bytes;
            let mut group = vec![first];
            while bytes < self.group_bytes {
                match orders.try_recv() {
                    Ok(Order::Append(batch)) => {
                        bytes += batch.bytes;
                        group.push(batch);
                    }
                    Ok(Order::Stop) | Err(TryRecvError::Disconnected) => {
                        stopping = true;
                        break;
                    }
                    Err(TryRecvError::Empty) => break,
                }
            }
            self.answer(group, bytes);
        }
    }

    fn answer(&mut self, group: Vec<Batch>, bytes: usize) {
        let verdicts = self.commit(&group);
        self.shared.pending_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if let Err(error) = &verdicts {
            tracing::error!(%error, batches = group.len(), "nothing of these batches was kept");
        }
        let mut verdicts = verdicts.map(Vec::into_iter);
        for batch in group {
            let answer = match &mut verdicts {
                Ok(verdicts) => Ok(verdicts.next().unwrap_or_default()),
                Err(error) => Err(error.clone()),
            };
            let reply = batch.reply;
            if catch_unwind(AssertUnwindSafe(|| reply(answer))).is_err() {
                tracing::error!("the receiver of a batch's verdicts panicked");
            }
        }
    }

    /// Decides, writes and syncs a group; verdicts for each of its batches.
    fn commit(&mut self, group: &[Batch]) -> Result<Vec<Vec<Verdict>>, LedgerError> {
        if let Some(error) = &self.failed {
            return Err(LedgerError::Stopped { reason: error.to_string().into() });
        }
        self.shared.dedup.wait_for_room()?;
        if self.offsets.length >= self.segment_bytes && self.offsets.count > 0 {
            self.roll()?;
        }
        self.buffer.clear();
        self.starts.clear();
        self.keys.clear();
        let mut next = self.last + 1;
        let mut verdicts = Vec::with_capacity(group.len());
        for batch in group {
            let mut of_batch = Vec::with_capacity(batch.frames.len());
            for ready in &batch.frames {
                of_batch.push(self.decide(ready, &mut next)?);
            }
            verdicts.push(of_batch);
        }
        let last = next - 1;
        if last > self.last {
            self.write()?;
            self.publish(last);
        }
        Ok(verdicts)
    }

    /// New, known, or known with another content: then it is put aside, once.
    fn decide(&mut self, ready: &Ready, next: &mut u64) -> Result<Verdict, LedgerError> {
        let frame = &ready.frame;
        let Some(key) = unique_key(frame.kind, frame.key, frame.content) else {
            return Ok(Verdict::Accepted(self.put(ready, false, next)));
        };
        match self.find(key)? {
            None => {
                let position = self.put(ready, false, next);
                self.keys.insert(key, (frame.content, position));
                Ok(Verdict::Accepted(position))
            }
            Some(known) if known.content == frame.content => Ok(Verdict::Duplicate(known.position)),
            Some(_) => {
                let aside = conflict_key(frame.key, frame.content);
                if let Some(known) = self.find(aside)? {
                    return Ok(Verdict::Conflict(known.position));
                }
                let position = self.put(ready, true, next);
                self.keys.insert(aside, (frame.content, position));
                Ok(Verdict::Conflict(position))
            }
        }
    }

    fn find(&self, key: u128) -> Result<Option<Entry>, LedgerError> {
        match self.keys.get(&key) {
            Some(&(content, position)) => Ok(Some(Entry { key, content, position })),
            None => self.shared.dedup.find(key),
        }
    }

    fn put(&mut self, ready: &Ready, conflict: bool, next: &mut u64) -> u64 {
        let frame = &ready.frame;
        let position = *next;
        let header = FrameHeader {
            position,
            kind: if conflict { FrameKind::Quarantined } else { frame.kind },
            erased: false,
            conflict,
            encrypted: ready.encrypted,
            workspace: frame.workspace,
            key: frame.key,
            content: frame.content,
            node: frame.node,
            received_at: frame.received_at,
            payload_len: to_u32(frame.payload.len() as u64),
            payload_crc: ready.crc,
            in_group: to_u32(position - self.last - 1),
        };
        if (position - self.segment.first).is_multiple_of(STRIDE) {
            self.starts.push(to_u32(self.offsets.length + self.buffer.len() as u64));
        }
        self.buffer.reserve(HEADER + frame.payload.len());
        self.buffer.extend_from_slice(&header.encode());
        self.buffer.extend_from_slice(&frame.payload);
        *next += 1;
        position
    }

    /// One write, one sync. A write that does not fit is taken back whole.
    fn write(&mut self) -> Result<(), LedgerError> {
        let path = &self.segment.path;
        let end = self.offsets.length;
        let written = self
            .file
            .write_all_at(&self.buffer, end)
            .map_err(|source| LedgerError::io("write", path, source))
            .and_then(|()| self.file.sync_data().map_err(|source| LedgerError::io("sync", path, source)));
        let Err(error) = written else {
            return Ok(());
        };
        let taken_back = self.file.set_len(end).and_then(|()| self.file.sync_all());
        // After a failed sync nobody knows what the disk holds; only a full disk is known to
        // have left the log as it was.
        if taken_back.is_err() || !matches!(error, LedgerError::DiskFull { .. }) {
            self.failed = Some(error.clone());
        }
        Err(error)
    }

    fn publish(&mut self, last: u64) {
        self.segment.learn(&self.starts);
        self.offsets.length += self.buffer.len() as u64;
        self.offsets.count += last - self.last;
        self.last = last;
        let entry = |(&key, &(content, position)): (&u128, &(u64, u64))| Entry { key, content, position };
        self.shared.dedup.insert(self.keys.iter().map(entry), last);
        if let Err(error) = self.mark.note(last) {
            tracing::debug!(%error, "the mark was not written; the next sync writes it");
        }
        self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        self.shared.advance(last);
    }

    /// Seals the segment and starts the next.
    fn roll(&mut self) -> Result<(), LedgerError> {
        let first = self.last + 1;
        let dir = &self.shared.log.dir;
        let file = segment::create(dir, first)?;
        let sealed = Offsets { starts: self.segment.starts(), ..std::mem::take(&mut self.offsets) };
        if let Err(error) = segment::write_index(&self.segment.path, self.segment.first, &sealed) {
            tracing::warn!(path = %self.segment.path.display(), %error, "cannot keep the offsets of a segment");
        }
        self.file = file;
        self.segment = Arc::new(Segment::new(dir, first, Vec::new()));
        self.offsets = Offsets { length: segment::HEADER as u64, ..Offsets::default() };
        self.shared.log.add(Arc::clone(&self.segment));
        Ok(())
    }
}
