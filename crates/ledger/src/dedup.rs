//! Exactly once: which message keys are known, for as long as the data lives.
//!
//! New keys live in a table in memory. A full table becomes a sorted run on disk, runs of one
//! level are merged into one of the next, both on a thread of their own. A question costs a look
//! in the table, one cache line per run, and one block of 4 KB where the filter says "perhaps".
//!
//! All of it is derived from the frames: what the runs do not cover is read again from the frame
//! headers when the ledger opens, and a damaged run is named and made again from the log.

mod compaction;
mod entry;
mod filter;
mod rebuild;
mod run;
mod run_writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use entry::{Entry, KeyMap, conflict_key, unique_key};
pub(crate) use rebuild::Rebuilt;
pub(crate) use run::{Run, RunReader};

use crate::error::LedgerError;
use crate::log::Log;

/// Tables that wait to become runs before appends wait for them.
const WAITING_TABLES: usize = 4;

/// The duplicate index.
pub(crate) struct Dedup {
    log: Arc<Log>,
    dir: PathBuf,
    table_entries: usize,
    fanout: usize,
    active: RwLock<Table>,
    sealed: RwLock<Arc<Sealed>>,
    /// Held by whoever replaces runs.
    maintenance: Mutex<()>,
    signal: Mutex<Signal>,
    wake: Condvar,
    done: Condvar,
    stopping: AtomicBool,
    repaired: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Keys of frames that are not in a run yet.
#[derive(Debug, Default)]
pub(crate) struct Table {
    keys: KeyMap,
    from: u64,
    to: u64,
}

/// What does not change any more: replaced as a whole.
#[derive(Debug, Default)]
struct Sealed {
    /// Oldest first.
    tables: Vec<Arc<Table>>,
    /// Ordered by the positions they cover.
    runs: Vec<Arc<Run>>,
}

#[derive(Debug, Default)]
struct Signal {
    work: bool,
    failed: Option<LedgerError>,
}

/// How large the index is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    pub(crate) keys: u64,
    pub(crate) runs: usize,
    pub(crate) memory: usize,
    pub(crate) repaired: u64,
}

impl Dedup {
    /// Opens the runs, makes damaged ones again, and reads the headers they do not cover.
    /// `last` is the last durable frame.
    pub(crate) fn open(
        log: Arc<Log>,
        last: u64,
        table_entries: usize,
        fanout: usize,
    ) -> Result<(Arc<Dedup>, Rebuilt), LedgerError> {
        let dir = log.dir.join("dedup");
        let (runs, table, rebuilt) = rebuild::open(&log, &dir, last, table_entries)?;
        let dedup = Arc::new(Dedup {
            log,
            dir,
            table_entries,
            fanout,
            active: RwLock::new(table),
            sealed: RwLock::new(Arc::new(Sealed { tables: Vec::new(), runs })),
            maintenance: Mutex::new(()),
            signal: Mutex::new(Signal { work: true, failed: None }),
            wake: Condvar::new(),
            done: Condvar::new(),
            stopping: AtomicBool::new(false),
            repaired: AtomicU64::new(0),
            thread: Mutex::new(None),
        });
        let worker = Arc::clone(&dedup);
        let thread = std::thread::Builder::new()
            .name("ledger-keys".to_owned())
            .spawn(move || worker.work())
            .map_err(|source| LedgerError::io("start a thread for", &dedup.dir, source))?;
        *dedup.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok((dedup, rebuilt))
    }

    /// The durable frame that has this key.
    pub(crate) fn find(&self, key: u128) -> Result<Option<Entry>, LedgerError> {
        loop {
            // The order matters: a full table is put among the sealed ones before it leaves here.
            let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = active.find(key) {
                return Ok(Some(found));
            }
            drop(active);
            let sealed = self.sealed();
            match sealed.find(key) {
                Ok(found) => return Ok(found),
                Err((run, LedgerError::Damaged(damage))) => self.repair(&run, &damage)?,
                Err((_, error)) => return Err(error),
            }
        }
    }

