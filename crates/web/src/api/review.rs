//! Pairs of customers who may be one person.

use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

/// Pairs that wait for a person, the most probable first.
pub(crate) async fn review(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Part { offset, limit }) = query?;
    let workspace = visit.workspace()?.id;
    let limit = limit.unwrap_or(50).clamp(1, 500);
    let found = web.ask(move |e| e.review(workspace, offset, limit)).await?;
    Ok(Json(json!({"total": found.total, "pairs": found.pairs, "matching": found.matching})))
}
