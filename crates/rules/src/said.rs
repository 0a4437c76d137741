//! An interaction as its sender says it.

use serde_json::{Map, Value, json};
use throughline_interactions::{Direction, Interaction};

/// What an interaction says, in the form of `POST /v1/interactions`: identifiers and refs by their kind,
/// amounts as decimal text. What every interaction has — its id, its times, its source, its event — is
/// left out: a plan is made for each event, and the rest is checked at the door anyway.
pub fn said(i: &Interaction) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    if !i.channel.is_empty() {
        put("channel", i.channel.as_str().into());
    }
    if !i.touchpoint.is_empty() {
        put("touchpoint", i.touchpoint.as_str().into());
    }
    if i.direction == Direction::Out {
        put("direction", "out".into());
    }
    if !i.identifiers.is_empty() {
        put("identifiers", by_kind(i.identifiers.iter().map(|n| (n.kind.as_str(), n.value.as_str()))));
    }
    if !i.refs.is_empty() {
        put("refs", by_kind(i.refs.iter().map(|r| (r.kind.as_str(), r.value.as_str()))));
    }
    if let Some(money) = &i.money {
        let text = money.to_string();
        let amount = text.split(' ').next().unwrap_or_default();
        put("money", json!({"amount": amount, "currency": money.currency.as_str()}));
    }
    if let Some(score) = &i.score {
        put("score", json!({"kind": score.kind.as_str(), "value": score.value, "min": score.min, "max": score.max}));
    }
    if let Some(text) = &i.text {
        put("text", text.as_str().into());
    }
    if let Some(promise) = &i.promise {
        put("promise", serde_json::to_value(promise).unwrap_or_default());
    }
    if !i.consent.is_empty() {
        put("consent", serde_json::to_value(&i.consent).unwrap_or_default());
    }
    put("properties", Value::Object(i.properties.clone()));
    Value::Object(all)
}

/// One value alone, several as a list.
fn by_kind<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let mut all = Map::new();
    for (kind, value) in pairs {
        match all.get_mut(kind) {
            None => drop(all.insert(kind.to_owned(), value.into())),
            Some(Value::Array(list)) => list.push(value.into()),
            Some(one) => *one = Value::Array(vec![one.take(), value.into()]),
        }
    }
    Value::Object(all)
}
