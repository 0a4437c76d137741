//! What is learned fits everything that it was learned from, in whatever pieces it was seen.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use throughline_rules::{Check, Mode, Plan, Shape};

fn check(schema: Value) -> Check {
    Check::new(&Plan { event: "e".to_owned(), note: String::new(), schema, mode: Mode::Watch }).unwrap()
}

fn value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("red".to_owned()),
        Just("2026-05-01".to_owned()),
        Just("2026-05-01T10:00:00Z".to_owned()),
        Just("ana@example.org".to_owned()),
        Just("https://example.org/a?b=c".to_owned()),
        Just("0d0c3f1e-55b1-4a53-8a8e-000000000001".to_owned()),
        "[a-z@:/.-]{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let field = prop_oneof![Just("a"), Just("b"), Just("properties"), Just("c_d")];
        let object = prop::collection::vec((field, inner.clone()), 0..4);
        let object = object.prop_map(|f| f.into_iter().map(|(n, v)| (n.to_owned(), v)).collect::<Map<_, _>>());
        prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::from), object.prop_map(Value::from)]
    })
}

fn shape(of: &[Value]) -> Shape {
    let mut shape = Shape::default();
    of.iter().for_each(|v| shape.note(v));
    shape
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn what_was_seen_fits_what_was_learned(seen in prop::collection::vec(value(), 1..8), often in 1_usize..30) {
        let seen: Vec<Value> = std::iter::repeat_n(seen, often).flatten().collect();
        let check = check(shape(&seen).schema());
        for v in &seen {
            prop_assert_eq!(check.breaches(v), Vec::new(), "{}", v);
        }
    }

    #[test]
    fn two_looks_are_one(seen in prop::collection::vec(value(), 0..12), at in 0_usize..12) {
        let (before, after) = seen.split_at(at.min(seen.len()));
        let mut merged = shape(before);
        merged.merge(&shape(after));
        prop_assert_eq!(merged, shape(&seen));
    }
}

#[test]
fn a_shape_suggests_what_it_is_sure_of() {
    let orders: Vec<Value> = (0..60)
        .map(|n| {
            let mut order = json!({"channel": "web", "properties": {
                "plan": if n % 2 == 0 { "free" } else { "pro" }, "total": f64::from(n) + 0.5,
                "email": format!("u{n}@example.org"), "name": format!("somebody {n}"),
                "context": {"library": {"name": "x"}},
            }});
            if n == 7 {
                order["properties"]["total"] = "7,50".into();
            }
            if n > 30 {
                order["properties"]["coupon_code"] = "A".into();
            }
            if n == 31 {
                order["properties"]["couponCode"] = "A".into();
            }
            order
        })
        .collect();
    let shape = shape(&orders);
    let schema = shape.schema();
    let properties = &schema["properties"]["properties"];
    assert_eq!(schema["required"], json!(["channel", "properties"]));
    assert_eq!(properties["required"], json!(["email", "name", "plan", "total"]));
    let fields = &properties["properties"];
    assert_eq!(fields["plan"], json!({"type": "string", "enum": ["free", "pro"]}));
    assert_eq!(fields["total"], json!({"type": ["number", "string"]}));
    assert_eq!(fields["email"], json!({"type": "string", "format": "email"}));
    assert_eq!(fields["name"], json!({"type": "string"}), "names are no choices");
    assert_eq!(fields["context"], Value::Null, "the context of a library is left open");
    let doubts = shape.doubts();
    let expected = [
        ("properties.couponCode", "it looks like `coupon_code`, which came 29 times"),
        ("properties.total", "it was 59 times a number, 1 times a text"),
    ];
    assert_eq!(doubts, expected.map(|(p, s)| (p.to_owned(), s.to_owned())));
}

#[test]
fn little_is_no_ground_to_ask_for_anything() {
    let schema = shape(&[json!({"properties": {"plan": "free"}}), json!({"properties": {"plan": "pro"}})]).schema();
    assert_eq!(schema["required"], Value::Null);
    assert_eq!(schema["properties"]["properties"]["properties"]["plan"], json!({"type": "string"}));
}
