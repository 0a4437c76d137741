//! The hot tier: every interaction of a workspace as compact columns, sorted by customer and then
//! in the order of the story, and the scan that runs linear passes over them.
//!
//! A [`Segment`] is an immutable set of whole customers, the same bytes in memory and on disk. A
//! [`Snapshot`] is a consistent view of all buckets; [`Snapshot::scan`] runs a [`Pass`] over it
//! and merges the [`PassState`]s. Everything here is derived: it is rebuilt from the lake at will.
//!
//! This room knows no lake, no SQL, no clock and no names of attributes: customers, subjects and
//! attributes are keyed hashes. Read `row.rs` first, then `format.rs`, `customer.rs` and `pass.rs`.

#[cfg(target_endian = "big")]
compile_error!("segments are read in place and are little-endian");

mod row;
mod format;
mod bytes;
mod presence;
mod names;
mod held;
mod writer;
mod merge;
mod encode;
mod builder;
mod segment;
mod customer;
mod pass;
mod state;
mod snapshot;
mod scan;
mod counts;
mod timeline;

pub use builder::{BuildError, SegmentBuilder};
pub use counts::{Counts, CountsState, Reached};
pub use customer::{Codes, Customer, Customers, SegmentPromise, SegmentScore};
pub use format::{BLOCK_ROWS, Corrupt};
pub use pass::{Pass, PassState};
pub use row::{Row, RowPromise, RowScore, bucket_of};
pub use scan::{Partial, Progress, ScanError, ScanOptions};
pub use segment::{Segment, SegmentError};
pub use snapshot::Snapshot;
pub use state::{StateError, StateReader, put_bytes};
pub use timeline::{Changes, FlushPlan, Flushed, Moved, Opened, RebuildError, Timeline, TimelineError, Written};
