//! Journeys, their maps and what hurts, and the scores of a workspace.

use crate::errors::Problem;
use crate::figures::{look_at, people_behind};
use crate::guard::Visit;
use crate::state::Web;
use crate::view::AskedPart;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_interactions::Timestamp;

/// Lists the designed journeys.
pub(crate) async fn journeys(State(web): State<Web>, visit: Visit) -> Result<Json<Value>, Problem> {
    let workspace = visit.workspace()?.id;
    let journeys = web.ask(move |e| e.journeys(workspace)).await?;
    Ok(Json(json!({"journeys": journeys})))
}

/// The live map of what is asked for.
pub(crate) async fn map(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let (workspace, Query(asked)) = (visit.workspace()?.clone(), asked?);
    let look = look_at(&web, &workspace, &asked).await?;
    let map = web.ask(move |e| e.map_within(workspace.id, &key, &look.part.view)).await?;
    Ok(Json(json!({"map": *map})))
}

/// What hurts, and how sure that is.
pub(crate) async fn pain_points(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let (workspace, Query(asked)) = (visit.workspace()?.clone(), asked?);
    let look = look_at(&web, &workspace, &asked).await?;
    let found = web.ask(move |e| e.pain_points_within(workspace.id, &key, &look.part.view)).await?;
    Ok(Json(json!({"pain_points": *found})))
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    figure: String,
}

/// The customers behind a figure, in the names that the console's links use.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let (Query(Wanted { figure }), Query(asked)) = (query?, asked?);
    let workspace = visit.workspace()?.clone();
    let look = look_at(&web, &workspace, &asked).await?;
    let people = web.ask(move |e| people_behind(e, workspace.id, &key, &figure, &look.part.view)).await?;
    let people: Vec<Value> =
        people.iter().map(|p| json!({"customer": format!("{:016x}", p.customer), "instances": p.instances})).collect();
    Ok(Json(json!({"total": people.len(), "people": people})))
}

#[derive(Deserialize)]
pub(crate) struct Window {
    from: Option<String>,
    until: Option<String>,
}

/// The scores, in a window or over all time.
pub(crate) async fn scores(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Window>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(window) = query?;
    let workspace = visit.workspace()?.clone();
    let zone = throughline_interactions::Zone::new(&workspace.zone).ok();
    let read = |text: &str| {
        Timestamp::parse(text, zone.as_ref())
            .map(|t| t.instant)
            .map_err(|e| Problem::Unreadable("invalid_time", e.to_string()))
    };
    let window = match (window.from.as_deref().map(read).transpose()?, window.until.as_deref().map(read).transpose()?) {
        (None, None) => None,
        (from, until) => Some((from.unwrap_or(Timestamp::MIN), until.unwrap_or(Timestamp::MAX))),
    };
    let scores = web.ask(move |e| e.scores(workspace.id, window)).await?;
    Ok(Json(json!({"scores": scores})))
}
