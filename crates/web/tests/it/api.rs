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
    let rule = serde_json::from_value(json!({"allows": "marketing"})).unwrap();
    let wanted = throughline_pipeline::NewSegment { name: "Reachable".to_owned(), about: String::new(), rule };
    let segment = house.engine.put_segment(house.workspace.id, None, "test", &wanted).unwrap().0.to_string();
    let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() {
            continue;
        }
        if path == "/api/v1/receipts/{id}" {
            continue; // Nobody was erased; `rights.rs` reads one.
        }
        let mut path = path.replace("{key}", "buy-and-receive").replace("{id}", &id);
        path = path.replace("{kind}", "carrier").replace("{value}", "Brightway").replace("{segment}", &segment);
        if path.ends_with("/Brightway/people") {
            path.push_str("?figure=met");
        } else if path.ends_with("/people") {
            path.push_str("?figure=reached.receive");
        } else if path.ends_with("/messages") {
            path.push_str("?id=nobody-sent-this");
        } else if path.ends_with("/learned") {
            path.push_str("?event=Order%20Completed");
        } else if path.ends_with("/why") {
            path.push_str(&format!("?b={id}"));
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

#[test]
fn why_two_identifiers_are_one_person() {
    let house = House::new();
    let mut sender = house.key("shop", KeyRole::Writer);
    let fact = |id: &str, who: serde_json::Value| serde_json::json!({"message_id": id, "event": "Page Viewed", "identifiers": who});
    let facts = serde_json::json!([
        fact("1", serde_json::json!({"user_id": "u-1", "email": "ana@example.org"})),
        fact("2", serde_json::json!({"email": "ana@example.org", "device_id": "telephone-7"})),
        fact("3", serde_json::json!({"email": "bo@example.org"})),
    ]);
    assert_eq!(sender.post("/v1/interactions", facts.to_string()).json()["accepted"], 3);
    house.engine.wait_folded().unwrap();
    let mut reader = house.key("r", KeyRole::Reader);
    let found = |reader: &mut crate::client::Client, who: &str| {
        let found = reader.get(&format!("/api/v1/customers?search={who}")).json();
        let id = found["customers"][0]["id"].as_str().unwrap().to_owned();
        let of = reader.get(&format!("/api/v1/customers/{id}")).json();
        (id, of["identifiers"].as_array().unwrap().clone())
    };
    let (id, ana) = found(&mut reader, "u-1");
    let node = |kind: &str| {
        let of = ana.iter().find(|i| i["identifier"]["kind"] == kind).unwrap();
        of["node"].as_str().unwrap().to_owned()
    };
    let chain = reader.get(&format!("/api/v1/customers/{id}/why?b={}", node("device_id"))).json();
    let chain = chain["chain"].as_array().unwrap_or_else(|| panic!("{chain}"));
    let pair = |l: &serde_json::Value| {
        let mut both = [&l["a"]["value"], &l["b"]["value"]].map(|v| v.as_str().unwrap().to_owned());
        both.sort();
        both
    };
    assert_eq!(pair(&chain[0]), ["ana@example.org", "u-1"]);
    assert_eq!((pair(&chain[1]), chain.len()), (["ana@example.org".to_owned(), "telephone-7".to_owned()], 2));
    let (_, bo) = found(&mut reader, "bo@");
    let other = bo[0]["node"].as_str().unwrap();
    let answer = reader.get(&format!("/api/v1/customers/{id}/why?a={}&b={other}", node("email")));
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert!(answer.text().contains("not one customer"), "{}", answer.text());
    assert_eq!(reader.get(&format!("/api/v1/customers/{id}/why?b=telephone-7")).status, 404);
    let story = house.admin().get(&format!("/customers/{id}")).text();
    assert!(story.contains("by way of ana@example.org"), "{story}");
}

#[test]
fn what_was_told_of_somebody_is_on_their_page_with_what_it_was_before() {
    let house = House::new();
    let mut sender = house.key("crm", KeyRole::Writer);
    let told = |id: &str, at: &str, plan: &str| {
        serde_json::json!({
            "message_id": id, "event": "Identified", "occurred_at": at, "identifiers": {"user_id": "u-1"},
            "properties": {"plan": plan, "birthday": "1971-05-04", "context": {"library": "x"}},
        })
    };
    let facts =
        serde_json::json!([told("1", "2026-01-05T10:00:00Z", "basic"), told("2", "2026-03-07T10:00:00Z", "pro <b>"),]);
    assert_eq!(sender.post("/v1/interactions", facts.to_string()).json()["accepted"], 2);
    house.engine.wait_folded().unwrap();
    let mut reader = house.key("r", KeyRole::Reader);
    let found = reader.get("/api/v1/customers?search=u-1").json();
    let id = found["customers"][0]["id"].as_str().unwrap().to_owned();
    let traits = reader.get(&format!("/api/v1/customers/{id}")).json()["traits"].clone();
    let line = |t: &serde_json::Value| {
        let values: Vec<&str> = t["told"].as_array().unwrap().iter().map(|v| v["value"].as_str().unwrap()).collect();
        format!("{}: {}", t["name"].as_str().unwrap(), values.join(", "))
    };
    let lines: Vec<String> = traits.as_array().unwrap_or_else(|| panic!("{traits}")).iter().map(line).collect();
    assert_eq!(lines, ["birthday: 1971-05-04", "plan: pro <b>, basic"]);
    let plan = &traits[1]["told"][0];
    assert_eq!((&plan["source"], &plan["position"]), (&json!("crm"), &json!(2)), "{plan}");
    let story = house.admin().get(&format!("/customers/{id}")).text();
    assert!(story.contains("What was told") && story.contains("<b dir=\"auto\">pro &#60;b&#62;</b>"), "{story}");
    assert!(story.contains("before: <bdi>basic</bdi> until 5 Jan 2026"), "{story}");
}
