//! What a crash leaves at the end of the log.

use std::fs;
use std::path::Path;

use throughline_ledger::{Ledger, LedgerError, Problem, Verdict, verify};

use crate::{check_plain, copy, files, interaction, interactions, open, plain, scratch, tiny};

/// Cuts the last segment, as if the end had never reached the disk nor been acknowledged.
fn cut(dir: &Path, length: u64) {
    fs::remove_file(dir.join("mark")).unwrap();
    let path = files(dir, "seg").pop().unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn last_length(dir: &Path) -> u64 {
    files(dir, "seg").pop().unwrap().metadata().unwrap().len()
}

fn end_of(key: u64) -> u64 {
    72 + interaction(u128::from(key), 1).payload.len() as u64
}

#[test]
fn a_tail_cut_at_any_byte_loses_only_what_was_cut() {
    let model = scratch();
    plain(model.path(), 30);
    let (ledger, _) = open(model.path());
    ledger.append(interactions(31..34)).unwrap();
    ledger.close();
    let first =
        u64::from_str_radix(files(model.path(), "seg").pop().unwrap().file_stem().unwrap().to_str().unwrap(), 16)
            .unwrap();
    let length = last_length(model.path());
    for left in (0..=length).rev() {
        let dir = scratch();
        copy(model.path(), dir.path());
        cut(dir.path(), left);
        let (mut end, mut last) = (32, first - 1);
        while last < 33 && end + end_of(last + 1) <= left {
            end += end_of(last + 1);
            last += 1;
        }
        let found = verify(dir.path(), |_| ()).unwrap();
        let found = found.iter().find(|damage| damage.path.extension().unwrap() == "seg");
        assert_eq!(found.is_some(), left != end, "{left} bytes left: {found:?}");
        let start = if left < 32 { 0 } else { end };
        if let Some(damage) = found {
            assert_eq!((&damage.problem, damage.offset), (&Problem::TornTail, start));
        }
        let (ledger, report) = open(dir.path());
        assert_eq!(report.truncated_bytes, left - start, "{left} bytes left");
        assert_eq!(report.truncated_segment.is_some(), left != end);
        assert_eq!(ledger.last_position(), last);
        if left % 40 == 0 {
            check_plain(&ledger, last);
            let again = ledger.append(interactions(last.into()..34)).unwrap();
            let expected: Vec<_> =
                [Verdict::Duplicate(last)].into_iter().chain((last + 1..34).map(Verdict::Accepted)).collect();
            assert_eq!(again, expected);
        }
    }
}

#[test]
fn a_hole_in_the_last_sync_is_a_torn_tail() {
    let dir = scratch();
    plain(dir.path(), 2);
    let (ledger, _) = open(dir.path());
    ledger.append(interactions(3..9)).unwrap();
    ledger.close();
    // A power cut: of the pages of one write, a later one came to the disk and an earlier not.
    fs::remove_file(dir.path().join("mark")).unwrap();
    let path = files(dir.path(), "seg").pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let hole = (32 + end_of(1) + end_of(2) + end_of(3)) as usize;
    bytes[hole..hole + 100].fill(0);
    fs::write(&path, bytes).unwrap();
    let (ledger, report) = open(dir.path());
    assert_eq!(report.last_position, 3);
    assert!(report.truncated_bytes > 0);
    check_plain(&ledger, 3);
}

#[test]
fn a_hole_that_a_later_sync_follows_is_damage() {
    let dir = scratch();
    plain(dir.path(), 8);
    fs::remove_file(dir.path().join("mark")).unwrap();
    let path = files(dir.path(), "seg").pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let hole = (32 + end_of(1) + end_of(2) + end_of(3)) as usize;
    bytes[hole..hole + 100].fill(0);
    fs::write(&path, bytes).unwrap();
    let error = Ledger::open(dir.path(), tiny()).unwrap_err();
    let LedgerError::Damaged(damage) = error else { panic!("{error}") };
    assert_eq!((damage.position, damage.offset), (Some(4), hole as u64));
    assert_eq!((&damage.path, &damage.problem), (&path, &Problem::NotAFrame));
}

#[test]
fn a_tail_that_was_acknowledged_is_never_cut() {
    let dir = scratch();
    plain(dir.path(), 5);
    let path = files(dir.path(), "seg").pop().unwrap();
    let length = last_length(dir.path());
    for left in [length - 1, length - end_of(5), 33, 32, 10] {
        fs::File::options().write(true).open(&path).unwrap().set_len(left).unwrap();
        let error = Ledger::open(dir.path(), tiny()).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged(_)), "{left} bytes left: {error}");
        assert!(!verify(dir.path(), |_| ()).unwrap().is_empty());
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(Ledger::open(dir.path(), tiny()), Err(LedgerError::Damaged(_))));
    // Whoever accepts the loss says so by deleting the mark; runs that know more are made again.
    fs::remove_file(dir.path().join("mark")).unwrap();
    let (ledger, _) = open(dir.path());
    assert_eq!(ledger.append(interactions(1..3)).unwrap(), [Verdict::Accepted(1), Verdict::Accepted(2)]);
    check_plain(&ledger, 2);
}
