//! Our own script on a page, in a real browser: what it collects, what it leaves alone, and that its
//! visitor is one customer.

use crate::browser::browser;
use crate::house::House;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use throughline_interactions::SourceId;
use throughline_web::{KeyRole, create_key};

/// What a program of `crates/web/browser` says; `None` where what it needs is not there, which is said.
fn run(program: &str, of: &[&str]) -> Option<Output> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    if let Err(missing) = browser() {
        println!("skipped: {missing}");
        return None;
    }
    match Command::new(program).args(of).current_dir(folder).output() {
        Ok(told) if told.status.code() == Some(3) => {
            println!("skipped: {}", said(&told).trim());
            None
        }
        Ok(told) => Some(told),
        Err(e) => {
            println!("skipped: {program} cannot be started: {e}");
            None
        }
    }
}

fn said(told: &Output) -> String {
    [&told.stdout, &told.stderr].map(|b| String::from_utf8_lossy(b).into_owned()).concat()
}

#[test]
fn the_script_is_that_of_its_source_and_small() {
    let Some(told) = run("./build", &["--check"]) else { return };
    assert!(told.status.success(), "{}", said(&told));
}

#[test]
fn it_behaves_as_it_says() {
    if std::env::var_os("THROUGHLINE_FULL").is_none() {
        return println!("skipped: half a hundred pages at once take more than a minute; the full gate opens them");
    }
    let Some(told) = run("node", &["tests/sdk.mjs"]) else { return };
    assert!(told.status.success(), "{}", said(&told));
    assert!(said(&told).contains(" 0 failed"), "{}", said(&told));
}

#[test]
fn clicks_in_vain_are_told_from_innocent_ones() {
    if std::env::var_os("THROUGHLINE_FULL").is_none() {
        return println!("skipped: two hundred scripts of clicks take more than a minute; the full gate runs them");
    }
    let Some(told) = run("node", &["tests/friction.mjs"]) else { return };
    println!("{}", said(&told));
    assert!(told.status.success(), "{}", said(&told));
}

#[test]
fn a_visit_is_a_story() {
    let (chromium, modules) = match browser() {
        Ok(found) => found,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let house = House::new();
    let source = SourceId::new("site").unwrap();
    let key = create_key(house.engine.store(), house.workspace.id, &source, KeyRole::Writer).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/script.mjs");
    let host = format!("http://localhost:{}", house.address.port());
    let told = Command::new("node").arg(script).args([&host, key.reveal()]).args([chromium, modules]).output();
    let Ok(told) = told else { return println!("skipped: node cannot be started") };
    assert!(told.status.success(), "{}", said(&told));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["visitors"][0], "new");
    assert!(told["visitors"].as_array().unwrap()[1..].iter().all(|v| v == "kept"), "{told}");
    let cookie = told["cookies"].as_array().unwrap().iter().find(|c| c["name"] == "throughline_visitor").unwrap();
    assert_eq!((&cookie["httpOnly"], &cookie["path"]), (&true.into(), &"/v1/".into()));

    let mut reader = house.key("reader", KeyRole::Reader);
    // What is sent on leaving arrives after the browser has gone.
    let (began, mut story) = (Instant::now(), Vec::new());
    while !story.iter().any(|i: &Value| i["event"] == "Form Abandoned") {
        assert!(began.elapsed() < Duration::from_secs(20), "{story:#?}");
        house.engine.wait_folded().unwrap();
        let found = reader.get("/api/v1/customers?search=ana%40example.org").json();
        let id = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}"));
        let told = reader.get(&format!("/api/v1/customers/{id}/story?limit=100")).json();
        story = told["entries"].as_array().unwrap().iter().map(|e| e["interaction"].clone()).collect();
    }
    assert_eq!(reader.get("/api/v1/customers").json()["total"], 1, "one visitor, one customer");
    let of = |event: &str| story.iter().filter(|i| i["event"] == event).collect::<Vec<_>>();
    // The clock of a house stands still, so that batches are not in order.
    let mut views = of("Page Viewed");
    views.sort_by_key(|i| i["touchpoint"].as_str().unwrap());
    let places: Vec<&str> = views.iter().map(|i| i["touchpoint"].as_str().unwrap()).collect();
    assert_eq!(places, ["/shop", "/shop/cart"]);
    assert_eq!(views[0]["refs"], serde_json::json!([{"kind": "campaign", "value": "spring"}]));
    assert_eq!(of("Rage Click").len(), 1, "{story:#?}");
    let order = of("Order Completed")[0];
    assert_eq!(order["money"], serde_json::json!({"minor": 1250, "currency": "EUR"}));
    assert!(order["refs"].as_array().unwrap().iter().any(|r| r["kind"] == "order" && r["value"] == "o-1"), "{order}");
    let actors: Vec<_> = story.iter().map(|i| (&i["event"], &i["actor"])).collect();
    assert!(actors.iter().all(|(_, a)| a.is_null() || *a == "human"), "{actors:?}");
    let everything = serde_json::to_string(&story).unwrap();
    assert!(!everything.contains("Secret Street") && !everything.contains("secret=1"), "{everything}");
    let shop = house.engine.sources(house.workspace.id).unwrap();
    let refused: u64 = shop.iter().map(|s| s.tally.rejected + s.tally.quarantined).sum();
    assert_eq!(refused, 0, "{shop:?}");
}
