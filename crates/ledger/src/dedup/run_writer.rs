//! Writing a run: entries come sorted, the file appears whole or not at all.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::entry::{ENTRY, Entry};
use super::filter::Filter;
use super::run::{BLOCK, PER_BLOCK, Run, RunHeader};
use crate::error::LedgerError;
use crate::segment;

/// So much is written and synced at once, so that the log never waits behind a long sync.
const CHUNK: usize = 4 << 20;

/// A run in the making.
pub(crate) struct RunWriter {
    path: PathBuf,
    file: File,
    written: u64,
    chunk: Vec<u8>,
    in_block: usize,
    fences: Vec<u128>,
    filter: Filter,
    count: u64,
    sum: u64,
    finished: bool,
}

/// Which frames a run covers, and how often it was merged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cover {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) level: u32,
}

impl Cover {
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{:016x}-{}.run", self.to, self.level))
    }
}

impl RunWriter {
    /// `keys` is how many entries come at most.
    pub(crate) fn create(dir: &Path, cover: Cover, keys: u64) -> Result<RunWriter, LedgerError> {
        let path = cover.path(dir).with_extension("new");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|source| LedgerError::io("create", &path, source))?;
        Ok(RunWriter {
            path,
            file,
            written: BLOCK as u64,
            chunk: Vec::with_capacity(CHUNK + BLOCK),
            in_block: 0,
            fences: Vec::new(),
            filter: Filter::for_keys(keys),
            count: 0,
            sum: 0,
            finished: false,
        })
    }

    pub(crate) fn push(&mut self, entry: Entry) -> Result<(), LedgerError> {
        if self.in_block == 0 {
            self.fences.push(entry.key);
        }
        self.chunk.extend_from_slice(&entry.encode());
        self.filter.insert(entry.key);
        self.sum = self.sum.wrapping_add(entry.fingerprint());
        self.count += 1;
        self.in_block += 1;
        if self.in_block == PER_BLOCK {
            self.end_block();
            if self.chunk.len() >= CHUNK {
                self.write_chunk()?;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) {
        let start = self.chunk.len() - self.in_block * ENTRY;
        self.chunk.resize(start + PER_BLOCK * ENTRY, 0);
        self.chunk.extend_from_slice(&(self.in_block as u32).to_le_bytes());
        let crc = crc32fast::hash(&self.chunk[start..]);
        self.chunk.extend_from_slice(&crc.to_le_bytes());
        self.chunk.resize(start + BLOCK, 0);
        self.in_block = 0;
    }

    fn write_chunk(&mut self) -> Result<(), LedgerError> {
        let write = || -> io::Result<()> {
            self.file.write_all_at(&self.chunk, self.written)?;
            self.file.sync_data()
        };
        write().map_err(|source| LedgerError::io("write", &self.path, source))?;
        self.written += self.chunk.len() as u64;
        self.chunk.clear();
        Ok(())
    }

    /// Writes what is left and gives the file its name.
    pub(crate) fn finish(mut self, dir: &Path, cover: Cover) -> Result<Run, LedgerError> {
        if self.in_block > 0 {
            self.end_block();
        }
        self.write_chunk()?;
        let mut fences_crc = crc32fast::Hasher::new();
        for at in 0..self.fences.len() {
            let bytes = self.fences[at].to_le_bytes();
            fences_crc.update(&bytes);
            self.chunk.extend_from_slice(&bytes);
            if self.chunk.len() >= CHUNK {
                self.write_chunk()?;
            }
        }
        let mut filter_crc = crc32fast::Hasher::new();
        for at in 0..self.filter.words().len() {
            let bytes = self.filter.words()[at].to_le_bytes();
            filter_crc.update(&bytes);
            self.chunk.extend_from_slice(&bytes);
            if self.chunk.len() >= CHUNK {
                self.write_chunk()?;
            }
        }
        self.write_chunk()?;
        let header = RunHeader {
            level: cover.level,
            count: self.count,
            from: cover.from,
            to: cover.to,
            sum: self.sum,
            blocks: self.fences.len() as u64,
            filter_bytes: self.filter.bytes() as u64,
            fences_crc: fences_crc.finalize(),
            filter_crc: filter_crc.finalize(),
        };
        let path = cover.path(dir);
        let name = || -> io::Result<File> {
            self.file.write_all_at(&header.encode(), 0)?;
            self.file.sync_all()?;
            fs::rename(&self.path, &path)?;
            segment::sync_dir(dir)?;
            self.file.try_clone()
        };
        let file = name().map_err(|source| LedgerError::io("write", &path, source))?;
        self.finished = true;
        Ok(Run {
            path,
            header,
            file,
            fences: std::mem::take(&mut self.fences),
            filter: std::mem::replace(&mut self.filter, Filter::for_keys(0)),
        })
    }
}

/// A run that was given up leaves no file.
impl Drop for RunWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes entries in any order as one run.
pub(crate) fn write_sorted(dir: &Path, cover: Cover, mut entries: Vec<Entry>) -> Result<Run, LedgerError> {
    entries.sort_unstable_by_key(|entry| (entry.key, entry.position));
    entries.dedup_by_key(|entry| entry.key);
    let mut writer = RunWriter::create(dir, cover, entries.len() as u64)?;
    for entry in entries {
        writer.push(entry)?;
    }
    writer.finish(dir, cover)
}
