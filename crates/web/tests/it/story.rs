//! The story in groups and the profile: figures that are the maps', tags that change with what they stand for,
//! pages that hold whatever was sent.

use crate::client::Client;
use crate::house::{House, NOW};
use crate::pages::{check, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use throughline_customers::CustomerQuery;
use throughline_interactions::{Outcome, Record, SourceId, limits, parse_interaction};
use throughline_pipeline::{CustomerFigure, Received, StoryFilter, StoryPage, StoryPageQuery, View, What};
use throughline_web::KeyRole;

fn everybody(house: &House) -> Vec<u64> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let query = CustomerQuery { search: String::new(), after, limit: 500 };
        let page = house.engine.customers(house.workspace.id, &query).unwrap();
        all.extend(page.rows.iter().map(|r| r.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn page_of(house: &House, id: u64, query: &StoryPageQuery) -> StoryPage {
    let customer = house.engine.customer(house.workspace.id, id).unwrap();
    house.engine.story_page(house.workspace.id, &customer, query).unwrap()
}

/// Sends facts from a file's door, where one may be large.
fn bring(house: &House, facts: Vec<Value>) {
    let source = SourceId::new("archive").unwrap();
    let one = |json| {
        let draft = parse_interaction(json, 0)?;
        Ok(Record::from(draft.receive(house.workspace.id, &source, NOW, limits::FILE_BYTES)?))
    };
    let n = facts.len() as u64;
    let received = Received::new(source.clone(), facts.into_iter().map(one).collect());
    let outcomes = house.engine.receive_now(house.workspace.id, received).unwrap();
    assert_eq!(outcomes.iter().filter(|o| matches!(o, Outcome::Accepted)).count() as u64, n, "{outcomes:?}");
    house.engine.wait_folded().unwrap();
}

/// The one whose identifier or name begins so.
fn found(house: &House, search: &str) -> (u64, String) {
    let query = CustomerQuery { search: search.to_owned(), after: None, limit: 2 };
    let rows = house.engine.customers(house.workspace.id, &query).unwrap().rows;
    assert_eq!(rows.len(), 1);
    (rows[0].id, format!("/customers/{:016x}", rows[0].id))
}

#[test]
fn every_figure_of_a_profile_is_the_maps_and_opens_what_it_counts() {
    let house = House::new();
    house.fill(250);
    let workspace = house.workspace.id;
    let (mut orders, mut kept, mut broken, mut spent) = (0, 0, 0, 0);
    for id in everybody(&house) {
        let customer = house.engine.customer(workspace, id).unwrap();
        let c = house.engine.profile(workspace, customer).unwrap().computed;
        orders += c.orders.as_ref().unwrap().n;
        kept += c.promises_kept.n;
        broken += c.promises_broken.n;
        spent += c.spend.iter().map(|s| s.minor).sum::<i64>();
        let counted = [c.orders, c.returns, Some(c.contacts), Some(c.promises_kept), Some(c.promises_broken)];
        let answers = c.satisfaction.map(|s| s.answers);
        for figure in counted.into_iter().flatten().chain(answers) {
            let filter = StoryFilter { figure: CustomerFigure::of_key(&figure.figure), ..StoryFilter::default() };
            assert!(filter.figure.is_some(), "{}", figure.figure);
            let page = page_of(&house, id, &StoryPageQuery { filter, limit: 1_000, ..StoryPageQuery::default() });
            assert_eq!(page.asked as u64, figure.n, "{} of {id:016x}", figure.figure);
            let shown: BTreeSet<u64> = page.items.iter().flat_map(positions).collect();
            assert!(figure.positions.iter().all(|p| shown.contains(p)), "{} of {id:016x}", figure.figure);
        }
    }
    let map = house.engine.map_within(workspace, "buy-and-receive", &View::default()).unwrap();
    assert_eq!(orders, map.started.instances);
    let mut readings = map.promises[0].readings.iter();
    let promise = readings.find(|r| r.reading == map.promises[0].shown).unwrap();
    assert_eq!((kept, broken), (promise.kept.instances, promise.broken.instances + promise.not_delivered.instances));
    assert!(spent > 0 && kept > 0 && broken > 0);
}

/// The interactions that an item shows.
fn positions(item: &throughline_pipeline::StoryItem) -> Vec<u64> {
    match &item.what {
        What::Group(g) => g.entries.iter().map(|e| e.position).collect(),
        What::Joined(_) => Vec::new(),
    }
}

#[test]
fn groups_are_the_same_on_whichever_page_they_stand() {
    let house = House::new();
    house.fill(60);
    let all = everybody(&house);
    for id in all.iter().copied().step_by(4) {
        let whole = StoryPageQuery { limit: 10_000, ..StoryPageQuery::default() };
        let sizes = |page: &StoryPage| -> BTreeMap<u64, (usize, String)> {
            let group = |item: &throughline_pipeline::StoryItem| match &item.what {
                What::Group(g) => Some((g.key, (g.size, format!("{:?}", g.kind)))),
                What::Joined(_) => None,
            };
            page.items.iter().filter_map(group).collect()
        };
        let told = page_of(&house, id, &whole);
        let groups = sizes(&told);
        assert_eq!(groups.values().map(|(size, _)| size).sum::<usize>(), told.interactions);
        for newest_first in [false, true] {
            let mut paged = BTreeMap::new();
            let mut seen = 0;
            while seen < told.total {
                let query = StoryPageQuery { newest_first, offset: seen, limit: 7, ..StoryPageQuery::default() };
                let page = page_of(&house, id, &query);
                assert_eq!(page.total, told.total);
                seen += page.items.len();
                paged.extend(sizes(&page));
            }
            assert_eq!((seen, &paged), (told.total, &groups));
        }
        // The page with an interaction shows it.
        for position in told.items.iter().flat_map(positions).step_by(5) {
            let query = StoryPageQuery { at: Some(position), limit: 7, ..StoryPageQuery::default() };
            assert!(page_of(&house, id, &query).items.iter().flat_map(positions).any(|p| p == position));
            let only = StoryFilter { only: Some(position), ..StoryFilter::default() };
            let one = page_of(&house, id, &StoryPageQuery { filter: only, limit: 10, ..StoryPageQuery::default() });
            assert_eq!(one.items.iter().flat_map(positions).collect::<Vec<_>>(), [position]);
        }
    }
}

fn order(id: &str, event: &str, at: &str) -> Value {
    json!({"message_id": id, "event": event, "occurred_at": at, "channel": "web", "refs": {"order": "o-1"},
           "identifiers": {"email": "ana@example.org"}})
}

#[test]
fn the_tag_of_a_profile_changes_exactly_when_the_profile_does() {
    let house = House::new();
    let mut shop = house.key("web-shop", KeyRole::Writer);
    let mut reader = house.key("reports", KeyRole::Reader);
    let mut send = |facts: Value| {
        let answer = shop.post("/v1/interactions", facts.to_string());
        house.engine.wait_folded().unwrap();
        answer.json()
    };
    let mut first = order("1", "Order Completed", "2026-08-01T10:00:00Z");
    first["money"] = json!({"amount": "20.00", "currency": "EUR"});
    assert_eq!(send(first.clone())["accepted"], 1);
    let (_, path) = found(&house, "ana");
    let path = format!("/api/v1{path}/profile");
    let mut ask = |tag: &str| reader.send("GET", &path, &[("If-None-Match", tag)], b"");
    let answer = ask("\"nothing\"");
    let tag = answer.header("etag").unwrap().to_owned();
    assert!(answer.status == 200 && tag.starts_with('"'), "{tag} is strong");
    assert_eq!(answer.json()["computed"]["spend"][0]["minor"], 2_000);
    // The same is not told again, in whatever list it stands and however the answer could be packed.
    for known in [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), "*".to_owned()] {
        let again = ask(&known);
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)), "{known}");
    }
    let packed = Client::clone(&reader).send("GET", &path, &[("Accept-Encoding", "gzip")], b"");
    assert_eq!((packed.header("etag"), packed.header("content-encoding")), (Some(&*tag), None));
    // A copy, and somebody else's doing, change nothing of it.
    assert_eq!(send(first)["duplicate"], 1);
    send(
        json!({"message_id": "bo", "event": "Site Visited", "identifiers": {"email": "bo@example.org"}, "occurred_at": "2026-01-01T10:00:00Z"}),
    );
    let mut ask = |tag: &str| reader.send("GET", &path, &[("If-None-Match", tag)], b"");
    assert_eq!(ask(&tag).status, 304);
    // Each of these does.
    let mut last = tag;
    let changes = [
        order("2", "Order Delivered", "2026-08-03T10:00:00Z"),
        json!({"message_id": "3", "event": "Identified", "occurred_at": "2026-08-04T10:00:00Z",
               "identifiers": {"email": "ana@example.org"}, "properties": {"plan": "pro"}}),
        json!({"message_id": "4", "event": "Consent Changed", "occurred_at": "2026-08-05T10:00:00Z",
               "identifiers": {"email": "ana@example.org"}, "consent": {"marketing": true}}),
        json!({"message_id": "5", "event": "Preference Set", "occurred_at": "2026-08-06T10:00:00Z",
               "identifiers": {"email": "ana@example.org"}, "properties": {"colour": "green"}}),
        json!({"message_id": "6", "event": "Signed In", "occurred_at": "2026-08-07T10:00:00Z",
               "identifiers": {"email": "ana@example.org", "user_id": "u-1"}}),
    ];
    for change in changes {
        assert_eq!(send(change.clone())["accepted"], 1);
        let (_, path) = found(&house, "ana");
        let answer = reader.send("GET", &format!("/api/v1{path}/profile"), &[("If-None-Match", &last)], b"");
        let tag = answer.header("etag").unwrap().to_owned();
        assert!(answer.status == 200 && tag != last, "{change}");
        last = tag;
    }
}

