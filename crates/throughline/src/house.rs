//! Opening a data directory: the lock, the engine, the lake, in this order.

use crate::history::LakeHistory;
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use throughline_pipeline::{Engine, History, Options, Workspace};
use throughline_store::DirectoryLock;

/// An open data directory.
pub struct House {
    /// The engine.
    pub engine: Engine,
    _lock: DirectoryLock,
}

/// Takes the data directory and opens everything in it. `holder` is told to whoever else asks.
pub fn open(dir: &Path, holder: &str, options: Options) -> anyhow::Result<House> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create the data directory {}", dir.display()))?;
    let lock = DirectoryLock::take(dir, holder)?;
    let history: Arc<dyn History> = Arc::new(LakeHistory::new(dir, options.buckets)?);
    let engine = Engine::open(dir, throughline_web::MIGRATIONS, Some(history), options)
        .with_context(|| format!("cannot open {}", dir.display()))?;
    for repair in &engine.opened().repairs {
        tracing::warn!("{repair}");
    }
    Ok(House { engine, _lock: lock })
}

/// Says where the master key is, if it was made just now.
pub fn tell_key(engine: &Engine) {
    if engine.opened().made_master_key {
        eprintln!(
            "made the master key {}: keep a copy apart from the data, for without it nothing that is kept can be read",
            engine.master_key().display()
        );
    }
}

/// How this process names itself in the lock.
pub fn holder(doing: &str) -> String {
    format!("pid {} {doing}", std::process::id())
}

/// The workspace that is meant: the named one, or the only one.
pub fn workspace(engine: &Engine, key: Option<&str>) -> anyhow::Result<Workspace> {
    if let Some(key) = key {
        return engine.workspace(key).with_context(|| {
            let all: Vec<String> = engine.workspaces().unwrap_or_default().into_iter().map(|w| w.key).collect();
            match all.as_slice() {
                [] => "there are no workspaces yet; create one with `throughline workspace create`".to_owned(),
                all => format!("the workspaces are {}", all.join(", ")),
            }
        });
    }
    let all = engine.workspaces()?;
    match all.as_slice() {
        [one] => Ok(one.clone()),
        [] => anyhow::bail!("there are no workspaces yet; create one with `throughline workspace create`"),
        _ => {
            let keys: Vec<&str> = all.iter().map(|w| w.key.as_str()).collect();
            anyhow::bail!("which workspace? say --workspace with one of {}", keys.join(", "))
        }
    }
}

/// Makes a workspace with the usual settings, if there is none at all.
pub fn first_workspace(engine: &Engine, name: &str, zone: &str, currency: &str) -> anyhow::Result<()> {
    if engine.workspaces()?.is_empty() {
        let made = engine.found_workspace(name, zone, currency)?;
        eprintln!("created the workspace `{}` ({}, {}, {})", made.key, made.name, made.zone, made.currency);
    }
    Ok(())
}
