//! Whom it is worth calling: told by promises, by silence after an unhappy answer, by staying away.

use crate::world::{DAY, EPOCH, buy_and_receive, compile, promise, row, snapshot, stars};
use throughline_interactions::{Actor, Direction};
use throughline_journeys::{CallReason, CallsPass, CallsState, ReturnsPass, WorthCalling};
use throughline_timeline::{PassState, Row, ScanOptions};

/// The last day of every world here.
const END: i64 = EPOCH + 400 * DAY;

fn calls(mut rows: Vec<Row>, buckets: u16, most: usize) -> (Option<u32>, Vec<WorthCalling>, u64) {
    rows.push(row(999_999, END, "Page Viewed", 0));
    let snapshot = snapshot(rows, buckets);
    let compiled = compile(buy_and_receive(), &snapshot);
    let returns = snapshot.scan(&ReturnsPass { compiled: compiled.clone() }, &ScanOptions::default()).unwrap();
    let usual_days = returns.usual_days();
    let pass = CallsPass { compiled, usual_days, most };
    let state = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(CallsState::decode(&bytes).unwrap(), state);
    let total = state.total();
    (usual_days, state.people(), total)
}

fn why(people: &[WorthCalling], customer: u64) -> Vec<CallReason> {
    people.iter().find(|p| p.customer == customer).map(|p| p.reasons.clone()).unwrap_or_default()
}

#[test]
fn a_promise_that_is_unmet_still_is_worth_a_call() {
    let order = |customer: u64, due: i64| promise(row(customer, END - 100 * DAY, "Order Placed", customer), due);
    let rows = vec![
        order(1, END - 10 * DAY),
        order(2, END - 10 * DAY),
        row(2, END - 5 * DAY, "Order Delivered", 2),
        order(3, END + DAY),
        order(4, END - 90 * DAY),
        order(5, END - 10 * DAY),
        row(5, END - 50 * DAY, "Order Cancelled", 5),
    ];
    let (_, people, total) = calls(rows, 2, 10);
    assert_eq!(why(&people, 1), [CallReason::Overdue { rule: 0, days: 9 }]);
    assert_eq!(why(&people, 2), [CallReason::Met { outcome: 2, days: 9 }], "here at last, and nobody has said sorry");
    assert_eq!(total, 2, "not due yet, old news, and what was cancelled are no reason: {people:?}");
}

#[test]
fn an_unhappy_answer_that_nobody_turned_to_is_worth_a_call() {
    let said = |customer: u64, days: i64, value: f32| {
        vec![
            row(customer, END - 60 * DAY, "Order Placed", customer),
            stars(row(customer, END - days * DAY, "Review Posted", customer), value),
        ]
    };
    let mut rows = [said(1, 6, 1.0), said(2, 6, 1.0), said(3, 6, 5.0), said(4, 40, 1.0)].concat();
    let mut answer = row(2, END - 2 * DAY, "Reply Sent", 2);
    (answer.actor, answer.direction) = (Actor::Agent, Direction::Out);
    rows.push(answer);
    let mut letter = row(1, END - 2 * DAY, "Newsletter Sent", 1);
    (letter.actor, letter.direction) = (Actor::System, Direction::Out);
    rows.push(letter);
    let (_, people, total) = calls(rows, 2, 10);
    assert_eq!(why(&people, 1), [CallReason::Unhappy { days: 6 }], "a newsletter is no answer");
    assert_eq!(total, 1, "{people:?}");
}

