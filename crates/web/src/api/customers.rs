//! Customers and their stories.

use crate::errors::Problem;
use crate::figures::customer_id;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_customers::CustomerQuery;
use throughline_interactions::Node;
use throughline_pipeline::StoryQuery;

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    search: String,
    after: Option<String>,
    limit: Option<u32>,
}

/// Lists or searches customers.
pub(crate) async fn customers(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Listing>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Listing { search, after, limit }) = query?;
    let workspace = visit.workspace()?.id;
    let query = CustomerQuery { search, after, limit: limit.unwrap_or(100).clamp(1, 500) };
    let page = web.ask(move |e| e.customers(workspace, &query)).await?;
    Ok(Json(json!({"customers": page.rows, "next": page.next, "total": page.total})))
}

/// One customer with the evidence.
pub(crate) async fn customer(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (workspace, id) = (visit.workspace()?.id, customer_id(&id)?);
    let profile = web.ask(move |e| e.customer(workspace, id)).await?;
    let merged = (profile.row.id != id).then(|| format!("{id:016x}"));
    Ok(Json(
        json!({"customer": profile.row, "identifiers": profile.identifiers, "links": profile.links, "traits": profile.traits, "merged_from": merged}),
    ))
}

#[derive(Deserialize)]
pub(crate) struct Ends {
    a: Option<String>,
    b: String,
}

/// Why two identifiers are one customer's: the chain of evidence between their nodes.
pub(crate) async fn why(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<Ends>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Ends { a, b }) = query?;
    let (workspace, id) = (visit.workspace()?.id, customer_id(&id)?);
    let (a, b) = (a.map(|a| customer_id(&a)).transpose()?.map(Node), Node(customer_id(&b)?));
    let chain = web
        .ask(move |e| {
            let strongest = e.customer(workspace, id)?.identifiers.first().map_or(Node(id), |i| i.node);
            e.why(workspace, a.unwrap_or(strongest), b)
        })
        .await?;
    Ok(Json(json!({"chain": chain})))
}

#[derive(Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    newest_first: bool,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

/// A part of a customer's story.
pub(crate) async fn story(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<Part>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(part) = query?;
    let (workspace, id) = (visit.workspace()?.id, customer_id(&id)?);
    let query = StoryQuery {
        newest_first: part.newest_first,
        offset: part.offset,
        limit: part.limit.unwrap_or(100).clamp(1, 1000),
    };
    let story = web
        .ask(move |e| {
            e.customer(workspace, id)?;
            e.story(workspace, id, &query)
        })
        .await?;
    Ok(Json(json!({"total": story.total, "entries": story.entries})))
}

#[derive(Deserialize)]
pub(crate) struct Sought {
    id: String,
}

/// What became of everything that was sent under a message id.
pub(crate) async fn messages(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Sought>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Sought { id }) = query?;
    let workspace = visit.workspace()?.id;
    let messages = web.ask(move |e| e.where_is(workspace, id.trim())).await?;
    Ok(Json(json!({"messages": messages})))
}
