//! Where files lie between their arrival and their import: `uploads/<run>/` in the data directory.
//!
//! A file goes as soon as its rows are in; the rejects stay until the run is undone or forgotten.

use crate::{ImportsError, Run, RunState, run};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use throughline_pipeline::Engine;

/// The largest file that is taken over the network, in bytes.
pub const LARGEST: u64 = 16 << 30;
/// The free space is looked at after so many bytes.
const LOOK: u64 = 32 << 20;
/// The longest file name that is kept.
const LONGEST_NAME: usize = 100;

/// A file that is arriving. Dropped before [`Upload::finish`], it was never there.
pub struct Upload {
    engine: Engine,
    run: Run,
    path: PathBuf,
    out: Option<BufWriter<File>>,
    bytes: u64,
    looked: u64,
}

pub(crate) fn folder(engine: &Engine, run: u64) -> PathBuf {
    engine.dir().join("uploads").join(run.to_string())
}

/// Where the file of a run lies.
pub(crate) fn path(engine: &Engine, run: &Run) -> PathBuf {
    folder(engine, run.id).join(&run.file)
}

/// Where the rejects of a run lie.
pub(crate) fn rejects(engine: &Engine, run: u64) -> PathBuf {
    folder(engine, run).join("rejects.csv")
}

/// Removes everything of a run from the disk.
pub(crate) fn remove(engine: &Engine, run: u64) -> Result<(), ImportsError> {
    gone(&folder(engine, run), |p| fs::remove_dir_all(p))
}

/// Removes the file of a run alone.
pub(crate) fn remove_file(engine: &Engine, run: &Run) -> Result<(), ImportsError> {
    gone(&path(engine, run), |p| fs::remove_file(p))
}

fn gone(path: &Path, remove: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), ImportsError> {
    match remove(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(ImportsError::Io { verb: "remove", path: path.to_owned(), source: e })
        }
        _ => Ok(()),
    }
}

/// A name that is safe as a file's: the last part of what was sent, without anything odd.
pub(crate) fn safe_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String =
        last.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' }).collect();
    let name = name.trim_start_matches(['.', ' ']).trim_end();
    // The ending tells the format, so the beginning is what is cut.
    let skip = name.chars().count().saturating_sub(LONGEST_NAME);
    let name: String = name.chars().skip(skip).collect();
    // This one is ours.
    if name.is_empty() || name == "rejects.csv" { format!("file-{name}") } else { name }
}

impl Upload {
    pub(crate) fn begin(engine: &Engine, run: Run) -> Result<Self, ImportsError> {
        engine.admission()?;
        let folder = folder(engine, run.id);
        let io = |verb, path: &Path| {
            let path = path.to_owned();
            move |source| ImportsError::Io { verb, path, source }
        };
        fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        let path = path(engine, &run);
        let out = File::create(&path).map_err(io("create", &path))?;
        Ok(Self { engine: engine.clone(), run, path, out: Some(BufWriter::new(out)), bytes: 0, looked: 0 })
    }

    /// Takes the next bytes. A file that is too large, or a disk that is nearly full, is refused.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ImportsError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > LARGEST {
            return Err(ImportsError::Refused(format!(
                "the file is larger than {} GB; cut it into parts, or use `throughline import` on the server itself",
                LARGEST >> 30
            )));
        }
        if self.bytes - self.looked > LOOK {
            self.looked = self.bytes;
            if let Err(full @ throughline_pipeline::EngineError::DiskFull) = self.engine.admission() {
                return Err(full.into());
            }
        }
        let Some(out) = &mut self.out else { return Ok(()) };
        out.write_all(bytes).map_err(|source| ImportsError::Io { verb: "write", path: self.path.clone(), source })
    }

    /// The whole file is here.
    pub fn finish(mut self) -> Result<Run, ImportsError> {
        if self.bytes == 0 {
            return Err(ImportsError::Refused(format!("the file `{}` is empty", self.run.file)));
        }
        if let Some(mut out) = self.out.take() {
            out.flush().map_err(|source| ImportsError::Io { verb: "write", path: self.path.clone(), source })?;
        }
        self.run.bytes = self.bytes;
        self.run.state = RunState::Uploaded;
        run::save(self.engine.store(), &self.run)?;
        let run = self.run.clone();
        self.bytes = 0;
        self.run.id = 0;
        Ok(run)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.run.id == 0 {
            return;
        }
        self.out = None;
        let cleared = remove(&self.engine, self.run.id).and_then(|()| run::delete(self.engine.store(), self.run.id));
        if let Err(error) = cleared {
            tracing::warn!(%error, "an upload that broke off is still on the disk");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe() {
        let check = |sent: &str, expected: &str| assert_eq!(safe_name(sent), expected, "{sent}");
        check("orders.csv", "orders.csv");
        check("../../etc/passwd", "passwd");
        check(r"C:\Users\Zoë\Bestellungen März.csv", "Bestellungen März.csv");
        check(".htaccess", "htaccess");
        check("a\"b<c>.csv", "a_b_c_.csv");
        check("", "file-");
        check("rejects.csv", "file-rejects.csv");
        check(&format!("{}.csv", "x".repeat(300)), &format!("{}.csv", "x".repeat(96)));
    }
}
