//! What stands behind a stage: products, stores, carriers and other things that those who reached it
//! met, each with how it went for them.

use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::journeys::definition_of;
use crate::errors::Problem;
use crate::figures::look_at;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use crate::view::{AskedPart, Look, joined};
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use throughline_pipeline::{BehindStage, EngineError};
use throughline_value::interval::wilson;

#[derive(Template)]
#[template(path = "stage.html")]
struct StagePage {
    frame: Frame,
    journey: String,
    stage: String,
    back: String,
    sub: String,
    unit: String,
    dimensions: Vec<Dimension>,
}

/// One dimension with its most frequent values.
struct Dimension {
    name: String,
    lines: Vec<Line>,
    /// How many values are not shown.
    left_out: usize,
}

struct Line {
    value: String,
    /// The map of those only, compared with the others.
    map: String,
    reached: String,
    people: String,
    customers: String,
    lost: String,
    unhappy: String,
    n: String,
}

/// So many values of a dimension are shown.
const VALUES: usize = 15;

/// Shows it.
pub(crate) async fn stage(
    State(web): State<Web>,
    visit: Visit,
    Path((key, name)): Path<(String, String)>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked?;
    let workspace = visit.workspace()?.clone();
    let look = look_at(&web, &workspace, &asked).await?;
    let (journey, stage, view) = (key.clone(), name.clone(), look.part.view.clone());
    let (definition, at, behind) = web
        .ask(move |e| {
            let definition = definition_of(e, workspace.id, &journey)?;
            let at = definition.stages.iter().position(|s| s.key == stage);
            let at = at.ok_or_else(|| EngineError::NotFound(format!("stage `{stage}` in journey `{journey}`")))?;
            let behind = e.behind_stage(workspace.id, &journey, at, &view)?;
            Ok((definition, at, behind))
        })
        .await?;
    let designed = &definition.stages[at];
    let stage = if designed.name.is_empty() { designed.key.clone() } else { designed.name.clone() };
    let frame = Frame::new(&web, visit, Room::Journeys, format!("Behind {stage}")).await?;
    let mut dimensions: Vec<Dimension> = Vec::new();
    let mut last = "";
    for one in behind.iter() {
        if one.dimension != last {
            last = &one.dimension;
            let name = one.dimension.split_once(':').map_or(one.dimension.as_str(), |(_, name)| name);
            let name = format::name(name);
            dimensions.push(Dimension { name, lines: Vec::new(), left_out: 0 });
        }
        if let Some(dimension) = dimensions.last_mut() {
            match dimension.lines.len() < VALUES {
                true => dimension.lines.push(line(one, &key, &name, &look, &frame)),
                false => dimension.left_out += 1,
            }
        }
    }
    let back = frame.to(match look.part.query.as_str() {
        "" => format!("/journeys/{key}"),
        query => format!("/journeys/{key}?{query}"),
    });
    let part = [&look.part.window, &look.part.met].into_iter().filter(|words| !words.is_empty());
    let sub = part.map(|words| format!("{}.", sentence(words))).collect::<Vec<_>>().join(" ");
    let unit = definition.subject.clone().unwrap_or_else(|| "journey".to_owned());
    page(&StagePage { frame, journey: definition.name.clone(), stage, back, sub, unit, dimensions })
}

fn line(one: &BehindStage, key: &str, stage: &str, look: &Look, frame: &Frame) -> Line {
    let share = |part: u64, of: u64| {
        wilson(part, of).map_or_else(
            || "–".to_owned(),
            |e| format!("{}, {}", format::percent(e.value), format::percent_interval(&e)),
        )
    };
    let (figures, only) = (&one.figures, look.at_only(&one.dimension, &one.value));
    let figure = format!("figure={}", percent_encoded(&format!("reached.{stage}")));
    Line {
        value: one.value.clone(),
        map: frame.to(format!("/journeys/{key}?{only}&compare=others")),
        reached: format::count(figures.reached.instances),
        people: frame.to(format!("/journeys/{key}/people?{}", joined(&figure, &only))),
        customers: format::count(figures.reached.customers),
        lost: share(figures.lost, figures.lost + figures.finished),
        unhappy: share(figures.dissatisfied, figures.answered),
        n: format::count(figures.answered),
    }
}
