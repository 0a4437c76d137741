//! Journeys: the list, the live map, and the people behind each of its figures.

use super::customers::Line;
use super::findings_view::{Card, Together, bright_spot, cards, together};
use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page, percent_encoded};
use super::home::Empty;
use super::map_view::{MapView, Voices};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::figures::people_behind;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use throughline_interactions::WorkspaceId;
use throughline_journeys::{Definition, Map};
use throughline_pipeline::{Engine, EngineError};

#[derive(Template)]
#[template(path = "journeys.html")]
struct JourneysPage {
    frame: Frame,
    journeys: Vec<Definition>,
}

/// Lists the designed journeys.
pub(crate) async fn journeys(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let journeys = web.ask(move |e| e.journeys(workspace)).await?;
    page(&JourneysPage { frame: Frame::new(&web, visit, Room::Journeys, "Journeys").await?, journeys })
}

#[derive(Template)]
#[template(path = "map.html")]
struct MapPage {
    frame: Frame,
    map: MapView,
    journey: String,
    cards: Vec<Card>,
    more: Vec<Card>,
    /// What goes well: its name, and how much less often people are unhappy.
    bright: Vec<(String, String)>,
    together: Together,
    tested: String,
    json: String,
    pain_json: String,
}

/// So many findings stand on the strip; the others in a table below.
const CARDS: usize = 3;
/// So many bright spots.
const BRIGHT: usize = 3;

/// Shows the map of a journey with what hurts, or how to begin when nothing has happened.
pub(crate) async fn map(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let hears_voices = visit.may(Area::Customers);
    let (asked, id) = (key.clone(), workspace.id);
    let (definition, map, found, voices) = web
        .ask(move |e| {
            let definition = definition_of(e, id, &asked)?;
            let map = e.map(id, &asked)?;
            let found = e.pain_points(id, &asked)?;
            let voices = if hears_voices { voices(e, id, &map)? } else { Voices::default() };
            Ok((definition, map, found, voices))
        })
        .await?;
    let frame = Frame::new(&web, visit, Room::Journeys, definition.name.clone()).await?;
    if map.started.instances == 0 {
        return page(&Empty::new(&web, frame, &headers));
    }
    let path = frame.to(format!("/journeys/{key}/people"));
    let people = |figure: &str| {
        format!("{path}{}figure={}", if path.contains('?') { '&' } else { '?' }, percent_encoded(figure))
    };
    let mut all = cards(&found, &definition, &people);
    let more = all.split_off(all.len().min(CARDS));
    let view = MapView::new(&map, &definition, voices, &all, frame.zone.as_ref(), &people);
    let json = frame.to(format!("/api/v1/journeys/{key}/map"));
    let pain_json = frame.to(format!("/api/v1/journeys/{key}/pain-points"));
    let bright = found.bright.iter().take(BRIGHT).map(|f| bright_spot(f, &definition)).collect();
    let (together, tested) = (together(&found), format::count(found.tested as u64));
    page(&MapPage { frame, map: view, journey: key, cards: all, more, bright, together, tested, json, pain_json })
}

fn definition_of(e: &Engine, workspace: WorkspaceId, key: &str) -> Result<Definition, EngineError> {
    let found = e.journeys(workspace)?.into_iter().find(|d| d.key == key);
    found.ok_or_else(|| EngineError::NotFound(format!("journey `{key}`")))
}

/// Two voices for each stage.
fn voices(e: &Engine, workspace: WorkspaceId, map: &Map) -> Result<Voices, EngineError> {
    let mut voices = Voices::default();
    for stage in &map.stages {
        voices.add(&stage.key, &e.voices(workspace, &stage.voices)?);
    }
    Ok(voices)
}

#[derive(Template)]
#[template(path = "behind.html")]
struct BehindPage {
    frame: Frame,
    journey: Definition,
    words: String,
    sub: String,
    lines: Vec<Line>,
    next: Option<String>,
    json: String,
    csv: String,
    assigning: Assigning,
    ask: String,
    /// Where an initiative about it begins, if it is a pain point.
    initiative: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    figure: String,
    #[serde(default)]
    page: usize,
}

/// Customers on one page.
const PAGE: usize = 50;

/// Lists the customers behind a figure.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { figure, page: number }) = query?;
    let (workspace, asked, name) = (visit.workspace()?.id, key.clone(), figure.clone());
    let (journey, words, people, rows) = web
        .ask(move |e| {
            let journey = definition_of(e, workspace, &asked)?;
            let people = people_behind(e, workspace, &asked, &name)?;
            let mut rows = Vec::with_capacity(PAGE);
            for person in people.iter().skip(number.saturating_mul(PAGE)).take(PAGE) {
                match e.customer(workspace, person.customer) {
                    Ok(profile) => rows.push(profile.row),
                    // Merged or erased since the figure was counted.
                    Err(EngineError::NotFound(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            let words = if let Some(words) = super::findings_view::words_of_outcome(&journey, &name) {
                words
            } else if name.starts_with("pain.") {
                super::findings_view::words_of(&*e.pain_points(workspace, &asked)?, &journey, &name)
            } else {
                super::map_view::words_of(&journey, &name)
            };
            Ok((journey, words, people, rows))
        })
        .await?;
    let frame = Frame::new(&web, visit, Room::Journeys, words.clone()).await?;
    let lines: Vec<Line> = rows.iter().map(|r| Line::new(&frame.visit, frame.zone.as_ref(), r)).collect();
    let instances: u64 = people.iter().map(|p| u64::from(p.instances)).sum();
    let unit = journey.subject.clone().unwrap_or_else(|| "journey".to_owned());
    let sub = format!(
        "{} with {}.",
        format::counted(people.len() as u64, "customer", "customers"),
        format::counted(instances, &unit, &format!("{unit}s"))
    );
    let initiative = (figure.starts_with("pain.") && frame.acts())
        .then(|| frame.to(format!("/initiatives/new?journey={key}&figure={}", percent_encoded(&figure))));
    let figure = percent_encoded(&figure);
    let next = (people.len() > (number + 1) * PAGE)
        .then(|| frame.to(format!("/journeys/{key}/people?figure={figure}&page={}", number + 1)));
    let json = frame.to(format!("/api/v1/journeys/{key}/people?figure={figure}"));
    let csv = frame.to(format!("/journeys/{key}/people.csv?figure={figure}"));
    let ask = frame.to(format!("/journeys/{key}/ask?figure={figure}"));
    let assigning = Assigning::new(&web, &frame, words.clone(), people.len()).await?;
    page(&BehindPage { frame, journey, words, sub, lines, next, json, csv, assigning, ask, initiative })
}
