//! The database file: one writer, several readers, numbered migrations.

use crate::sql::{self, Connection, Manner, OptionalExtension, Transaction, params};
use rusqlite::OpenFlags;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a table's rows are, and so what happens to them on a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Cannot be had again from anywhere else.
    Fact,
    /// Configured by people; backed up.
    Definition,
    /// Follows from facts and definitions; dropped and rebuilt.
    Derived,
}

/// A table and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name, beginning with the name of the room that owns it.
    pub name: &'static str,
    /// What its rows are.
    pub kind: TableKind,
}

/// One step of a room's schema; never edited after it has landed.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The room that owns the tables.
    pub room: &'static str,
    /// From 1, without gaps.
    pub number: u32,
    /// Statements separated by semicolons.
    pub sql: &'static str,
    /// The tables it creates.
    pub tables: &'static [Table],
}

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("the database {path} failed: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's own words.
        #[source]
        source: sql::Error,
    },
    /// The file is damaged.
    #[error(
        "the database {path} is corrupt: {detail}; restore it from a backup, or move it away and run `throughline rebuild`, which makes the derived tables again from the ledger"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the check said.
        detail: String,
    },
    /// Written by a newer version.
    #[error("the database has step {found} of `{room}`, this version knows {known}; use the version that wrote it")]
    Newer {
        /// The room.
        room: String,
        /// In the file.
        found: u32,
        /// Known here.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk with {path} is full; free some space, nothing acknowledged is lost")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
}

/// The operational database of one data directory.
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    tables: Vec<Table>,
}

const OWN: Migration = Migration {
    room: "store",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[
        Table { name: "store_positions", kind: TableKind::Derived },
        Table { name: "store_timers", kind: TableKind::Derived },
        Table { name: "store_outbox", kind: TableKind::Definition },
    ],
};

impl Store {
    /// Opens or creates `throughline.sqlite` in `directory` and brings every room's schema up to
    /// date. A damaged file is an error that names it.
    pub fn open(directory: &Path, migrations: &[Migration]) -> Result<Self, StoreError> {
        let path = directory.join("throughline.sqlite");
        let store = Self {
            writer: Mutex::new(connect(&path)?),
            readers: Mutex::new(Vec::new()),
            tables: std::iter::once(&OWN).chain(migrations).flat_map(|m| m.tables).copied().collect(),
            path,
        };
        store.migrate(migrations)?;
        Ok(store)
    }

    fn migrate(&self, migrations: &[Migration]) -> Result<(), StoreError> {
        {
            let writer = self.writer();
            writer
                .execute_batch("CREATE TABLE IF NOT EXISTS store_migrations (room TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (room, number))")
                .map_err(|e| self.error(e))?;
        }
        let mut all: Vec<&Migration> = std::iter::once(&OWN).chain(migrations).collect();
        all.sort_by_key(|m| (m.room != OWN.room, m.room, m.number));
        for room in all.iter().map(|m| m.room).collect::<std::collections::BTreeSet<_>>() {
            let known = all.iter().filter(|m| m.room == room).map(|m| m.number).max().unwrap_or(0);
            let found: u32 = self.read(|c| {
                c.query_row("SELECT COALESCE(MAX(number), 0) FROM store_migrations WHERE room = $1", [room], |r| {
                    r.get(0)
                })
            })?;
            if found > known {
                return Err(StoreError::Newer { room: room.to_owned(), found, known });
            }
            for m in all.iter().filter(|m| m.room == room && m.number > found) {
                self.write(|tx| {
                    tx.execute_batch(m.sql)?;
                    tx.execute(
                        "INSERT INTO store_migrations (room, number) VALUES ($1, $2)",
                        params![m.room, m.number],
                    )?;
                    Ok(())
                })?;
                tracing::debug!(room = m.room, number = m.number, "migrated the store");
            }
        }
        Ok(())
    }

