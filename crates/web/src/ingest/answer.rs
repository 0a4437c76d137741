//! What a sender is told of each interaction.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use throughline_interactions::{Outcome, Tally};

#[derive(Serialize)]
struct Answer<'a> {
    received: u64,
    #[serde(flatten)]
    tally: Tally,
    items: Vec<Item<'a>>,
}

/// One of them: its place, its id, and what became of it.
#[derive(Serialize)]
pub(super) struct Item<'a> {
    pub(super) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_id: Option<&'a str>,
    #[serde(flatten)]
    pub(super) outcome: &'a Outcome,
}

/// 200 with one line for each item, in the order sent.
pub(super) fn answer(message_ids: &[Option<String>], outcomes: &[Outcome]) -> Response {
    let mut tally = Tally::default();
    outcomes.iter().for_each(|o| tally.count(o));
    let items = outcomes
        .iter()
        .enumerate()
        .map(|(index, outcome)| Item { index, message_id: message_ids.get(index).and_then(|i| i.as_deref()), outcome })
        .collect();
    Json(Answer { received: tally.received(), tally, items }).into_response()
}
