//! What people may ask for, for programs: an export of one person, receipts, and the key that checks them.

use crate::console::{Form, as_file, person};
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// One customer: JSON, or a page for whoever accepts HTML.
pub(crate) async fn export(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    person(&web, &visit, &id, Form::wanted(&headers)).await
}

/// One customer as a page.
pub(crate) async fn export_page(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    person(&web, &visit, &id, Form::Page).await
}

/// The key that signs receipts.
pub(crate) async fn receipt_key(State(web): State<Web>) -> Result<Json<Value>, Problem> {
    let key = web.ask(|e| Ok(e.receipt_key())).await?;
    Ok(Json(json!(key)))
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    run: String,
    #[serde(default)]
    offset: u32,
    limit: Option<u32>,
}

/// Receipts, the newest first; those of people whom a file named stand under the file.
pub(crate) async fn receipts(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Listing { run, offset, limit }) = query?;
    let workspace = visit.workspace()?.id;
    let most = limit.unwrap_or(100).clamp(1, 1000);
    let found = web.ask(move |e| e.receipts(workspace, &run, offset, most)).await?;
    let line = |r: &throughline_pipeline::SignedReceipt| {
        json!({"id": r.id, "kind": r.kind, "run": r.run, "position": r.position, "made_at": r.made_at,
               "interactions": r.interactions})
    };
    Ok(Json(json!({"receipts": found.iter().map(line).collect::<Vec<_>>()})))
}

/// One receipt with its signature.
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let kept = web.ask(move |e| e.receipt(workspace, &id)).await?;
    Ok(as_file(&kept))
}
