//! One value: how it does by every measure, over time, in the journey, and in customers' words.

use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::map_view::{Opens, Voice, voice};
use super::scorecard_weeks::{Chart, charts};
use super::scorecards::{beside, beside_of};
use super::scorecards_view::{
    Axis, Cell, explained, figure_of, interval, money, money_back, nouns, number, people_href, segment, title,
};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use std::collections::HashSet;
use throughline_interactions::Interaction;
use throughline_journeys::scorecards::{CardFigure, CardValue, DetailState, Scorecard};
use throughline_pipeline::{EngineError, Scorecards};

/// Voices of each kind that are shown.
const VOICES: usize = 4;

#[derive(Template)]
#[template(path = "scorecard_value.html")]
struct ValuePage {
    frame: Frame,
    crumb: Opens,
    name: String,
    sub: String,
    facts: Vec<(String, Opens)>,
    many: String,
    unit: String,
    beside: Option<String>,
    measures: Vec<Line>,
    charts: Vec<Chart>,
    stages: Vec<Stage>,
    unhappiest: Vec<Voice>,
    happiest: Vec<Voice>,
    hears: bool,
    assigning: Assigning,
    json: String,
}

/// One measure.
struct Line {
    title: String,
    explained: String,
    mean: String,
    href: String,
    cell: Option<Cell>,
}

/// The part of one stage of the journey.
struct Stage {
    name: String,
    joined: String,
    share: String,
    answers: String,
    unhappy: String,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    by: String,
}

struct Found {
    cards: std::sync::Arc<Scorecards>,
    card: std::sync::Arc<Scorecard>,
    detail: std::sync::Arc<DetailState>,
    unhappiest: Vec<Interaction>,
    happiest: Vec<Interaction>,
}

/// Shows one value.
pub(crate) async fn value(
    State(web): State<Web>,
    visit: Visit,
    Path((kind, value)): Path<(String, String)>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { by }) = query?;
    let (workspace, of, asked, within) = (visit.workspace()?.id, kind.clone(), value.clone(), beside(&by));
    let hears = visit.may(Area::Customers);
    let found = web
        .ask(move |e| {
            let (cards, card) = (e.scorecards(workspace)?, e.scorecard(workspace, &of, within)?);
            let detail = e.scorecard_detail(workspace, &of, &asked)?;
            let positions = |voices: &[throughline_journeys::scorecards::CardVoice]| -> Vec<u64> {
                if hears { voices.iter().map(|v| v.position).collect() } else { Vec::new() }
            };
            let unhappiest = e.voices(workspace, &positions(&detail.unhappiest))?;
            let happiest = e.voices(workspace, &positions(&detail.happiest))?;
            Ok(Found { cards, card, detail, unhappiest, happiest })
        })
        .await?;
    let at = found.card.values.iter().find(|v| v.value == value);
    let at = at.ok_or_else(|| Problem::from(EngineError::NotFound(format!("scorecard of {kind} `{value}`"))))?;
    let frame = Frame::new(&web, visit, Room::Scorecards, value.clone()).await?;
    let within = beside_of(&found.cards, &found.card).map(|(_, noun)| noun);
    let assigning = Assigning::new(&web, &frame, value.clone(), at.customers as usize).await?;
    let (one, many) = nouns(&kind);
    let unit = found.cards.unit.clone();
    page(&ValuePage {
        crumb: Opens { words: sentence(&many), href: frame.to(format!("/scorecards/{}", segment(&kind))) },
        sub: format!(
            "{}, {} to {}.",
            sentence(&one),
            format::day(found.cards.data_from, frame.zone.as_ref()),
            format::day(found.cards.data_until, frame.zone.as_ref())
        ),
        facts: facts(&frame, &kind, at, &unit),
        measures: lines(&frame, &kind, &found.card, at, within.as_deref(), &unit),
        charts: charts(&found.detail, &unit, frame.zone.as_ref()),
        stages: stages(&found.detail, &found.cards.stages),
        unhappiest: voices(&found.unhappiest, &mut HashSet::new(), |share| share <= 0.5),
        happiest: voices(&found.happiest, &mut HashSet::new(), |share| share > 0.5),
        json: frame.to(format!("/api/v1/scorecards/{}/{}", segment(&kind), segment(&value))),
        name: value,
        beside: within,
        many: if kind.contains('.') { "values".to_owned() } else { many },
        unit,
        hears,
        assigning,
        frame,
    })
}

