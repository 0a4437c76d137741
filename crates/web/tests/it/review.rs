//! Customers who may be one person: counted on their page, compared side by side, decided about.

use crate::house::House;
use serde_json::{Value, json};
use throughline_web::KeyRole;

/// People with names of their own, each entered once; every fifth again under another id, every tenth of those
/// with a slip.
pub fn people() -> Vec<Value> {
    let syllables = ["ber", "lan", "mor", "tis", "vik", "dor", "hal", "wen", "gar", "nel"];
    let word = |n: usize| format!("{}{}{}", syllables[n % 10], syllables[n / 10 % 10], syllables[n / 100 % 10]);
    let told = |id: String, n: usize, surname: String| {
        json!({"message_id": format!("m-{id}"), "event": "Identified", "channel": "web",
               "occurred_at": "2026-08-01T10:00:00Z", "identifiers": {"user_id": id},
               "properties": {"first_name": word(n * 13 + 5), "last_name": surname,
                   "birthday": format!("{}-{:02}-{:02}", 1950 + n * 17 % 50, n * 7 % 12 + 1, n * 11 % 28 + 1),
                   "street": format!("{} road {}", word(n * 31 + 2), n % 50), "postcode": format!("{}", 10_000 + n * 37)}})
    };
    let mut all = Vec::new();
    for n in 0..250 {
        all.push(told(format!("u{n}"), n, word(n * 7)));
        if n % 5 == 0 {
            let surname = if n % 50 == 0 { format!("{}t", word(n * 7)) } else { word(n * 7) };
            all.push(told(format!("v{n}"), n, surname));
        }
    }
    all
}

#[test]
fn two_who_may_be_one_stand_side_by_side_and_somebody_decides() {
    let house = House::new();
    let mut admin = house.admin();
    let mut sender = house.key("shop", KeyRole::Writer);
    let mut reader = house.key("shop", KeyRole::Reader);
    assert!(admin.get("/customers/review").text().contains("have not been compared yet"));
    let facts = people();
    assert_eq!(sender.post("/v1/interactions", json!(facts).to_string()).json()["accepted"], facts.len());
    house.engine.match_now(house.workspace.id).unwrap();

    let first = reader.get("/api/v1/customers/review").json();
    let total = first["total"].as_u64().unwrap();
    assert!((45..=60).contains(&total), "{total}");
    assert_eq!(first["matching"]["records"], json!(300));
    assert!(admin.get("/customers").text().contains(&format!("{total}\u{a0}pairs wait")));
    let page = admin.get("/customers/review");
    let (token, html) = (page.token(), page.text());
    for said in ["Almost certainly one person", "the same</span>", "birthday", "The same person", "Two people", "Later"]
    {
        assert!(html.contains(said), "{said}: {html}");
    }
    let node = |at: usize, side: &str| first["pairs"][at][side]["node"].as_str().unwrap().to_owned();
    let id = |at: usize, side: &str| first["pairs"][at][side]["customer"]["id"].as_str().unwrap().to_owned();
    let mut say = |at: usize, verdict: &str| {
        let (a, b) = (node(at, "a"), node(at, "b"));
        admin.form("/customers/review", &token, &[("a", &a), ("b", &b), ("verdict", verdict)]).status
    };
    assert_eq!([say(0, "same"), say(1, "two"), say(2, "later")], [303; 3]);
    assert_eq!((say(0, "same"), say(3, "perhaps")), (404, 409));
    let now = reader.get("/api/v1/customers/review").json();
    assert_eq!(now["total"], json!(total - 2));
    let last = now["pairs"].as_array().unwrap().last().unwrap();
    assert_eq!((last["a"]["node"].as_str(), &last["is_put_off"]), (Some(node(2, "a").as_str()), &json!(true)));

    // One of the two ids leads to the other now, and the story says who decided.
    let smaller = id(0, "a").min(id(0, "b"));
    let story = admin.get(&format!("/customers/{smaller}")).text();
    assert!(story.contains("were decided to be one person by admin@example.org on"), "{story}");
    let one = reader.get(&format!("/api/v1/customers/{smaller}")).json();
    assert_eq!(one["links"][0]["decided"]["by"], json!("admin@example.org"));
    assert!(one["links"][0]["decided"]["probability"].as_f64().unwrap() > 0.5);
    let record = admin.get("/settings/audit").text();
    assert!(record.contains("said that two customers are one person"), "{record}");

    // Without asking only where somebody has said so.
    assert!(admin.get("/customers/review").text().contains("That is not done here."));
    assert_eq!(admin.form("/customers/review/automatic", &token, &[("automatic", "1")]).status, 303);
    assert!(admin.get("/customers/review").text().contains("That is done here."));
    assert_eq!(admin.form("/customers/review/look", &token, &[]).status, 303);
    // Who may see customers, and decides nothing, is not asked.
    let mut agent = house.invited(&mut admin, "agent");
    let shown = agent.get("/customers/review");
    assert!(!shown.text().contains("Two people</button>") && shown.status == 200);
    for path in ["/customers/review", "/customers/review/look", "/customers/review/automatic"] {
        assert_eq!(agent.form(path, &shown.token(), &[("automatic", "1"), ("verdict", "two")]).status, 403, "{path}");
    }
}
