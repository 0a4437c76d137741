//! An initiative that was tried before anybody looked: begun by a program, at a pain point's name.

use crate::accounts::{Aim, Initiative, InitiativeState, begin_initiative};
use crate::console::finding_title;
use crate::figures::pain_name;
use crate::format;
use throughline_interactions::{Currency, Money, Timestamp, Zone};
use throughline_pipeline::{Asked, Engine, EngineError, Workspace};

const DAY: i64 = 86_400_000_000;

/// What was tried, and against which pain point.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    /// `event`, `ref`, `property`, …: see `throughline_journeys::pain_points::Name`.
    pub kind: &'a str,
    /// Such as `carrier`; empty for kinds without.
    pub dimension: &'a str,
    /// The value.
    pub value: &'a str,
    /// What was done, in words.
    pub what: &'a str,
    /// Who saw to it.
    pub owner: &'a str,
    /// What it cost, in whole units of the workspace's currency.
    pub cost: i64,
    /// Since when.
    pub from: Timestamp,
    /// For how many days.
    pub days: u32,
}

/// Begins it in a workspace's first journey, with half of the share before as its target, and gives
/// its number; `None` where the pain point is not found, or nobody met it before.
pub fn begin_trial(
    engine: &Engine,
    workspace: &Workspace,
    trial: &Trial<'_>,
    now: Timestamp,
) -> Result<Option<u64>, EngineError> {
    let Some(journey) = engine.journeys(workspace.id)?.into_iter().next() else { return Ok(None) };
    let found = engine.pain_points(workspace.id, &journey.key)?;
    let is_meant = |kind: &str, dimension: &str, value: &str| {
        (kind, dimension, value) == (trial.kind, trial.dimension, trial.value)
    };
    let finding = found.findings.iter().find(|f| is_meant(&f.name.kind, &f.name.dimension, &f.name.value));
    let Some(finding) = finding else { return Ok(None) };
    let asked = Asked {
        journey: journey.key.clone(),
        key: finding.key,
        outcome: finding.outcome,
        start: trial.from.0,
        days: trial.days,
        met: None,
    };
    let Some(before) = engine.effect(workspace.id, &asked)?.effect.exposure.before.estimate() else { return Ok(None) };
    let zone = Zone::new(&workspace.zone).ok();
    let ends = Timestamp(trial.from.0 + i64::from(trial.days) * DAY);
    let cost =
        Currency::new(&workspace.currency).ok().and_then(|c| Money::from_decimal(&trial.cost.to_string(), c).ok());
    let initiative = Initiative {
        id: 0,
        workspace: workspace.id,
        title: finding_title(&finding.name, &journey),
        what: trial.what.to_owned(),
        owner: trial.owner.to_owned(),
        cost: cost.map_or(0, |c| c.minor),
        journey: journey.key.clone(),
        figure: pain_name(finding),
        met: None,
        aim: Aim::Exposure,
        target: before.value / 2.0,
        starts: format::iso_day(trial.from, zone.as_ref()),
        ends: format::iso_day(ends, zone.as_ref()),
        state: if ends > now { InitiativeState::Running } else { InitiativeState::Ended },
        created_at: trial.from,
        created_by: trial.owner.to_owned(),
        changed_at: ends.min(now),
        changed_by: trial.owner.to_owned(),
    };
    Ok(Some(engine.store().write(|tx| begin_initiative(tx, &initiative))?))
}