fn facts(frame: &Frame, kind: &str, value: &CardValue, unit: &str) -> Vec<(String, Opens)> {
    let href = |figure: &CardFigure| people_href(frame, kind, &value.value, figure);
    let plain = |words: String| Opens { words, href: String::new() };
    let mut out = vec![
        (sentence(&format!("{unit}s")), Opens { words: format::count(value.met), href: href(&CardFigure::Met) }),
        ("Customers".to_owned(), Opens { words: format::count(value.customers), href: href(&CardFigure::Touched) }),
        ("Interactions".to_owned(), plain(format::count(value.interactions))),
    ];
    let (sold, back) = (money(&value.money), money_back(&value.money));
    if !sold.is_empty() {
        out.push((format!("Worth of these {unit}s"), plain(sold)));
    }
    if !back.is_empty() {
        out.push(("Paid back".to_owned(), plain(back)));
    }
    out
}

fn lines(
    frame: &Frame,
    kind: &str,
    card: &Scorecard,
    value: &CardValue,
    beside: Option<&str>,
    unit: &str,
) -> Vec<Line> {
    let line = |(m, measure): (usize, &throughline_journeys::scorecards::Measure)| {
        let own = value.cards[m]?;
        // The axis of a measure shows where all values stand.
        let all = card
            .values
            .iter()
            .filter_map(|v| v.cards[m])
            .map(|c| throughline_value::Estimate::new(c.estimate.value, c.estimate.value, c.estimate.value, 1));
        let axis = Axis::of(all.chain([own.estimate, measure.mean]));
        let href = people_href(frame, kind, &value.value, &figure_of(measure));
        let of = format!("/scorecards/{}?measure={}", segment(kind), percent_encoded(&measure.key));
        Some(Line {
            title: title(measure),
            explained: explained(measure, unit),
            mean: format!("{}, {}", number(measure, measure.mean.value), interval(measure, &measure.mean)),
            href: frame.to(of),
            cell: Some(Cell::new(measure, &own, &axis, beside, href)),
        })
    };
    card.measures.iter().enumerate().filter_map(line).collect()
}

fn stages(detail: &DetailState, names: &[String]) -> Vec<Stage> {
    let whole: u64 = detail.stages.iter().map(|s| s.joined).sum();
    let stage = |(s, name): (usize, &String)| {
        let part = detail.stages.get(s).copied().unwrap_or_default();
        (part.joined > 0 || part.answers.n > 0).then(|| Stage {
            name: name.clone(),
            joined: format::count(part.joined),
            share: format!("{:.1}", part.joined as f64 / whole.max(1) as f64 * 100.0),
            answers: format::count(part.answers.n),
            unhappy: throughline_value::interval::wilson(part.answers.events, part.answers.n).map_or_else(
                || "–".to_owned(),
                |e| format!("{} unhappy, {}", format::percent(e.value), format::percent_interval(&e)),
            ),
        })
    };
    names.iter().enumerate().filter_map(stage).collect()
}

/// What was said with an answer on the given side of the scale; without one it is neither.
fn voices(said: &[Interaction], known: &mut HashSet<String>, side: impl Fn(f64) -> bool) -> Vec<Voice> {
    let fits = |i: &&Interaction| i.score.as_ref().is_none_or(|s| side(s.share()));
    let voices = said.iter().filter(fits).filter_map(voice);
    voices.filter(|v| known.insert(v.text.clone())).take(VOICES).collect()
}
