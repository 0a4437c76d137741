//! Places on the server that are looked at every few hours: a nightly export that always has the same
//! name, or a folder into which something writes a new file each day.
//!
//! A file is copied and then goes the way of every other: read like the last one with the same
//! columns and let in at once, or kept for somebody to say what its columns are. It stays where it is,
//! and is taken again only when its name, size or time has changed. Only places below folders that
//! whoever runs the server has named are looked at, so that a page of the console cannot read the rest
//! of the disk.

use crate::{Imports, ImportsError};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::Store;
use throughline_store::sql::{self, Row, params};

/// Who brought a file that was fetched by the hour.
const BY: &str = "the schedule";
const HOUR: i64 = 3_600_000_000;
/// The longest time between two looks: a month.
const MOST_HOURS: u32 = 24 * 31;

/// A place that is looked at again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// A file, or a folder whose newest file is meant.
    pub path: String,
    /// Hours between two looks.
    pub every_hours: u32,
    /// Who asked for it.
    pub created_by: String,
    /// When it was looked at; never yet, or to be looked at right away.
    pub looked_at: Option<Timestamp>,
    /// Name, size and time of the file that was taken last.
    taken: String,
    /// What the last look found.
    pub said: String,
}

const COLUMNS: &str = "id, workspace, path, every_hours, created_by, looked_at, taken, said";

fn read(r: &Row<'_>) -> sql::Result<Place> {
    Ok(Place {
        id: r.get::<_, i64>(0)?.cast_unsigned(),
        workspace: WorkspaceId(r.get(1)?),
        path: r.get(2)?,
        every_hours: r.get(3)?,
        created_by: r.get(4)?,
        looked_at: r.get::<_, Option<i64>>(5)?.map(Timestamp),
        taken: r.get(6)?,
        said: r.get(7)?,
    })
}

fn all(store: &Store) -> Result<Vec<Place>, ImportsError> {
    Ok(store.read(|c| {
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM imports_places ORDER BY id"))?.query_map([], read)?.collect()
    })?)
}

impl Imports {
    /// The folders below which places may lie.
    pub fn allowed_folders(&self) -> &[PathBuf] {
        &self.0.import_from
    }

    /// The places of a workspace.
    pub fn places(&self, workspace: WorkspaceId) -> Result<Vec<Place>, ImportsError> {
        let mut all = all(self.engine().store())?;
        all.retain(|p| p.workspace == workspace);
        Ok(all)
    }

