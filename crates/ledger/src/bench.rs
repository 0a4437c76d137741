//! Measures a ledger on this machine: appends from many threads, and look-ups of message keys.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::dedup::{Dedup, Entry};
use crate::error::LedgerError;
use crate::frame::{FrameKind, NewFrame};
use crate::ledger::{Ledger, Options};
use crate::log::Log;

/// What to append.
#[derive(Debug, Clone, Copy)]
pub struct AppendPlan {
    /// Threads that append at the same time, each waiting for its batch.
    pub threads: u64,
    /// Frames in a batch.
    pub batch: u64,
    /// Bytes in a payload.
    pub payload: usize,
    /// Frames in total.
    pub frames: u64,
    /// The first message number: other numbers are other keys.
    pub first: u64,
}

impl Default for AppendPlan {
    fn default() -> Self {
        AppendPlan { threads: 32, batch: 100, payload: 700, frames: 3_000_000, first: 0 }
    }
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AppendResult {
    /// Durable frames a second.
    pub frames_per_second: f64,
    /// Half of the batches were answered within this time.
    pub median: Duration,
    /// 99 of 100 batches were answered within this time.
    pub p99: Duration,
    /// The slowest batch.
    pub slowest: Duration,
    /// Syncs of the log.
    pub syncs: u64,
    /// Frames that were not new.
    pub not_accepted: u64,
}

/// Appends frames to an open ledger.
pub fn append(ledger: &Ledger, plan: AppendPlan) -> Result<AppendResult, LedgerError> {
    let next = AtomicU64::new(plan.first);
    let end = plan.first + plan.frames;
    let times = Mutex::new(Vec::new());
    let not_accepted = AtomicU64::new(0);
    let syncs = ledger.stats().syncs;
    let started = Instant::now();
    let work = || -> Result<(), LedgerError> {
        let mut own = Vec::new();
        loop {
            let from = next.fetch_add(plan.batch, Ordering::Relaxed);
            if from >= end {
                break;
            }
            let batch = (from..end.min(from + plan.batch)).map(|number| frame(number, plan.payload));
            let batch = batch.collect();
            let sent = Instant::now();
            let verdicts = ledger.append(batch)?;
            own.push(sent.elapsed());
            let old = verdicts.iter().filter(|verdict| !matches!(verdict, crate::Verdict::Accepted(_)));
            not_accepted.fetch_add(old.count() as u64, Ordering::Relaxed);
        }
        times.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let mut times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    times.sort_unstable();
    let at = |share: f64| {
        let slot = (times.len() as f64 * share) as usize;
        times.get(slot.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    Ok(AppendResult {
        frames_per_second: plan.frames as f64 / seconds,
        median: at(0.5),
        p99: at(0.99),
        slowest: at(1.0),
        syncs: ledger.stats().syncs - syncs,
        not_accepted: not_accepted.into_inner(),
    })
}

/// Reads all durable frames in order; bytes of payload.
pub fn read_all(ledger: &Ledger) -> Result<u64, LedgerError> {
    let (mut next, mut bytes) = (1, 0);
    loop {
        let frames = ledger.read_from(next, 10_000, 1 << 20)?;
        let Some(last) = frames.last() else {
            return Ok(bytes);
        };
        next = last.header.position + 1;
        bytes += frames.iter().map(|frame| frame.payload.len() as u64).sum::<u64>();
    }
}

/// What came out of the look-ups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeysResult {
    /// Keys that went into the index a second, merges included.
    pub inserts_per_second: f64,
    /// Look-ups of known keys a second, one thread.
    pub known_per_second: f64,
    /// Look-ups of unknown keys a second, one thread.
    pub unknown_per_second: f64,
    /// Runs on disk.
    pub runs: usize,
    /// Memory the index accounts for, in bytes.
    pub memory: usize,
    /// Time to open the index again.
    pub open: Duration,
}

/// Fills a duplicate index in an empty directory with `keys` keys, without frames, and looks
/// `lookups` of them up.
pub fn keys(dir: &Path, keys: u64, lookups: u64) -> Result<KeysResult, LedgerError> {
    fs::create_dir_all(dir).map_err(|source| LedgerError::io("create", dir, source))?;
    let log = Arc::new(Log::new(dir, Vec::new(), None));
    let options = Options::default();
    let open = |last| Dedup::open(Arc::clone(&log), last, options.table_entries, options.fanout);
    let entry = |number: u64| Entry { key: key(number), content: number, position: number };
    let (dedup, _) = open(0)?;
    let started = Instant::now();
    let mut next = 1;
    while next <= keys {
        dedup.wait_for_room()?;
        // A table's size divides into whole groups, so that the last table is sealed as well.
        let end = keys.min(next + 2_999);
        dedup.insert((next..=end).map(entry), end);
        next = end + 1;
    }
    dedup.seal_all();
    dedup.settle()?;
    let inserts_per_second = keys as f64 / started.elapsed().as_secs_f64();
    dedup.close();
    let started = Instant::now();
    let (dedup, _) = open(keys)?;
    let open = started.elapsed();
    let ask = |offset: u64| -> Result<(f64, u64), LedgerError> {
        let started = Instant::now();
        let mut found = 0;
        for number in 0..lookups {
            let number = 1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys.max(1);
            found += u64::from(dedup.find(key(number + offset))?.is_some());
        }
        Ok((lookups as f64 / started.elapsed().as_secs_f64(), found))
    };
    let (known_per_second, found) = ask(0)?;
    let (unknown_per_second, wrongly) = ask(keys)?;
    assert!(found == lookups && wrongly == 0, "a look-up gave a wrong answer");
    let size = dedup.size();
    dedup.close();
    let (runs, memory) = (size.runs, size.memory);
    Ok(KeysResult { inserts_per_second, known_per_second, unknown_per_second, runs, memory, open })
}

/// A frame that nobody sent, the same for the same number.
pub fn frame(number: u64, payload: usize) -> NewFrame {
    let mut bytes = Vec::with_capacity(payload + 8);
    let mut word = number;
    while bytes.len() < payload {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(payload);
    NewFrame {
        kind: FrameKind::Interaction,
        workspace: 1,
        key: key(number),
        content: number,
        node: number / 20,
        received_at: number.cast_signed(),
        payload: bytes,
    }
}

fn key(number: u64) -> u128 {
    siphasher::sip128::SipHasher24::new_with_keys(1, 2).hash(&number.to_le_bytes()).as_u128()
}
