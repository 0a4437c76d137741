//! What a rule lets go is gone everywhere, and everything else is as if it had never come.

use crate::formats::{contains, find};
use crate::world::{Kept, SHOP, now, open, order, same_after_a_rebuild, send};
use serde_json::{Value, json};
use std::sync::Arc;
use throughline_interactions::{Outcome, Timestamp};
use throughline_pipeline::{Engine, Keeping, Kind, Retiring, StoryQuery, Then};

const ALL: StoryQuery = StoryQuery { newest_first: false, offset: 0, limit: usize::MAX };

pub fn rule(event: &str, days: u32, then: Then) -> Keeping {
    Keeping {
        id: u64::from(days),
        event: event.to_owned(),
        channel: String::new(),
        kind: Kind::Everything,
        days,
        then,
        looked: (Timestamp(i64::MIN), 0),
    }
}

/// Applies rules, but for the files; how many interactions went.
fn retire(engine: &Engine, rules: &[Keeping]) -> u64 {
    let due = engine.due(SHOP, rules, now()).unwrap();
    let each = rules.iter().zip(&due.rules).filter(|(_, found)| !found.due.is_empty());
    each.map(|(r, found)| {
        let what = Retiring {
            workspace: SHOP,
            rule: r.id,
            words: "a rule",
            day: "2026-06-01",
            then: r.then,
            positions: &found.due,
        };
        engine.retire(&what).unwrap()
    })
    .sum()
}

pub fn apply(engine: &Engine, rules: &[Keeping]) -> u64 {
    let gone = retire(engine, rules);
    engine.finish_erasing(SHOP).unwrap();
    gone
}

fn ids(engine: &Engine, search: &str) -> Vec<String> {
    let id = find(engine, search)[0];
    engine.story(SHOP, id, &ALL).unwrap().entries.into_iter().map(|e| e.interaction.message_id).collect()
}

/// Ten people with three interactions each: orders in March, deliveries in April, reviews in May.
fn shop(engine: &Engine) {
    for n in 0..10 {
        send(engine, order(n, json!({"email": format!("p{n}@example.org")})));
    }
    engine.settle().unwrap();
}

fn said(id: &str, event: &str, who: Value, properties: Value) -> Value {
    json!({"message_id": id, "event": event, "occurred_at": "2026-02-01T10:00:00Z", "identifiers": who,
           "text": format!("words of {id}"), "properties": properties})
}

