//! The Monday page and alerts, from a form of the console to a real mail server and a real webhook.

use crate::client::Client;
use crate::house::{House, PASSWORD, log_in};
use crate::servers::Server;
use std::sync::atomic::Ordering;
use throughline_interactions::Timestamp;
use throughline_pipeline::Options;
use throughline_web::{KeyRole, Smtp, SmtpTls};

fn house(mail_port: Option<u16>, private: bool) -> House {
    House::with(Options::default(), |config| {
        let from = "Throughline <cx@shop.example>".to_owned();
        config.smtp = mail_port.map(|port| Smtp {
            host: "localhost".into(),
            port,
            login: None,
            from,
            tls: SmtpTls::None,
            ca: None,
        });
        config.allow_private_webhooks = private;
        config.url = Some("https://cx.shop.example/".to_owned());
    })
}

/// Moves the clock to a time of Berlin.
fn move_to(house: &House, local: &str) {
    let zone = throughline_interactions::Zone::new("Europe/Berlin").unwrap();
    let at = Timestamp::parse(local, Some(&zone)).unwrap().instant;
    house.ahead.store(at.0 - crate::house::NOW.0, Ordering::Relaxed);
}

fn wish(client: &mut Client, wanted: &str, hour: &str) {
    let token = client.get("/settings/account").token();
    let answer = client.form("/today/monday", &token, &[("wanted", wanted), ("hour", hour)]);
    assert_eq!(answer.status, 303, "{}", answer.text());
}

