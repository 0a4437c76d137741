//! Random stories for comparisons with oracles.

use crate::world::{DAY, EPOCH, hash, promise, row, stars};
use proptest::prelude::*;
use throughline_interactions::{Currency, Money};
use throughline_timeline::Row;

const EVENTS: [&str; 8] = [
    "Order Completed",
    "Payment Approved",
    "Order Shipped",
    "Order Delivered",
    "Survey Answered",
    "Order Cancelled",
    "Support Called",
    "Payment Failed",
];

/// Rows of a few customers with a few orders, many at equal times.
pub fn stories(customers: u64, rows: usize) -> impl Strategy<Value = Vec<Row>> {
    let one = (0..customers, 0..4_u64, 0..600_u32, 0..EVENTS.len(), any::<u32>());
    prop::collection::vec(one, 1..rows).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(i, (customer, order, hour, event, dice))| {
                let at = EPOCH + i64::from(hour) * DAY / 4 + i64::from(dice % 3);
                let mut row = row(customer * 3 + 1, at, EVENTS[event], customer * 10 + order);
                row.order.message_hash = i as u64;
                row.channel = ["web", "store", ""][(dice >> 3) as usize % 3].into();
                row.has_text = dice >> 5 & 3 == 0;
                if order == 3 {
                    row.subjects.clear();
                }
                if EVENTS[event] == "Survey Answered" {
                    row = stars(row, (1 + (dice >> 7) % 5) as f32);
                }
                if EVENTS[event] == "Order Completed" {
                    row = promise(row, at + i64::from((dice >> 9) % 40) * DAY);
                    let currency = Currency::new(if dice >> 14 & 15 == 0 { "USD" } else { "EUR" }).unwrap();
                    row.money = Some(Money { minor: i64::from(dice % 1_000), currency });
                }
                if dice >> 15 & 1 == 0 {
                    row.attributes.push(hash("ref:carrier", ["a", "b"][(dice >> 16) as usize % 2]));
                }
                row
            })
            .collect()
    })
}
