//! A little shop: three hundred orders and not one answer. It still hears whom to call, what behaviour
//! tells, what cannot be known, and how many answers would settle it.

use crate::asking::links;
use crate::house::House;
use serde_json::json;
use throughline_web::KeyRole;

/// The next number of a sequence, 0 to below 1 (Knuth's MMIX constants).
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// The day so many days before 2026-09-01, at an hour.
fn ago(days: f64) -> String {
    let end = jiff::civil::date(2026, 9, 1).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
    let span = jiff::SignedDuration::from_secs((days * 86_400.0) as i64);
    (end.timestamp() - span).to_string()
}

/// Orders of 120 customers over 200 days; the slow carrier is late half the time, the others hardly
/// ever. Some are refunded; some customers come back and some do not.
fn orders(seed: u64) -> (Vec<serde_json::Value>, u64) {
    let mut state = seed;
    let (mut all, mut order) = (Vec::new(), 0_u64);
    for customer in 0..120_u64 {
        let mut day = 20.0 + chance(&mut state) * 180.0;
        for _ in 0..4 {
            if order == 300 || day < 1.0 {
                break;
            }
            order += 1;
            let slow = chance(&mut state) < 0.3;
            let late = chance(&mut state) < if slow { 0.55 } else { 0.04 };
            let refs = json!({"order": format!("o-{order}"), "carrier": if slow { "Slow" } else { "Quick" }});
            let who = json!({"email": format!("c{customer}@example.org")});
            let due = ago(day - 5.0);
            all.push(json!({"message_id": format!("{order}-placed"), "event": "Order Placed", "occurred_at": ago(day),
                "channel": "web", "identifiers": who, "refs": {"order": format!("o-{order}")},
                "money": {"amount": format!("{}.00", 20 + order % 60), "currency": "EUR"},
                "promise": {"kind": "delivery", "due": due}}));
            let mut later = |event: &str, days: f64| {
                if day - days > 0.0 {
                    all.push(json!({"message_id": format!("{order}-{event}"), "event": event, "channel": "delivery",
                        "occurred_at": ago(day - days), "identifiers": who, "refs": refs}));
                }
            };
            later("Order Shipped", 1.0);
            later("Order Delivered", if late { 8.0 } else { 3.5 });
            if chance(&mut state) < 0.08 {
                later("Order Refunded", 12.0);
            }
            day -= 15.0 + chance(&mut state) * 30.0;
        }
    }
    (all, order)
}

#[test]
fn three_hundred_orders_without_a_score_help_today() {
    let house = House::new();
    let (sent, orders) = orders(41);
    assert_eq!(orders, 300);
    let mut shop = house.key("shop", KeyRole::Writer);
    let told = shop.post("/v1/interactions", json!(sent).to_string()).json();
    assert_eq!(told["accepted"], sent.len(), "{told}");
    house.engine.wait_folded().unwrap();
    let mut admin = house.admin();
    let text = admin.get("/today").text();

    // People by name, told by what they did alone.
    let calls = text.split("<ul class=\"calls\">").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(calls.matches("@example.org").count() >= 5, "{calls}");
    assert!(calls.contains("nobody has turned to them since"), "{calls}");
    // Outcomes that nobody has to be asked about, each opening its people.
    for outcome in ["refunded", "late", "away"] {
        let href = format!("/journeys/buy-and-receive/people?figure=outcome.{outcome}");
        assert!(text.contains(&href), "{outcome}: {text}");
        assert!(admin.get(&href).text().contains("@example.org"), "{outcome}");
    }
    assert!(text.contains("Later than promised") && text.contains("Away for longer than is usual"), "{text}");
    assert!(!text.contains("figure=outcome.cancelled"), "no cancellation has arrived: {text}");
    // And what it is associated with is found without an answer.
    let found = admin.get("/api/v1/journeys/buy-and-receive/pain-points").json();
    let slow = found["pain_points"]["findings"].as_array().unwrap().iter().find(|f| f["name"]["value"] == "Slow");
    let slow = slow.unwrap_or_else(|| panic!("the slow carrier is not found: {found}"));
    assert_eq!(slow["outcome"], "late");
    assert!(text.contains("Carrier Slow") && text.contains("as likely to be later than promised"), "{text}");
    // What cannot be known, how many answers settle it, by what formula, and the way to ask.
    assert!(text.contains("How many are unhappy, to about ten points"), "{text}");
    assert!(text.contains("Nobody has been asked; about 93\u{a0}more answers would tell"), "{text}");
    assert!(text.contains("Wilson’s interval at a half") && text.contains("Fleiss, Levin"), "{text}");
    assert!(text.contains("/journeys/buy-and-receive/ask?figure=started&#38;most=651"), "{text}");

    // Three of them answer; the number falls by three.
    let made = links(&mut admin, "started", &[]);
    assert!(made.len() > 80, "{}", made.len());
    let mut somebody = house.stranger();
    for (_, link) in &made[..3] {
        assert_eq!(somebody.form(link, "", &[("score", "10")]).status, 200);
    }
    house.engine.wait_folded().unwrap();
    let text = admin.get("/today").text();
    assert!(text.contains("3\u{a0}answers so far; about 90\u{a0}more answers would tell"), "{text}");
}
