//! The database: one writer, several readers, numbered migrations.

use crate::checkpoints::Checkpoints;
use crate::place::Place;
use crate::schema::{Migration, OWN, STEPS, Table, TableKind, for_postgres};
use crate::server::Server;
use crate::sql::{self, Connection, Manner, OptionalExtension, Transaction, params};
use crate::{belonging, sqlite};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database says no.
    #[error("the database {place} failed: {source}")]
    Failed {
        /// Which, without its password.
        place: String,
        /// Its own words.
        #[source]
        source: sql::Error,
    },
    /// The file is damaged.
    #[error(
        "the database {place} is corrupt: {detail}; restore it from a backup, or move it away and run `throughline rebuild`, which makes the derived tables again from the ledger"
    )]
    Corrupt {
        /// Which, without its password.
        place: String,
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
    #[error("the disk with {place} is full; free some space, nothing acknowledged is lost")]
    DiskFull {
        /// Which database, without its password.
        place: String,
    },
    /// There is no way to it at the moment. Nothing is wrong with what was asked: it may be asked again.
    #[error("the database {place} cannot be reached: {detail}; see that the server runs and listens there")]
    Unreachable {
        /// Which, without its password.
        place: String,
        /// What was met.
        detail: String,
    },
    /// It is there, and cannot be used as things are.
    #[error("the database {place} cannot be used: {reason}")]
    Refused {
        /// Which, without its password.
        place: String,
        /// Why, and what to do.
        reason: String,
    },
}

/// The operational database of one data directory.
pub struct Store {
    engine: Engine,
    /// None where the connection was lost.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Readers>,
    returned: Condvar,
    tables: Vec<Table>,
    /// The number of a schema that is not yet said to belong to the directory.
    pending: Option<String>,
    /// Of a file.
    checkpoints: Option<Checkpoints>,
}

enum Engine {
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    open: usize,
}

/// Connections that stay open to be read by.
const MOST_IDLE: usize = 8;
/// Connections to a server that are read by at once; whoever comes then waits.
const MOST_AT_SERVER: usize = 32;

impl Store {
    /// Opens or creates `throughline.sqlite` in `directory` and brings every room's schema up to
    /// date. A damaged file is an error that names it.
    pub fn open(directory: &Path, migrations: &[Migration]) -> Result<Self, StoreError> {
        Self::open_at(&Place::Embedded, directory, migrations)
    }

    /// Opens or creates the state of `directory` where it is kept. A database that belongs to another
    /// directory, or that another process has, is refused.
    pub fn open_at(place: &Place, directory: &Path, migrations: &[Migration]) -> Result<Self, StoreError> {
        let mut store = match place {
            Place::Embedded => {
                let embedded = Self::embedded(directory, migrations);
                if let Ok(Some(told)) = belonging::told(directory) {
                    return Err(StoreError::Refused {
                        place: embedded.place(),
                        reason: format!(
                            "the state of this data directory is kept in {}; name it with --store or THROUGHLINE_STORE, or move it here with `throughline store move`",
                            told.place
                        ),
                    });
                }
                embedded
            }
            Place::Postgres(address) => Self::at_server(Server::new(address.clone(), directory), migrations),
        };
        store.begin(migrations, false)?;
        if let (Engine::Postgres(server), Some(instance)) = (&store.engine, store.pending.take()) {
            let writer = store.writer()?;
            if let Some(writer) = &*writer {
                server.settle_in(writer, instance)?;
            }
            drop(writer);
        }
        Ok(store)
    }

    pub(crate) fn embedded(directory: &Path, migrations: &[Migration]) -> Self {
        Self::with(Engine::Sqlite(directory.join(sqlite::FILE)), migrations)
    }

    pub(crate) fn at_server(server: Server, migrations: &[Migration]) -> Self {
        Self::with(Engine::Postgres(Box::new(server)), migrations)
    }

    fn with(engine: Engine, migrations: &[Migration]) -> Self {
        Self {
            engine,
            writer: Mutex::new(None),
            readers: Mutex::default(),
            returned: Condvar::new(),
            tables: OWN.iter().chain(migrations).flat_map(|m| m.tables).copied().collect(),
            pending: None,
            checkpoints: None,
        }
    }

