//! Who is told what, once, whatever happens to the process in between.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod alerts;
mod mondays;

use throughline_interactions::{Timestamp, WorkspaceId, Zone};
use throughline_news::MIGRATION;
use throughline_pipeline::Workspace;
use throughline_store::{Outbox, Store, place_of_tests};

pub fn open(dir: &std::path::Path) -> Store {
    Store::open_at(&place_of_tests(), dir, &[MIGRATION]).unwrap()
}

pub fn shop() -> Workspace {
    Workspace {
        id: WorkspaceId(1),
        key: "shop".into(),
        name: "Shop".into(),
        zone: "Europe/Berlin".into(),
        currency: "EUR".into(),
        week_start: 1,
        margin: None,
    }
}

/// A time on the clocks of Berlin.
pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Some(&Zone::new("Europe/Berlin").unwrap())).unwrap().instant
}

/// What lies in the outbox and has not left, as (not before, body).
pub fn outbox(store: &Store) -> Vec<String> {
    Outbox::waiting(store, i64::MAX, 100).unwrap().into_iter().map(|o| o.body).collect()
}
