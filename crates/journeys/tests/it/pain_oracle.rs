//! The tables of pain points against one candidate at a time, one instance at a time.

use crate::stories::stories;
use crate::world::{DAY, EPOCH, buy_and_receive, compile, hash, snapshot};
use proptest::prelude::*;
use std::collections::BTreeMap;
use throughline_journeys::pain_points::{Key, Kind, Outcome, PainPeoplePass, PainPoints};
use throughline_journeys::{Compiled, Ending, Instance, PromiseReading, Splitter};
use throughline_timeline::{Row, ScanOptions};

type Cell = (u64, bool, u64, usize, i64, String);

struct Unit {
    instance: Instance,
    rows: Vec<Row>,
    bad: bool,
    until: i64,
}

fn at(unit: &Unit, row: u32) -> i64 {
    unit.rows[row as usize].order.occurred_at.0
}

fn month(micros: i64) -> u64 {
    let day = (micros - EPOCH).div_euclid(DAY);
    [31, 59, 90, 120, 151, 181, 212, 243].iter().take_while(|&&d| day >= d).count() as u64
}

fn units(compiled: &Compiled, rows: &[Row], buckets: u16, outcome: Outcome) -> Vec<Unit> {
    let snapshot = snapshot(rows.to_vec(), buckets);
    let mut units = Vec::new();
    for id in (0..buckets).flat_map(|b| snapshot.customer_ids(b)) {
        let customer = snapshot.customer(id).unwrap();
        let mut splitter = Splitter::new(compiled, customer.segment());
        let instances = splitter.split(compiled, &customer);
        let rows = snapshot.customer_rows(id).unwrap().unwrap();
        for (i, instance) in instances.iter().enumerate() {
            let silence = compiled.definition.drop_out.silence.micros();
            let settled = match outcome {
                Outcome::Dissatisfaction => {
                    instance.answers.iter().find(|a| a.at > instance.start).map(|a| (a.dissatisfied, a.at))
                }
                Outcome::DropOut if instance.start + silence > compiled.end => None,
                Outcome::DropOut => match instance.ending {
                    Ending::Waiting => None,
                    Ending::Finished(t) => Some((false, t.min(instance.lapse.unwrap_or(t)))),
                    Ending::Dropped(t) => Some((true, t.min(instance.lapse.unwrap_or(t)))),
                },
                Outcome::Designed(rule) => {
                    designed(compiled, &rows, instance, instances.get(i + 1).map(|n| n.start), rule)
                }
            };
            if let Some((bad, until)) = settled.filter(|(_, until)| *until > instance.start) {
                units.push(Unit { instance: instance.clone(), rows: rows.clone(), bad, until });
            }
        }
    }
    units
}

/// Days by which whoever comes back has come.
const RETURN: u32 = 15;

/// A designed outcome, read off the design.
fn designed(
    compiled: &Compiled,
    rows: &[Row],
    instance: &Instance,
    next: Option<i64>,
    rule: u8,
) -> Option<(bool, i64)> {
    let rule = &compiled.definition.outcomes[rule as usize];
    if rule.promise.is_some() {
        let fate = instance.promises.first()?;
        let deadline = fate.deadline(PromiseReading::Declared);
        return match fate.delivered {
            _ if deadline >= compiled.end => None,
            _ if is_cancelled(rows, instance, deadline) => None,
            Some(at) if at <= deadline => Some((false, at)),
            _ => Some((true, deadline + 1)),
        };
    }
    let days = if rule.next_instance { RETURN } else { rule.within.unwrap().0 / 86_400 };
    let limit = instance.start + i64::from(days) * DAY;
    let own = instance.rows.iter().map(|r| &rows[*r as usize]);
    let came = match rule.next_instance {
        true => next,
        false => own
            .filter(|r| r.order.occurred_at.0 > instance.start && rule.events.iter().any(|e| **e == *r.event))
            .map(|r| r.order.occurred_at.0)
            .next(),
    };
    match came.filter(|at| *at <= limit) {
        _ if limit > compiled.end => None,
        Some(at) => Some((!rule.next_instance, at)),
        None => Some((rule.next_instance, limit)),
    }
}

/// Ended by a cancellation until a moment, before it was finished.
fn is_cancelled(rows: &[Row], instance: &Instance, until: i64) -> bool {
    let first = |event: &str| {
        let own = instance.rows.iter().filter(|r| **r >= instance.start_row()).map(|r| &rows[*r as usize]);
        own.filter(|r| *r.event == *event).map(|r| r.order.occurred_at.0).next()
    };
    let finished = instance.stage_row(3).map(|r| rows[r as usize].order.occurred_at.0);
    first("Order Cancelled").is_some_and(|at| at <= until && finished.is_none_or(|f| at < f))
}

