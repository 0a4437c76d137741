//! Customers who share no identifier: who may be one person is found, joined where it is certain and wanted, and
//! asked about otherwise; what people say is a fact.

use crate::world::{SHOP, open, open_with, options, same_after_a_rebuild, send};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use throughline_customers::CustomerQuery;
use throughline_interactions::{Node, Outcome};
use throughline_pipeline::{Engine, EngineError, ReviewDecision, ReviewPair};

const FIRST: [&str; 24] = [
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Henry", "Ida", "Jonas", "Klara", "Leo", "Mia", "Noah",
    "Olga", "Paul", "Quinn", "Rosa", "Simon", "Thea", "Uwe", "Vera", "Willem", "Yara",
];
const SYLLABLES: [&str; 10] = ["ber", "lan", "mor", "tis", "vik", "dor", "hal", "wen", "gar", "nel"];

fn word(n: usize) -> String {
    format!("{}{}{}", SYLLABLES[n % 10], SYLLABLES[n / 10 % 10], SYLLABLES[n / 100 % 10])
}

#[derive(Clone)]
struct Person {
    first: String,
    surname: String,
    born: String,
    street: String,
    post: String,
}

fn born(n: usize) -> String {
    format!("{}-{:02}-{:02}", 1940 + n * 17 % 65, n * 7 % 12 + 1, n * 11 % 28 + 1)
}

/// Families at one address with one surname, among them twins and fathers with sons of their name; and people with
/// the most common names of all.
fn town() -> Vec<Person> {
    let mut people = Vec::new();
    for family in 0..130 {
        let (surname, street) =
            (word(family * 7 + 11), format!("{} street {}", word(family * 3 + 100), family % 40 + 1));
        let post = format!("{}", 10_000 + family * 13 % 900);
        for member in 0..3 {
            let is_twin = family % 13 == 5 && member == 2;
            let is_junior = family % 11 == 3 && member == 1;
            let first = FIRST[(family * 5 + if is_junior { 0 } else { member * 7 }) % 24].to_owned();
            let born = born(family * 31 + if is_twin { 1 } else { member } * 57);
            people.push(Person { first, surname: surname.clone(), born, street: street.clone(), post: post.clone() });
        }
    }
    for n in 0..40 {
        let first = ["Anna", "Thomas"][n % 2].to_owned();
        let (street, post) = (format!("{} road {n}", word(n * 17)), format!("{}", 20_000 + n * 31));
        people.push(Person { first, surname: "Müller".to_owned(), born: born(n * 13 + 900), street, post });
    }
    people
}

/// The same person as somebody else typed them in.
fn again(n: usize, of: &Person) -> Person {
    let mut p = of.clone();
    match n % 5 {
        0 => p.first = format!("{}{}", &p.first[..p.first.len() - 2], &p.first[p.first.len() - 1..]),
        1 => p.surname = p.surname.replacen('r', "rr", 1),
        2 => (p.street, p.post) = (format!("{} lane 5", word(n * 29)), "99999".to_owned()),
        3 => p.born = p.born.replace("-0", "-1"),
        _ => {}
    }
    p
}

fn told(id: &str, p: &Person) -> Value {
    json!({"message_id": format!("m-{id}"), "event": "Identified", "channel": "web", "occurred_at": "2026-05-01T10:00:00Z",
           "identifiers": {"user_id": id}, "properties": {"first_name": p.first, "last_name": p.surname,
           "birthday": p.born, "address": {"street": p.street, "postcode": p.post}}})
}

/// Sends the town in; user ids are `w-N` for what person N is entered as first, and `w-N-again`.
fn fill(engine: &Engine) -> usize {
    let people = town();
    let mut facts = Vec::new();
    let mut twice = 0;
    for (n, p) in people.iter().enumerate() {
        facts.push(told(&format!("w-{n}"), p));
        if n % 6 == 0 {
            facts.push(told(&format!("w-{n}-again"), &again(twice, p)));
            twice += 1;
        }
    }
    assert!(send(engine, facts).iter().all(|o| matches!(o, Outcome::Accepted)));
    engine.wait_folded().unwrap();
    twice
}

fn ids(side: &throughline_pipeline::ReviewSide) -> Vec<String> {
    side.customer.identifiers.iter().map(|i| i.value.clone()).collect()
}

fn is_right(pair: &ReviewPair) -> bool {
    let person = |id: &String| id.trim_end_matches("-again").to_owned();
    let people: BTreeSet<String> = ids(&pair.a).iter().chain(&ids(&pair.b)).map(person).collect();
    people.len() == 1
}

fn queue(engine: &Engine) -> Vec<ReviewPair> {
    let page = engine.review(SHOP, 0, 10_000).unwrap();
    assert_eq!(page.pairs.len() as u64, page.total);
    assert_eq!(page.total, engine.review_count(SHOP).unwrap());
    page.pairs
}

