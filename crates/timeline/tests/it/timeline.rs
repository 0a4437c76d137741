//! What a timeline promises about its files.

use crate::rows::{row, settled};
use std::path::Path;
use throughline_timeline::{
    Changes, Customer, Moved, Pass, PassState, Row, ScanOptions, Segment, Snapshot, StateError, Timeline, TimelineError,
};

fn add(timeline: &mut Timeline, position: u64, rows: Vec<Row>) {
    timeline.apply(Changes { position, rows, ..Changes::default() }).unwrap();
}

fn segments(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "segment"))
        .map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_crash_between_files_and_manifest_leaves_what_was() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
    add(&mut timeline, 10, (0..100).map(|i| row(i % 20, 1, i)).collect());
    timeline.flush().unwrap();
    let before = segments(dir.path());
    add(&mut timeline, 20, (100..200).map(|i| row(i % 20, 1, i)).collect());
    let written = timeline.plan_flush().unwrap().unwrap().write().unwrap();
    std::fs::write(dir.path().join("manifest.new"), "half a mani").unwrap();
    assert!(segments(dir.path()).len() > before.len());
    drop((written, timeline));
    let (mut timeline, opened) = Timeline::open(dir.path(), 1, 4).unwrap();
    assert_eq!((opened.covers, opened.rows, opened.customers, opened.removed), (10, 100, 20, 5));
    assert_eq!(segments(dir.path()), before);
    add(&mut timeline, 20, (100..200).map(|i| row(i % 20, 1, i)).collect());
    timeline.flush().unwrap();
    assert_eq!(timeline.snapshot().unwrap().rows(), 200);
}

#[test]
fn a_rebuild_gives_the_bytes_of_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
    for i in 0..10 {
        add(&mut timeline, i + 1, (i * 50..i * 50 + 50).map(|i| row(i % 20, i % 30, i)).collect());
        timeline.snapshot().unwrap();
    }
    let moved = [(20, 0, 3), (21, 1, 3), (22, 2, 0)].map(|(node, from, to)| Moved { node, from, to });
    timeline.apply(Changes { position: 11, moved: moved.to_vec(), ..Changes::default() }).unwrap();
    timeline.flush().unwrap();
    let flushed: Vec<_> = segments(dir.path()).into_iter().map(|f| f.1).collect();
    let snapshot = timeline.snapshot().unwrap();
    let rows = |bucket: u16| {
        let ids = snapshot.customer_ids(bucket);
        let rows: Vec<Row> = ids.iter().flat_map(|id| snapshot.customer_rows(*id).unwrap().unwrap()).rev().collect();
        Ok::<_, std::io::Error>(rows.into_iter().map(Ok))
    };
    timeline.rebuild(11, rows).unwrap();
    assert_eq!(segments(dir.path()).into_iter().map(|f| f.1).collect::<Vec<_>>(), flushed);
}

#[test]
fn a_merge_across_buckets_and_its_undoing_are_seen_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
    let rows: Vec<_> = (0..40).map(|i| row(4 + i % 2, 4 + i % 2, i)).collect();
    add(&mut timeline, 1, rows.clone());
    timeline.flush().unwrap();
    let before = timeline.snapshot().unwrap();
    let base = segments(dir.path());
    let change = |timeline: &mut Timeline, position, from, to| {
        let moved = vec![Moved { node: 5, from, to }];
        timeline.apply(Changes { position, moved, ..Changes::default() }).unwrap();
        timeline.snapshot().unwrap()
    };
    let merged = change(&mut timeline, 2, 5, 4);
    assert_ne!(merged.version(), before.version());
    assert_eq!(merged.customer_rows(5).unwrap(), None);
    let mut story: Vec<_> = rows.iter().cloned().map(|r| settled(Row { customer: 4, ..r })).collect();
    story.sort_by_key(|r| r.order);
    assert_eq!(merged.customer_rows(4).unwrap(), Some(story));
    let again = change(&mut timeline, 3, 4, 5);
    for id in [4, 5] {
        assert_eq!(again.customer_rows(id).unwrap(), before.customer_rows(id).unwrap());
    }
    assert_eq!(timeline.snapshot().unwrap().version(), again.version(), "nothing changed");
    timeline.flush().unwrap();
    let flushed = segments(dir.path());
    // Header and so the ledger position differ; every section is as before.
    assert!(base.iter().zip(&flushed).all(|(a, b)| a.1[64..] == b.1[64..]));
}

