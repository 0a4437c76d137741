//! Journeys: the list, the live map, and the people behind each of its figures.

use super::compare::{Changes, other_side};
use super::customers::Line;
use super::findings_view::{self, Card, Together, bright_spot, together};
use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page, percent_encoded};
use super::home::Empty;
use super::map_view::{Addresses, MapView, Voices};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::figures::{look_at, people_behind};
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use crate::view::{Against, AskedPart, Look, joined};
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use throughline_interactions::{WorkspaceId, Zone};
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
    /// What stood out on the other side and does so no longer.
    gone: Vec<String>,
    together: Together,
    tested: String,
    look: Look,
    /// What the other side of the comparison is.
    other: String,
    /// The address without the condition that it shows only some.
    everybody: String,
    /// Drawn files: name and address.
    files: [(&'static str, String); 3],
    json: String,
    pain_json: String,
}

/// So many findings stand on the strip; the others in a table below.
const CARDS: usize = 3;
/// So many bright spots.
const BRIGHT: usize = 3;

/// A map and its findings as the address asks for them, in words.
pub(crate) struct Told {
    pub(crate) definition: Definition,
    pub(crate) map: MapView,
    pub(crate) is_empty: bool,
    pub(crate) cards: Vec<Card>,
    pub(crate) more: Vec<Card>,
    pub(crate) bright: Vec<(String, String)>,
    pub(crate) gone: Vec<String>,
    pub(crate) together: Together,
    pub(crate) tested: u64,
    pub(crate) look: Look,
}

/// Asks for a map and tells it; `to` gives addresses in the workspace.
pub(crate) async fn told(web: &Web, visit: &Visit, key: &str, asked: &AskedPart) -> Result<Told, Problem> {
    let workspace = visit.workspace()?.clone();
    let look = look_at(web, &workspace, asked).await?;
    let hears_voices = visit.may(Area::Customers);
    let (journey, id, parts) = (key.to_owned(), workspace.id, look.clone());
    let (definition, map, found, other, voices) = web
        .ask(move |e| {
            let definition = definition_of(e, id, &journey)?;
            let map = e.map_within(id, &journey, &parts.part.view)?;
            let found = e.pain_points_within(id, &journey, &parts.part.view)?;
            let other = match &parts.other {
                Some(part) => {
                    Some((e.map_within(id, &journey, &part.view)?, e.pain_points_within(id, &journey, &part.view)?))
                }
                None => None,
            };
            let voices = if hears_voices { voices(e, id, &map)? } else { Voices::default() };
            Ok((definition, map, found, other, voices))
        })
        .await?;
    let with = |path: String, query: &str| {
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        visit.link(&path)
    };
    let people = |figure: &str| {
        let query = joined(&format!("figure={}", percent_encoded(figure)), &look.part.query);
        with(format!("/journeys/{key}/people"), &query)
    };
    let stage = |stage: &str| with(format!("/journeys/{key}/stages/{stage}"), &look.part.query);
    let side = other_side(&look);
    let (mut cards, mut gone, mut changes) = (Vec::new(), Vec::new(), Changes::default());
    match &other {
        Some((then, found_then)) => {
            cards.extend(findings_view::cards(&found, Some((found_then, side)), &definition, &people));
            gone.extend(findings_view::gone(&found, found_then, &definition));
            changes = Changes::new(&map, then, &definition, side);
        }
        None => cards.extend(findings_view::cards(&found, None, &definition, &people)),
    }
    let more = cards.split_off(cards.len().min(CARDS));
    let zone = Zone::new(&workspace.zone).ok();
    let to = Addresses { people: &people, stage: &stage };
    let mut view = MapView::new(&map, &definition, voices, &cards, &changes, zone.as_ref(), &to);
    if !look.part.window.is_empty() {
        view.window = format!("{}.", look.part.window);
    }
    if !look.part.met.is_empty() {
        view.window = format!("{} Only {}.", view.window, look.part.met);
    }
    let is_empty = map.started.instances == 0;
    let bright = found.bright.iter().take(BRIGHT).map(|f| bright_spot(f, &definition)).collect();
    let (together, tested) = (together(&found), found.tested as u64);
    Ok(Told { definition, map: view, is_empty, cards, more, bright, gone, together, tested, look })
}

/// Shows the map of a journey with what hurts, or how to begin when nothing has happened.
pub(crate) async fn map(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(asked) = asked?;
    let Told { definition, map, is_empty, cards, more, bright, gone, together, tested, look } =
        told(&web, &visit, &key, &asked).await?;
    let frame = Frame::new(&web, visit, Room::Journeys, definition.name.clone()).await?;
    if is_empty && look.part.query.is_empty() {
        return page(&Empty::new(&web, frame, &headers));
    }
    let with =
        |path: &str, query: &str| frame.to(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") });
    let place = format!("/journeys/{key}");
    let query = look.part.query.clone();
    let files = [("SVG", "svg"), ("PNG", "png"), ("PDF", "pdf")]
        .map(|(name, ending)| (name, with(&format!("{place}/map.{ending}"), &look.query())));
    let json = with(&format!("/api/v1/journeys/{key}/map"), &query);
    let pain_json = with(&format!("/api/v1/journeys/{key}/pain-points"), &query);
    let kept = query.split('&').filter(|p| !p.starts_with("only=") && !p.starts_with("without="));
    let everybody = with(&place, &kept.collect::<Vec<_>>().join("&"));
    let other = match (&look.other, look.against) {
        (Some(other), Against::Others) => other.met.clone(),
        (Some(other), _) => format!("{}, seen as it stood then", other.window),
        (None, _) => String::new(),
    };
    let tested = format::count(tested);
    page(&MapPage {
        frame,
        map,
        journey: key,
        cards,
        more,
        bright,
        gone,
        together,
        tested,
        look,
        other,
        everybody,
        files,
        json,
        pain_json,
    })
}

pub(crate) fn definition_of(e: &Engine, workspace: WorkspaceId, key: &str) -> Result<Definition, EngineError> {
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
    back: String,
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
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(Wanted { figure, page: number }), Query(asked)) = (query?, asked?);
    let look = look_at(&web, visit.workspace()?, &asked).await?;
    let (workspace, asked, name, view) = (visit.workspace()?.id, key.clone(), figure.clone(), look.part.view.clone());
    let (journey, words, people, rows) = web
        .ask(move |e| {
            let journey = definition_of(e, workspace, &asked)?;
            let people = people_behind(e, workspace, &asked, &name, &view)?;
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
                super::findings_view::words_of(&*e.pain_points_within(workspace, &asked, &view)?, &journey, &name)
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
    let initiative = (figure.starts_with("pain.") && frame.acts()).then(|| {
        frame.to(format!("/initiatives/new?journey={key}&figure={}{}", percent_encoded(&figure), look.and_met()))
    });
    let part = [&look.part.window, &look.part.met].into_iter().filter(|words| !words.is_empty());
    let part = part.map(|words| format!(" {}.", super::frame::sentence(words))).collect::<String>();
    let sub = sub + &part;
    let query = joined(&format!("figure={}", percent_encoded(&figure)), &look.part.query);
    let next = (people.len() > (number + 1) * PAGE)
        .then(|| frame.to(format!("/journeys/{key}/people?{query}&page={}", number + 1)));
    let json = frame.to(format!("/api/v1/journeys/{key}/people?{query}"));
    let csv = frame.to(format!("/journeys/{key}/people.csv?{query}"));
    let back = frame.to(match look.part.query.as_str() {
        "" => format!("/journeys/{key}"),
        query => format!("/journeys/{key}?{query}"),
    });
    let ask = frame.to(format!("/journeys/{key}/ask?{query}"));
    let assigning = Assigning::new(&web, &frame, words.clone(), people.len()).await?;
    page(&BehindPage { frame, journey, back, words, sub, lines, next, json, csv, assigning, ask, initiative })
}
