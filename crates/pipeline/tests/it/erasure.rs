//! Erasure reaches what arrives while it works, and what was never taken.

use crate::formats::{contains, find};
use crate::world::{SHOP, open, same_after_a_rebuild, send};
use serde_json::{Value, json};
use throughline_interactions::Outcome;
use throughline_pipeline::Engine;

fn said(id: &str, email: &str, text: &str) -> Value {
    json!({
        "message_id": id, "event": "Message Sent", "occurred_at": "2026-03-01T10:00:00Z",
        "identifiers": {"email": email}, "text": text,
    })
}

/// After an erasure: nothing of the person in any file, outcomes add up to what was sent, and a
/// rebuild gives the same rows.
fn check(engine: Engine, dir: &std::path::Path, needles: &[&str], received: u64) {
    engine.settle().unwrap();
    for needle in needles {
        assert!(!contains(dir, needle.as_bytes()), "{needle} is still there");
    }
    let sources = engine.sources(SHOP).unwrap();
    assert_eq!(sources.iter().map(|s| s.received).sum::<u64>(), received, "{sources:?}");
    same_after_a_rebuild(engine, dir);
}

#[test]
fn what_arrives_during_an_erasure_is_erased_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send(&engine, vec![said("first", "zoe@example.org", "words of zoe 0")]);
    send(&engine, vec![said("other", "bo@example.org", "words of bo")]);
    engine.settle().unwrap();
    let victim = find(&engine, "zoe@")[0];
    let sent = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..4)
            .map(|thread| {
                let engine = &engine;
                scope.spawn(move || {
                    let (mut accepted, mut refused, mut n) = (0, 0_u64, 0);
                    // On for a while after the erasure, so that there is a before and an after.
                    while refused < 50 {
                        // Every other one under a name that is new, joined to the person by this fact.
                        let mut fact = said(&format!("{thread}-{n}"), "zoe@example.org", &format!("words of zoe {n}"));
                        if n % 2 == 0 {
                            fact["identifiers"]["anonymous_id"] = json!(format!("browser-of-zoe-{thread}-{n}"));
                        }
                        match &send(engine, vec![fact])[0] {
                            Outcome::Accepted => accepted += 1,
                            Outcome::Rejected(f) if f.code == "erased" => refused += 1,
                            other => panic!("{other:?}"),
                        }
                        n += 1;
                        assert!(n < 1_000_000, "the person is never refused");
                    }
                    (accepted, refused)
                })
            })
            .collect();
        let receipt = engine.erase(SHOP, "ana", victim).unwrap();
        let counts: Vec<(u64, u64)> = senders.into_iter().map(|s| s.join().unwrap()).collect();
        let accepted: u64 = counts.iter().map(|c| c.0).sum();
        assert_eq!(receipt.interactions, accepted + 1);
        accepted + counts.iter().map(|c| c.1).sum::<u64>()
    });
    check(engine, dir.path(), &["zoe@example.org", "words of zoe", "browser-of-zoe"], 2 + sent);
}

#[test]
fn what_was_kept_aside_is_erased_too() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send(&engine, vec![said("a", "zoe@example.org", "words of zoe"), said("b", "bo@example.org", "words of bo")]);
    // Known ids with other contents: one of the person, one of somebody else.
    let aside = send(
        &engine,
        vec![said("a", "zoe@example.org", "other words of zoe"), said("b", "bo@example.org", "other words of bo")],
    );
    assert!(aside.iter().all(|o| matches!(o, Outcome::Quarantined(_))), "{aside:?}");
    engine.settle().unwrap();
    assert!(contains(dir.path(), b"other words of zoe"), "the control scan must find them");
    let receipt = engine.erase(SHOP, "ana", find(&engine, "zoe@")[0]).unwrap();
    assert_eq!(receipt.interactions, 2);
    assert!(contains(dir.path(), b"other words of bo"));
    check(engine, dir.path(), &["zoe@example.org", "words of zoe"], 4);
}

#[test]
fn a_source_of_which_everything_was_erased_is_the_same_after_a_rebuild() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send(&engine, vec![said("a", "zoe@example.org", "words of zoe")]);
    engine.settle().unwrap();
    engine.erase(SHOP, "ana", find(&engine, "zoe@")[0]).unwrap();
    check(engine, dir.path(), &["zoe@example.org"], 1);
}
