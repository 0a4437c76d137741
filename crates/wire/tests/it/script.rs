//! What our own script sends.

use crate::{at, now, who};
use serde_json::{Value, json};
use throughline_interactions::{Actor, Draft, Fault};
use throughline_wire::{Around, Event, script};

/// The events of a body, of the visitor `v-1` in a browser.
fn scripts(body: &Value, agent: &str) -> Vec<Result<Event, Fault>> {
    let mut sent = throughline_wire::read(body.to_string().as_bytes(), "items").unwrap();
    sent.from_browser(agent);
    let around = Around::new(now(), "EUR");
    let each = sent.events.into_iter().enumerate();
    each.map(|(i, v)| v.and_then(|v| script::event(v, i as u32, &sent.envelope, &around, Some("v-1")))).collect()
}

fn draft(item: Value) -> Draft {
    scripts(&json!({"items": [item]}), "Mozilla/5.0").remove(0).unwrap().draft
}

#[test]
fn an_item_is_a_native_interaction_with_its_page() {
    let drafted = draft(json!({
        "message_id": "a", "event": "Page Viewed", "occurred_at": "2026-11-26T08:26:00Z",
        "context": {"page": {"path": "/guide", "url": "https://shop.example/guide"}, "timezone": "Europe/Lisbon",
                    "campaign": {"name": "spring"}},
    }));
    assert_eq!((drafted.channel.as_str(), drafted.touchpoint.as_str()), ("web", "/guide"));
    assert_eq!(who(&drafted), "anonymous_id=v-1");
    assert_eq!(drafted.refs[0].value, "spring");
    assert_eq!(drafted.zone.unwrap().name(), "Europe/Lisbon");
    assert_eq!(drafted.properties["context"]["page"]["url"], "https://shop.example/guide");
    assert_eq!(drafted.actor, Actor::Human);
}

#[test]
fn what_an_item_says_itself_goes_first() {
    let drafted = draft(json!({
        "message_id": "a", "event": "Order Completed", "channel": "app", "touchpoint": "checkout",
        "identifiers": {"anonymous_id": "own", "user_id": "ana"}, "money": {"amount": "5.00", "currency": "CHF"},
        "properties": {"revenue": 12.5, "order_id": "o-1", "context": "mine"},
        "context": {"page": {"path": "/guide"}},
    }));
    assert_eq!((drafted.channel.as_str(), drafted.touchpoint.as_str()), ("app", "checkout"));
    assert_eq!(who(&drafted), "anonymous_id=own user_id=ana");
    assert_eq!(drafted.money.unwrap().minor, 500);
    assert!(drafted.refs.iter().any(|r| r.kind == "order" && r.value == "o-1"));
    assert_eq!(drafted.properties["context"], "mine");
}

#[test]
fn a_wrong_clock_is_corrected_and_a_program_is_called_one() {
    let item = json!({"message_id": "a", "event": "Page Viewed", "occurred_at": "2026-11-26T07:00:00Z"});
    let body = json!({"sent_at": "2026-11-26T07:00:20Z", "items": [item]});
    let event = scripts(&body, "Mozilla/5.0 (compatible; Somebot/1.0)").remove(0).unwrap();
    assert!(event.corrected);
    assert_eq!(event.draft.occurred_at, Some(at("2026-11-26T08:26:00Z")));
    assert_eq!(event.draft.actor, Actor::Bot);
}

#[test]
fn a_bad_item_harms_no_neighbour() {
    let items =
        json!([7, {"message_id": "a", "event": "Page Viewed"}, {"message_id": "b", "event": 5}, {"nonsense": 1}]);
    let read = scripts(&json!({"items": items}), "");
    let codes: Vec<String> =
        read.iter().map(|r| r.as_ref().map_or_else(|f| f.code.to_string(), |e| e.draft.message_id.clone())).collect();
    assert_eq!(codes, ["wrong_type", "a", "wrong_type", "unknown_field"]);
}