#[test]
fn what_is_due_goes_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    let engine = open(dir.path(), Some(kept.clone()));
    shop(&engine);
    assert!(contains(dir.path(), b"o3\""), "the control scan must find them");
    // Orders are of March, three months ago; those of the last days of it are not 70 days old.
    let rules = [rule("Order Completed", 80, Then::Erase)];
    let due = engine.due(SHOP, &rules, now()).unwrap();
    assert_eq!((due.total, due.rules[0].matches, due.rules[0].people), (30, 10, due.rules[0].due.len() as u64));
    let gone = apply(&engine, &rules);
    assert_eq!((gone, gone > 0), (due.rules[0].due.len() as u64, true));
    assert_eq!(ids(&engine, "p3@"), ["Order Delivered-3", "Review Posted-3"]);
    assert!(!contains(dir.path(), b"Order Completed-3\""), "its payload is overwritten");
    assert!(contains(dir.path(), b"words of order 3"));
    assert_eq!(kept.rows().len() as u64, 30 - gone);
    // Sent again it is known; the person is not refused.
    let again = send(&engine, order(3, json!({"email": "p3@example.org"})));
    assert_eq!(again, [Outcome::Duplicate, Outcome::Duplicate, Outcome::Duplicate]);
    assert_eq!(apply(&engine, &rules), 0, "there is nothing more");
    let log = engine.retired(SHOP, 10).unwrap();
    assert_eq!((log.len(), log[0].interactions, log[0].day.as_str()), (1, gone, "2026-06-01"));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn words_go_and_what_happened_stays() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    let engine = open(dir.path(), Some(kept.clone()));
    shop(&engine);
    let rules = [rule("Review Posted", 1, Then::Strip)];
    assert_eq!(apply(&engine, &rules), 10);
    assert!(!contains(dir.path(), b"words of order"));
    let id = find(&engine, "p3@")[0];
    let story = engine.story(SHOP, id, &ALL).unwrap();
    let review = &story.entries[2].interaction;
    assert_eq!((review.event.as_str(), review.text.as_ref(), review.properties.len()), ("Review Posted", None, 0));
    assert!(review.score.is_some() && review.refs.iter().any(|r| r.value == "o3"));
    assert_eq!(kept.rows().len(), 30);
    assert_eq!(apply(&engine, &rules), 0, "what has no words is left alone");
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn links_names_and_consents_follow_from_what_remains() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Some(Arc::new(Kept::default())));
    shop(&engine);
    let both = json!({"email": "p1@example.org", "user_id": "u-77"});
    send(
        &engine,
        vec![
            said("join", "Signed In", both.clone(), json!({"full_name": "Zoe Lindqvist"})),
            said("own", "Page Viewed", json!({"user_id": "u-77"}), json!({})),
            said("two", "Newsletter", json!({"email": "p2@example.org", "phone": "+49301234567"}), json!({})),
        ],
    );
    let mut no = said("no", "Signed In", json!({"user_id": "u-77"}), json!({}));
    no["consent"] = json!({"analytics": false});
    send(&engine, vec![no]);
    engine.settle().unwrap();
    assert_eq!(find(&engine, "p1@"), find(&engine, "u-77"));
    assert_eq!(find(&engine, "zoe").len(), 1);
    // What joined them is let go; what was said of a purpose is not.
    assert_eq!(apply(&engine, &[rule("Signed In", 30, Then::Erase)]), 1);
    assert_ne!(find(&engine, "p1@"), find(&engine, "u-77"), "nothing says any more that they are one");
    assert_eq!(find(&engine, "zoe"), [] as [u64; 0]);
    assert_eq!(find(&engine, "p2@"), find(&engine, "+49301234567"), "others are as they were");
    assert_eq!(ids(&engine, "u-77").len(), 2);
    assert!(!contains(dir.path(), b"Zoe Lindqvist"));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn the_shortest_rule_holds() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    shop(&engine);
    let rules = [rule("", 400, Then::Erase), rule("Review Posted", 10, Then::Erase), rule("", 5, Then::Strip)];
    let due = engine.due(SHOP, &rules, now()).unwrap();
    assert!(due.rules[0].due.is_empty() && due.rules[0].shorter.contains(&10));
    assert_eq!((due.rules[1].due.len(), due.rules[1].matches), (10, 10));
    assert_eq!(due.rules[2].due.len(), 20, "what goes anyway is not copied first");
    // What was looked at is not looked at again, unless it came since.
    let looked = |r: &Keeping| Keeping { looked: (r.until(now()), engine.position()), ..r.clone() };
    let again: Vec<Keeping> = rules.iter().map(looked).collect();
    assert!(engine.due(SHOP, &again, now()).unwrap().rules.iter().all(|r| r.due.is_empty()));
    send(&engine, vec![said("late", "Review Posted", json!({"email": "p1@example.org"}), json!({}))]);
    engine.wait_folded().unwrap();
    assert_eq!(engine.due(SHOP, &again, now()).unwrap().rules[1].due.len(), 1);
}

#[test]
fn what_broke_off_is_finished_at_the_next_start() {
    for then in [Then::Erase, Then::Strip] {
        let dir = tempfile::tempdir().unwrap();
        let kept = Arc::new(Kept::default());
        let engine = open(dir.path(), Some(kept.clone()));
        shop(&engine);
        assert_eq!(retire(&engine, &[rule("Review Posted", 1, then)]), 10);
        assert!(contains(dir.path(), b"words of order 3"), "nothing is overwritten yet");
        engine.close().unwrap();
        drop(engine);
        let engine = open(dir.path(), Some(kept.clone()));
        engine.settle().unwrap();
        assert!(!contains(dir.path(), b"words of order"));
        let left = if then == Then::Erase { 20 } else { 30 };
        assert_eq!((kept.rows().len(), ids(&engine, "p3@").len()), (left, left / 10));
        same_after_a_rebuild(engine, dir.path());
    }
}

#[test]
fn somebody_is_erased_after_a_rule_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Some(Arc::new(Kept::default())));
    shop(&engine);
    assert_eq!(apply(&engine, &[rule("Review Posted", 1, Then::Strip)]), 10);
    let receipt = engine.erase(SHOP, "ana", find(&engine, "p3@")[0]).unwrap();
    assert_eq!(receipt.interactions, 3);
    for needle in ["p3@example.org", "\"o3\"", "words of order"] {
        assert!(!contains(dir.path(), needle.as_bytes()), "{needle}");
    }
    assert_eq!(engine.sources(SHOP).unwrap().iter().map(|s| s.received).sum::<u64>(), 40, "30 came, 10 are copies");
    same_after_a_rebuild(engine, dir.path());
}
