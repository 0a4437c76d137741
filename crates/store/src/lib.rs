//! Operational state: one SQLite database in the data directory, its migrations, durable timers,
//! the outbox, and the lock that keeps a second process out.
//!
//! The store knows no domain. Every room brings its own numbered migrations ([`Migration`]) and is
//! the only one to touch the tables that carry its name as a prefix. SQL is written once, in a form
//! that SQLite and PostgreSQL both take: `$1, $2, …` in the order of first use, `BIGINT`, `TEXT`,
//! `DOUBLE PRECISION`, `BYTEA`-free (binary values are hexadecimal text), `ON CONFLICT … DO UPDATE`.
//!
//! Every table is a **fact**, a **definition** or **derived**; [`TableKind`] says which, and
//! `rebuild` drops exactly the derived ones. Read `database.rs` first, then `timers.rs`.

mod database;
mod lock;
mod outbox;
pub mod sql;
mod timers;
mod value;

pub use database::{Migration, Store, StoreError, Table, TableKind};
pub use lock::{DirectoryLock, LockError};
pub use outbox::{Outbox, Outgoing};
pub use timers::{Timer, Timers};
