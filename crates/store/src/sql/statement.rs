//! A prepared statement.

use super::{Error, MappedRows, Params, Result, Row, Rows};
use crate::postgres::Session;
use crate::value::ValueRef;

/// A prepared statement.
pub struct Statement<'c>(Engine<'c>);

enum Engine<'c> {
    Plain(rusqlite::Statement<'c>),
    Cached(rusqlite::CachedStatement<'c>),
    Postgres(&'c Session, usize),
}

impl<'c> Statement<'c> {
    pub(super) fn plain(statement: rusqlite::Statement<'c>) -> Self {
        Self(Engine::Plain(statement))
    }

    pub(super) fn cached(statement: rusqlite::CachedStatement<'c>) -> Self {
        Self(Engine::Cached(statement))
    }

    pub(super) fn postgres(session: &'c Session, sql: &str) -> Self {
        Self(Engine::Postgres(session, session.statement(sql)))
    }

    /// Does it; how many rows it changed.
    pub fn execute(&mut self, params: impl Params) -> Result<usize> {
        match &mut self.0 {
            Engine::Plain(s) => execute(s, &params),
            Engine::Cached(s) => execute(s, &params),
            Engine::Postgres(session, number) => session.execute(*number, |take| params.each(take)),
        }
    }

    /// Does it, in its turn: before whatever is asked for next, and before the transaction is
    /// committed. Nothing is told of it, and where it fails, what comes after it fails in its place,
    /// the commit at the latest. For many rows, because a database on another machine is not waited
    /// for.
    pub fn queue(&mut self, params: impl Params) -> Result<()> {
        match &self.0 {
            Engine::Postgres(session, number) => session.queue(*number, |take| params.each(take)),
            _ => self.execute(params).map(|_| ()),
        }
    }

    /// The rows it gives.
    pub fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        self.rows(&params, 0)
    }

    /// The rows it gives; at most so many where the engine can do with that, 0 for all.
    fn rows(&mut self, params: &impl Params, most: u32) -> Result<Rows<'_>> {
        match &mut self.0 {
            Engine::Plain(s) => query(s, params),
            Engine::Cached(s) => query(s, params),
            Engine::Postgres(session, number) => {
                Ok(Rows::postgres(session.query::<Error>(*number, most, |take| params.each(take))?))
            }
        }
    }

    /// The rows it gives, each read by `read`.
    pub fn query_map<T, F>(&mut self, params: impl Params, read: F) -> Result<MappedRows<'_, F>>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        Ok(self.query(params)?.mapped(read))
    }

    /// The first row it gives, read by `read`.
    pub fn query_row<T>(&mut self, params: impl Params, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        let mut rows = self.rows(&params, 1)?;
        let row = rows.next()?.ok_or(Error::QueryReturnedNoRows)?;
        read(&row)
    }

    /// Whether it gives any row.
    pub fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.rows(&params, 1)?.next()?.is_some())
    }

    /// How many columns its rows have.
    pub fn column_count(&self) -> Result<usize> {
        Ok(match &self.0 {
            Engine::Plain(s) => s.column_count(),
            Engine::Cached(s) => s.column_count(),
            Engine::Postgres(session, number) => session.column_count(*number)?,
        })
    }
}

struct Given<'v>(ValueRef<'v>);

impl rusqlite::ToSql for Given<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ValueRef as Of;
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self.0 {
            ValueRef::Null => Of::Null,
            ValueRef::Integer(n) => Of::Integer(n),
            ValueRef::Real(n) => Of::Real(n),
            ValueRef::Text(text) => Of::Text(text.as_bytes()),
        }))
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &impl Params) -> Result<()> {
    let wanted = statement.parameter_count();
    let mut given = 0;
    params.each(&mut |value| {
        given += 1;
        if given > wanted {
            return Ok(());
        }
        Ok(statement.raw_bind_parameter(given, Given(value))?)
    })?;
    if given == wanted { Ok(()) } else { Err(Error::InvalidParameterCount(given, wanted)) }
}

fn execute(statement: &mut rusqlite::Statement<'_>, params: &impl Params) -> Result<usize> {
    bind(statement, params)?;
    Ok(statement.raw_execute()?)
}

fn query<'s>(statement: &'s mut rusqlite::Statement<'_>, params: &impl Params) -> Result<Rows<'s>> {
    bind(statement, params)?;
    Ok(Rows::sqlite(statement.raw_query()))
}
