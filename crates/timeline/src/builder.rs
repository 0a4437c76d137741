//! From rows to a segment.

use crate::encode::encode;
use crate::format::Corrupt;
use crate::held::Held;
use crate::merge::{Layer, Touched, merge};
use crate::names::Names;
use crate::row::Row;
use crate::segment::Segment;
use crate::writer::{Tables, Writer};
use std::sync::Arc;
use throughline_interactions::OrderKey;

/// Why rows do not make a segment.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A dictionary is full.
    #[error("{count} different {what} in one bucket; a timeline holds 65536 of them")]
    TooManyNames {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// A column is full.
    #[error("{rows} interactions in one bucket; choose more buckets")]
    TooManyRows {
        /// How many.
        rows: usize,
    },
    /// A time outside the years 1970 to 2105, which the door should have refused.
    #[error("the time {micros} µs does not fit a timeline")]
    Time {
        /// Microseconds since 1970.
        micros: i64,
    },
    /// What was read to be merged is damaged.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// Makes a segment from rows in any order. Rows that arrive sorted by customer and order, as the
/// lake gives them, go straight into columns; others wait in memory and are merged at the end.
pub struct SegmentBuilder {
    workspace: u32,
    bucket: u16,
    buckets: u16,
    writer: Writer,
    tables: Tables,
    names: Names,
    last: Option<(u64, OrderKey)>,
    late: Vec<Held>,
}

impl SegmentBuilder {
    /// A builder for one bucket of a workspace.
    pub fn new(workspace: u32, bucket: u16, buckets: u16) -> Self {
        Self {
            workspace,
            bucket,
            buckets,
            writer: Writer::default(),
            tables: Tables::default(),
            names: Names::default(),
            last: None,
            late: Vec::new(),
        }
    }

    /// Takes a row of this bucket.
    pub fn push(&mut self, row: Row) {
        let held = Held::new(row, &mut self.names);
        let key = (held.customer, held.order);
        if self.last.is_some_and(|last| key < last) {
            self.late.push(held);
            return;
        }
        if self.last.is_none_or(|(customer, _)| customer != held.customer) {
            self.writer.begin(held.customer);
        }
        self.writer.push_held(&held, &self.names, &mut self.tables);
        self.last = Some(key);
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.writer.rows() + self.late.len()
    }

    /// The segment; `covers` is the ledger position up to which the rows are all there are.
    pub fn finish(mut self, covers: u64) -> Result<Segment, BuildError> {
        if !self.late.is_empty() {
            let sorted = encode(&self.writer, self.workspace, self.bucket, self.buckets, covers)?;
            self.writer = Writer::default();
            let layer = Layer::whole(Arc::new(Segment::of_words(sorted)?));
            let touched = Touched::group(std::mem::take(&mut self.late));
            self.writer = merge(&[layer], &[], &touched, &self.names)?;
        }
        let words = encode(&self.writer, self.workspace, self.bucket, self.buckets, covers)?;
        Ok(Segment::of_words(words)?)
    }
}
