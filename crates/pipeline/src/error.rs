//! What the engine could not do.

use throughline_ledger::LedgerError;
use throughline_store::StoreError;

/// Why the engine could not do something.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is none of that name.
    #[error("there is no {0}")]
    NotFound(String),
    /// It must not be done, or makes no sense.
    #[error("{0}")]
    Refused(String),
    /// Folding lags too far behind the ledger; come back.
    #[error("{lag} interactions wait to be worked in; try again in {retry_after_s} s")]
    Overloaded {
        /// How long to wait, in seconds.
        retry_after_s: u32,
        /// How many wait.
        lag: u64,
    },
    /// No space left.
    #[error("the disk is full; nothing acknowledged is lost, and receiving goes on when there is space")]
    DiskFull,
    /// A file is damaged.
    #[error("{0}")]
    Damaged(String),
    /// The store.
    #[error(transparent)]
    Store(StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The timelines.
    #[error("the timelines failed: {0}")]
    Timeline(String),
    /// The open history.
    #[error("the lake failed: {0}")]
    History(String),
    /// A file or folder.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where.
        path: std::path::PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

impl EngineError {
    /// Whether it may go by itself: nothing is wrong with what was asked, the database is out of reach.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unreachable { .. }))
    }
}

impl From<StoreError> for EngineError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::DiskFull { .. } => Self::DiskFull,
            other => Self::Store(other),
        }
    }
}

impl From<LedgerError> for EngineError {
    fn from(e: LedgerError) -> Self {
        match e {
            LedgerError::DiskFull { .. } => Self::DiskFull,
            LedgerError::Busy { pending } => Self::Overloaded { retry_after_s: 1, lag: pending / 700 },
            other => Self::Ledger(other),
        }
    }
}

impl From<throughline_timeline::ScanError> for EngineError {
    fn from(e: throughline_timeline::ScanError) -> Self {
        Self::Timeline(e.to_string())
    }
}
