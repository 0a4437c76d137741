//! A connection to the database, and a transaction on it.

use super::{Failure, Params, Result, Row, Statement};
use crate::postgres::Session;
use std::ops::Deref;

/// A connection to the database.
pub struct Connection(pub(super) Engine);

#[expect(clippy::large_enum_variant, reason = "a handful of connections, never moved about")]
pub(super) enum Engine {
    Sqlite(rusqlite::Connection),
    Postgres(Session),
}

/// A transaction: what is done within it is done as a whole or not at all.
pub struct Transaction<'c>(&'c Connection);

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

/// What a transaction does with the disk, and with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is on the disk when it is committed.
    Write,
    /// It is on the disk with the next one that waits.
    WriteSoon,
    /// It reads one consistent state.
    Read,
}

impl Connection {
    pub(crate) fn sqlite(connection: rusqlite::Connection) -> Self {
        Self(Engine::Sqlite(connection))
    }

    pub(crate) fn postgres(session: Session) -> Self {
        Self(Engine::Postgres(session))
    }

    /// Whether it can be used for something new.
    pub(crate) fn is_alive(&self) -> bool {
        match &self.0 {
            Engine::Sqlite(_) => true,
            Engine::Postgres(session) => session.is_alive(),
        }
    }

    /// A statement, prepared.
    pub fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        match &self.0 {
            Engine::Sqlite(c) => Ok(Statement::plain(c.prepare(sql)?)),
            Engine::Postgres(session) => Ok(Statement::postgres(session, sql)),
        }
    }

    /// A statement that is kept prepared for the next time.
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        match &self.0 {
            Engine::Sqlite(c) => Ok(Statement::cached(c.prepare_cached(sql)?)),
            Engine::Postgres(session) => Ok(Statement::postgres(session, sql)),
        }
    }

    /// Does something; how many rows it changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare(sql)?.execute(params)
    }

    /// Does several things that take no values and give no rows.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match &self.0 {
            Engine::Sqlite(c) => Ok(c.execute_batch(sql)?),
            Engine::Postgres(session) => Ok(session.batch(sql)?),
        }
    }

    /// The first row, read by `read`.
    pub fn query_row<T>(&self, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare(sql)?.query_row(params, read)
    }

    /// Runs `work` in one transaction.
    pub(crate) fn transact<T>(&self, manner: Manner, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        match &self.0 {
            Engine::Sqlite(c) => {
                let begin = match manner {
                    Manner::Write => "BEGIN IMMEDIATE",
                    Manner::WriteSoon => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
                    Manner::Read => "BEGIN",
                };
                let done = c.execute_batch(begin).map_err(Into::into).and_then(|()| {
                    let open = Open(c);
                    let done = work(&Transaction(self))?;
                    c.execute_batch("COMMIT")?;
                    drop(open);
                    Ok(done)
                });
                if manner == Manner::WriteSoon {
                    // Whatever came of it, the next one to write relies on this.
                    c.execute_batch("PRAGMA synchronous = FULL")?;
                }
                done
            }
            Engine::Postgres(session) => {
                let open = OpenAtServer(session);
                match manner {
                    Manner::Write => self.prepare("BEGIN")?.queue([])?,
                    Manner::WriteSoon => {
                        self.prepare("BEGIN")?.queue([])?;
                        self.prepare("SET LOCAL synchronous_commit TO off")?.queue([])?;
                    }
                    Manner::Read => self.prepare("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?.queue([])?,
                }
                let done = work(&Transaction(self))?;
                if manner == Manner::Read {
                    session.let_go()?;
                } else if !session.commit()? {
                    return Err(Failure::Protocol(
                        "the transaction was not committed, because a statement in it had failed".to_owned(),
                    )
                    .into());
                }
                std::mem::forget(open);
                Ok(done)
            }
        }
    }
}

/// Rolls back what is still open, also where the work panicked.
struct OpenAtServer<'c>(&'c Session);

impl Drop for OpenAtServer<'_> {
    fn drop(&mut self) {
        self.0.roll_back();
    }
}

/// Rolls back what is still open, also where the work panicked.
struct Open<'c>(&'c rusqlite::Connection);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
    }
}
