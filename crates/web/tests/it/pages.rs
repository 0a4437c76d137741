//! The pages: what stands on them, what never does, and what they weigh.

use crate::house::{House, new_workspace};
use serde_json::json;
use throughline_web::KeyRole;

fn filled(customers: u64) -> House {
    let house = House::new();
    house.fill(customers);
    house
}

/// The text of a page without its tags, spaces made plain.
pub fn words(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            '\u{2060}' => {}
            c if !inside => out.push(if matches!(c, '\u{202f}' | '\u{a0}') { ' ' } else { c }),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
pub fn check(html: &str, expected: &[&str]) {
    let text = words(html);
    for e in expected {
        assert!(text.contains(e), "`{e}` is not in: {text}");
    }
}

#[test]
fn an_empty_house_teaches_how_to_begin() {
    let house = House::new();
    let mut admin = house.admin();
    let empty = admin.get("/");
    check(
        &empty.text(),
        &[
            "No interactions yet",
            "Choose a file",
            "curl http://127.0.0.1:",
            "/v1/interactions",
            "throughline demo",
            "Make a key",
        ],
    );
    check(&admin.get("/journeys/buy-and-receive").text(), &["No interactions yet"]);
    check(&admin.get("/customers").text(), &["Customers appear with their first interaction"]);
    check(&admin.get("/data").text(), &["Nothing has been received yet"]);
}

#[test]
fn the_map_shows_what_hurts_and_opens_the_people() {
    let house = filled(2_500);
    let mut admin = house.admin();
    let home = admin.get("/");
    assert_eq!(home.header("location"), Some("/journeys/buy-and-receive"));
    let page = admin.get("/journeys/buy-and-receive");
    let html = page.text();
    check(
        &html,
        &[
            "Buy and receive",
            "It hurts most at",
            "Promised delivery not kept in time",
            "as likely to be unhappy",
            "real, not proven to be the cause.",
            "customers behind it",
            "by the end of the day",
            "by the exact moment",
            "The map as a table",
            "of 5 stars",
            "nine of ten within",
            "answers",
        ],
    );
    assert!(html.len() < 150 * 1024, "{} bytes", html.len());
    // The links of the map lead to as many people as it says.
    let href = html
        .split("href=\"")
        .find(|h| h.starts_with("/journeys/buy-and-receive/people?figure=reached.receive"))
        .unwrap();
    let people = admin.get(href.split('"').next().unwrap()).text();
    check(&people, &["Reached Receive", "customers with", "orders."]);
    for href in html.split("href=\"").skip(1).map(|h| h.split('"').next().unwrap()).filter(|h| h.contains("/people?")) {
        assert_eq!(admin.get(&href.replace("&amp;", "&").replace("&#38;", "&")).status, 200, "{href}");
    }
}

#[test]
fn a_story_is_told_in_words_and_its_texts_are_escaped() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let story = json!([
        {"message_id": "1", "event": "Order Completed", "occurred_at": "2026-01-05T09:00:00Z", "channel": "app", "identifiers": {"email": "ana@example.org", "anonymous_id": "a-1"},
         "refs": {"order": "o-1"}, "money": {"amount": "96.00", "currency": "EUR"}, "promise": {"kind": "delivery", "due": "2026-01-08"}, "zone": "Europe/Berlin", "properties": {"name": "<b>Ana</b>"}},
        {"message_id": "2", "event": "Order Delivered", "occurred_at": "2026-01-12T09:00:00Z", "identifiers": {"email": "ana@example.org"}, "refs": {"order": "o-1"}},
        {"message_id": "3", "event": "Product Reviewed", "occurred_at": "2026-02-20T09:00:00Z", "identifiers": {"email": "ana@example.org"}, "refs": {"order": "o-1"},
         "score": {"kind": "stars", "value": 1}, "text": "late <script>alert(1)</script> \"quoted\""},
    ]);
    let answer = shop.post("/v1/interactions", story.to_string());
    assert_eq!(answer.json()["accepted"], 3, "{}", answer.text());
    house.engine.wait_folded().unwrap();
    let mut admin = house.admin();
    let list = admin.get("/customers?search=ana");
    check(&list.text(), &["1 customer whose name or identifier begins with", "1 of 5"]);
    let html = list.text();
    let href = html
        .split("href=\"")
        .find(|h| h.starts_with("/customers/") && !h.starts_with("/customers/review"))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let html = admin.get(&href).text();
    check(
        &html,
        &[
            "Customer since 5 Jan 2026; 1 order for € 96; 3 interactions.",
            "The last delivery came 4 days late.",
            "Rated 1 of 5 on 20 Feb 2026 (very upset), and said",
            "Has not been seen for",
            "3 interactions",
            "Order Completed, € 96",
            "39 quiet days",
            "4 days late",
            "rated 1 of 5",
            "very upset",
            "identifiers are one person",
            "stood in one interaction",
        ],
    );
    assert!(!html.contains("<script>alert") && !html.contains("<b>Ana</b>"));
    let newest = words(&admin.get(&format!("{href}?newest=1")).text());
    assert!(newest.find("Product Reviewed") < newest.find("Order Completed,"));

    let token = admin.get(&href).token();
    assert_eq!(admin.form(&format!("{href}/erase"), &token, &[("confirm", "yes")]).status, 409);
    check(
        &admin.form(&format!("{href}/erase"), &token, &[("confirm", "erase")]).text(),
        &["Erased", "3 interactions", "receipt"],
    );
    assert_eq!(admin.get(&href).status, 404);
}

