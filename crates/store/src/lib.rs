//! Operational state: SQLite in the data directory, or one schema of a PostgreSQL database; its
//! migrations, durable timers, the outbox, and the lock that keeps a second process out.
//!
//! The store knows no domain. Every room brings its own numbered migrations ([`Migration`]) and is
//! the only one to touch the tables that carry its name as a prefix. SQL is written once, in a form
//! that SQLite and PostgreSQL both take: `$1, $2, …` in the order of first use, `BIGINT`, `TEXT`,
//! `DOUBLE PRECISION`, `BYTEA`-free (binary values are hexadecimal text), `ON CONFLICT … DO UPDATE`.
//! Texts are compared byte by byte in both.
//!
//! Every table is a **fact**, a **definition** or **derived**; [`TableKind`] says which, and
//! `rebuild` drops exactly the derived ones. Read `database.rs` first, then `sql.rs`; how the two
//! engines are opened and looked after is in `sqlite.rs` and `server.rs`.

mod belonging;
mod checkpoints;
mod database;
mod lock;
mod outbox;
mod place;
mod postgres;
mod schema;
mod server;
pub mod sql;
mod sqlite;
mod timers;
mod transfer;
mod value;

pub use database::{Store, StoreError};
pub use lock::{DirectoryLock, LockError};
pub use outbox::{Outbox, Outgoing};
pub use place::{Place, PlaceError, PostgresAddress, place_of_tests};
pub use schema::{Migration, Table, TableKind};
pub use timers::{Timer, Timers};
pub use transfer::Moved;
