//! Steps that make what came fit, and leave the rest as it is.

use crate::interaction;
use serde_json::{Value, json};
use throughline_rules::{Mend, Step, said};

fn mended(step: Value, properties: Value) -> Value {
    let mend: Mend = serde_json::from_value(json!({"event": "Order Completed", "steps": [step]})).unwrap();
    let mut i = interaction(json!({"event": "Order Completed", "properties": properties}));
    let before = i.clone();
    let changed = mend.apply(&mut i);
    assert_eq!(changed, i != before, "{}", mend.in_words());
    said(&i)["properties"].clone()
}

#[test]
fn steps_do_what_they_say() {
    let rename = json!({"do": "rename", "field": "prize", "to": "price"});
    assert_eq!(mended(rename.clone(), json!({"prize": 3})), json!({"price": 3}));
    assert_eq!(mended(rename, json!({"prize": 3, "price": 4})), json!({"prize": 3, "price": 4}), "never over another");
    let nested = json!({"do": "rename", "field": "ship.town", "to": "shipping.city"});
    assert_eq!(mended(nested, json!({"ship": {"town": "Lyon"}})), json!({"ship": {}, "shipping": {"city": "Lyon"}}));
    let number = json!({"do": "number", "field": "price"});
    assert_eq!(mended(number.clone(), json!({"price": "12,50"})), json!({"price": 12.5}));
    assert_eq!(mended(number.clone(), json!({"price": "1,299"})), json!({"price": "1,299"}), "it could be two numbers");
    assert_eq!(mended(number, json!({"price": 3})), json!({"price": 3}));
    assert_eq!(mended(json!({"do": "text", "field": "id"}), json!({"id": 7, "b": 1})), json!({"id": "7", "b": 1}));
    let fill = json!({"do": "fill", "field": "plan", "value": "free"});
    assert_eq!(mended(fill.clone(), json!({"plan": null})), json!({"plan": "free"}));
    assert_eq!(mended(fill, json!({"plan": "pro"})), json!({"plan": "pro"}));
    assert_eq!(mended(json!({"do": "remove", "field": "a.b"}), json!({"a": {"b": 1, "c": 2}})), json!({"a": {"c": 2}}));
    assert_eq!(mended(json!({"do": "remove", "field": "a.b"}), json!({"a.b": 1})), json!({}), "a name with a point");
}

#[test]
fn worth_and_name() {
    let mut i = interaction(json!({"event": "Order Completed", "properties": {"total": "€ 1.299,90"}}));
    let worth = Step::Worth { field: "total".to_owned(), currency: "EUR".to_owned() };
    let name = Step::Event { name: " Order Placed ".to_owned() };
    let mend = Mend { event: "Order Completed".to_owned(), source: None, steps: vec![worth, name] };
    assert!(mend.is_for(&i));
    assert!(mend.apply(&mut i));
    assert_eq!((i.money.unwrap().to_string().as_str(), i.event.as_str()), ("1299.90 EUR", "Order Placed"));
    assert!(!mend.is_for(&i), "it is another event now");
    let elsewhere = Mend { event: "Order Placed".to_owned(), source: Some("till".to_owned()), steps: vec![] };
    assert!(!elsewhere.is_for(&i));
    assert_eq!(mend.in_words(), "`total` is its worth in EUR, it is called \u{201c} Order Placed \u{201d}");
}
