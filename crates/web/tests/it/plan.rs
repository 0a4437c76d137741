//! The tracking plan in the console: learned, tried, kept to; what was kept aside is found, mended and taken
//! in; consent and the brand's own people.

use crate::house::House;
use serde_json::{Value, json};
use throughline_web::KeyRole;

fn priced(id: &str, price: Value) -> Value {
    json!({"message_id": id, "event": "Priced", "identifiers": {"user_id": "ana"}, "properties": {"price": price, "plan": "pro"}})
}

/// The schema that stands in the page's field.
fn schema(page: &str) -> Value {
    let (_, rest) = page.split_once("<textarea name=\"schema\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (text, _) = rest.split_once("</textarea>").unwrap();
    serde_json::from_str(&text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'")).unwrap()
}

#[test]
fn a_plan_is_learned_tried_and_kept_to() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let facts: Vec<Value> =
        (0..40).map(|n| priced(&format!("m-{n}"), if n == 3 { json!("3,50") } else { json!(n) })).collect();
    assert_eq!(sender.post("/v1/interactions", json!(facts).to_string()).json()["accepted"], 40);
    house.engine.wait_folded().unwrap();

    let list = admin.get("/data/plan").text();
    assert!(list.contains("Priced") && list.contains("no plan") && list.contains("40\u{a0}interactions"), "{list}");
    let page = admin.get("/data/plan/event?name=Priced");
    let (token, page) = (page.token(), page.text());
    assert!(page.contains("39 times a number, 1 times a text") && page.contains("It has no plan yet"), "{page}");
    let mut wanted = schema(&page);
    assert_eq!(wanted["properties"]["properties"]["properties"]["price"]["type"], json!(["integer", "string"]));
    wanted["properties"]["properties"]["properties"]["price"] = json!({"type": "number"});
    let wanted = wanted.to_string();
    let mut change = |act: &str, schema: &str| {
        let fields = [
            ("event", "Priced"),
            ("schema", schema),
            ("mode", "keep_aside"),
            ("note", "What a visitor saw"),
            ("act", act),
        ];
        admin.form("/data/plan/event", &token, &fields)
    };
    let tried = change("try", &wanted).text();
    assert!(
        tried.contains("1 of 40 do not fit") && tried.contains("m-3") && tried.contains("Nothing has been changed"),
        "{tried}"
    );
    let wrong = change("save", "{\"type\": \"strnig\"}").text();
    assert!(wrong.contains("This is not a JSON Schema") && wrong.contains("strnig"), "{wrong}");
    assert_eq!(change("save", &wanted).status, 303);
    let list = admin.get("/data/plan").text();
    assert!(list.contains("kept aside") && list.contains("Events without a plan"));

    let answer = sender
        .post(
            "/v1/interactions",
            json!([priced("n-1", json!(7)), priced("n-2", json!("1,299")), priced("n-3", json!("4,75"))]).to_string(),
        )
        .json();
    assert_eq!((&answer["accepted"], &answer["quarantined"]), (&json!(1), &json!(2)), "{answer}");
    let told = answer.to_string();
    assert!(told.contains("does not fit the tracking plan: `properties.price`"), "{told}");
    house.engine.wait_folded().unwrap();
    let source = admin.get("/data/source?name=shop").text();
    assert!(source.contains("data-poll") && source.contains("It does not fit the tracking plan"), "{source}");
    let latest = admin.get("/data/source/latest?name=shop").text();
    assert!(latest.contains("n-3") && latest.contains("kept aside"), "{latest}");
    let found = admin.get("/data/message?id=n-2").text();
    assert!(found.contains("Kept aside") && found.contains("it does not fit the tracking plan"), "{found}");

    let mut reader = house.key("reader", KeyRole::Reader);
    let plans = reader.get("/api/v1/plans").json();
    assert_eq!((&plans["plans"][0]["event"], &plans["plans"][0]["mode"]), (&json!("Priced"), &json!("keep_aside")));
    let learned = reader.get("/api/v1/plans/learned?event=Priced").json();
    assert_eq!(
        (&learned["seen"], &learned["doubts"][0]["field"]),
        (&json!(41), &json!("properties.price")),
        "{learned}"
    );
    assert_eq!(reader.get("/api/v1/plans/learned").status, 400);

    // Found by what it says, mended as far as it can be.
    let aside = admin.get("/data/aside?text=1,299").text();
    assert!(aside.contains("n-2") && !aside.contains("<code>n-3</code>"), "{aside}");
    let mut mend = |verdict: &str, step: &str| {
        let fields = [
            ("of_event", "Priced"),
            ("step", step),
            ("field", "price"),
            ("to", ""),
            ("verdict", verdict),
            ("always", "1"),
        ];
        admin.form("/data/aside", &token, &fields).text()
    };
    assert!(mend("try", "rename").contains("Say which field"));
    assert!(mend("try", "number").contains("1 of 2 would fit; nothing has been changed"));
    assert!(mend("mend", "number").contains("1\u{a0}interaction mended and taken in"));
    let answer = sender
        .post("/v1/interactions", json!([priced("n-3", json!("4,75")), priced("n-4", json!("2,25"))]).to_string())
        .json();
    assert_eq!(
        (&answer["duplicate"], &answer["accepted"]),
        (&json!(1), &json!(1)),
        "mended, and mended as it comes: {answer}"
    );
    house.engine.wait_folded().unwrap();
    let found = admin.get("/data/message?id=n-3").text();
    assert!(
        found.contains("Accepted and counted") && found.contains("4.75") && found.contains("becomes a number"),
        "{found}"
    );
    assert!(admin.get("/data/plan").text().contains("Mended as it comes"));
    let record = admin.get("/settings/audit").text();
    assert!(record.contains("mended what was kept aside") && record.contains("changed the plan of an event"));
    assert_eq!(admin.form("/data/plan/event", &token, &[("event", "Priced"), ("act", "remove")]).status, 303);
    assert_eq!(sender.post("/v1/interactions", priced("n-5", json!("?")).to_string()).json()["accepted"], 1);
    assert_eq!(admin.get("/data/plan/event?name=Unheard").status, 404);
}

#[test]
fn consent_and_the_brands_own_people_are_set_in_the_console() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let page = admin.get("/settings/privacy");
    let token = page.token();
    assert!(page.text().contains("value=\"analytics\"") && page.text().contains("web, app, ads"), "{}", page.text());
    let fields = [
        ("purpose-0", "statistics"),
        ("channels-0", "web"),
        ("untold-0", "refuse"),
        ("domains", "@shop.example\n"),
        ("networks", "office"),
    ];
    let wrong = admin.form("/settings/privacy", &token, &fields).text();
    assert!(wrong.contains("“office” is no network") && wrong.contains("value=\"statistics\""), "{wrong}");
    assert_eq!(admin.form("/settings/privacy", &token, &fields[..4]).status, 303);
    let viewed = |id: &str, who: &str, consent: Value| json!({"message_id": id, "event": "Page Viewed", "channel": "web", "identifiers": {"email": who}, "consent": consent});
    let facts = json!([
        viewed("1", "ana@example.org", json!({})),
        viewed("2", "ana@example.org", json!({"Statistics": true})),
        viewed("3", "eva@shop.example", json!({"statistics": true})),
    ]);
    let answer = sender.post("/v1/interactions", facts.to_string()).json();
    assert_eq!((&answer["rejected"], &answer["accepted"]), (&json!(1), &json!(2)), "{answer}");
    assert!(answer.to_string().contains("has not allowed `statistics` yet; it is not kept"));
    house.engine.wait_folded().unwrap();
    assert!(admin.get("/data/message?id=3").text().contains("its address is at shop.example"));
}

