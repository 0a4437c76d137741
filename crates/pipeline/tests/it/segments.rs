//! Segments that live: people enter and leave by what they do and as time passes, and every way round gives
//! the same members.

use crate::world::{SHOP, open_with, options, same_after_a_rebuild, send};
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};
use throughline_interactions::{Node, Timestamp};
use throughline_pipeline::{Engine, EngineError, NewSegment, Options};
use throughline_segments::{Rule, SegmentId};

/// The clock of this test's process, which goes on when it is told to.
static CLOCK: AtomicI64 = AtomicI64::new(0);
const DAY: i64 = 86_400_000_000;

fn clock() -> Timestamp {
    Timestamp(crate::world::now().0 + CLOCK.load(Ordering::SeqCst))
}

fn ticking() -> Options {
    Options { clock, ..options() }
}

fn rule(json: serde_json::Value) -> Rule {
    serde_json::from_value(json).unwrap()
}

fn make(engine: &Engine, name: &str, json: serde_json::Value) -> SegmentId {
    let wanted = NewSegment { name: name.to_owned(), about: String::new(), rule: rule(json) };
    let id = engine.put_segment(SHOP, None, "Ada", &wanted).unwrap();
    engine.wait_segments().unwrap();
    id
}

fn bought(n: u64, who: &str, day: &str) -> serde_json::Value {
    json!({"message_id": format!("m{n}"), "event": "Order Completed", "channel": "web",
           "occurred_at": format!("2026-{day}T10:00:00Z"), "identifiers": {"email": who},
           "money": {"amount": "50.00", "currency": "EUR"}, "properties": {"category": "shoes"}})
}

fn people(engine: &Engine, id: SegmentId) -> Vec<u64> {
    engine.wait_segments().unwrap();
    let behind = engine.segment_people(SHOP, id, None, 100).unwrap();
    assert_eq!(behind.total, behind.customers.len() as u64);
    assert_eq!(engine.segment_standing(SHOP, id, 30).unwrap().people, behind.total);
    behind.customers
}

fn of(engine: &Engine, search: &str) -> u64 {
    engine.wait_folded().unwrap();
    let query = throughline_customers::CustomerQuery { search: search.to_owned(), after: None, limit: 5 };
    engine.customers(SHOP, &query).unwrap().rows[0].id
}

