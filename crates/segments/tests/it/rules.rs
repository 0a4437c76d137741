//! Rules that are refused, rules in words, and the groups of buyers.

use crate::worlds::{Customer, DAY, Dice, NOW, Plain, row};
use std::collections::BTreeMap;
use throughline_interactions::{Currency, Money, Timestamp};
use throughline_segments::{Buyer, GROUPS, Rfm, Rule, Rules, SegmentId, Trial, What, check, order, sentence};
use throughline_timeline::Snapshot;

fn read(json: &str) -> Rule {
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"))
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let refused = |json: &str, expected: &str| {
        let told = check(&read(json)).unwrap_err().to_string();
        assert!(told.contains(expected), "`{told}` for {json}");
    };
    refused(r#"{"all": []}"#, "all: is empty");
    refused(
        r#"{"any": [{"did": {"times": {"at_least": 0}}}]}"#,
        "any[0].did.times: at least 0 times holds for everybody",
    );
    refused(r#"{"not": {"last": {"ago": {"at_most": "0s"}}}}"#, "not.last.ago: no time at all");
    refused(r#"{"did": {"times": {"at_least": 1}, "when": {"last": "900000d"}}}"#, "more than a century");
    refused(r#"{"sequence": {"steps": []}}"#, "sequence.steps: is empty");
    refused(r#"{"said": {"words": ["!!"]}}"#, "no letter and no digit");
    refused(r#"{"trait": {"name": " ", "is": "told"}}"#, "trait.name: is empty");
    let deep = (0..20).fold(r#"{"allows": "x"}"#.to_owned(), |r, _| format!(r#"{{"not": {r}}}"#));
    refused(&deep, "12 deep");
    assert!(serde_json::from_str::<Rule>(r#"{"did": {"times": {"at_least": 1}, "wenn": 3}}"#).is_err());
    assert!(
        serde_json::from_str::<Rule>(r#"{"did": {"times": {"at_least": 1}, "when": {"last": "3 moons"}}}"#).is_err()
    );
}

#[test]
fn a_segment_that_would_never_end_is_refused() {
    let of = |rules: &[(u32, &'static str, &str)]| {
        let rules: Vec<_> = rules.iter().map(|(id, name, json)| (SegmentId(*id), *name, read(json))).collect();
        let named: BTreeMap<_, _> = rules.iter().map(|(id, name, r)| (*id, (*name, r))).collect();
        order(&named).map_err(|e| e.to_string())
    };
    let told = of(&[(1, "Away", r#"{"not": {"in": 1}}"#)]).unwrap_err();
    assert!(told.contains("it asks whether somebody is in “Away” itself"), "{told}");
    let told = of(&[(1, "A", r#"{"in": 2}"#), (2, "B", r#"{"any": [{"not": {"in": 3}}]}"#), (3, "C", r#"{"in": 1}"#)]);
    assert!(told.clone().unwrap_err().contains("“A” → “B” → “C” → “A” ask for one another"), "{told:?}");
    assert_eq!(of(&[(1, "A", r#"{"in": 9}"#)]).unwrap_err(), "there is no segment 9 to be in");
    let fine = of(&[(1, "A", r#"{"in": 2}"#), (2, "B", r#"{"allows": "x"}"#)]).unwrap();
    assert_eq!(fine, [SegmentId(2), SegmentId(1)]);
}

#[test]
fn a_rule_is_told_in_words() {
    let tell = |json: &str| sentence(&read(json), &|id| format!("no. {id}"), &|t| t.0.to_string());
    let check = |json: &str, expected: &str| assert_eq!(tell(json), expected);
    check(
        r#"{"all": [{"did": {"what": {"events": ["Order Completed"]}, "times": {"at_least": 2}, "when": {"last": "90d"}}},
                    {"not": {"any": [{"in": 3}, {"allows": "marketing"}]}}]}"#,
        "did “Order Completed” at least 2 times in the last 90 days, and not: (is in “no. 3”, or allows marketing)",
    );
    check(
        r#"{"sequence": {"steps": [{"events": ["Order Completed"]}], "then_not": {"what": {"events": ["Order Delivered"]}, "within": "5d"}}}"#,
        "did “Order Completed”, and then not “Order Delivered” within 5 days",
    );
    check(
        r#"{"sum": {"currency": "EUR", "minor": {"at_least": 25050}}}"#,
        "anything is worth at least 250.5 EUR together",
    );
    check(r#"{"did": {"what": {"events": ["Login"]}, "times": {"at_most": 0}}}"#, "never did “Login”");
}

/// Buyers fall into the groups that the rules made from the fifths describe.
#[test]
fn the_rule_of_a_group_holds_for_its_buyers() {
    let mut dice = Dice(7);
    let euro = Currency::new("EUR").unwrap();
    let (mut rows, mut buyers) = (Vec::new(), Vec::new());
    for id in 1..=400_u64 {
        let mut last = 0;
        let (times, mut sum) = (1 + dice.roll(9), 0);
        for n in 0..times {
            let at = NOW - 1_000_000 - dice.roll(400 * 24) as i64 * (DAY / 24);
            let minor = 500 + dice.roll(9_000) as i64;
            let mut r = row(id, id * 100 + n, at, "Order Completed");
            r.money = Some(Money { minor, currency: euro });
            (last, sum) = (at.max(last), sum + minor);
            rows.push(r);
        }
        buyers.push(Buyer { last: Timestamp(last), times, minor: sum });
    }
    let rfm = Rfm::of(&buyers).unwrap();
    let what = What { events: vec!["Order Completed".to_owned()], ..What::default() };
    let rules: Vec<Rule> = GROUPS.iter().map(|g| rfm.rule(g, &what, euro, Timestamp(NOW))).collect();
    rules.iter().for_each(|r| check(r).unwrap());
    let compiled = Rules::new(rules.iter().enumerate().map(|(i, r)| (SegmentId(i as u32), r)), &Plain);
    let snapshot = Snapshot::of_rows(rows, 4);
    let (mut trial, mut found) = (Trial::default(), [0_u32; GROUPS.len()]);
    for (n, buyer) in buyers.iter().enumerate() {
        let customer = snapshot.customer(n as u64 + 1).unwrap();
        let look = compiled.look(customer.segment());
        let judged = compiled.judge(&look, &customer, &Customer::default(), Timestamp(NOW), &mut trial);
        let groups: Vec<usize> = (0..GROUPS.len()).filter(|g| judged.is_in(*g)).collect();
        assert_eq!(groups, [rfm.group(buyer)], "{buyer:?} scores {:?}", rfm.score(buyer));
        found[rfm.group(buyer)] += 1;
    }
    assert!(found.iter().all(|n| *n > 0), "every group has somebody: {found:?}");
}
