//! The lake as the engine's open history: one Delta table per workspace, opened when needed.

use anyhow::Context;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_lake::{Lake, LakeError, LakeOptions, Redirects};
use throughline_pipeline::{EngineError, Gone, History};
use throughline_timeline::Row;
use tokio::runtime::Runtime;

/// The lakes of a data directory.
pub struct LakeHistory {
    dir: PathBuf,
    buckets: u16,
    runtime: Option<Runtime>,
    open: Mutex<HashMap<WorkspaceId, Lake>>,
}

impl LakeHistory {
    /// Lakes under `dir`, each with so many buckets.
    pub fn new(dir: &Path, buckets: u16) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lake")
            .on_thread_start(throughline_pipeline::give_way)
            .enable_all()
            .build()
            .context("start the lake's threads")?;
        let dir = std::path::absolute(dir).context("find the data directory")?;
        Ok(Self { dir, buckets, runtime: Some(runtime), open: Mutex::default() })
    }

    /// The lake of a workspace.
    pub fn lake(&self, workspace: WorkspaceId) -> Result<Lake, EngineError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lake) = open.get(&workspace) {
            return Ok(lake.clone());
        }
        let options = LakeOptions { buckets: self.buckets, ..LakeOptions::default() };
        let data = self.dir.to_string_lossy().into_owned();
        let lake = self.wait(Lake::open(&data, workspace, options))?;
        open.insert(workspace, lake.clone());
        Ok(lake)
    }

    /// Runs a lake's future to its end.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T, LakeError>>) -> Result<T, EngineError> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work).map_err(|e| EngineError::History(e.to_string())),
            None => Err(EngineError::Refused("the lake is closed".to_owned())),
        }
    }
}

impl Drop for LakeHistory {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn now() -> Timestamp {
    (throughline_pipeline::Options::default().clock)()
}

fn redirects(now: &HashMap<u64, u64>) -> Redirects {
    Redirects::new(now.iter().map(|(n, c)| (*n, *c)))
}

impl History for LakeHistory {
    fn append(&self, workspace: WorkspaceId, covers: u64, rows: Vec<Row>) -> Result<(), EngineError> {
        let lake = self.lake(workspace)?;
        self.wait(lake.append(covers, rows, now())).map(|_| ())
    }

    fn covers(&self, workspace: WorkspaceId) -> Result<u64, EngineError> {
        let lake = self.lake(workspace)?;
        self.wait(lake.covered_position()).map(Option::unwrap_or_default)
    }

    fn compact(&self, workspace: WorkspaceId, who: &HashMap<u64, u64>) -> Result<(), EngineError> {
        let lake = self.lake(workspace)?;
        let who = redirects(who);
        self.wait(async {
            lake.compact(&who, now()).await?;
            lake.vacuum(now()).await.map(|_| ())
        })
    }

    fn erase(&self, workspace: WorkspaceId, gone: &Gone, who: &HashMap<u64, u64>) -> Result<u64, EngineError> {
        let lake = self.lake(workspace)?;
        let who = redirects(who);
        let Gone { nodes, positions, moved } = gone;
        let gone = throughline_lake::Gone { customers: nodes, nodes, positions, moved };
        Ok(self.wait(lake.erase_rows(gone, &who, now()))?.rows)
    }

    fn clear(&self, workspace: WorkspaceId) -> Result<(), EngineError> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&workspace);
        let path = self.dir.join("lake").join(workspace.to_string());
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|source| EngineError::Io { verb: "remove", path, source })?;
        }
        Ok(())
    }

    fn verify(&self, workspace: WorkspaceId) -> Result<Vec<String>, EngineError> {
        let lake = self.lake(workspace)?;
        Ok(self.wait(lake.verify())?.faults.iter().map(ToString::to_string).collect())
    }
}
