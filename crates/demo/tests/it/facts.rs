//! Every draft becomes a fact, and the same seed the same facts.

use crate::{end, small};
use std::collections::{BTreeMap, BTreeSet};
use throughline_demo::{Interactions, SOURCES, World};
use throughline_interactions::{Actor, Draft, SourceId, Timestamp, WorkspaceId, limits};

fn payload((source, draft): (&'static str, Draft)) -> Vec<u8> {
    let source = SourceId::new(source).unwrap();
    draft.receive(WorkspaceId(1), &source, end(), limits::HTTP_BYTES).unwrap().to_payload()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed, customers| World::sized(seed, end(), customers).interactions().map(payload).collect::<Vec<_>>();
    assert_eq!(bytes(3, 150), bytes(3, 150));
    assert_ne!(bytes(3, 150), bytes(4, 150));
}

#[test]
fn a_story_is_the_same_in_a_world_of_any_size() {
    let stories = |customers| {
        let mut stories = BTreeMap::<String, Vec<Vec<u8>>>::new();
        for (source, draft) in World::sized(11, end(), customers).interactions() {
            let person = draft.message_id.split('-').next().unwrap_or_default().to_owned();
            stories.entry(person).or_default().push(payload((source, draft)));
        }
        stories
    };
    let (few, many) = (stories(40), stories(900));
    assert!(few.len() > 36 && many.len() > 850, "{} {}", few.len(), many.len());
    for (person, story) in few {
        assert_eq!(Some(&story), many.get(&person), "{person}");
    }
}

#[test]
fn a_world_has_the_size_it_promises() {
    let lines = small();
    let each = lines.len() as f64 / 4_000.0;
    assert!((36.0..46.0).contains(&each), "{each} interactions for each customer");
    let world = World::sized(7, end(), 4_000);
    assert!((world.total_hint() as f64 / lines.len() as f64 - 1.0).abs() < 0.05, "{}", world.total_hint());
    assert_eq!(world.customers(), 4_000);
    let hint = World::sized(7, end(), 400_000).total_hint() as f64 / 100.0;
    assert!((hint / lines.len() as f64 - 1.0).abs() < 0.1, "{hint}");
    let bots = lines.iter().filter(|(_, d)| d.actor == Actor::Bot).count();
    assert!((50..2_000).contains(&bots), "{bots}");
    assert_eq!(
        World::sized(7, World::of(1, 1).end(), 50).interactions().count(),
        World::of(50, 7).interactions().count()
    );
}

#[test]
fn every_draft_is_taken_and_no_id_twice() {
    let mut ids = BTreeSet::new();
    for (source, draft) in small() {
        assert!(SOURCES.contains(source), "{source}");
        assert!(ids.insert(&draft.message_id), "{}", draft.message_id);
        let at = draft.occurred_at.unwrap();
        let source = SourceId::new(source).unwrap();
        let fact = draft.clone().receive(WorkspaceId(1), &source, at, limits::HTTP_BYTES).unwrap();
        assert!(!fact.identifiers.is_empty() && fact.identifiers.iter().all(|i| !i.is_blocked()));
        assert!(!fact.channel.is_empty() && !fact.touchpoint.is_empty());
    }
}

#[test]
fn time_runs_forward_in_every_cohort_and_ends() {
    let world = World::sized(7, end(), 4_000);
    assert!(end().0 - world.start().0 <= 365 * 86_400_000_000 && end().0 - world.start().0 > 364 * 86_400_000_000);
    let (mut before, mut last, mut cohorts) = (world.start(), world.start(), 1);
    for (_, draft) in small() {
        let at = draft.occurred_at.unwrap();
        assert!(world.start() <= at && at <= end());
        cohorts += u64::from(at < before);
        before = at;
        last = last.max(at);
    }
    assert_eq!(cohorts, 4_000 / Interactions::COHORT);
    assert!(last.0 > end().0 - 3_600_000_000, "the last hour is empty");
}

#[test]
fn any_end_will_do() {
    for end in [Timestamp::MIN, Timestamp(0), Timestamp::MAX, Timestamp::from_seconds(1_700_000_000)] {
        let n = World::sized(1, end, 20).interactions().count();
        assert!(n > 20, "{end}: {n}");
    }
    assert_eq!(World::sized(1, end(), 0).interactions().count(), 0);
    assert_eq!(World::sized(1, end(), 0).total_hint(), 0);
}

#[test]
fn orders_take_their_steps_in_order() {
    let steps = ["Order Completed", "Payment Approved", "Order Shipped", "Order Delivered"];
    let mut orders = BTreeMap::<&str, Vec<(&str, Timestamp)>>::new();
    for (_, draft) in small() {
        if let Some(order) = draft.refs.iter().find(|r| r.kind == "order") {
            orders.entry(&order.value).or_default().push((&draft.event, draft.occurred_at.unwrap()));
        }
    }
    let mut open = 0;
    for (order, events) in &orders {
        let first = events[0].0;
        assert!(first == "Order Completed" || first == "POS Sale", "{order} begins with {first}");
        let places: Vec<_> = steps.iter().map(|s| events.iter().position(|(e, _)| e == s)).collect();
        assert!(places.iter().flatten().is_sorted(), "{order}: {events:?}");
        let shipped = places[2].is_some() && places[3].is_none();
        if shipped {
            open += 1;
            assert!(events[0].1.0 > end().0 - 30 * 86_400_000_000, "{order} never arrived");
        }
        let answered = events.iter().position(|(e, _)| *e == "Survey Answered");
        assert!(answered.is_none() || answered > places[3], "{order} was asked before it arrived");
    }
    assert!((10..400).contains(&open), "{open} on their way");
}

#[test]
fn browsers_become_people() {
    let mut joined = BTreeSet::new();
    let mut names = 0;
    for (_, draft) in small() {
        let has = |kind: &str| draft.identifiers.iter().find(|i| i.kind == kind);
        if let (Some(browser), Some(_)) = (has("anonymous_id"), has("email")) {
            joined.insert(&browser.value);
        }
        names += usize::from(draft.event == "Identified" && draft.properties.contains_key("name"));
    }
    assert!(joined.len() > 1_000 && names > 1_000, "{} {names}", joined.len());
}

#[test]
fn texts_do_not_sound_alike() {
    let texts: Vec<&str> =
        small().iter().filter(|(_, d)| d.score.is_some()).filter_map(|(_, d)| d.text.as_deref()).collect();
    let mut counts = BTreeMap::<&str, usize>::new();
    for text in &texts {
        assert!(!text.contains(['{', '}', '~']) && text.len() > 4 && text.len() < 600, "{text}");
        *counts.entry(text).or_default() += 1;
    }
    assert!(texts.len() > 1_000, "{}", texts.len());
    assert!(counts.len() * 10 > texts.len() * 7, "{} of {}", counts.len(), texts.len());
    let most = counts.values().max().copied().unwrap_or(0);
    assert!(most * 100 <= texts.len(), "one text stands {most} times");
}
