//! Made-up rows.

use std::sync::Arc;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};
use throughline_timeline::{Row, RowPromise, RowScore};

/// A row whose every part follows from `seed`; rare parts are rare.
pub fn row(customer: u64, node: u64, seed: u64) -> Row {
    let mix = |salt: u64| {
        let mut x = seed.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    };
    let pick = |salt: u64, of: &[&str]| -> Arc<str> { Arc::from(of[(mix(salt) % of.len() as u64) as usize]) };
    let chance = |salt: u64, of: u64| mix(salt) % of == 0;
    let micros = 1_700_000_000_000_000 + (mix(1) % 40) as i64 * 1_000_000;
    Row {
        customer,
        node,
        order: OrderKey {
            occurred_at: Timestamp(micros + if chance(2, 3) { (mix(3) % 1_000_000) as i64 } else { 0 }),
            source_seq: if chance(4, 3) { (mix(5) % 3) as u32 } else { 0 },
            message_prefix: mix(6) % 5,
            message_hash: mix(7),
        },
        position: seed,
        event: pick(8, &["Product Viewed", "Product Added", "Order Completed", "Ticket Opened", "Page Viewed"]),
        channel: pick(9, &["", "web", "store", "email"]),
        actor: [Actor::Human, Actor::Agent, Actor::Bot, Actor::Prefetch, Actor::System][(mix(10) % 5) as usize],
        direction: if chance(11, 2) { Direction::In } else { Direction::Out },
        money: chance(12, 4).then(|| Money {
            minor: mix(13) as i64 % 100_000,
            currency: Currency::new(&pick(14, &["EUR", "USD", "BRL"])).unwrap(),
        }),
        score: chance(15, 5).then(|| RowScore {
            kind: pick(16, &["nps", "csat"]),
            value: (mix(17) % 11) as f32,
            min: 0.0,
            max: 10.0,
        }),
        has_text: chance(18, 6),
        promise: chance(19, 6).then(|| RowPromise {
            kind: pick(20, &["delivery", "refund"]),
            due: Timestamp(micros + 1),
            deadline: Timestamp(micros + 2),
            day_deadline: Timestamp(micros + 3),
        }),
        subjects: (0..mix(21) % 3).map(|i| (pick(22 + i, &["order", "ticket"]), mix(25 + i) % 50)).collect(),
        attributes: (0..mix(28) % 4).map(|i| mix(29 + i) % 20).collect(),
    }
}

/// The row as a segment gives it back: sets sorted and without repeats.
pub fn settled(mut row: Row) -> Row {
    row.subjects.sort();
    row.subjects.dedup();
    row.attributes.sort_unstable();
    row.attributes.dedup();
    row
}
