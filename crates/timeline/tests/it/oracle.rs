//! Random lives of a timeline beside a slow, obvious copy of it.

use crate::rows::{row, settled};
use proptest::prelude::*;
use std::collections::BTreeMap;
use throughline_interactions::OrderKey;
use throughline_timeline::{Changes, Counts, CountsState, FlushPlan, Moved, Row, ScanOptions, Snapshot, Timeline};

const BUCKETS: u16 = 4;

/// One step of a life. Customers and nodes are small numbers.
#[derive(Debug, Clone)]
enum Step {
    Rows(Vec<(u64, u64)>),
    /// The node's rows go to another node's customer, or back to a customer of their own.
    Move(Vec<(u64, u64)>),
    Erase(u64),
    Snapshot,
    Flush,
    /// A flush that is written and lost.
    Crash,
    /// A flush that is planned now and adopted after the next steps.
    Plan,
    Adopt,
    Reopen,
    Rebuild,
}

const NODES: u64 = 24;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0..NODES, any::<u64>()), 1..30).prop_map(Step::Rows),
        3 => prop::collection::vec((0..NODES, 0..NODES), 1..4).prop_map(Step::Move),
        1 => (0..NODES).prop_map(Step::Erase),
        2 => Just(Step::Snapshot),
        2 => Just(Step::Flush),
        1 => Just(Step::Crash),
        3 => Just(Step::Plan),
        2 => Just(Step::Adopt),
        1 => Just(Step::Reopen),
        1 => Just(Step::Rebuild),
    ]
}

/// The rows by place in the story, and whose each node is now.
#[derive(Debug, Default, Clone)]
struct Oracle {
    rows: BTreeMap<(u64, OrderKey), Row>,
    customer_of: BTreeMap<u64, u64>,
}

impl Oracle {
    fn add(&mut self, row: Row) {
        self.rows.insert((row.customer, row.order), settled(row));
    }

    fn customer(&self, node: u64) -> u64 {
        self.customer_of.get(&node).copied().unwrap_or(node)
    }

    fn moved(&mut self, m: Moved) {
        let going: Vec<_> =
            self.rows.iter().filter(|(k, r)| k.0 == m.from && r.node == m.node).map(|(k, _)| *k).collect();
        for key in going {
            let mut row = self.rows.remove(&key).unwrap();
            row.customer = m.to;
            self.add(row);
        }
        self.customer_of.insert(m.node, m.to);
    }

    fn counts(&self, steps: &[&str]) -> CountsState {
        let mut state = CountsState { steps: vec![0; steps.len()], ..CountsState::default() };
        let mut stories: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in self.rows.values() {
            stories.entry(row.customer).or_default().push(row);
            *state.events.entry(row.event.to_string()).or_default() += 1;
            let second = row.order.occurred_at.seconds() as u32;
            state.first = Some(state.first.map_or(second, |f| f.min(second)));
            state.last = Some(state.last.map_or(second, |l| l.max(second)));
        }
        state.rows = self.rows.len() as u64;
        state.customers = stories.len() as u64;
        for story in stories.values() {
            let mut at = 0;
            for row in story {
                if at < steps.len() && *row.event == *steps[at] {
                    state.steps[at] += 1;
                    at += 1;
                }
            }
        }
        state
    }
}

const STEPS: [&str; 3] = ["Product Viewed", "Product Viewed", "Order Completed"];

fn check(snapshot: &Snapshot, oracle: &Oracle) {
    let mut got = Vec::new();
    for bucket in 0..BUCKETS {
        for id in snapshot.customer_ids(bucket) {
            got.extend(snapshot.customer_rows(id).unwrap().unwrap());
        }
    }
    got.sort_by_key(|r| (r.customer, r.order));
    let expected: Vec<_> = oracle.rows.values().cloned().collect();
    assert_eq!(got, expected);
    assert_eq!(snapshot.rows(), expected.len());
    let counts = snapshot.scan(&Counts::with_steps(&STEPS), &ScanOptions::default()).unwrap();
    assert_eq!(counts, oracle.counts(&STEPS));
    let fresh = Snapshot::of_rows(expected, BUCKETS);
    assert_eq!(fresh.scan(&Counts::with_steps(&STEPS), &ScanOptions::default()).unwrap(), counts);
}

