//! What can go wrong, and what somebody can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the ledger could not do what it was asked to.
///
/// It is `Clone`, because one failed sync is the answer to every batch that waited for it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// The verb, such as `read` or `sync`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// No space is left. Nothing of the batch was kept; the same batch can be sent again once
    /// there is space.
    #[error("no space left for `{}`: free space on this disk and send the batch again", path.display())]
    DiskFull {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// Another process has this ledger open.
    #[error("the ledger `{}` is in use by another process: stop it first", path.display())]
    InUse {
        /// The ledger's directory.
        path: PathBuf,
    },
    /// Bytes that were acknowledged cannot be read back.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// A batch or one payload is larger than the ledger takes.
    #[error("a batch of {bytes} bytes is over the limit of {limit}: split it")]
    TooLarge {
        /// Size of what was given.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A position that was never written.
    #[error("there is no frame {position}: the ledger holds 1 to {last}")]
    NoSuchPosition {
        /// The position asked for.
        position: u64,
        /// The last one there is.
        last: u64,
    },
    /// More waits to be written than the options allow.
    #[error("{pending} bytes wait to be written: try again shortly")]
    Busy {
        /// Bytes waiting.
        pending: u64,
    },
    /// An option that cannot work.
    #[error("option `{name}` must be {expected}")]
    Option {
        /// The option.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The ledger was closed, or a sync failed and the writer stopped rather than guess what is
    /// on the disk.
    #[error("the ledger takes nothing any more ({reason}): open it again")]
    Stopped {
        /// Why it stopped.
        reason: Arc<str>,
    },
}

impl LedgerError {
    /// Tells a full disk from every other refusal.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                LedgerError::DiskFull { path: path.to_owned() }
            }
            _ => LedgerError::Io { action, path: path.to_owned(), source: Arc::new(source) },
        }
    }
}

impl From<Damage> for LedgerError {
    fn from(damage: Damage) -> Self {
        LedgerError::Damaged(Box::new(damage))
    }
}

/// One damaged place in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Byte offset in the file where the damaged frame, block or header starts.
    pub offset: u64,
    /// The frame that should be there, when a frame should be there.
    pub position: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is damaged at byte {}", self.path.display(), self.offset)?;
        if let Some(position) = self.position {
            write!(f, " (frame {position})")?;
        }
        write!(f, ": {}; {}", self.problem, self.problem.advice())
    }
}

impl std::error::Error for Damage {}

/// What is wrong with a damaged place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file ends inside a frame.
    #[error("the file ends inside a frame")]
    CutShort,
    /// A write that a crash interrupted, at the very end; only a ledger that is not open has one.
    #[error("a crash interrupted this write before it was acknowledged")]
    TornTail,
    /// No frame starts here.
    #[error("no frame starts here")]
    NotAFrame,
    /// The header does not match its checksum.
    #[error("the frame header does not match its checksum")]
    HeaderChecksum,
    /// The payload does not match its checksum.
    #[error("the payload does not match its checksum")]
    PayloadChecksum,
    /// An encrypted payload whose key is not here, or is another one.
    #[error("the payload is encrypted, and not with the key that is here")]
    Undecrypted,
    /// A kind this version does not know.
    #[error("frame kind {0} is unknown to this version")]
    UnknownKind(u8),
    /// A sound frame of another position.
    #[error("the frame says it is number {found}")]
    WrongPosition {
        /// What the frame says.
        found: u64,
    },
    /// An erased frame whose payload is not zeros.
    #[error("the frame is marked as erased but its payload is not zeros")]
    NotZeroed,
    /// The segment's own header is wrong.
    #[error("the segment header does not match its checksum or its file name")]
    SegmentHeader,
    /// A later version wrote the file.
    #[error("format version {0} is unknown to this version")]
    UnknownVersion(u32),
    /// A segment is not where the others say it should be.
    #[error("the segment that starts with frame {first} is missing")]
    MissingSegment {
        /// Its first position.
        first: u64,
    },
    /// The log ends before what was acknowledged.
    #[error("frames up to {acknowledged} were acknowledged but the log ends before them")]
    AcknowledgedMissing {
        /// The last position known to be acknowledged.
        acknowledged: u64,
    },
    /// A sparse index that does not describe its segment.
    #[error("the offsets do not describe their segment")]
    Index,
    /// A run of the duplicate index: header, fences or filter.
    #[error("the run's header, fences or filter do not match their checksum")]
    RunHeader,
    /// A block of a run of the duplicate index.
    #[error("a block of message keys does not match its checksum")]
    RunBlock,
    /// The runs hold other keys than the frames they cover.
    #[error("the message keys differ from those of the frames they cover")]
    RunContent,
    /// An unfinished erasure that names something else than a frame.
    #[error("the list of frames to erase cannot be read")]
    ErasureList,
}

impl Problem {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Problem::UnknownVersion(_) | Problem::UnknownKind(_) => {
                "open it with the version of throughline that wrote it, or a later one"
            }
            Problem::Index | Problem::RunHeader | Problem::RunBlock | Problem::RunContent => {
                "it is derived: delete the file and it is rebuilt at the next start"
            }
            Problem::TornTail => "nothing is lost: the next start cuts it off",
            Problem::Undecrypted => "put the key file back with which it was written; nothing is damaged",
            Problem::NotZeroed => "erase the frame again",
            Problem::ErasureList => {
                "delete the file and repeat the erasures that were running when the machine stopped"
            }
            Problem::AcknowledgedMissing { .. } => {
                "restore the segment from a backup; to go on without these frames delete `mark`"
            }
            Problem::CutShort
            | Problem::NotAFrame
            | Problem::HeaderChecksum
            | Problem::PayloadChecksum
            | Problem::WrongPosition { .. }
            | Problem::SegmentHeader
            | Problem::MissingSegment { .. } => {
                "restore this segment from a backup; `throughline check` lists all damaged places"
            }
        }
    }
}