#[test]
fn a_page_holds_whatever_was_sent() {
    let house = House::new();
    let who = json!({"user_id": "u-1"});
    let fact = |id: &str, event: &str, at: &str| json!({"message_id": id, "event": event, "occurred_at": at, "identifiers": who, "channel": "web"});
    let mut named = fact("1", "Identified", "2026-08-01T10:00:00Z");
    named["properties"] = json!({"name": "مريم بنت يوسف <b>", "size": 42, "favourite_colour": ["green", "<i>"]});
    let mut again = fact("2", "Identified", "2026-08-02T10:00:00Z");
    again["properties"] = json!({"size": "42", "timezone": "America/Sao_Paulo"});
    let mut third = fact("3", "Identified", "2026-08-03T10:00:00Z");
    third["properties"] = json!({"size": [1]});
    let mut long = fact("4", "Review Posted", "2026-08-04T10:00:00Z");
    long["text"] = Value::from(format!("<script>alert(1)</script>{}", "ωδ ".repeat(200_000)));
    long["score"] = json!({"kind": "stars", "value": 5});
    let ahead = fact("5", "Site Visited", "2026-09-02T20:00:00Z");
    let consent = |id: &str, at: &str, yes: bool| {
        let mut told = fact(id, "Consent Changed", at);
        told["consent"] = json!({"Marketing": yes});
        told["properties"] = json!({"consent_text": "May we write <u>to you</u>?", "consent_version": 3});
        told
    };
    let both = "2026-08-06T10:00:00Z";
    let words_of_consent = [
        consent("c1", "2026-08-07T10:00:00Z", true),
        consent("c2", "2026-08-08T10:00:00Z", false),
        consent("c3", both, false),
        consent("c4", both, true),
    ];
    let mut facts = vec![named, again, third, long, ahead];
    facts.extend(words_of_consent);
    bring(&house, facts);
    let mut admin = house.admin();
    let (id, path) = found(&house, "u-1");
    let html = admin.get(&path).text();
    assert!(html.len() < 150_000, "{} bytes", html.len());
    for bad in ["<script>alert", "<i>", "<u>to you", "<b>\u{20}"] {
        assert!(!html.contains(bad), "{bad}");
    }
    assert!(html.contains("<h1 dir=\"auto\">مريم بنت يوسف &#60;b&#62;</h1>"), "the name in its own direction");
    check(
        &html,
        &[
            "size 1 archive, 3 Aug 2026; before: 42 until 2 Aug 2026",
            "Language inferred Portuguese from the zone America/Sao_Paulo",
            "Favourite colour green,",
            "Marketing : withdrawn since 8 Aug 2026 contradictory",
            "the contrary was said at the same moment",
            "version 3",
            "the later word holds; of two at the same moment, the withdrawal",
            "Last seen today.",
            "delighted",
        ],
    );
    // What is said stands in full on the page of the interaction, and the beginning in the story.
    let position = page_of(&house, id, &StoryPageQuery { limit: 99, ..StoryPageQuery::default() })
        .items
        .iter()
        .filter_map(|i| match &i.what {
            What::Group(g) => g.entries.iter().find(|e| e.interaction.text.is_some()).map(|e| e.position),
            What::Joined(_) => None,
        })
        .next()
        .unwrap();
    let full = admin.get(&format!("{path}?only={position}"));
    assert!(full.status == 200 && full.body.len() > 900_000, "{}", full.body.len());
    // Words are found wherever they stand; what cannot be read is said.
    for (query, found) in [("q=ωδ", 1), ("q=green", 1), ("q=CONSENT+write", 4), ("q=nowhere", 0), ("kind=feedback", 1)]
    {
        let text = words(&admin.get(&format!("{path}?{}", query.replace("ωδ", "%CF%89%CE%B4"))).text());
        assert!(text.contains(&format!("{found} of 9 interactions")), "{query}: {text}");
    }
    for wrong in ["kind=gifts", "from=soon", "page=-1", "group=x", "figure=x", "only=99999999999999999999"] {
        assert_eq!(admin.get(&format!("{path}?{wrong}")).status, 400, "{wrong}");
    }
    for nowhere in ["only=424242", "group=424242", "at=424242", "page=18446744073709551615", "channel=fax"] {
        assert_eq!(admin.get(&format!("{path}?{nowhere}")).status, 200, "{nowhere}");
    }
    let profile =
        house.engine.profile(house.workspace.id, house.engine.customer(house.workspace.id, id).unwrap()).unwrap();
    let consents: Vec<_> =
        profile.consents.iter().flat_map(|c| c.words.iter().map(|w| (w.allowed, w.is_contradicted))).collect();
    assert_eq!(consents, [(true, true), (false, true), (true, false), (false, false)]);
    assert_eq!(profile.consents[0].words[0].text.as_deref(), Some("May we write <u>to you</u>?"));
}