/// Customers of more than one user id.
fn joined(engine: &Engine) -> Vec<BTreeSet<String>> {
    let mut query = CustomerQuery { search: String::new(), after: None, limit: 500 };
    let mut all = Vec::new();
    loop {
        let page = engine.customers(SHOP, &query).unwrap();
        let of = |r: &throughline_customers::CustomerRow| r.identifiers.iter().map(|i| i.value.clone()).collect();
        all.extend(page.rows.iter().map(of).filter(|ids: &BTreeSet<String>| ids.len() > 1));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

#[test]
fn most_true_pairs_wait_for_a_person_and_no_wrong_one_is_joined_alone() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let twice = fill(&engine);
    let looked = engine.match_now(SHOP).unwrap();
    assert_eq!((looked.joined, looked.too_little, looked.too_many), (0, 0, 0), "off by default");
    assert_eq!(looked.records, looked.customers);
    assert!(joined(&engine).is_empty());
    let waiting = queue(&engine);
    let right = waiting.iter().filter(|p| is_right(p)).count();
    println!("{right} of {twice} true pairs wait, and {} wrong ones", waiting.len() - right);
    assert!(right * 4 >= twice * 3, "{right} of {twice}");
    // Twins and fathers with sons of their name are asked about too.
    assert!(right * 10 >= waiting.len() * 6, "{right} of {}", waiting.len());

    engine.match_automatically(SHOP, true).unwrap();
    let looked = engine.match_now(SHOP).unwrap();
    let now_one = joined(&engine);
    println!("{} of them are joined alone", now_one.len());
    assert_eq!(looked.joined, now_one.len() as u64);
    assert!(now_one.len() * 4 >= twice, "{} of {twice}", now_one.len());
    for of in &now_one {
        let first = of.first().unwrap();
        assert!(of.len() == 2 && of.contains(&format!("{first}-again")), "{of:?}");
    }
    // Whoever is named in full is found before those who begin so.
    for of in &now_one {
        let query = CustomerQuery { search: of.first().unwrap().clone(), after: None, limit: 1 };
        let found = engine.customers(SHOP, &query).unwrap().rows.remove(0);
        assert!(found.identifiers.iter().any(|i| of.contains(&i.value)), "{of:?}");
    }
    // Why they are one is told as for any other link.
    let query = CustomerQuery { search: now_one[0].first().unwrap().clone(), after: None, limit: 1 };
    let id = engine.customers(SHOP, &query).unwrap().rows[0].id;
    let profile = engine.customer(SHOP, id).unwrap();
    let nodes: Vec<Node> = profile.identifiers.iter().map(|i| i.node).collect();
    let why = engine.why(SHOP, nodes[0], nodes[1]).unwrap();
    let decided = why[0].decided.clone().unwrap();
    assert!(decided.by.is_empty() && decided.probability.unwrap() >= 0.99 && decided.model == "fellegi-sunter-1");
    // Whoever was joined is no question any more, and there is nothing to do a second time.
    assert_eq!(queue(&engine).iter().filter(|p| is_right(p)).count(), right - now_one.len());
    assert_eq!(engine.match_now(SHOP).unwrap().joined, 0);

    // A few that turn out wrong stop it.
    for of in now_one.iter().take(2) {
        let query = CustomerQuery { search: of.first().unwrap().clone(), after: None, limit: 1 };
        let id = engine.customers(SHOP, &query).unwrap().rows[0].id;
        let link = engine.customer(SHOP, id).unwrap().links[0].clone();
        engine.unmerge(SHOP, "ana", link.a_node, link.b_node).unwrap();
    }
    let fresh = Person {
        first: "Zora".into(),
        surname: "Quendel".into(),
        born: "1971-03-09".into(),
        street: "Elm 1".into(),
        post: "31415".into(),
    };
    send(&engine, vec![told("w-9000", &fresh), told("w-9000-again", &fresh)]);
    assert_eq!(engine.match_now(SHOP).unwrap().joined, 0);
    assert!(queue(&engine).iter().any(|p| ids(&p.a)[0].starts_with("w-9000") && is_right(p)));
    let names: BTreeMap<String, usize> =
        joined(&engine).into_iter().map(|of| (of.first().unwrap().clone(), of.len())).collect();
    assert!(names.len() == now_one.len() - 2, "taken apart is not joined again");
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn what_people_say_of_a_pair_is_a_fact_and_holds() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    fill(&engine);
    engine.match_now(SHOP).unwrap();
    let all = queue(&engine);
    let nodes = |p: &ReviewPair| (p.a.node, p.b.node);
    let first = all[0].clone();
    assert!(first.columns.iter().any(|c| c.name == "surname" && c.agreement == "same" && c.a == c.b), "{first:?}");
    assert!(all.windows(2).all(|w| w[0].probability >= w[1].probability));

    engine.decide_on_pair(SHOP, "ana", nodes(&first), ReviewDecision::Same).unwrap();
    engine.decide_on_pair(SHOP, "ana", nodes(&all[1]), ReviewDecision::Two).unwrap();
    engine.decide_on_pair(SHOP, "ana", nodes(&all[2]), ReviewDecision::Later).unwrap();
    let twice = engine.decide_on_pair(SHOP, "ana", nodes(&first), ReviewDecision::Same);
    assert!(matches!(twice, Err(EngineError::NotFound(_))), "{twice:?}");
    let now = queue(&engine);
    assert_eq!(now.len(), all.len() - 2);
    assert_eq!(nodes(now.last().unwrap()), nodes(&all[2]), "the last that is asked");
    assert!(now.last().unwrap().is_put_off);
    // A new look does not ask again, and does not join; what was put off stays so.
    engine.match_automatically(SHOP, true).unwrap();
    engine.match_now(SHOP).unwrap();
    let after = queue(&engine);
    assert!(after.iter().all(|p| nodes(p) != nodes(&first) && nodes(p) != nodes(&all[1])));
    let one = engine.customer(SHOP, first.a.customer.id).unwrap();
    let decided = one.links[0].decided.clone().unwrap();
    assert_eq!((one.identifiers.len(), decided.by.as_str()), (2, "ana"));
    // Taken back by the same way as any other link; then it is not asked again.
    engine.unmerge(SHOP, "bo", one.links[0].a_node, one.links[0].b_node).unwrap();
    engine.match_now(SHOP).unwrap();
    assert!(queue(&engine).iter().all(|p| nodes(p) != nodes(&first)));

    // Somebody who is erased waits no more, also where the look had read them before.
    let gone = after[0].clone();
    engine.erase(SHOP, "ana", gone.a.customer.id).unwrap();
    let left = queue(&engine);
    assert!(left.iter().all(|p| ![p.a.node, p.b.node].contains(&gone.a.node)));
    let rows: i64 = engine
        .store()
        .read(|c| {
            let n = gone.a.node.0.cast_signed();
            c.query_row("SELECT COUNT(*) FROM pipeline_pairs WHERE a = $1 OR b = $1", [n], |r| r.get(0))
        })
        .unwrap();
    assert_eq!(rows, 0);
    // The decision about two of whom one is erased is forgotten with them.
    engine.erase(SHOP, "ana", all[1].a.customer.id).unwrap();
    let left: Vec<_> = queue(&engine).iter().map(nodes).collect();
    same_after_a_rebuild(engine, dir.path());
    let engine = open(dir.path(), None);
    assert_eq!(queue(&engine).iter().map(nodes).collect::<Vec<_>>(), left, "the queue is as it was");
    engine.close().unwrap();
}

#[test]
fn encrypted_names_are_compared_and_nobody_without_two_things_known() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, options());
    engine.encrypt_names(SHOP, true).unwrap();
    let twice = fill(&engine);
    let bare = json!({"message_id": "bare", "event": "Page Viewed", "channel": "web",
                      "occurred_at": "2026-05-01T10:00:00Z", "identifiers": {"anonymous_id": "b-1"}});
    send(&engine, vec![bare]);
    let looked = engine.match_now(SHOP).unwrap();
    assert_eq!((looked.too_little, looked.customers - looked.records), (1, 1));
    let waiting = queue(&engine);
    assert!(waiting.iter().filter(|p| is_right(p)).count() * 4 >= twice * 3);
    let given = |p: &ReviewPair| p.columns.iter().any(|c| c.name == "given name" && FIRST.contains(&c.a.as_str()));
    assert!(waiting.iter().any(given));
    let kept: Vec<String> = engine
        .store()
        .read(|c| {
            let mut all = c.prepare("SELECT compared FROM pipeline_pairs")?;
            all.query_map([], |r| r.get(0))?.collect()
        })
        .unwrap();
    assert!(kept.iter().all(|k| k.contains("surname=") && !k.contains("Müller") && !k.contains("street ")), "{kept:?}");
    engine.close().unwrap();
}

#[test]
fn who_was_joined_stays_joined_when_a_rule_lets_their_words_go() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    fill(&engine);
    engine.match_now(SHOP).unwrap();
    let first = queue(&engine)[0].clone();
    engine.decide_on_pair(SHOP, "ana", (first.a.node, first.b.node), ReviewDecision::Same).unwrap();
    let late = json!({"message_id": "late", "event": "Review Posted", "channel": "web", "text": "words to go",
                      "occurred_at": "2026-02-01T10:00:00Z", "identifiers": {"user_id": ids(&first.a)[0]}});
    send(&engine, vec![late]);
    engine.wait_folded().unwrap();
    engine.settle().unwrap();
    let rules = [crate::retiring::rule("Review Posted", 30, throughline_pipeline::Then::Strip)];
    assert_eq!(crate::retiring::apply(&engine, &rules), 1);
    let id = first.a.customer.id.min(first.b.customer.id);
    let one = engine.customer(SHOP, id).unwrap();
    assert_eq!(one.links.first().and_then(|l| l.decided.clone()).map(|d| d.by), Some("ana".to_owned()));
    assert_eq!(one.row.identifiers.len(), 2);
    same_after_a_rebuild(engine, dir.path());
}
