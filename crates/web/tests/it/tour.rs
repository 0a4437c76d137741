//! The tour of the demo: four steps that are links, in the demo's own workspace only.

use crate::house::House;
use throughline_web::{Trial, begin_trial};

/// Where a step's link leads.
fn step(html: &str, number: usize) -> String {
    let (before, _) = html.split_once(&format!("tour={number}\"")).expect("the step is a link");
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    format!("{href}tour={number}").replace("&#38;", "&").replace("&amp;", "&")
}

#[test]
fn the_tour_walks_from_what_hurts_to_what_can_be_done() {
    let house = House::with(Default::default(), |c| c.demo = true);
    house.fill(1_500);
    let mut visitor = house.stranger();
    assert_eq!(visitor.get("/").header("location"), Some("/journeys/buy-and-receive?tour=1"));
    let first = visitor.get("/journeys/buy-and-receive?tour=1").text();
    let check = |html: &str, words: &[&str]| {
        for word in words.iter().chain(&["Use my own data", "Leave the tour"]) {
            assert!(html.contains(word), "`{word}` is missing");
        }
        assert!(html.len() < 150 * 1024, "{} bytes", html.len());
    };
    check(&first, &["Tour, step 1 of 4", "Nobody told it where to look", "aria-current=\"step\""]);
    let second = visitor.get(&step(&first, 2)).text();
    check(&second, &["Tour, step 2 of 4", "How much", "Of how many", "We cannot tell yet"]);
    let third = visitor.get(&step(&second, 3)).text();
    check(&third, &["Tour, step 3 of 4", "One customer’s story", "Every number opens the people behind it"]);
    assert!(step(&second, 3).starts_with("/customers/"), "{}", step(&second, 3));
    let fourth = visitor.get(&step(&third, 4)).text();
    check(&fourth, &["Tour, step 4 of 4", "Do something about it"]);
    // Where the shop has tried something, the last step shows what came of it.
    let found = house.engine.pain_points(house.workspace.id, "buy-and-receive").unwrap();
    let hurts = found.findings.first().expect("something hurts in this shop");
    let now = throughline_interactions::Timestamp::parse("2026-09-01T00:00:00Z", None).unwrap().instant;
    let trial = Trial {
        kind: &hurts.name.kind,
        dimension: &hurts.name.dimension,
        value: &hurts.name.value,
        what: "something was done about it",
        owner: "ana@example.org",
        cost: 400,
        from: throughline_interactions::Timestamp(now.0 - 100 * 86_400_000_000),
        days: 56,
    };
    assert_eq!(begin_trial(&house.engine, &house.workspace, &trial, now).unwrap(), Some(1));
    let third = visitor.get(&step(&second, 3)).text();
    assert!(step(&third, 4).starts_with("/initiatives/1"), "{}", step(&third, 4));
    let fourth = visitor.get(&step(&third, 4)).text();
    check(&fourth, &["Tour, step 4 of 4", "What helped", "something was done about it", "Before and after"]);
    let unknown = Trial { value: "nothing of this name", ..trial };
    assert_eq!(begin_trial(&house.engine, &house.workspace, &unknown, now).unwrap(), None);

    let left = visitor.get("/journeys/buy-and-receive").text();
    assert!(left.contains("Take the tour") && !left.contains("Tour, step"));
    for nonsense in ["tour=5", "tour=x", "tour="] {
        let page = visitor.get(&format!("/journeys/buy-and-receive?{nonsense}"));
        assert!(page.status == 200 && !page.text().contains("Tour, step"), "{nonsense}");
    }
}

#[test]
fn nobody_else_is_taken_on_the_tour() {
    let house = House::new();
    house.fill(30);
    let mut admin = house.admin();
    let page = admin.get("/journeys/buy-and-receive?tour=1").text();
    assert!(!page.contains("Tour, step") && !page.contains("Take the tour"));
}

#[test]
fn an_empty_demo_says_that_there_is_nothing_yet() {
    let house = House::with(Default::default(), |c| c.demo = true);
    house.fill(30);
    let page = house.stranger().get("/journeys/buy-and-receive?tour=2").text();
    assert!(page.contains("Tour, step 2 of 4") && page.contains("Nothing to be sure of yet"));
}
