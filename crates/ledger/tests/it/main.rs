//! The ledger against a directory: what is promised, and what crashes, rot and full disks leave
//! of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod append;
mod crash;
mod damage;
mod disk_full;
mod encrypted;
mod erasure;
mod golden;
mod keys;
mod oracle;
mod torn;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use throughline_ledger::{Frame, FrameKind, Ledger, NewFrame, OpenReport, Options, Verdict};

/// Everything small, so that a few hundred frames make many segments, runs and merges.
pub(crate) fn tiny() -> Options {
    Options { segment_bytes: 2_000, table_entries: 7, fanout: 2, ..Options::default() }
}

/// A directory in memory where there is one, so that hundreds of syncs cost nothing.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn open(dir: &Path) -> (Ledger, OpenReport) {
    Ledger::open(dir, tiny()).unwrap()
}

pub(crate) fn interaction(key: u128, content: u64) -> NewFrame {
    NewFrame {
        kind: FrameKind::Interaction,
        workspace: 3,
        key,
        content,
        node: key as u64 ^ 5,
        received_at: 1_700_000_000_000_000 + i64::from(key as u32),
        payload: format!("message {key} says {content}").repeat(1 + key as usize % 3).into_bytes(),
    }
}

pub(crate) fn interactions(keys: std::ops::Range<u128>) -> Vec<NewFrame> {
    keys.map(|key| interaction(key, 1)).collect()
}

/// A frame that was read is the one that was appended.
pub(crate) fn check_same(frame: &Frame, new: &NewFrame) {
    let header = &frame.header;
    assert_eq!(header.workspace, new.workspace);
    assert_eq!((header.key, header.content), (new.key, new.content));
    assert_eq!((header.node, header.received_at), (new.node, new.received_at));
    assert_eq!(frame.payload, new.payload);
}

/// The ledger holds interactions `1..=last` at their own positions, and nothing is damaged.
pub(crate) fn check_plain(ledger: &Ledger, last: u64) {
    assert_eq!(ledger.last_position(), last);
    for position in 1..=last {
        let frame = ledger.read(position).unwrap();
        check_same(&frame, &interaction(u128::from(position), 1));
        assert_eq!(ledger.find(u128::from(position)).unwrap(), Some((position, 1)));
    }
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

/// A ledger with interactions `1..=last`, one batch each, closed.
pub(crate) fn plain(dir: &Path, last: u64) {
    let (ledger, _) = open(dir);
    for key in 1..=last {
        let verdicts = ledger.append(vec![interaction(u128::from(key), 1)]).unwrap();
        assert_eq!(verdicts, [Verdict::Accepted(key)]);
    }
    ledger.close();
}

pub(crate) fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 0x10;
    fs::write(path, bytes).unwrap();
}
