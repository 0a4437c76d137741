//! The world as a reader meets it: repeatable, takeable, and true to what was planted.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod facts;
mod planted;

use std::sync::OnceLock;
use throughline_demo::World;
use throughline_interactions::{Draft, Timestamp};

/// 2026-06-01, so that nothing depends on the day of the test.
pub fn end() -> Timestamp {
    Timestamp::parse("2026-06-01T12:00:00Z", None).unwrap().instant
}

/// A small world, made once.
pub fn small() -> &'static [(&'static str, Draft)] {
    static LINES: OnceLock<Vec<(&'static str, Draft)>> = OnceLock::new();
    LINES.get_or_init(|| World::sized(7, end(), 4_000).interactions().collect())
}
