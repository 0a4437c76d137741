//! What programs read.

use crate::house::House;
use serde_json::json;
use throughline_web::{KeyRole, OPENAPI};

fn filled(customers: u64) -> House {
    let house = House::new();
    house.fill(customers);
    house
}

#[test]
fn every_route_of_the_description_answers() {
    let house = filled(40);
    let mut reader = house.key("r", KeyRole::Admin);
    let id = reader.get("/api/v1/customers?limit=1").json()["customers"][0]["id"].as_str().unwrap().to_owned();
    let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() {
            continue;
        }
        let mut path = path.replace("{key}", "buy-and-receive").replace("{id}", &id);
        path = path.replace("{kind}", "carrier").replace("{value}", "Brightway");
        if path.ends_with("/Brightway/people") {
            path.push_str("?figure=met");
        } else if path.ends_with("/people") {
            path.push_str("?figure=reached.receive");
        } else if path.ends_with("/messages") {
            path.push_str("?id=nobody-sent-this");
        } else if path.ends_with("/learned") {
            path.push_str("?event=Order%20Completed");
        }
        let answer = reader.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[test]
fn the_same_people_everywhere() {
    let house = filled(60);
    let mut reader = house.key("r", KeyRole::Reader);
    let map = reader.get("/api/v1/journeys/buy-and-receive/map").json();
    let stages = map["map"]["stages"].as_array().unwrap();
    for stage in stages {
        let key = stage["key"].as_str().unwrap();
        for figure in ["reached", "lost", "answered", "dissatisfied"] {
            let people = reader.get(&format!("/api/v1/journeys/buy-and-receive/people?figure={figure}.{key}")).json();
            assert_eq!(people["total"], stage[figure]["customers"], "{figure}.{key}");
        }
    }
    let customers = reader.get("/api/v1/customers").json();
    assert!(customers["total"].as_u64().unwrap() > 60, "customers and unknown visitors");
    let sources = reader.get("/api/v1/sources").json();
    for source in sources["sources"].as_array().unwrap() {
        let sum: u64 =
            ["accepted", "duplicate", "rejected", "quarantined"].iter().map(|k| source[k].as_u64().unwrap()).sum();
        assert_eq!(source["received"], sum);
    }
    let scores = reader.get("/api/v1/scores").json();
    let kinds: Vec<&str> = scores["scores"].as_array().unwrap().iter().map(|s| s["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"nps") && kinds.contains(&"stars"), "{kinds:?}");
    assert!(scores["scores"][0]["mean"]["low"].is_number());
}

#[test]
fn errors_have_a_code_a_message_and_what_to_do() {
    let house = House::new();
    let mut reader = house.key("r", KeyRole::Reader);
    let mut check = |path: &str, status: u16, code: &str| {
        let answer = reader.get(path);
        let json = answer.json();
        assert_eq!((answer.status, json["code"].as_str().unwrap()), (status, code), "{path}");
        assert!(json["message"].as_str().unwrap().chars().next().is_some_and(|c| !c.is_uppercase()), "{json}");
    };
    check("/api/v1/nothing", 404, "not_found");
    check("/api/v1/journeys/nothing/map", 404, "not_found");
    check("/api/v1/journeys/buy-and-receive/people?figure=nothing", 404, "not_found");
    check("/api/v1/journeys/buy-and-receive/people", 400, "invalid_query");
    check("/api/v1/customers/zzz", 404, "not_found");
    check("/api/v1/customers?limit=many", 400, "invalid_query");
    check("/api/v1/scores?from=yesterday", 400, "invalid_time");
    check("/api/v1/scorecards/nothing", 404, "not_found");
    check("/api/v1/scorecards/nothing/at-all/people?figure=met", 404, "not_found");
    check("/api/v1/scorecards/carrier/x/people?figure=nothing", 404, "not_found");
    let writer = house.key("w", KeyRole::Writer).get("/api/v1/customers");
    assert_eq!((writer.status, writer.json()["code"].as_str().unwrap()), (403, "forbidden"));
}

#[test]
fn health_and_counters() {
    let house = filled(5);
    let mut stranger = house.stranger();
    assert_eq!(stranger.get("/healthz").json(), json!({"status": "ok", "reasons": []}));
    let metrics = stranger.get("/metrics").text();
    assert!(
        metrics.contains("# TYPE throughline_lag_interactions gauge\nthroughline_lag_interactions 0\n"),
        "{metrics}"
    );
    assert!(metrics.contains(
        "throughline_received_total{workspace=\"northwind\",source=\"northwind-web\",outcome=\"accepted\"} "
    ));
    let behind = House::with(Default::default(), |c| c.behind_proxy = true);
    let mut far = behind.stranger();
    let from = [("X-Forwarded-For", "203.0.113.9")];
    assert_eq!(far.send("GET", "/metrics", &from, b"").status, 401);
    assert_eq!(behind.key("a", KeyRole::Admin).send("GET", "/metrics", &from, b"").status, 200);
}
