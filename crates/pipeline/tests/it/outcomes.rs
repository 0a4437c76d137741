//! Every received interaction ends in exactly one outcome, and nothing is counted twice.

use crate::world::{SHOP, fact, open, send, source};
use throughline_interactions::Outcome;
use throughline_pipeline::Received;

fn login(id: &str, user: &str) -> serde_json::Value {
    serde_json::json!({"message_id": id, "event": "Signed In", "occurred_at": "2026-05-01T00:00:00Z", "identifiers": {"user_id": user}})
}

#[test]
fn received_is_always_the_sum() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let outcomes =
        send(&engine, vec![login("a", "u1"), login("a", "u1"), login("a", "u2"), login("b", "u1"), login("", "u1")]);
    let kinds: Vec<&str> = outcomes
        .iter()
        .map(|o| match o {
            Outcome::Accepted => "accepted",
            Outcome::Duplicate => "duplicate",
            Outcome::Rejected(_) => "rejected",
            Outcome::Quarantined(_) => "quarantined",
        })
        .collect();
    assert_eq!(kinds, ["accepted", "duplicate", "quarantined", "accepted", "rejected"]);
    engine.settle().unwrap();
    engine.close().unwrap();
    drop(engine);

    // The counts are in the ledger: they survive, and a rebuild finds them again.
    for rebuild in [false, true] {
        let engine = if rebuild {
            throughline_pipeline::Engine::rebuild(dir.path(), &[], None, crate::world::options()).unwrap()
        } else {
            open(dir.path(), None)
        };
        engine.wait_folded().unwrap();
        let sources = engine.sources(SHOP).unwrap();
        let t = &sources[0].tally;
        assert_eq!((t.accepted, t.duplicate, t.rejected, t.quarantined), (2, 1, 1, 1), "rebuild: {rebuild}");
        assert_eq!(sources[0].received, 5);
        assert_eq!(sources[0].reasons, [("conflict".to_owned(), 1), ("missing".to_owned(), 1)]);
        engine.close().unwrap();
    }
}

#[test]
fn the_same_message_in_another_batch_is_a_duplicate_not_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    let without_time = serde_json::json!({"message_id": "x", "event": "Opened", "identifiers": {"user_id": "u1"}});
    assert_eq!(send(&engine, vec![without_time.clone()]), [Outcome::Accepted]);
    // Another index in the request, as when an SDK batches anew.
    let mut again = fact(&source(), without_time).unwrap();
    again.source_seq = 9;
    let outcomes = engine.receive_now(SHOP, Received::new(source(), vec![Ok(again.into())])).unwrap();
    assert_eq!(outcomes, [Outcome::Duplicate]);
}
