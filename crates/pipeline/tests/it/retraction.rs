//! What was taken back never happened, for everybody but the ledger's counts.

use crate::formats::{contains, find};
use crate::world::{Kept, SHOP, open, order, same_after_a_rebuild, send, send_from};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use throughline_interactions::{Outcome, SourceId, WorkspaceId};
use throughline_pipeline::{Engine, EngineError, Gone, History, StoryQuery};
use throughline_timeline::Row;

const ALL: StoryQuery = StoryQuery { newest_first: false, offset: 0, limit: usize::MAX };

fn import() -> SourceId {
    SourceId::new("import:orders").unwrap()
}

/// Ana and Bo buy in the shop.
fn shop() -> Vec<Value> {
    (0..6)
        .flat_map(|n| {
            let email = if n % 2 == 0 { "ana@example.org" } else { "bo@example.org" };
            order(n, json!({"email": email, "user_id": format!("u{}", n % 2)}))
        })
        .collect()
}

/// A file read wrongly: it makes Ana and Bo one person by a card they seem to share, gives them a
/// name, and knows a third one.
fn wrong() -> Vec<Value> {
    let said = |id: &str, identifiers: Value| {
        json!({
            "message_id": id, "event": "Identified", "occurred_at": "2026-05-03T10:00:00Z",
            "identifiers": identifiers, "properties": {"name": "Everybody", "colour": "mauve"},
            "text": "words of the wrong column",
        })
    };
    vec![
        said("1", json!({"email": "ana@example.org", "loyalty_card": "77"})),
        said("2", json!({"email": "bo@example.org", "loyalty_card": "77"})),
        said("3", json!({"email": "cy@example.org"})),
    ]
}

/// What people see of everybody: search results and the ids of their interactions, in order.
fn seen(engine: &Engine) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<_> = ["ana@", "bo@", "cy@", "everybody"]
        .into_iter()
        .flat_map(|search| {
            find(engine, search).into_iter().map(move |id| {
                let story = engine.story(SHOP, id, &ALL).unwrap();
                let events = story.entries.into_iter().map(|e| e.interaction.message_id).collect();
                (search.to_owned(), events)
            })
        })
        .collect();
    all.sort();
    all
}

#[test]
fn what_was_taken_back_never_happened() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    let engine = open(dir.path(), Some(kept.clone()));
    send(&engine, shop()[..9].to_vec());
    engine.wait_folded().unwrap();
    let from = engine.position() + 1;
    assert!(send_from(&engine, &import(), wrong()).iter().all(|o| *o == Outcome::Accepted));
    let to = engine.position();
    send(&engine, shop()[9..].to_vec());
    engine.settle().unwrap();
    assert_eq!(find(&engine, "ana@"), find(&engine, "bo@"), "the card must have joined them");
    assert_eq!(find(&engine, "cy@").len(), 1);
    assert!(contains(dir.path(), b"words of the wrong column"));

    let back = engine.retract(SHOP, &import(), from..=to, "ana").unwrap();
    assert_eq!(back.interactions, 3);
    assert!(back.position.is_some_and(|p| p > to));
    // As if only the shop had spoken.
    let clean = tempfile::tempdir().unwrap();
    let other = open(clean.path(), None);
    send(&other, shop());
    other.settle().unwrap();
    assert_eq!(seen(&engine), seen(&other));
    assert_eq!(seen(&engine).len(), 2);
    assert_eq!(kept.rows().len(), shop().len());
    for needle in ["words of the wrong column", "cy@example.org", "mauve"] {
        assert!(!contains(dir.path(), needle.as_bytes()), "{needle} is still there");
    }
    let received: u64 = engine.sources(SHOP).unwrap().iter().map(|s| s.received).sum();
    assert_eq!(received, (shop().len() + 3) as u64);

    // The same again is known; under another source it is news, and nobody is refused.
    assert!(send_from(&engine, &import(), wrong()).iter().all(|o| *o == Outcome::Duplicate));
    let second = SourceId::new("import:orders-2").unwrap();
    assert!(send_from(&engine, &second, wrong()).iter().all(|o| *o == Outcome::Accepted));
    engine.settle().unwrap();
    assert_eq!(find(&engine, "cy@").len(), 1);
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn zone_and_currency_are_set_until_something_has_arrived() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    engine.set_locale(SHOP, "Asia/Tokyo", "JPY").unwrap();
    send(&engine, shop());
    engine.settle().unwrap();
    let workspace = &engine.workspaces().unwrap()[0];
    assert_eq!((workspace.zone.as_str(), workspace.currency.as_str()), ("Asia/Tokyo", "JPY"));
    assert_eq!(find(&engine, "ana@").len(), 1);
    let refused = engine.set_locale(SHOP, "UTC", "EUR").unwrap_err().to_string();
    assert!(refused.contains("interactions have arrived"), "{refused}");
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn nothing_brought_is_nothing_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send(&engine, shop());
    engine.settle().unwrap();
    let digest = engine.digest().unwrap();
    let back = engine.retract(SHOP, &import(), 1..=u64::MAX, "ana").unwrap();
    assert_eq!((back.position, back.interactions), (None, 0));
    assert_eq!(engine.digest().unwrap(), digest);
    assert!(matches!(engine.retract(WorkspaceId(9), &import(), 1..=1, "ana"), Err(EngineError::NotFound(_))));
}

