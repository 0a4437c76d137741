//! A folder of the server for files that come in by themselves: `inbox/<workspace>/` in the data
//! directory. Whatever puts files there — a person, a nightly job, `scp` — needs no key, because it
//! can write to the data directory.
//!
//! A file is taken once it has not changed between two looks. If an earlier file with the same
//! columns was let in, this one is read in the same way and let in at once; otherwise it waits on
//! the page for somebody to say what its columns are. A file that is still being written is left
//! alone, and so is one whose name begins with a point.

use crate::{Imports, ImportsError, Run, RunState, uploads};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};
use throughline_interactions::WorkspaceId;
use throughline_pipeline::Workspace;

/// How often the folders are looked at.
pub(crate) const EVERY: Duration = Duration::from_secs(5);
/// Who brought a file that came by itself.
const BY: &str = "the inbox";

/// Size and time of a file when it was last looked at.
type Seen = HashMap<PathBuf, (u64, SystemTime)>;

impl Imports {
    /// The folder of a workspace whose files come in by themselves.
    pub fn inbox(&self, workspace: &Workspace) -> PathBuf {
        self.engine().dir().join("inbox").join(&workspace.key)
    }

    /// Looks at the folders until the imports are closed.
    pub(crate) fn watch(&self, every: Duration) -> Result<(), ImportsError> {
        let watching = Arc::downgrade(&self.0);
        let work = move || {
            let mut seen = Seen::new();
            while let Some(inner) = watching.upgrade() {
                if inner.closed.load(Ordering::Acquire) {
                    return;
                }
                let imports = Imports(inner);
                imports.look_into_inboxes(&mut seen);
                imports.look_at_places();
                drop(imports);
                std::thread::park_timeout(every);
            }
        };
        let watcher = self.spawn("inbox", work)?;
        *self.0.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher);
        Ok(())
    }

    /// Makes the next look come at once.
    pub(crate) fn wake(&self) {
        if let Some(watcher) = &*self.0.watcher.lock().unwrap_or_else(PoisonError::into_inner) {
            watcher.thread().unpark();
        }
    }

    /// One look at every folder. `seen` is what the look before found.
    pub(crate) fn look_into_inboxes(&self, seen: &mut HashMap<PathBuf, (u64, SystemTime)>) {
        let workspaces = match self.engine().workspaces() {
            Ok(all) => all,
            Err(error) => return tracing::warn!(%error, "the inboxes are not looked at"),
        };
        let mut now = Seen::new();
        for workspace in workspaces {
            let Ok(folder) = fs::read_dir(self.inbox(&workspace)) else { continue };
            for entry in folder.flatten() {
                let path = entry.path();
                let hidden = entry.file_name().to_string_lossy().starts_with('.');
                let Some(state) = entry.metadata().ok().filter(|m| m.is_file() && !hidden).and_then(|m| {
                    let at = m.modified().ok()?;
                    Some((m.len(), at))
                }) else {
                    continue;
                };
                if seen.get(&path) != Some(&state) {
                    now.insert(path, state);
                    continue;
                }
                if let Err(error) = self.take_in(workspace.id, &path, state.0) {
                    tracing::warn!(%error, file = %path.display(), "a file of the inbox is left where it is");
                    now.insert(path, state);
                }
            }
        }
        *seen = now;
    }

    /// Takes one file, and lets it in where it is known how to read it.
    fn take_in(&self, workspace: WorkspaceId, path: &Path, bytes: u64) -> Result<(), ImportsError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if bytes == 0 {
            return Err(ImportsError::Refused(format!("the file `{name}` is empty")));
        }
        let run = self.moved_in(workspace, &name, path, bytes)?;
        // What cannot be read, or is not known yet, waits on the page, which says why.
        match self.look(workspace, run.id) {
            Ok(look) if look.like.is_some() => self.start(workspace, run.id, &look.choice),
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::info!(%error, file = name, "a file of the inbox waits for somebody");
                Ok(())
            }
        }
    }

    /// A run whose file is moved, not copied: both folders are in the data directory.
    fn moved_in(&self, workspace: WorkspaceId, name: &str, path: &Path, bytes: u64) -> Result<Run, ImportsError> {
        let engine = self.engine();
        engine.admission()?;
        let mut run = crate::run::create(engine.store(), workspace, &uploads::safe_name(name), engine.now(), BY)?;
        // If the process dies between the two steps, the next start sees that the file is whole.
        run.bytes = bytes;
        crate::run::save(engine.store(), &run)?;
        let folder = uploads::folder(engine, run.id);
        let moved = fs::create_dir_all(&folder).and_then(|()| fs::rename(path, uploads::path(engine, &run)));
        if let Err(source) = moved {
            uploads::remove(engine, run.id)?;
            crate::run::delete(engine.store(), run.id)?;
            return Err(ImportsError::Io { verb: "move", path: path.to_owned(), source });
        }
        run.state = RunState::Uploaded;
        crate::run::save(engine.store(), &run)?;
        Ok(run)
    }
}
