//! Running passes over a snapshot: threads take buckets from a queue, states are merged in the
//! order of buckets, and the merge fails unless every bucket is there exactly once.

use crate::format::Corrupt;
use crate::merge::{Layer, Visible};
use crate::pass::{Pass, PassState};
use crate::snapshot::Snapshot;
use crate::state::{StateError, StateReader, put_bytes};
use std::iter::Peekable;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How to scan.
#[derive(Clone, Copy, Default)]
pub struct ScanOptions<'a> {
    /// Threads; never more than cores or buckets. `None` for as many as cores.
    pub threads: Option<NonZeroUsize>,
    /// Set to stop: the scan then fails with [`ScanError::Cancelled`] within milliseconds.
    pub cancel: Option<&'a AtomicBool>,
    /// Told after each bucket, from any thread.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl std::fmt::Debug for ScanOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanOptions").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Buckets done.
    pub buckets: usize,
    /// Of so many.
    pub of_buckets: usize,
    /// Interactions done.
    pub rows: usize,
    /// Of so many.
    pub of_rows: usize,
}

/// Why a scan gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// [`ScanOptions::cancel`] was set.
    #[error("the scan was cancelled")]
    Cancelled,
    /// A file is damaged.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// A bucket's state is missing from a merge: the answer would be too small.
    #[error("bucket {bucket} of {buckets} is missing")]
    Missing {
        /// The bucket.
        bucket: u16,
        /// Of so many.
        buckets: u16,
    },
    /// A bucket came twice: the answer would be too large.
    #[error("bucket {bucket} of {buckets} came twice")]
    Doubled {
        /// The bucket.
        bucket: u16,
        /// Of so many.
        buckets: u16,
    },
    /// States of different numbers of buckets, or a bucket beyond their number.
    #[error("bucket {bucket} does not belong to {buckets} buckets")]
    Foreign {
        /// The bucket.
        bucket: u16,
        /// Of so many.
        buckets: u16,
    },
}

/// The state of some buckets, which knows which they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial<S> {
    /// The buckets it was gathered from, ascending.
    pub buckets: Vec<u16>,
    /// How many buckets there are.
    pub of: u16,
    /// What was gathered.
    pub state: S,
}

const MAGIC: [u8; 4] = *b"TLPS";
const FRAME: u16 = 1;

impl<S: PassState> Partial<S> {
    /// Bytes for another process: magic, frame version, name of the pass, version of the state,
    /// buckets, state, CRC-32 of all that.
    pub fn encode(&self, pass: &'static str) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FRAME.to_le_bytes());
        put_bytes(&mut out, pass.as_bytes());
        out.extend_from_slice(&S::VERSION.to_le_bytes());
        out.extend_from_slice(&self.of.to_le_bytes());
        out.extend_from_slice(&(self.buckets.len() as u64).to_le_bytes());
        for bucket in &self.buckets {
            out.extend_from_slice(&bucket.to_le_bytes());
        }
        let mut state = Vec::new();
        self.state.encode(&mut state);
        put_bytes(&mut out, &state);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads what [`Partial::encode`] wrote for the same pass and version.
    pub fn decode(pass: &'static str, bytes: &[u8]) -> Result<Self, StateError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(StateError::Magic);
        }
        let (body, crc) = bytes.split_last_chunk().ok_or(StateError::Damaged)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(StateError::Damaged);
        }
        let mut reader = StateReader::new(body.get(MAGIC.len()..).ok_or(StateError::Damaged)?);
        let frame = reader.u16()?;
        if frame != FRAME {
            return Err(StateError::Version { found: frame, expected: FRAME });
        }
        let name = reader.text()?;
        if name != pass {
            return Err(StateError::Pass { found: name.to_owned(), expected: pass });
        }
        let found = reader.u16()?;
        if found != S::VERSION {
            return Err(StateError::Version { found, expected: S::VERSION });
        }
        let of = reader.u16()?;
        let count = reader.count(2)?;
        let buckets = (0..count).map(|_| reader.u16()).collect::<Result<Vec<_>, _>>()?;
        let state = S::decode(reader.bytes()?)?;
        reader.end()?;
        Ok(Self { buckets, of, state })
    }

    /// One state of all; fails unless every bucket appears exactly once. The order of `parts`
    /// does not matter: they are merged by their first bucket.
    pub fn merge(mut parts: Vec<Self>, start: S, of: u16) -> Result<S, ScanError> {
        let mut seen = vec![false; of as usize];
        for part in &parts {
            for &bucket in &part.buckets {
                match seen.get_mut(bucket as usize) {
                    Some(seen) if part.of == of => {
                        if std::mem::replace(seen, true) {
                            return Err(ScanError::Doubled { bucket, buckets: of });
                        }
                    }
                    _ => return Err(ScanError::Foreign { bucket, buckets: of }),
                }
            }
        }
        if let Some(bucket) = seen.iter().position(|seen| !seen) {
            return Err(ScanError::Missing { bucket: bucket as u16, buckets: of });
        }
        parts.sort_by_key(|p| p.buckets.first().copied());
        let mut all = start;
        for part in parts {
            all.merge(part.state);
        }
        Ok(all)
    }
}