#[test]
fn what_arrives_while_something_is_taken_back_is_there_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    send_from(&engine, &import(), wrong());
    let to = engine.position();
    let done = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut sent = 0;
            while !done.load(Ordering::Acquire) || sent < 50 {
                let fact = json!({
                    "message_id": format!("m{sent}"), "event": "Page Viewed",
                    "occurred_at": "2026-03-01T10:00:00Z", "identifiers": {"email": "ana@example.org"},
                });
                assert_eq!(send(&engine, vec![fact]), [Outcome::Accepted]);
                sent += 1;
            }
            sent
        });
        assert_eq!(engine.retract(SHOP, &import(), 1..=to, "ana").unwrap().interactions, 3);
        done.store(true, Ordering::Release);
        sender.join().unwrap()
    });
    engine.settle().unwrap();
    let ana = find(&engine, "ana@")[0];
    assert_eq!(engine.story(SHOP, ana, &ALL).unwrap().entries.len(), sent);
    same_after_a_rebuild(engine, dir.path());
}

/// A history whose clearing fails once: the point where a crash hurts most.
struct Stubborn(Kept, AtomicBool);

impl History for Stubborn {
    fn append(&self, w: WorkspaceId, covers: u64, rows: Vec<Row>) -> Result<(), EngineError> {
        self.0.append(w, covers, rows)
    }
    fn covers(&self, w: WorkspaceId) -> Result<u64, EngineError> {
        self.0.covers(w)
    }
    fn compact(&self, w: WorkspaceId, redirects: &HashMap<u64, u64>) -> Result<(), EngineError> {
        self.0.compact(w, redirects)
    }
    fn erase(&self, w: WorkspaceId, gone: &Gone, redirects: &HashMap<u64, u64>) -> Result<u64, EngineError> {
        self.0.erase(w, gone, redirects)
    }
    fn clear(&self, w: WorkspaceId) -> Result<(), EngineError> {
        if !self.1.swap(true, Ordering::AcqRel) {
            return Err(EngineError::Refused("not now".to_owned()));
        }
        self.0.clear(w)
    }
    fn verify(&self, w: WorkspaceId) -> Result<Vec<String>, EngineError> {
        self.0.verify(w)
    }
}

#[test]
fn a_retraction_that_broke_off_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let history = Arc::new(Stubborn(Kept::default(), AtomicBool::new(false)));
    let engine = open(dir.path(), Some(history.clone()));
    send(&engine, shop());
    let from = engine.position() + 1;
    send_from(&engine, &import(), wrong());
    let error = engine.retract(SHOP, &import(), from..=engine.position(), "ana").unwrap_err();
    assert!(error.to_string().contains("not now"), "{error}");
    let _ = engine.close();
    drop(engine);
    let engine = open(dir.path(), Some(history.clone()));
    engine.settle().unwrap();
    assert_eq!(find(&engine, "cy@"), [] as [u64; 0]);
    assert_ne!(find(&engine, "ana@"), find(&engine, "bo@"));
    assert_eq!(history.0.rows().len(), shop().len());
    assert!(!contains(dir.path(), b"words of the wrong column"));
    same_after_a_rebuild(engine, dir.path());
}
