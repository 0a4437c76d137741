//! Segments in the console and for programs: built, counted while they are built, kept, changed, put away.

use crate::house::House;
use serde_json::{Value, json};
use throughline_web::KeyRole;

fn order(n: u64, who: &str) -> Value {
    json!({"message_id": format!("o-{n}"), "event": "Order Completed", "channel": "web",
           "occurred_at": format!("2026-08-{:02}T10:00:00Z", n % 28 + 1), "identifiers": {"email": who},
           "money": {"amount": format!("{}.00", 10 + n), "currency": "EUR"}, "properties": {"category": "shoes"}})
}

#[test]
fn a_segment_is_built_counted_kept_changed_and_put_away() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let facts: Vec<Value> = (0..30).map(|n| order(n, &format!("p{}@x.test", n % 10 / (1 + n % 2)))).collect();
    assert_eq!(sender.post("/v1/interactions", json!(facts).to_string()).json()["accepted"], 30);
    house.engine.wait_folded().unwrap();

    assert!(admin.get("/segments").text().contains("No segments yet"));
    let page = admin.get("/segments/new");
    let (token, page) = (page.token(), page.text());
    assert!(page.contains("<option value=\"Order Completed\">") && page.contains("property:category=shoes"), "{page}");
    let fields = |act: &'static str, times: &'static str| {
        vec![
            ("act", act),
            ("name", "Bought often"),
            ("about", "Thank them"),
            ("how", "all"),
            ("g0.how", "all"),
            ("g0.c0.kind", "did"),
            ("g0.c0.event", "Order Completed"),
            ("g0.c0.dim", "category=shoes"),
            ("g0.c0.op", "at_least"),
            ("g0.c0.n", times),
            ("g0.c0.when", "last"),
            ("g0.c0.span", "90"),
            ("g0.c0.unit", "d"),
        ]
    };
    // Counted while it is typed: only the count comes back.
    let counted = admin.form("/segments/new", &token, &fields("count", "4")).text();
    assert!(!counted.contains("<html") && counted.contains("customers <small>of"), "{counted}");
    assert!(
        counted.contains("Did “Order Completed” with category “shoes” at least 4 times in the last 90 days."),
        "{counted}"
    );
    // What is wrong is said, and nothing that was typed is lost.
    let wrong = admin.form("/segments/new", &token, &fields("save", "many")).text();
    assert!(
        wrong.contains("Condition 1: “many” is not a number") && wrong.contains("value=\"Bought often\""),
        "{wrong}"
    );
    // More conditions and groups without a script.
    let more = admin.form("/segments/new", &token, &[fields("add:0", "4"), vec![("g0.add", "allows")]].concat()).text();
    assert!(
        more.contains("name=\"g0.c1.name\"") && more.contains("Not counted yet: condition 2: the purpose is missing"),
        "{more}"
    );
    assert!(admin.form("/segments/new", &token, &fields("group", "4")).text().contains("name=\"g1.c0.event\""));
    assert!(!admin.form("/segments/new", &token, &fields("drop:0:0", "4")).text().contains("g0.c0.event"));

    assert_eq!(admin.form("/segments/new", &token, &fields("save", "4")).status, 303);
    house.engine.wait_segments().unwrap();
    let mut reader = house.key("shop", KeyRole::Reader);
    let listed = reader.get("/api/v1/segments").json();
    let people = listed["segments"][0]["people"].as_u64().unwrap();
    assert!(people > 0 && listed["segments"][0]["is_complete"] == json!(true), "{listed}");
    let rule = &listed["segments"][0]["rule"];
    let preview = reader.post("/api/v1/segments/preview", rule.to_string()).json();
    assert_eq!(preview["people"], json!(people));
    let ids = reader.get("/api/v1/segments/1/customers").json();
    assert_eq!((ids["total"].as_u64().unwrap(), ids["customers"].as_array().unwrap().len() as u64), (people, people));
    let one = ids["customers"][0].as_str().unwrap().to_owned();
    let story = admin.get(&format!("/customers/{one}")).text();
    assert!(story.contains("href=\"/segments/1\" title=\"since "), "{story}");
    let of = reader.get(&format!("/api/v1/customers/{one}/segments")).json();
    assert_eq!(
        (of["segments"][0]["name"].as_str(), of["segments"][0]["is_now"].as_bool()),
        (Some("Bought often"), Some(true))
    );
    let one_by_one: Vec<Value> = (0..people)
        .scan(String::new(), |after, _| {
            let path = format!(
                "/api/v1/segments/1/customers?limit=1{}",
                if after.is_empty() { String::new() } else { format!("&after={after}") }
            );
            let part = reader.get(&path).json();
            *after = part["next"].as_str().unwrap().to_owned();
            Some(part["customers"][0].clone())
        })
        .collect();
    assert_eq!(json!(one_by_one), ids["customers"]);

    let page = admin.get("/segments/1").text();
    assert!(page.contains("Bought often") && page.contains(&format!("/customers/{one}")), "{page}");
    let csv = admin.get("/segments/1/people.csv").text();
    assert_eq!(csv.lines().count() as u64, people + 1);
    assert!(csv.contains(&one));
    // Another order, and somebody else enters.
    assert_eq!(
        sender
            .post(
                "/v1/interactions",
                json!([
                    order(100, "new@x.test"),
                    order(101, "new@x.test"),
                    order(102, "new@x.test"),
                    order(103, "new@x.test")
                ])
                .to_string()
            )
            .json()["accepted"],
        4
    );
    house.engine.wait_segments().unwrap();
    assert_eq!(reader.get("/api/v1/segments/1").json()["segment"]["people"], json!(people + 1));

    // A circle is refused with the reason.
    let own: Vec<(&str, &str)> =
        vec![("act", "save"), ("name", "Bought often"), ("g0.how", "none"), ("g0.c0.kind", "in"), ("g0.c0.name", "1")];
    let refused = admin.form("/segments/1/edit", &token, &own).text();
    assert!(refused.contains("This segment would never come to an end"), "{refused}");
    assert_eq!(admin.form("/segments/1/edit", &token, &fields("save", "1")).status, 303);
    house.engine.wait_segments().unwrap();
    let changed = reader.get("/api/v1/segments/1").json();
    assert!(
        changed["segment"]["people"].as_u64().unwrap() > people + 1 && changed["segment"]["version"] == json!(2),
        "{changed}"
    );
    assert_eq!(admin.form("/segments/1/archive", &token, &[]).status, 303);
    assert_eq!(reader.get("/api/v1/segments").json()["segments"], json!([]));
    assert!(admin.get("/segments").text().contains("Put away"));
}

