//! Message keys against a map, with tables and merges so small that all of it happens.

use std::collections::HashMap;

use throughline_ledger::{Ledger, Options, Verdict};

use crate::{check_plain, files, interaction, plain, scratch};

#[test]
fn known_keys_stay_known_through_runs_merges_and_restarts() {
    let dir = scratch();
    let options = Options { segment_bytes: 50_000, table_entries: 61, fanout: 3, ..Options::default() };
    let mut oracle = HashMap::new();
    let mut seed = 42_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..4 {
        let (ledger, report) = Ledger::open(dir.path(), options.clone()).unwrap();
        assert_eq!(report.rebuilt_runs, []);
        for _ in 0..60 {
            // Keys spread over the whole range, as hashes are, and some that are close together.
            let key = |number: u64| match number % 4 {
                0 => u128::from(number),
                _ => u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
            };
            let batch: Vec<_> = (0..40).map(|_| interaction(key(random(8_000)), 1)).collect();
            let keys: Vec<u128> = batch.iter().map(|frame| frame.key).collect();
            for (key, verdict) in keys.iter().zip(ledger.append(batch).unwrap()) {
                let next = oracle.len() as u64 + 1;
                let expected = match oracle.get(key) {
                    Some(&position) => Verdict::Duplicate(position),
                    None => Verdict::Accepted(next),
                };
                oracle.entry(*key).or_insert(next);
                assert_eq!(verdict, expected);
            }
        }
        for (&key, &position) in &oracle {
            assert_eq!(ledger.find(key).unwrap(), Some((position, 1)));
            assert_eq!(ledger.find(key ^ (1 << 127)).unwrap(), None);
        }
        assert_eq!(ledger.stats().keys, oracle.len() as u64);
        assert_eq!(ledger.verify(|_| ()).unwrap(), []);
    }
}

#[test]
fn without_its_files_the_index_is_made_from_the_frames() {
    let dir = scratch();
    plain(dir.path(), 100);
    std::fs::remove_dir_all(dir.path().join("dedup")).unwrap();
    let (ledger, report) = crate::open(dir.path());
    assert_eq!(report.replayed_headers, 100);
    check_plain(&ledger, 100);
    ledger.close();
    // Half a run of a crash is cleaned away, and inputs left beside a merge's result are ignored.
    std::fs::write(dir.path().join("dedup/00000000000000ff-0.new"), b"half").unwrap();
    let (ledger, report) = crate::open(dir.path());
    assert!(report.replayed_headers < 10);
    check_plain(&ledger, 100);
    assert_eq!(files(&dir.path().join("dedup"), "new"), [] as [std::path::PathBuf; 0]);
}
