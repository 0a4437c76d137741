//! The tracking plan, for programs: whoever changes a sender reads what it is asked for, and tests against it.

use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// The plan of every event that has one.
pub(crate) async fn plans(State(web): State<Web>, visit: Visit) -> Result<Json<Value>, Problem> {
    let workspace = visit.workspace()?.id;
    let plans = web.ask(move |e| e.plans(workspace)).await?;
    Ok(Json(json!({"plans": plans})))
}

#[derive(Deserialize)]
pub(crate) struct Of {
    event: String,
}

/// What an event says by what came of late: a schema that all of it fits, and what looks like a mistake.
pub(crate) async fn learned(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Of>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Of { event }) = query?;
    let workspace = visit.workspace()?.id;
    let sought = event.clone();
    let learned = web.ask(move |e| e.learn(workspace, &sought)).await?;
    let doubt = |(field, message): (String, String)| json!({"field": field, "message": message});
    let doubts: Vec<Value> = learned.shape.doubts().into_iter().map(doubt).collect();
    Ok(Json(json!({
        "event": event,
        "seen": learned.shape.seen,
        "since": learned.since,
        "schema": learned.shape.schema(),
        "doubts": doubts,
    })))
}
