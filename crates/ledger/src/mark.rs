//! The mark: a lower bound of what was acknowledged.
//!
//! After each sync of the log the writer notes the position here, without a sync of its own: the
//! system writes it when it likes. Whatever is found after a crash was therefore true once, so
//! damage at or before it is rot and never a torn tail.
//!
//! `magic 8 "TLmarked", version 4 (1), crc 4 over the position, position 8`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::LedgerError;
use crate::frame::{u32_at, u64_at};

const MAGIC: &[u8; 8] = b"TLmarked";
const VERSION: u32 = 1;

/// The open mark file.
#[derive(Debug)]
pub(crate) struct Mark {
    file: File,
}

impl Mark {
    /// Opens the mark and reads what it says; 0 if it says nothing readable.
    pub(crate) fn open(dir: &Path) -> Result<(Mark, u64), LedgerError> {
        let path = dir.join("mark");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| LedgerError::io("open", &path, source))?;
        let position = read_from(&file).unwrap_or(0);
        Ok((Mark { file }, position))
    }

    pub(crate) fn note(&self, position: u64) -> io::Result<()> {
        let mut bytes = [0; 24];
        bytes[0..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&position.to_le_bytes());
        let crc = crc32fast::hash(&bytes[16..24]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        self.file.write_all_at(&bytes, 0)
    }
}

/// What the mark of a directory says, without opening the ledger; 0 if nothing readable.
pub(crate) fn read(dir: &Path) -> u64 {
    File::open(dir.join("mark")).ok().and_then(|file| read_from(&file)).unwrap_or(0)
}

fn read_from(file: &File) -> Option<u64> {
    let mut bytes = [0; 24];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let sound =
        bytes[0..8] == *MAGIC && u32_at(&bytes, 8) == VERSION && u32_at(&bytes, 12) == crc32fast::hash(&bytes[16..24]);
    sound.then(|| u64_at(&bytes, 16))
}
