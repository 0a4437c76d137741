//! Moving the state of a data directory from one engine to the other.
//!
//! Every row of every table goes in one transaction, positions included, so that nothing has to be made
//! again and the files beside the store stay valid. Both sides are compared row by row before the
//! directory is told; what was left behind is removed, because erasures would no longer reach it.

use crate::database::{Store, StoreError};
use crate::place::{Place, fnv};
use crate::schema::Migration;
use crate::server::Server;
use crate::sql::types::{Value, ValueRef};
use crate::sql::{self, Connection, ToSql};
use crate::{belonging, sqlite};
use std::path::Path;

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// How many tables have rows.
    pub tables: usize,
    /// How many rows there are.
    pub rows: u64,
}

/// Which database a directory belongs to, and what stands in it itself.
const NOT_MOVED: &str = "store_instance";

impl Store {
    /// Moves the state of `directory` from one place to the other. Nobody else may have the directory.
    pub fn transfer(from: &Place, to: &Place, directory: &Path, migrations: &[Migration]) -> Result<Moved, StoreError> {
        let source = Self::open_at(from, directory, migrations)?;
        let files = |place: &Place| {
            let place = place.to_string();
            move |e: std::io::Error| StoreError::Refused {
                place,
                reason: format!("a file of the data directory cannot be written: {e}"),
            }
        };
        match (from, to) {
            (Place::Embedded, Place::Postgres(address)) => {
                let mut target = Self::at_server(Server::new(address.clone(), directory), migrations);
                target.begin(migrations, true)?;
                let Some(instance) = target.take_pending() else {
                    return Err(StoreError::Refused {
                        place: target.place(),
                        reason: "it is in use already; name an empty one, or add ?schema=… to the address".to_owned(),
                    });
                };
                let moved = source.copy_to(&target)?;
                if let (Some(server), Some(writer)) = (target.server(), &*target.writer()?) {
                    server.settle_in(writer, instance)?;
                }
                drop(source);
                sqlite::remove(directory).map_err(files(from))?;
                Ok(moved)
            }
            (Place::Postgres(_), Place::Embedded) => {
                // What an interrupted move left.
                sqlite::remove(directory).map_err(files(to))?;
                let mut target = Self::embedded(directory, migrations);
                target.begin(migrations, true)?;
                let moved = source.copy_to(&target)?;
                target.sync()?;
                belonging::forget(directory).map_err(files(to))?;
                if let (Some(server), Some(writer)) = (source.server(), &*source.writer()?) {
                    server.drop_schema(writer)?;
                }
                Ok(moved)
            }
            _ => Err(StoreError::Refused {
                place: to.to_string(),
                reason: "the state can be moved between SQLite and PostgreSQL; between two servers use pg_dump and pg_restore".to_owned(),
            }),
        }
    }

    /// Copies every row into an empty store, and compares.
    fn copy_to(&self, target: &Self) -> Result<Moved, StoreError> {
        let mut moved = Moved { tables: 0, rows: 0 };
        let tables: Vec<&str> = self.names().into_iter().filter(|t| *t != NOT_MOVED).collect();
        let mut told = Vec::new();
        self.read(|from| {
            let done = target.write(|to| {
                target.empty(to, &tables)?;
                for table in &tables {
                    told.push(copy(from, to, table)?);
                }
                Ok(())
            });
            // Which side it was is in the words.
            done.map_err(|e| sql::Error::ToSqlConversionFailure(Box::new(e)))
        })?;
        for (table, told) in tables.iter().zip(told) {
            let found = target.read(|c| digest(c, table))?;
            if found != told {
                return Err(StoreError::Refused {
                    place: target.place(),
                    reason: format!("`{table}` does not hold what was written to it; the state stays where it was"),
                });
            }
            moved.rows += told.0;
            moved.tables += usize::from(told.0 > 0);
        }
        Ok(moved)
    }
}

/// How many rows, and a sum of their hashes.
type Digest = (u64, u64);

fn copy(from: &Connection, to: &Connection, table: &str) -> sql::Result<Digest> {
    let mut select = from.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = select.column_count()?;
    let places: Vec<String> = (1..=columns).map(|n| format!("${n}")).collect();
    let mut insert = to.prepare(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")))?;
    let mut rows = select.query([])?;
    let mut told = (0, 0_u64);
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|i| row.get::<_, Value>(i)).collect::<sql::Result<Vec<_>>>()?;
        let given: Vec<&dyn ToSql> = values.iter().map(|v| v as &dyn ToSql).collect();
        insert.queue(given.as_slice())?;
        told = (told.0 + 1, told.1.wrapping_add(hash(&values)));
    }
    Ok(told)
}

fn digest(c: &Connection, table: &str) -> sql::Result<Digest> {
    let mut select = c.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = select.column_count()?;
    let mut rows = select.query([])?;
    let mut found = (0, 0_u64);
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|i| row.get::<_, Value>(i)).collect::<sql::Result<Vec<_>>>()?;
        found = (found.0 + 1, found.1.wrapping_add(hash(&values)));
    }
    Ok(found)
}

fn hash(values: &[Value]) -> u64 {
    let mut bytes = Vec::with_capacity(128);
    for value in values {
        match value.to_sql() {
            Ok(ValueRef::Integer(n)) => {
                bytes.push(1);
                bytes.extend_from_slice(&n.to_le_bytes());
            }
            Ok(ValueRef::Real(n)) => {
                bytes.push(2);
                bytes.extend_from_slice(&n.to_bits().to_le_bytes());
            }
            Ok(ValueRef::Text(text)) => {
                bytes.push(3);
                // As PostgreSQL has it.
                bytes.extend_from_slice(text.replace('\0', "\u{2400}").as_bytes());
            }
            Ok(ValueRef::Null) | Err(_) => {}
        }
        bytes.push(0);
    }
    fnv(&bytes)
}