    /// Adds the keys of frames that have just become durable, up to `last`.
    pub(crate) fn insert(&self, entries: impl Iterator<Item = Entry>, last: u64) {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            active.keys.insert(entry.key, (entry.content, entry.position));
        }
        active.to = last;
        if active.keys.len() >= self.table_entries {
            self.seal(&mut active);
        }
    }

    /// Waits while too many full tables wait to be written.
    pub(crate) fn wait_for_room(&self) -> Result<(), LedgerError> {
        let mut signal = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        while self.sealed().tables.len() > WAITING_TABLES {
            if let Some(error) = &signal.failed {
                return Err(error.clone());
            }
            let waited = self.done.wait_timeout(signal, Duration::from_secs(1));
            signal = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn seal(&self, active: &mut Table) {
        // A table that fills once will fill again; growing it by and by would stop the writer.
        let keys = KeyMap::with_capacity_and_hasher(active.keys.len(), Default::default());
        let next = Table { keys, from: active.to + 1, to: active.to };
        let full = Arc::new(std::mem::replace(active, next));
        self.change(|sealed| sealed.tables.push(full));
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).work = true;
        self.wake.notify_one();
    }

    /// Seals the keys in memory, however few.
    pub(crate) fn seal_all(&self) {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        if !active.keys.is_empty() {
            self.seal(&mut active);
        }
    }

    /// Writes and merges all there is to write and merge, on this thread.
    pub(crate) fn settle(&self) -> Result<(), LedgerError> {
        while self.work_once()? {}
        Ok(())
    }

    fn sealed(&self) -> Arc<Sealed> {
        Arc::clone(&self.sealed.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Sealed)) {
        let mut current = self.sealed.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Sealed { tables: current.tables.clone(), runs: current.runs.clone() };
        change(&mut next);
        *current = Arc::new(next);
    }

    pub(crate) fn size(&self) -> Size {
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.sealed();
        let tables: usize = sealed.tables.iter().map(|table| table.keys.len()).sum();
        let memory = active.keys.capacity() * 38
            + sealed.tables.iter().map(|table| table.keys.capacity() * 38).sum::<usize>()
            + sealed.runs.iter().map(|run| run.memory()).sum::<usize>();
        Size {
            keys: (active.keys.len() + tables) as u64 + sealed.runs.iter().map(|run| run.header.count).sum::<u64>(),
            runs: sealed.runs.len(),
            memory,
            repaired: self.repaired.load(Ordering::Relaxed),
        }
    }

    /// Writes what is worth it, so that the next start has little to read, and ends the thread.
    pub(crate) fn close(&self) {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        if active.keys.len() > self.table_entries / 64 {
            self.seal(&mut active);
        }
        drop(active);
        self.stopping.store(true, Ordering::Release);
        self.signal.lock().unwrap_or_else(PoisonError::into_inner).work = true;
        self.wake.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!(path = %self.dir.display(), "the thread of the duplicate index panicked");
        }
    }
}

impl Table {
    fn find(&self, key: u128) -> Option<Entry> {
        let &(content, position) = self.keys.get(&key)?;
        Some(Entry { key, content, position })
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |(&key, &(content, position)): (&u128, &(u64, u64))| Entry { key, content, position };
        self.keys.iter().map(entry).collect()
    }
}

impl Sealed {
    /// Newest first; an error comes with the run it happened in.
    fn find(&self, key: u128) -> Result<Option<Entry>, (Arc<Run>, LedgerError)> {
        for table in self.tables.iter().rev() {
            if let Some(found) = table.find(key) {
                return Ok(Some(found));
            }
        }
        for run in self.runs.iter().rev() {
            if let Some(found) = run.find(key).map_err(|error| (Arc::clone(run), error))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Runs of a directory, for whoever checks them without opening the ledger.
pub(crate) fn run_files(ledger: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    rebuild::list(&ledger.join("dedup"))
}
