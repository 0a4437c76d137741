//! Rows as they come from the server: texts, read by the type of their column.

use super::Failure;
use super::message::Fields;
use super::session::{Column, Session};
use crate::value::ValueRef;
use std::sync::Arc;

/// The bytes of a row, and where in them each column stands.
#[derive(Default)]
pub(super) struct RowBytes {
    bytes: Vec<u8>,
    columns: Vec<Option<(usize, usize)>>,
}

impl RowBytes {
    pub(super) fn set(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.bytes.clear();
        self.bytes.extend_from_slice(body);
        self.columns.clear();
        let mut fields = Fields(body);
        for _ in 0..fields.u16()? {
            let length = fields.i32()?;
            let at = body.len() - fields.0.len();
            self.columns.push(match usize::try_from(length) {
                Ok(length) => {
                    fields.bytes(length)?;
                    Some((at, at + length))
                }
                Err(_) => None,
            });
        }
        Ok(())
    }
}

/// Rows of a query, one after the other.
pub(crate) struct PostgresRows<'s> {
    session: &'s Session,
    reader: u64,
    /// The first row came with the query.
    is_first: bool,
    row: Option<PostgresRow>,
}

/// A row.
pub(crate) struct PostgresRow {
    columns: Arc<[Column]>,
    row: RowBytes,
}

impl<'s> PostgresRows<'s> {
    pub(super) fn new(session: &'s Session, reader: u64, columns: Arc<[Column]>, first: Option<RowBytes>) -> Self {
        Self { session, reader, is_first: true, row: first.map(|row| PostgresRow { columns, row }) }
    }

    /// The next row, or none.
    pub(crate) fn next(&mut self) -> Result<Option<&PostgresRow>, Failure> {
        if !std::mem::take(&mut self.is_first)
            && let Some(row) = &mut self.row
            && !self.session.next_row(self.reader, &mut row.row)?
        {
            self.row = None;
        }
        Ok(self.row.as_ref())
    }
}

impl Drop for PostgresRows<'_> {
    fn drop(&mut self) {
        self.session.forget_reader(self.reader);
    }
}

impl PostgresRow {
    /// A column by its place; `None` where there is no such column or its text cannot be read.
    pub(crate) fn value(&self, column: usize) -> Option<ValueRef<'_>> {
        // Numbers of types (src/include/catalog/pg_type.dat): bool, int8, int2, int4, float4, float8,
        // numeric.
        let Some((from, to)) = *self.row.columns.get(column)? else { return Some(ValueRef::Null) };
        let text = std::str::from_utf8(self.row.bytes.get(from..to)?).ok()?;
        match self.columns.get(column)?.kind {
            16 => Some(ValueRef::Integer(i64::from(text == "t"))),
            20 | 21 | 23 => text.parse().ok().map(ValueRef::Integer),
            700 | 701 => text.parse().ok().map(ValueRef::Real),
            1700 => match text.parse() {
                Ok(whole) => Some(ValueRef::Integer(whole)),
                Err(_) => text.parse().ok().map(ValueRef::Real),
            },
            _ => Some(ValueRef::Text(text)),
        }
    }

    /// The name of a column.
    pub(crate) fn name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", |c| &c.name)
    }
}