    /// Connects, and brings the schema up to date.
    pub(crate) fn begin(&mut self, migrations: &[Migration], is_moving: bool) -> Result<(), StoreError> {
        let writer = self.connect_writer()?;
        match &self.engine {
            Engine::Sqlite(path) => {
                writer.execute_batch(STEPS).map_err(|e| self.error(e))?;
                self.checkpoints = Some(Checkpoints::start(path));
            }
            Engine::Postgres(server) => {
                self.pending = server.enter(&writer, is_moving)?;
                server.prepare(&writer)?;
            }
        }
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        self.migrate(migrations)
    }

    fn migrate(&self, migrations: &[Migration]) -> Result<(), StoreError> {
        let mut all: Vec<&Migration> = OWN.iter().chain(migrations).collect();
        all.sort_by_key(|m| (m.room != OWN[0].room, m.room, m.number));
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
                    match self.engine {
                        Engine::Sqlite(_) => tx.execute_batch(m.sql)?,
                        Engine::Postgres(_) => tx.execute_batch(&for_postgres(m.sql))?,
                    }
                    tx.execute("INSERT INTO store_migrations (room, number) VALUES ($1, $2)", params![m.room, m.number])
                })?;
                tracing::debug!(room = m.room, number = m.number, "migrated the store");
            }
        }
        Ok(())
    }

    /// Runs `work` in one transaction: all of it or nothing, and on the disk when this returns.
    pub fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        self.transact(Manner::Write, work)
    }

    /// Runs `work` in one transaction: all of it or nothing, and on the disk with the next
    /// [`write`](Self::write) or [`sync`](Self::sync). A dead process loses nothing of it; a machine
    /// that loses its power, or a database server that crashes, may lose the last such transactions,
    /// whole and in their order. For what follows from facts, together with the position it follows
    /// from.
    pub fn write_soon<T>(&self, work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        self.transact(Manner::WriteSoon, work)
    }

    fn transact<T>(
        &self,
        manner: Manner,
        work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>,
    ) -> Result<T, StoreError> {
        let mut writer = self.writer()?;
        let Some(connection) = &*writer else { return Err(self.unreachable("there is no connection")) };
        let done = connection.transact(manner, work).map_err(|e| self.error(e));
        if let (Ok(_), Some(checkpoints)) = (&done, &self.checkpoints) {
            checkpoints.note();
        }
        if matches!(done, Err(StoreError::Unreachable { .. })) {
            // With it goes the hold on the schema; the next writer takes it again.
            *writer = None;
        }
        done
    }

    /// Waits until every transaction so far is on the disk.
    pub fn sync(&self) -> Result<(), StoreError> {
        // A commit that waits for the disk takes everything with it that was written before it.
        self.write(|tx| Self::set_position(tx, "sync", 0))
    }

    /// Reads one consistent state, beside any writer.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> sql::Result<T>) -> Result<T, StoreError> {
        let reader = self.reader()?;
        reader.connection().transact(Manner::Read, |tx| work(tx)).map_err(|e| self.error(e))
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
        let derived: Vec<&str> = self.tables.iter().filter(|t| t.kind == TableKind::Derived).map(|t| t.name).collect();
        self.write(|tx| {
            self.empty(tx, &derived)?;
            more(tx)
        })
    }

    /// Empties tables.
    pub(crate) fn empty(&self, tx: &Transaction<'_>, tables: &[&str]) -> sql::Result<()> {
        match self.engine {
            Engine::Sqlite(_) => {
                tables.iter().try_for_each(|t| tx.execute(&format!("DELETE FROM {t}"), []).map(|_| ()))
            }
            Engine::Postgres(_) => tx.execute_batch(&format!("TRUNCATE {}", tables.join(", "))),
        }
    }

    /// Reads everything in the database; the damages it names, none when sound.
    pub fn verify(&self) -> Result<Vec<String>, StoreError> {
        let tables = self.names();
        self.read(|c| match &self.engine {
            Engine::Sqlite(_) => sqlite::verify(c),
            Engine::Postgres(server) => server.verify(c, &tables),
        })
    }

    /// Makes what was deleted unreadable: rewrites the files, empties the write-ahead log. What of this
    /// a PostgreSQL server does later or elsewhere is in `docs/decisions/0022-postgresql.md`.
    pub fn vacuum(&self) -> Result<(), StoreError> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.open -= readers.idle.len();
        readers.idle.clear();
        drop(readers);
        let writer = self.writer()?;
        let Some(writer) = &*writer else { return Err(self.unreachable("there is no connection")) };
        let _alone = self.checkpoints.as_ref().map(Checkpoints::hold);
        match &self.engine {
            Engine::Sqlite(_) => sqlite::vacuum(writer).map_err(|e| self.error(e)),
            Engine::Postgres(server) => server.vacuum(writer, &self.names()),
        }
    }

    /// Which database this is, for people: the file, or the address without its password.
    pub fn place(&self) -> String {
        match &self.engine {
            Engine::Sqlite(path) => path.display().to_string(),
            Engine::Postgres(server) => server.place(),
        }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.tables.iter().map(|t| t.name).collect()
    }

    pub(crate) fn take_pending(&mut self) -> Option<String> {
        self.pending.take()
    }

    pub(crate) fn server(&self) -> Option<&Server> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(server) => Some(server),
        }
    }

    /// The connection that writes; a lost one is made again.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Option<Connection>>, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.as_ref().is_some_and(|c| !c.is_alive()) {
            *writer = None;
        }
        if writer.is_none() {
            *writer = Some(self.connect_writer()?);
        }
        Ok(writer)
    }

    fn connect_writer(&self) -> Result<Connection, StoreError> {
        match &self.engine {
            Engine::Sqlite(path) => sqlite::connect(path).map_err(|e| self.error(e)),
            Engine::Postgres(server) => server.writer(),
        }
    }

    /// A connection to read by: an idle one that still stands, or a new one.
    fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(idle) = readers.idle.pop() {
                // Asking is a look at the socket.
                if idle.is_alive() {
                    return Ok(Reader { connection: Some(idle), store: self });
                }
                readers.open -= 1;
                continue;
            }
            if readers.open < MOST_AT_SERVER || matches!(self.engine, Engine::Sqlite(_)) {
                break;
            }
            let (held, waited) =
                self.returned.wait_timeout(readers, Duration::from_secs(30)).unwrap_or_else(PoisonError::into_inner);
            readers = held;
            if waited.timed_out() {
                return Err(self.unreachable("all connections have been busy for half a minute"));
            }
        }
        readers.open += 1;
        drop(readers);
        let connected = match &self.engine {
            Engine::Sqlite(path) => sqlite::connect(path).map_err(|e| self.error(e)),
            Engine::Postgres(server) => server.reader(),
        };
        // Where there is none, dropping it gives the place back.
        let mut reader = Reader { connection: None, store: self };
        reader.connection = Some(connected?);
        Ok(reader)
    }

    fn error(&self, source: sql::Error) -> StoreError {
        match &self.engine {
            Engine::Sqlite(path) => classify(path, source),
            Engine::Postgres(server) => server.failed(source),
        }
    }

    fn unreachable(&self, detail: &str) -> StoreError {
        StoreError::Unreachable { place: self.place(), detail: detail.to_owned() }
    }
}

/// A connection that is being read by; it is given back when this is dropped.
struct Reader<'s> {
    connection: Option<Connection>,
    store: &'s Store,
}

impl Reader<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("a reader has its connection until it is dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.store.readers.lock().unwrap_or_else(PoisonError::into_inner);
        match self.connection.take() {
            // Whether it still stands is looked at when it is taken again.
            Some(connection) if readers.idle.len() < MOST_IDLE => readers.idle.push(connection),
            _ => readers.open -= 1,
        }
        drop(readers);
        self.store.returned.notify_one();
    }
}

fn classify(path: &Path, source: sql::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
    let code = match &source {
        sql::Error::Sqlite(e) => e.sqlite_error_code(),
        _ => None,
    };
    let place = path.display().to_string();
    match code {
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Corrupt { place, detail: source.to_string() },
        Some(DiskFull) => StoreError::DiskFull { place },
        _ => StoreError::Failed { place, source },
    }
}