#[test]
fn the_story_is_told_in_groups_to_programs() {
    let house = House::new();
    let mut visit = order("0", "Product Viewed", "2026-08-01T09:50:00Z");
    visit["refs"] = json!({"product": "lamp"});
    let mut placed = order("1", "Order Completed", "2026-08-01T10:00:00Z");
    placed["promise"] = json!({"kind": "delivery", "due": "2026-08-03"});
    placed["money"] = json!({"amount": "20.00", "currency": "EUR"});
    let mut asks = order("2", "Ticket Opened", "2026-08-04T10:00:00Z");
    asks["refs"] = json!({"order": "o-1", "ticket": "t-1"});
    let mut answered = order("3", "Ticket Resolved", "2026-08-04T12:00:00Z");
    answered["refs"] = json!({"ticket": "t-1"});
    answered["direction"] = "out".into();
    let late = order("4", "Order Delivered", "2026-08-05T10:00:00Z");
    bring(&house, vec![late, answered, asks, placed, visit]);
    let (_, path) = found(&house, "ana");
    let mut reader = house.key("reports", KeyRole::Reader);
    let told = reader.get(&format!("/api/v1{path}/story/groups")).json();
    let groups: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|i| &i["group"]).collect();
    assert_eq!(groups.len(), 2, "{told}");
    assert_eq!((&groups[0]["kind"], &groups[0]["visit"]["products"]), (&json!("visit"), &json!(1)));
    assert_eq!(groups[0]["visit"]["orders"][0], groups[1]["key"]);
    assert_eq!((&groups[1]["kind"], &groups[1]["size"]), (&json!("order"), &json!(4)));
    let summary =
        words(&told["summary"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect::<Vec<_>>().join(" "));
    for said in [
        "Customer since 1 Aug 2026; 1 order for € 20; 5 interactions.",
        "The last delivery came 2 days late.",
        "Turned to the help desk once.",
        "Has not been seen for 28 days.",
    ] {
        assert!(summary.contains(said), "`{said}` is not in: {summary}");
    }
    // On the curve what was not said is told from what was.
    let curve: Vec<_> = told["curve"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["event"].as_str().unwrap(), p["signal"].as_str(), p["said"].is_null()))
        .collect();
    assert_eq!(curve, [("Ticket Opened", Some("friction"), true), ("Order Delivered", Some("promise_broken"), true)]);
}