#[test]
fn who_used_to_come_back_is_missed_by_the_day_of_the_others() {
    // Forty customers who come back after 1 to 40 days: eight of ten by the 32nd.
    let mut rows = Vec::new();
    for c in 1..=40_u64 {
        rows.push(row(c, END - 300 * DAY, "Order Placed", c * 10));
        rows.push(row(c, END - (300 - c as i64) * DAY, "Order Placed", c * 10 + 1));
    }
    let ordered = |customer: u64, ago: &[i64]| -> Vec<Row> {
        ago.iter()
            .enumerate()
            .map(|(n, d)| row(customer, END - d * DAY, "Order Placed", customer * 10 + n as u64))
            .collect()
    };
    rows.extend(ordered(101, &[80, 50]));
    rows.extend(ordered(102, &[50, 20]));
    rows.extend(ordered(103, &[50]));
    rows.extend(ordered(104, &[180, 150]));
    let (usual, people, total) = calls(rows.clone(), 4, 10);
    assert_eq!(usual, Some(32));
    assert_eq!(why(&people, 101), [CallReason::StaysAway { times: 2, days: 50 }]);
    assert_eq!(total, 1, "came lately, came once, and long gone are no reason: {people:?}");
    // Too few returns to know what is usual.
    let (usual, people, _) = calls(ordered(101, &[80, 50]), 4, 10);
    assert_eq!((usual, people), (None, Vec::new()));
}

#[test]
fn who_was_refunded_or_gave_up_is_worth_a_call_until_somebody_turns_to_them() {
    let met = |customer: u64, event: &str, days: i64| {
        vec![
            row(customer, END - 90 * DAY, "Order Placed", customer),
            row(customer, END - 80 * DAY, "Order Delivered", customer),
            row(customer, END - days * DAY, event, customer),
        ]
    };
    let mut rows = [
        met(1, "Order Refunded", 4),
        met(2, "Order Cancelled", 5),
        met(3, "Order Refunded", 31),
        met(4, "Order Refunded", 4),
    ]
    .concat();
    let mut call = row(4, END - 2 * DAY, "Call Made", 4);
    (call.actor, call.direction) = (Actor::Agent, Direction::Out);
    rows.push(call);
    let (_, people, total) = calls(rows, 2, 10);
    assert_eq!(why(&people, 1), [CallReason::Met { outcome: 0, days: 4 }]);
    assert_eq!(why(&people, 2), [CallReason::Met { outcome: 1, days: 5 }]);
    assert_eq!(total, 2, "old news, and those somebody has turned to, are no reason: {people:?}");
}

/// Customers come back after 1 to 50 days, and the shop is young: half of them started too lately to
/// have come. Of the returns that are seen, eight of ten are early ones; of all, they are not.
#[test]
fn those_who_may_still_come_do_not_make_the_usual_day_early() {
    let mut rows = Vec::new();
    for c in 0..600_u64 {
        let start = END - 60 * DAY + (c as i64 % 60) * DAY;
        let back = start + (1 + (c as i64 * 7) % 50) * DAY;
        rows.push(row(c, start, "Order Placed", c * 10));
        if back <= END {
            rows.push(row(c, back, "Order Placed", c * 10 + 1));
        }
    }
    let (usual, ..) = calls(rows, 4, 1);
    let usual = usual.unwrap();
    // By day 40 of 50 in truth; the returns that were seen alone would say about 31.
    assert!((36..=44).contains(&usual), "{usual}");
}

#[test]
fn the_most_urgent_are_kept_whatever_the_buckets() {
    let mut rows = Vec::new();
    for c in 1..=500_u64 {
        let mut order = row(c, END - 100 * DAY, "Order Placed", c);
        if c % 2 == 0 {
            order = promise(order, END - (c % 50) as i64 * DAY - DAY);
        }
        rows.push(order);
        rows.push(stars(row(c, END - 3 * DAY, "Review Posted", c), if c % 5 == 0 { 1.0 } else { 5.0 }));
    }
    let (_, one, total) = calls(rows.clone(), 1, 25);
    let (_, many, same) = calls(rows, 8, 25);
    assert_eq!((one.len(), total), (25, same));
    assert_eq!(one, many);
    assert!(one.iter().all(|p| p.reasons.len() == 2), "both reasons come first: {one:?}");
}
