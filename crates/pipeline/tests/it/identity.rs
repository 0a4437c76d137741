//! Who is whom through the whole engine: sequences of links, merges, unmerges and erasures, rules that change,
//! times that are past, and input that is bad.

use crate::formats::{contains, find};
use crate::world::{SHOP, now, open, options, same_after_a_rebuild, send};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use throughline_customers::{CustomerQuery, Mark, Shared};
use throughline_interactions::{Node, Outcome, Timestamp};
use throughline_pipeline::{Engine, WhatChanged, Whereabout};

fn everybody(engine: &Engine) -> Vec<u64> {
    let mut query = CustomerQuery { search: String::new(), after: None, limit: 500 };
    let mut ids = Vec::new();
    loop {
        let page = engine.customers(SHOP, &query).unwrap();
        ids.extend(page.rows.iter().map(|r| r.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    ids.sort_unstable();
    ids
}

/// Every profile as text, with what happened to its identity.
fn profiles(engine: &Engine) -> Vec<String> {
    let each = everybody(engine).into_iter().map(|id| {
        let profile = engine.customer(SHOP, id).unwrap();
        let identity = engine.identity(SHOP, id, None, 1_000).unwrap();
        serde_json::to_string(&json!({
            "row": profile.row, "identifiers": profile.identifiers, "links": profile.links,
            "traits": profile.traits, "identity": identity,
        }))
        .unwrap()
    });
    each.collect()
}

/// Sets of identifiers that are one person, as they were sent.
fn groups(engine: &Engine) -> BTreeSet<BTreeSet<String>> {
    let named = |id: &u64| -> BTreeSet<String> {
        let identifiers = engine.customer(SHOP, *id).unwrap().identifiers;
        identifiers.into_iter().map(|i| format!("{}:{}", i.identifier.kind, i.identifier.value)).collect()
    };
    everybody(engine).iter().map(named).collect()
}

fn node_of(engine: &Engine, kind: &str, value: &str) -> Option<Node> {
    let id = find(engine, value).first().copied()?;
    let all = engine.customer(SHOP, id).unwrap().identifiers;
    all.iter().find(|i| i.identifier.kind == kind && i.identifier.value == value).map(|i| i.node)
}

struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// What happens in one of many small crowds whose identifiers nobody else has.
#[derive(Clone)]
enum Step {
    Fact(Value),
    /// Two identifiers, apart or together again.
    Decide([(&'static str, String); 2], bool),
    Erase(&'static str, String),
}

fn steps(rng: &mut Rng, crowd: u64) -> Vec<Step> {
    const KINDS: [&str; 4] = ["user_id", "email", "phone", "anonymous_id"];
    let value = |kind: usize, n: u64| match KINDS[kind] {
        "email" => format!("c{crowd}n{n}@x.example"),
        "phone" => format!("+4930{}", 1_000_000 + crowd * 10 + n),
        other => format!("{}-c{crowd}-n{n}", &other[..1]),
    };
    let n = 4 + rng.below(8);
    (0..n)
        .map(|step| {
            let mut one = || {
                let kind = rng.below(4) as usize;
                (KINDS[kind], value(kind, rng.below(3)))
            };
            let (a, b) = (one(), one());
            match rng.below(12) {
                0 | 1 => Step::Decide([a, b], rng.below(2) == 0),
                2 if crowd.is_multiple_of(5) => Step::Erase(a.0, a.1),
                _ => {
                    let day = 1 + rng.below(28);
                    let mut who = serde_json::Map::new();
                    who.insert(a.0.to_owned(), a.1.into());
                    who.insert(b.0.to_owned(), b.1.into());
                    let name = ["Ana Berg", "Tom Berg", "Bo Lind"][rng.below(3) as usize];
                    Step::Fact(json!({
                        "message_id": format!("{crowd}-{step}"), "event": "Order Completed", "identifiers": who,
                        "occurred_at": format!("2026-0{}-{day:02}T10:00:00Z", 1 + rng.below(5)),
                        "properties": {"full_name": name},
                    }))
                }
            }
        })
        .collect()
}

fn take(engine: &Engine, step: &Step) {
    match step {
        Step::Fact(json) => drop(send(engine, vec![json.clone()])),
        Step::Decide([a, b], apart) => {
            engine.wait_folded().unwrap();
            let (Some(x), Some(y)) = (node_of(engine, a.0, &a.1), node_of(engine, b.0, &b.1)) else { return };
            match apart {
                true => engine.unmerge(SHOP, "ana", x, y).unwrap(),
                false => engine.remerge(SHOP, "ana", x, y).unwrap(),
            }
        }
        Step::Erase(kind, value) => {
            engine.wait_folded().unwrap();
            if let Some(node) = node_of(engine, kind, value) {
                let id = engine.customer(SHOP, node.0).unwrap().row.id;
                // Somebody of whom nothing but a place in others' facts is known cannot be erased alone.
                let _ = engine.erase(SHOP, "ana", id);
            }
        }
    }
}

#[test]
fn sequences_of_links_unmerges_and_erasures_are_what_a_rebuild_and_a_fresh_replay_make_of_what_remains() {
    let mut rng = Rng(5);
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let all: Vec<Vec<Step>> = (0..120).map(|crowd| steps(&mut rng, crowd)).collect();
    for step in all.iter().flatten() {
        take(&engine, step);
    }
    engine.settle().unwrap();
    let (before, together) = (profiles(&engine), groups(&engine));
    // What remains: facts that are still there, in the same order, and every decision.
    let remains = |json: &Value| {
        let id = json["message_id"].as_str().unwrap();
        let states = engine.where_is(SHOP, id).unwrap();
        states.iter().any(|w| matches!(w.state, Whereabout::Counted { .. }))
    };
    let kept: Vec<Step> = all
        .iter()
        .flatten()
        .filter(|s| match s {
            Step::Fact(json) => remains(json),
            Step::Decide(..) => true,
            Step::Erase(..) => false,
        })
        .cloned()
        .collect();
    assert!(kept.len() + 20 < all.iter().flatten().count() && before.len() > 200, "{} profiles", before.len());
    same_after_a_rebuild(engine, dir.path());
    let again = Engine::open(dir.path(), &[], None, options()).unwrap();
    assert_eq!(profiles(&again), before);
    drop(again);
    let other = tempfile::tempdir().unwrap();
    let fresh = open(other.path(), None);
    for step in &kept {
        take(&fresh, step);
    }
    fresh.wait_folded().unwrap();
    assert_eq!(groups(&fresh), together);
}

fn fact(id: &str, at: &str, who: Value, properties: Value) -> Value {
    json!({"message_id": id, "event": "Order Completed", "occurred_at": at, "identifiers": who, "properties": properties})
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text, None).unwrap().instant
}

#[test]
fn who_somebody_was_at_a_past_time_and_why_that_changed() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    // The middle one arrives first.
    send(
        &engine,
        vec![
            fact("2", "2026-02-01T00:00:00Z", json!({"user_id": "u1", "anonymous_id": "browser-1-abc"}), json!({})),
            fact("1", "2026-01-01T00:00:00Z", json!({"anonymous_id": "browser-1-abc"}), json!({})),
            fact("3", "2026-03-01T00:00:00Z", json!({"user_id": "u1", "email": "ana@x.example"}), json!({})),
        ],
    );
    engine.wait_folded().unwrap();
    let mail = node_of(&engine, "email", "ana@x.example").unwrap();
    let user = node_of(&engine, "user_id", "u1").unwrap();
    engine.unmerge(SHOP, "ana", mail, user).unwrap();
    let check = |as_of: Option<&str>, expected: &[&[&str]]| {
        let then = engine.identity(SHOP, mail.0, as_of.map(time), 50).unwrap();
        let mut people: Vec<Vec<String>> =
            then.people.iter().map(|p| p.identifiers.iter().map(|i| i.identifier.value.clone()).collect()).collect();
        people.sort();
        assert_eq!(people, expected, "{as_of:?}");
    };
    check(None, &[&["ana@x.example"]]);
    check(Some("2026-04-01T00:00:00Z"), &[&["u1", "ana@x.example", "browser-1-abc"]]);
    check(Some("2026-02-15T00:00:00Z"), &[]);
    let then = |as_of: &str| engine.identity(SHOP, user.0, Some(time(as_of)), 50).unwrap();
    assert_eq!(then("2026-02-15T00:00:00Z").people[0].identifiers.len(), 2);
    assert_eq!(then("2026-01-15T00:00:00Z").people.len(), 1, "only the browser had been seen");
    assert_eq!(then("2025-12-15T00:00:00Z").people, []);
    let told: Vec<_> = engine
        .identity(SHOP, user.0, None, 50)
        .unwrap()
        .changes
        .into_iter()
        .map(|c| (c.what, c.because, c.by))
        .collect();
    let order = || Some("Order Completed".to_owned());
    assert_eq!(told, [(WhatChanged::Joined, order(), None), (WhatChanged::Separated, None, Some("ana".to_owned()))],);
    assert!(engine.identity(SHOP, 12_345, None, 50).is_err());
}

#[test]
fn a_workspace_names_what_names_nobody_and_history_is_worked_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let till = "till@shop.example";
    let mut facts: Vec<Value> = (0..2)
        .map(|n| {
            let who = json!({"user_id": format!("u{n}"), "email": till});
            fact(&format!("t{n}"), &format!("2026-03-0{}T00:00:00Z", n + 1), who, json!({}))
        })
        .collect();
    facts.push(fact("m", "2026-03-05T00:00:00Z", json!({"email": till}), json!({})));
    // A number of the workspace's own country, written in two ways; an address with a tag.
    facts.push(fact("p1", "2026-03-06T00:00:00Z", json!({"user_id": "u7", "phone": "030 1234567"}), json!({})));
    facts.push(fact("p2", "2026-03-07T00:00:00Z", json!({"phone": "+49 30 1234567"}), json!({})));
    facts.push(fact("p3", "2026-03-08T00:00:00Z", json!({"user_id": "u7", "email": "zoe+a@x.example"}), json!({})));
    facts.push(fact("p4", "2026-03-09T00:00:00Z", json!({"email": "zoe@x.example"}), json!({})));
    send(&engine, facts);
    engine.wait_folded().unwrap();
    let seen = |search: &str| -> Vec<u64> {
        find(&engine, search).iter().map(|id| engine.customer(SHOP, *id).unwrap().row.interactions).collect()
    };
    assert_eq!(seen("u0"), [3], "one address made two accounts one");
    assert_eq!(seen("u7"), [4]);
    // Somebody is erased under the country of now.
    send(&engine, vec![fact("e", "2026-03-09T00:00:00Z", json!({"phone": "0171 2345678"}), json!({}))]);
    engine.wait_folded().unwrap();
    engine.erase(SHOP, "ana", find(&engine, "0171")[0]).unwrap();

    let mut rules = engine.identity_rules(SHOP).unwrap();
    assert_eq!(rules.naming.country.as_deref(), Some("DE"), "that of the workspace's zone");
    rules.naming.blocked = vec!["Till@shop.example".into()];
    rules.naming.keeps_tags = true;
    rules.naming.country = Some("AT".into());
    engine.set_identity_rules(SHOP, &rules).unwrap();
    engine.wait_folded().unwrap();
    assert_eq!((seen("u0"), seen("u1"), seen("till@")), (vec![1], vec![1], vec![]));
    assert_eq!((seen("u7"), seen("zoe@")), (vec![2], vec![1]), "another country, and tags that count");
    // Whoever was erased stays so, whatever the country is.
    for phone in ["0171 2345678", "+49 171 2345678"] {
        let again = send(&engine, vec![fact(phone, "2026-03-09T00:00:00Z", json!({"phone": phone}), json!({}))]);
        assert!(matches!(&again[0], Outcome::Rejected(f) if f.code == "erased"), "{phone}: {again:?}");
    }
    rules.naming.blocked = vec!["*".into()];
    assert!(engine.set_identity_rules(SHOP, &rules).is_err());
    same_after_a_rebuild(engine, dir.path());

    // A store that was folded by other rules is folded again at the start, and says so once.
    let store = throughline_store::Store::open(dir.path(), &throughline_pipeline::migrations()).unwrap();
    store.write(|tx| throughline_store::Store::set_position(tx, "identity:1", 7)).unwrap();
    drop(store);
    let engine = Engine::open(dir.path(), &[], None, options()).unwrap();
    assert_eq!(engine.opened().repairs.len(), 1, "{:?}", engine.opened().repairs);
    engine.wait_folded().unwrap();
    assert_eq!(find(&engine, "u0").len(), 1);
    engine.close().unwrap();
    drop(engine);
    let engine = Engine::open(dir.path(), &[], None, options()).unwrap();
    assert!(engine.opened().repairs.is_empty());
}

#[test]
fn shared_identifiers_are_listed_with_their_reason_and_a_person_decides() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let mut facts = Vec::new();
    for n in 0..6 {
        let who = json!({"user_id": format!("u{n}"), "device_id": "kiosk-1"});
        facts.push(fact(&format!("k{n}"), &format!("2026-03-0{}T00:00:00Z", n + 1), who, json!({})));
    }
    let office = json!({"user_id": "u1", "email": "office@firm.example"});
    facts.push(fact("o", "2026-03-02T00:00:00Z", office, json!({})));
    for (n, name) in ["Ana Berg", "Tom Berg"].iter().enumerate() {
        let who = json!({"user_id": format!("f{n}"), "phone": "+49 30 7654321"});
        facts.push(fact(&format!("f{n}"), &format!("2026-04-0{}T00:00:00Z", n + 1), who, json!({"full_name": name})));
    }
    send(&engine, facts);
    engine.wait_folded().unwrap();
    let listed = || {
        let (all, total) = engine.shared_identifiers(SHOP, 50).unwrap();
        assert_eq!(all.len() as u64, total);
        all.into_iter().map(|s| (s.of.identifier.value, s.shared, s.mark, s.total)).collect::<Vec<_>>()
    };
    assert_eq!(
        listed().into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from([
            ("kiosk-1".to_owned(), Some(Shared::Many), None, 6),
            ("+49 30 7654321".to_owned(), Some(Shared::Names), None, 2),
            ("office@firm.example".to_owned(), Some(Shared::Role), None, 1),
        ])
    );
    let office = node_of(&engine, "email", "office@firm.example").unwrap();
    engine.mark_identifier(SHOP, "ana", office, Some(Mark::Allowed)).unwrap();
    assert_eq!(find(&engine, "office@"), find(&engine, "u1"));
    assert_eq!(listed().last().unwrap(), &("office@firm.example".to_owned(), None, Some(Mark::Allowed), 0));
    engine.mark_identifier(SHOP, "ana", office, None).unwrap();
    assert_ne!(find(&engine, "office@"), find(&engine, "u1"));
    let own = node_of(&engine, "user_id", "f0").unwrap();
    engine.mark_identifier(SHOP, "ana", own, Some(Mark::Shared)).unwrap();
    assert!(listed().contains(&("f0".to_owned(), Some(Shared::Decided), Some(Mark::Shared), 1)));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn people_joined_in_a_flood_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let at =
        |hours_ago: i64, second: i64| Timestamp(now().0 - hours_ago * 3_600_000_000 + second * 1_000_000).to_string();
    let (mut facts, mut n) = (Vec::new(), 0);
    let mut join = |hours_ago: i64, second: i64, facts: &mut Vec<Value>| {
        n += 1;
        let (user, mail) = (format!("u{n}"), format!("p{n}@x.example"));
        facts.push(fact(&format!("a{n}"), &at(900, n), json!({"user_id": user}), json!({})));
        facts.push(fact(&format!("b{n}"), &at(900, n), json!({"email": mail}), json!({})));
        facts.push(fact(&format!("c{n}"), &at(hours_ago, second), json!({"user_id": user, "email": mail}), json!({})));
    };
    for hour in 1..24 * 31 {
        for k in 0..(hour * 7 % 3) {
            join(hour, k, &mut facts);
        }
    }
    send(&engine, facts.clone());
    engine.wait_folded().unwrap();
    assert_eq!(engine.unusual_joins(SHOP).unwrap(), None);
    facts.clear();
    for k in 0..40 {
        join(5, 100 + k, &mut facts);
    }
    send(&engine, facts);
    engine.wait_folded().unwrap();
    let unusual = engine.unusual_joins(SHOP).unwrap().unwrap();
    assert_eq!(unusual.hour, Timestamp(now().0 - 5 * 3_600_000_000));
    assert!(unusual.joined >= 40 && unusual.most < 15 && unusual.hours.len() == 24, "{unusual:?}");
}

#[test]
fn a_merge_while_somebody_is_erased_leaves_nothing_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let at = "2026-03-01T00:00:00Z";
    send(&engine, vec![fact("v", at, json!({"email": "zoe@example.org"}), json!({"note": "words of zoe"}))]);
    let others = (0..60).map(|n| {
        let who = json!({"user_id": format!("other-{n}"), "anonymous_id": format!("browser-of-other-{n}")});
        fact(&format!("o{n}"), at, who, json!({"note": format!("words of other {n}")}))
    });
    send(&engine, others.collect());
    engine.settle().unwrap();
    let victim = find(&engine, "zoe@")[0];
    let (mut taken, mut refused) = (BTreeMap::new(), 0);
    std::thread::scope(|scope| {
        let merging = scope.spawn(|| {
            let mut outcomes = Vec::new();
            for n in 0..60 {
                // Three accounts at most are one address's; each merge brings an account with its browser and words.
                let who = json!({"user_id": format!("other-{}", n % 3), "email": "zoe@example.org"});
                outcomes.push((n, send(&engine, vec![fact(&format!("m{n}"), at, who, json!({}))]).remove(0)));
            }
            outcomes
        });
        engine.erase(SHOP, "ana", victim).unwrap();
        for (n, outcome) in merging.join().unwrap() {
            match outcome {
                Outcome::Accepted => drop(taken.insert(n, ())),
                Outcome::Rejected(f) if f.code == "erased" => refused += 1,
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(taken.len() + refused, 60);
    engine.settle().unwrap();
    for needle in ["zoe@example.org", "words of zoe"] {
        assert!(!contains(dir.path(), needle.as_bytes()), "{needle} is still there");
    }
    assert!(contains(dir.path(), b"words of other 50"));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn bad_ids_and_any_script_are_taken_for_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let at = "2026-03-01T00:00:00Z";
    let mut facts = Vec::new();
    // Aliases in a circle, and one that names itself.
    for n in 0..50 {
        let who = json!([{"kind": "user_id", "value": format!("a{n}")}, {"kind": "user_id", "value": format!("a{}", (n + 1) % 50)}]);
        facts.push(fact(&format!("a{n}"), at, who, json!({})));
    }
    facts.push(fact(
        "self",
        at,
        json!([{"kind": "user_id", "value": "a7"}, {"kind": "user_id", "value": "a7"}]),
        json!({}),
    ));
    for (n, name) in ["王小明", "محمد علي", "Анна Петрова", "ประยุทธ์ จันทร์", "👩‍🚀 Zoë", "\u{202e}abc"].iter().enumerate()
    {
        let who = json!({"user_id": name, "email": format!("{n}@пример.example")});
        facts.push(fact(&format!("s{n}"), at, who, json!({"full_name": name})));
    }
    let sent = facts.len();
    let outcomes = send(&engine, facts);
    assert!(outcomes.iter().all(|o| *o == Outcome::Accepted), "{outcomes:?}");
    engine.wait_folded().unwrap();
    let circle = engine.customer(SHOP, find(&engine, "a7")[0]).unwrap();
    assert_eq!((circle.identifiers.len(), circle.row.interactions), (50, 51));
    for name in ["王小明", "محمد علي", "Анна Петрова", "анна"] {
        assert_eq!(find(&engine, name).len(), 1, "{name}");
    }
    assert_eq!(everybody(&engine).len(), 7);
    assert_eq!(engine.sources(SHOP).unwrap()[0].tally.accepted, sent as u64);
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn of_two_words_about_one_purpose_at_one_time_the_no_holds() {
    let word = |id: &str, at: &str, allowed: bool| {
        json!({
            "message_id": id, "event": "Consent Changed", "occurred_at": at, "channel": "email",
            "identifiers": {"email": "zoe@x.example"}, "consent": {"analytics": allowed},
        })
    };
    let seen = |id: &str| {
        json!({
            "message_id": id, "event": "Page Viewed", "channel": "web", "occurred_at": "2026-04-01T00:00:00Z",
            "identifiers": {"email": "zoe@x.example"},
        })
    };
    let at = "2026-03-01T00:00:00Z";
    for (words, is_kept) in [
        (vec![word("1", at, true), word("2", at, false)], false),
        (vec![word("1", at, false), word("2", at, true)], false),
        (vec![word("1", at, false), word("2", "2026-03-02T00:00:00Z", true)], true),
        (vec![word("1", "2026-03-03T00:00:00Z", false), word("2", "2026-03-02T00:00:00Z", true)], false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), None);
        for (n, w) in words.iter().enumerate() {
            send(&engine, vec![w.clone()]);
            if n == 0 {
                engine.wait_folded().unwrap();
            }
        }
        engine.wait_folded().unwrap();
        let outcome = send(&engine, vec![seen("p")]).remove(0);
        assert_eq!(outcome == Outcome::Accepted, is_kept, "{words:?}: {outcome:?}");
        same_after_a_rebuild(engine, dir.path());
    }
}
