//! Plans, shapes, mends and consent.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod mending;
mod planning;
mod shapes;

use serde_json::Value;
use throughline_interactions::{Interaction, SourceId, Timestamp, WorkspaceId, limits, parse_interaction};

/// An interaction as it would come over HTTP.
pub fn interaction(mut json: Value) -> Interaction {
    json["message_id"] = "m-1".into();
    let now = Timestamp::parse("2026-05-01T00:00:00Z", None).unwrap().instant;
    let draft = parse_interaction(json, 0).unwrap();
    draft.receive(WorkspaceId(1), &SourceId::new("shop").unwrap(), now, limits::HTTP_BYTES).unwrap()
}
