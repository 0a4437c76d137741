//! A real file system without space.

use std::fs;
use std::path::Path;
use std::process::Command;

use throughline_ledger::{FrameKind, Ledger, LedgerError, NewFrame, Options, Verdict};

use crate::interaction;

/// A small file system in memory, taken away again at the end.
struct Small<'a>(&'a Path);

impl Small<'_> {
    fn mount(path: &Path) -> Option<Small<'_>> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(path).output();
        mount.is_ok_and(|mount| mount.status.success()).then(|| Small(path))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_whole_batches_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(dir.path()) else {
        println!("skipped: a file system of 2 MB cannot be mounted by this user");
        return;
    };
    let ballast = small.0.join("ballast");
    fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let options = Options { segment_bytes: 150_000, table_entries: 100, ..Options::default() };
    let path = small.0.join("ledger");
    let (ledger, _) = Ledger::open(&path, options.clone()).unwrap();
    let frame = |key: u64| NewFrame { payload: vec![key as u8; 700], ..interaction(key.into(), 1) };
    let batch = |number: u64| (number * 10 + 1..=number * 10 + 10).map(frame).collect::<Vec<_>>();
    let mut full = 0;
    loop {
        match ledger.append(batch(full)) {
            Ok(verdicts) => assert_eq!(verdicts[0], Verdict::Accepted(full * 10 + 1)),
            Err(LedgerError::DiskFull { .. }) => break,
            Err(error) => panic!("{error}"),
        }
        full += 1;
    }
    assert!(full > 50);
    // Reading goes on, smaller batches may still fit, and nothing of the refused one was kept.
    assert_eq!(ledger.last_position(), full * 10);
    assert_eq!(ledger.find(u128::from(full * 10 + 1)).unwrap(), None);
    assert_eq!(ledger.read(full * 10).unwrap().payload, vec![(full * 10) as u8; 700]);
    // The index may give back room at any time, so only what can never fit is sure to be refused again.
    let larger_than_the_disk = (0..4_000).map(|i| frame(1_000_000 + i)).collect::<Vec<_>>();
    assert!(matches!(ledger.append(larger_than_the_disk), Err(LedgerError::DiskFull { .. })));
    assert_eq!(ledger.last_position(), full * 10);
    fs::remove_file(&ballast).unwrap();
    // The index may wait a moment before it tries again; appends go on as soon as it has room.
    let verdicts = loop {
        match ledger.append(batch(full)) {
            Err(LedgerError::DiskFull { .. }) => std::thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    assert_eq!(verdicts[9], Verdict::Accepted(full * 10 + 10));
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
    ledger.close();
    let (ledger, report) = Ledger::open(&path, options).unwrap();
    assert_eq!((report.last_position, report.truncated_bytes), (full * 10 + 10, 0));
    assert_eq!(ledger.append(batch(full)).unwrap()[0], Verdict::Duplicate(full * 10 + 1));
    assert_eq!(ledger.read(1).unwrap().header.kind, FrameKind::Interaction);
    ledger.close();
}
