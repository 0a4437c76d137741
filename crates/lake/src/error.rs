//! What can go wrong in the lake.

use deltalake::ObjectStoreError;
use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::error::DataFusionError;
use deltalake::errors::DeltaTableError;
use deltalake::parquet::errors::ParquetError;

/// Why the lake cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The table's log cannot be read or written.
    #[error("cannot {doing}")]
    Delta {
        /// What was being done, as a verb and a noun.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// One file is missing, damaged or not what the log says it is. Never skipped.
    #[error(
        "lake file `{path}` {fault}; restore it from a backup, or delete the lake of this workspace and rebuild it from the ledger"
    )]
    File {
        /// The file, relative to the table.
        path: String,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// A file to be imported cannot be read.
    #[error("Parquet file `{path}` {fault}")]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The reader's version was erased from disk while it was open.
    #[error("version {version} of the lake was erased while it was being read; read again")]
    Erased {
        /// The version that is gone.
        version: u64,
    },
    /// The object store refused.
    #[error("cannot {doing} `{path}` in the object store")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// The object.
        path: String,
        /// The cause.
        #[source]
        source: ObjectStoreError,
    },
    /// The local disk refused.
    #[error("cannot {doing} `{path}`")]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Columns could not be built or understood.
    #[error("cannot {doing}")]
    Columns {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: ArrowError,
    },
    /// A Parquet file could not be encoded.
    #[error("cannot {doing}")]
    Parquet {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// A query is wrong or needs more than it may have.
    #[error("cannot answer the query")]
    Query(#[source] DataFusionError),
    /// A row lies beyond the position that the append says it covers.
    #[error("a row at ledger position {position} lies beyond the covered position {covers}")]
    Beyond {
        /// The row's position.
        position: u64,
        /// What the append covers.
        covers: u64,
    },
    /// The table was made with other buckets, or by something else.
    #[error("the lake at `{location}` has {found} buckets where the workspace has {wanted}")]
    Buckets {
        /// The table.
        location: String,
        /// What the table says.
        found: String,
        /// What the workspace says.
        wanted: u16,
    },
    /// The number of buckets is not a power of two.
    #[error("{0} buckets are not a power of two")]
    BucketCount(u16),
    /// Others kept committing; nothing was changed and the call may be repeated.
    #[error("the lake kept changing while it was to be {doing}; try again")]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// A worker thread died.
    #[error("a worker of the lake stopped")]
    Worker(#[source] tokio::task::JoinError),
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// The log names it and the store does not have it.
    #[error("is missing")]
    Missing,
    /// It has another length than the log says.
    #[error("is {found} bytes long where the log says {expected}")]
    Size {
        /// Bytes in the store.
        found: u64,
        /// Bytes in the log.
        expected: u64,
    },
    /// It has another number of rows than the log says.
    #[error("has {found} rows where the log says {expected}")]
    Rows {
        /// Rows in the file.
        found: u64,
        /// Rows in the log.
        expected: u64,
    },
    /// Its bytes cannot be read as Parquet.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// A column is missing or of another type.
    #[error("has no readable column `{0}`")]
    Column(&'static str),
    /// A value is not one that the product writes.
    #[error("has an unknown {0} in row {1}")]
    Value(&'static str, usize),
    /// Its rows are not in the order of customers and their stories.
    #[error("is out of order at row {0}")]
    Order(usize),
    /// A row belongs to another bucket.
    #[error("holds a customer of another bucket in row {0}")]
    Bucket(usize),
}

impl LakeError {
    pub(crate) fn delta(doing: &'static str) -> impl FnOnce(DeltaTableError) -> LakeError {
        move |source| LakeError::Delta { doing, source: Box::new(source) }
    }

    pub(crate) fn columns(doing: &'static str) -> impl FnOnce(ArrowError) -> LakeError {
        move |source| LakeError::Columns { doing, source }
    }

    pub(crate) fn file(path: &str, fault: FileFault) -> LakeError {
        LakeError::File { path: path.to_owned(), fault }
    }
}
