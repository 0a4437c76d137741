//! Appending, reading, waiting; many threads at once.

use std::sync::mpsc;
use std::time::Duration;

use throughline_ledger::{FrameKind, Ledger, LedgerError, NewFrame, Options, Verdict};

use crate::{check_plain, check_same, interaction, interactions, open, scratch, tiny};

#[test]
fn what_is_appended_is_read_before_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, report) = open(dir.path());
    assert_eq!(report.last_position, 0);
    assert!(ledger.read_from(1, 10, 1000).unwrap().is_empty());
    for start in (1..=200).step_by(10) {
        ledger.append(interactions(start..start + 10)).unwrap();
    }
    check_plain(&ledger, 200);
    ledger.close();
    let (ledger, report) = open(dir.path());
    assert!(report.segments > 5);
    assert_eq!((report.last_position, report.truncated_bytes), (200, 0));
    assert_eq!(report.rebuilt_offsets, [] as [std::path::PathBuf; 0]);
    check_plain(&ledger, 200);
    assert_eq!(ledger.append(interactions(201..202)).unwrap(), [Verdict::Accepted(201)]);
}

#[test]
fn reading_in_order_obeys_its_limits() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    ledger.append(interactions(1..51)).unwrap();
    ledger.append(interactions(51..101)).unwrap();
    let mut position = 1;
    for limit in (1..100).cycle() {
        let frames = ledger.read_from(position, limit, limit * 50).unwrap();
        if frames.is_empty() {
            break;
        }
        assert!(frames.len() <= limit);
        for frame in &frames {
            check_same(frame, &interaction(u128::from(position), 1));
            position += 1;
        }
    }
    assert_eq!(position, 101);
    let headers = ledger.headers_from(40, 20).unwrap();
    let positions: Vec<u64> = headers.iter().map(|header| header.position).collect();
    assert_eq!(positions, (40..60).collect::<Vec<_>>());
    let asked = [99, 3, 3, 64, 1, 100];
    let frames = ledger.read_many(&asked).unwrap();
    let found: Vec<u64> = frames.iter().map(|frame| frame.header.position).collect();
    assert_eq!(found, asked);
    assert!(matches!(ledger.read(101), Err(LedgerError::NoSuchPosition { position: 101, last: 100 })));
    assert!(ledger.read(0).is_err());
}

#[test]
fn duplicates_and_conflicts_are_recognised_in_one_batch_and_later() {
    use Verdict::{Accepted, Conflict, Duplicate};
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    let batch = || vec![interaction(7, 1), interaction(7, 1), interaction(7, 2), interaction(8, 1), interaction(7, 2)];
    let first = [Accepted(1), Duplicate(1), Conflict(2), Accepted(3), Conflict(2)];
    assert_eq!(ledger.append(batch()).unwrap(), first);
    let again = [Duplicate(1), Duplicate(1), Conflict(2), Duplicate(3), Conflict(2)];
    assert_eq!(ledger.append(batch()).unwrap(), again);
    let aside = ledger.read(2).unwrap();
    check_same(&aside, &interaction(7, 2));
    assert!(aside.header.conflict && aside.header.kind == FrameKind::Quarantined);
    ledger.append(interactions(100..150)).unwrap();
    ledger.close();
    let (ledger, _) = open(dir.path());
    assert_eq!(ledger.append(batch()).unwrap(), again);
    assert_eq!(ledger.find(7).unwrap(), Some((1, 1)));
    assert_eq!(ledger.find(9).unwrap(), None);
}

#[test]
fn only_interactions_are_unique_by_key() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    let of = |kind, key| NewFrame { kind, ..interaction(key, 1) };
    let tally = of(FrameKind::Tally, 5);
    let erasure = of(FrameKind::Erasure, 5);
    let batch = vec![tally.clone(), tally, erasure, interaction(5, 1)];
    let accepted: Vec<_> = (1..=4).map(Verdict::Accepted).collect();
    assert_eq!(ledger.append(batch).unwrap(), accepted);
    // What a caller puts aside itself is kept once for each key and content, unless it has no key.
    let aside = of(FrameKind::Quarantined, 5);
    let nameless = of(FrameKind::Quarantined, 0);
    let batch = vec![aside.clone(), aside, nameless.clone(), nameless];
    let verdicts = ledger.append(batch).unwrap();
    use Verdict::{Accepted, Duplicate};
    assert_eq!(verdicts, [Accepted(5), Duplicate(5), Accepted(6), Accepted(7)]);
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

