//! Workspaces, sources and the index of the API.

use crate::errors::Problem;
use crate::guard::Visit;
use crate::openapi::{OPENAPI, api_routes};
use crate::state::Web;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Lists the routes of the API.
pub(crate) async fn index() -> Json<Value> {
    let routes: Vec<Value> =
        api_routes().into_iter().map(|(method, path)| json!({"method": method, "path": path})).collect();
    Json(json!({"routes": routes, "openapi": "/api/v1/openapi.json"}))
}

/// The description of the API for machines.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// Lists the workspaces that the visitor may see.
pub(crate) async fn workspaces(visit: Visit) -> Json<Value> {
    Json(json!({"workspaces": visit.workspaces}))
}

/// Lists the sources with what became of everything they sent.
pub(crate) async fn sources(State(web): State<Web>, visit: Visit) -> Result<Json<Value>, Problem> {
    let workspace = visit.workspace()?.id;
    let sources = web.ask(move |e| e.sources(workspace)).await?;
    Ok(Json(json!({"sources": sources})))
}
