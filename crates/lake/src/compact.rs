//! Compaction: small files become one, and redirected rows move to where they belong.
//!
//! It runs beside appends. Each step is one commit that removes the files it read and adds what
//! it wrote; if the table moved on meanwhile it looks whether its files are still there and tries
//! again, so appends never wait and no row is doubled or lost. Removed files stay on disk until
//! [`Lake::vacuum`] finds them old enough and unheld.

use crate::append::ATTEMPTS;
use crate::encode::{batch_order, long_column, take_sorted};
use crate::error::{FileFault, LakeError};
use crate::file::{DataFile, Wanted, read_file};
use crate::redirects::Redirects;
use crate::schema::file_schema;
use crate::table::{Commit, Inner, Lake, Snapshot};
use crate::write::{Written, remove, write_all};
use deltalake::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use deltalake::arrow::compute::concat_batches;
use deltalake::protocol::DeltaOperation;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_timeline::bucket_of;

/// What a compaction did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files removed from the table.
    pub files_removed: usize,
    /// Files added.
    pub files_added: usize,
    /// Rows rewritten.
    pub rows: u64,
    /// Rows whose stored customer changed.
    pub rows_moved: u64,
    /// Every row up to this ledger position now stands under the redirects that were given.
    pub covered: Option<u64>,
}

/// Files of one bucket to be read together.
struct Step {
    files: Vec<DataFile>,
}

impl Lake {
    /// Compacts what the policy of [`LakeOptions`](crate::LakeOptions) asks for, and moves every
    /// redirected row. One compaction, erasure or vacuum runs at a time.
    pub async fn compact(&self, redirects: &Redirects, now: Timestamp) -> Result<Compacted, LakeError> {
        let inner = &self.inner;
        let _upkeep = inner.upkeep.lock().await;
        let start = inner.snapshot().await?;
        let mut done = Compacted { covered: start.covered, ..Compacted::default() };
        let moving = files_with_moves(inner, &start, redirects).await?;
        let mut buckets: BTreeMap<u16, Vec<&DataFile>> = BTreeMap::new();
        for file in &start.files {
            buckets.entry(file.bucket).or_default().push(file);
        }
        for files in buckets.values() {
            for step in steps(inner, files, &moving) {
                take_step(inner, &step, redirects, now, &mut done).await?;
            }
        }
        Ok(done)
    }
}

/// Paths of files that hold a row whose customer is now another one.
async fn files_with_moves(
    inner: &Inner,
    snapshot: &Snapshot,
    redirects: &Redirects,
) -> Result<HashSet<String>, LakeError> {
    let mut moving = HashSet::new();
    if redirects.is_empty() {
        return Ok(moving);
    }
    let nodes = Arc::new(redirects.nodes_where(|_| true));
    for file in &snapshot.files {
        let wanted = Wanted::Of { customers: Arc::default(), nodes: nodes.clone(), positions: Arc::default() };
        for batch in read_file(&inner.store, file, &wanted, &["customer", "node"]).await? {
            let (customers, held) = identities(&file.path, &batch)?;
            if customers.iter().zip(held).any(|(c, n)| redirects.customer_now(*n as u64, *c as u64) != *c as u64) {
                moving.insert(file.path.clone());
            }
        }
    }
    Ok(moving)
}

fn identities<'a>(path: &str, batch: &'a RecordBatch) -> Result<(&'a [i64], &'a [i64]), LakeError> {
    let column = |name| long_column(batch, name).ok_or_else(|| LakeError::file(path, FileFault::Column(name)));
    Ok((column("customer")?, column("node")?))
}

/// What to read together in one bucket: the smallest files, as many as it takes until the next is
/// more than twice as large as all before it (so that a row is rewritten a logarithmic number of
/// times), if that makes enough files; and every file with rows to move.
fn steps(inner: &Inner, files: &[&DataFile], moving: &HashSet<String>) -> Vec<Step> {
    let options = &inner.options;
    let mut small: Vec<&DataFile> = files.iter().copied().filter(|f| f.rows < options.full_file_rows).collect();
    small.sort_by_key(|f| f.rows);
    let mut before = 0;
    let mut together = 0;
    for (n, file) in small.iter().enumerate() {
        if file.rows <= before * 2 {
            together = n + 1;
        }
        before += file.rows;
    }
    if together < options.small_files.max(2) {
        together = 0;
    }
    let chosen = &small[..together];
    let extra = files.iter().copied().filter(|f| moving.contains(&f.path) && !chosen.contains(f));
    let all: Vec<&DataFile> = chosen.iter().copied().chain(extra).collect();
    // A step never holds much more than two full files in memory.
    let mut steps: Vec<Step> = Vec::new();
    let mut rows = 0;
    for file in all {
        if steps.is_empty() || rows + file.rows > options.full_file_rows * 2 {
            steps.push(Step { files: Vec::new() });
            rows = 0;
        }
        rows += file.rows;
        if let Some(step) = steps.last_mut() {
            step.files.push(file.clone());
        }
    }
    steps.retain(|s| s.files.len() > 1 || s.files.iter().any(|f| moving.contains(&f.path)));
    steps
}

