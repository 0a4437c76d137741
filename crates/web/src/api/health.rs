//! Whether all is well.

use crate::errors::Problem;
use crate::state::Web;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// `ok`, or `degraded` with the reasons (503), for load balancers and people in a hurry.
pub(crate) async fn health(State(web): State<Web>) -> Result<Response, Problem> {
    let reasons = web
        .ask(|e| {
            let status = e.status();
            let mut reasons = Vec::new();
            if let Some(failure) = status.failure {
                reasons.push(format!("folding stopped: {failure}"));
            }
            if let Some(why) = status.waits_for {
                reasons.push(format!("folding waits: {why}"));
            }
            if let Err(refusal) = e.admission() {
                reasons.push(refusal.to_string());
            }
            if let Err(e) = e.store().read(|c| c.query_row("SELECT 1", [], |r| r.get::<_, i64>(0))) {
                reasons.push(e.to_string());
            }
            Ok(reasons)
        })
        .await?;
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "degraded"),
    };
    Ok((status, Json(json!({"status": word, "reasons": reasons}))).into_response())
}

/// How the engine stands: positions, lag, space, jobs.
pub(crate) async fn status(State(web): State<Web>) -> Result<Json<Value>, Problem> {
    let status = web.ask(|e| Ok(e.status())).await?;
    Ok(Json(json!({"status": status})))
}