fn live(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let open = || Timeline::open(dir.path(), 7, BUCKETS).unwrap().0;
    let mut timeline = open();
    let mut oracle = Oracle::default();
    let mut flushed = oracle.clone();
    let mut plan: Option<(FlushPlan, Oracle)> = None;
    let mut position = 0;
    let mut held: Option<(Snapshot, Oracle)> = None;
    for step in steps {
        position += 1;
        let mut changes = Changes { position, ..Changes::default() };
        match step {
            Step::Rows(rows) => {
                for (node, seed) in rows {
                    changes.rows.push(row(oracle.customer(node), node, seed));
                }
                changes.rows.sort_by_key(|r| r.order.message_hash);
                changes.rows.dedup_by_key(|r| r.order);
                changes.rows.retain(|r| !oracle.rows.values().any(|o| o.order == r.order));
                changes.rows.iter().cloned().for_each(|r| oracle.add(r));
                timeline.apply(changes).unwrap();
            }
            Step::Move(moves) => {
                for (node, to) in moves {
                    let moved = Moved { node, from: oracle.customer(node), to: oracle.customer(to).min(to) };
                    oracle.moved(moved);
                    changes.moved.push(moved);
                }
                timeline.apply(changes).unwrap();
            }
            Step::Erase(id) => {
                oracle.rows.retain(|k, _| k.0 != id);
                changes.erased.push(id);
                timeline.apply(changes).unwrap();
            }
            Step::Snapshot => {
                let snapshot = timeline.snapshot().unwrap();
                check(&snapshot, &oracle);
                held = Some((snapshot, oracle.clone()));
            }
            Step::Flush => {
                timeline.flush().unwrap();
                plan = None;
                flushed = oracle.clone();
                assert_eq!(timeline.recent_rows(), 0);
            }
            Step::Crash => {
                if let Some(plan) = timeline.plan_flush().unwrap() {
                    drop(plan.write().unwrap());
                }
            }
            Step::Plan => plan = timeline.plan_flush().unwrap().map(|p| (p, oracle.clone())),
            Step::Adopt => {
                if let Some((plan, then)) = plan.take() {
                    timeline.adopt(plan.write().unwrap()).unwrap();
                    flushed = then;
                }
            }
            Step::Reopen => {
                drop(timeline);
                plan = None;
                timeline = open();
                oracle = flushed.clone();
                position = timeline.covers();
            }
            Step::Rebuild => {
                plan = None;
                let by_bucket = |b: u16| {
                    let rows: Vec<_> = oracle
                        .rows
                        .values()
                        .filter(|r| r.customer % u64::from(BUCKETS) == u64::from(b))
                        .cloned()
                        .collect();
                    Ok::<_, std::io::Error>(rows.into_iter().rev().map(Ok))
                };
                timeline.rebuild(position, by_bucket).unwrap();
                flushed = oracle.clone();
            }
        }
        if let Some((snapshot, then)) = &held {
            assert_eq!(snapshot.rows(), then.rows.len(), "a snapshot stays as it is");
        }
    }
    check(&timeline.snapshot().unwrap(), &oracle);
    if let Some((snapshot, then)) = &held {
        check(snapshot, then);
    }
    timeline.flush().unwrap();
    check(&timeline.snapshot().unwrap(), &oracle);
    drop(timeline);
    check(&open().snapshot().unwrap(), &oracle);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_timeline_lives_like_its_oracle(steps in prop::collection::vec(step(), 1..24)) {
        live(steps);
    }

    /// The same facts in another order and in other batches: the same bytes after a flush, but
    /// for the positions, which say when they arrived.
    #[test]
    fn arrival_does_not_matter(seeds in prop::collection::btree_set(any::<u32>(), 1..200), cut in 1_usize..50) {
        let rows: Vec<Row> = seeds.iter().map(|&s| row(u64::from(s % 13), u64::from(s % 17), s.into())).collect();
        let files = |rows: Vec<Row>, cut: usize| {
            let dir = tempfile::tempdir().unwrap();
            let (mut timeline, _) = Timeline::open(dir.path(), 7, BUCKETS).unwrap();
            for (at, batch) in rows.chunks(cut).enumerate() {
                timeline.apply(Changes { position: 1, rows: batch.to_vec(), ..Changes::default() }).unwrap();
                if at % 3 == 1 {
                    timeline.snapshot().unwrap();
                }
                if at % 5 == 2 {
                    timeline.flush().unwrap();
                }
            }
            timeline.flush().unwrap();
            drop(timeline);
            let mut files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().path()).collect();
            files.sort();
            files.iter().filter(|f| f.extension().is_some()).map(|f| std::fs::read(f).unwrap()).collect::<Vec<_>>()
        };
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|r| r.order.message_hash);
        let once = files(rows.clone(), rows.len());
        prop_assert_eq!(&once, &files(rows, cut));
        prop_assert_eq!(&once, &files(shuffled, cut));
    }
}