#[test]
fn an_old_id_leads_to_the_present_one() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let mut admin = house.admin();
    let ids = |house: &House| -> Vec<u64> {
        let query = throughline_customers::CustomerQuery { search: String::new(), after: None, limit: 10 };
        house.engine.customers(house.workspace.id, &query).unwrap().rows.iter().map(|r| r.id).collect()
    };
    let send = |shop: &mut crate::client::Client, id: &str, identifiers: serde_json::Value| {
        shop.post(
            "/v1/interactions",
            json!({"message_id": id, "event": "x", "occurred_at": "2026-01-01T00:00:00Z", "identifiers": identifiers})
                .to_string(),
        );
        house.engine.wait_folded().unwrap();
    };
    send(&mut shop, "1", json!({"user_id": "u1"}));
    send(&mut shop, "2", json!({"email": "ana@example.org"}));
    let before = ids(&house);
    assert_eq!(before.len(), 2);
    send(&mut shop, "3", json!({"user_id": "u1", "email": "ana@example.org"}));
    let (old, now) = (before.iter().max().unwrap(), before.iter().min().unwrap());
    assert_eq!(ids(&house), [*now]);
    let answer = admin.get(&format!("/customers/{old:016x}"));
    assert_eq!((answer.status, answer.header("location").unwrap()), (308, format!("/customers/{now:016x}").as_str()));
}

