//! Rules of retention: seen before they are made, applied once a day, the same after a rebuild.

use crate::world::{SHOP, contains, engine, fill, now, rights, same_after_a_rebuild};
use throughline_interactions::Timestamp;
use throughline_pipeline::{Kind, Then};
use throughline_rights::{NewRule, RightsError};

fn rule(days: u32, then: Then) -> NewRule {
    NewRule { event: "Message Sent".into(), channel: String::new(), kind: Kind::Words, days, then }
}

fn hours(n: i64) -> Timestamp {
    Timestamp(now().0 + n * 3_600_000_000)
}

#[test]
fn a_rule_is_seen_before_it_is_made_and_applied_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 40);
    let rights = rights(&engine);
    let preview = rights.preview_rule(SHOP, &rule(30, Then::Strip), now()).unwrap();
    assert_eq!((preview.total, preview.rule.matches, preview.rule.due, preview.rule.people), (80, 80, 40, 40));
    assert!(!preview.takes_everything());
    rights.set_rule(SHOP, &rule(30, Then::Strip), "ana", false, now()).unwrap();
    assert!(contains(dir.path(), "words of p7: first"));
    rights.round(now()).unwrap();
    assert!(!contains(dir.path(), "words of p7: first"));
    assert!(contains(dir.path(), "words of p7: last"));
    // The same day again does nothing; a day later nothing more is due.
    rights.round(hours(1)).unwrap();
    rights.round(hours(24)).unwrap();
    let log = rights.retired(SHOP, 10).unwrap();
    assert_eq!((log.len(), log[0].interactions, log[0].day.as_str()), (1, 40, "2026-06-01"));
    assert!(log[0].words.contains("kept 30 days"), "{}", log[0].words);
    // What is due in a month, before three in the night and after it. The engine has a clock of its own.
    rights.round(hours(24 * 30 + 12)).unwrap();
    assert!(contains(dir.path(), "words of p7: last"), "it is two in the night");
    rights.round(hours(24 * 30 + 17)).unwrap();
    assert!(!contains(dir.path(), "words of p7: last"));
    assert_eq!(rights.retired(SHOP, 10).unwrap().iter().map(|l| l.interactions).sum::<u64>(), 80);
    drop(rights);
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn a_rule_that_takes_everything_is_confirmed_and_the_shorter_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 10);
    let rights = rights(&engine);
    let all =
        NewRule { event: String::new(), channel: String::new(), kind: Kind::Everything, days: 1, then: Then::Erase };
    let later = hours(48);
    let refused = rights.set_rule(SHOP, &all, "ana", false, later).unwrap_err();
    assert!(matches!(&refused, RightsError::Refused(why) if why.contains("all 20 interactions")), "{refused}");
    for days in [0, 40_000] {
        assert!(rights.preview_rule(SHOP, &NewRule { days, ..all.clone() }, now()).is_err());
    }
    rights.set_rule(SHOP, &rule(60, Then::Erase), "ana", false, later).unwrap();
    let preview = rights.preview_rule(SHOP, &all, later).unwrap();
    assert_eq!(preview.rule.longer.len(), 1, "{preview:?}");
    rights.set_rule(SHOP, &all, "ana", true, later).unwrap();
    let (_, found) = rights.rules_find(SHOP, later).unwrap();
    assert_eq!((found[0].due, found[0].shorter.len(), found[1].due), (0, 1, 20));
    // The same rule with another time takes its place.
    rights.set_rule(SHOP, &NewRule { days: 2, ..all.clone() }, "ana", true, later).unwrap();
    assert_eq!(rights.rules(SHOP).unwrap().len(), 2);
    rights.round(later).unwrap();
    assert!(!contains(dir.path(), "words of"));
    assert!(!contains(dir.path(), "p1@example.org"), "nothing is left by which anybody is known");
    assert!(engine.customers(SHOP, &Default::default()).unwrap().rows.is_empty());
    for r in rights.rules(SHOP).unwrap() {
        rights.remove_rule(SHOP, r.keeping.id).unwrap();
    }
    assert!(rights.rules(SHOP).unwrap().is_empty());
    drop(rights);
    same_after_a_rebuild(engine, dir.path());
}
