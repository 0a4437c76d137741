//! Rows, one after the other.

use super::{Error, FromSql, Result};
use crate::postgres::{PostgresRow, PostgresRows};
use crate::value::{Type, ValueRef};

/// The rows of a query, one after the other.
pub struct Rows<'s>(Engine<'s>);

enum Engine<'s> {
    Sqlite(rusqlite::Rows<'s>),
    Postgres(PostgresRows<'s>),
}

/// A row.
pub struct Row<'r>(RowOf<'r>);

enum RowOf<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PostgresRow),
}

impl<'s> Rows<'s> {
    pub(super) fn sqlite(rows: rusqlite::Rows<'s>) -> Self {
        Self(Engine::Sqlite(rows))
    }

    pub(super) fn postgres(rows: PostgresRows<'s>) -> Self {
        Self(Engine::Postgres(rows))
    }

    /// The next row, or none.
    #[expect(clippy::should_implement_trait, reason = "an iterator's item cannot borrow from the iterator")]
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        match &mut self.0 {
            Engine::Sqlite(rows) => Ok(rows.next()?.map(|row| Row(RowOf::Sqlite(row)))),
            Engine::Postgres(rows) => Ok(rows.next()?.map(|row| Row(RowOf::Postgres(row)))),
        }
    }

    /// The rows, each read by `read`.
    pub fn mapped<T, F>(self, read: F) -> MappedRows<'s, F>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        MappedRows { rows: self, read }
    }
}

impl Row<'_> {
    /// A column, counted from 0, as some type.
    pub fn get<I: ColumnIndex, T: FromSql>(&self, column: I) -> Result<T> {
        let column = column.column();
        let value = self.get_ref(column)?;
        T::from_sql(value).ok_or_else(|| Error::InvalidColumnType(column, self.name(column), value.data_type()))
    }

    /// A column, counted from 0, where it lies.
    pub fn get_ref<I: ColumnIndex>(&self, column: I) -> Result<ValueRef<'_>> {
        use rusqlite::types::ValueRef as Of;
        let column = column.column();
        match &self.0 {
            RowOf::Sqlite(row) => match row.get_ref(column)? {
                Of::Null => Ok(ValueRef::Null),
                Of::Integer(n) => Ok(ValueRef::Integer(n)),
                Of::Real(n) => Ok(ValueRef::Real(n)),
                Of::Text(text) => std::str::from_utf8(text)
                    .map(ValueRef::Text)
                    .map_err(|e| Error::FromSqlConversionFailure(column, Type::Text, e.into())),
                Of::Blob(_) => Err(Error::FromSqlConversionFailure(column, Type::Text, "it is no text".into())),
            },
            RowOf::Postgres(row) => row
                .value(column)
                .ok_or_else(|| Error::FromSqlConversionFailure(column, Type::Text, "it cannot be understood".into())),
        }
    }

    fn name(&self, column: usize) -> String {
        match &self.0 {
            RowOf::Sqlite(row) => row.as_ref().column_name(column).unwrap_or_default().to_owned(),
            RowOf::Postgres(row) => row.name(column).to_owned(),
        }
    }
}

/// What names a column: its place, from 0.
pub trait ColumnIndex {
    /// Its place, from 0.
    #[doc(hidden)]
    fn column(self) -> usize;
}

impl ColumnIndex for usize {
    fn column(self) -> usize {
        self
    }
}

/// The rows of a query, read one after the other.
pub struct MappedRows<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for MappedRows<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.rows.next() {
            Ok(Some(row)) => Some((self.read)(&row)),
            Ok(None) => None,
            Err(e) => Some(Err(e)),
        }
    }
}
