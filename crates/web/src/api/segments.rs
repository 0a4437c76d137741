//! Segments for programs: what they are, who is in them, whom a rule would hold for.

use crate::console::PURCHASE;
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_pipeline::{SegmentDefinition, SegmentStanding};
use throughline_segments::{Rule, SegmentId};

fn told(d: &SegmentDefinition, standing: &SegmentStanding) -> Value {
    json!({
        "id": d.id, "name": d.name, "about": d.about, "rule": d.rule, "version": d.version, "made_at": d.made_at,
        "changed_at": d.changed_at, "archived_at": d.archived_at, "people": standing.people,
        "is_complete": standing.is_complete,
    })
}

/// Every segment with how many are in it.
pub(crate) async fn segments(State(web): State<Web>, visit: Visit) -> Result<Json<Value>, Problem> {
    let workspace = visit.workspace()?.id;
    let all = web
        .ask(move |e| {
            let each = |d: &SegmentDefinition| Ok(told(d, &e.segment_standing(workspace, d.id, 0)?));
            e.segments(workspace, false)?.iter().map(each).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(json!({"segments": all})))
}

/// One segment, with how many came and went on each of the last 30 days.
pub(crate) async fn segment(State(web): State<Web>, visit: Visit, Path(id): Path<u32>) -> Result<Json<Value>, Problem> {
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let (d, standing) =
        web.ask(move |e| Ok((e.segment(workspace, id)?, e.segment_standing(workspace, id, 30)?))).await?;
    let day = |(day, entered, left): &(i64, u64, u64)| {
        let at =
            jiff::Timestamp::from_second(day * 86_400).map_or_else(|_| String::new(), |t| t.strftime("%F").to_string());
        json!({"day": at, "entered": entered, "left": left})
    };
    let days: Vec<Value> = standing.days.iter().map(day).collect();
    Ok(Json(json!({"segment": told(&d, &standing), "days": days})))
}

#[derive(Deserialize)]
pub(crate) struct Part {
    after: Option<String>,
    limit: Option<usize>,
}

/// Who is in a segment, by id.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u32>,
    query: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Part { after, limit }) = query?;
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let after = after.map(|a| customer_id(&a)).transpose()?;
    let limit = limit.unwrap_or(1_000).clamp(1, 10_000);
    let behind = web.ask(move |e| e.segment_people(workspace, id, after, limit)).await?;
    let ids: Vec<String> = behind.customers.iter().map(|c| format!("{c:016x}")).collect();
    let next = ids.last().filter(|_| ids.len() == limit).cloned();
    Ok(Json(json!({"total": behind.total, "customers": ids, "next": next})))
}

/// Whom a rule would hold for now.
pub(crate) async fn preview(
    State(web): State<Web>,
    visit: Visit,
    body: axum::body::Bytes,
) -> Result<Json<Value>, Problem> {
    let rule: Rule = serde_json::from_slice(&body).map_err(|e| Problem::Unreadable("invalid_rule", e.to_string()))?;
    let workspace = visit.workspace()?.id;
    let found = web.ask(move |e| e.try_segment(workspace, None, &rule)).await?;
    let examples: Vec<String> = found.examples.iter().map(|c| format!("{c:016x}")).collect();
    Ok(Json(json!({"people": found.people, "of": found.of, "examples": examples})))
}

/// The segments that a customer entered and left, newest first.
pub(crate) async fn of_customer(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (workspace, id) = (visit.workspace()?.id, customer_id(&id)?);
    let all = web
        .ask(move |e| {
            let now = e.customer(workspace, id)?.row.id;
            e.segments_of(workspace, now)
        })
        .await?;
    Ok(Json(json!({"segments": all})))
}

#[derive(Deserialize)]
pub(crate) struct Bought {
    event: Option<String>,
}

/// Buyers by recency, frequency and monetary value.
pub(crate) async fn rfm(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Bought>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Bought { event }) = query?;
    let workspace = visit.workspace()?.id;
    let report = web.ask(move |e| e.rfm(workspace, event.as_deref().unwrap_or(PURCHASE))).await?;
    Ok(Json(json!(report)))
}