/// When and with which row the exposure began.
fn onset(compiled: &Compiled, unit: &Unit, kind: Kind, name: &str) -> Option<(i64, Option<u32>)> {
    let instance = &unit.instance;
    if kind == Kind::Promise {
        let fate = instance.promises.first()?;
        let over = fate.overdue_at(PromiseReading::Declared, compiled.end)?.max(instance.start);
        return (over < unit.until).then_some((over, None));
    }
    let matches = |row: &Row| match kind {
        Kind::Event | Kind::Repeated => *row.event == *name,
        Kind::Channel => *row.channel == *name,
        _ => row.attributes.contains(&hash("ref:carrier", name)),
    };
    let eligible = instance.rows.iter().copied().filter(|&r| {
        r >= instance.start_row() && at(unit, r) < unit.until && !instance.answers.iter().any(|a| a.row == r)
    });
    let row = eligible.filter(|&r| matches(&unit.rows[r as usize])).nth(usize::from(kind == Kind::Repeated))?;
    Some((at(unit, row), Some(row)))
}

fn clock(compiled: &Compiled, unit: &Unit, when: i64, row: Option<u32>) -> Cell {
    let (mut stage, mut last) = (0, unit.instance.start);
    for s in 0..compiled.definition.stages.len() {
        if compiled.definition.stages[s].optional {
            continue;
        }
        if let Some(r) = unit.instance.stage_row(s)
            && at(unit, r) <= when
            && row.is_none_or(|row| r < row)
        {
            stage = s;
            last = last.max(at(unit, r));
        }
    }
    let gap = i64::from(when - last >= DAY) + i64::from(when - last >= 5 * DAY);
    (month(unit.instance.start), unit.instance.ordinal > 0, bin(compiled, unit, when), stage, gap, String::new())
}

fn bin(compiled: &Compiled, unit: &Unit, when: i64) -> u64 {
    compiled
        .bins
        .iter()
        .filter(|&&b| i64::from(b) * 1_000_000 <= (when - unit.instance.start) / 1_000_000 * 1_000_000)
        .count() as u64
}

