//! The table of one workspace: opening it, its versions, and the one way a commit is made.

use crate::error::LakeError;
use crate::file::DataFile;
use crate::schema::{BUCKET, FORMAT, FORMAT_KEY, delta_columns};
use deltalake::errors::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference, TransactionError};
use deltalake::kernel::{Action, Transaction, Version};
use deltalake::logstore::ObjectStoreRef;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::builder::ensure_table_uri;
use deltalake::{DeltaTable, DeltaTableBuilder};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;
use throughline_interactions::WorkspaceId;
use tokio::sync::{Mutex as AsyncMutex, RwLock as AsyncRwLock};

/// The application id under which the ledger position rides in a commit.
const LEDGER: &str = "throughline-ledger";
/// Commits from one checkpoint to the next.
const CHECKPOINT_INTERVAL: Version = 50;
/// How long the log keeps entries that a checkpoint has made superfluous.
const LOG_RETENTION: Duration = Duration::from_secs(86_400);
const BUCKETS_KEY: &str = "throughline.buckets";

/// How a lake is kept.
#[derive(Debug, Clone)]
pub struct LakeOptions {
    /// Buckets of the workspace, a power of two; fixed when the table is made.
    pub buckets: u16,
    /// How long a file stays after a commit removed it, for readers outside this process.
    pub retention: Duration,
    /// Files of at least this many rows are left alone by compaction, unless rows leave them.
    pub full_file_rows: u64,
    /// A bucket is compacted when it has at least this many small files.
    pub small_files: usize,
    /// Bytes of memory that one session may use before it spills or fails.
    pub memory_limit: usize,
    /// Partitions of a query that run at once.
    pub partitions: usize,
    /// Options of the object store, such as credentials; empty for a local directory.
    pub storage: HashMap<String, String>,
}

impl Default for LakeOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            buckets: 16,
            retention: Duration::from_secs(3600),
            full_file_rows: 1_000_000,
            small_files: 4,
            memory_limit: 1 << 30,
            partitions: cores.min(8),
            storage: HashMap::new(),
        }
    }
}

/// The open history of one workspace. Cloning is cheap and shares the table.
#[derive(Clone)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) workspace: WorkspaceId,
    pub(crate) options: LakeOptions,
    pub(crate) store: ObjectStoreRef,
    /// The table's directory, if it is on this machine.
    pub(crate) directory: Option<PathBuf>,
    latest: RwLock<Arc<Snapshot>>,
    /// Every snapshot ever handed out that may still be held.
    leases: Mutex<Vec<Weak<Snapshot>>>,
    /// The version before which files were erased whoever held them.
    pub(crate) erased_before: RwLock<Version>,
    /// Held by compaction, erasure and vacuum, one at a time.
    pub(crate) upkeep: AsyncMutex<()>,
    /// Held for reading by whoever writes files, for writing by whoever sweeps unnamed ones.
    pub(crate) writers: AsyncRwLock<()>,
}

/// One version of the table. Holding it keeps its files on disk.
pub(crate) struct Snapshot {
    pub(crate) table: DeltaTable,
    pub(crate) version: Version,
    pub(crate) covered: Option<u64>,
    pub(crate) files: Vec<DataFile>,
}

impl Snapshot {
    async fn of(table: DeltaTable) -> Result<Self, LakeError> {
        let failed = || LakeError::delta("read the log of the lake");
        let state = table.snapshot().map_err(failed())?;
        let log = table.log_store();
        let covered = state.transaction_version(log.as_ref(), LEDGER).await.map_err(failed())?;
        let log_data = state.log_data();
        let files = log_data.iter().map(|view| {
            let stats: serde_json::Value = view.stats().and_then(|s| serde_json::from_str(&s).ok()).unwrap_or_default();
            let partitions = view.partition_values_map();
            let bucket = partitions.get(BUCKET).and_then(|b| b.as_deref()).and_then(|b| b.parse().ok());
            DataFile {
                path: view.path().into_owned(),
                bucket: bucket.unwrap_or_default(),
                bytes: view.size() as u64,
                rows: stats["numRecords"].as_u64().unwrap_or_default(),
                customers: (
                    stats["minValues"]["customer"].as_i64().unwrap_or(i64::MIN),
                    stats["maxValues"]["customer"].as_i64().unwrap_or(i64::MAX),
                ),
            }
        });
        let mut files: Vec<DataFile> = files.collect();
        files.sort_by(|a, b| (a.bucket, &a.path).cmp(&(b.bucket, &b.path)));
        let version = state.version();
        Ok(Self { version, covered: covered.map(|c| c as u64), files, table })
    }
}

