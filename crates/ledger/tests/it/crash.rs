//! A process that is killed while it appends and erases loses nothing it has answered.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use throughline_ledger::{Ledger, Options, Verdict};

use crate::{interaction, scratch};

const DIR: &str = "THROUGHLINE_CRASH_DIR";
const FIRST: &str = "THROUGHLINE_CRASH_FIRST";
const THREADS: u64 = 4;
const BATCH: u64 = 7;

fn options() -> Options {
    Options { segment_bytes: 60_000, table_entries: 300, fanout: 2, ..Options::default() }
}

/// Not a test of its own: what the killed process does.
#[test]
fn child() {
    let (Ok(dir), Ok(first)) = (std::env::var(DIR), std::env::var(FIRST)) else {
        return;
    };
    let (ledger, _) = Ledger::open(Path::new(&dir), options()).unwrap();
    let next = AtomicU64::new(first.parse().unwrap());
    let work = || loop {
        let start = next.fetch_add(BATCH, Ordering::Relaxed);
        let batch = (start..start + BATCH).map(|key| interaction(key.into(), 1)).collect();
        let verdicts = ledger.append(batch).unwrap();
        let mut said = String::new();
        for (key, verdict) in (start..).zip(verdicts) {
            let Verdict::Accepted(position) = verdict else { panic!("{verdict:?}") };
            said += &format!("kept {key} {position}\n");
        }
        if start.is_multiple_of(3) {
            let position = ledger.find(start.into()).unwrap().unwrap().0;
            ledger.erase(&[position]).unwrap();
            said += &format!("erased {start} {position}\n");
        }
        std::io::stdout().write_all(said.as_bytes()).unwrap();
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_and_doubles_nothing() {
    let rounds = if std::env::var_os("THROUGHLINE_FULL").is_some() { 50 } else { 10 };
    let dir = scratch();
    let mut kept: HashMap<u64, u64> = HashMap::new();
    let mut erased: Vec<u64> = Vec::new();
    let mut first = 1_u64;
    let mut seed = u64::from(std::process::id());
    for _ in 0..rounds {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines_to_live = (seed >> 33) % 600;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(DIR, dir.path())
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = 0;
        let mut end = first;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            // The last line may be cut short by the kill.
            let (word, key, position) = match words[..] {
                [word, key, position] => (word, key.parse::<u64>(), position.parse::<u64>()),
                _ => continue,
            };
            let (Ok(key), Ok(position)) = (key, position) else {
                continue;
            };
            match word {
                "kept" => assert_eq!(kept.insert(key, position), None),
                "erased" => erased.push(position),
                _ => continue,
            }
            end = end.max(key + 1);
            said += 1;
            if said == lines_to_live + 1 {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success());
        // What was under way but not answered may be there or not; it is sent again.
        end += THREADS * BATCH * 2;
        let (ledger, report) = Ledger::open(dir.path(), options()).unwrap();
        assert_eq!(report.rebuilt_runs, []);
        for (&key, &position) in &kept {
            let frame = ledger.read(position).unwrap();
            assert_eq!(frame.header.key, u128::from(key));
            assert!(frame.header.erased || frame.payload == interaction(key.into(), 1).payload);
        }
        for &position in &erased {
            assert!(ledger.read(position).unwrap().header.erased);
        }
        let batch = (first..end).map(|key| interaction(key.into(), 1)).collect();
        for (key, verdict) in (first..).zip(ledger.append(batch).unwrap()) {
            match (kept.get(&key), verdict) {
                (Some(&position), verdict) => assert_eq!(verdict, Verdict::Duplicate(position)),
                (None, Verdict::Accepted(position) | Verdict::Duplicate(position)) => {
                    kept.insert(key, position);
                }
                (None, Verdict::Conflict(_)) => panic!("frame {key} is a conflict"),
            }
        }
        assert_eq!(ledger.last_position(), kept.len() as u64);
        assert_eq!(ledger.verify(|_| ()).unwrap(), []);
        ledger.close();
        first = end;
    }
}
