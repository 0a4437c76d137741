//! The open history: one Delta table of Parquet files per workspace, which every reader of the
//! format can open in place, and SQL over it.
//!
//! Rows come from the ledger by [`Lake::append`], which carries the ledger position inside the
//! commit, so that a repeated write is the same write. A merge or an unmerge of customers is an
//! overlay, [`Redirects`], that every read applies and that [`Lake::compact`] folds in.
//! [`Lake::erase`] leaves no byte of a person. [`Lake::session`] is SQL over whole people.
//!
//! This room alone names Arrow, Parquet, Delta and DataFusion. It knows no HTTP and no pages, no
//! names and no texts: customers, nodes, subjects and attributes are keyed hashes. Everything here
//! is derived from the ledger. Read `schema.rs` first, then `table.rs`, `append.rs` and `read.rs`.

mod schema;
mod encode;
mod decode;
mod redirects;
mod file;
mod table;
mod write;
mod append;
mod read;
mod compact;
mod sweep;
mod erase;
mod check;
mod session;
mod answer;
mod import;
mod pass;
mod error;

pub use append::Appended;
pub use check::{LakeStats, Verified};
pub use compact::Compacted;
pub use erase::{Erased, Gone};
pub use error::{FileFault, LakeError};
pub use import::{ParquetRecords, open_parquet};
pub use pass::{BucketFiles, NamedPass, PassCodec, PassExec, PassFault, PassRegistry, SegmentFile, merge_partials};
pub use read::Reader;
pub use redirects::Redirects;
pub use session::{Answer, LakeSession, SessionView};
pub use sweep::Swept;
pub use table::{Lake, LakeOptions};
