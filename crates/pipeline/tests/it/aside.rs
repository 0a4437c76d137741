//! What was kept aside and decided about: a message of its own, or left out; again after a rebuild, and
//! gone with its person.

use crate::world::{SHOP, open, send};
use serde_json::json;
use throughline_interactions::Outcome;
use throughline_pipeline::{AsideQuery, Engine, Verdict, Whereabout};

fn order(event: &str, user: &str) -> serde_json::Value {
    json!({"message_id": "o-1", "event": event, "occurred_at": "2026-05-01T00:00:00Z", "identifiers": {"user_id": user}})
}

fn counted(engine: &Engine, id: &str) -> bool {
    let found = engine.where_is(SHOP, id).unwrap();
    found.iter().any(|f| matches!(f.state, Whereabout::Counted { .. }))
}

#[test]
fn a_decision_about_what_was_kept_aside_is_a_fact() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let outcomes = send(&engine, vec![order("Placed", "ana"), order("Shipped", "ana"), order("Paid", "ben")]);
    assert!(matches!(outcomes[..], [Outcome::Accepted, Outcome::Quarantined(_), Outcome::Quarantined(_)]));
    engine.wait_folded().unwrap();
    let waiting = engine.kept_aside(SHOP, &AsideQuery::default(), 10).unwrap();
    let events: Vec<&str> = waiting.iter().map(|k| k.interaction.event.as_str()).collect();
    assert_eq!(events, ["Paid", "Shipped"]);
    assert!(waiting.iter().all(|k| k.known.as_ref().unwrap().event == "Placed"));
    assert_eq!(
        engine.kept_aside(SHOP, &AsideQuery { source: "another".to_owned(), ..AsideQuery::default() }, 10).unwrap(),
        []
    );
    let (paid, shipped) = (waiting[0].position, waiting[1].position);

    assert_eq!(engine.decide_aside(SHOP, "ana", &[shipped, 999], &Verdict::Take).unwrap(), 1);
    assert_eq!(engine.decide_aside(SHOP, "ana", &[shipped], &Verdict::Take).unwrap(), 0, "once");
    assert_eq!(engine.waiting_aside(SHOP).unwrap(), 1);
    assert_eq!(engine.decide_aside(SHOP, "ana", &[paid], &Verdict::Leave).unwrap(), 1);
    assert_eq!(engine.waiting_aside(SHOP).unwrap(), 0);
    let own = format!("o-1~{shipped}");
    assert!(counted(&engine, &own) && !counted(&engine, &format!("o-1~{paid}")));
    engine.settle().unwrap();
    engine.close().unwrap();
    drop(engine);

    let engine = Engine::rebuild(dir.path(), &[], None, crate::world::options()).unwrap();
    engine.wait_folded().unwrap();
    assert_eq!(engine.waiting_aside(SHOP).unwrap(), 0, "the decisions are in the ledger");
    assert!(counted(&engine, &own));
    let tally = &engine.sources(SHOP).unwrap().into_iter().find(|s| s.source != "throughline").unwrap().tally;
    assert_eq!((tally.accepted, tally.quarantined), (2, 2), "what was kept aside was, and was taken in later");

    // A person who is erased takes along what was decided about long ago.
    let ben = paid;
    let query = throughline_customers::CustomerQuery { search: "ana".to_owned(), after: None, limit: 10 };
    let ana = engine.customers(SHOP, &query).unwrap().rows[0].id;
    engine.erase(SHOP, "test", ana).unwrap();
    let left = engine.where_is(SHOP, "o-1").unwrap();
    let kept = left.iter().filter(|f| matches!(f.state, Whereabout::KeptAside { .. })).count();
    assert_eq!(kept, 1, "of the other person only: {left:?}");
    assert!(left.iter().any(|f| matches!(f.state, Whereabout::KeptAside { position, .. } if position == ben)));
    engine.close().unwrap();
}
