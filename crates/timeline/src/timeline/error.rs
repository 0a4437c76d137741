//! What can go wrong with a timeline.

use crate::builder::BuildError;
use crate::format::Corrupt;
use crate::segment::SegmentError;
use std::path::PathBuf;

/// Why a timeline could not do it. After an error of [`Timeline::apply`](super::Timeline::apply) nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// The operating system refused.
    #[error("cannot {action} {}", file.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is damaged.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The rows do not fit.
    #[error(transparent)]
    Build(BuildError),
    /// Somebody else has the directory open.
    #[error("the timelines in {} are in use by another process", .0.display())]
    InUse(PathBuf),
    /// The directory belongs to another workspace or has another number of buckets.
    #[error("{} holds workspace {workspace} in {buckets} buckets", dir.display())]
    Other {
        /// The directory.
        dir: PathBuf,
        /// Its workspace.
        workspace: u32,
        /// Its buckets.
        buckets: u16,
    },
    /// The number of buckets is not a power of two up to 32768.
    #[error("{0} buckets; a timeline needs a power of two")]
    Buckets(u16),
    /// Changes older than what is known.
    #[error("changes of ledger position {position} come after {covers} was applied")]
    Backwards {
        /// Of the changes.
        position: u64,
        /// Known.
        covers: u64,
    },
    /// A row was offered for a bucket that is not its customer's.
    #[error("a row of bucket {found} came with bucket {bucket}")]
    WrongBucket {
        /// Asked for.
        bucket: u16,
        /// The row's.
        found: u16,
    },
    /// A plan of a flush that a rebuild or another flush has overtaken; its files are gone.
    #[error("the flush was overtaken")]
    Overtaken,
}

impl From<SegmentError> for TimelineError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Io { file, source } => Self::Io { action: "read", file, source },
            SegmentError::Corrupt(corrupt) => Self::Corrupt(corrupt),
        }
    }
}

impl From<BuildError> for TimelineError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            other => Self::Build(other),
        }
    }
}
