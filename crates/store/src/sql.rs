//! SQL as the rooms use it, whichever database keeps the state: connections, statements, rows.
//!
//! The names are rusqlite's, because they are known. Statements are written once, in the form that
//! `lib.rs` describes. What is not here — blobs, savepoints, hooks, row ids — is not portable.

mod connection;
mod parameters;
mod rows;
mod statement;

pub use crate::params;
pub use crate::postgres::{Failure, ServerError};
pub(crate) use connection::Manner;
pub use connection::{Connection, Transaction};
pub use parameters::Params;
pub use rows::{MappedRows, Row, Rows};
pub use statement::Statement;

/// Kinds of values.
pub mod types {
    pub use crate::value::{FromSql, ToSql, Type, Value, ValueRef};
}

pub use types::{FromSql, ToSql};

/// What a statement gives or why it does not.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a statement did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite says no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL says no, or nothing any more.
    #[error(transparent)]
    Postgres(#[from] Failure),
    /// One row was asked for and there is none.
    #[error("the query returned no rows")]
    QueryReturnedNoRows,
    /// A column holds something else than was expected of it: its place, its name, what it holds.
    #[error("column {0} (`{1}`) holds {2}, which is not what was expected")]
    InvalidColumnType(usize, String, types::Type),
    /// A column's contents cannot be read: its place, what it holds, why.
    #[error("column {0}, {1}, cannot be read: {2}")]
    FromSqlConversionFailure(usize, types::Type, Cause),
    /// A value cannot be written.
    #[error("a value cannot be written: {0}")]
    ToSqlConversionFailure(Cause),
    /// So many values were given, and so many are wanted.
    #[error("{0} values were given to a statement that wants {1}")]
    InvalidParameterCount(usize, usize),
}

/// No row is an answer too.
pub trait OptionalExtension<T> {
    /// `None` where there was no row.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(row) => Ok(Some(row)),
            Err(Error::QueryReturnedNoRows) => Ok(None),
            Err(e) => Err(e),
        }
    }
}
