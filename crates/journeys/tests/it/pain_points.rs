//! Pain points in worlds whose truth is planted.

use crate::world::{DAY, EPOCH, Plan, buy_and_receive, compile, hash, planned, promise, row, snapshot, stars};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline_journeys::PainPoints;
use throughline_journeys::pain_points::{Finding, Findings, Outcome, PainPeoplePass};
use throughline_timeline::{Row, ScanOptions};

fn find(rows: Vec<Row>) -> Findings {
    let options = ScanOptions::default();
    let snapshot = snapshot(rows, 4);
    let compiled = compile(buy_and_receive(), &snapshot);
    let names = [
        ("ref:region", "north"),
        ("ref:region", "south"),
        ("ref:region", "east"),
        ("ref:carrier", "slow"),
        ("ref:carrier", "fast"),
    ];
    let dictionary =
        |id: u64| names.iter().find(|(d, v)| hash(d, v) == id).map(|(d, v)| ((*d).to_owned(), (*v).to_owned()));
    let found = PainPoints::new(compiled.clone()).find(&snapshot, &dictionary, &options).unwrap();
    for finding in &found.findings {
        let people = PainPeoplePass { compiled: compiled.clone(), key: finding.key, outcome: finding.outcome };
        let people = snapshot.scan(&people, &options).unwrap().people();
        assert_eq!(people.len() as u64, finding.customers, "{:?} opens its customers", finding.name);
        assert_eq!(people.iter().map(|p| u64::from(p.instances)).sum::<u64>(), finding.exposed_events);
    }
    serde_json::to_string(&found).unwrap();
    found
}

fn named<'a>(found: &'a Findings, outcome: Outcome, kind: &str, value: &str) -> Option<&'a Finding> {
    found.findings.iter().find(|f| f.outcome == outcome && f.name.kind == kind && f.name.value == value)
}

#[test]
fn a_planted_ratio_is_recovered() {
    for plan in [Plan::PLAIN, Plan { unhappy_days: 1.0, happy_days: 6.0, delay_days: 4.0, noise: 3, ..Plan::PLAIN }] {
        let (rows, truths) = planned(&Plan { orders: 4_000, ..plan }, 5);
        let found = find(rows);
        let trouble = named(&found, Outcome::Dissatisfaction, "event", "Trouble").expect("found");
        let met = truths.iter().filter(|t| t.exposed && t.answer_days > 0.0);
        assert_eq!(trouble.exposed, met.clone().count() as u64);
        assert_eq!(trouble.exposed_events, met.filter(|t| t.unhappy).count() as u64);
        assert!(trouble.low < 2.0 && trouble.high.unwrap() > 2.0 && trouble.low > 1.5, "{trouble:?}");
        assert_eq!(trouble.certainty, "very likely real");
        assert_eq!(trouble.shadow_of, None);
        let excess = trouble.exposed_events as f64 - trouble.expected;
        assert!(trouble.affected.contains(excess), "one order a customer: {trouble:?}");
        assert!(found.findings.iter().all(|f| !f.name.value.starts_with("Noise")), "{:#?}", found.findings);
    }
}

#[test]
fn worlds_without_pain_report_none() {
    let mut reported = 0;
    for seed in 0..60 {
        let plan = match seed % 3 {
            0 => Plan { ratio: 1.0, ..Plan::PLAIN },
            1 => Plan { ratio: 1.0, until_answer: true, unhappy_days: 8.0, happy_days: 1.0, ..Plan::PLAIN },
            _ => Plan { ratio: 1.0, delay_days: 4.0, unhappy_days: 1.0, happy_days: 6.0, ..Plan::PLAIN },
        };
        let found = find(planned(&Plan { orders: 250, noise: 4, ..plan }, 100 + seed).0);
        reported += usize::from(!found.findings.is_empty());
    }
    // At q = 0.02 one or two of 60 are expected; 5 or more come by chance once in 120.
    assert!(reported <= 4, "{reported} of 60 worlds reported something");
}

/// Regions differ in their carriers only; the slow carrier annoys, and is late.
fn carriers(seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    for order in 0..3_000_u64 {
        let start = EPOCH + rng.random_range(0..60) * DAY + rng.random_range(0..DAY);
        let at = |days: f64| start + (days * DAY as f64) as i64;
        let region = ["north", "south", "east"][rng.random_range(0..3)];
        let slow = rng.random::<f64>() < if region == "north" { 0.8 } else { 0.1 };
        let unhappy = rng.random::<f64>() < if slow { 0.45 } else { 0.15 };
        let mut first = row(order, start, "Order Completed", order);
        first.attributes.push(hash("ref:region", region));
        let mut shipped = row(order, at(0.5 + rng.random::<f64>()), "Order Shipped", order);
        shipped.attributes.push(hash("ref:carrier", if slow { "slow" } else { "fast" }));
        let delivered = 3.0 + 3.0 * rng.random::<f64>();
        let answer = row(order, at(delivered + 0.1 + 4.0 * rng.random::<f64>()), "Survey Answered", order);
        rows.extend([first, shipped, row(order, at(delivered), "Order Delivered", order)]);
        rows.push(stars(answer, if unhappy { 1.0 } else { 5.0 }));
    }
    rows
}

