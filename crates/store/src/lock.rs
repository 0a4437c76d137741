//! One process per data directory.

use fs4::fs_std::FileExt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Holds a data directory for this process until dropped (or until the process dies, however).
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why the directory could not be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "{directory} is in use by another process ({holder}); stop it first, or choose another directory with --data"
    )]
    Held {
        /// The data directory.
        directory: PathBuf,
        /// What the holder wrote about itself: `pid 123 at http://127.0.0.1:4242`.
        holder: String,
    },
    /// The lock file cannot be opened.
    #[error("cannot open {path}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

impl DirectoryLock {
    /// Takes the directory. `holder` is shown to the next one who asks: process id and address.
    pub fn take(directory: &Path, holder: &str) -> Result<Self, LockError> {
        let path = directory.join("lock");
        let io = |source| LockError::Io { path: path.clone(), source };
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(io)?;
        if !FileExt::try_lock_exclusive(&file).map_err(io)? {
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(io)?;
            return Err(LockError::Held { directory: directory.to_owned(), holder: holder.trim().to_owned() });
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{holder}").map_err(io)?;
        file.sync_data().map_err(io)?;
        Ok(Self { _file: file })
    }
}
