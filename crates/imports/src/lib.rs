//! Files of people's own, from the upload to the undo.
//!
//! ```text
//! Imports::receive ─► Upload::finish ─► Imports::look ─► Imports::preview ─► Imports::start ─► done
//!   bytes arrive       a run is noted     columns guessed   first rows read     a thread reads     └─► Imports::undo
//! ```
//!
//! A [`Run`] is one file on its way. What a person settles on about its columns is a [`Choice`]; it
//! becomes a recipe like any other, is kept with the run, and is proposed again for the next file
//! with the same columns, under the same source: dropping a file twice changes nothing. An undone
//! import leaves its source behind, because the ledger knows its messages for ever; the next try
//! gets a new one.
//!
//! A file is seen only once it is whole. A process that dies in the middle of an import leaves a run that says so: it can go on, where every row that
//! is in already counts as known, or be undone.
//!
//! Places that somebody named are looked at every few hours (`places.rs`).
//!
//! Files that lie in `inbox/<workspace>/` come in by themselves once it is known how to read them.
//!
//! What another system delivers is read by a recipe too (`deliveries.rs`).
//!
//! This room knows neither HTTP nor pages. Read `run.rs` first, then `uploads.rs` and `work.rs`.

mod choice;
mod deliveries;
mod inbox;
mod places;
mod preview;
mod run;
mod uploads;
mod work;

pub use choice::{Choice, ChosenColumn, Look};
pub use deliveries::{check_delivery_recipe, read_delivery};
pub use places::Place;
pub use preview::Preview;
pub use run::{Counts, Run, RunState};
pub use uploads::Upload;
pub use work::Imports;

pub use throughline_connectors::files::Formats;
pub use throughline_connectors::files::guess::{ColumnGuess, Doubt, Role, TimeForm, UsualEvent};

use throughline_pipeline::EngineError;
use throughline_store::{Migration, StoreError, Table, TableKind};

/// The schema of this room.
pub const MIGRATIONS: [Migration; 2] = [FIRST, SECOND];

const SECOND: Migration = Migration {
    room: "imports",
    number: 2,
    sql: include_str!("migrations/0002.sql"),
    tables: &[Table { name: "imports_places", kind: TableKind::Definition }],
};

const FIRST: Migration = Migration {
    room: "imports",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[Table { name: "imports_runs", kind: TableKind::Definition }],
};

/// Why something about an import could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ImportsError {
    /// There is no such run.
    #[error("there is no import {0}")]
    NoSuchRun(u64),
    /// What was sent cannot be taken, or not now; the words are for people.
    #[error("{0}")]
    Refused(String),
    /// The disk.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