#[test]
fn many_threads_share_syncs_and_each_key_is_kept_once() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    // Every thread sends the same keys in an order of its own.
    let accepted: usize = std::thread::scope(|scope| {
        let work = |thread: u128| {
            let ledger = &ledger;
            move || {
                let mut accepted = 0;
                for round in 0..40 {
                    let key = |slot: u128| 1 + (slot * 7 + round * 11 + thread * 131) % 440;
                    let batch = (0..11).map(|slot| interaction(key(slot), 1)).collect();
                    let verdicts = ledger.append(batch).unwrap();
                    for (slot, verdict) in (0..11).zip(&verdicts) {
                        let (Verdict::Accepted(position) | Verdict::Duplicate(position)) = *verdict else {
                            panic!("{verdict:?}");
                        };
                        assert_eq!(ledger.read(position).unwrap().header.key, key(slot));
                        accepted += usize::from(*verdict == Verdict::Accepted(position));
                    }
                }
                accepted
            }
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(accepted as u64, ledger.last_position());
    let mut keys: Vec<u128> = ledger.headers_from(1, 10_000).unwrap().iter().map(|header| header.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), accepted);
    assert!(ledger.stats().syncs <= 320);
    assert_eq!(ledger.verify(|_| ()).unwrap(), []);
}

#[test]
fn later_answers_come_and_a_full_queue_refuses() {
    let dir = scratch();
    let options = Options { max_pending_bytes: 0, ..tiny() };
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let (answers, answered) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let (reached, reach) = mpsc::channel::<()>();
    let sender = answers.clone();
    ledger.append_later(interactions(1..3), move |answer| {
        reached.send(()).unwrap();
        held.recv().unwrap();
        sender.send(answer).unwrap();
    });
    // The writer is busy with this answer now; the next batch waits; the third is refused.
    reach.recv().unwrap();
    let sender = answers.clone();
    ledger.append_later(interactions(3..5), move |answer| sender.send(answer).unwrap());
    let sender = answers.clone();
    ledger.append_later(interactions(5..7), move |answer| sender.send(answer).unwrap());
    assert!(matches!(answered.recv().unwrap(), Err(LedgerError::Busy { .. })));
    release.send(()).unwrap();
    use Verdict::Accepted;
    assert_eq!(answered.recv().unwrap().unwrap(), [Accepted(1), Accepted(2)]);
    assert_eq!(answered.recv().unwrap().unwrap(), [Accepted(3), Accepted(4)]);
    // What still waits when the ledger is closed is written and answered.
    let sender = answers.clone();
    ledger.append_later(interactions(5..7), move |answer| sender.send(answer).unwrap());
    ledger.close();
    assert_eq!(answered.recv().unwrap().unwrap(), [Accepted(5), Accepted(6)]);
}

#[test]
fn a_waiting_reader_wakes() {
    let dir = scratch();
    let (ledger, _) = open(dir.path());
    assert_eq!(ledger.wait_beyond(0, Duration::ZERO), 0);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| ledger.wait_beyond(0, Duration::from_secs(60)));
        ledger.append(interactions(1..3)).unwrap();
        assert_eq!(reader.join().unwrap(), 2);
    });
    assert_eq!(ledger.wait_beyond(1, Duration::from_secs(60)), 2);
}

#[test]
fn a_second_process_and_impossible_sizes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = open(dir.path());
    assert!(matches!(Ledger::open(dir.path(), tiny()), Err(LedgerError::InUse { .. })));
    let large = NewFrame { payload: vec![0; (16 << 20) + 1], ..interaction(1, 1) };
    assert!(matches!(ledger.append(vec![large]), Err(LedgerError::TooLarge { .. })));
    let most = NewFrame { payload: vec![7; 16 << 20], ..interaction(1, 1) };
    assert!(matches!(ledger.append(vec![most.clone(); 4]), Err(LedgerError::TooLarge { .. })));
    assert_eq!(ledger.append(vec![most.clone(), interaction(2, 1)]).unwrap().len(), 2);
    assert_eq!(ledger.read(1).unwrap().payload, most.payload);
    ledger.close();
    let (ledger, _) = open(dir.path());
    check_same(&ledger.read(1).unwrap(), &most);
    let wrong = Options { fanout: 1, ..tiny() };
    let other = scratch();
    assert!(matches!(Ledger::open(other.path(), wrong), Err(LedgerError::Option { .. })));
}