#[test]
fn buyers_stand_in_groups_that_become_segments() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let facts: Vec<Value> = (0..60).map(|n| order(n, &format!("p{}@x.test", n % (3 + n / 4)))).collect();
    sender.post("/v1/interactions", json!(facts).to_string());
    house.engine.wait_folded().unwrap();
    let page = admin.get("/segments/rfm").text();
    assert!(page.contains("Champions") && page.contains("counted in EUR"), "{page}");
    let mut reader = house.key("shop", KeyRole::Reader);
    let report = reader.get("/api/v1/segments/rfm").json();
    let groups = report["groups"].as_array().unwrap();
    assert_eq!(groups.iter().map(|g| g["buyers"].as_u64().unwrap()).sum::<u64>(), report["buyers"].as_u64().unwrap());
    for group in groups {
        let preview = reader.post("/api/v1/segments/preview", group["rule"].to_string()).json();
        assert_eq!(preview["people"], group["buyers"], "{group}");
    }
    // The link of a group opens the builder with its rule.
    let href = page.split("href=\"").find(|h| h.starts_with("/segments/new?name=Champions")).unwrap();
    let href = href.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let builder = admin.get(&href).text();
    assert!(builder.contains("value=\"Champions\"") && builder.contains("name=\"json\""), "{builder}");
    assert!(admin.get("/segments/rfm?event=Nothing").text().contains("Nobody did “Nothing”"));
    let wrong = reader.post("/api/v1/segments/preview", r#"{"did": {"times": {"at_least": 0}}}"#);
    assert_eq!(wrong.status, 409, "{}", wrong.text());
}
