//! The map counts what the people pass lists, whatever the buckets.

use crate::stories::stories;
use crate::world::{DAY, EPOCH, buy_and_receive, compile, hash, row, snapshot};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_journeys::{
    BehindPass, BehindState, Compiled, Count, Ending, Fate, Figure, Holding, Map, MapPass, MapState, MoneyFigure,
    PeoplePass, PromiseReading, Scope, Splitter, TimeRange,
};
use throughline_timeline::{PassState, Row, ScanOptions, Snapshot};

fn figures(compiled: &Compiled) -> Vec<Figure> {
    use Figure::*;
    let mut all = vec![Started, Finished, Dropped, Waiting, Answered, Dissatisfied];
    for s in 0..compiled.definition.stages.len() {
        all.extend([Reached(s), Continued(s), LostAt(s), WaitingAt(s), FinishedAt(s), Skipped(s), AnsweredAt(s)]);
        all.extend([DissatisfiedAt(s), FrictionAt(s)]);
    }
    for reading in [PromiseReading::Declared, PromiseReading::Instant, PromiseReading::Day] {
        for fate in [Fate::Promised, Fate::Kept, Fate::Broken, Fate::Open, Fate::NotDelivered] {
            all.push(Promise { rule: 0, reading, fate });
        }
    }
    all
}

fn shown(map: &Map, figure: Figure) -> Count {
    match figure {
        Figure::Started => map.started,
        Figure::Finished => map.finished,
        Figure::Dropped => map.dropped,
        Figure::Waiting => map.waiting,
        Figure::Answered => map.answered,
        Figure::Dissatisfied => map.dissatisfied,
        Figure::Reached(s) => map.stages[s].reached,
        Figure::Continued(s) => map.stages[s].continued,
        Figure::LostAt(s) => map.stages[s].lost,
        Figure::WaitingAt(s) => map.stages[s].waiting,
        Figure::FinishedAt(s) => map.stages[s].finished,
        Figure::Skipped(s) => map.stages[s].skipped,
        Figure::AnsweredAt(s) => map.stages[s].answered,
        Figure::DissatisfiedAt(s) => map.stages[s].dissatisfied,
        Figure::FrictionAt(s) => map.stages[s].friction,
        Figure::Promise { rule, reading, fate } => {
            let figures = map.promises[rule].readings.iter().find(|r| r.reading == reading).unwrap();
            match fate {
                Fate::Promised => figures.promised,
                Fate::Kept => figures.kept,
                Fate::Broken => figures.broken,
                Fate::Open => figures.open,
                Fate::NotDelivered => figures.not_delivered,
            }
        }
    }
}

/// Counted from instances one by one.
fn reached_slowly(compiled: &Compiled, snapshot: &Snapshot) -> BTreeMap<usize, u64> {
    let mut reached = BTreeMap::new();
    for bucket in 0..snapshot.buckets() {
        for id in snapshot.customer_ids(bucket) {
            let customer = snapshot.customer(id).unwrap();
            let mut splitter = Splitter::new(compiled, customer.segment());
            for instance in splitter.split(compiled, &customer).iter() {
                for s in (0..compiled.definition.stages.len()).filter(|&s| instance.stage_row(s).is_some()) {
                    *reached.entry(s).or_default() += 1;
                }
                assert!(!matches!(instance.ending, Ending::Dropped(at) if at > compiled.end));
            }
        }
    }
    reached
}

fn check(rows: Vec<Row>) {
    let options = ScanOptions::default();
    let many = snapshot(rows.clone(), 4);
    let compiled = compile(buy_and_receive(), &many);
    let pass = MapPass { compiled: compiled.clone(), voices: 3 };
    let state = many.scan(&pass, &options).unwrap();
    let map = state.result(&compiled);
    let one = snapshot(rows, 1).scan(&pass, &options).unwrap().result(&compiled);
    assert_eq!(map, one, "buckets do not matter");

    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(MapState::decode(&bytes).unwrap(), state);

    check_people(&compiled, &many, &map);
    check_scopes(&compiled, &many, &map);
    let reached = reached_slowly(&compiled, &many);
    for (s, stage) in map.stages.iter().enumerate() {
        assert_eq!(stage.reached.instances, reached.get(&s).copied().unwrap_or(0));
        if !compiled.definition.stages[s].optional {
            let out =
                stage.continued.instances + stage.lost.instances + stage.waiting.instances + stage.finished.instances;
            assert!(out >= stage.reached.instances, "nobody vanishes at {}", stage.key);
        }
        assert!(stage.voices.len() <= 3);
    }
    let endings = map.finished.instances + map.dropped.instances + map.waiting.instances;
    assert_eq!(endings, map.started.instances);
    serde_json::to_string(&map).unwrap();
}

/// Every figure opens as many people as it counts.
fn check_people(compiled: &Arc<Compiled>, snapshot: &Snapshot, map: &Map) {
    for figure in figures(compiled) {
        let pass = PeoplePass { compiled: compiled.clone(), figure };
        let people = snapshot.scan(&pass, &ScanOptions::default()).unwrap().people();
        let count =
            Count { customers: people.len() as u64, instances: people.iter().map(|p| u64::from(p.instances)).sum() };
        assert_eq!(shown(map, figure), count, "{figure:?} in {:?}", compiled.scope);
    }
}

