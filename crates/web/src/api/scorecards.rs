//! Scorecards for programs.

use crate::console::scorecards::{beside, figure};
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_interactions::Timestamp;
use throughline_journeys::scorecards::{DetailState, Rate};
use throughline_pipeline::{EngineError, LeftOut};

/// What can be compared.
pub(crate) async fn kinds(State(web): State<Web>, visit: Visit) -> Result<Json<Value>, Problem> {
    let workspace = visit.workspace()?.id;
    let cards = web.ask(move |e| e.scorecards(workspace)).await?;
    let kinds: Vec<Value> = cards
        .kinds
        .iter()
        .map(|k| {
            let usual = cards.usual_beside(k).map(|u| &u.key);
            json!({"key": k.key, "dimension": k.dimension, "values": k.plain.values.len(), "compared_within": usual, "measures": k.plain.measures})
        })
        .collect();
    let left_out: Vec<Value> = cards
        .left_out
        .iter()
        .map(|(dimension, why)| {
            let why = match why {
                LeftOut::Single => "one value only",
                LeftOut::OpenEnded => "too many different values",
            };
            json!({"dimension": dimension, "why": why})
        })
        .collect();
    Ok(Json(json!({"unit": cards.unit, "instances": cards.instances, "scorecards": kinds, "left_out": left_out})))
}

#[derive(Deserialize)]
pub(crate) struct Within {
    #[serde(default)]
    by: String,
}

/// The values of one dimension compared with each other.
pub(crate) async fn kind(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Within>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Within { by }) = query?;
    let workspace = visit.workspace()?.id;
    let card = web.ask(move |e| e.scorecard(workspace, &key, beside(&by))).await?;
    Ok(Json(json!({"scorecard": *card})))
}

/// One value: by every measure, week by week, by stage.
pub(crate) async fn value(
    State(web): State<Web>,
    visit: Visit,
    Path((key, name)): Path<(String, String)>,
    query: Result<Query<Within>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Within { by }) = query?;
    let workspace = visit.workspace()?.id;
    let (of, asked) = (key.clone(), name.clone());
    let (cards, card, detail) = web
        .ask(move |e| {
            let card = e.scorecard(workspace, &of, beside(&by))?;
            Ok((e.scorecards(workspace)?, card, e.scorecard_detail(workspace, &of, &asked)?))
        })
        .await?;
    let found = card.values.iter().find(|v| v.value == name);
    let found = found.ok_or_else(|| Problem::from(EngineError::NotFound(format!("scorecard of {key} `{name}`"))))?;
    let weeks: Vec<Value> = detail
        .weeks
        .iter()
        .map(|(at, week)| {
            let shares = Rate::ALL.iter().zip(week.rates).filter(|(_, t)| t.n > 0);
            let shares: serde_json::Map<String, Value> =
                shares.map(|(r, t)| (r.key().to_owned(), json!({"events": t.events, "n": t.n}))).collect();
            json!({"from": day(*at), "met": week.met, "shares": shares})
        })
        .collect();
    let mut answers = Vec::new();
    for (score, weeks) in &detail.scores {
        for (at, sums) in weeks {
            let mean = sums.mean().map(|m| m / 1_000.0);
            answers.push(json!({"score": score.kind, "from": day(*at), "n": sums.n, "mean": mean}));
        }
    }
    let stages: Vec<Value> = cards
        .stages
        .iter()
        .zip(&detail.stages)
        .map(|(name, part)| json!({"stage": name, "joined": part.joined, "answers": part.answers.n, "unhappy": part.answers.events}))
        .collect();
    Ok(Json(json!({
        "dimension": card.dimension, "compared_within": card.beside, "measures": card.measures, "value": found,
        "weeks": weeks, "answers": answers, "stages": stages,
    })))
}

fn day(week: i64) -> String {
    crate::format::iso_day(Timestamp(DetailState::begins(week)), None)
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    figure: String,
}

/// The customers behind a figure, in the names that the console's links use.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path((kind, value)): Path<(String, String)>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(Wanted { figure: name }) = query?;
    let figure = figure(&name)?;
    let workspace = visit.workspace()?.id;
    let people = web.ask(move |e| e.scorecard_people(workspace, &kind, &value, figure)).await?;
    let people: Vec<Value> =
        people.iter().map(|p| json!({"customer": format!("{:016x}", p.customer), "instances": p.instances})).collect();
    Ok(Json(json!({"total": people.len(), "people": people})))
}
