//! Money in worlds whose loss is planted.

use crate::world::{DAY, EPOCH, Plan, buy_and_receive, compile, planned, row, snapshot};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline_interactions::{Currency, Money};
use throughline_journeys::PainPoints;
use throughline_journeys::pain_points::{Findings, Revenue, RevenuePass, Worth};
use throughline_timeline::{Partial, Row, ScanOptions, Snapshot};

const ORDERS: u64 = 3_000;
/// Of those who met no trouble, who buys again within the year.
const AGAIN: f64 = 0.5;
/// A basket in minor units.
const BASKET: i64 = 10_000;
const MARGIN: f64 = 0.4;

fn paid(mut row: Row, minor: i64) -> Row {
    row.money = Some(Money { minor, currency: Currency::new("EUR").unwrap() });
    row
}

/// First orders as planned, then for some a second one within the year; whoever met the trouble
/// buys again less often by `drop`. Also the margin lost in expectation.
fn world(seed: u64, drop: f64) -> (Vec<Row>, f64) {
    let (mut rows, truths) = planned(&Plan { orders: ORDERS, ..Plan::PLAIN }, seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xabcd);
    for row in rows.iter_mut().filter(|r| &*r.event == "Order Completed") {
        *row = paid(row.clone(), BASKET);
    }
    for (order, truth) in truths.iter().enumerate() {
        let customer = order as u64 * 7 + 1;
        if rng.random::<f64>() < AGAIN - if truth.exposed { drop } else { 0.0 } {
            let at = EPOCH + ((40.0 + rng.random::<f64>() * 250.0) * DAY as f64) as i64;
            rows.push(paid(row(customer, at, "Order Completed", 1_000_000 + order as u64), BASKET));
            rows.push(row(customer, at + 3 * DAY, "Order Delivered", 1_000_000 + order as u64));
        }
    }
    // The data reach far enough to know who did not come back.
    rows.push(row(5_000_003, EPOCH + 800 * DAY, "Product Viewed", 9_000_000));
    let met = truths.iter().filter(|t| t.exposed).count() as f64;
    (rows, met * drop * BASKET as f64 * MARGIN)
}

fn find(snapshot: &Snapshot, worth: Option<Worth>) -> Findings {
    let pain = PainPoints { worth, ..PainPoints::new(compile(buy_and_receive(), snapshot)) };
    pain.find(snapshot, &|_| None, &ScanOptions::default()).unwrap()
}

fn worth() -> Option<Worth> {
    Some(Worth { currency: "EUR".to_owned(), margin: MARGIN })
}

#[test]
fn a_planted_loss_lies_within_its_interval() {
    for drop in [0.2, 0.0] {
        let covered = (0..12)
            .filter(|seed| {
                let (rows, loss) = world(*seed, drop);
                let found = find(&snapshot(rows, 4), worth());
                let trouble = found.findings.iter().find(|f| f.name.value == "Trouble").expect("it makes unhappy");
                let Revenue::Measured { total, horizon_days: 365, .. } = &found.revenue else {
                    panic!("{:?}", found.revenue)
                };
                let share = trouble.revenue.expect("its share");
                assert!(drop == 0.0 || share.value > 0.0, "{share:?}");
                total.contains(loss)
            })
            .count();
        // Of 12 intervals of 95 %, fewer than 10 cover in one of fifty tries.
        assert!(covered >= 10, "{covered} of 12 with a drop of {drop}");
    }
}

#[test]
fn without_a_margin_or_followers_there_is_no_money_and_a_reason() {
    let (rows, _) = world(3, 0.2);
    let reason = |found: &Findings| match &found.revenue {
        Revenue::Unmeasured { reason } => reason.to_string(),
        measured => panic!("{measured:?}"),
    };
    let found = find(&snapshot(rows.clone(), 4), None);
    assert!(reason(&found).contains("no gross margin"));
    assert!(found.findings.iter().all(|f| f.revenue.is_none()));
    let dollars = Some(Worth { currency: "USD".to_owned(), margin: MARGIN });
    assert!(!reason(&find(&snapshot(rows.clone(), 4), dollars)).is_empty());
    // Ten weeks of data tell nobody who comes back.
    let young = rows.into_iter().filter(|r| r.order.occurred_at.0 < EPOCH + 34 * DAY).collect();
    let young = reason(&find(&snapshot(young, 4), worth()));
    assert!(young.contains("followed") || young.contains("later"), "{young}");
}

#[test]
fn buckets_merge_to_the_same_money() {
    let (rows, _) = world(8, 0.2);
    let snapshot = snapshot(rows, 8);
    let found = find(&snapshot, worth());
    let keys = found.findings.iter().map(|f| f.key);
    let pass = RevenuePass::new(compile(buy_and_receive(), &snapshot), None, keys, "EUR", ORDERS, 800);
    let whole = snapshot.scan(&pass, &ScanOptions::default()).unwrap();
    let all: Vec<u16> = (0..8).collect();
    let parts = snapshot.scan_buckets(&pass, &all, &ScanOptions::default()).unwrap();
    let sent = parts.iter().rev().map(|p| Partial::decode("revenue", &p.encode("revenue")).unwrap()).collect();
    let merged = Partial::merge(sent, throughline_timeline::Pass::start(&pass), 8).unwrap();
    assert_eq!(merged, whole);
    assert_eq!(pass.result(&whole, &worth().unwrap()), pass.result(&merged, &worth().unwrap()));
}
