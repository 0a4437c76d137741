//! A shop and its people.

use std::path::Path;
use std::sync::Arc;
use throughline_interactions::{Outcome, Record, SourceId, Timestamp, WorkspaceId, limits, parse_interaction};
use throughline_pipeline::{Engine, NewWorkspace, Options, Received};
use throughline_rights::{MIGRATION, Nowhere, Rights};

pub const SHOP: WorkspaceId = WorkspaceId(1);

/// 2026-06-01, so that nothing depends on the day of the test.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T12:00:00Z", None).unwrap().instant
}

/// Small, and nothing is encrypted: tests look into the files for what was said.
pub fn options() -> Options {
    Options {
        clock: now,
        buckets: 4,
        batch: 500,
        settle_seconds: 3600,
        min_free_bytes: 0,
        encrypts: false,
        ..Options::default()
    }
}

pub fn engine(dir: &Path) -> Engine {
    let engine = Engine::open(dir, &[MIGRATION], None, options()).unwrap();
    if engine.workspaces().unwrap().is_empty() {
        let new = NewWorkspace {
            key: "shop".into(),
            name: "Shop".into(),
            zone: "Europe/Berlin".into(),
            currency: "EUR".into(),
            week_start: 1,
            margin: None,
        };
        engine.create_workspace(&new).unwrap();
    }
    engine
}

pub fn rights(engine: &Engine) -> Rights {
    Rights::open(engine, Arc::new(Nowhere)).unwrap()
}

pub fn send(engine: &Engine, facts: Vec<serde_json::Value>) -> Vec<Outcome> {
    let source = SourceId::new("web").unwrap();
    let fact = |json| parse_interaction(json, 0).and_then(|d| d.receive(SHOP, &source, now(), limits::HTTP_BYTES));
    let items = facts.into_iter().map(|json| fact(json).map(Record::from)).collect();
    engine.receive_now(SHOP, Received::new(source.clone(), items)).unwrap()
}

/// `people` people by e-mail, each with two interactions and some words.
pub fn fill(engine: &Engine, people: u64) {
    for from in (0..people).step_by(500) {
        let facts = (from..(from + 500).min(people)).flat_map(|n| {
            let said = |id: &str, at: &str| {
                serde_json::json!({
                    "message_id": format!("{id}-{n}"), "event": "Message Sent", "channel": "chat",
                    "occurred_at": at, "identifiers": {"email": format!("p{n}@example.org")},
                    "text": format!("words of p{n}: {id}"), "properties": {"colour": "mauve"},
                })
            };
            [said("first", "2026-03-01T10:00:00Z"), said("last", "2026-05-31T10:00:00Z")]
        });
        send(engine, facts.collect());
    }
    engine.settle().unwrap();
}

/// Whether any file below `dir` has these bytes in it.
pub fn contains(dir: &Path, needle: &str) -> bool {
    let mut stack = vec![dir.to_owned()];
    while let Some(d) = stack.pop() {
        for f in std::fs::read_dir(d).unwrap() {
            let path = f.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle.as_bytes()) {
                return true;
            }
        }
    }
    false
}

/// Closes an engine and makes everything derived again: the same rows.
pub fn same_after_a_rebuild(engine: Engine, dir: &Path) {
    engine.settle().unwrap();
    let (digest, sources) = (engine.digest().unwrap(), engine.sources(SHOP).unwrap());
    engine.close().unwrap();
    drop(engine);
    let again = Engine::rebuild(dir, &[MIGRATION], None, options()).unwrap();
    again.settle().unwrap();
    assert_eq!(again.digest().unwrap(), digest);
    assert_eq!(again.sources(SHOP).unwrap(), sources);
}