#[test]
fn names_are_encrypted_on_request() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let who = json!({"message_id": "1", "event": "Identified", "identifiers": {"email": "ana@example.org"}, "properties": {"name": "Ana Reis"}});
    assert_eq!(sender.post("/v1/interactions", who.to_string()).json()["accepted"], 1);
    house.engine.wait_folded().unwrap();
    assert!(admin.get("/customers?search=ana").text().contains("Ana Reis"));
    let page = admin.get("/settings/privacy");
    let (token, before) = (page.token(), page.text());
    assert!(before.contains("master.key</code>") && before.contains("beside the data"), "{before}");
    assert!(before.contains("name=\"encrypt_names\" value=\"1\">"), "it is off at first");
    assert_eq!(admin.form("/settings/privacy", &token, &[("encrypt_names", "1")]).status, 303);
    assert!(admin.get("/settings/privacy").text().contains("value=\"1\" checked"));
    // Found whole whether or not its row is written anew yet.
    assert!(admin.get("/customers?search=ANA@example.org").text().contains("Ana Reis"));
    house.engine.wait_names();
    assert!(!admin.get("/customers?search=ana").text().contains("Ana Reis"), "it is still found by how it begins");
    assert!(admin.get("/customers?search=ana+reis").text().contains("Ana Reis"));
    assert!(admin.get("/settings/audit").text().contains("what is encrypted"));
}
