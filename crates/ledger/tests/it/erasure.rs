//! Erasing, also when it is interrupted anywhere.

use std::fs;

use throughline_ledger::{Ledger, LedgerError, Problem, Verdict};

use crate::{check_same, copy, files, interaction, interactions, open, scratch};

fn holds(dir: &std::path::Path, text: &str) -> bool {
    let found = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    files(dir, "seg").iter().any(|path| found(&fs::read(path).unwrap()))
}

#[test]
fn an_erased_payload_is_gone_and_its_key_stays() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    for start in (1..=120).step_by(4) {
        ledger.append(interactions(start..start + 4)).unwrap();
    }
    assert!(holds(dir.path(), "message 77 says"));
    assert_eq!(ledger.erase(&[77, 3, 3, 120]).unwrap(), 3);
    assert_eq!(ledger.erase(&[77, 4]).unwrap(), 1);
    assert!(matches!(ledger.erase(&[121]), Err(LedgerError::NoSuchPosition { .. })));
    assert!(!holds(dir.path(), "message 77 says") && holds(dir.path(), "message 78 says"));
    check_erased(&ledger);
    ledger.close();
    let (ledger, report) = open(dir.path());
    assert_eq!((report.last_position, report.finished_erasures), (120, 0));
    check_erased(&ledger);
}

/// Of interactions 1 to 120, four are erased; all are known.
fn check_erased(ledger: &Ledger) {
    for position in 1..=120 {
        let frame = ledger.read(position).unwrap();
        let new = interaction(u128::from(position), 1);
        if [3, 4, 77, 120].contains(&position) {
            assert!(frame.header.erased && frame.payload.is_empty());
            assert_eq!((frame.header.key, frame.header.node), (new.key, new.node));
            assert_eq!(frame.header.payload_len as usize, new.payload.len());
        } else {
            check_same(&frame, &new);
        }
        assert_eq!(ledger.append(vec![new]).unwrap(), [Verdict::Duplicate(position)]);
    }
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

/// An erasure list as an interrupted erasure leaves it: segment, offset, position.
fn list(targets: &[(u64, u64, u64)]) -> Vec<u8> {
    let mut bytes = b"TLerasin".to_vec();
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&(targets.len() as u32).to_le_bytes());
    for (segment, offset, position) in targets {
        for word in [segment, offset, position] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

#[test]
fn an_interrupted_erasure_is_finished_at_the_next_start() {
    let model = scratch();
    let (ledger, _) = open(model.path());
    ledger.append(interactions(1..5)).unwrap();
    ledger.close();
    let offset = 32 + 72 + interaction(1, 1).payload.len();
    let length = interaction(2, 1).payload.len();
    let whole = fs::read(&files(model.path(), "seg")[0]).unwrap();
    let mut flagged = whole[offset..offset + 72].to_vec();
    flagged[3] |= 1;
    let crc = crc32fast::hash(&flagged[..68]);
    flagged[68..].copy_from_slice(&crc.to_le_bytes());
    // (bytes of the new header that came to the disk, bytes of zeros that did)
    let flag_only: fn(usize) -> bool = |at| at == 3;
    let crc_only: fn(usize) -> bool = |at| at >= 68;
    let none: fn(usize) -> bool = |_| false;
    let all: fn(usize) -> bool = |_| true;
    for (header, zeros) in [(none, 0), (flag_only, 0), (crc_only, 0), (all, 0), (all, length / 2), (all, length)] {
        let dir = scratch();
        copy(model.path(), dir.path());
        let mut bytes = whole.clone();
        for at in (0..72).filter(|&at| header(at)) {
            bytes[offset + at] = flagged[at];
        }
        bytes[offset + 72..offset + 72 + zeros].fill(0);
        fs::write(&files(dir.path(), "seg")[0], bytes).unwrap();
        fs::write(dir.path().join("erasing"), list(&[(1, offset as u64, 2)])).unwrap();
        let (ledger, report) = open(dir.path());
        assert_eq!((report.finished_erasures, report.last_position), (1, 4));
        assert!(ledger.read(2).unwrap().header.erased);
        assert!(!holds(dir.path(), "message 2 says"));
        assert_eq!(ledger.verify(|_| ()).unwrap(), []);
        assert_eq!(ledger.erase(&[2]).unwrap(), 0);
    }
}

#[test]
fn an_erasure_that_failed_half_way_is_finished_by_the_next_one() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    ledger.append(interactions(1..5)).unwrap();
    let offset = 32 + 72 + interaction(1, 1).payload.len() as u64;
    fs::write(dir.path().join("erasing"), list(&[(1, offset, 2)])).unwrap();
    ledger.erase(&[4]).unwrap();
    assert!(ledger.read(2).unwrap().header.erased && ledger.read(4).unwrap().header.erased);
    assert!(!holds(dir.path(), "message 2 says"));
    assert!(!dir.path().join("erasing").exists());
}

#[test]
fn a_flagged_frame_reads_as_erased_whatever_it_holds() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    ledger.append(interactions(1..3)).unwrap();
    ledger.close();
    let path = files(dir.path(), "seg").remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[32 + 3] |= 1;
    let crc = crc32fast::hash(&bytes[32..32 + 68]);
    bytes[32 + 68..32 + 72].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let (ledger, _) = open(dir.path());
    let frame = ledger.read(1).unwrap();
    assert!(frame.header.erased && frame.payload.is_empty());
    let damages = ledger.verify(|_| ()).unwrap();
    assert_eq!(damages.len(), 1);
    assert_eq!((damages[0].position, &damages[0].problem), (Some(1), &Problem::NotZeroed));
    ledger.erase(&[1]).unwrap();
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

#[test]
fn readers_never_see_half_an_erasure() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    ledger.append(interactions(1..201)).unwrap();
    std::thread::scope(|scope| {
        let eraser = scope.spawn(|| {
            for position in 1..=20 {
                ledger.erase(&[position * 10, position * 10 - 1]).unwrap();
            }
        });
        while !eraser.is_finished() {
            assert_eq!(ledger.read_from(1, 1000, 1 << 20).unwrap().len(), 200);
        }
    });
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}