/// What one commit says.
pub(crate) struct Commit {
    pub actions: Vec<Action>,
    pub operation: DeltaOperation,
    pub covers: Option<u64>,
    pub note: Vec<(String, serde_json::Value)>,
}

impl Lake {
    /// Opens the lake of a workspace under the data root — a directory or an object-store URL —
    /// and makes it if there is none.
    pub async fn open(data: &str, workspace: WorkspaceId, options: LakeOptions) -> Result<Self, LakeError> {
        if !options.buckets.is_power_of_two() {
            return Err(LakeError::BucketCount(options.buckets));
        }
        let failed = || LakeError::delta("open the lake");
        let location = format!("{}/lake/{workspace}/interactions", data.trim_end_matches('/'));
        let url = ensure_table_uri(&location).map_err(failed())?;
        let directory = url.to_file_path().ok();
        let builder = DeltaTableBuilder::from_url(url).map_err(failed())?.with_storage_options(options.storage.clone());
        let mut table = builder.build().map_err(failed())?;
        if !table.verify_deltatable_existence().await.map_err(failed())? {
            table = create(table, &options).await?;
        } else {
            table.load().await.map_err(failed())?;
        }
        let found = table.snapshot().map_err(failed())?.metadata().configuration().get(BUCKETS_KEY).cloned();
        if found.as_deref() != Some(&*options.buckets.to_string()) {
            let found = found.unwrap_or_else(|| "no".to_owned());
            return Err(LakeError::Buckets { location, found, wanted: options.buckets });
        }
        let store = table.log_store().object_store(None);
        let snapshot = Arc::new(Snapshot::of(table).await?);
        let leases = Mutex::new(vec![Arc::downgrade(&snapshot)]);
        Ok(Self {
            inner: Arc::new(Inner {
                workspace,
                options,
                store,
                directory,
                latest: RwLock::new(snapshot),
                leases,
                erased_before: RwLock::new(0),
                upkeep: AsyncMutex::new(()),
                writers: AsyncRwLock::new(()),
            }),
        })
    }

    /// The ledger position up to which every row is here; `None` if nothing ever was.
    pub async fn covered_position(&self) -> Result<Option<u64>, LakeError> {
        Ok(self.inner.snapshot().await?.covered)
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.inner.workspace
    }

    /// The number of buckets.
    pub fn buckets(&self) -> u16 {
        self.inner.options.buckets
    }
}

async fn create(table: DeltaTable, options: &LakeOptions) -> Result<DeltaTable, LakeError> {
    let interval = |d: Duration| format!("interval {} seconds", d.as_secs());
    let properties = [
        (BUCKETS_KEY, options.buckets.to_string()),
        (FORMAT_KEY, FORMAT.to_owned()),
        // The only statistics the log keeps: none of them says who a customer is.
        ("delta.dataSkippingStatsColumns", "customer,position,occurred_at".to_owned()),
        ("delta.checkpointInterval", CHECKPOINT_INTERVAL.to_string()),
        ("delta.logRetentionDuration", interval(options.retention.max(LOG_RETENTION))),
        ("delta.deletedFileRetentionDuration", interval(options.retention)),
        ("delta.enableExpiredLogCleanup", "true".to_owned()),
    ];
    table
        .create()
        .with_table_name("interactions")
        .with_comment("Every interaction, bucketed and sorted by customer. Customers, nodes, subjects and attributes are keyed hashes, u64 as signed long.")
        .with_columns(delta_columns())
        .with_partition_columns([BUCKET])
        .with_raise_if_key_not_exists(false)
        .with_configuration(properties.map(|(k, v)| (k, Some(v))))
        .with_save_mode(SaveMode::Ignore)
        .await
        .map_err(LakeError::delta("create the lake"))
}