/// Reads files into one batch with every row under its customer now. Also the number of moved rows.
pub(crate) async fn gather(
    inner: &Inner,
    files: &[DataFile],
    redirects: &Redirects,
) -> Result<(RecordBatch, u64), LakeError> {
    let mut batches = Vec::new();
    let mut moved = 0;
    for file in files {
        for batch in read_file(&inner.store, file, &Wanted::All, &[]).await? {
            let (customers, nodes) = identities(&file.path, &batch)?;
            let now: Int64Array =
                customers.iter().zip(nodes).map(|(c, n)| redirects.customer_now(*n as u64, *c as u64) as i64).collect();
            moved += now.values().iter().zip(customers).filter(|(a, b)| a != b).count() as u64;
            let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
            let index = batch.schema().index_of("customer").map_err(LakeError::columns("find a column"))?;
            columns[index] = Arc::new(now);
            batches.push(
                RecordBatch::try_new(file_schema(), columns)
                    .map_err(|e| LakeError::file(&file.path, FileFault::Damaged(e.to_string())))?,
            );
        }
    }
    let all = concat_batches(&file_schema(), &batches).map_err(LakeError::columns("join the rows of lake files"))?;
    Ok((all, moved))
}

/// Splits a batch by the bucket of its customers and sorts each part.
pub(crate) fn by_bucket(batch: &RecordBatch, buckets: u16) -> Result<Vec<(u16, RecordBatch)>, LakeError> {
    let order = batch_order(batch).map_err(|c| LakeError::file("(rows in memory)", FileFault::Column(c)))?;
    let mut indices: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for (i, key) in order.iter().enumerate() {
        indices.entry(bucket_of(key.0 as u64, buckets)).or_default().push(i as u32);
    }
    indices.into_iter().map(|(bucket, indices)| Ok((bucket, take_sorted(batch, &order, indices)?))).collect()
}

async fn take_step(
    inner: &Arc<Inner>,
    step: &Step,
    redirects: &Redirects,
    now: Timestamp,
    done: &mut Compacted,
) -> Result<(), LakeError> {
    let base = inner.snapshot().await?;
    let _writing = inner.writers.read().await;
    let (batch, moved) = gather(inner, &step.files, redirects).await?;
    let buckets = inner.options.buckets;
    let parts = tokio::task::spawn_blocking(move || by_bucket(&batch, buckets)).await.map_err(LakeError::Worker)??;
    let source = step.files.first().map_or(0, |f| f.bucket);
    // One step commits at most once on a version, so version and source bucket name it.
    let name = format!("c{:020}-{source:05}", base.version);
    let written = write_all(inner, parts.into_iter().map(|(bucket, part)| (bucket, name.clone(), part))).await?;
    replace(inner, base, &step.files, &written, moved > 0, "compacted", now).await?;
    done.files_removed += step.files.len();
    done.files_added += written.len();
    done.rows += written.iter().map(|w| w.file.rows).sum::<u64>();
    done.rows_moved += moved;
    Ok(())
}

/// Commits the exchange of `old` files for `new` ones, as often as others are quicker.
pub(crate) async fn replace(
    inner: &Inner,
    mut base: Arc<Snapshot>,
    old: &[DataFile],
    new: &[Written],
    data_change: bool,
    doing: &'static str,
    now: Timestamp,
) -> Result<u64, LakeError> {
    for _ in 0..ATTEMPTS {
        let present: HashSet<&str> = base.files.iter().map(|f| f.path.as_str()).collect();
        if !old.iter().all(|f| present.contains(f.path.as_str())) {
            break;
        }
        let mut actions: Vec<_> = old.iter().map(|f| remove(f, now, data_change)).collect();
        actions.extend(new.iter().map(|w| w.add(now, data_change)));
        let operation = match doing {
            "compacted" => {
                DeltaOperation::Optimize { predicate: None, target_size: inner.options.full_file_rows as i64 }
            }
            _ => DeltaOperation::Delete { predicate: None },
        };
        let commit = Commit { actions, operation, covers: None, note: Vec::new() };
        if let Some(version) = inner.commit(&base, commit).await? {
            return Ok(version);
        }
        base = inner.snapshot().await?;
    }
    Err(LakeError::Busy { doing })
}
