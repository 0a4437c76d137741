//! A data directory and a database belong together: the one holds the ledger, the other what follows
//! from it and the secrets it was written with. Neither may be opened with a stranger.
//!
//! The directory has a file, `store`, that names the database and repeats the number that stands in the
//! database. It is written as `store.new` before the database is told, and gets its name afterwards, so
//! that a crash in between is made up for.

use crate::place::PostgresAddress;
use crate::sqlite;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "store";
const NEW: &str = "store.new";

/// What the file says.
pub(crate) struct Belonging {
    /// The number that both have.
    pub(crate) instance: String,
    /// Where the database was, for people.
    pub(crate) place: String,
}

/// What the directory says of where its state is kept; none where that is in itself, or nowhere yet.
pub(crate) fn told(directory: &Path) -> io::Result<Option<Belonging>> {
    read(&directory.join(FILE))
}

/// What was about to be said when the process died.
pub(crate) fn intended(directory: &Path) -> io::Result<Option<Belonging>> {
    read(&directory.join(NEW))
}

fn read(path: &Path) -> io::Result<Option<Belonging>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let of = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix('='));
        line.map(|value| value.trim().to_owned())
    };
    Ok(Some(Belonging { instance: of("instance").unwrap_or_default(), place: of("place").unwrap_or_default() }))
}

/// Whether the directory keeps its state in itself.
pub(crate) fn is_embedded(directory: &Path) -> bool {
    directory.join(sqlite::FILE).exists()
}

/// Intends to say it; `confirm` says it.
pub(crate) fn intend(directory: &Path, instance: &str, place: &PostgresAddress) -> io::Result<()> {
    let mut file = File::create(directory.join(NEW))?;
    write!(
        file,
        "# Where the state of this data directory is kept. Throughline writes this by itself; it is not to be changed.\nplace = {place}\ninstance = {instance}\n"
    )?;
    file.sync_all()
}

/// Says it.
pub(crate) fn confirm(directory: &Path) -> io::Result<()> {
    fs::rename(directory.join(NEW), directory.join(FILE))?;
    File::open(directory)?.sync_all()
}

/// Says that the state is in the directory itself again.
pub(crate) fn forget(directory: &Path) -> io::Result<()> {
    for file in [FILE, NEW] {
        match fs::remove_file(directory.join(file)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    File::open(directory)?.sync_all()
}

/// The file, for messages.
pub(crate) fn file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// A new number.
pub(crate) fn instance() -> io::Result<String> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(random.iter().map(|b| format!("{b:02x}")).collect())
}
