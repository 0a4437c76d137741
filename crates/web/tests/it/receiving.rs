//! The door: every form of a body, every bad item, every coding.

use crate::house::House;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use throughline_pipeline::Options;
use throughline_web::{KeyRole, Patience};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn good(id: &str) -> String {
    json!({"message_id": id, "event": "Order Completed", "occurred_at": "2026-03-01T09:30:00Z", "identifiers": {"user_id": id}}).to_string()
}

/// Outcomes as `accepted` or the code of the fault.
fn outcomes(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|i| i["code"].as_str().or(i["outcome"].as_str()).unwrap().to_owned()).collect()
}

#[test]
fn every_form_of_a_body_is_taken() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let mut check = |body: &[u8], headers: &[(&str, &str)], expected: &[&str]| {
        let answer = shop.send("POST", "/v1/interactions", headers, body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(outcomes(&json), expected);
        let sum: u64 =
            ["accepted", "duplicate", "rejected", "quarantined"].iter().map(|k| json[*k].as_u64().unwrap()).sum();
        assert_eq!(json["received"], sum);
    };
    check(good("a").as_bytes(), &[], &["accepted"]);
    check(format!("[{},{}]", good("a"), good("b")).as_bytes(), &[], &["duplicate", "accepted"]);
    check(format!("{{\"interactions\":[{}]}}", good("c")).as_bytes(), &[("Content-Type", "text/plain")], &["accepted"]);
    check(
        format!("{}\n{}\n", good("d"), good("e")).as_bytes(),
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &["accepted", "accepted"],
    );
    check(&gzip(format!("[{}]", good("f")).as_bytes()), &[("Content-Encoding", "gzip")], &["accepted"]);
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut deflate, good("g").as_bytes()).unwrap();
    check(&deflate.finish().unwrap(), &[("Content-Encoding", "deflate")], &["accepted"]);
    let zstd = zstd::encode_all(good("h").as_bytes(), 0).unwrap();
    check(&zstd, &[("Content-Encoding", "zstd")], &["accepted"]);
    check(b"[]", &[], &[]);
    let other = good("a").replace("Order Completed", "Order Cancelled");
    check(other.as_bytes(), &[], &["conflict"]);
}

#[test]
fn a_bad_item_is_told_what_is_wrong_and_harms_no_neighbour() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let with = |id: &str, field: &str, value: Value| {
        let mut i: Value = serde_json::from_str(&good(id)).unwrap();
        i[field] = value;
        i.to_string()
    };
    let deep = format!(
        "{{\"message_id\":\"deep\",\"event\":\"x\",\"properties\":{{\"a\":{}1{}}}}}",
        "[".repeat(500),
        "]".repeat(500)
    );
    let items: Vec<(String, &str)> = vec![
        (good("first"), "accepted"),
        (with("1", "event", json!(7)), "wrong_type"),
        (with("2", "event", json!({"a": 1})), "wrong_type"),
        (with("3", "occurred_at", json!("0000-00-00")), "invalid_time"),
        (with("4", "occurred_at", json!("2099-01-01T00:00:00Z")), "in_the_future"),
        (with("5", "occurred_at", json!("2026-03-29T02:30:00")), "invalid_time"),
        (with("6", "zone", json!("Mars/Olympus")), "unknown_zone"),
        (with("7", "touchpoint", json!("x".repeat(2_000))), "too_large"),
        (with("8", "text", json!("x".repeat(40_000))), "too_large"),
        (good("9").replace("\"2026-03-01T09:30:00Z\"", "NaN"), "invalid_json"),
        (with("10", "score", json!({"kind": "nps", "value": 11})), "invalid_score"),
        (with("11", "money", json!({"amount": "1.2.3", "currency": "EUR"})), "invalid_money"),
        (with("12", "colour", json!("red")), "unknown_field"),
        (with("13", "identifiers", json!("ana")), "wrong_type"),
        (with("", "channel", json!("web")), "missing"),
        ("null".to_owned(), "wrong_type"),
        ("[1]".to_owned(), "wrong_type"),
        (deep, "too_deep"),
        (with("14", "text", json!("<script>alert(1)</script>")), "accepted"),
        (good("last"), "accepted"),
    ];
    let body = format!("[{}]", items.iter().map(|(i, _)| i.as_str()).collect::<Vec<_>>().join(","));
    let answer = shop.post("/v1/interactions", body).json();
    assert_eq!(outcomes(&answer), items.iter().map(|(_, o)| *o).collect::<Vec<_>>());
    assert_eq!(answer["items"][4]["field"], "occurred_at");
    assert_eq!(answer["items"][4]["message_id"], "4");
    assert_eq!(answer["items"][4]["index"], 4);

    let mut lines = format!("{}\n", good("l1")).into_bytes();
    lines.extend(b"{\"message_id\":\"\xff\",\"event\":\"x\"}\n{\"message_id\":\n");
    lines.extend(good("l2").bytes());
    let answer = shop.post("/v1/interactions", lines).json();
    assert_eq!(outcomes(&answer), ["accepted", "invalid_utf8", "invalid_json", "accepted"]);
    // All rejected is still an answer about each of them.
    let answer = shop.post("/v1/interactions", "[{}, 7]");
    assert_eq!((answer.status, outcomes(&answer.json()).len()), (200, 2));
}

