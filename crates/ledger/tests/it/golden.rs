//! Version 1 of the format, as it was committed, opens for ever.
//!
//! `THROUGHLINE_WRITE_GOLDEN=1` writes the fixture anew; that is right only for a new version,
//! in a new directory.

use std::fs;
use std::path::{Path, PathBuf};

use throughline_ledger::{FrameKind, Ledger, NewFrame, Options, Verdict};

use crate::{check_same, copy, files, interaction, scratch};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1")
}

fn options() -> Options {
    Options { segment_bytes: 4_000, table_entries: 30, fanout: 2, ..Options::default() }
}

/// 64 interactions, a conflict, a tally, an erasure; interaction 5 erased.
fn write(dir: &Path) {
    let (ledger, _) = Ledger::open(dir, options()).unwrap();
    for start in (1..=64).step_by(8) {
        ledger.append((start..start + 8).map(|key| interaction(key, 1)).collect()).unwrap();
    }
    let of = |kind| NewFrame { kind, ..interaction(1000, 9) };
    let rest = vec![interaction(6, 2), of(FrameKind::Tally), of(FrameKind::Erasure)];
    ledger.append(rest).unwrap();
    ledger.erase(&[5]).unwrap();
    ledger.close();
}

#[test]
fn version_1_opens() {
    if std::env::var_os("THROUGHLINE_WRITE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(fixture());
        write(&fixture());
    }
    let dir = scratch();
    copy(&fixture(), dir.path());
    let (ledger, report) = Ledger::open(dir.path(), options()).unwrap();
    assert_eq!((report.last_position, report.truncated_bytes), (67, 0));
    assert_eq!((report.rebuilt_offsets.len(), report.rebuilt_runs.len()), (0, 0));
    assert!(report.segments > 1 && ledger.stats().runs > 0);
    for position in (1..=64).filter(|&position| position != 5) {
        check_same(&ledger.read(position).unwrap(), &interaction(position.into(), 1));
    }
    let kinds: Vec<_> = ledger.headers_from(65, 9).unwrap().iter().map(|header| header.kind).collect();
    assert_eq!(kinds, [FrameKind::Quarantined, FrameKind::Tally, FrameKind::Erasure]);
    assert!(ledger.read(65).unwrap().header.conflict);
    assert!(ledger.read(5).unwrap().header.erased);
    let again = vec![interaction(5, 1), interaction(6, 2), interaction(64, 1)];
    let expected = [Verdict::Duplicate(5), Verdict::Conflict(65), Verdict::Duplicate(64)];
    assert_eq!(ledger.append(again).unwrap(), expected);
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

#[test]
fn the_same_frames_are_written_as_the_same_bytes() {
    let dir = scratch();
    write(dir.path());
    for extension in ["seg", "idx"] {
        let (old, new) = (files(&fixture(), extension), files(dir.path(), extension));
        assert_eq!(old.len(), new.len());
        for (old, new) in old.iter().zip(&new) {
            assert_eq!(old.file_name(), new.file_name());
            assert!(fs::read(old).unwrap() == fs::read(new).unwrap(), "{}", old.display());
        }
    }
}