#[test]
fn after_an_erasure_no_file_contains_the_person() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 2).unwrap();
    let person = 0xdead_beef_cafe_f00d;
    let mark = |i: u64| 0xfeed_face_0000_0000 + i;
    let mut rows: Vec<_> = (0..300).map(|i| row(i % 20, i % 20, i)).collect();
    for i in 0..30 {
        let mut theirs = row(person, person - i % 3, 1_000 + i);
        theirs.order.message_hash = mark(i);
        theirs.order.message_prefix = mark(100 + i);
        theirs.subjects = vec![("order".into(), mark(200 + i))];
        theirs.attributes = vec![mark(300 + i)];
        theirs.event = "Their Own Event".into();
        rows.push(theirs);
    }
    let late = rows.split_off(315);
    add(&mut timeline, 5, rows);
    timeline.flush().unwrap();
    add(&mut timeline, 6, late);
    timeline.snapshot().unwrap();
    let mut secrets: Vec<u64> = vec![person, person - 1, person - 2];
    secrets.extend((0..30).flat_map(|i| [mark(i), mark(100 + i), mark(200 + i), mark(300 + i)]));
    let found = |dir: &Path| {
        let files: Vec<_> =
            std::fs::read_dir(dir).unwrap().map(|f| std::fs::read(f.unwrap().path()).unwrap()).collect();
        let contains = |needle: &[u8]| files.iter().any(|f| f.windows(needle.len()).any(|w| w == needle));
        secrets.iter().filter(|s| contains(&s.to_le_bytes())).count() + usize::from(contains(b"Their Own Event"))
    };
    timeline.flush().unwrap();
    assert_eq!(found(dir.path()), secrets.len() + 1, "the control scan finds the person");
    timeline.apply(Changes { position: 7, erased: vec![person], ..Changes::default() }).unwrap();
    let snapshot = timeline.snapshot().unwrap();
    assert_eq!(snapshot.customer_rows(person).unwrap(), None);
    assert_eq!(snapshot.rows(), 300);
    timeline.flush().unwrap();
    assert_eq!(found(dir.path()), 0);
    assert_eq!(snapshot.rows(), 300, "a reader of the old files goes on");
}

#[test]
fn a_row_may_name_its_customer_before_or_after_the_move_of_its_batch() {
    for customer in [9, 2] {
        let dir = tempfile::tempdir().unwrap();
        let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
        add(&mut timeline, 1, vec![row(9, 9, 1), row(2, 2, 2)]);
        let changes = Changes {
            position: 2,
            rows: vec![row(customer, 9, 3)],
            moved: vec![Moved { node: 9, from: 9, to: 2 }],
            erased: Vec::new(),
        };
        timeline.apply(changes).unwrap();
        let snapshot = timeline.snapshot().unwrap();
        assert_eq!(snapshot.customer_rows(2).unwrap().map(|r| r.len()), Some(3));
        assert_eq!(snapshot.customers(), 1);
    }
}

#[test]
fn changes_only_go_forwards_and_a_directory_has_one_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, opened) = Timeline::open(dir.path(), 1, 4).unwrap();
    assert_eq!((opened.covers, opened.rows), (0, 0));
    add(&mut timeline, 5, vec![row(1, 1, 1)]);
    let error = timeline.apply(Changes { position: 4, ..Changes::default() }).unwrap_err();
    assert!(matches!(error, TimelineError::Backwards { position: 4, covers: 5 }));
    assert!(matches!(Timeline::open(dir.path(), 1, 4).unwrap_err(), TimelineError::InUse(_)));
    timeline.flush().unwrap();
    assert_eq!(timeline.flush().unwrap().buckets, 0);
    drop(timeline);
    assert!(matches!(Timeline::open(dir.path(), 2, 4).unwrap_err(), TimelineError::Other { workspace: 1, .. }));
    assert!(matches!(Timeline::open(dir.path(), 1, 8).unwrap_err(), TimelineError::Other { buckets: 4, .. }));
    assert!(matches!(Timeline::open(dir.path(), 1, 3).unwrap_err(), TimelineError::Buckets(3)));
    assert_eq!(Timeline::open(dir.path(), 1, 4).unwrap().1.covers, 5);
}