fn map_of(compiled: &Arc<Compiled>, snapshot: &Snapshot) -> Map {
    let pass = MapPass { compiled: compiled.clone(), voices: 3 };
    snapshot.scan(&pass, &ScanOptions::default()).unwrap().result(compiled)
}

/// Parts add up to the whole, open their people, and what is seen as of a moment is what was there then.
fn check_scopes(compiled: &Arc<Compiled>, snapshot: &Snapshot, whole: &Map) {
    let part = |scope: Scope| Arc::new((**compiled).clone().within(scope));
    let middle = EPOCH + 75 * DAY;
    let range = |from: i64, until: i64| Some(TimeRange { from: Timestamp(from), until: Timestamp(until) });
    let carrier = |with| Some(Holding { attribute: hash("ref:carrier", "a"), with });
    let halves = [
        [
            Scope { range: range(0, middle), ..Scope::default() },
            Scope { range: range(middle, i64::MAX), ..Scope::default() },
        ],
        [true, false].map(|with| Scope { holding: carrier(with), ..Scope::default() }),
    ];
    for half in halves {
        let maps = half.map(|scope| {
            let compiled = part(scope);
            let map = map_of(&compiled, snapshot);
            check_people(&compiled, snapshot, &map);
            map
        });
        for figure in figures(compiled) {
            let sum: u64 = maps.iter().map(|m| shown(m, figure).instances).sum();
            assert_eq!(sum, shown(whole, figure).instances, "{figure:?}");
        }
    }
    // As of the middle: the rows after it have not happened.
    let earlier = part(Scope { as_of: Some(Timestamp(middle)), ..Scope::default() });
    let seen = map_of(&earlier, snapshot);
    check_people(&earlier, snapshot, &seen);
    let ids = (0..snapshot.buckets()).flat_map(|bucket| snapshot.customer_ids(bucket));
    let rows: Vec<Row> = ids.flat_map(|id| snapshot.customer_rows(id).unwrap().unwrap()).collect();
    let then = Snapshot::of_rows(rows.into_iter().filter(|r| r.order.occurred_at.0 <= middle).collect(), 2);
    let mut unscoped = (*earlier).clone();
    unscoped.scope = Scope::default();
    let unscoped = Arc::new(unscoped);
    assert_eq!(seen, map_of(&unscoped, &then));
    // What stands behind a stage opens the same people as the map of those that met it.
    for s in 0..compiled.definition.stages.len() {
        let pass = BehindPass { compiled: compiled.clone(), figure: Figure::Reached(s) };
        let behind = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
        let mut bytes = Vec::new();
        behind.encode(&mut bytes);
        assert_eq!(BehindState::decode(&bytes).unwrap(), behind);
        for (attribute, found) in behind.iter() {
            let scope = Scope { holding: Some(Holding { attribute, with: true }), ..Scope::default() };
            assert_eq!(found.reached, map_of(&part(scope), snapshot).stages[s].reached);
            assert!(found.finished + found.lost <= found.reached.instances);
            assert!(found.dissatisfied <= found.answered);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_figure_opens_the_people_it_counts(rows in stories(5, 80)) {
        check(rows);
    }
}

#[test]
fn sums_of_mixed_currencies_are_refused() {
    use crate::world::{EPOCH, row};
    use throughline_interactions::{Currency, Money};
    let paid = |customer: u64, code: &str| {
        let mut row = row(customer, EPOCH, "Order Completed", customer);
        row.money = Some(Money { minor: 500, currency: Currency::new(code).unwrap() });
        row
    };
    let money = |rows: Vec<Row>| {
        let snapshot = snapshot(rows, 1);
        let compiled = compile(buy_and_receive(), &snapshot);
        let pass = MapPass { compiled: compiled.clone(), voices: 0 };
        snapshot.scan(&pass, &ScanOptions::default()).unwrap().result(&compiled).stages[0].money.clone()
    };
    let sum = MoneyFigure::Sum { minor: 1_000, currency: "EUR".to_owned(), rows: 2 };
    assert_eq!(money(vec![paid(1, "EUR"), paid(2, "EUR")]), Some(sum));
    let refused = MoneyFigure::Refused { currencies: vec!["EUR".to_owned(), "USD".to_owned()] };
    assert_eq!(money(vec![paid(1, "EUR"), paid(2, "USD")]), Some(refused));
}

/// Orders and nothing else: nobody knows whether a parcel came, so nobody is lost.
#[test]
fn a_stage_that_nothing_can_fill_loses_nobody() {
    let rows = (0..40).map(|n| row(n % 10, EPOCH + n as i64 * 5 * DAY, "Order Placed", n)).collect();
    let snapshot = snapshot(rows, 2);
    let all = compile(buy_and_receive(), &snapshot);
    let known = Arc::new((*all).clone().as_measured(|event| event == "Order Placed"));
    let map = |compiled: &Arc<Compiled>| {
        let pass = MapPass { compiled: compiled.clone(), voices: 0 };
        snapshot.scan(&pass, &ScanOptions::default()).unwrap().result(compiled)
    };
    assert!(map(&all).dropped.instances > 20, "by the design alone nearly all are lost");
    let map = map(&known);
    assert_eq!((map.dropped.instances, map.finished.instances), (0, 40));
    let measured: Vec<bool> = map.stages.iter().map(|s| s.measured).collect();
    assert_eq!(measured, [true, false, false, false, false, true]);
    // What is measured stays as it was.
    assert_eq!(all.clone().as_ref().clone().as_measured(|_| true).is_measured(3), all.is_measured(3));
}