/// How many customers between two looks at the cancel flag.
const STRIDE: usize = 256;

impl Snapshot {
    /// Runs a pass over everything.
    pub fn scan<P: Pass>(&self, pass: &P, options: &ScanOptions<'_>) -> Result<P::State, ScanError> {
        let all: Vec<u16> = (0..self.buckets()).collect();
        let parts = self.scan_buckets(pass, &all, options)?;
        Partial::merge(parts, pass.start(), self.buckets())
    }

    /// Runs a pass over some buckets; one partial state for each.
    pub fn scan_buckets<P: Pass>(
        &self,
        pass: &P,
        buckets: &[u16],
        options: &ScanOptions<'_>,
    ) -> Result<Vec<Partial<P::State>>, ScanError> {
        let mut queue: Vec<u16> = buckets.to_vec();
        // The largest first, so that no thread is left alone with one at the end.
        queue.sort_by_key(|&b| (std::cmp::Reverse(self.bucket_rows(b)), b));
        let of_rows = queue.iter().map(|&b| self.bucket_rows(b)).sum();
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = options.threads.map_or(cores, NonZeroUsize::get).min(cores).min(queue.len()).max(1);
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let done = Mutex::new((0, 0, Vec::with_capacity(queue.len())));
        let failed: Mutex<Option<ScanError>> = Mutex::new(None);
        let work = || {
            while let Some(&bucket) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                match self.scan_bucket(pass, bucket, options, &stop) {
                    Ok(Some(state)) => {
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        done.0 += 1;
                        done.1 += self.bucket_rows(bucket);
                        done.2.push(Partial { buckets: vec![bucket], of: self.buckets(), state });
                        if let Some(progress) = options.progress {
                            let (buckets, rows) = (done.0, done.1);
                            progress(Progress { buckets, of_buckets: queue.len(), rows, of_rows });
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        stop.store(true, Ordering::Relaxed);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        return;
                    }
                }
            }
        };
        if threads == 1 {
            work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(work);
                }
            });
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut parts = done.into_inner().unwrap_or_else(PoisonError::into_inner).2;
        parts.sort_by(|a, b| a.buckets.cmp(&b.buckets));
        Ok(parts)
    }

    /// `None` when another thread failed meanwhile.
    fn scan_bucket<P: Pass>(
        &self,
        pass: &P,
        bucket: u16,
        options: &ScanOptions<'_>,
        stop: &AtomicBool,
    ) -> Result<Option<P::State>, ScanError> {
        struct Cursor<'a, L> {
            layer: &'a Layer,
            local: L,
            customers: Peekable<Visible<'a>>,
        }
        let mut state = pass.start();
        let mut cursors: Vec<_> = self
            .layers(bucket)
            .iter()
            .filter(|layer| layer.visible_customers() > 0)
            .map(|layer| Cursor { layer, local: pass.enter(&layer.segment), customers: layer.visible().peekable() })
            .collect();
        let mut until_look = STRIDE;
        loop {
            // The layer with the smallest next id goes on until another has a smaller one.
            let mut first: Option<(u64, usize)> = None;
            let mut until = u64::MAX;
            for (at, cursor) in cursors.iter_mut().enumerate() {
                let Some(customer) = cursor.customers.peek() else { continue };
                match first {
                    Some((id, _)) if id < customer.id => until = until.min(customer.id),
                    Some((id, _)) => {
                        until = until.min(id);
                        first = Some((customer.id, at));
                    }
                    None => first = Some((customer.id, at)),
                }
            }
            let Some((_, at)) = first else { break };
            let cursor = &mut cursors[at];
            while let Some(customer) = cursor.customers.next_if(|c| c.id <= until) {
                pass.customer(&mut cursor.local, customer, &mut state);
                until_look -= 1;
                if until_look == 0 {
                    until_look = STRIDE;
                    if options.cancel.is_some_and(|c| c.load(Ordering::Relaxed)) {
                        return Err(ScanError::Cancelled);
                    }
                    if stop.load(Ordering::Relaxed) {
                        return Ok(None);
                    }
                }
            }
        }
        if options.cancel.is_some_and(|c| c.load(Ordering::Relaxed)) {
            return Err(ScanError::Cancelled);
        }
        for cursor in cursors {
            pass.leave(cursor.local, &cursor.layer.segment, &mut state);
            if let Some(fault) = cursor.layer.segment.fault() {
                return Err(fault.clone().into());
            }
        }
        Ok(Some(state))
    }
}