#[test]
fn memory_is_bounded_by_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
    add(&mut timeline, 1, (0..20_000).map(|i| row(i % 4_000, 1, i)).collect());
    timeline.snapshot().unwrap();
    assert_eq!(timeline.recent_rows(), 20_000);
    assert!(timeline.memory() < 20_000 * 120, "{} bytes", timeline.memory());
    timeline.flush().unwrap();
    assert_eq!((timeline.recent_rows(), timeline.memory()), (0, 0));
    add(&mut timeline, 2, vec![row(7, 1, 50_000)]);
    timeline.snapshot().unwrap();
    assert_eq!(timeline.recent_rows(), 6, "the story of the one changed customer");
    assert!(timeline.memory() < 10_000, "{} bytes", timeline.memory());
}

/// Gathers ids and the lengths of their stories in the order of the scan.
struct Visits;

#[derive(Debug, PartialEq, Default)]
struct Visited(Vec<(u64, u64)>);

impl Pass for Visits {
    const NAME: &'static str = "visits";
    type State = Visited;
    type Local = ();
    fn start(&self) -> Visited {
        Visited::default()
    }
    fn enter(&self, _: &Segment) {}
    fn customer(&self, (): &mut (), customer: Customer<'_>, state: &mut Visited) {
        state.0.push((customer.id, customer.len() as u64));
    }
}

impl PassState for Visited {
    const VERSION: u16 = 1;
    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &[u8]) -> Result<Self, StateError> {
        Err(StateError::Damaged)
    }
}

#[test]
fn layers_do_not_show_in_the_order_of_a_scan() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 4).unwrap();
    let rows: Vec<_> = (0..3_000_u64).map(|i| row(i * i % 701, 1, i)).collect();
    let mut all = Vec::new();
    for (at, batch) in
        [&rows[..2_000], &rows[2_000..2_600], &rows[2_600..2_700], &rows[2_700..2_705]].iter().enumerate()
    {
        all.extend_from_slice(batch);
        add(&mut timeline, at as u64 + 1, batch.to_vec());
        if at == 0 {
            timeline.flush().unwrap();
        }
        let visits = |snapshot: Snapshot| snapshot.scan(&Visits, &ScanOptions::default()).unwrap();
        assert_eq!(visits(timeline.snapshot().unwrap()), visits(Snapshot::of_rows(all.clone(), 4)));
    }
}

#[test]
fn life_goes_on_while_a_flush_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 1).unwrap();
    add(&mut timeline, 1, (0..400).map(|i| row(i % 40, i % 40, i)).collect());
    timeline.flush().unwrap();
    add(&mut timeline, 2, (400..440).map(|i| row(i % 50, i % 50, i)).collect());
    let plan = timeline.plan_flush().unwrap().unwrap();
    // New rows enough to take the planned layer in, a move, an erasure, and one row that waits.
    add(&mut timeline, 3, (440..800).map(|i| row(i % 50, i % 50, i)).collect());
    timeline.snapshot().unwrap();
    let moved = vec![Moved { node: 7, from: 7, to: 3 }];
    timeline.apply(Changes { position: 4, moved, erased: vec![9], ..Changes::default() }).unwrap();
    let before = timeline.snapshot().unwrap();
    add(&mut timeline, 5, vec![row(3, 3, 800)]);
    let flushed = timeline.adopt(plan.write().unwrap()).unwrap();
    assert_eq!((flushed.covers, flushed.rows), (2, 440));
    let after = timeline.snapshot().unwrap();
    assert_eq!(after.customer_ids(0), before.customer_ids(0));
    for id in before.customer_ids(0) {
        let (mut now, then) = (after.customer_rows(id).unwrap().unwrap(), before.customer_rows(id).unwrap().unwrap());
        now.retain(|r| r.position != 800);
        assert_eq!(now, then, "customer {id}");
    }
    assert_eq!(after.rows(), before.rows() + 1);
    let stale = timeline.plan_flush().unwrap().unwrap();
    timeline.flush().unwrap();
    assert!(matches!(timeline.adopt(stale.write().unwrap()).unwrap_err(), TimelineError::Overtaken));
    assert_eq!(segments(dir.path()).len(), 1);
    drop(timeline);
    let (mut timeline, opened) = Timeline::open(dir.path(), 1, 1).unwrap();
    assert_eq!((opened.covers, opened.rows), (5, after.rows()));
    assert_eq!(timeline.snapshot().unwrap().customer_rows(3).unwrap(), after.customer_rows(3).unwrap());
}
