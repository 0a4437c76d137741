//! Figures by their names in addresses: `reached.receive`, `lost.ship`, `promise.delivery.day.broken`,
//! `pain.promise.0.dissatisfaction`. Stages and promises by their keys, so that a link outlives a
//! change of the design.

use crate::errors::Problem;
use crate::state::Web;
use crate::view::{AskedPart, Look};
use serde_json::json;
use throughline_interactions::{WorkspaceId, Zone};
use throughline_journeys::pain_points::{Finding, Key, Kind, Outcome};
use throughline_journeys::{Definition, Fate, Figure, PromiseReading};
use throughline_pipeline::{Engine, EngineError, Person, View, Workspace};

/// What a figure's name asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Figure(Figure),
    Pain(Key, Outcome),
}

/// Reads a name for a journey; `None` if the journey has no such figure.
pub(crate) fn parse_figure(definition: &Definition, name: &str) -> Option<Asked> {
    let parts: Vec<&str> = name.split('.').collect();
    let stage = |key: &str| definition.stages.iter().position(|s| s.key == key);
    let figure = match parts[..] {
        ["started"] => Figure::Started,
        ["finished"] => Figure::Finished,
        ["dropped"] => Figure::Dropped,
        ["waiting"] => Figure::Waiting,
        ["answered"] => Figure::Answered,
        ["dissatisfied"] => Figure::Dissatisfied,
        ["reached", s] => Figure::Reached(stage(s)?),
        ["continued", s] => Figure::Continued(stage(s)?),
        ["lost", s] => Figure::LostAt(stage(s)?),
        ["waiting", s] => Figure::WaitingAt(stage(s)?),
        ["finished", s] => Figure::FinishedAt(stage(s)?),
        ["skipped", s] => Figure::Skipped(stage(s)?),
        ["answered", s] => Figure::AnsweredAt(stage(s)?),
        ["dissatisfied", s] => Figure::DissatisfiedAt(stage(s)?),
        ["friction", s] => Figure::FrictionAt(stage(s)?),
        ["promise", kind, reading, fate] => Figure::Promise {
            rule: definition.promises.iter().position(|p| p.kind == kind)?,
            reading: READINGS.iter().find(|(_, n)| *n == reading)?.0,
            fate: FATES.iter().find(|(_, n)| *n == fate)?.0,
        },
        ["pain", kind, id, outcome] => {
            let kind = KINDS.iter().find(|(_, n)| *n == kind)?.0;
            let outcome = OUTCOMES.iter().find(|(_, n)| *n == outcome)?.0;
            return Some(Asked::Pain(Key { kind, id: u64::from_str_radix(id, 16).ok()? }, outcome));
        }
        _ => return None,
    };
    Some(Asked::Figure(figure))
}

const READINGS: [(PromiseReading, &str); 3] =
    [(PromiseReading::Declared, "declared"), (PromiseReading::Instant, "instant"), (PromiseReading::Day, "day")];
const FATES: [(Fate, &str); 5] = [
    (Fate::Promised, "promised"),
    (Fate::Kept, "kept"),
    (Fate::Broken, "broken"),
    (Fate::Open, "open"),
    (Fate::NotDelivered, "not-delivered"),
];
const KINDS: [(Kind, &str); 6] = [
    (Kind::Promise, "promise"),
    (Kind::NotReached, "stage"),
    (Kind::Event, "event"),
    (Kind::Repeated, "repeated"),
    (Kind::Attribute, "attribute"),
    (Kind::Channel, "channel"),
];
const OUTCOMES: [(Outcome, &str); 2] = [(Outcome::Dissatisfaction, "dissatisfaction"), (Outcome::DropOut, "drop-out")];

fn name_of<T: PartialEq + Copy>(of: &[(T, &'static str)], value: T) -> &'static str {
    of.iter().find(|(v, _)| *v == value).map_or("", |(_, n)| n)
}

/// The name of a reading.
pub(crate) fn reading_name(reading: PromiseReading) -> &'static str {
    name_of(&READINGS, reading)
}

/// The name of a finding's people.
pub(crate) fn pain_name(finding: &Finding) -> String {
    let (kind, outcome) = (name_of(&KINDS, finding.key.kind), name_of(&OUTCOMES, finding.outcome));
    format!("pain.{kind}.{:x}.{outcome}", finding.key.id)
}

/// What of a journey an address asks for, in the days of the workspace.
pub(crate) async fn look_at(web: &Web, workspace: &Workspace, asked: &AskedPart) -> Result<Look, Problem> {
    let id = workspace.id;
    let data_until = web.ask(move |e| e.data_until(id)).await?;
    asked.look(Zone::new(&workspace.zone).ok().as_ref(), data_until)
}

/// The customers behind a figure by its name.
pub(crate) fn people_behind(
    engine: &Engine,
    workspace: WorkspaceId,
    journey: &str,
    name: &str,
    view: &View,
) -> Result<Vec<Person>, EngineError> {
    let definition = engine
        .journeys(workspace)?
        .into_iter()
        .find(|d| d.key == journey)
        .ok_or_else(|| EngineError::NotFound(format!("journey `{journey}`")))?;
    match parse_figure(&definition, name) {
        Some(Asked::Figure(figure)) => engine.people(workspace, journey, figure, view),
        Some(Asked::Pain(key, outcome)) => engine.pain_point_people(workspace, journey, key, outcome, view),
        None => Err(EngineError::NotFound(format!("figure {} in journey `{journey}`", json!(name)))),
    }
}

/// Reads a customer's id: sixteen hexadecimal digits.
pub(crate) fn customer_id(text: &str) -> Result<u64, Problem> {
    let id = (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
    id.ok_or_else(|| Problem::NotFound("there is no such customer: an id has sixteen hexadecimal digits".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use throughline_journeys::default_definitions;

    #[test]
    fn names_of_figures() {
        let definition = &default_definitions()[0];
        let check = |name: &str, expected: Option<Figure>| {
            assert_eq!(parse_figure(definition, name), expected.map(Asked::Figure), "{name}");
        };
        check("started", Some(Figure::Started));
        check("reached.receive", Some(Figure::Reached(3)));
        check("lost.ship", Some(Figure::LostAt(2)));
        check("reached.nowhere", None);
        check("", None);
        let broken = Figure::Promise { rule: 0, reading: PromiseReading::Day, fate: Fate::Broken };
        check("promise.delivery.day.broken", Some(broken));
        let pain = parse_figure(definition, "pain.event.ff.drop-out");
        assert_eq!(pain, Some(Asked::Pain(Key { kind: Kind::Event, id: 255 }, Outcome::DropOut)));
    }
}
