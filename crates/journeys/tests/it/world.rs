//! Small worlds with planted truths, from a seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};
use throughline_journeys::{Compiled, Definition, Extent, default_definitions};
use throughline_timeline::{Row, RowPromise, RowScore, ScanOptions, Snapshot};

pub const DAY: i64 = 86_400_000_000;
pub const EPOCH: i64 = 17_897 * DAY; // 2019-01-01

/// The hash under which worlds know a dimension and a value.
pub fn hash(dimension: &str, value: &str) -> u64 {
    format!("{dimension}={value}").bytes().fold(14_695_981_039_346_656_037, |h: u64, b| {
        (h ^ u64::from(b)).wrapping_mul(1_099_511_628_211).rotate_left(23)
    })
}

/// A row of an order; refine it with the fields.
pub fn row(customer: u64, at: i64, event: &str, order: u64) -> Row {
    Row {
        customer,
        node: customer,
        order: OrderKey { occurred_at: Timestamp(at), source_seq: 0, message_prefix: 0, message_hash: at as u64 },
        position: 0,
        event: event.into(),
        channel: "web".into(),
        actor: Actor::Human,
        direction: Direction::In,
        money: None,
        score: None,
        has_text: false,
        promise: None,
        subjects: vec![("order".into(), order)],
        attributes: Vec::new(),
    }
}

pub fn stars(mut row: Row, value: f32) -> Row {
    row.score = Some(RowScore { kind: "stars".into(), value, min: 1.0, max: 5.0 });
    row
}

pub fn promise(mut row: Row, due: i64) -> Row {
    let due = Timestamp(due);
    row.promise = Some(RowPromise { kind: "delivery".into(), due, deadline: due, day_deadline: due });
    row
}

pub fn snapshot(mut rows: Vec<Row>, buckets: u16) -> Snapshot {
    for (i, row) in rows.iter_mut().enumerate() {
        row.position = i as u64;
    }
    Snapshot::of_rows(rows, buckets)
}

pub fn buy_and_receive() -> Definition {
    default_definitions().remove(0)
}

pub fn compile(definition: Definition, snapshot: &Snapshot) -> Arc<Compiled> {
    let extent = snapshot.scan(&Extent, &ScanOptions::default()).unwrap();
    let end = extent.last().unwrap_or(Timestamp(EPOCH));
    Arc::new(Compiled::new(definition, end, &|d, v| hash(d, v)).unwrap())
}

/// When and whom the planted trouble meets, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub orders: u64,
    /// The share that meets the trouble before the delivery.
    pub share: f64,
    /// The risk of an unhappy answer without it, and how many times as high with it.
    pub risk: f64,
    pub ratio: f64,
    /// Days from delivery to an unhappy and to a happy answer, on average.
    pub unhappy_days: f64,
    pub happy_days: f64,
    /// Days by which the trouble delays the delivery, and with it the answer.
    pub delay_days: f64,
    /// The trouble may also come after the delivery, up to the answer, without any effect.
    pub until_answer: bool,
    /// Further events that mean nothing.
    pub noise: usize,
}

impl Plan {
    pub const PLAIN: Self = Self {
        orders: 1_500,
        share: 0.3,
        risk: 0.2,
        ratio: 2.0,
        unhappy_days: 3.0,
        happy_days: 3.0,
        delay_days: 0.0,
        until_answer: false,
        noise: 0,
    };
}

/// One order of a planned world, for estimators that are compared with ours.
#[derive(Debug, Clone, Copy)]
pub struct Truth {
    pub exposed: bool,
    pub unhappy: bool,
    pub answer_days: f64,
}

/// A world after the plan: order, perhaps `Trouble`, delivery, answer. Noise: events and
/// attributes at random.
pub fn planned(plan: &Plan, seed: u64) -> (Vec<Row>, Vec<Truth>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut truths) = (Vec::new(), Vec::new());
    let exponential = |rng: &mut ChaCha8Rng, mean: f64| -mean * (1.0 - rng.random::<f64>()).ln();
    for order in 0..plan.orders {
        let customer = order * 7 + 1;
        let start = EPOCH + (rng.random::<f64>() * 28.0 * DAY as f64) as i64;
        let at = |days: f64| start + (days * DAY as f64) as i64;
        let meets = rng.random::<f64>() < plan.share;
        let trouble = 0.2 + rng.random::<f64>() * 4.8;
        let unhappy = rng.random::<f64>() < plan.risk * if meets && !plan.until_answer { plan.ratio } else { 1.0 };
        let delivery = 5.0 + rng.random::<f64>() * 4.0 + if meets { plan.delay_days } else { 0.0 };
        let wait = if unhappy { plan.unhappy_days } else { plan.happy_days };
        let answer = delivery + 0.05 + exponential(&mut rng, wait);
        let trouble = if plan.until_answer { trouble * 4.0 } else { trouble };
        let mut first = row(customer, start, "Order Completed", order);
        let region = ["north", "south", "east"][rng.random_range(0..3)];
        first.attributes.push(hash("ref:region", region));
        rows.push(first);
        if meets {
            rows.push(row(customer, at(trouble), "Trouble", order));
        }
        for noise in 0..plan.noise {
            if rng.random::<f64>() < 0.25 {
                let mut noisy = row(customer, at(exponential(&mut rng, 6.0)), &format!("Noise {noise}"), order);
                noisy.channel = ["web", "app", "phone"][rng.random_range(0..3)].into();
                noisy.attributes.push(hash("property:variant", ["a", "b", "c", "d"][rng.random_range(0..4)]));
                rows.push(noisy);
            }
        }
        rows.push(row(customer, at(delivery), "Order Delivered", order));
        let answered = row(customer, at(answer), "Survey Answered", order);
        rows.push(stars(answered, if unhappy { 1.0 } else { 5.0 }));
        truths.push(Truth { exposed: meets && trouble < answer, unhappy, answer_days: answer });
    }
    (rows, truths)
}

/// Of those who met no trouble, who buys again within the year.
pub const AGAIN: f64 = 0.5;
/// A basket in minor units.
pub const BASKET: i64 = 10_000;
/// Of a basket, what remains.
pub const MARGIN: f64 = 0.4;

fn paid(mut row: Row, minor: i64) -> Row {
    row.money = Some(Money { minor, currency: Currency::new("EUR").unwrap() });
    row
}

/// First orders after the plan, then for some a second one within the year; whoever met the trouble
/// buys again less often by `drop`. Also the margin lost in expectation.
pub fn paid_world(plan: &Plan, seed: u64, drop: f64) -> (Vec<Row>, f64) {
    let (mut rows, truths) = planned(plan, seed);
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
