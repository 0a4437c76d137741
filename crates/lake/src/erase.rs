//! Erasing people: files that mention them are rewritten without them, the old files are deleted
//! at once, and the log forgets that they were there.
//!
//! The log knows of a person only as a minimum or maximum customer in the statistics of a file it
//! added, in a commit or a checkpoint. So after the rewrite a new checkpoint is written, which has
//! the statistics of present files only, and every older commit and checkpoint is deleted: earlier
//! versions can no longer be opened. Erasure outranks readers; one that holds an earlier version
//! gets [`LakeError::Erased`] and reads again. Running it again is harmless and finishes what a
//! crash interrupted.

use crate::append::ATTEMPTS;
use crate::compact::{by_bucket, gather, replace};
use crate::encode::long_column;
use crate::error::{FileFault, LakeError};
use crate::file::{DataFile, Wanted, read_file};
use crate::redirects::{Nodes, Redirects};
use crate::sweep::{Spare, delete, list, sweep};
use crate::table::{Inner, Lake, Snapshot};
use crate::write::write_all;
use deltalake::arrow::array::{BooleanArray, RecordBatch};
use deltalake::arrow::compute::filter_record_batch;
use deltalake::checkpoints::create_checkpoint;
use std::sync::{Arc, PoisonError};
use throughline_interactions::Timestamp;

/// What an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows of the person that are gone.
    pub rows: u64,
    /// Files rewritten without them.
    pub files_rewritten: usize,
    /// Files deleted from disk, older unswept ones included.
    pub files_deleted: usize,
    /// Commits and checkpoints deleted from the log.
    pub log_entries_deleted: usize,
}

/// What is to go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gone<'a> {
    /// Rows whose customer now is one of these.
    pub customers: &'a [u64],
    /// Rows of these nodes.
    pub nodes: &'a [u64],
    /// Rows of these positions of the ledger.
    pub positions: &'a [u64],
    /// Nodes whose rows stay, and are brought to the customers that own them now: the last time that
    /// a redirect names them.
    pub moved: &'a [u64],
}

struct People<'a> {
    customers: Nodes,
    nodes: Nodes,
    positions: Nodes,
    moved: Nodes,
    redirects: &'a Redirects,
}

impl People<'_> {
    fn has(&self, customer: u64, node: u64, position: u64) -> bool {
        self.nodes.contains(&node)
            || self.positions.contains(&position)
            || self.customers.contains(&self.redirects.customer_now(node, customer))
    }

    /// Rows that are theirs, and rows of others that are still stored under one of their ids.
    fn mentions(&self) -> Wanted {
        let ids: Nodes = self.customers.union(&self.nodes).copied().collect();
        let mut nodes = self.redirects.nodes_where(|now| self.customers.contains(&now));
        nodes.extend(&ids);
        nodes.extend(&self.moved);
        Wanted::Of { customers: Arc::new(ids), nodes: Arc::new(nodes), positions: Arc::new(self.positions.clone()) }
    }
}

impl Lake {
    /// Erases every row whose customer now is one of `customers` or whose node is one of `nodes`;
    /// give all nodes of the person. Whoever appends must already refuse them.
    pub async fn erase(
        &self,
        customers: &[u64],
        nodes: &[u64],
        redirects: &Redirects,
        now: Timestamp,
    ) -> Result<Erased, LakeError> {
        self.erase_rows(Gone { customers, nodes, ..Gone::default() }, redirects, now).await
    }

