//! What an import hands back.

use crate::files::record::{Record, RecordFault};
use serde::{Deserialize, Serialize};
use throughline_interactions::{Fault, Interaction};

/// Some rows, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What was made of them, in the order of the file.
    pub interactions: Vec<Interaction>,
    /// What was not.
    pub rejects: Vec<Reject>,
    /// Saved once the batch is safe, it lets an import go on behind it.
    pub cursor: Cursor,
    /// Counts from the beginning of the import.
    pub progress: Progress,
    /// Nothing follows.
    pub done: bool,
}

/// Where an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// A fingerprint of the recipe: with another one the rows are read anew.
    pub recipe: String,
    /// The file, by its name in the recipe; empty when all are done.
    pub file: String,
    /// How many of its rows are done.
    pub row: u64,
}

/// A row, or one interaction of a row, that was not taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Reject {
    /// The file, by its path in the recipe.
    pub file: String,
    /// Line, from 1; the number of the row where the format has no lines.
    pub line: u64,
    /// The column it is about, where there is one.
    pub column: Option<String>,
    /// Stable, in snake case.
    pub code: String,
    /// A sentence for people.
    pub reason: String,
    /// The row as it stood in the file.
    pub raw: String,
}

impl std::fmt::Debug for Reject {
    /// Without the row, which may hold names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self} ({})", self.code)
    }
}

impl std::fmt::Display for Reject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Reject {
    pub(super) fn of_record(file: &str, fault: RecordFault) -> Self {
        let RecordFault { line, column, code, reason, raw, fatal: _ } = fault;
        Self { file: file.to_owned(), line, column, code: code.to_owned(), reason, raw }
    }

    pub(super) fn of_fault(file: &str, record: &Record, fault: Fault) -> Self {
        Self {
            file: file.to_owned(),
            line: record.line,
            column: fault.field,
            code: fault.code.into_owned(),
            reason: fault.message,
            raw: record.raw(),
        }
    }
}

/// How far an import is. Every row that was read is in exactly one of `taken`, `rejected`,
/// `repeated` and `skipped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Bytes read of the files whose rows are imported, packed as they lie.
    pub bytes_read: u64,
    /// Bytes of these files.
    pub bytes_total: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows of which every interaction was taken.
    pub taken: u64,
    /// Rows of which something was rejected.
    pub rejected: u64,
    /// Rows that only repeated an id with the same content.
    pub repeated: u64,
    /// Rows that no part of the recipe asked for.
    pub skipped: u64,
    /// Interactions handed out.
    pub interactions: u64,
    /// Interactions whose local time occurred twice; the first reading was taken.
    pub ambiguous_times: u64,
    /// Files that could not be read to their end.
    pub broken: Vec<String>,
    /// Counts by part of the recipe.
    pub events: Vec<EventCount>,
}

/// Counts of one part of a recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventCount {
    /// The file whose rows are read.
    pub from: String,
    /// The event, or the column that says it.
    pub event: String,
    /// Rows taken.
    pub taken: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Rows that repeated an id.
    pub repeated: u64,
    /// Rows left out by `when`, or without a row to make an interaction of.
    pub skipped: u64,
    /// Interactions handed out.
    pub interactions: u64,
    /// Look-ups.
    pub joins: Vec<JoinCount>,
}

/// Counts of one join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JoinCount {
    /// The file that is looked up.
    pub file: String,
    /// Look-ups that found a row.
    pub matched: u64,
    /// Look-ups that found none.
    pub unmatched: u64,
}

/// What became of a row, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taken {
    Skipped,
    Repeated,
    Accepted,
    Rejected,
}

impl EventCount {
    pub(super) fn add(&mut self, taken: Taken, interactions: u64) {
        match taken {
            Taken::Skipped => self.skipped += 1,
            Taken::Repeated => self.repeated += 1,
            Taken::Accepted => self.taken += 1,
            Taken::Rejected => self.rejected += 1,
        }
        self.interactions += interactions;
    }
}
