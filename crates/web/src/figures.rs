//! Figures by their names in addresses: `reached.receive`, `lost.ship`, `promise.delivery.day.broken`,
//! `pain.promise.0.dissatisfaction`. Stages and promises by their keys, so that a link outlives a
//! change of the design.

use crate::errors::Problem;
use crate::state::Web;
use crate::view::{AskedPart, Look};
use serde_json::json;
use throughline_interactions::{Timestamp, WorkspaceId, Zone};
use throughline_journeys::pain_points::{Finding, Key, Kind, Outcome};
use throughline_journeys::{Definition, Fate, Figure, Part, PromiseReading, Series, TimeRange};
use throughline_pipeline::{Engine, EngineError, Person, View, Workspace};

/// What a figure's name asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Figure(Figure),
    Pain(Key, Outcome),
    /// A series, from and until in seconds since 1970.
    Week(Series, i64, i64),
    Outcome(Outcome),
    Effect(Effect),
    WorthCalling,
}

/// A share of what changed since an initiative began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) key: Key,
    pub(crate) outcome: Outcome,
    /// The moment at which it began, in microseconds, and the days of either window.
    pub(crate) start: i64,
    pub(crate) days: u32,
    pub(crate) is_after: bool,
    pub(crate) part: Part,
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
        ["worth-calling"] => return Some(Asked::WorthCalling),
        ["outcome", key] => return Some(Asked::Outcome(Outcome::of_key(definition, key)?)),
        ["pain", kind, id, outcome] => {
            let key = Key { kind: of(&KINDS, kind)?, id: u64::from_str_radix(id, 16).ok()? };
            return Some(Asked::Pain(key, Outcome::of_key(definition, outcome)?));
        }
        ["effect", kind, id, outcome, start, days, window, part] => {
            return Some(Asked::Effect(Effect {
                key: Key { kind: of(&KINDS, kind)?, id: u64::from_str_radix(id, 16).ok()? },
                outcome: Outcome::of_key(definition, outcome)?,
                start: start.parse().ok().filter(|s| (-MOST_MICROS..MOST_MICROS).contains(s))?,
                days: days.parse().ok().filter(|d| (1..=3_660).contains(d))?,
                is_after: of(&[(false, "before"), (true, "after")], window)?,
                part: of(&PARTS, part)?,
            }));
        }
        ["week", from, until, ref series @ ..] => {
            let number = |text: &str| text.parse::<u32>().ok();
            let series = match *series {
                ["started"] => Series::Started,
                ["unfinished", days] => Series::Unfinished { days: number(days)? },
                ["stopped", s, days] => Series::Stopped { stage: stage(s)?, days: number(days)? },
                ["slow", s, seconds] => Series::Slow { stage: stage(s)?, seconds: number(seconds)? },
                ["broken", kind] => Series::Broken { rule: definition.promises.iter().position(|p| p.kind == kind)? },
                ["unhappy"] => Series::Unhappy,
                _ => return None,
            };
            return Some(Asked::Week(series, number(from)?.into(), number(until)?.into()));
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
const PARTS: [(Part, &str); 4] = [
    (Part::Exposure, "exposure"),
    (Part::Exposed, "exposed"),
    (Part::Unexposed, "unexposed"),
    (Part::Overall, "overall"),
];
/// Moments further from 1970 than this, in microseconds, are nobody's.
const MOST_MICROS: i64 = 100_000_000_000_000_000;

fn of<T: Copy>(known: &[(T, &str)], name: &str) -> Option<T> {
    known.iter().find(|(_, n)| *n == name).map(|(value, _)| *value)
}

fn name_of<T: PartialEq + Copy>(of: &[(T, &'static str)], value: T) -> &'static str {
    of.iter().find(|(v, _)| *v == value).map_or("", |(_, n)| n)
}

/// The name of a reading.
pub(crate) fn reading_name(reading: PromiseReading) -> &'static str {
    name_of(&READINGS, reading)
}

/// The name of a finding's people.
pub(crate) fn pain_name(finding: &Finding) -> String {
    format!("pain.{}.{:x}.{}", name_of(&KINDS, finding.key.kind), finding.key.id, finding.outcome_key)
}

/// The name of the people of a share of what changed; `pain` is the finding's own name, as
/// [`pain_name`] gives it.
pub(crate) fn effect_name(pain: &str, start: i64, days: u32, is_after: bool, part: Part) -> String {
    let (of, window) = (pain.trim_start_matches("pain."), if is_after { "after" } else { "before" });
    format!("effect.{of}.{start}.{days}.{window}.{}", name_of(&PARTS, part))
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
        Some(Asked::Week(series, from, until)) => {
            let range = TimeRange { from: Timestamp(from * 1_000_000), until: Timestamp(until * 1_000_000) };
            Ok(engine.week_people(workspace, journey, series, range)?.people())
        }
        Some(Asked::WorthCalling) => engine.everybody_worth_calling(workspace, journey),
        Some(Asked::Outcome(outcome)) => engine.outcome_people(workspace, journey, outcome, view),
        Some(Asked::Effect(e)) => {
            let asked = throughline_pipeline::Asked {
                journey: journey.to_owned(),
                key: e.key,
                outcome: e.outcome,
                start: e.start,
                days: e.days,
                met: view.met.clone(),
            };
            engine.effect_people(workspace, &asked, e.is_after, e.part)
        }
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
        let week = parse_figure(definition, "week.1700000000.1700604800.stopped.ship.5");
        let stopped = Series::Stopped { stage: 2, days: 5 };
        assert_eq!(week, Some(Asked::Week(stopped, 1_700_000_000, 1_700_604_800)));
        assert_eq!(parse_figure(definition, "week.1.2.stopped.nowhere.5"), None);
        let late = definition.outcomes.iter().position(|o| o.key == "late").unwrap() as u8;
        assert_eq!(parse_figure(definition, "outcome.late"), Some(Asked::Outcome(Outcome::Designed(late))));
        let name = effect_name("pain.promise.0.late", -5, 30, true, Part::Overall);
        let expected = Effect {
            key: Key { kind: Kind::Promise, id: 0 },
            outcome: Outcome::Designed(late),
            start: -5,
            days: 30,
            is_after: true,
            part: Part::Overall,
        };
        assert_eq!(parse_figure(definition, &name), Some(Asked::Effect(expected)));
        for wrong in
            ["effect.promise.0.late.x.30.after.overall", "effect.promise.0.late.5.0.after.overall", "outcome.no"]
        {
            assert_eq!(parse_figure(definition, wrong), None, "{wrong}");
        }
    }
}
