//! New rows: one commit, one file per touched bucket, the ledger position inside the commit.

use crate::encode::{file_order, to_batch};
use crate::error::LakeError;
use crate::table::{Commit, Inner, Lake, Snapshot};
use crate::write::{Written, write_all};
use deltalake::arrow::array::RecordBatch;
use deltalake::protocol::{DeltaOperation, SaveMode};
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_timeline::{Row, bucket_of};

/// How often a commit is tried again when somebody else was quicker.
pub(crate) const ATTEMPTS: usize = 20;

/// What an append did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Rows written; those already covered are not written again.
    pub rows: u64,
    /// Files written.
    pub files: usize,
    /// Bytes written.
    pub bytes: u64,
    /// The ledger position the lake now covers.
    pub covered: u64,
}

impl Lake {
    /// Appends the rows of the ledger up to and including `covers`, in any order, as one commit.
    ///
    /// The names of the files follow from the positions, so writing again is the same write; a
    /// position that is already covered changes nothing. `now` is what the log tells as the time.
    pub async fn append(&self, covers: u64, rows: Vec<Row>, now: Timestamp) -> Result<Appended, LakeError> {
        if let Some(row) = rows.iter().find(|r| r.position > covers) {
            return Err(LakeError::Beyond { position: row.position, covers });
        }
        let inner = &self.inner;
        let _writing = inner.writers.read().await;
        let mut base = inner.snapshot().await?;
        let rows = Arc::new(rows);
        let mut written: Option<(Option<u64>, Vec<Written>)> = None;
        for _ in 0..ATTEMPTS {
            if let Some(covered) = base.covered.filter(|c| *c >= covers) {
                return Ok(Appended { rows: 0, files: 0, bytes: 0, covered });
            }
            let files = match &written {
                Some((from, files)) if *from == base.covered => files,
                _ => {
                    let files = write_rows(inner, &base, covers, &rows).await?;
                    &written.insert((base.covered, files)).1
                }
            };
            let commit = Commit {
                actions: files.iter().map(|f| f.add(now, true)).collect(),
                operation: DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None },
                covers: Some(covers),
                note: vec![("ledgerPosition".to_owned(), covers.into())],
            };
            if inner.commit(&base, commit).await?.is_some() {
                return Ok(Appended {
                    rows: files.iter().map(|f| f.file.rows).sum(),
                    files: files.len(),
                    bytes: files.iter().map(|f| f.file.bytes).sum(),
                    covered: covers,
                });
            }
            base = inner.snapshot().await?;
        }
        Err(LakeError::Busy { doing: "appended to" })
    }
}

async fn write_rows(
    inner: &Arc<Inner>,
    base: &Snapshot,
    covers: u64,
    rows: &Arc<Vec<Row>>,
) -> Result<Vec<Written>, LakeError> {
    let from = base.covered.map_or(0, |c| c + 1);
    let (shared, workspace, buckets) = (rows.clone(), inner.workspace, inner.options.buckets);
    let batches = tokio::task::spawn_blocking(move || {
        let mut of_bucket: Vec<Vec<&Row>> = vec![Vec::new(); usize::from(buckets)];
        for row in shared.iter().filter(|r| r.position >= from) {
            of_bucket[usize::from(bucket_of(row.customer, buckets))].push(row);
        }
        let mut batches: Vec<(u16, RecordBatch)> = Vec::new();
        for (bucket, mut rows) in of_bucket.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            rows.sort_unstable_by_key(|r| file_order(r));
            batches.push((bucket as u16, to_batch(workspace, &rows)?));
        }
        Ok::<_, LakeError>(batches)
    });
    let batches = batches.await.map_err(LakeError::Worker)??;
    let name = |bucket| format!("p{from:020}-{covers:020}-{bucket:05}");
    write_all(inner, batches.into_iter().map(|(bucket, batch)| (bucket, name(bucket), batch))).await
}