#[test]
fn headers_keep_foreign_things_out() {
    let house = House::new();
    let mut stranger = house.stranger();
    for path in ["/login", "/nothing", "/api/v1/", "/assets/console.css"] {
        let answer = stranger.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let login = stranger.get("/login");
    for inline in [" style=", "<style", "onclick", "<script>", "http://", "https://"] {
        assert!(!login.text().contains(inline), "{inline}");
    }
    let css = login
        .text()
        .split("href=\"")
        .find(|h| h.starts_with("/assets/console.css?v="))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let sheet = stranger.get(&css);
    assert!(sheet.status == 200 && sheet.header("cache-control").unwrap().contains("immutable"));
    let cookie = login
        .header("set-cookie")
        .map(str::to_owned)
        .unwrap_or_else(|| house.stranger().get("/login").header("set-cookie").unwrap().to_owned());
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[test]
fn failures_are_pages_in_plain_words() {
    let house = House::new();
    let mut admin = house.admin();
    check(&admin.get("/nothing").text(), &["There is no such page.", "To the start page", "Error 404"]);
    check(&admin.get("/customers/0000000000000007").text(), &["There is no customer 0000000000000007."]);
    let mut viewer = house.invited(&mut admin, "viewer");
    check(&viewer.get("/customers").text(), &["Your role does not open this page.", "Ask an administrator"]);
    let page = viewer.get("/journeys").text();
    assert!(
        !page.contains("href=\"/customers\"") && !page.contains("href=\"/data\""),
        "only built and open rooms stand in the navigation"
    );
}

#[test]
fn the_theme_and_the_workspace_are_remembered_in_the_page() {
    let house = House::new();
    house.engine.create_workspace(&new_workspace("other", "Other Shop")).unwrap();
    let mut admin = house.admin();
    let token = admin.get("/journeys").token();
    assert_eq!(
        admin.form("/theme", &token, &[("theme", "dark"), ("back", "//evil.example")]).header("location"),
        Some("/")
    );
    let page = admin.get("/journeys?workspace=other").text();
    assert!(
        page.contains("data-theme=\"dark\"") && page.contains("href=\"/journeys/buy-and-receive?workspace=other\""),
        "{page}"
    );
    assert_eq!(admin.get("/journeys?workspace=nowhere").status, 404);
}

#[test]
fn long_work_shows_how_far_it_is() {
    let house = House::new();
    let mut admin = house.admin();
    let job = house.engine.job("Importing orders.csv", "interactions", Some(1000));
    job.done(250);
    check(&admin.get("/journeys").text(), &["Importing orders.csv", "250 of 1 000 interactions"]);
    assert!(admin.get("/journeys").text().contains("data-poll=\"/data/progress\""));
    check(&admin.get("/data/progress?back=/journeys").text(), &["250 of 1 000 interactions"]);
    job.finish("done");
    check(&admin.get("/data/progress?back=/journeys").text(), &["All counted.", "Show the new figures"]);
}

/// The links to people of a page: address and words.
fn people_links(html: &str) -> Vec<(String, String)> {
    let links = html.split("<a ").skip(1).filter_map(|rest| {
        let href = rest.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&");
        let inside = rest.split_once('>')?.1.split("</a>").next()?;
        href.contains("/people?").then(|| (href, words(inside)))
    });
    links.collect()
}

/// The number that words begin with, if what they count are whole things.
fn number(words: &str) -> Option<u64> {
    let digits: String = words.chars().take_while(|c| c.is_ascii_digit() || *c == ' ').filter(|c| *c != ' ').collect();
    let rest = words.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    if rest.starts_with(['.', '%']) { None } else { digits.parse().ok() }
}

/// Every whole number that leads to people leads to as many.
fn agree(admin: &mut crate::client::Client, page: &str) -> usize {
    let html = admin.get(page).text();
    let mut followed = 0;
    for (href, words) in people_links(&html) {
        let Some(n) = number(&words) else { continue };
        let answer = admin.get(&href.replacen("/journeys/", "/api/v1/journeys/", 1)).json();
        let instances: u64 =
            answer["people"].as_array().unwrap().iter().map(|p| p["instances"].as_u64().unwrap()).sum();
        let customers = answer["total"].as_u64().unwrap();
        assert_eq!(if words.contains("customer") { customers } else { instances }, n, "{words}: {href}");
        followed += 1;
    }
    followed
}

#[test]
fn every_part_of_the_map_opens_the_people_it_counts() {
    let house = filled(900);
    let mut admin = house.admin();
    let map = "/journeys/buy-and-receive";
    for part in [
        "",
        "?period=90d&compare=before",
        "?from=2026-03-01&to=2026-04-30",
        "?only=ref:carrier%3DNordpost&compare=others",
    ] {
        assert!(agree(&mut admin, &format!("{map}{part}")) > 12, "{part}");
    }
    let stage = format!("{map}/stages/receive?period=365d");
    let html = admin.get(&stage).text();
    check(&html, &["Behind Receive", "Carrier", "Unhappy, of those who answered", " – 31 Aug 2026."]);
    assert!(agree(&mut admin, &stage) > 3);
    let map_of_one = html.split("href=\"").find(|h| h.starts_with(map) && h.contains("only=ref%3Acarrier")).unwrap();
    let map_of_one = map_of_one.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    check(&admin.get(&map_of_one).text(), &["Compared with not carrier", "the others: "]);
    assert_eq!(admin.get(&format!("{map}/stages/nowhere")).status, 404);
}

#[test]
fn a_window_is_compared_with_the_one_before() {
    let house = filled(2_500);
    let mut admin = house.admin();
    let map = "/journeys/buy-and-receive";
    let html = admin.get(&format!("{map}?period=90d&compare=before")).text();
    check(
        &html,
        &[" – 1 Sep 2026.", "Compared with", "2026, seen as it stood then", "before: ", "more than chance", "points"],
    );
    assert!(html.len() < 150 * 1024, "{} bytes", html.len());
    assert!(html.contains("<option value=\"90d\" selected>") && html.contains("<option value=\"before\" selected>"));
    let alone = words(&admin.get(map).text());
    assert!(!alone.contains("before: ") && !alone.contains("likely more than chance"), "{alone}");
    for wrong in ["?period=7y", "?from=never", "?only=x", "?compare=me"] {
        let answer = admin.get(&format!("{map}{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        let answer = admin.get(&format!("/api/v1{map}/map{wrong}"));
        assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("invalid_period")), "{}", answer.text());
    }
}

#[test]
fn the_map_fits_on_a_sheet_with_the_same_figures() {
    let house = filled(900);
    let mut admin = house.admin();
    let map = "/journeys/buy-and-receive";
    for part in ["", "?period=90d&compare=before"] {
        let page = words(&admin.get(&format!("{map}{part}")).text());
        let svg = admin.get(&format!("{map}/map.svg{part}"));
        assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
        let text = svg.text();
        assert!(text.starts_with("<svg ") && !text.contains("style") && !text.contains("<script"));
        // Every piece of text of the sheet with a figure stands on the page, too.
        let pieces = text.split("</text>").filter_map(|t| t.rsplit_once('>')).map(|(_, t)| words(t));
        let figures: Vec<String> =
            pieces.filter(|t| t.ends_with("orders") || t.contains("lost here") || t.ends_with("%")).collect();
        assert!(figures.len() > 12, "{figures:?}");
        for figure in &figures {
            assert!(page.contains(figure.split(", ").next().unwrap()), "`{figure}` is not on the page");
        }
        assert!(text.contains(">Receive</text>") && text.contains("Hollow and dashed"));
        let png = admin.get(&format!("{map}/map.png{part}"));
        assert_eq!((png.status, &png.body[..4]), (200, &b"\x89PNG"[..]));
        let pdf = admin.get(&format!("{map}/map.pdf{part}"));
        assert_eq!((pdf.status, &pdf.body[..5]), (200, &b"%PDF-"[..]));
        assert!(pdf.header("content-disposition").unwrap().contains("buy-and-receive.pdf"));
        assert_eq!(pdf.body, admin.get(&format!("{map}/map.pdf{part}")).body, "the same bytes again");
    }
    let mut viewer = house.invited(&mut admin, "viewer");
    let seen = viewer.get(&format!("{map}/map.svg")).text();
    assert!(!seen.contains('“'), "voices are for those who may know customers");
    assert_eq!(viewer.get(&format!("{map}/stages/ship")).status, 200);
}
