//! The background thread: full tables become runs, runs of one level become one of the next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::run::{Run, RunReader};
use super::run_writer::{Cover, RunWriter, write_sorted};
use super::{Dedup, Entry};
use crate::error::LedgerError;

/// A merge looks so often whether a full table waits, so that appends never wait for a merge.
const LOOK_UP_EVERY: u64 = 1 << 16;
/// Pause after a failure, such as a full disk.
const RETRY: Duration = Duration::from_secs(1);

impl Dedup {
    pub(super) fn work(&self) {
        loop {
            match self.work_once() {
                Ok(true) => continue,
                Ok(false) => {
                    if self.stopping.load(Ordering::Acquire) {
                        return;
                    }
                    let mut signal = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
                    while !signal.work {
                        signal = self.wake.wait(signal).unwrap_or_else(PoisonError::into_inner);
                    }
                    signal.work = false;
                }
                Err(error) => {
                    tracing::warn!(%error, "the duplicate index could not be written; it is tried again");
                    if self.stopping.load(Ordering::Acquire) {
                        return;
                    }
                    let mut signal = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
                    signal.failed = Some(error);
                    self.done.notify_all();
                    let waited = self.wake.wait_timeout(signal, RETRY);
                    drop(waited.unwrap_or_else(PoisonError::into_inner));
                }
            }
        }
    }

    /// Does one piece of work; says whether there was one.
    pub(super) fn work_once(&self) -> Result<bool, LedgerError> {
        let guard = self.maintenance.lock().unwrap_or_else(PoisonError::into_inner);
        if self.flush()? {
            return Ok(true);
        }
        if self.stopping.load(Ordering::Acquire) {
            return Ok(false);
        }
        let Some(inputs) = self.mergeable() else {
            return Ok(false);
        };
        let merged = self.merge(&inputs);
        drop(guard);
        match merged {
            Err((Some(run), LedgerError::Damaged(damage))) => self.repair(&run, &damage)?,
            Err((_, error)) => return Err(error),
            Ok(()) => {}
        }
        Ok(true)
    }

    /// Writes the oldest full table as a run.
    fn flush(&self) -> Result<bool, LedgerError> {
        let Some(table) = self.sealed().tables.first().cloned() else {
            return Ok(false);
        };
        let cover = Cover { from: table.from, to: table.to, level: 0 };
        let run = Arc::new(write_sorted(&self.dir, cover, table.entries())?);
        self.change(|sealed| {
            sealed.tables.remove(0);
            sealed.runs.push(run);
        });
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).failed = None;
        self.done.notify_all();
        Ok(true)
    }

    /// Neighbours of one level, enough of them to be worth a merge; the newest such group.
    fn mergeable(&self) -> Option<Vec<Arc<Run>>> {
        let sealed = self.sealed();
        let runs = &sealed.runs;
        let mut end = runs.len();
        while end > 0 {
            let level = runs[end - 1].header.level;
            let alike = runs[..end].iter().rev().take_while(|run| run.header.level == level);
            let start = end - alike.count();
            if end - start >= self.fanout {
                return Some(runs[start..end].to_vec());
            }
            end = start;
        }
        None
    }

    /// Merges neighbours into one run. An error comes with the run that could not be read.
    fn merge(&self, inputs: &[Arc<Run>]) -> Result<(), (Option<Arc<Run>>, LedgerError)> {
        let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else {
            return Ok(());
        };
        let cover = Cover { from: first.header.from, to: last.header.to, level: first.header.level + 1 };
        let keys = inputs.iter().map(|run| run.header.count).sum();
        let mut writer = RunWriter::create(&self.dir, cover, keys).map_err(|error| (None, error))?;
        let mut readers: Vec<RunReader> = inputs.iter().map(|run| RunReader::new(Arc::clone(run))).collect();
        let mut heads = BinaryHeap::new();
        let mut pull = |from: usize, heads: &mut BinaryHeap<_>| match readers[from].next() {
            Ok(Some(entry)) => {
                heads.push(Reverse((entry.key, entry.position, entry.content, from)));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err((Some(Arc::clone(&inputs[from])), error)),
        };
        for from in 0..inputs.len() {
            pull(from, &mut heads)?;
        }
        let mut merged = 0_u64;
        while let Some(Reverse((key, position, content, from))) = heads.pop() {
            writer.push(Entry { key, content, position }).map_err(|error| (None, error))?;
            pull(from, &mut heads)?;
            merged += 1;
            if merged.is_multiple_of(LOOK_UP_EVERY) {
                if self.stopping.load(Ordering::Acquire) {
                    return Ok(());
                }
                while self.flush().map_err(|error| (None, error))? {}
            }
        }
        let run = Arc::new(writer.finish(&self.dir, cover).map_err(|error| (None, error))?);
        self.replace(inputs, vec![run]);
        Ok(())
    }

    /// Puts runs in the place of others that cover the same positions, and deletes those.
    pub(super) fn replace(&self, old: &[Arc<Run>], new: Vec<Arc<Run>>) {
        let kept: Vec<_> = new.iter().map(|run| run.path.clone()).collect();
        self.change(|sealed| {
            sealed.runs.retain(|run| !old.iter().any(|old| Arc::ptr_eq(old, run)));
            sealed.runs.extend(new);
            sealed.runs.sort_by_key(|run| run.header.from);
        });
        for run in old.iter().filter(|run| !kept.contains(&run.path)) {
            if let Err(error) = fs::remove_file(&run.path) {
                tracing::warn!(path = %run.path.display(), %error, "cannot delete a merged run; the next start does");
            }
        }
    }
}