impl Inner {
    /// The present version, read from the log.
    pub(crate) async fn snapshot(&self) -> Result<Arc<Snapshot>, LakeError> {
        let known = self.latest.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut table = known.table.clone();
        table.update_state().await.map_err(LakeError::delta("read the log of the lake"))?;
        let version = table.version().unwrap_or_default();
        if version == known.version {
            return Ok(known);
        }
        // What is read step by step keeps naming the entries it came from. Across a checkpoint it
        // is read anew, so that older entries may go.
        if (version + 1) / CHECKPOINT_INTERVAL != (known.version + 1) / CHECKPOINT_INTERVAL {
            return self.reload().await;
        }
        Ok(self.publish(Snapshot::of(table).await?))
    }

    /// The present version, read from the last checkpoint on: for whoever has deleted older
    /// entries of the log, which a known version may still name.
    pub(crate) async fn reload(&self) -> Result<Arc<Snapshot>, LakeError> {
        let log_store = self.latest.read().unwrap_or_else(PoisonError::into_inner).table.log_store();
        let mut table = DeltaTable::new(log_store);
        table.load().await.map_err(LakeError::delta("read the log of the lake"))?;
        Ok(self.publish(Snapshot::of(table).await?))
    }

    /// Makes a snapshot the latest, unless a later one is known already.
    fn publish(&self, fresh: Snapshot) -> Arc<Snapshot> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        if latest.version > fresh.version {
            return latest.clone();
        }
        let fresh = Arc::new(fresh);
        *latest = fresh.clone();
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|l| l.strong_count() > 0);
        leases.push(Arc::downgrade(&fresh));
        fresh
    }

    /// True if an erasure has taken this version's files whoever held them.
    pub(crate) fn erased(&self, snapshot: &Snapshot) -> bool {
        snapshot.version < *self.erased_before.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every version that somebody in this process still holds.
    pub(crate) fn held(&self) -> Vec<Arc<Snapshot>> {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.iter().filter_map(Weak::upgrade).collect()
    }

    /// Commits on top of `base`. `None`: the table has moved on, look again and decide anew.
    ///
    /// The library's own retries are off: its conflict check passes two commits that remove the
    /// same file as long as neither changes data, which would double the rows of that file.
    pub(crate) async fn commit(&self, base: &Snapshot, commit: Commit) -> Result<Option<Version>, LakeError> {
        let failed = || LakeError::delta("commit to the lake");
        let mut properties = CommitProperties::default()
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some(false))
            .with_metadata(commit.note);
        if let Some(position) = commit.covers {
            properties = properties.with_application_transaction(Transaction::new(LEDGER, position as i64));
        }
        let state = base.table.snapshot().map_err(failed())?;
        let outcome = CommitBuilder::from(properties)
            .with_actions(commit.actions)
            .build(Some(state as &dyn TableReference), base.table.log_store(), commit.operation)
            .await;
        let version = match outcome {
            Ok(done) => done.version(),
            Err(DeltaTableError::Transaction { source: TransactionError::MaxCommitAttempts(_) }) => return Ok(None),
            Err(error) => return Err(failed()(error)),
        };
        self.sync(&format!("_delta_log/{version:020}.json")).await?;
        Ok(Some(version))
    }

    /// Makes an object durable, where that is ours to do: on a local disk.
    pub(crate) async fn sync(&self, path: &str) -> Result<(), LakeError> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let file = directory.join(path);
        let synced = tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)?.sync_all()?;
            file.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
        });
        let failed = |source| LakeError::Disk { doing: "sync", path: path.to_owned(), source };
        synced.await.map_err(LakeError::Worker)?.map_err(failed)
    }
}
