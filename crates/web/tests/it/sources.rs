//! A source as whoever connects it sees it: waiting for the first event, what arrives and what is wrong
//! with it, where a message is; and our own script's door.

use crate::client::Answer;
use crate::house::House;
use serde_json::{Value, json};
use throughline_customers::CustomerQuery;
use throughline_interactions::SourceId;
use throughline_web::{KeyRole, create_key};

/// What the script sends to its door.
fn sent(house: &House, key: &str, query: &str, cookie: Option<&str>, items: &Value) -> Answer {
    let body = json!({"sent_at": "2026-09-02T00:00:00Z", "items": items}).to_string();
    let mut head = vec![("content-type", "text/plain"), ("origin", "https://shop.example")];
    head.extend(cookie.map(|c| ("cookie", c)));
    house.stranger().send("POST", &format!("/v1/web?key={key}{query}"), &head, body.as_bytes())
}

fn query(search: &str) -> CustomerQuery {
    CustomerQuery { search: search.to_owned(), after: None, limit: 10 }
}

fn writer(house: &House) -> String {
    let source = SourceId::new("site").unwrap();
    create_key(house.engine.store(), house.workspace.id, &source, KeyRole::Writer).unwrap().reveal().to_owned()
}

#[test]
fn the_script_is_served_to_pages_of_any_site() {
    let house = House::new();
    let answer = house.stranger().send("GET", "/tl.js", &[("accept-encoding", "gzip")], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() <= 13 * 1024, "{} bytes on the line", answer.body.len());
}