#[test]
fn the_monday_page_comes_by_mail_once_a_week_and_prints() {
    let Some(mut server) = Server::start(&["smtp", "0"]) else { return };
    let house = house(Some(server.port), false);
    house.fill(1_200);
    let mut admin = house.admin();
    let mut viewer = house.invited(&mut admin, "viewer");
    wish(&mut admin, "yes", "7");
    wish(&mut viewer, "yes", "8");
    let page = admin.get("/today/monday").text();
    for words in ["Monday page", "What changed", "Whom to call", "It comes to you.", "What hurts most"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(admin.get("/today/monday.pdf").header("content-type"), Some("application/pdf"));
    house.postman.round().unwrap();
    move_to(&house, "2026-09-07T07:00:05");
    house.postman.round().unwrap();
    let got = server.received();
    assert_eq!(got["to"], serde_json::json!(["admin@example.org"]));
    assert_eq!(got["subject"], "Northwind Shop: Monday, 7 Sep 2026");
    assert_eq!(got["id"], "<monday.1.1.2026-09-07@shop.example>");
    let text = got["parts"]["text/plain"].as_str().unwrap();
    for words in ["WHAT CHANGED", "WHAT HURTS MOST", "WHOM TO CALL", "https://cx.shop.example/customers/"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("&#"), "text is not escaped: {text}");
    assert_eq!(got["parts"]["application/pdf"], "%PDF-1.7", "the same on paper");
    assert!(
        got["parts"]["text/html"]
            .as_str()
            .unwrap()
            .contains("https://cx.shop.example/today/monday?workspace=northwind")
    );

    move_to(&house, "2026-09-07T08:10:00");
    house.postman.round().unwrap();
    let got = server.received();
    assert_eq!(got["to"], serde_json::json!(["viewer@example.org"]));
    let text = got["parts"]["text/plain"].as_str().unwrap();
    assert!(text.contains("Your role does not open them"), "{text}");
    assert!(!text.contains("/customers/"), "a viewer is told of nobody: {text}");
    house.postman.round().unwrap();

    // A session does not last over a week-end.
    log_in(&mut admin, "admin@example.org", PASSWORD);
    // Whose account is shut gets nothing any more; who stopped it neither.
    let token = admin.get("/settings/people").token();
    admin.form("/settings/people/2/disable", &token, &[]);
    wish(&mut admin, "no", "7");
    move_to(&house, "2026-09-14T12:00:00");
    house.postman.round().unwrap();
    assert!(server.rest().is_empty());
}

#[test]
fn a_mail_that_is_refused_stands_on_a_page_and_can_be_tried_again() {
    let Some(server) = Server::start(&["smtp", "0"]) else { return };
    let house = house(Some(server.port), false);
    house.fill(300);
    let mut admin = house.admin_as("unknown@shop.example");
    wish(&mut admin, "yes", "7");
    move_to(&house, "2026-09-07T07:00:05");
    house.postman.round().unwrap();
    log_in(&mut admin, "unknown@shop.example", PASSWORD);
    let page = admin.get("/settings/alerts").text();
    assert!(page.contains("Monday page of 2026-09-07") && page.contains("no such mailbox"), "{page}");
    let (_, rest) = page.split_once("action=\"/settings/mail/").unwrap();
    let (_, rest) = rest.split_once("action=\"/settings/mail/").unwrap();
    let again = format!("/settings/mail/{}", rest.split('"').next().unwrap());
    let token = admin.get("/settings/alerts").token();
    let answer = admin.form(&again, &token, &[]).text();
    assert!(answer.contains("It was tried again") && answer.contains("no such mailbox"), "{answer}");
    assert_eq!(admin.form(&again, &token, &[]).status, 404, "that letter has gone");
}

#[test]
fn mail_can_be_tried_out_and_says_what_is_wrong() {
    let check = |port: Option<u16>, to: &str, expected: &str| {
        let house = house(port, false);
        let mut admin = house.admin();
        let token = admin.get("/settings/alerts").token();
        let answer = admin.form("/settings/mail/test", &token, &[("to", to)]).text();
        assert!(answer.contains(expected), "{answer}");
    };
    check(None, "ana@shop.example", "role=\"alert\">No mail server is set up");
    check(Some(1), "ana@shop.example", "role=\"alert\">The mail server could not be reached");
    check(Some(1), "ana", "role=\"alert\">Write an e-mail address");
    let Some(server) = Server::start(&["smtp", "0"]) else { return };
    check(Some(server.port), "ana@shop.example", "role=\"status\">The mail server took the test mail");
    check(Some(server.port), "unknown@shop.example", "no such mailbox");
}

#[test]
fn alerts_are_added_tried_out_muted_and_removed() {
    let Some(mut server) = Server::start(&["http", "0"]) else { return };
    let house = house(None, true);
    let mut admin = house.admin();
    let token = admin.get("/settings/alerts").token();
    let url = format!("http://127.0.0.1:{}/services/T0/a-secret", server.port);
    let alert = |channel, target| [("what", "falls"), ("channel", channel), ("target", target)];
    let page = admin.form("/settings/alerts", &token, &alert("chat", url.as_str())).text();
    assert!(page.contains("127.0.0.1") && !page.contains("a-secret"), "the path of a webhook is not shown: {page}");
    let page = admin.form("/settings/alerts/1/test", &token, &[]).text();
    assert!(page.contains("The test was taken at the other end"), "{page}");
    let body: serde_json::Value = serde_json::from_str(server.received()["body"].as_str().unwrap()).unwrap();
    assert!(body["text"].as_str().unwrap().contains("This is a test"), "{body}");

    let page = admin.form("/settings/alerts", &token, &alert("hook", url.as_str())).text();
    let (_, secret) = page.split_once("whs_").expect("the secret is shown once");
    assert!(!admin.get("/settings/alerts").text().contains("whs_"), "once: {}", &secret[..4]);
    admin.form("/settings/alerts/2/test", &token, &[]);
    assert!(server.received()["headers"]["throughline-signature"].as_str().unwrap().starts_with("v1="));

    assert_eq!(admin.form("/settings/alerts/1/mute", &token, &[]).status, 303);
    assert!(admin.get("/settings/alerts").text().contains("muted"));
    assert_eq!(admin.form("/settings/alerts/1/remove", &token, &[]).status, 303);
    assert_eq!(admin.form("/settings/alerts/1/remove", &token, &[]).status, 404);
    assert_eq!(admin.form("/settings/alerts/2/shout", &token, &[]).status, 404);
    let refused = |admin: &mut Client, channel, target, expected: &str| {
        let page = admin.form("/settings/alerts", &token, &alert(channel, target)).text();
        assert!(page.contains(expected), "{page}");
    };
    refused(&mut admin, "mail", "team", "Write an e-mail address");
    refused(&mut admin, "pigeon", "https://example.org", "Choose what to tell");
    refused(&mut admin, "hook", "nowhere", "not an address of the web");
    admin.form("/settings/alerts/quiet", &token, &[("quiet", "yes"), ("from", "21"), ("until", "7")]);
    assert!(admin.get("/settings/alerts").text().contains("from 21:00 to 7:00"));
    assert_eq!(house.invited(&mut admin, "analyst").get("/settings/alerts").status, 403);
}

#[test]
fn webhooks_into_the_network_behind_the_server_are_refused() {
    let house = house(None, false);
    let mut admin = house.admin();
    let token = admin.get("/settings/alerts").token();
    for target in ["https://127.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/"] {
        let fields = [("what", "new"), ("channel", "hook"), ("target", target)];
        let page = admin.form("/settings/alerts", &token, &fields).text();
        assert!(page.contains("private network") && !page.contains("whs_"), "{page}");
    }
    let fields = [("what", "new"), ("channel", "hook"), ("target", "https://localhost/x")];
    admin.form("/settings/alerts", &token, &fields);
    let page = admin.form("/settings/alerts/1/test", &token, &[]).text();
    assert!(page.contains("private network"), "a name that leads inside is found out when it is called: {page}");
}

/// Orders of some days before 2026-09-02, each with a promise of four days that one in `late` breaks.
fn orders(days_before: std::ops::Range<i64>, late: i64) -> String {
    let midnight = Timestamp::parse("2026-09-02T00:00:00Z", None).unwrap().instant.0;
    let at = |micros: i64| Timestamp(micros).to_string();
    let (hour, mut items) = (3_600_000_000, Vec::new());
    for day in days_before {
        for n in 0..10 {
            let placed = midnight - day * 24 * hour + n * hour;
            let order = format!("{day}-{n}");
            let takes = if (day * 10 + n) % late == 0 { 5 } else { 2 };
            let who = serde_json::json!({"email": format!("c{order}@example.org")});
            let common = serde_json::json!({"channel": "web", "identifiers": who, "refs": {"order": order}});
            let mut item = |event: &str, when: i64, more: serde_json::Value| {
                let mut whole = common.clone();
                for part in [
                    more,
                    serde_json::json!({"message_id": format!("{event}{order}"), "event": event, "occurred_at": at(when)}),
                ] {
                    whole.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
                }
                items.push(whole);
            };
            let promise = serde_json::json!({"kind": "delivery", "due": at(placed + 4 * 24 * hour)});
            let money = serde_json::json!({"amount": "50.00", "currency": "EUR"});
            item("Order Completed", placed, serde_json::json!({"promise": promise, "money": money}));
            if placed + takes * 24 * hour < midnight {
                item("Order Delivered", placed + takes * 24 * hour, serde_json::json!({}));
            }
        }
    }
    serde_json::Value::from(items).to_string()
}

#[test]
fn a_change_is_said_with_its_people_and_told_once() {
    let Some(mut server) = Server::start(&["http", "0"]) else { return };
    let house = house(None, true);
    let mut admin = house.admin();
    let mut shop = house.key("shop", KeyRole::Writer);
    let mut send = |days: std::ops::Range<i64>, late| {
        let answer = shop.post("/v1/interactions", orders(days, late));
        assert_eq!(answer.status, 200, "{}", answer.text());
        house.engine.wait_folded().unwrap();
    };
    send(13..100, 12);
    let url = format!("http://127.0.0.1:{}/", server.port);
    let token = admin.get("/settings/alerts").token();
    admin.form("/settings/alerts", &token, &[("what", "falls"), ("channel", "chat"), ("target", &url)]);
    // From the twentieth of August on every second delivery is late.
    send(1..13, 2);
    let today = admin.get("/today").text();
    assert!(today.contains("Broken delivery promises rose from"), "{today}");
    assert!(today.contains("role=\"img\" aria-label=\"Week by week: "), "{today}");
    let (_, rest) = today.split_once("Broken delivery promises rose from").unwrap();
    let (_, rest) = rest.split_once("/people?figure=week.").unwrap();
    let list = format!("/journeys/buy-and-receive/people?figure=week.{}", rest.split('"').next().unwrap());
    let (_, whom) = rest.split_once('>').unwrap();
    let customers = whom.split(',').next().unwrap();
    let behind = admin.get(&list).text();
    assert!(behind.contains(&format!("{customers} with")), "“{customers}” in {behind}");
    assert!(behind.contains("Promised delivery not kept"), "{behind}");

    house.move_clock(7_200);
    house.postman.round().unwrap();
    let body: serde_json::Value = serde_json::from_str(server.received()["body"].as_str().unwrap()).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("Broken delivery promises rose from") && text.contains("of purchases"), "{text}");
    assert!(text.contains("https://cx.shop.example/today?workspace=northwind"), "{text}");
    for _ in 0..2 {
        house.move_clock(7_200);
        house.postman.round().unwrap();
    }
    assert!(server.rest().is_empty(), "once");
}
