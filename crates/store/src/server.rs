//! PostgreSQL as the store: one schema, one process, and what looks after both.

use crate::belonging;
use crate::database::StoreError;
use crate::place::{PostgresAddress, fnv};
use crate::postgres::Session;
use crate::schema::{STEPS, for_postgres};
use crate::sql::{self, Connection, Failure, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a process that ends may take to let go of the database.
const LETTING_GO: Duration = Duration::from_secs(5);
/// How long others may read before deleted rows are made unreadable without their leave.
const READING: Duration = Duration::from_secs(30);

/// One data directory's schema of a database.
pub(crate) struct Server {
    address: PostgresAddress,
    directory: PathBuf,
    /// The number of the schema, once it is known.
    instance: Mutex<Option<String>>,
}

impl Server {
    pub(crate) fn new(address: PostgresAddress, directory: &Path) -> Self {
        Self { address: address.of_directory(directory), directory: directory.to_owned(), instance: Mutex::default() }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        self.address.to_string()
    }

    /// A connection that reads.
    pub(crate) fn reader(&self) -> Result<Connection, StoreError> {
        let name = format!("throughline pid {}", std::process::id());
        Session::open(&self.address, &name).map(Connection::postgres).map_err(|e| self.explained(e))
    }

    /// The connection that writes. It holds the schema for this process for as long as it stands, and
    /// looks whether the schema is still the one of this directory.
    pub(crate) fn writer(&self) -> Result<Connection, StoreError> {
        let writer = self.reader()?;
        let known = self.instance.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.hold(&writer).map_err(|e| match e {
            // It was ours, and the server may not have noticed yet that our last connection is gone.
            StoreError::Refused { place, reason } if known.is_some() => {
                StoreError::Unreachable { place, detail: reason }
            }
            other => other,
        })?;
        if let Some(known) = known {
            let found = self.found(&writer)?;
            if found.as_ref().map(|(instance, _)| instance) != Some(&known) {
                return Err(self.refused("it is no longer the database that was opened; restart with the right one"));
            }
        }
        Ok(writer)
    }

    /// Makes sure that directory and schema belong together, before anything is changed in either.
    /// Returns the number to be written into a new schema. While the state is being moved here, it may
    /// still stand in the directory.
    pub(crate) fn enter(&self, writer: &Connection, is_moving: bool) -> Result<Option<String>, StoreError> {
        let files = |e: std::io::Error| {
            self.refused(&format!("{} cannot be read or written: {e}", belonging::file(&self.directory).display()))
        };
        let told = belonging::told(&self.directory).map_err(files)?;
        let intended = belonging::intended(&self.directory).map_err(files)?;
        let directory = self.directory.display();
        match (self.found(writer)?, told) {
            (Some((found, _)), Some(told)) if found == told.instance => {
                if told.place != self.place() {
                    belonging::intend(&self.directory, &found, &self.address).map_err(files)?;
                    belonging::confirm(&self.directory).map_err(files)?;
                }
                // A move that was interrupted at its very end left it; erasures would not reach it.
                crate::sqlite::remove(&self.directory).map_err(files)?;
                self.know(found);
                Ok(None)
            }
            (Some((found, _)), None) if intended.as_ref().is_some_and(|i| i.instance == found) => {
                belonging::confirm(&self.directory).map_err(files)?;
                self.know(found);
                Ok(None)
            }
            (Some((_, owner)), told) => {
                let kept = told.map_or_else(
                    || format!("{directory} has never used it"),
                    |t| format!("the state of {directory} is kept in {}", t.place),
                );
                Err(self.refused(&format!(
                    "it belongs to another data directory, {owner}, and {kept}; name the right one, or add ?schema=… to the address for a schema of its own"
                )))
            }
            (None, Some(told)) => Err(self.refused(&format!(
                "it is empty, but the state of {directory} is kept in {}; restore that from a backup, or name the right database",
                told.place
            ))),
            (None, None) if belonging::is_embedded(&self.directory) && !is_moving => Err(self.refused(&format!(
                "it is empty, and the state of {directory} is kept there in {}; move it with `throughline store move`",
                crate::sqlite::FILE
            ))),
            (None, None) => {
                let instance = match intended {
                    Some(intended) if !intended.instance.is_empty() => intended.instance,
                    _ => belonging::instance().map_err(files)?,
                };
                belonging::intend(&self.directory, &instance, &self.address).map_err(files)?;
                Ok(Some(instance))
            }
        }
    }

    /// Writes into a new schema whose it is, and says so in the directory.
    pub(crate) fn settle_in(&self, writer: &Connection, instance: String) -> Result<(), StoreError> {
        let directory = std::path::absolute(&self.directory).unwrap_or_else(|_| self.directory.clone());
        writer
            .transact(sql::Manner::Write, |tx| {
                tx.execute(
                    "INSERT INTO store_instance (one, instance, directory) VALUES (1, $1, $2)",
                    params![instance, directory.to_string_lossy()],
                )
            })
            .map_err(|e| self.failed(e))?;
        belonging::confirm(&self.directory).map_err(|e| {
            self.refused(&format!("{} cannot be written: {e}", belonging::file(&self.directory).display()))
        })?;
        self.know(instance);
        Ok(())
    }

    fn know(&self, instance: String) {
        *self.instance.lock().unwrap_or_else(PoisonError::into_inner) = Some(instance);
    }

    /// Makes the schema and the table of steps, where they are not there.
    pub(crate) fn prepare(&self, writer: &Connection) -> Result<(), StoreError> {
        let schema = self.address.schema.as_str();
        let make = || {
            let there: i64 =
                writer.query_row("SELECT COUNT(*) FROM pg_namespace WHERE nspname = $1", [schema], |r| r.get(0))?;
            if there == 0 {
                writer.execute_batch(&format!("CREATE SCHEMA \"{schema}\""))?;
            }
            writer.execute_batch(&for_postgres(STEPS))
        };
        make().map_err(|e| match &e {
            sql::Error::Postgres(f) if f.code() == "42501" => self.refused(&format!(
                "the user may not make the schema: {f}; let the owner of the database run CREATE SCHEMA {schema} AUTHORIZATION \"{}\"",
                self.address.user
            )),
            _ => self.failed(e),
        })
    }

    /// The number in the schema and the directory it was made for.
    fn found(&self, writer: &Connection) -> Result<Option<(String, String)>, StoreError> {
        let look = || {
            let there: i64 = writer.query_row(
                "SELECT COUNT(*) FROM pg_tables WHERE schemaname = $1 AND tablename = 'store_instance'",
                [&self.address.schema],
                |r| r.get(0),
            )?;
            if there == 0 {
                return Ok(None);
            }
            writer
                .query_row("SELECT instance, directory FROM store_instance", [], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()
        };
        look().map_err(|e: sql::Error| self.failed(e))
    }

    /// Takes the schema for this process. A process that has just ended may hold it for a moment.
    fn hold(&self, writer: &Connection) -> Result<(), StoreError> {
        let key = fnv(format!("throughline:{}", &self.address.schema).as_bytes()).cast_signed();
        let started = Instant::now();
        loop {
            let held: bool =
                writer.query_row("SELECT pg_try_advisory_lock($1)", [key], |r| r.get(0)).map_err(|e| self.failed(e))?;
            if held {
                return Ok(());
            }
            if started.elapsed() > LETTING_GO {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let holder = writer
            .query_row(
                "SELECT a.application_name, COALESCE(host(a.client_addr), 'the same machine')
                 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                 WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
                     AND (l.classid::BIGINT << 32 | l.objid::BIGINT) = $1",
                [key],
                |r| Ok(format!("{} on {}", r.get::<_, String>(0)?, r.get::<_, String>(1)?)),
            )
            .unwrap_or_else(|_| "one that does not say".to_owned());
        Err(self.refused(&format!(
            "it is in use by another process ({holder}); stop that first, or name another database or schema"
        )))
    }

    /// Reads every row of every table; the damages it meets.
    pub(crate) fn verify(&self, c: &Connection, tables: &[&str]) -> sql::Result<Vec<String>> {
        let mut damages = Vec::new();
        for table in tables {
            // The whole row as text: nothing of it is left unread.
            let read = c.query_row(&format!("SELECT COALESCE(SUM(LENGTH(t::TEXT)), 0) FROM {table} t"), [], |_| Ok(()));
            match read {
                Ok(()) => {}
                Err(sql::Error::Postgres(f)) if f.code().starts_with("XX") || f.code().starts_with("22") => {
                    damages.push(format!("the table {table}: {f}"));
                    // What failed ends the transaction that reads.
                    break;
                }
                Err(e) => return Err(e),
            }
        }
        if damages.is_empty() {
            let mut s = c.prepare(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = $1 AND NOT (i.indisvalid AND i.indisready) ORDER BY c.relname",
            )?;
            for index in s.query_map([&self.address.schema], |r| r.get::<_, String>(0))? {
                damages.push(format!("the index {} is not valid", index?));
            }
        }
        Ok(damages)
    }

    /// Makes what was deleted unreadable in the tables' files: they are written anew. Rows that another
    /// session may still read stay, so those are waited for. Where the user may, the write-ahead log
    /// is switched and the old files are let go.
    pub(crate) fn vacuum(&self, writer: &Connection, tables: &[&str]) -> Result<(), StoreError> {
        self.wait_for_readers(writer)?;
        for table in tables {
            writer.execute_batch(&format!("VACUUM (FULL) {table}")).map_err(|e| self.failed(e))?;
        }
        for upkeep in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
            match writer.execute_batch(upkeep) {
                Ok(()) => {}
                Err(sql::Error::Postgres(f)) if f.code() == "42501" => {
                    tracing::warn!(
                        "the user of the database may not {upkeep}: what was erased leaves the server's write-ahead log with its next checkpoints; GRANT pg_checkpoint, and EXECUTE on pg_switch_wal(), to do it at once"
                    );
                }
                Err(e) => return Err(self.failed(e)),
            }
        }
        Ok(())
    }

    fn wait_for_readers(&self, writer: &Connection) -> Result<(), StoreError> {
        let oldest = "SELECT pid, COALESCE(application_name, ''), COALESCE(host(client_addr), 'the same machine')
                      FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
                          AND backend_type = 'client backend' AND xact_start <= $1::TIMESTAMPTZ
                      ORDER BY xact_start LIMIT 1";
        let run = || -> sql::Result<Option<String>> {
            let now: String = writer.query_row("SELECT clock_timestamp()::TEXT", [], |r| r.get(0))?;
            let started = Instant::now();
            loop {
                let who = writer
                    .query_row(oldest, [&now], |r| {
                        Ok(format!(
                            "pid {}, {} on {}",
                            r.get::<_, i64>(0)?,
                            r.get::<_, String>(1)?,
                            r.get::<_, String>(2)?
                        ))
                    })
                    .optional()?;
                if who.is_none() || started.elapsed() > READING {
                    return Ok(who);
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        };
        match run().map_err(|e| self.failed(e))? {
            None => Ok(()),
            Some(who) => Err(self.refused(&format!(
                "deleted rows cannot be made unreadable while a session reads from before they were deleted ({who}); end it, and it is tried again at the next start"
            ))),
        }
    }

    /// Drops the schema with everything in it.
    pub(crate) fn drop_schema(&self, writer: &Connection) -> Result<(), StoreError> {
        let drop = format!("DROP SCHEMA \"{}\" CASCADE", &self.address.schema);
        writer.execute_batch(&drop).map_err(|e| self.failed(e))
    }

    fn refused(&self, reason: &str) -> StoreError {
        StoreError::Refused { place: self.place(), reason: reason.to_owned() }
    }

    /// What went wrong while working.
    pub(crate) fn failed(&self, e: sql::Error) -> StoreError {
        let sql::Error::Postgres(failure) = &e else { return StoreError::Failed { place: self.place(), source: e } };
        match failure.code() {
            "53100" => StoreError::DiskFull { place: self.place() },
            "XX001" | "XX002" => StoreError::Corrupt { place: self.place(), detail: failure.to_string() },
            _ if failure.is_lost() => StoreError::Unreachable { place: self.place(), detail: failure.to_string() },
            _ => StoreError::Failed { place: self.place(), source: e },
        }
    }

    /// Why there is no connection, and what to do.
    fn explained(&self, failure: Failure) -> StoreError {
        let a = &self.address;
        match failure.code() {
            "28P01" => self.refused(&format!(
                "the server does not take the password of `{}`; correct it in the address of the store or in PGPASSWORD",
                a.user
            )),
            "28000" => self.refused(&format!("{failure}; make the role, or let it in with a line in pg_hba.conf")),
            "3D000" => self.refused(&format!(
                "there is no database `{}` on {}; make it with: createdb -O {} -E UTF8 -T template0 {}",
                a.database,
                a.server(),
                a.user,
                a.database
            )),
            "42501" => self.refused(&format!("{failure}; GRANT CONNECT ON DATABASE {} TO {}", a.database, a.user)),
            _ if failure.is_lost() => StoreError::Unreachable { place: self.place(), detail: failure.to_string() },
            _ => self.refused(&failure.to_string()),
        }
    }
}
