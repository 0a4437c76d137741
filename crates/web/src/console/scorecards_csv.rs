//! Scorecards as files: all values by all measures, and the people behind a figure.

use super::people_csv::{cell, file, list};
use super::scorecards::{Behind, beside, figure};
use super::scorecards_view::segment;
use crate::accounts::note;
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::response::Response;
use serde::Deserialize;
use throughline_journeys::scorecards::{Flag, Scorecard};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    kind: String,
    #[serde(default)]
    by: String,
}

/// Hands out every value by every measure.
pub(crate) async fn values(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { kind, by }) = query?;
    let (workspace, asked) = (visit.workspace()?.id, kind.clone());
    let card = web.ask(move |e| e.scorecard(workspace, &asked, beside(&by))).await?;
    let name = format!("attachment; filename=\"scorecard-{}.csv\"", segment(&kind));
    let disposition = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    Ok(file(csv(&card), disposition))
}

fn csv(card: &Scorecard) -> String {
    let mut header: Vec<String> =
        ["value", "instances", "customers", "interactions", "currency", "worth", "paid_back"].map(str::to_owned).into();
    for measure in &card.measures {
        let name = |what: &str| format!("{}_{what}", measure.key.replace(['-', '.'], "_"));
        header.extend(["seen", "n", "as_counted", "estimate", "low", "high", "q", "flag"].map(name));
        if card.beside.is_some() && measure.high_is_bad() {
            header.extend(["expected", "ratio", "ratio_low", "ratio_high", "ratio_q"].map(name));
        }
    }
    let mut out = line(header);
    for value in &card.values {
        let money = value.money.iter().max_by_key(|m| m.sold);
        let mut cells = vec![
            value.value.clone(),
            value.met.to_string(),
            value.customers.to_string(),
            value.interactions.to_string(),
        ];
        cells.extend(match money {
            // Minor units, as they were counted; of several currencies the one with most.
            Some(m) => [String::from_utf8_lossy(&m.currency).into_owned(), m.sold.to_string(), m.back.to_string()],
            None => Default::default(),
        });
        for (measure, found) in card.measures.iter().zip(&value.cards) {
            let more = card.beside.is_some() && measure.high_is_bad();
            let Some(c) = found else {
                cells.extend(vec![String::new(); if more { 13 } else { 8 }]);
                continue;
            };
            let flag = match c.flag {
                Flag::Worse => "worse",
                Flag::Better => "better",
                Flag::Alike => "",
            };
            cells.extend([c.events.to_string(), c.n.to_string()]);
            cells.extend([c.raw, c.estimate.value, c.estimate.low, c.estimate.high, c.q].map(number));
            cells.push(flag.to_owned());
            if more {
                let side = c.adjusted;
                cells.extend([
                    side.map(|a| number(a.expected)).unwrap_or_default(),
                    side.and_then(|a| a.ratio).map(number).unwrap_or_default(),
                    side.map(|a| number(a.low)).unwrap_or_default(),
                    side.and_then(|a| a.high).map(number).unwrap_or_default(),
                    side.map(|a| number(a.q)).unwrap_or_default(),
                ]);
            }
        }
        out.push_str(&line(cells));
    }
    out
}

fn number(value: f64) -> String {
    format!("{value:.6}")
}

fn line(cells: Vec<String>) -> String {
    // A number below zero is a number, and no formula.
    let safe = |c: &String| if c.parse::<f64>().is_ok() { c.clone() } else { cell(c) };
    cells.iter().map(safe).collect::<Vec<_>>().join(",") + "\n"
}

/// Hands out the people behind a figure; the record says who took it.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path((kind, value)): Path<(String, String)>,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Behind { figure: asked, .. }) = query?;
    let figure = figure(&asked)?;
    let workspace = visit.workspace()?.id;
    let entry = visit.act(web.now(), "exported a list of customers", format!("{kind} {value}: {asked}"));
    let csv = web
        .ask(move |e| {
            let people = e.scorecard_people(workspace, &kind, &value, figure)?;
            list(e, workspace, &people)
        })
        .await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(file(csv, HeaderValue::from_static("attachment; filename=\"customers.csv\"")))
}
