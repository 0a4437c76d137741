//! SQLite: a file in the data directory.

use crate::sql::{self, Connection};
use rusqlite::OpenFlags;
use std::path::Path;

/// The file's name.
pub(crate) const FILE: &str = "throughline.sqlite";

/// Opens or creates the file.
pub(crate) fn connect(path: &Path) -> sql::Result<Connection> {
    let c = rusqlite::Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // A commit is on the disk when it returns, unless its writer says otherwise: secrets and
    // definitions cannot be had again. secure_delete overwrites what is erased at once. The log is copied by a
    // thread of its own (`checkpoints.rs`); only where that does not keep pace, by a commit.
    c.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -64000;
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 100000;",
    )?;
    c.set_prepared_statement_cache_capacity(128);
    Ok(Connection::sqlite(c))
}

/// Copies of the write-ahead log what nobody stands in the way of.
pub(crate) fn checkpoint(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let c = rusqlite::Connection::open_with_flags(path, flags)?;
    c.execute_batch("PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;")?;
    c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// The full integrity check; the damages it names, none when sound.
pub(crate) fn verify(c: &Connection) -> sql::Result<Vec<String>> {
    let mut s = c.prepare("PRAGMA integrity_check")?;
    let rows = s.query_map([], |r| r.get::<_, String>(0))?.collect::<sql::Result<Vec<_>>>()?;
    Ok(rows.into_iter().filter(|r| r != "ok").collect())
}

/// Makes what was deleted unreadable: rewrites the file, empties the write-ahead log.
pub(crate) fn vacuum(c: &Connection) -> sql::Result<()> {
    c.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
}

/// Removes the file with all that belongs to it.
pub(crate) fn remove(directory: &Path) -> std::io::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        match std::fs::remove_file(directory.join(format!("{FILE}{ending}"))) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}