#[test]
fn people_enter_and_leave_by_what_they_do_and_as_time_passes() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, ticking());
    send(&engine, vec![bought(1, "a@x.test", "05-25"), bought(2, "b@x.test", "05-31"), bought(3, "b@x.test", "05-31")]);
    let active = make(
        &engine,
        "Active",
        json!({"did": {"what": {"events": ["Order Completed"]}, "times": {"at_least": 1}, "when": {"last": "10d"}}}),
    );
    let often = make(&engine, "Often", json!({"all": [{"in": active}, {"did": {"times": {"at_least": 2}}}]}));
    let (a, b) = (of(&engine, "a@x.test"), of(&engine, "b@x.test"));
    let mut both = vec![a, b];
    both.sort_unstable();
    assert_eq!(people(&engine, active), both);
    assert_eq!(people(&engine, often), [b]);
    // Somebody buys again, and enters.
    send(&engine, vec![bought(4, "a@x.test", "05-30")]);
    assert_eq!(people(&engine, often), both);
    // Nobody does anything: a leaves ten days after the last purchase, to the second, and b a day later.
    CLOCK.store(9 * DAY, Ordering::SeqCst);
    assert_eq!(people(&engine, active), [b]);
    let left = engine.segments_of(SHOP, a).unwrap();
    let at = Timestamp::parse("2026-06-09T10:00:01Z", None).unwrap().instant;
    let last: Vec<_> = left.iter().filter(|w| w.segment == active).map(|w| (w.at, w.entered, w.is_now)).collect();
    assert_eq!(last[0], (at, false, false), "when it was over, not when it was seen");
    assert!(last[1].1 && !last[1].2);
    CLOCK.store(20 * DAY, Ordering::SeqCst);
    assert_eq!((people(&engine, active), people(&engine, often)), (vec![], vec![]));
    // Nobody is judged twice for one moment: every change is told once.
    assert_eq!(engine.segments_of(SHOP, b).unwrap().len(), 4);
    // A restart knows the same, a rebuild gives the same rows.
    engine.close().unwrap();
    drop(engine);
    let engine = open_with(dir.path(), None, ticking());
    assert_eq!(people(&engine, active), [] as [u64; 0]);
    assert_eq!(engine.segments_of(SHOP, b).unwrap().len(), 4);
    CLOCK.store(DAY, Ordering::SeqCst);
    send(&engine, vec![bought(5, "c@x.test", "06-01")]);
    assert!(people(&engine, active).contains(&of(&engine, "c@x.test")));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn a_merge_its_undoing_and_an_erasure_leave_the_right_members() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, ticking());
    let view = |n: u64, who: serde_json::Value, event: &str| json!({"message_id": format!("v{n}"), "event": event, "occurred_at": format!("2026-05-{:02}T10:00:00Z", n % 28 + 1), "identifiers": who});
    let both = make(
        &engine,
        "Both",
        json!({"all": [
        {"did": {"what": {"events": ["Looked"]}, "times": {"at_least": 1}}},
        {"did": {"what": {"events": ["Called"]}, "times": {"at_least": 1}}}]}),
    );
    let looked = make(&engine, "Looked", json!({"did": {"what": {"events": ["Looked"]}, "times": {"at_least": 1}}}));
    send(
        &engine,
        vec![view(1, json!({"anonymous_id": "d1"}), "Looked"), view(2, json!({"email": "m@x.test"}), "Called")],
    );
    assert_eq!(people(&engine, both), [] as [u64; 0]);
    assert_eq!(people(&engine, looked).len(), 1);
    send(&engine, vec![view(3, json!({"anonymous_id": "d1", "email": "m@x.test"}), "Logged In")]);
    let one = of(&engine, "m@x.test");
    assert_eq!((people(&engine, both), people(&engine, looked)), (vec![one], vec![one]));
    let profile = engine.customer(SHOP, one).unwrap();
    let (x, y) = (profile.identifiers[0].node, profile.identifiers[1].node);
    engine.unmerge(SHOP, "Ada", x, y).unwrap();
    assert_eq!(people(&engine, both), [] as [u64; 0], "two people again, and neither did both");
    assert_eq!(people(&engine, looked).len(), 1);
    engine.remerge(SHOP, "Ada", x, y).unwrap();
    assert_eq!(people(&engine, both), [one]);
    assert!(engine.segments_of(SHOP, one).unwrap().iter().filter(|w| w.is_now).count() == 2);
    send(&engine, vec![view(4, json!({"email": "other@x.test"}), "Looked")]);
    assert_eq!(people(&engine, looked).len(), 2);
    let erased = engine.customer(SHOP, one).unwrap();
    engine.erase(SHOP, "Ada", one).unwrap();
    assert_eq!((people(&engine, both), people(&engine, looked)), (vec![], vec![of(&engine, "other@x.test")]));
    for identifier in erased.identifiers {
        let Node(node) = identifier.node;
        assert!(engine.segments_of(SHOP, node).unwrap().is_empty(), "nothing of it is known");
    }
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn traits_words_consent_and_dimensions_count() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, ticking());
    let gold = make(&engine, "Gold", json!({"trait": {"name": "plan", "is": {"one_of": ["gold"]}}}));
    let late = make(&engine, "Late", json!({"said": {"words": ["too late"], "when": {"last": "30d"}}}));
    let shoes = make(
        &engine,
        "Shoes",
        json!({"did": {"what": {"with": [{"dimension": "property:category", "value": "shoes"}]}, "times": {"at_least": 1}}}),
    );
    let mail = make(&engine, "Mail", json!({"all": [{"allows": "marketing"}, {"known": "email"}]}));
    let who = json!({"email": "t@x.test"});
    let told = |n: u64, plan: &str| json!({"message_id": format!("t{n}"), "event": "Identified", "occurred_at": format!("2026-05-2{n}T10:00:00Z"), "identifiers": who, "properties": {"plan": plan}});
    send(&engine, vec![told(1, "gold"), bought(1, "t@x.test", "05-20")]);
    let t = of(&engine, "t@x.test");
    engine.wait_segments().unwrap();
    assert_eq!((people(&engine, gold), people(&engine, shoes)), (vec![t], vec![t]));
    send(
        &engine,
        vec![
            json!({"message_id": "r", "event": "Review Posted", "occurred_at": "2026-05-25T10:00:00Z", "identifiers": who, "text": "It came TOO late."}),
            json!({"message_id": "c", "event": "Consent Given", "occurred_at": "2026-05-25T10:00:00Z", "identifiers": who, "consent": {"marketing": true}}),
        ],
    );
    assert_eq!((people(&engine, late), people(&engine, mail)), (vec![t], vec![t]));
    send(
        &engine,
        vec![
            told(2, "silver"),
            json!({"message_id": "c2", "event": "Consent Withdrawn", "occurred_at": "2026-05-26T10:00:00Z", "identifiers": who, "consent": {"marketing": false}}),
        ],
    );
    assert_eq!((people(&engine, gold), people(&engine, mail)), (vec![], vec![]));
    let preview = engine.try_segment(SHOP, None, &rule(json!({"not": {"in": gold}}))).unwrap();
    assert_eq!((preview.people, preview.of, preview.examples), (1, 1, vec![t]));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn what_cannot_be_a_segment_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, ticking());
    let one = make(&engine, "One", json!({"allows": "marketing"}));
    let two = make(&engine, "Two", json!({"not": {"in": one}}));
    let put = |id: Option<SegmentId>, name: &str, json: serde_json::Value| {
        let wanted = NewSegment { name: name.to_owned(), about: String::new(), rule: rule(json) };
        match engine.put_segment(SHOP, id, "Ada", &wanted) {
            Err(EngineError::Refused(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert!(
        put(Some(one), "One", json!({"in": two}))
            .contains("would never come to an end: “One” → “Two” → “One” ask for one another")
    );
    assert!(put(None, "Three", json!({"in": 77})).contains("there is no segment 77"));
    assert!(put(None, " two ", json!({"allows": "x"})).contains("is named “Two” already"));
    assert!(put(None, "", json!({"allows": "x"})).contains("needs a name"));
    assert!(put(None, "Three", json!({"all": []})).contains("all: is empty"));
    let Err(EngineError::Refused(why)) = engine.archive_segment(SHOP, one) else { panic!("Two needs it") };
    assert!(why.contains("“Two” asks who is in “One”"), "{why}");
    engine.archive_segment(SHOP, two).unwrap();
    engine.archive_segment(SHOP, one).unwrap();
    assert!(engine.segments(SHOP, false).unwrap().is_empty());
    assert_eq!(engine.segments(SHOP, true).unwrap().len(), 2);
    // Setting the rule again takes it out of the archive.
    let again = NewSegment { name: "One".to_owned(), about: String::new(), rule: rule(json!({"allows": "mail"})) };
    engine.put_segment(SHOP, Some(one), "Ada", &again).unwrap();
    assert_eq!(engine.segment(SHOP, one).unwrap().version, 2);
}
