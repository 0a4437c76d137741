//! Removing files that no version in use names any more.

use crate::error::LakeError;
use crate::file::store_path;
use crate::table::{Inner, Lake};
use deltalake::checkpoints::cleanup_metadata;
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::{ObjectMeta, ObjectStoreError};
use futures::TryStreamExt;
use std::collections::{HashMap, HashSet};
use throughline_interactions::Timestamp;

/// What a sweep removed from disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files deleted.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are no longer part of the table but young, or held by a reader.
    pub kept: usize,
}

/// Whether files are spared.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Spare {
    /// Those that are young or held by a reader.
    YoungAndHeld,
    /// None: a person is being erased.
    None,
}

impl Lake {
    /// Deletes files that left the table longer ago than the retention time and that no reader in
    /// this process holds, and orphans of that age which a crash left between a file and its
    /// commit. The files of the present version are never touched. The log loses entries that are
    /// a day old and that a checkpoint has made superfluous.
    pub async fn vacuum(&self, now: Timestamp) -> Result<Swept, LakeError> {
        let _upkeep = self.inner.upkeep.lock().await;
        let swept = sweep(&self.inner, now, Spare::YoungAndHeld).await?;
        let snapshot = self.inner.snapshot().await?;
        // A reader of an older version may still need the entries it was read from.
        if self.inner.held().iter().all(|s| s.version == snapshot.version) {
            let failed = LakeError::delta("shorten the log of the lake");
            cleanup_metadata(&snapshot.table, None).await.map_err(failed)?;
        }
        Ok(swept)
    }
}

/// Everything under the table but its log.
pub(crate) async fn list_data(inner: &Inner) -> Result<Vec<ObjectMeta>, LakeError> {
    let mut all = list(inner, None).await?;
    all.retain(|o| !o.location.as_ref().starts_with("_delta_log/"));
    Ok(all)
}

/// Everything under a folder of the table.
pub(crate) async fn list(inner: &Inner, folder: Option<&str>) -> Result<Vec<ObjectMeta>, LakeError> {
    let prefix = folder.map(store_path);
    inner.store.list(prefix.as_ref()).try_collect().await.map_err(|source| LakeError::Store {
        doing: "list",
        path: folder.unwrap_or("the lake").to_owned(),
        source,
    })
}

/// Deletes one object; one that is gone already is well gone.
pub(crate) async fn delete(inner: &Inner, object: &ObjectMeta) -> Result<(), LakeError> {
    match inner.store.delete(&object.location).await {
        Ok(()) | Err(ObjectStoreError::NotFound { .. }) => Ok(()),
        Err(source) => Err(LakeError::Store { doing: "delete", path: object.location.to_string(), source }),
    }
}

/// The caller holds `upkeep`.
pub(crate) async fn sweep(inner: &Inner, now: Timestamp, spare: Spare) -> Result<Swept, LakeError> {
    // Nobody writes meanwhile, so a file that the log does not name is not about to be named.
    let _alone = inner.writers.write().await;
    let snapshot = inner.snapshot().await?;
    let named: HashSet<&str> = snapshot.files.iter().map(|f| f.path.as_str()).collect();
    let held = if spare == Spare::None { Vec::new() } else { inner.held() };
    let held: HashSet<&str> = held.iter().flat_map(|s| s.files.iter().map(|f| f.path.as_str())).collect();
    let failed = LakeError::delta("read the removed files of the lake");
    let log = snapshot.table.log_store();
    let state = snapshot.table.snapshot().map_err(LakeError::delta("read the log of the lake"))?;
    let removed: HashMap<String, i64> = state
        .all_tombstones(log.as_ref())
        .try_filter_map(|t| async move { Ok(t.deletion_timestamp().map(|at| (t.path().into_owned(), at))) })
        .try_collect()
        .await
        .map_err(failed)?;
    let oldest_kept = now.0 / 1000 - inner.options.retention.as_millis() as i64;
    let mut swept = Swept::default();
    for object in list_data(inner).await? {
        let path = object.location.as_ref();
        if named.contains(path) {
            continue;
        }
        let since = removed.get(path).copied().unwrap_or(object.last_modified.timestamp_millis());
        if spare == Spare::YoungAndHeld && (held.contains(path) || since > oldest_kept) {
            swept.kept += 1;
            continue;
        }
        delete(inner, &object).await?;
        swept.files += 1;
        swept.bytes += object.size;
    }
    Ok(swept)
}
