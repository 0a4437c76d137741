//! Writing data files and saying so to the log.

use crate::error::LakeError;
use crate::file::{DataFile, encode_file, put, statistics};
use crate::schema::BUCKET;
use crate::table::Inner;
use deltalake::arrow::array::RecordBatch;
use deltalake::kernel::{Action, Add, Remove};
use std::collections::HashMap;
use std::sync::Arc;
use throughline_interactions::Timestamp;

/// A file that was written and is not yet committed.
pub(crate) struct Written {
    pub file: DataFile,
    stats: String,
}

/// The path of a file in its bucket.
pub(crate) fn path_in(bucket: u16, name: &str) -> String {
    format!("{BUCKET}={bucket}/{name}.parquet")
}

fn partition(bucket: u16) -> HashMap<String, Option<String>> {
    HashMap::from([(BUCKET.to_owned(), Some(bucket.to_string()))])
}

impl Written {
    /// The action that adds it. `data_change` is false if its rows stood in removed files just so.
    pub(crate) fn add(&self, now: Timestamp, data_change: bool) -> Action {
        Action::Add(Add {
            path: self.file.path.clone(),
            partition_values: partition(self.file.bucket),
            size: self.file.bytes as i64,
            modification_time: now.0 / 1000,
            data_change,
            stats: Some(self.stats.clone()),
            ..Add::default()
        })
    }
}

/// The action that removes a file. It carries no statistics: a removed file says nothing of anyone.
pub(crate) fn remove(file: &DataFile, now: Timestamp, data_change: bool) -> Action {
    Action::Remove(Remove {
        path: file.path.clone(),
        data_change,
        deletion_timestamp: Some(now.0 / 1000),
        extended_file_metadata: Some(true),
        partition_values: Some(partition(file.bucket)),
        size: Some(file.bytes as i64),
        ..Remove::default()
    })
}

impl Inner {
    /// Writes one sorted batch as a file, durable when this returns. Its name ends with the CRC-32 of
    /// its bytes, so that a single flipped bit is found, which Parquet itself would not notice.
    pub(crate) async fn write(&self, bucket: u16, name: &str, batch: RecordBatch) -> Result<Written, LakeError> {
        let encoded = tokio::task::spawn_blocking(move || {
            let (known, stats) = statistics(&batch)?;
            Ok::<_, LakeError>((encode_file(&batch)?, known, stats))
        });
        let (bytes, known, stats) = encoded.await.map_err(LakeError::Worker)??;
        let path = path_in(bucket, &format!("{name}-{:08x}", crc32fast::hash(&bytes)));
        let size = bytes.len() as u64;
        put(&self.store, &path, bytes).await?;
        self.sync(&path).await?;
        let file = DataFile { path, bucket, bytes: size, rows: known.rows, customers: known.customers };
        Ok(Written { file, stats })
    }
}

/// Writes several files at once, as many as there are cores.
pub(crate) async fn write_all(
    inner: &Arc<Inner>,
    files: impl IntoIterator<Item = (u16, String, RecordBatch)>,
) -> Result<Vec<Written>, LakeError> {
    use futures::{StreamExt, TryStreamExt};
    futures::stream::iter(files)
        .map(|(bucket, name, batch)| async move { inner.write(bucket, &name, batch).await })
        .buffered(inner.options.partitions.max(1))
        .try_collect()
        .await
}
