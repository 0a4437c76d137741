//! One data directory at work.

use crate::brand::Brand;
use crate::folding::Folding;
use crate::history::History;
use crate::identity;
use crate::jobs::{JobHandle, Jobs};
use crate::keys::Keys;
use crate::receipts::Signer;
use crate::tallies;
use crate::workspaces::{self, WorkspaceRecord};
use crate::{EngineError, Job, SourceTally};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use throughline_interactions::{KeySecret, Timestamp, WorkspaceId};
use throughline_ledger::{Cipher, Ledger};
use throughline_store::{Migration, Place, Store};

/// How an engine works. The default is right for production; tests make things small.
#[derive(Debug, Clone)]
pub struct Options {
    /// Interactions that may wait to be folded before the door answers "come back".
    pub lag_limit: u64,
    /// Buckets of a new workspace; a power of two.
    pub buckets: u16,
    /// Interactions folded in one transaction.
    pub batch: usize,
    /// Rows handed to the open history in one commit.
    pub history_rows: usize,
    /// Rows the timelines keep in memory before they are written.
    pub timeline_rows: usize,
    /// Bytes the timelines keep in memory before they are written: rows that arrive late bring
    /// their customers' stories with them.
    pub timeline_bytes: usize,
    /// The longest that rows wait for either, in seconds.
    pub settle_seconds: u64,
    /// Where the operational state is kept.
    pub store: Place,
    /// The file of the master key, under which everything is encrypted at rest; without one it is
    /// `master.key` in the data directory.
    pub master_key: Option<PathBuf>,
    /// Whoever enters or leaves a segment is followed; without, segments stay as they were.
    pub follows_segments: bool,
    /// Payloads are encrypted before they are written; those that are can be read in any case.
    pub encrypts: bool,
    /// Below so many free bytes on the disk the door answers "full".
    pub min_free_bytes: u64,
    /// The clock: now, in microseconds.
    pub clock: fn() -> Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lag_limit: 10_000_000,
            buckets: 16,
            batch: 20_000,
            history_rows: 100_000,
            timeline_rows: 400_000,
            timeline_bytes: 80 << 20,
            settle_seconds: 20,
            store: Place::Embedded,
            master_key: None,
            follows_segments: true,
            encrypts: true,
            min_free_bytes: 256 << 20,
            clock: || {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp(since.as_micros() as i64)
            },
        }
    }
}

/// What opening found and did, in words.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// Repairs, one sentence each.
    pub repairs: Vec<String>,
    /// There was no master key yet, and one was made.
    pub made_master_key: bool,
}

/// How the engine stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The last durable frame of the ledger.
    pub ledger_position: u64,
    /// How far it is folded.
    pub folded_position: u64,
    /// Frames between.
    pub lag: u64,
    /// Past this the door answers "come back".
    pub lag_limit: u64,
    /// How far the open history reaches.
    pub lake_position: u64,
    /// Free bytes on the disk.
    pub disk_free_bytes: u64,
    /// Long work.
    pub jobs: Vec<Job>,
    /// What opening found and did.
    pub opened: Vec<String>,
    /// Why folding stopped, if it did.
    pub failure: Option<String>,
    /// What folding waits for before it goes on by itself, if it does.
    pub waits_for: Option<String>,
}

/// One data directory at work; cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Running>);

struct Running {
    inner: Arc<Inner>,
    folding: Mutex<Option<Folding>>,
    /// Other threads that end before the engine is closed.
    others: Mutex<Vec<JoinHandle<()>>>,
}

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    pub(crate) history: Option<Arc<dyn History>>,
    pub(crate) key_secret: KeySecret,
    pub(crate) keys: Arc<Keys>,
    pub(crate) signer: Signer,
    pub(crate) brands: RwLock<BTreeMap<WorkspaceId, Arc<Brand>>>,
    pub(crate) folded: AtomicU64,
    pub(crate) settled: AtomicU64,
    pub(crate) stop: AtomicBool,
    pub(crate) options: Options,
    pub(crate) jobs: Jobs,
    pub(crate) failure: Mutex<Option<String>>,
    /// Wakes the thread that watches segments.
    pub(crate) bell: crate::segments::Bell,
    /// Tells the thread that looks for pairs of customers.
    pub(crate) matching: crate::matching::Desk,
    /// Nobody is judged by rules of segments before this position is folded: before it, what is known is on
    /// its way to what was known already.
    pub(crate) judge_from: AtomicU64,
    pub(crate) out_of_reach: crate::reconnecting::OutOfReach,
    /// Held by whoever erases.
    pub(crate) erasing: Mutex<()>,
    /// Places of retentions whose people were learned anew in this memory.
    pub(crate) relearned: Mutex<BTreeSet<u64>>,
    /// Held by whoever names in the ledger what is to be erased.
    pub(crate) naming_erased: Mutex<()>,
    /// Held by whoever writes names anew.
    pub(crate) writing_names: Mutex<()>,
    opened: Opened,
    free: (AtomicU64, AtomicI64),
}

