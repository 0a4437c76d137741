//! The control figures of the Olist sample, recomputed by slow and obvious code from what the
//! example's recipe imports.

use crate::world::import_example;
use std::collections::{BTreeMap, BTreeSet};
use throughline_interactions::{Interaction, Precision};

fn person(i: &Interaction) -> &str {
    &i.identifiers.iter().find(|id| id.kind == "user_id").unwrap().value
}

fn mean(stars: &[f64]) -> (usize, String) {
    (stars.len(), format!("{:.4}", stars.iter().sum::<f64>() / stars.len() as f64))
}

#[test]
fn the_recipe_reproduces_the_control_figures() {
    let Some(imported) = import_example("olist") else { return };
    assert_eq!(imported.rejects, []);
    let all = |event: &str| imported.interactions.iter().filter(|i| i.event == event).collect::<Vec<_>>();
    let (placed, delivered, answers) = (all("Order Placed"), all("Order Delivered"), all("Review Answered"));

    assert_eq!((placed.len(), delivered.len(), answers.len()), (6_292, 3_839, 6_375));
    assert_eq!((all("Payment Approved").len(), all("Order Shipped").len()), (6_220, 4_811));
    assert_eq!(imported.interactions.len(), 6_292 + 6_220 + 4_811 + 3_839 + 6_375);
    let mut orders_of: BTreeMap<&str, usize> = BTreeMap::new();
    for i in &placed {
        *orders_of.entry(person(i)).or_default() += 1;
    }
    assert_eq!((orders_of.len(), orders_of.values().filter(|n| **n > 1).count()), (6_206, 54));
    let ids: BTreeSet<&str> = imported.interactions.iter().map(|i| i.message_id.as_str()).collect();
    assert_eq!(ids.len(), imported.interactions.len());
    assert!(ids.iter().all(|id| id.len() == 32), "no natural key repeats");

    // Late as a moment and as a day.
    let order = |i: &Interaction| i.first_ref("order").unwrap().to_owned();
    let arrived: BTreeMap<String, _> = delivered.iter().map(|i| (order(i), i.occurred_at)).collect();
    let (mut late, mut late_by_day, mut days) = (BTreeSet::new(), 0, Vec::new());
    for i in &placed {
        let promise = i.promise.as_ref().unwrap();
        assert_eq!((promise.kind.as_str(), promise.precision), ("delivery", Precision::Day));
        let Some(at) = arrived.get(&order(i)) else { continue };
        if *at > promise.due {
            late.insert(order(i));
        }
        if *at > promise.deadline(i.zone.as_ref().unwrap()).unwrap() {
            late_by_day += 1;
        }
        days.push((at.0 - i.occurred_at.0) as f64 / 86_400e6);
    }
    assert_eq!((late.len(), late_by_day), (333, 283));
    days.sort_by(f64::total_cmp);
    assert_eq!(format!("{:.2}", days[days.len() / 2]), "11.27");

    // Stars by what became of the order.
    let (mut on_time, mut too_late, mut never) = (Vec::new(), Vec::new(), Vec::new());
    for i in &answers {
        let stars = i.score.as_ref().unwrap().value;
        match arrived.contains_key(&order(i)) {
            false => never.push(stars),
            true if late.contains(&order(i)) => too_late.push(stars),
            true => on_time.push(stars),
        }
    }
    assert_eq!(mean(&on_time), (3_565, "4.2561".to_owned()));
    assert_eq!(mean(&too_late), (337, "2.2730".to_owned()));
    assert_eq!(mean(&never), (2_473, "1.7477".to_owned()));
    let satisfied = answers.iter().filter(|i| i.score.as_ref().unwrap().value >= 4.0).count();
    assert_eq!(format!("{:.2}", 100.0 * satisfied as f64 / answers.len() as f64), "52.77");

    // What joins, sums and doubtful times give.
    let total: i64 = placed.iter().map(|i| i.money.unwrap().minor).sum();
    assert_eq!(total, PAYMENTS);
    assert_eq!(imported.interactions.iter().filter(|i| i.ambiguous_time).count(), 2);
    let several = placed.iter().find(|i| i.refs.iter().filter(|r| r.kind == "product").count() > 1).unwrap();
    assert!(several.properties["items"].as_i64().unwrap() > 1);
    let quoted = answers.iter().filter(|i| i.text.as_ref().is_some_and(|t| t.contains("\r\n"))).count();
    assert!(quoted > 100, "line ends inside texts are kept, {quoted}");
    assert_eq!(placed.iter().filter(|i| i.first_ref("product").is_none()).count(), 650);
}

/// The sum of `payment_value` in centavos.
const PAYMENTS: i64 = 108_213_230;