#[test]
fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let mut check = |body: &[u8], headers: &[(&str, &str)], status: u16, code: &str| {
        let answer = shop.send("POST", "/v1/interactions", headers, body);
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), (status, code), "{}", answer.text());
        assert!(answer.json()["message"].is_string() && answer.json()["detail"].is_string());
    };
    check(b"", &[], 400, "invalid_json");
    check(b"hello", &[], 400, "invalid_json");
    check(b"[{\"a\":1},{\"b\"", &[], 400, "invalid_json");
    check(b"{\"interactions\": 7}", &[], 400, "invalid_json");
    let whole = gzip(format!("[{}]", good("a")).as_bytes());
    check(&whole[..whole.len() / 2], &[("Content-Encoding", "gzip")], 400, "broken_gzip");
    check(b"plain", &[("Content-Encoding", "gzip")], 400, "broken_gzip");
    check(b"x", &[("Content-Encoding", "br")], 415, "unknown_coding");
    let bomb = gzip(&vec![b' '; 80 * 1024 * 1024]);
    assert!(bomb.len() < 4 * 1024 * 1024);
    check(&bomb, &[("Content-Encoding", "gzip")], 413, "too_large");
    check(&vec![b' '; 5 * 1024 * 1024], &[], 413, "too_large");
}

#[test]
fn the_door_is_shut_to_who_may_not_enter() {
    let house = House::new();
    let mut stranger = house.stranger();
    assert_eq!(stranger.post("/v1/interactions", good("a")).status, 401);
    stranger.key = Some("tl_wrong".to_owned());
    let answer = stranger.post("/v1/interactions", good("a"));
    assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), (401, "unauthorized"));
    assert_eq!(house.key("r", KeyRole::Reader).post("/v1/interactions", good("a")).status, 403);
    assert_eq!(house.key("a", KeyRole::Admin).post("/v1/interactions", good("a")).status, 200);
    // A cookie opens nothing here: the key decides.
    let mut admin = house.admin();
    assert_eq!(admin.post("/v1/interactions", good("b")).status, 401);
    assert_eq!(house.key("w", KeyRole::Writer).get("/v1/interactions").status, 405);
}

/// The sender does not wait for it: a round of the post writes it down.
#[test]
fn the_page_of_keys_says_when_one_was_used() {
    let house = House::new();
    let mut admin = house.admin();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    assert!(admin.get("/data").text().contains("<td>never</td>"));
    assert_eq!(shop.post("/v1/interactions", good("a")).status, 200);
    house.postman.round().unwrap();
    assert!(!admin.get("/data").text().contains("<td>never</td>"));
}

#[test]
fn a_revoked_key_stops_at_once() {
    let house = House::new();
    let mut admin = house.admin();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    assert_eq!(shop.post("/v1/interactions", good("a")).status, 200);
    let token = admin.get("/data").token();
    assert_eq!(admin.form("/data/keys/1/revoke", &token, &[]).status, 303);
    assert_eq!(shop.post("/v1/interactions", good("b")).status, 401);
}

#[test]
fn too_far_behind_and_a_full_disk_are_told_before_the_body_is_read() {
    let full = House::with(Options { min_free_bytes: u64::MAX, ..Options::default() }, |_| {});
    let answer = full.key("web-shop", KeyRole::Writer).post("/v1/interactions", good("a"));
    assert_eq!((answer.status, answer.header("retry-after")), (507, Some("60")));
    assert_eq!(full.stranger().get("/healthz").status, 503);
}

#[test]
fn pages_of_any_origin_may_send_and_read_the_answer() {
    let house = House::new();
    let mut browser = house.stranger();
    let origin = [("Origin", "https://shop.example"), ("Access-Control-Request-Method", "POST")];
    let preflight = browser.send("OPTIONS", "/v1/interactions", &origin, b"");
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://shop.example"));
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("authorization, content-type"));
    assert!(preflight.header("access-control-max-age").is_some());
    let refused = browser.send("POST", "/v1/interactions", &origin, b"{}");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-expose-headers"), Some("Retry-After"));
    assert!(browser.send("GET", "/api/v1/", &origin, b"").header("access-control-allow-origin").is_none());
}

#[test]
fn whoever_connects_and_says_nothing_does_not_stay() {
    let patience = Patience { head: Duration::from_millis(300), body: Duration::from_millis(400) };
    let house = House::with(Options::default(), |config| config.patience = patience);
    let mut sender = house.key("shop", KeyRole::Writer);
    let connect = || {
        let stream = TcpStream::connect(house.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    };
    let (mut silent, mut begun, mut slow) = (connect(), connect(), connect());
    begun.write_all(b"POST /v1/inter").unwrap();
    let head = "POST /v1/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{\"batch\":[";
    slow.write_all(head.as_bytes()).unwrap();
    // Others are served meanwhile.
    assert_eq!(sender.post("/v1/interactions", good("a")).status, 200);
    let rest = |stream: &mut TcpStream| {
        let mut raw = Vec::new();
        // A connection that is shut while something of ours was not read is reset.
        let _ = stream.read_to_end(&mut raw);
        String::from_utf8_lossy(&raw).into_owned()
    };
    assert!(rest(&mut slow).starts_with("HTTP/1.1 408 "), "libraries send again what is answered with 408");
    assert_eq!(rest(&mut silent), "");
    assert!(!rest(&mut begun).contains(" 200 "));
}
