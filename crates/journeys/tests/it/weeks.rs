//! Weekly series against a slow count of instances, worlds without change, and planted changes.

use crate::stories::stories;
use crate::world::{DAY, EPOCH, buy_and_receive, compile, promise, row, snapshot, stars};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_journeys::{
    Compiled, Ending, Series, Splitter, TimeRange, WeekPeoplePass, Weeks, WeeksPass, WeeksState,
};
use throughline_timeline::{PassState, Row, ScanOptions, Snapshot};

const WEEK: i64 = 7 * DAY;

/// Weeks of seven days from the epoch of the worlds until the data end.
fn starts(compiled: &Compiled) -> Arc<[i64]> {
    (0..40).map(|w| EPOCH + w * WEEK).take_while(|s| *s <= compiled.end + WEEK).collect()
}

fn weeks_of(rows: Vec<Row>, buckets: u16) -> (Weeks, WeeksState, Arc<Compiled>, Snapshot, Arc<[i64]>) {
    let snapshot = snapshot(rows, buckets);
    let compiled = compile(buy_and_receive(), &snapshot);
    let starts = starts(&compiled);
    let pass = WeeksPass { compiled: compiled.clone(), starts: starts.clone() };
    let state = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
    (state.result(&compiled, &starts, EPOCH), state, compiled, snapshot, starts)
}

/// Hits and trials of a series in a range, told from instances one by one, in other words than the
/// pass uses.
fn slowly(compiled: &Compiled, snapshot: &Snapshot, series: Series, range: TimeRange) -> (u64, u64) {
    let (mut hits, mut trials) = (0, 0);
    let mut count = |at: i64, hit: bool| {
        if range.contains(at) {
            trials += 1;
            hits += u64::from(hit);
        }
    };
    let required = [0, 1, 2, 3];
    for bucket in 0..snapshot.buckets() {
        for id in snapshot.customer_ids(bucket) {
            let customer = snapshot.customer(id).unwrap();
            for instance in Splitter::new(compiled, customer.segment()).split(compiled, &customer).iter() {
                let at = |s: usize| instance.stage_row(s).map(|r| customer.micros(r as usize));
                match series {
                    Series::Started => count(instance.start, true),
                    Series::Unfinished { days } => {
                        let in_time = matches!(instance.ending, Ending::Finished(t) if t < instance.start + i64::from(days) * DAY);
                        count(instance.start, !in_time);
                    }
                    Series::Stopped { stage, days } => {
                        if let Some(here) = at(stage) {
                            let went_on = required
                                .into_iter()
                                .filter(|s| *s > stage)
                                .filter_map(at)
                                .any(|next| next < here + i64::from(days) * DAY);
                            count(here, !went_on);
                        }
                    }
                    Series::Slow { stage, seconds } => {
                        let before = required.into_iter().filter(|s| *s < stage && at(*s).is_some()).max();
                        if let (Some(here), Some(before)) = (at(stage), before.and_then(at))
                            && before <= here
                        {
                            count(here, (here - before) / 1_000_000 > i64::from(seconds));
                        }
                    }
                    Series::Broken { .. } => {
                        for promise in &instance.promises {
                            let due = promise.deadlines[0];
                            if due < compiled.end {
                                count(due, !matches!(promise.delivered, Some(t) if t <= due));
                            }
                        }
                    }
                    Series::Unhappy => instance.answers.iter().for_each(|a| count(a.at, a.share <= 0.25)),
                }
            }
        }
    }
    (hits, trials)
}