    /// Runs `work` in one transaction: all of it or nothing, and on the disk when this returns.
    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        self.writer().transact(Manner::Write, work).map_err(|e| self.error(e))
    }

    /// Runs `work` in one transaction: all of it or nothing, and on the disk with the next
    /// [`write`](Self::write) or [`sync`](Self::sync). A dead process loses nothing of it; a machine
    /// that loses its power may lose the last such transactions, whole and in their order. For what
    /// follows from facts, together with the position it follows from.
    pub fn write_soon<T>(&self, work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        self.writer().transact(Manner::WriteSoon, work).map_err(|e| self.error(e))
    }

    /// Waits until every transaction so far is on the disk.
    pub fn sync(&self) -> Result<(), StoreError> {
        // A commit that waits for the disk takes everything with it that was written before it.
        self.write(|tx| Self::set_position(tx, "sync", 0))
    }

    /// Reads one consistent state, beside any writer.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> sql::Result<T>) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(c) => c,
            None => connect(&self.path)?,
        };
        let result = connection.transact(Manner::Read, |tx| work(tx)).map_err(|e| self.error(e));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < 8 {
            readers.push(connection);
        }
        result
    }

    /// Where a reader of the ledger stands; 0 before its first batch. Set inside the transaction
    /// that holds the batch's rows.
    pub fn position(&self, reader: &str) -> Result<u64, StoreError> {
        self.read(|c| {
            let p: Option<i64> = c
                .query_row("SELECT position FROM store_positions WHERE reader = $1", [reader], |r| r.get(0))
                .optional()?;
            Ok(p.unwrap_or(0).cast_unsigned())
        })
    }

    /// Sets where a reader of the ledger stands.
    pub fn set_position(tx: &Transaction<'_>, reader: &str, position: u64) -> sql::Result<()> {
        tx.prepare_cached(
            "INSERT INTO store_positions (reader, position) VALUES ($1, $2)
             ON CONFLICT (reader) DO UPDATE SET position = excluded.position",
        )?
        .execute(params![reader, position.cast_signed()])?;
        Ok(())
    }

    /// All tables with their kinds.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Empties every derived table.
    pub fn clear_derived(&self) -> Result<(), StoreError> {
        self.clear_derived_and(|_| Ok(()))
    }

    /// Empties every derived table and does something more, all of it or nothing.
    pub fn clear_derived_and(&self, more: impl FnOnce(&Transaction<'_>) -> sql::Result<()>) -> Result<(), StoreError> {
        self.write(|tx| {
            for t in self.tables.iter().filter(|t| t.kind == TableKind::Derived) {
                tx.execute(&format!("DELETE FROM {}", t.name), [])?;
            }
            more(tx)
        })
    }

    /// SQLite's full integrity check; the damages it names, none when sound.
    pub fn verify(&self) -> Result<Vec<String>, StoreError> {
        self.read(|c| {
            let mut s = c.prepare("PRAGMA integrity_check")?;
            let rows = s.query_map([], |r| r.get::<_, String>(0))?.collect::<sql::Result<Vec<_>>>()?;
            Ok(rows.into_iter().filter(|r| r != "ok").collect())
        })
    }

    /// Makes what was deleted unreadable: rewrites the file, empties the write-ahead log.
    pub fn vacuum(&self) -> Result<(), StoreError> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let writer = self.writer();
        writer
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
            .map_err(|e| self.error(e))
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, source: sql::Error) -> StoreError {
        classify(&self.path, source)
    }
}

fn classify(path: &Path, source: sql::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
    let code = match &source {
        sql::Error::Sqlite(e) => e.sqlite_error_code(),
        _ => None,
    };
    match code {
        Some(DatabaseCorrupt | NotADatabase) => {
            StoreError::Corrupt { path: path.to_owned(), detail: source.to_string() }
        }
        Some(DiskFull) => StoreError::DiskFull { path: path.to_owned() },
        _ => StoreError::Sqlite { path: path.to_owned(), source },
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> sql::Result<Connection> {
        let c = rusqlite::Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        // A commit is on the disk when it returns, unless its writer says otherwise: secrets and
        // definitions cannot be had again. secure_delete overwrites what is erased at once.
        c.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;
             PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000;
             PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;",
        )?;
        c.set_prepared_statement_cache_capacity(128);
        Ok(Connection::sqlite(c))
    };
    open().map_err(|e| classify(path, e))
}