fn first_rows(compiled: &Compiled, unit: &Unit, row: u32) -> Cell {
    let event = unit.rows[row as usize].event.to_string();
    (month(unit.instance.start), unit.instance.ordinal > 0, bin(compiled, unit, at(unit, row)), 0, 0, event)
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Moments on the clock: every `step`th bin, at a chance time within it.
fn moments(compiled: &Compiled, unit: &Unit, step: u64) -> Vec<i64> {
    let start = unit.rows[unit.instance.start_row() as usize].position;
    let chance = mix(start ^ (unit.instance.start as u64).rotate_left(17));
    let mut edges: Vec<i64> =
        std::iter::once(0).chain(compiled.bins.iter().map(|&b| i64::from(b) * 1_000_000)).collect();
    edges.push(edges.last().unwrap() + 30 * DAY);
    (0..edges.len() - 1)
        .filter(|b| *b as u64 % step == chance % step)
        .map(|b| {
            let share = (mix(chance ^ (b as u64 + 1)) >> 11) as f64 / (1_u64 << 53) as f64;
            unit.instance.start + edges[b] + ((edges[b + 1] - edges[b]) as f64 * share) as i64
        })
        .take_while(|&t| t < unit.until)
        .collect()
}

/// What one candidate's comparison must say.
struct Slow {
    compared: f64,
    events: f64,
    mean: f64,
    variance: f64,
    never: f64,
    ratio: f64,
    exposed: (u64, u64),
}

fn slowly(compiled: &Compiled, units: &[Unit], kind: Kind, name: &str, step: u64) -> Slow {
    let mut cells: BTreeMap<Cell, [f64; 6]> = BTreeMap::new();
    let (mut all, mut all_events) = (0, 0);
    for unit in units {
        let bad = f64::from(u8::from(unit.bad));
        let met = onset(compiled, unit, kind, name);
        if let Some((when, row)) = met {
            all += 1;
            all_events += u64::from(unit.bad);
            let cell = match (kind, row) {
                (Kind::Attribute | Kind::Channel, Some(row)) => first_rows(compiled, unit, row),
                _ => clock(compiled, unit, when, row),
            };
            let sums = cells.entry(cell).or_default();
            sums[0] += 1.0;
            sums[1] += bad;
        }
        let mut stand = |cell: Cell| {
            let sums = cells.entry(cell).or_default();
            sums[2] += 1.0;
            sums[3] += bad;
            // Whoever is still unexposed here and has met it at all meets it later.
            sums[4] += f64::from(u8::from(met.is_some()));
            sums[5] += bad * f64::from(u8::from(met.is_some()));
        };
        if matches!(kind, Kind::Attribute | Kind::Channel) {
            let mut seen = Vec::new();
            for &row in &unit.instance.rows {
                let event = &unit.rows[row as usize].event;
                if row < unit.instance.start_row() || at(unit, row) >= unit.until || seen.contains(event) {
                    continue;
                }
                seen.push(event.clone());
                if met.is_none_or(|(_, onset)| onset > Some(row)) {
                    stand(first_rows(compiled, unit, row));
                }
            }
        } else {
            for when in moments(compiled, unit, step) {
                if met.is_none_or(|(onset, _)| onset > when) {
                    stand(clock(compiled, unit, when, None));
                }
            }
        }
    }
    let exposed = (all, all_events);
    let mut slow = Slow { compared: 0.0, events: 0.0, mean: 0.0, variance: 0.0, never: 0.0, ratio: 0.0, exposed };
    let (mut top, mut bottom) = (0.0, 0.0);
    for [n1, a, n0, b, later, later_bad] in cells.into_values().filter(|c| c[0] > 0.0 && c[2] > 0.0) {
        let (n, m) = (n1 + n0, a + b);
        slow.compared += n1;
        slow.events += a;
        slow.mean += n1 * m / n;
        slow.variance += n1 * n0 * m * (n - m) / (n * n * (n - 1.0));
        slow.never += n0 - later;
        top += n0 * a / n - n1 * later_bad / n;
        bottom += n1 * (b - later_bad) / n;
    }
    slow.ratio = top / bottom;
    slow
}

/// FNV-1a, by which events and channels are known.
fn fnv(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// How many comparisons were compared.
fn check(rows: Vec<Row>, step: u64) -> usize {
    let mut compared = 0;
    let options = ScanOptions::default();
    let snapshot = snapshot(rows.clone(), 4);
    let mut definition = buy_and_receive();
    definition.drop_out.silence = throughline_journeys::Span::days(20);
    let compiled = compile(definition, &snapshot);
    let compiled = std::sync::Arc::new(compiled.as_ref().clone().with_usual_return(Some(RETURN)));
    let pain = PainPoints {
        fewest_exposed: 1,
        every_bin_up_to: if step == 1 { u64::MAX } else { 0 },
        ..PainPoints::new(compiled.clone())
    };
    let pass = pain.tables(&snapshot.scan(&pain.census(), &options).unwrap());
    let tested = pain.tested(&pass, &snapshot.scan(&pass, &options).unwrap());
    let candidates = [
        (Kind::Event, "Payment Approved"),
        (Kind::Event, "Support Called"),
        (Kind::Repeated, "Support Called"),
        (Kind::Event, "App Opened"),
        (Kind::Channel, "store"),
        (Kind::Attribute, "a"),
        (Kind::Promise, ""),
    ];
    for outcome in compiled.outcomes() {
        let units = units(&compiled, &rows, 4, outcome);
        for (kind, name) in candidates {
            let slow = slowly(&compiled, &units, kind, name, step);
            let id = match kind {
                Kind::Promise => 0,
                Kind::Attribute => hash("ref:carrier", name),
                _ => fnv(name),
            };
            let key = Key { kind, id };
            let Some(found) = tested.iter().find(|t| t.outcome == outcome && t.key == key) else {
                assert!(slow.mean <= 0.0 || slow.variance <= 0.0 || slow.never < 1.0, "{outcome:?} {kind:?} {name}");
                continue;
            };
            let c = &found.contrast;
            assert_eq!(found.exposed, slow.exposed, "{outcome:?} {kind:?} {name}");
            assert_eq!((c.compared, c.compared_events, c.never), (slow.compared, slow.events, slow.never));
            assert!((c.null_events - slow.mean).abs() < 1e-9);
            assert!(c.ratio.is_none_or(|r| (r - slow.ratio.max(0.0)).abs() < 1e-9 * (1.0 + r)), "{c:?} {}", slow.ratio);
            let people = PainPeoplePass { compiled: compiled.clone(), key, outcome };
            let people = snapshot.scan(&people, &options).unwrap().people();
            assert_eq!(people.iter().map(|p| u64::from(p.instances)).sum::<u64>(), slow.exposed.1);
            compared += 1;
        }
    }
    compared
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn tables_equal_one_candidate_at_a_time(rows in stories(12, 250)) {
        check(rows.clone(), 1);
        check(rows, 5);
    }
}

#[test]
fn tables_of_a_planned_world_equal_one_candidate_at_a_time() {
    use crate::world::{Plan, planned};
    let rows = planned(&Plan { orders: 300, noise: 2, ..Plan::PLAIN }, 9).0;
    let renamed = rows.into_iter().map(|mut row| {
        if &*row.event == "Trouble" {
            row.event = "Support Called".into();
        }
        row
    });
    let renamed: Vec<Row> = renamed.collect();
    assert!(check(renamed.clone(), 1) >= 1 && check(renamed, 5) >= 1);
}
