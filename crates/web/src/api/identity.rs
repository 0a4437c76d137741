//! Who somebody was at a past time, and identifiers that people share.

use crate::errors::Problem;
use crate::figures::customer_id;
use crate::guard::Visit;
use crate::state::Web;
use crate::view::moment;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_interactions::Zone;

#[derive(Deserialize)]
pub(crate) struct Asked {
    as_of: Option<String>,
    limit: Option<usize>,
}

/// Who a customer's identifiers were as of a time, and what happened until then.
pub(crate) async fn identity(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Asked { as_of, limit }) = query?;
    let (workspace, id) = (visit.workspace()?.clone(), customer_id(&id)?);
    let zone = Zone::new(&workspace.zone).ok();
    let as_of = as_of.map(|text| moment(&text, zone.as_ref())).transpose()?;
    let most = limit.unwrap_or(100).clamp(1, 1_000);
    let identity = web.ask(move |e| e.identity(workspace.id, id, as_of, most)).await?;
    Ok(Json(json!(identity)))
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    limit: Option<usize>,
}

/// Identifiers that are held to be shared, or of which a person said something.
pub(crate) async fn shared(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Listing { limit }) = query?;
    let workspace = visit.workspace()?.id;
    let most = limit.unwrap_or(100).clamp(1, 500);
    let (identifiers, total) = web.ask(move |e| e.shared_identifiers(workspace, most)).await?;
    Ok(Json(json!({"identifiers": identifiers, "total": total})))
}