#[test]
fn a_browser_is_one_visitor_by_a_cookie_that_only_the_door_sees() {
    let house = House::new();
    let key = writer(&house);
    let page = |id: &str| {
        json!({
            "message_id": id, "event": "Page Viewed", "occurred_at": "2026-09-01T23:59:00Z",
            "context": {"page": {"path": "/guide"}, "campaign": {"name": "spring"}, "timezone": "Europe/Berlin"},
        })
    };
    let first = sent(&house, &key, "", None, &json!([page("a")]));
    assert_eq!((first.status, first.json()["visitor"].as_str()), (200, Some("new")), "{}", first.text());
    assert_eq!(first.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(first.header("access-control-allow-credentials"), Some("true"));
    let given = first.header("set-cookie").unwrap().to_owned();
    assert!(given.contains("; Path=/v1/; HttpOnly; ") && given.contains("SameSite=Lax"), "{given}");
    let cookie = given.split(';').next().unwrap();
    let second = sent(&house, &key, "", Some(cookie), &json!([page("b"), {"message_id": "", "event": "x"}]));
    assert_eq!(second.json()["visitor"], "kept");
    assert_eq!((&second.json()["accepted"], &second.json()["rejected"]), (&json!(1), &json!(1)), "a neighbour");
    // Somebody else sits there: another visitor.
    let reset = sent(&house, &key, "&reset=1", Some(cookie), &json!([page("c")]));
    assert_eq!(reset.json()["visitor"], "new");
    // A browser that keeps nothing says itself who visits.
    let mut own = page("d");
    own["identifiers"] = json!({"anonymous_id": "tab-1"});
    sent(&house, &key, "", None, &json!([own]));
    house.engine.wait_folded().unwrap();
    let mut reader = house.key("reader", KeyRole::Reader);
    let customers = reader.get("/api/v1/customers").json();
    let mut rows: Vec<u64> =
        customers["customers"].as_array().unwrap().iter().map(|c| c["interactions"].as_u64().unwrap()).collect();
    rows.sort_unstable();
    assert_eq!(rows, [1, 1, 2]);
    let found = reader.get("/api/v1/messages?id=a").json()["messages"][0].clone();
    assert_eq!((&found["source"], &found["state"]), (&json!("site"), &json!("counted")));
    let interaction = &found["interaction"];
    assert_eq!((&interaction["touchpoint"], &interaction["channel"]), (&json!("/guide"), &json!("web")));
    assert_eq!(interaction["refs"], json!([{"kind": "campaign", "value": "spring"}]));
    assert_eq!(interaction["zone"], "Europe/Berlin");
    assert_eq!(interaction["properties"]["context"]["page"]["path"], "/guide");
}

#[test]
fn a_clock_that_is_off_is_corrected_and_a_wrong_key_is_refused() {
    let house = House::new();
    let key = writer(&house);
    let item = json!({"message_id": "a", "event": "Page Viewed", "occurred_at": "2026-09-01T22:00:00Z"});
    let body = json!({"sent_at": "2026-09-01T22:00:10Z", "items": [item]}).to_string();
    let text = [("content-type", "text/plain")];
    let answer = house.stranger().send("POST", &format!("/v1/web?key={key}"), &text, body.as_bytes());
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.text());
    house.engine.wait_folded().unwrap();
    let found = house.key("reader", KeyRole::Reader).get("/api/v1/messages?id=a").json();
    assert_eq!(found["messages"][0]["interaction"]["occurred_at"], "2026-09-01T23:59:50Z");
    for (query, status) in [("", 401), ("?key=tl_wrong", 401)] {
        let answer = house.stranger().send("POST", &format!("/v1/web{query}"), &text, body.as_bytes());
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    for broken in ["", "{", "{\"items\": 7}"] {
        let answer = house.stranger().send("POST", &format!("/v1/web?key={key}"), &text, broken.as_bytes());
        assert_eq!(answer.status, 400, "{broken}: {}", answer.text());
    }
}

#[test]
fn whoever_connects_a_source_sees_what_arrives_and_why_not() {
    let house = House::new();
    let mut admin = house.admin();
    assert_eq!(admin.get("/data/source?name=shop").status, 404);
    let token = admin.get("/data").token();
    let made = admin.form("/data/keys", &token, &[("source", "shop"), ("role", "writer")]).text();
    assert!(made.contains("The new key") && made.contains("Waiting for the first event"), "{made}");
    let key = made.split("data-key=&#34;").nth(1).or_else(|| made.split("data-key=\"").nth(1)).unwrap();
    let key = key.split(['"', '&']).next().unwrap().to_owned();
    assert!(key.starts_with("tl_"), "{key}");
    let first = "/data/source/first?name=shop";
    assert!(admin.get(first).text().contains("data-poll"), "it goes on waiting");

    let body = json!([
        {"message_id": "o-1", "event": "Order Completed", "identifiers": {"user_id": "ana"}},
        {"message_id": "o-2", "event": "Order Completed", "occurred_at": "yesterday"},
    ]);
    let mut sender = crate::client::Client::with_key(house.address, &key);
    let head = [("user-agent", "our-shop/7.1 (linux)")];
    sender.send("POST", "/v1/interactions", &head, body.to_string().as_bytes());
    house.engine.wait_folded().unwrap();
    let there = admin.get(first).text();
    assert!(there.contains("It works.") && !there.contains("data-poll"), "{there}");
    let page = admin.get("/data/source?name=shop").text();
    for part in ["Order Completed", "o-2", "our-shop 7.1", "accepted", "rejected", "The last hour"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let where_is = |admin: &mut crate::client::Client, id: &str| admin.get(&format!("/data/message?id={id}")).text();
    assert!(where_is(&mut admin, "o-1").contains("Accepted and counted"));
    let rejected = where_is(&mut admin, "o-2");
    assert!(rejected.contains("Rejected") && rejected.contains("occurred_at"), "{rejected}");
    assert!(where_is(&mut admin, "o-3").contains("No message with this id"));
    // Another content under the same id.
    let other = json!({"message_id": "o-1", "event": "Order Cancelled", "identifiers": {"user_id": "ben"}});
    sender.send("POST", "/v1/interactions", &[], other.to_string().as_bytes());
    house.engine.wait_folded().unwrap();
    assert!(where_is(&mut admin, "o-1").contains("Kept aside"));
    assert!(admin.get("/data").text().contains("1\u{a0}message kept aside"), "{}", admin.get("/data").text());
    let aside = admin.get("/data/aside");
    assert!(aside.text().contains("Order Cancelled") && aside.text().contains("Was here before"), "{}", aside.text());
    let position =
        aside.text().split("name=\"positions\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let refused = admin.form("/data/aside", &token, &[("positions", &position), ("verdict", "perhaps")]);
    assert_eq!(refused.status, 409, "{}", refused.text());
    admin.form("/data/aside", &token, &[("positions", &position), ("verdict", "take")]);
    assert!(admin.get("/data/aside").text().contains("Nothing waits for a decision"));
    assert!(where_is(&mut admin, &format!("o-1~{position}")).contains("Accepted and counted"));
    assert!(admin.get("/settings/audit").text().contains("took in what was kept aside"));
    // Who may not see customers is not told what a message says.
    let mut viewer = house.invited(&mut admin, "viewer");
    let seen = viewer.get("/data/message?id=o-1");
    assert!(seen.status == 403 || !seen.text().contains("user_id"), "{}", seen.text());
    // An erased person is gone from what was remembered.
    assert_eq!(house.engine.customers(house.workspace.id, &query("")).unwrap().total, 2, "a decision is no customer");
    let id = house.engine.customers(house.workspace.id, &query("ana")).unwrap().rows[0].id;
    house.engine.erase(house.workspace.id, "test", id).unwrap();
    assert!(where_is(&mut admin, "o-1").contains("Erased"));
    assert!(house.engine.arrivals(house.workspace.id, "shop").unwrap().latest.is_empty());
}