    /// Erases whatever `gone` names, in one pass over the files.
    pub async fn erase_rows(&self, gone: Gone<'_>, redirects: &Redirects, now: Timestamp) -> Result<Erased, LakeError> {
        let inner = &self.inner;
        let set = |of: &[u64]| of.iter().copied().collect::<Nodes>();
        let people = People {
            customers: set(gone.customers),
            nodes: set(gone.nodes),
            positions: set(gone.positions),
            moved: set(gone.moved),
            redirects,
        };
        let _upkeep = inner.upkeep.lock().await;
        let mut done = Erased::default();
        // What was appended during the rewrite is looked at again, until nothing mentions them.
        let mut seen: Vec<String> = Vec::new();
        let mut clean = false;
        for _ in 0..ATTEMPTS {
            let snapshot = inner.snapshot().await?;
            let files: Vec<DataFile> = snapshot.files.iter().filter(|f| !seen.contains(&f.path)).cloned().collect();
            if files.is_empty() {
                clean = true;
                break;
            }
            rewrite(inner, &snapshot, &files, &people, now, &mut done).await?;
            seen.extend(files.into_iter().map(|f| f.path));
        }
        if !clean {
            return Err(LakeError::Busy { doing: "erased from" });
        }
        let swept = sweep(inner, now, Spare::None).await?;
        done.files_deleted = swept.files;
        done.log_entries_deleted = forget_log(inner).await?;
        Ok(done)
    }
}

async fn rewrite(
    inner: &Arc<Inner>,
    snapshot: &Snapshot,
    files: &[DataFile],
    people: &People<'_>,
    now: Timestamp,
    done: &mut Erased,
) -> Result<(), LakeError> {
    let mentions = people.mentions();
    for (number, file) in files.iter().enumerate() {
        let found = read_file(&inner.store, file, &mentions, &["customer", "node"]).await?;
        if found.iter().all(|b| b.num_rows() == 0) {
            continue;
        }
        let _writing = inner.writers.read().await;
        let (batch, _) = gather(inner, std::slice::from_ref(file), people.redirects).await?;
        let kept = without(&batch, people)
            .map_err(|column| LakeError::file(&file.path, FileFault::Column(column)))?
            .map_err(LakeError::columns("leave out the rows of a person"))?;
        let gone = (batch.num_rows() - kept.num_rows()) as u64;
        let parts = by_bucket(&kept, inner.options.buckets)?;
        let name = format!("e{:020}-{number:05}", snapshot.version);
        let written = write_all(inner, parts.into_iter().map(|(bucket, part)| (bucket, name.clone(), part))).await?;
        let base = inner.snapshot().await?;
        replace(inner, base, std::slice::from_ref(file), &written, true, "erased from", now).await?;
        done.rows += gone;
        done.files_rewritten += 1;
    }
    Ok(())
}

type Filtered = Result<RecordBatch, deltalake::arrow::error::ArrowError>;

fn without(batch: &RecordBatch, people: &People<'_>) -> Result<Filtered, &'static str> {
    let customers = long_column(batch, "customer").ok_or("customer")?;
    let nodes = long_column(batch, "node").ok_or("node")?;
    let positions = long_column(batch, "position").ok_or("position")?;
    let each = customers.iter().zip(nodes).zip(positions);
    let keep: Vec<bool> = each.map(|((c, n), p)| !people.has(*c as u64, *n as u64, *p as u64)).collect();
    Ok(filter_record_batch(batch, &BooleanArray::from(keep)))
}

/// Writes a checkpoint of the present version and deletes every older entry of the log.
async fn forget_log(inner: &Inner) -> Result<usize, LakeError> {
    let _alone = inner.writers.write().await;
    let snapshot = inner.snapshot().await?;
    *inner.erased_before.write().unwrap_or_else(PoisonError::into_inner) = snapshot.version;
    create_checkpoint(&snapshot.table, None).await.map_err(LakeError::delta("write a checkpoint of the lake"))?;
    let mut deleted = 0;
    for object in list(inner, Some("_delta_log")).await? {
        let name = object.location.filename().unwrap_or_default();
        let version: Option<u64> = name.get(..20).and_then(|digits| digits.parse().ok());
        if version.is_some_and(|v| v < snapshot.version) || name.ends_with(".tmp") {
            delete(inner, &object).await?;
            deleted += 1;
        }
    }
    inner.reload().await?;
    Ok(deleted)
}