impl Engine {
    /// Opens a data directory, repairs what a crash left behind, and starts folding. `migrations`
    /// are those of rooms above this one (accounts).
    pub fn open(
        dir: &Path,
        migrations: &[Migration],
        history: Option<Arc<dyn History>>,
        options: Options,
    ) -> Result<Self, EngineError> {
        std::fs::create_dir_all(dir).map_err(|source| EngineError::Io {
            verb: "create",
            path: dir.to_owned(),
            source,
        })?;
        let all: Vec<Migration> = crate::migrations().into_iter().chain(migrations.iter().copied()).collect();
        let store = Store::open_at(&options.store, dir, &all)?;
        let master = options.master_key.clone().unwrap_or_else(|| dir.join(crate::keys::FILE));
        let (keys, made_master_key) = Keys::open(&master, workspaces::needs_master_key(&store)?, options.encrypts)?;
        let keys = Arc::new(keys);
        let key_secret = KeySecret(workspaces::key_secret(&store, &keys)?);
        let signer = Signer::open(&store, &keys)?;
        let records = workspaces::load(&store, &keys)?;
        let cipher: Arc<dyn Cipher> = keys.clone();
        let how = throughline_ledger::Options { cipher: Some(cipher), ..Default::default() };
        let (ledger, report) = Ledger::open(&dir.join("ledger"), how)?;
        let mut opened = Opened { made_master_key, ..Opened::default() };
        if report.truncated_bytes > 0 {
            opened.repairs.push(format!(
                "cut {} bytes of an unfinished write off {}; nothing in them had been acknowledged",
                report.truncated_bytes,
                report.truncated_segment.as_deref().unwrap_or(Path::new("the ledger")).display()
            ));
        }
        if report.finished_erasures > 0 {
            opened.repairs.push(format!("finished {} interrupted erasures", report.finished_erasures));
        }
        for damage in &report.rebuilt_runs {
            opened.repairs.push(format!("made a damaged index again from the ledger: {damage}"));
        }
        let mut folded = store.position("pipeline")?;
        if folded > ledger.last_position() {
            return Err(EngineError::Damaged(format!(
                "the store has folded up to position {folded}, but the ledger in {} ends at {}; the ledger lost its end: restore it, or run `throughline rebuild` to go on with what is there",
                dir.join("ledger").display(),
                ledger.last_position()
            )));
        }
        if identity::is_folded_otherwise(&store, &records)? {
            if folded > 0 {
                identity::forget_derived(dir, &store, history.as_deref(), &records)?;
                opened.repairs.push(identity::READ_ANEW.to_owned());
                folded = 0;
            }
            identity::note_rules(&store, &records)?;
        }
        let last_position = ledger.last_position();
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            ledger,
            history,
            key_secret,
            keys,
            signer,
            brands: RwLock::default(),
            folded: folded.into(),
            settled: 0.into(),
            stop: false.into(),
            jobs: Jobs::default(),
            failure: Mutex::default(),
            bell: crate::segments::Bell::default(),
            matching: crate::matching::Desk::default(),
            judge_from: last_position.into(),
            out_of_reach: Default::default(),
            erasing: Mutex::default(),
            relearned: Mutex::default(),
            naming_erased: Mutex::default(),
            writing_names: Mutex::default(),
            opened,
            free: (u64::MAX.into(), 0.into()),
            options,
            store,
        });
        for record in records {
            inner.admit(record)?;
        }
        inner.recover()?;
        let folding = Folding::start(inner.clone());
        let engine = Self(Arc::new(Running { inner, folding: Mutex::new(Some(folding)), others: Mutex::default() }));
        engine.write_names();
        Ok(engine)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0.inner
    }

    /// A thread that looks at `stop` is waited for when the engine is closed.
    pub(crate) fn ends_with(&self, thread: JoinHandle<()>) {
        self.0.others.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }

    /// The operational database.
    pub fn store(&self) -> &Store {
        &self.0.inner.store
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.0.inner.dir
    }

    /// The clock.
    pub fn now(&self) -> Timestamp {
        (self.0.inner.options.clock)()
    }

    /// How the engine stands.
    pub fn status(&self) -> Status {
        let i = &self.0.inner;
        let (ledger_position, folded_position) = (i.ledger.last_position(), i.folded.load(Ordering::Acquire));
        Status {
            ledger_position,
            folded_position,
            lag: ledger_position.saturating_sub(folded_position),
            lag_limit: i.options.lag_limit,
            lake_position: i.settled.load(Ordering::Acquire),
            disk_free_bytes: i.free_bytes(),
            jobs: i.jobs.list(),
            opened: i.opened.repairs.clone(),
            failure: i.failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            waits_for: i.waits_for().map(|e| e.to_string()),
        }
    }

    /// The file of the master key, under which everything is encrypted at rest.
    pub fn master_key(&self) -> &Path {
        self.0.inner.keys.path()
    }

    /// What opening found and did.
    pub fn opened(&self) -> &Opened {
        &self.0.inner.opened
    }

    /// May something be received now? Asked before a body is read.
    pub fn admission(&self) -> Result<(), EngineError> {
        let i = &self.0.inner;
        if i.free_bytes() < i.options.min_free_bytes {
            return Err(EngineError::DiskFull);
        }
        let lag = i.ledger.last_position().saturating_sub(i.folded.load(Ordering::Acquire));
        if lag > i.options.lag_limit {
            let retry_after_s = ((lag - i.options.lag_limit) / 20_000).clamp(1, 300) as u32;
            return Err(EngineError::Overloaded { retry_after_s, lag });
        }
        Ok(())
    }

    /// Starts a job that people can watch.
    pub fn job(&self, name: &str, unit: &str, total: Option<u64>) -> JobHandle {
        self.0.inner.jobs.start(name, unit, total)
    }

    /// The sources of a workspace with their outcomes.
    pub fn sources(&self, workspace: WorkspaceId) -> Result<Vec<SourceTally>, EngineError> {
        tallies::sources(self.store(), &*self.0.inner.brand(workspace)?)
    }

    /// Who every linked node of a workspace belongs to now: what a reader of the open history
    /// applies.
    pub fn redirects(&self, workspace: WorkspaceId) -> Result<std::collections::HashMap<u64, u64>, EngineError> {
        Ok(self.0.inner.brand(workspace)?.redirects())
    }

    /// Waits until everything in the ledger is folded; an error if folding stopped.
    pub fn wait_folded(&self) -> Result<(), EngineError> {
        let to = self.0.inner.ledger.last_position();
        self.0.inner.wait(&self.0.inner.folded, to)
    }

    /// Waits until everything in the ledger is folded, in the open history and in the files of the
    /// timelines.
    pub fn settle(&self) -> Result<(), EngineError> {
        self.wait_folded()?;
        let folding = self.0.folding.lock().unwrap_or_else(PoisonError::into_inner);
        match folding.as_ref() {
            Some(f) => f.settle(),
            None => Err(EngineError::Refused("the engine is closed".to_owned())),
        }
    }

    pub(crate) fn finish_erasures(&self) -> Result<(), EngineError> {
        self.0.inner.finish_erasures(&|position| self.start_over(position))
    }

    /// Lets everything derived be made again, for the retraction at a position, or for none.
    pub(crate) fn start_over(&self, position: u64) -> Result<(), EngineError> {
        let folding = self.0.folding.lock().unwrap_or_else(PoisonError::into_inner);
        match folding.as_ref() {
            Some(f) => f.start_over(position),
            None => Err(EngineError::Refused("the engine is closed".to_owned())),
        }
    }

    /// Folds what is in the ledger, writes everything down and stops.
    pub fn close(&self) -> Result<(), EngineError> {
        let taken = self.0.folding.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closed = match taken {
            Some(f) => f.close(),
            None => Ok(()),
        };
        self.wait_for_others();
        closed
    }

    /// Waits for the threads of [`Engine::ends_with`].
    pub(crate) fn wait_for_others(&self) {
        let threads = std::mem::take(&mut *self.0.others.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Inner {
    pub(crate) fn admit(&self, record: WorkspaceRecord) -> Result<(), EngineError> {
        let id = record.workspace.id;
        let brand = Brand::open(&self.dir, &self.store, record, &self.options)?;
        self.brands.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(brand));
        Ok(())
    }

    pub(crate) fn brand(&self, workspace: WorkspaceId) -> Result<Arc<Brand>, EngineError> {
        self.brands
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&workspace)
            .cloned()
            .ok_or_else(|| EngineError::NotFound(format!("workspace {workspace}")))
    }

    pub(crate) fn brands(&self) -> Vec<Arc<Brand>> {
        self.brands.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn fail(&self, failure: String) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// Free bytes on the disk, asked at most once a second.
    fn free_bytes(&self) -> u64 {
        let now = (self.options.clock)().0;
        if now - self.free.1.load(Ordering::Relaxed) > 1_000_000 {
            if let Ok(s) = rustix::fs::statvfs(&self.dir) {
                self.free.0.store(s.f_bavail.saturating_mul(s.f_frsize), Ordering::Relaxed);
            }
            self.free.1.store(now, Ordering::Relaxed);
        }
        self.free.0.load(Ordering::Relaxed)
    }

    /// Waits for folding to reach a position, or for so long.
    pub(crate) fn wait_beyond(&self, longest: std::time::Duration, to: u64) -> Result<(), EngineError> {
        self.still_works()?;
        if self.folded.load(Ordering::Acquire) < to {
            std::thread::park_timeout(longest);
        }
        Ok(())
    }

    /// Waits until a position is folded.
    pub(crate) fn wait_folded_to(&self, position: u64) -> Result<(), EngineError> {
        self.wait(&self.folded, position)
    }

    fn still_works(&self) -> Result<(), EngineError> {
        if let Some(failure) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(EngineError::Damaged(failure));
        }
        if self.stop.load(Ordering::Acquire) {
            return Err(EngineError::Refused("the engine is closed".to_owned()));
        }
        self.waits_for().map_or(Ok(()), Err)
    }

    fn wait(&self, position: &AtomicU64, to: u64) -> Result<(), EngineError> {
        self.still_works()?;
        while position.load(Ordering::Acquire) < to {
            self.still_works()?;
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        Ok(())
    }
}