#[test]
fn a_region_is_the_shadow_of_its_carrier() {
    let found = find(carriers(11));
    let carrier = named(&found, Outcome::Dissatisfaction, "ref", "slow").expect("found");
    assert!(carrier.low < 3.0 && carrier.high.unwrap() > 3.0 && carrier.shadow_of.is_none(), "{carrier:?}");
    let region = named(&found, Outcome::Dissatisfaction, "ref", "north").expect("found");
    let caster = region.shadow_of.map(|i| &found.findings[i].name.value);
    assert_eq!(caster.map(String::as_str), Some("slow"), "{:#?}", found.findings);
}

/// Promised within ten days; some are late, some never come. Broken promises annoy, and the longer
/// silence of those who never get anything annoys more.
fn promises(seed: u64) -> Vec<Row> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::new();
    for order in 0..3_000_u64 {
        let start = EPOCH + rng.random_range(0..60) * DAY + rng.random_range(0..DAY);
        let at = |days: f64| start + (days * DAY as f64) as i64;
        let due = 8.0 + 6.0 * rng.random::<f64>();
        let delivered = match rng.random::<f64>() {
            x if x < 0.1 => None,
            x if x < 0.3 => Some(due + 0.5 + 5.0 * rng.random::<f64>()),
            _ => Some(due - 0.5 - 5.0 * rng.random::<f64>()),
        };
        let risk = match delivered {
            None => 0.85,
            Some(d) if d > due => 0.5,
            Some(_) => 0.1,
        };
        let unhappy = rng.random::<f64>() < risk;
        let asked = delivered.unwrap_or(due + 3.0);
        rows.push(promise(row(order, start, "Order Completed", order), at(due)));
        rows.extend(delivered.map(|d| row(order, at(d), "Order Delivered", order)));
        rows.push(row(order, at(asked + 0.05), "Survey Sent", order));
        let answer = row(order, at(asked + 0.1 + 5.0 * rng.random::<f64>()), "Survey Answered", order);
        rows.push(stars(answer, if unhappy { 2.0 } else { 4.0 }));
    }
    rows
}

#[test]
fn a_promise_hurts_when_its_time_passes_and_not_when_the_parcel_arrives() {
    let found = find(promises(3));
    let overdue = named(&found, Outcome::Dissatisfaction, "promise", "delivery").expect("found");
    let missing = named(&found, Outcome::Dissatisfaction, "stage", "receive").expect("found");
    assert!(overdue.low > 3.0, "{overdue:?}");
    assert_eq!((overdue.shadow_of, missing.shadow_of), (None, None), "{:#?}", found.findings);
    assert!(overdue.exposed > 850 && overdue.exposed < 1_000, "late and never alike: {}", overdue.exposed);
    let asked = named(&found, Outcome::Dissatisfaction, "event", "Survey Sent");
    assert!(asked.is_none(), "what everybody meets before answering is not blamed");
}

/// A card that is declined makes a customer give up twice as often; silence is all that shows.
#[test]
fn silence_after_a_declined_card_is_found() {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let mut rows = Vec::new();
    for order in 0..3_000_u64 {
        let start = EPOCH + rng.random_range(0..90) * DAY;
        let declined = rng.random::<f64>() < 0.2;
        let called = rng.random::<f64>() < 0.2;
        let lost = rng.random::<f64>() < if declined { 0.4 } else { 0.2 };
        rows.push(row(order, start, "Order Completed", order));
        if declined {
            rows.push(row(order, start + DAY / 50, "Card Declined", order));
        }
        if called {
            rows.push(row(order, start + rng.random_range(1..2 * DAY), "Support Called", order));
        }
        if !lost {
            rows.push(row(order, start + 3 * DAY, "Order Delivered", order));
        }
    }
    let found = find(rows);
    let declined = named(&found, Outcome::DropOut, "event", "Card Declined").expect("found");
    assert!(declined.low < 2.0 && declined.high.unwrap() > 2.0 && declined.low > 1.5, "{declined:?}");
    assert_eq!(named(&found, Outcome::DropOut, "event", "Support Called"), None);
}