    /// Looks at a place from now on, every so many hours.
    pub fn add_place(&self, workspace: WorkspaceId, path: &str, hours: u32, by: &str) -> Result<(), ImportsError> {
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(ImportsError::Refused(format!("choose between every hour and every {MOST_HOURS} hours")));
        }
        let path = path.trim();
        self.allowed(Path::new(path))?;
        let now = self.engine().now();
        self.engine().store().write(|tx| {
            tx.execute(
                "INSERT INTO imports_places (id, workspace, path, every_hours, created_by, created_at, looked_at, taken, said)
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, NULL, '', '' FROM imports_places",
                params![workspace.0, path, hours, by, now.0],
            )
        })?;
        self.wake();
        Ok(())
    }

    /// Looks at a place no more; what came from it stays.
    pub fn remove_place(&self, workspace: WorkspaceId, id: u64) -> Result<bool, ImportsError> {
        let sql = "DELETE FROM imports_places WHERE workspace = $1 AND id = $2";
        Ok(self.engine().store().write(|tx| tx.execute(sql, params![workspace.0, id.cast_signed()]))? > 0)
    }

    /// Looks at a place now, not only when it is due.
    pub fn look_now(&self, workspace: WorkspaceId, id: u64) -> Result<bool, ImportsError> {
        let sql = "UPDATE imports_places SET looked_at = NULL WHERE workspace = $1 AND id = $2";
        let changed = self.engine().store().write(|tx| tx.execute(sql, params![workspace.0, id.cast_signed()]))?;
        self.wake();
        Ok(changed > 0)
    }

    /// Looks at every place that is due.
    pub(crate) fn look_at_places(&self) {
        let places = match all(self.engine().store()) {
            Ok(places) => places,
            Err(error) => return tracing::warn!(%error, "the places of the schedule are not looked at"),
        };
        let now = self.engine().now();
        for mut place in places {
            let due = place.looked_at.is_none_or(|at| now.0 - at.0 >= i64::from(place.every_hours) * HOUR);
            if !due {
                continue;
            }
            place.said = match self.fetch(&mut place) {
                Ok(said) => said,
                Err(error) => error.to_string(),
            };
            let noted = self.engine().store().write(|tx| {
                tx.execute(
                    "UPDATE imports_places SET looked_at = $1, taken = $2, said = $3 WHERE id = $4",
                    params![now.0, place.taken, place.said, place.id.cast_signed()],
                )
            });
            if let Err(error) = noted {
                tracing::warn!(%error, "what a look at a place found could not be noted");
            }
        }
    }

    /// The file that a place means, if it lies where places may: links are followed before they are
    /// compared.
    fn allowed(&self, path: &Path) -> Result<PathBuf, ImportsError> {
        let refused = |why: String| Err(ImportsError::Refused(why));
        if self.allowed_folders().is_empty() {
            return refused("this server looks at no folder; start it with --import-from <folder>".to_owned());
        }
        if !path.is_absolute() {
            return refused(format!("`{}` is not a whole path; begin it with /", path.display()));
        }
        let Ok(real) = path.canonicalize() else {
            return refused(format!("there is no `{}` on the server, or it may not be read", path.display()));
        };
        let below = |folder: &PathBuf| folder.canonicalize().is_ok_and(|f| real.starts_with(f));
        if !self.allowed_folders().iter().any(below) {
            let folders: Vec<String> = self.allowed_folders().iter().map(|f| f.display().to_string()).collect();
            return refused(format!("`{}` is not below {}", path.display(), folders.join(" or ")));
        }
        Ok(real)
    }

    /// Takes what is new at a place, and says what was found.
    fn fetch(&self, place: &mut Place) -> Result<String, ImportsError> {
        let real = self.allowed(Path::new(&place.path))?;
        let file = if real.is_dir() { newest(&real) } else { Some(real) };
        let Some(file) = file else { return Ok("there is no file in this folder".to_owned()) };
        let before = state(&file)?;
        if before == place.taken {
            return Ok("nothing new".to_owned());
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let io = |verb: &'static str| {
            let path = file.clone();
            move |source| ImportsError::Io { verb, path, source }
        };
        let mut bytes = File::open(&file).map_err(io("open"))?;
        let mut upload = self.receive(place.workspace, &name, BY)?;
        let mut part = vec![0; 1 << 20];
        loop {
            match bytes.read(&mut part).map_err(io("read"))? {
                0 => break,
                n => upload.write(&part[..n])?,
            }
        }
        if state(&file)? != before {
            // Dropped, so that nothing of it was ever there.
            return Ok(format!("`{name}` is still being written; the next look takes it"));
        }
        let run = upload.finish()?;
        place.taken = before;
        match self.look(place.workspace, run.id) {
            Ok(look) if look.like.is_some() => {
                self.start(place.workspace, run.id, &look.choice)?;
                Ok(format!("`{name}` was new and comes in"))
            }
            Ok(_) => Ok(format!("`{name}` is new and waits for somebody to say what its columns are")),
            Err(error) => Ok(format!("`{name}` cannot be read: {error}")),
        }
    }
}

/// Name, size and time of a file: what changes when it does.
fn state(file: &Path) -> Result<String, ImportsError> {
    let about = |source| ImportsError::Io { verb: "look at", path: file.to_owned(), source };
    let data = file.metadata().map_err(about)?;
    let changed = data.modified().map_err(about)?;
    let changed = changed.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros());
    Ok(format!("{} {} {changed}", file.file_name().unwrap_or_default().to_string_lossy(), data.len()))
}

/// The newest file of a folder that is not hidden; of equally new ones the last by name.
fn newest(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.flatten().filter(|f| !f.file_name().to_string_lossy().starts_with('.'));
    // A link could lead out of the folder.
    let plain = files.filter_map(|f| {
        let data = f.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((data.modified().ok()?, f.path()))
    });
    plain.max().map(|(_, path)| path)
}
