//! Who somebody was, identifiers that are shared, and the rules of a workspace, as pages and as an API.

use crate::house::House;
use serde_json::{Value, json};
use throughline_web::KeyRole;

fn fact(id: &str, at: &str, who: Value, properties: Value) -> Value {
    json!({"message_id": id, "event": "Order Completed", "occurred_at": at, "identifiers": who, "properties": properties})
}

fn filled() -> House {
    let house = House::new();
    let mut sender = house.key("shop", KeyRole::Writer);
    let facts = json!([
        fact("1", "2026-01-01T00:00:00Z", json!({"anonymous_id": "browser-1"}), json!({})),
        fact("2", "2026-02-01T00:00:00Z", json!({"user_id": "u-1", "anonymous_id": "browser-1"}), json!({})),
        fact("3", "2026-03-01T00:00:00Z", json!({"user_id": "u-1", "email": "ana@x.example"}), json!({})),
        fact("4", "2026-03-02T00:00:00Z", json!({"user_id": "u-1", "email": "info@firm.example"}), json!({})),
        fact("5", "2026-03-03T00:00:00Z", json!({"user_id": "u-2", "email": "till@shop.example"}), json!({})),
        fact("6", "2026-03-04T00:00:00Z", json!({"user_id": "u-3", "email": "till@shop.example"}), json!({})),
    ]);
    assert_eq!(sender.post("/v1/interactions", facts.to_string()).json()["accepted"], 6);
    house.engine.wait_folded().unwrap();
    house
}

fn found(house: &House, who: &str) -> String {
    let page = house.key("r", KeyRole::Reader).get(&format!("/api/v1/customers?search={who}")).json();
    page["customers"][0]["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn who_somebody_was_is_on_their_page_and_in_the_api() {
    let house = filled();
    let mut reader = house.key("reader", KeyRole::Reader);
    let id = found(&house, "u-1");
    let now = reader.get(&format!("/api/v1/customers/{id}/identity")).json();
    let told: Vec<&str> = now["changes"].as_array().unwrap().iter().map(|c| c["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["joined", "joined", "held_back"], "{now}");
    assert_eq!(now["changes"][2]["shared"], "role");
    assert_eq!(now["changes"][0]["a"]["node"].as_str().unwrap().len(), 16);
    let then = reader.get(&format!("/api/v1/customers/{id}/identity?as_of=2026-02-15")).json();
    assert_eq!(then["people"][0]["identifiers"].as_array().unwrap().len(), 2, "{then}");
    let before = reader.get(&format!("/api/v1/customers/{id}/identity?as_of=2025-12-01T00:00:00Z")).json();
    assert_eq!(before["people"], json!([]));
    assert_eq!(reader.get(&format!("/api/v1/customers/{id}/identity?as_of=soon")).status, 400);
    assert_eq!(reader.get("/api/v1/customers/00000000000000aa/identity").status, 404);

    let mut admin = house.admin();
    let story = admin.get(&format!("/customers/{id}?as_of=2026-02-15")).text();
    assert!(story.contains("because of “Order Completed”"), "{story}");
    assert!(story.contains("this was one person: u-1, browser-1"), "{story}");
    let story = admin.get(&format!("/customers/{id}")).text();
    assert!(story.contains("by its name several people read it"), "{story}");
}

#[test]
fn a_person_decides_about_shared_identifiers() {
    let house = filled();
    let mut admin = house.admin();
    let page = admin.get("/customers/shared");
    assert!(page.text().contains("info@firm.example") && page.text().contains("It joins nobody"), "{}", page.text());
    let listed = house.key("reader", KeyRole::Reader).get("/api/v1/shared-identifiers").json();
    assert_eq!((&listed["total"], &listed["identifiers"][0]["shared"]), (&json!(1), &json!("role")));
    let node = listed["identifiers"][0]["of"]["node"].as_str().unwrap();
    let decide = |admin: &mut crate::client::Client, verdict: &str| {
        let token = admin.get("/customers/shared").token();
        let fields = [("identifier", node), ("verdict", verdict)];
        assert_eq!(admin.form("/customers/shared", &token, &fields).status, 303);
    };
    decide(&mut admin, "allow");
    assert_eq!(found(&house, "info@"), found(&house, "u-1"));
    assert!(admin.get("/customers/shared").text().contains("as a person said"));
    decide(&mut admin, "undo");
    assert_ne!(found(&house, "info@"), found(&house, "u-1"));
    assert!(admin.get("/settings/audit").text().contains("took back what was said of an identifier"));
}

#[test]
fn a_workspace_sets_what_names_nobody_and_everything_is_counted_again() {
    let house = filled();
    assert_eq!(found(&house, "u-2"), found(&house, "u-3"));
    let mut admin = house.admin();
    let page = admin.get("/settings/identity");
    let limits = ["email", "phone", "other", "device"].map(|of| {
        [("in-all", "3"), ("within", "2"), ("days", "1")].map(|(field, value)| (format!("{of}-{field}"), value))
    });
    let mut fields: Vec<(&str, &str)> =
        limits.iter().flatten().map(|(field, value)| (field.as_str(), *value)).collect();
    fields.extend([("blocked", "till@shop.example"), ("country", "DE"), ("reuse-days", "x")]);
    let wrong = admin.form("/settings/identity", &page.token(), &fields);
    assert!(wrong.text().contains("days before it is another"), "{}", wrong.text());
    fields.pop();
    fields.push(("reuse-days", "90"));
    assert_eq!(admin.form("/settings/identity", &page.token(), &fields).status, 303);
    house.engine.wait_folded().unwrap();
    assert_ne!(found(&house, "u-2"), found(&house, "u-3"));
    assert_eq!(found(&house, "till@"), "");
    assert!(admin.get("/settings/identity").text().contains("till@shop.example"));
}
