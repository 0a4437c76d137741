//! Rot: a flipped byte anywhere is named, and derived files are made again.

use std::fs;
use std::path::Path;

use throughline_ledger::{Damage, Ledger, LedgerError, Problem, verify};

use crate::{check_plain, copy, files, flip, interactions, open, plain, scratch, tiny};

const FRAMES: u64 = 120;

/// Flips one byte in a copy of a sound ledger and says what the full check finds.
fn check(model: &Path, file: &Path, offset: usize, look: impl FnOnce(&Path, Vec<Damage>)) {
    let dir = scratch();
    copy(model, dir.path());
    let path = dir.path().join(file.strip_prefix(model).unwrap());
    flip(&path, offset);
    let damages = verify(dir.path(), |_| ()).unwrap();
    for damage in &damages {
        assert_eq!(damage.path, path, "byte {offset}");
        let text = damage.to_string();
        assert!(text.contains("is damaged at byte") && text.contains("; "), "{text}");
    }
    look(dir.path(), damages);
}

#[test]
fn a_flipped_byte_of_the_log_is_named_with_file_offset_and_position() {
    let model = scratch();
    plain(model.path(), FRAMES);
    let segments = files(model.path(), "seg");
    for path in [&segments[0], &segments[1], &segments[segments.len() - 1]] {
        let first = u64::from_str_radix(path.file_stem().unwrap().to_str().unwrap(), 16).unwrap();
        let length = path.metadata().unwrap().len() as usize;
        for offset in (0..32).step_by(5).chain((32..length).step_by(13)) {
            check(model.path(), path, offset, |dir, damages| {
                // Bytes 24 to 27 of a segment header mean nothing but are checked as well.
                assert_eq!(damages.len(), 1, "byte {offset}: {damages:?}");
                let damage = &damages[0];
                assert!(damage.offset as usize <= offset);
                let opened = Ledger::open(dir, tiny());
                if offset < 32 {
                    assert_eq!(damage.position, Some(first));
                    assert!(matches!(opened, Err(LedgerError::Damaged(_))));
                    return;
                }
                let position = damage.position.unwrap();
                match opened {
                    Err(LedgerError::Damaged(found)) => assert_eq!(*found, *damage),
                    Err(error) => panic!("{error}"),
                    // In a sealed segment the reader meets it, and only there.
                    Ok((ledger, _)) => {
                        let error = ledger.read(position).unwrap_err();
                        let LedgerError::Damaged(found) = error else { panic!("{error}") };
                        assert_eq!(*found, *damage);
                        assert!(ledger.read_from(first, 1000, 1 << 20).is_err());
                        assert!(
                            ledger.read(position + 1).is_ok()
                                || position == FRAMES
                                || damage.problem != Problem::PayloadChecksum
                        );
                    }
                }
            });
        }
    }
}

#[test]
fn a_missing_segment_is_named() {
    let model = scratch();
    plain(model.path(), FRAMES);
    let segments = files(model.path(), "seg");
    for missing in &segments {
        let dir = scratch();
        copy(model.path(), dir.path());
        fs::remove_file(dir.path().join(missing.file_name().unwrap())).unwrap();
        assert!(matches!(Ledger::open(dir.path(), tiny()), Err(LedgerError::Damaged(_))));
        assert_eq!(verify(dir.path(), |_| ()).unwrap().len(), 1);
    }
}

#[test]
fn derived_files_are_named_and_made_again() {
    let model = scratch();
    plain(model.path(), FRAMES);
    for path in files(model.path(), "idx") {
        for offset in (0..path.metadata().unwrap().len() as usize).step_by(7) {
            check(model.path(), &path, offset, |dir, damages| {
                assert_eq!(damages.len(), 1);
                let (ledger, report) = open(dir);
                assert_eq!(report.rebuilt_offsets.len(), 1);
                check_plain(&ledger, FRAMES);
            });
        }
    }
    for path in files(&model.path().join("dedup"), "run") {
        let length = path.metadata().unwrap().len() as usize;
        // Header, first block, its padding and checksum, fences, filter.
        for offset in [0, 9, 13, 40, 82, 4096, 4096 + 31, 8163, length - 80, length - 64, length - 1] {
            check(model.path(), &path, offset, |dir, damages| {
                assert_eq!(damages.len(), 1, "{} byte {offset}", path.display());
                let (ledger, report) = open(dir);
                // A block is only looked at when a key leads there; then it is made again.
                check_plain(&ledger, FRAMES);
                let made = report.rebuilt_runs.len() as u64 + ledger.stats().repaired_runs;
                assert_eq!(made, 1, "{} byte {offset}", path.display());
                ledger.append(interactions(FRAMES.into()..140)).unwrap();
                check_plain(&ledger, 139);
            });
        }
    }
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let dir = scratch();
    plain(dir.path(), 3);
    let path = files(dir.path(), "seg").remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..28]);
    bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = Ledger::open(dir.path(), tiny()).unwrap_err();
    assert!(error.to_string().contains("format version 2"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
