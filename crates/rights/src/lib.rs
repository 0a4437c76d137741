//! What people may ask of a brand that keeps things about them: to see everything, to be erased with a
//! signed receipt, and that nothing is kept for longer than was said.
//!
//! ```text
//! PersonFile::gather ─► write_json / a page        what is known of one person
//! List::read ─► Rights::bring ─► start ─► done     a file that names many, to erase or to export
//! Rights::set_rule ─► Rights::round                what is kept for so many days
//! ```
//!
//! Nothing of a file of identifiers is written down but keyed hashes, and an export is written to whoever
//! asks for it and nowhere else: there is nothing here that an erasure would have to reach.
//!
//! This room knows neither HTTP nor pages. What rooms above it keep of people they hand in and remove
//! through [`Elsewhere`]. Read `person_file.rs` first, then `runs.rs` and `retention.rs`.

mod person_file;
mod export;
mod list;
mod lines;
mod runs;
mod work;
mod retention;

pub use export::{FORMAT, write_json, write_ndjson, write_zip};
pub use list::{Entry, LARGEST, List, ListFault};
pub use person_file::{Consented, PersonFile, Promised, Scored, SourceOf};
pub use retention::{Applied, NewRule, Preview, Rule, RulePreview, words};
pub use runs::{BadLine, Counts, Run, RunState, What};
pub use work::{Elsewhere, Nowhere, Rights};

use throughline_pipeline::EngineError;
use throughline_store::{Migration, StoreError, Table, TableKind};

/// The schema of this room.
pub const MIGRATION: Migration = Migration {
    room: "rights",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[
        Table { name: "rights_runs", kind: TableKind::Definition },
        Table { name: "rights_lines", kind: TableKind::Definition },
        Table { name: "rights_retention", kind: TableKind::Definition },
        Table { name: "rights_days", kind: TableKind::Definition },
    ],
};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// There is no such file.
    #[error("there is no file of people {0}")]
    NoSuchRun(u64),
    /// It cannot be done as things are; the words are for people.
    #[error("{0}")]
    Refused(String),
    /// The file cannot be read.
    #[error(transparent)]
    List(#[from] ListFault),
    /// Whoever asked for an export does not take it any more.
    #[error("cannot write the export")]
    Write(#[from] std::io::Error),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
