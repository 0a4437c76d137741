//! Passes, their states and the merging of states.

use crate::rows::row;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use throughline_timeline::{
    Counts, CountsState, Partial, Pass, PassState, ScanError, ScanOptions, Snapshot, StateError,
};

fn snapshot() -> Snapshot {
    Snapshot::of_rows((0..4_000_u64).map(|i| row(i % 311, i % 5, i)).collect(), 8)
}

#[test]
fn one_interaction_never_fills_two_steps() {
    let mut rows: Vec<_> = (0..3_u64).map(|i| row(1, 1, i)).collect();
    for (at, (row, event)) in rows.iter_mut().zip(["A", "B", "A"]).enumerate() {
        row.event = event.into();
        row.order.occurred_at.0 = 1_700_000_000_000_000 + at as i64;
    }
    let check = |steps: &[&str], expected: &[u64]| {
        let state =
            Snapshot::of_rows(rows.clone(), 1).scan(&Counts::with_steps(steps), &ScanOptions::default()).unwrap();
        assert_eq!(state.steps, expected, "{steps:?}");
    };
    check(&["A", "A"], &[1, 1]);
    check(&["A", "A", "A"], &[1, 1, 0]);
    check(&["B", "A"], &[1, 1]);
    check(&["B", "B"], &[1, 0]);
    check(&["C", "A"], &[0, 0]);
    check(&[], &[]);
    let either = Counts { steps: vec![vec!["B".into(), "A".into()]; 4] };
    let state = Snapshot::of_rows(rows.clone(), 1).scan(&either, &ScanOptions::default()).unwrap();
    assert_eq!(state.steps, [1, 1, 1, 0]);
    assert_eq!(state.drop_off().iter().map(|r| r.lost).collect::<Vec<_>>(), [0, 0, 0, 1]);
}

#[test]
fn passes_share_a_scan() {
    let snapshot = snapshot();
    let (a, b) = (Counts::new(), Counts::with_steps(&["Product Viewed", "Order Completed"]));
    let alone =
        (snapshot.scan(&a, &ScanOptions::default()).unwrap(), snapshot.scan(&b, &ScanOptions::default()).unwrap());
    let both = snapshot.scan(&(a, b), &ScanOptions::default()).unwrap();
    assert_eq!(both, alone);
    let mut bytes = Vec::new();
    both.encode(&mut bytes);
    assert_eq!(<(CountsState, CountsState)>::decode(&bytes), Ok(both));
}

#[test]
fn a_merge_wants_every_bucket_exactly_once() {
    let (snapshot, pass) = (snapshot(), Counts::with_steps(&["Product Viewed"]));
    let parts = |buckets: &[u16]| snapshot.scan_buckets(&pass, buckets, &ScanOptions::default()).unwrap();
    let merge = |parts| Partial::<CountsState>::merge(parts, pass.start(), 8);
    let whole = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
    let mut halves = parts(&[5, 0, 3, 6]);
    halves.extend(parts(&[7, 1, 2, 4]));
    assert_eq!(merge(halves.clone()).unwrap(), whole);
    halves.reverse();
    assert_eq!(merge(halves.clone()).unwrap(), whole);
    let missing = halves.split_off(7);
    assert!(matches!(merge(halves.clone()), Err(ScanError::Missing { buckets: 8, .. })));
    halves.extend(missing.clone());
    halves.extend(missing);
    assert!(matches!(merge(halves), Err(ScanError::Doubled { buckets: 8, .. })));
    let mut foreign = parts(&[0, 1, 2, 3, 4, 5, 6, 7]);
    foreign[2].of = 4;
    assert!(matches!(merge(foreign), Err(ScanError::Foreign { bucket: 2, buckets: 8 })));
    assert!(matches!(merge(Vec::new()), Err(ScanError::Missing { bucket: 0, buckets: 8 })));
}

#[test]
fn a_state_travels() {
    let (snapshot, pass) = (snapshot(), Counts::with_steps(&["Product Viewed"]));
    for part in snapshot.scan_buckets(&pass, &[0, 4, 7], &ScanOptions::default()).unwrap() {
        let bytes = part.encode(Counts::NAME);
        assert_eq!(Partial::decode(Counts::NAME, &bytes), Ok(part));
        assert!(matches!(
            Partial::<CountsState>::decode("another", &bytes),
            Err(StateError::Pass { expected: "another", .. })
        ));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            Partial::<CountsState>::decode(Counts::NAME, &damaged).unwrap_err();
            Partial::<CountsState>::decode(Counts::NAME, &bytes[..at]).unwrap_err();
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Newer(CountsState);

impl PassState for Newer {
    const VERSION: u16 = 2;
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        CountsState::decode(bytes).map(Newer)
    }
}

#[test]
fn a_state_of_another_version_is_refused() {
    let part = Partial { buckets: vec![1], of: 2, state: CountsState::default() };
    let bytes = part.encode(Counts::NAME);
    let expected = StateError::Version { found: 1, expected: 2 };
    assert_eq!(Partial::<Newer>::decode(Counts::NAME, &bytes), Err(expected));
    assert_eq!(Partial::<CountsState>::decode(Counts::NAME, b"{}"), Err(StateError::Magic));
}

#[test]
fn a_scan_tells_its_progress_and_stops_when_told() {
    let snapshot = snapshot();
    let calls = AtomicUsize::new(0);
    let progress = |p: throughline_timeline::Progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        assert!(p.buckets <= p.of_buckets && p.rows <= p.of_rows && p.of_rows == 4_000);
    };
    snapshot.scan(&Counts::new(), &ScanOptions { progress: Some(&progress), ..ScanOptions::default() }).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 8);
    let cancel = AtomicBool::new(true);
    let options = ScanOptions { cancel: Some(&cancel), ..ScanOptions::default() };
    assert!(matches!(snapshot.scan(&Counts::new(), &options), Err(ScanError::Cancelled)));
}
