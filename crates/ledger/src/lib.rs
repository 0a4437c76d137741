//! The durable, ordered log of one data directory, for all its workspaces.
//!
//! What is appended here is answered after it is on the disk, gets a position (1, 2, 3, … without
//! a hole) and is never edited again; the one exception is an erasure, which overwrites a payload
//! with zeros and keeps the header. Appending the same message key twice gives the first position
//! back, for as long as the data lives.
//!
//! This room must never know what an interaction means: it stores frames. No other room of ours
//! stands below it, and it knows neither HTTP nor an async runtime: it has one writer thread, one
//! thread for the duplicate index, and blocking calls.
//!
//! Read [`frame`](mod@frame) first: the frame is the format that lasts for ever. Then `segment`
//! (the file), `log` (reading), `writer` (group commit), `recovery` (what opening does) and
//! `dedup` (exactly once).
//!
//! ```text
//! ledger/
//!   0000000000000001.seg   frames from position 1, about 128 MB        fact
//!   0000000000000001.idx   where they start, one entry per 32 frames   derived
//!   mark                   everything up to here was acknowledged      lower bound, written without sync
//!   erasing                an erasure that has not finished            only while it runs
//!   lock                   one process at a time
//!   dedup/…-0.run          sorted message keys                         derived
//! ```

mod error;

pub mod frame;

mod cipher;

mod segment;

mod log;

mod mark;

mod scan;

mod recovery;

mod writer;

mod ledger;

mod erase;

mod verify;

mod dedup;

pub mod bench;

pub use cipher::{Binding, Cipher, Undecrypted};
pub use error::{Damage, LedgerError, Problem};
pub use frame::{Frame, FrameHeader, FrameKind, NewFrame};
pub use ledger::{Ledger, Options, Stats, Verdict};
pub use recovery::OpenReport;
pub use verify::{Progress, verify};
