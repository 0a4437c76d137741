//! A small workspace and its facts, made of a seed.

use std::path::Path;
use std::sync::{Arc, Mutex};
use throughline_interactions::{
    Interaction, Outcome, Record, SourceId, Timestamp, WorkspaceId, limits, parse_interaction,
};
use throughline_pipeline::{Engine, EngineError, Gone, History, NewWorkspace, Options, Received};
use throughline_timeline::Row;

/// 2026-06-01, so that nothing depends on the day of the test.
pub fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant
}

/// Small, and nothing is encrypted: tests look into the files for what was said.
pub fn options() -> Options {
    Options {
        clock: now,
        buckets: 4,
        batch: 50,
        settle_seconds: 3600,
        min_free_bytes: 0,
        encrypts: false,
        store: throughline_store::place_of_tests(),
        ..Options::default()
    }
}

pub fn open(dir: &Path, history: Option<Arc<dyn History>>) -> Engine {
    open_with(dir, history, options())
}

pub fn open_with(dir: &Path, history: Option<Arc<dyn History>>, options: Options) -> Engine {
    let engine = Engine::open(dir, &[], history, options).unwrap();
    if engine.workspaces().unwrap().is_empty() {
        engine
            .create_workspace(&NewWorkspace {
                key: "shop".into(),
                name: "Shop".into(),
                zone: "Europe/Berlin".into(),
                currency: "EUR".into(),
                week_start: 1,
                margin: None,
            })
            .unwrap();
    }
    engine
}

pub const SHOP: WorkspaceId = WorkspaceId(1);

pub fn source() -> SourceId {
    SourceId::new("web").unwrap()
}

pub fn fact(source: &SourceId, json: serde_json::Value) -> Result<Interaction, throughline_interactions::Fault> {
    parse_interaction(json, 0).and_then(|d| d.receive(SHOP, source, now(), limits::HTTP_BYTES))
}

pub fn send(engine: &Engine, facts: Vec<serde_json::Value>) -> Vec<Outcome> {
    send_from(engine, &source(), facts)
}

pub fn send_from(engine: &Engine, source: &SourceId, facts: Vec<serde_json::Value>) -> Vec<Outcome> {
    let items = facts.into_iter().map(|json| fact(source, json).map(Record::from)).collect();
    engine.receive_now(SHOP, Received::new(source.clone(), items)).unwrap()
}

/// Closes an engine and makes everything derived again: the same rows and the same counts.
pub fn same_after_a_rebuild(engine: Engine, dir: &Path) {
    engine.settle().unwrap();
    let (digest, sources) = (engine.digest().unwrap(), engine.sources(SHOP).unwrap());
    engine.close().unwrap();
    drop(engine);
    let again = Engine::rebuild(dir, &[], None, options()).unwrap();
    again.settle().unwrap();
    assert_eq!(again.digest().unwrap(), digest);
    assert_eq!(again.sources(SHOP).unwrap(), sources);
}

/// One order's events: placed with a promise, delivered or not, answered.
pub fn order(number: u64, person: serde_json::Value) -> Vec<serde_json::Value> {
    let day = number % 27 + 1;
    let base = |event: &str, day: u64| {
        serde_json::json!({
            "message_id": format!("{event}-{number}"), "event": event, "channel": "web",
            "occurred_at": format!("2026-03-{day:02}T10:00:00Z"), "identifiers": person.clone(),
            "refs": {"order": format!("o{number}"), "product": format!("p{}", number % 7)},
            "properties": {"coupon": format!("C{}", number % 3)},
        })
    };
    let mut placed = base("Order Completed", day);
    placed["promise"] = serde_json::json!({"kind": "delivery", "due": format!("2026-04-{day:02}")});
    placed["money"] = serde_json::json!({"amount": "12.50", "currency": "EUR"});
    let mut delivered = base("Order Delivered", day);
    delivered["occurred_at"] = format!("2026-04-{day:02}T1{}:00:00Z", number % 10).into();
    let mut answered = base("Review Posted", day);
    answered["occurred_at"] = format!("2026-05-{day:02}T10:00:00Z").into();
    answered["score"] = serde_json::json!({"kind": "stars", "value": number % 5 + 1});
    answered["text"] = format!("words of order {number}").into();
    vec![placed, delivered, answered]
}

/// A history that keeps rows in memory.
#[derive(Default)]
pub struct Kept(Mutex<(u64, Vec<Row>)>);

impl Kept {
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = self.0.lock().unwrap().1.clone();
        rows.sort_by_key(|r| r.position);
        rows
    }
}

impl History for Kept {
    fn append(&self, _: WorkspaceId, covers: u64, rows: Vec<Row>) -> Result<(), EngineError> {
        let mut kept = self.0.lock().unwrap();
        if covers > kept.0 {
            kept.0 = covers;
            kept.1.extend(rows);
        }
        Ok(())
    }
    fn covers(&self, _: WorkspaceId) -> Result<u64, EngineError> {
        Ok(self.0.lock().unwrap().0)
    }
    fn compact(&self, _: WorkspaceId, _: &std::collections::HashMap<u64, u64>) -> Result<(), EngineError> {
        Ok(())
    }
    fn erase(&self, _: WorkspaceId, gone: &Gone, _: &std::collections::HashMap<u64, u64>) -> Result<u64, EngineError> {
        let rows = &mut self.0.lock().unwrap().1;
        let before = rows.len();
        rows.retain(|r| !gone.nodes.contains(&r.node) && !gone.positions.contains(&r.position));
        Ok((before - rows.len()) as u64)
    }
    fn clear(&self, _: WorkspaceId) -> Result<(), EngineError> {
        *self.0.lock().unwrap() = Default::default();
        Ok(())
    }
    fn verify(&self, _: WorkspaceId) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }
}
