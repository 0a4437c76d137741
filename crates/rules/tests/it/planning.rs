//! A plan asks what its schema says, of what its sender said, and says what is wrong.

use crate::interaction;
use serde_json::{Value, json};
use throughline_rules::{Check, Consent, Mode, Plan, PlanError, Staff, Untold, is_decision, said};

fn plan(schema: Value) -> Plan {
    Plan { event: "Order Completed".to_owned(), note: String::new(), schema, mode: Mode::KeepAside }
}

#[test]
fn what_was_said_has_the_form_of_what_was_sent() {
    let sent = json!({
        "event": "Order Completed", "channel": "web", "touchpoint": "checkout",
        "identifiers": {"email": "ana@example.org", "user_id": "u-1"},
        "refs": {"order": "o-1", "product": ["p-1", "p-2"]},
        "money": {"amount": "12.90", "currency": "EUR"},
        "score": {"kind": "csat", "value": 4, "min": 1, "max": 5},
        "text": "fine", "consent": {"analytics": true},
        "properties": {"coupon": "SPRING", "items": [{"sku": "p-1"}]},
    });
    let mut expected = sent.clone();
    expected.as_object_mut().unwrap().remove("event");
    expected["score"] = json!({"kind": "csat", "value": 4.0, "min": 1.0, "max": 5.0});
    assert_eq!(said(&interaction(sent)), expected);
    assert_eq!(said(&interaction(json!({"event": "Seen"}))), json!({"properties": {}}));
}

#[test]
fn each_breach_names_its_field() {
    let check = Check::new(&plan(json!({
        "required": ["money", "identifiers"],
        "properties": {
            "properties": {
                "required": ["coupon"],
                "properties": {
                    "coupon": {"type": "string", "pattern": "^[A-Z]+$"},
                    "installments": {"type": "integer", "minimum": 1},
                    "on": {"type": "string", "format": "date"},
                },
            },
        },
    })))
    .unwrap();
    assert_eq!(check.mode(), Mode::KeepAside);
    let breaches = |properties: Value| {
        let i = interaction(
            json!({"event": "Order Completed", "money": {"amount": "1", "currency": "EUR"}, "identifiers": {"user_id": "u"}, "properties": properties}),
        );
        let all = check.breaches(&said(&i));
        all.into_iter().map(|b| format!("{}|{}", b.field, b.message)).collect::<Vec<_>>()
    };
    assert_eq!(breaches(json!({"coupon": "SPRING", "installments": 3, "on": "2026-05-01"})), [""; 0]);
    let all = breaches(json!({"coupon": "spring", "installments": "3", "on": "soon"}));
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(
        all.iter().any(|b| b.starts_with("properties.installments|`properties.installments`: \"3\" is not of type"))
    );
    assert!(all.iter().any(|b| b.starts_with("properties.on|") && b.contains("date")), "{all:?}");
    let missing = breaches(json!({}));
    assert!(missing[0].starts_with("properties|") && missing[0].contains("\"coupon\" is a required property"));
    let i = interaction(json!({"event": "Order Completed", "properties": {"coupon": "A"}}));
    assert_eq!(check.breaches(&said(&i)).len(), 2, "money and identifiers");
}

#[test]
fn a_schema_that_is_none_says_why() {
    let fault = |text: &str| Plan::schema_of(text).unwrap_err().to_string();
    assert!(fault("{").starts_with("this is not JSON: "));
    assert!(fault("7").contains("a schema is a JSON object"));
    assert!(
        fault(r#"{"type": "strnig"}"#).starts_with("this is not a JSON Schema: "),
        "{}",
        fault(r#"{"type": "strnig"}"#)
    );
    assert!(fault(r#"{"properties": {"a": {"pattern": "("}}}"#).contains("pattern"));
    // Nothing is fetched from anywhere.
    assert!(fault(r#"{"$ref": "https://example.org/schema.json"}"#).contains("example.org"));
    let long = format!("{{\"title\": \"{}\"}}", "x".repeat(70_000));
    assert!(matches!(Plan::schema_of(&long), Err(PlanError::TooLarge(n)) if n > 70_000));
    assert!(Plan::schema_of(r#"{"type": "object"}"#).is_ok());
}

#[test]
fn a_long_value_does_not_make_a_long_message() {
    let check = Check::new(&plan(json!({"properties": {"text": {"maxLength": 3}}}))).unwrap();
    let i = interaction(json!({"event": "Order Completed", "text": "é".repeat(5_000)}));
    let breach = &check.breaches(&said(&i))[0];
    assert!(breach.message.len() < 800 && breach.message.contains("longer than 3"), "{}", breach.message);
}

#[test]
fn consent_is_asked_where_nothing_else_allows() {
    let rule = &Consent::usual()[0];
    let needed = |json: Value| rule.is_needed(&interaction(json));
    assert!(needed(json!({"event": "Page Viewed", "channel": "web"})));
    assert!(!needed(json!({"event": "Ticket Opened", "channel": "email"})));
    assert!(!needed(json!({"event": "Order Completed", "channel": "web", "refs": {"order": "o-1"}})));
    assert!(needed(json!({"event": "Product Viewed", "channel": "web", "refs": {"product": "p-1", "visit": "v"}})));
    assert!(!needed(json!({"event": "Consent Withdrawn", "channel": "web"})) && is_decision("unsubscribed"));
    let own = |consent: Value| rule.own_word(&interaction(json!({"event": "Page Viewed", "consent": consent})));
    assert_eq!(own(json!({"Analytics": false, "ads": true})), Some(false));
    assert_eq!((own(json!({"analytics": true})), own(json!({"ads": true}))), (Some(true), None));
    assert_eq!(rule.untold, Untold::Take);
}

#[test]
fn the_brands_own_people_are_known_and_it_is_said_why() {
    let list = |s: &str| vec![s.to_owned()];
    let staff = Staff {
        domains: list("north-shop.example"),
        identifiers: list("u-1"),
        hosts: list("staging.north-shop.example"),
        networks: list("192.0.2.0/24"),
    };
    let why = |json: Value, from: Option<&str>| staff.is_one(&interaction(json), from.map(|a| a.parse().unwrap()));
    let by = |identifiers: Value| why(json!({"event": "Page Viewed", "identifiers": identifiers}), None);
    assert_eq!(by(json!({"email": "Eva@North-Shop.example"})).unwrap(), "its address is at north-shop.example");
    assert_eq!(by(json!({"user_id": "u-1"})).unwrap(), "its user_id is one of the staff");
    assert_eq!(by(json!({"email": "ana@example.org", "user_id": "u-11"})), None);
    let at = |url: &str| why(json!({"event": "Page Viewed", "properties": {"context": {"page": {"url": url}}}}), None);
    assert!(at("https://staging.north-shop.example:8443/cart?x=1").is_some());
    assert!(at("https://north-shop.example/staging.north-shop.example").is_none());
    assert!(at("https://me@staging.north-shop.example").is_some());
    let from = |a: &str| why(json!({"event": "Page Viewed"}), Some(a));
    assert_eq!((from("192.0.2.9").as_deref(), from("198.51.100.9")), (Some("it came from 192.0.2.0/24"), None));
    assert_eq!(staff.wrong_network(), None);
    assert_eq!(Staff { networks: list("office"), ..Staff::default() }.wrong_network(), Some("office"));
}
