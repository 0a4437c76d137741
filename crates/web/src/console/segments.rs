//! Segments: the list, one of them with its people, the builder, and buyers by recency, frequency and value.

mod build;
mod form;
mod leaf;
mod rfm;

pub(crate) use build::{change, create, edit, new};
pub(crate) use rfm::{PURCHASE, rfm};

use super::customers::Line;
use super::frame::{Frame, Room, page};
use super::people_csv;
use crate::accounts::note;
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::HashMap;
use throughline_interactions::{WorkspaceId, Zone};
use throughline_pipeline::{Engine, EngineError, Person, SegmentDefinition, SegmentStanding};
use throughline_segments::{SegmentId, sentence};

/// People of one page.
const PAGE: usize = 50;
/// People of one file.
const MOST: usize = 50_000;
/// Days of coming and going that are shown.
const DAYS: u32 = 30;

#[derive(Template)]
#[template(path = "segments.html")]
struct SegmentsPage {
    frame: Frame,
    rows: Vec<Listed>,
    archived: Vec<Listed>,
    json: String,
}

/// One line of the list.
struct Listed {
    href: String,
    name: String,
    rule: String,
    people: String,
    coming: String,
}

/// Lists the segments of a workspace.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let all = web
        .ask(move |e| {
            let all = e.segments(workspace, true)?;
            all.into_iter().map(|d| Ok((e.segment_standing(workspace, d.id, 7)?, d))).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let frame = Frame::new(&web, visit, Room::Segments, "Segments").await?;
    let names = names(all.iter().map(|(_, d)| d));
    let line = |(standing, d): &(SegmentStanding, SegmentDefinition)| Listed {
        href: frame.to(format!("/segments/{}", d.id.0)),
        name: d.name.clone(),
        rule: in_words(d, &names, frame.zone.as_ref()),
        people: if standing.is_complete || standing.people > 0 {
            format::count(standing.people)
        } else {
            "…".to_owned()
        },
        coming: coming(standing),
    };
    let (archived, live): (Vec<_>, Vec<_>) = all.iter().partition(|(_, d)| d.archived_at.is_some());
    let (rows, archived) = (live.into_iter().map(line).collect(), archived.into_iter().map(line).collect());
    let json = frame.to("/api/v1/segments");
    page(&SegmentsPage { rows, archived, json, frame })
}

fn coming(standing: &SegmentStanding) -> String {
    let (entered, gone) = standing.days.iter().fold((0, 0), |(e, g), (_, entered, gone)| (e + entered, g + gone));
    match (entered, gone) {
        (0, 0) => "nobody came or went".to_owned(),
        _ => format!("{} came, {} went", format::count(entered), format::count(gone)),
    }
}

/// The names of segments by their numbers.
fn names<'a>(all: impl Iterator<Item = &'a SegmentDefinition>) -> HashMap<u32, String> {
    all.map(|d| (d.id.0, d.name.clone())).collect()
}

fn in_words(d: &SegmentDefinition, names: &HashMap<u32, String>, zone: Option<&Zone>) -> String {
    let name = |id| names.get(&id).cloned().unwrap_or_else(|| format!("segment {id}"));
    super::frame::sentence(&sentence(&d.rule, &name, &|t| format::day(t, zone)))
}

#[derive(Template)]
#[template(path = "segment.html")]
struct SegmentPage {
    frame: Frame,
    path: String,
    definition: SegmentDefinition,
    rule: String,
    people: String,
    is_complete: bool,
    coming: String,
    days: Vec<Day>,
    made: String,
    lines: Vec<Line>,
    next: Option<String>,
    csv: String,
    json: String,
}

/// One day of the little chart: how many came and went, and how high their bars are, 0–30.
struct Day {
    x: u32,
    label: String,
    entered: f64,
    gone: f64,
}

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<String>,
}

/// Shows one segment and who is in it.
pub(crate) async fn show(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u32>,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { after }) = query?;
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let after = after.map(|a| customer_id(&a)).transpose()?;
    let (definition, standing, rows, more, all) = web
        .ask(move |e| {
            let definition = e.segment(workspace, id)?;
            let behind = e.segment_people(workspace, id, after, PAGE + 1)?;
            let more = behind.customers.get(PAGE - 1).filter(|_| behind.customers.len() > PAGE).copied();
            let rows = people(e, workspace, &behind.customers[..behind.customers.len().min(PAGE)])?;
            Ok((definition, e.segment_standing(workspace, id, DAYS)?, rows, more, e.segments(workspace, true)?))
        })
        .await?;
    let frame = Frame::new(&web, visit, Room::Segments, definition.name.clone()).await?;
    let zone = frame.zone.as_ref();
    let path = frame.to(format!("/segments/{}", id.0));
    let today = web.now().0.div_euclid(86_400_000_000);
    let lines = rows.iter().map(|row| Line::new(&frame.visit, zone, row)).collect();
    page(&SegmentPage {
        rule: in_words(&definition, &names(all.iter()), zone),
        people: format::counted(standing.people, "customer", "customers"),
        is_complete: standing.is_complete || definition.archived_at.is_some(),
        coming: coming(&standing),
        days: days(&standing, today),
        made: format!("made by {} on {}", definition.made_by, format::day(definition.made_at, zone)),
        next: more.map(|last| frame.to(format!("/segments/{}?after={last:016x}", id.0))),
        csv: frame.to(format!("/segments/{}/people.csv", id.0)),
        json: frame.to(format!("/api/v1/segments/{}", id.0)),
        path,
        lines,
        definition,
        frame,
    })
}

fn days(standing: &SegmentStanding, today: i64) -> Vec<Day> {
    let most = standing.days.iter().map(|(_, e, g)| *e.max(g)).max().unwrap_or(0).max(1) as f64;
    let day = |n: i64| {
        let of = standing.days.iter().find(|(day, ..)| *day == n);
        let (entered, gone) = of.map_or((0, 0), |(_, e, g)| (*e, *g));
        let at = throughline_interactions::Timestamp(n * 86_400_000_000);
        Day {
            x: (n - today + i64::from(DAYS) - 1) as u32 * 10,
            label: format!("{}: {entered} came, {gone} went", format::short_day(at, None)),
            entered: entered as f64 / most * 30.0,
            gone: gone as f64 / most * 30.0,
        }
    };
    (today - i64::from(DAYS) + 1..=today).map(day).collect()
}

fn people(
    e: &Engine,
    workspace: WorkspaceId,
    ids: &[u64],
) -> Result<Vec<throughline_customers::CustomerRow>, EngineError> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        match e.customer(workspace, *id) {
            Ok(profile) => rows.push(profile.row),
            // Merged or erased a moment ago.
            Err(EngineError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(rows)
}

/// Hands out who is in it as a file; the record says who took it.
pub(crate) async fn people_file(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u32>,
) -> Result<Response, Problem> {
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let entry = visit.act(web.now(), "exported a list of customers", format!("segment {}", id.0));
    let csv = web
        .ask(move |e| {
            let behind = e.segment_people(workspace, id, None, MOST)?;
            let people: Vec<_> =
                behind.customers.into_iter().map(|customer| Person { customer, instances: 1 }).collect();
            people_csv::list(e, workspace, &people)
        })
        .await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(people_csv::file(csv, HeaderValue::from_static("attachment; filename=\"segment.csv\"")))
}

/// Puts a segment away.
pub(crate) async fn archive(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u32>,
    _form: Signed,
) -> Result<Response, Problem> {
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let entry = visit.act(web.now(), "put a segment away", id.0.to_string());
    web.ask(move |e| e.archive_segment(workspace, id)).await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/segments")).into_response())
}
