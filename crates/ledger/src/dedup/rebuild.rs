//! What the runs do not cover is read again from the frame headers: after a crash the newest
//! frames, after damage the range of the damaged run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::run::Run;
use super::run_writer::{Cover, write_sorted};
use super::{Dedup, Entry, Table};
use crate::error::{Damage, LedgerError, Problem};
use crate::log::Log;

/// What opening the index had to do.
#[derive(Debug, Default)]
pub(crate) struct Rebuilt {
    /// Runs that were damaged and made again.
    pub(crate) damages: Vec<Damage>,
    /// Frame headers that were read.
    pub(crate) replayed: u64,
}

/// The runs, the newest keys, and what had to be done.
pub(super) fn open(
    log: &Log,
    dir: &Path,
    last: u64,
    table_entries: usize,
) -> Result<(Vec<Arc<Run>>, Table, Rebuilt), LedgerError> {
    fs::create_dir_all(dir).map_err(|source| LedgerError::io("create", dir, source))?;
    delete_unfinished(dir)?;
    let mut rebuilt = Rebuilt::default();
    let mut found = Vec::new();
    let mut useless = Vec::new();
    for path in list(dir)? {
        match Run::open(&path) {
            // The ledger is the truth: a run that knows more than it would swallow new frames.
            Ok(run) if run.header.to > last => {
                let problem = Problem::RunContent;
                rebuilt.damages.push(Damage { path: path.clone(), offset: 0, position: None, problem });
                useless.push(path);
            }
            Ok(run) => found.push(run),
            Err(LedgerError::Damaged(damage)) if !matches!(damage.problem, Problem::UnknownVersion(_)) => {
                rebuilt.damages.push(*damage);
                useless.push(path);
            }
            Err(error) => return Err(error),
        }
    }
    // Of runs that overlap, the one that covers most stays: a crash can leave the inputs of a
    // merge beside its result.
    found.sort_by_key(|run| (run.header.from, u64::MAX - run.header.to));
    let mut runs: Vec<Arc<Run>> = Vec::new();
    let mut next = 1;
    for run in found {
        if run.header.from < next {
            useless.push(run.path);
            continue;
        }
        if run.header.from > next {
            let gap = make(log, dir, next, run.header.from - 1, table_entries)?;
            rebuilt.replayed += run.header.from - next;
            runs.extend(gap);
        }
        next = run.header.to + 1;
        runs.push(Arc::new(run));
    }
    // The newest keys stay in memory unless they are too many for one table.
    let mut table = Table { from: next, to: last, ..Table::default() };
    rebuilt.replayed += (last + 1).saturating_sub(next);
    while (last + 1).saturating_sub(next) > table_entries as u64 {
        let to = next + table_entries as u64 - 1;
        runs.extend(make(log, dir, next, to, table_entries)?);
        next = to + 1;
        table.from = next;
    }
    log.headers(next, last, |header| {
        if let Some(entry) = Entry::of(&header) {
            table.keys.insert(entry.key, (entry.content, entry.position));
        }
    })?;
    for path in useless.iter().filter(|path| !runs.iter().any(|run| run.path == **path)) {
        fs::remove_file(path).map_err(|source| LedgerError::io("delete", path, source))?;
    }
    for damage in &rebuilt.damages {
        tracing::warn!(%damage, "a run of the duplicate index was made again from the frames");
    }
    Ok((runs, table, rebuilt))
}

/// A crash can leave half a run behind.
fn delete_unfinished(dir: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::io("clean", dir, source);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            fs::remove_file(&path).map_err(|source| LedgerError::io("delete", &path, source))?;
        }
    }
    Ok(())
}

/// The run files of a directory.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let failed = |source| LedgerError::io("list", dir, source);
    let mut paths = Vec::new();
    if !dir.exists() {
        return Ok(paths);
    }
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "run") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Makes runs for `from..=to` from the frame headers, each of one table's size.
fn make(log: &Log, dir: &Path, from: u64, to: u64, table_entries: usize) -> Result<Vec<Arc<Run>>, LedgerError> {
    let mut runs = Vec::new();
    let mut start = from;
    while start <= to {
        let end = to.min(start + table_entries as u64 - 1);
        let mut entries = Vec::new();
        log.headers(start, end, |header| entries.extend(Entry::of(&header)))?;
        let cover = Cover { from: start, to: end, level: 0 };
        runs.push(Arc::new(write_sorted(dir, cover, entries)?));
        start = end + 1;
    }
    Ok(runs)
}

impl Dedup {
    /// Makes a run again that turned out to be damaged.
    pub(super) fn repair(&self, run: &Arc<Run>, damage: &Damage) -> Result<(), LedgerError> {
        let _guard = self.maintenance.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.sealed().runs.iter().any(|known| Arc::ptr_eq(known, run)) {
            return Ok(());
        }
        tracing::error!(%damage, "a run of the duplicate index is made again from the frames");
        let (from, to) = (run.header.from, run.header.to);
        let made = make(&self.log, &self.dir, from, to, self.table_entries)?;
        self.replace(std::slice::from_ref(run), made);
        self.repaired.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