fn check(rows: Vec<Row>) {
    let (one, ..) = weeks_of(rows.clone(), 1);
    let (weeks, state, compiled, snapshot, starts) = weeks_of(rows, 4);
    assert_eq!(weeks, one, "buckets do not matter");
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(WeeksState::decode(&bytes).unwrap(), state);
    assert!(WeeksState::decode(&bytes[..bytes.len() - 1]).is_err());

    for line in &weeks.lines {
        let last = starts.iter().position(|s| *s == line.from.0).unwrap();
        assert!(starts[last + 1] + i64::from(line.series.days()) * DAY <= compiled.end, "{:?} is known", line.series);
        for (back, point) in line.points.iter().rev().enumerate() {
            let week = last - back;
            let range = TimeRange { from: Timestamp(starts[week]), until: Timestamp(starts[week + 1]) };
            let expected = slowly(&compiled, &snapshot, line.series, range);
            assert_eq!(*point, expected, "{:?}, week {week}", line.series);
            let pass = WeekPeoplePass { compiled: compiled.clone(), series: line.series, range };
            let people = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
            assert_eq!(people.customers() > 0, point.0 > 0, "the people are those counted");
            let instances: u64 = people.people().iter().map(|p| u64::from(p.instances)).sum();
            assert!(instances <= point.0, "an instance is listed once");
            if !matches!(line.series, Series::Unhappy) {
                assert_eq!(instances, point.0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_week_is_what_a_slow_count_says(rows in stories(6, 90)) {
        check(rows);
    }
}

/// What happens in the last whole week of a world of fourteen weeks.
#[derive(Debug, Clone, Copy)]
struct World {
    orders: f64,
    late: f64,
    unhappy: f64,
    slower: f64,
}

const USUAL: World = World { orders: 60.0, late: 0.08, unhappy: 0.15, slower: 1.0 };
const WEEKS: i64 = 14;

fn world(last: World, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    let mut order = 0;
    for day in 0..WEEKS * 7 {
        let as_now = |at: i64| if at >= EPOCH + (WEEKS - 1) * WEEK { last } else { USUAL };
        let today = as_now(EPOCH + day * DAY);
        let mut left = today.orders / 7.0;
        while left > 0.0 && (left >= 1.0 || rng.random::<f64>() < left) {
            left -= 1.0;
            order += 1;
            let start = EPOCH + day * DAY + (rng.random::<f64>() * DAY as f64) as i64;
            let customer = order * 3 + 1;
            rows.push(promise(row(customer, start, "Order Completed", order), start + 4 * DAY));
            let takes = 2.0 + rng.random::<f64>() * 1.5;
            let due = as_now(start + 4 * DAY);
            let takes = if rng.random::<f64>() < due.late { 4.5 + rng.random::<f64>() } else { takes * due.slower };
            let arrives = start + (takes * DAY as f64) as i64;
            rows.push(row(customer, arrives, "Order Delivered", order));
            if rng.random::<f64>() < 0.6 {
                let answers = arrives + DAY / 2;
                let unhappy = rng.random::<f64>() < as_now(answers).unhappy;
                rows.push(stars(row(customer, answers, "Survey Answered", order), if unhappy { 1.0 } else { 5.0 }));
            }
        }
    }
    let end = EPOCH + WEEKS * WEEK;
    rows.retain(|r| r.order.occurred_at.0 < end);
    rows.push(row(1_000_003, end, "Product Viewed", 9_000_000));
    rows
}

fn changed(last: World, seed: u64) -> Vec<Series> {
    let (weeks, ..) = weeks_of(world(last, seed), 2);
    weeks.lines.iter().filter(|l| l.has_changed()).map(|l| l.series).collect()
}

#[test]
fn worlds_without_change_report_almost_none() {
    let worlds = if std::env::var_os("THROUGHLINE_FULL").is_some() { 600 } else { 120 };
    let reports = (0..worlds).filter(|seed| !changed(USUAL, *seed).is_empty()).count();
    println!("{reports} of {worlds} worlds without change report something");
    assert!(reports * 20 <= worlds as usize, "{reports} of {worlds}");
}

#[test]
fn planted_changes_are_found_and_named() {
    let check = |last: World, expected: fn(&Series) -> bool| {
        let found = (0..10).filter(|seed| changed(last, 500 + seed).iter().any(expected)).count();
        assert!(found >= 9, "{last:?}: {found} of 10");
    };
    check(World { late: 0.35, ..USUAL }, |s| matches!(s, Series::Broken { rule: 0 }));
    check(World { unhappy: 0.6, ..USUAL }, |s| matches!(s, Series::Unhappy));
    check(World { orders: 20.0, ..USUAL }, |s| matches!(s, Series::Started));
    check(World { slower: 1.8, late: 0.0, ..USUAL }, |s| matches!(s, Series::Slow { .. }));
}

#[test]
fn a_week_of_a_young_shop_says_nothing() {
    let mut rows = world(USUAL, 3);
    rows.retain(|r| r.order.occurred_at.0 < EPOCH + 5 * WEEK);
    let (weeks, ..) = weeks_of(rows, 1);
    assert!(!weeks.lines.is_empty());
    assert!(weeks.lines.iter().all(|l| l.change.is_none() && !l.has_changed()));
    let (weeks, ..) = weeks_of(Vec::new(), 1);
    assert!(weeks.lines.is_empty());
}
