//! From a fact to a row of the hot tier.

use crate::attributes::Fresh;
use crate::brand::Brand;
use std::collections::HashMap;
use std::sync::Arc;
use throughline_interactions::{Interaction, MessageKey, Node, Precision, Promise, Ref};
use throughline_timeline::{Row, RowPromise, RowScore};

/// Names shared between rows of a batch.
#[derive(Default)]
pub(crate) struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    pub(crate) fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(n) = self.0.get(name) {
            return n.clone();
        }
        let n: Arc<str> = name.into();
        self.0.insert(name.into(), n.clone());
        n
    }
}

/// The row of an interaction. `customer` is filled in after the batch has settled who is who.
pub(crate) fn row(
    brand: &Brand,
    i: &Interaction,
    key: MessageKey,
    node: Node,
    position: u64,
    names: &mut Names,
    fresh: &mut Fresh,
) -> Row {
    Row {
        customer: node.0,
        node: node.0,
        order: i.order_key(key),
        position,
        event: names.get(&i.event),
        channel: names.get(&i.channel),
        actor: i.actor,
        direction: i.direction,
        money: i.money,
        score: i.score.as_ref().map(|s| RowScore {
            kind: names.get(s.kind.as_str()),
            value: s.value as f32,
            min: s.min as f32,
            max: s.max as f32,
        }),
        has_text: i.text.as_ref().is_some_and(|t| !t.trim().is_empty()),
        promise: i.promise.as_ref().map(|p| promise(brand, i, p, names)),
        subjects: i
            .refs
            .iter()
            .filter(|r| Ref::is_personal(&r.kind))
            .map(|r| (names.get(&r.kind), brand.attributes.hash(&r.kind, &r.value)))
            .collect(),
        attributes: brand.attributes.of(i, fresh),
    }
}

fn promise(brand: &Brand, i: &Interaction, p: &Promise, names: &mut Names) -> RowPromise {
    let own = brand.zone();
    let zone = i.zone.as_ref().unwrap_or(&own);
    let day = Promise { precision: Precision::Day, ..p.clone() };
    RowPromise {
        kind: names.get(&p.kind),
        due: p.due,
        deadline: p.deadline(zone).unwrap_or(p.due),
        day_deadline: day.deadline(zone).unwrap_or(p.due),
    }
}
