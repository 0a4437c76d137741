//! What changed when somebody did something, and whom one can ask how it was.

use crate::brand::Brand;
use crate::folding::decode;
use crate::{Engine, EngineError, Met, View};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;
use throughline_interactions::{Interaction, Timestamp, WorkspaceId};
use throughline_journeys::pain_points::{Key, Outcome, Revenue, Unpriced, Worth};
use throughline_journeys::{
    Compiled, Effect, EffectOf, EffectPass, EffectPeoplePass, Ending, Extent, FollowPass, Instance, PainPoints, Part,
    Person, Scope, Splitter, TimeRange,
};
use throughline_timeline::{ScanOptions, Snapshot};

const DAY: i64 = 86_400_000_000;

/// A pain point of a journey, and when something began to be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Key of the journey.
    pub journey: String,
    /// The pain point.
    pub key: Key,
    /// What it is associated with.
    pub outcome: Outcome,
    /// The moment at which it began, in microseconds.
    pub start: i64,
    /// Days of the window after it, and of the one before it.
    pub days: u32,
    /// Only those that met something, or did not.
    pub met: Option<Met>,
}

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// Shares before and after.
    pub effect: Effect,
    /// Revenue at risk of the customers who started in each window, or why it is not told.
    pub revenue: [Revenue; 2],
    /// The last moment of the data.
    pub end: Timestamp,
}

/// Somebody who can be asked, and what about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Askable {
    /// The customer.
    pub customer: u64,
    /// The ledger's position of the interaction that began what is asked about.
    pub position: u64,
    /// When it began.
    pub start: Timestamp,
}

/// Whom one can ask, and who is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Askables {
    /// Those who can be asked, the last to begin first.
    pub people: Vec<Askable>,
    /// How many have answered about everything already.
    pub answered: u64,
    /// How many were asked about something lately.
    pub asked: u64,
}

impl Engine {
    /// What changed since a day.
    pub fn effect(&self, workspace: WorkspaceId, asked: &Asked) -> Result<std::sync::Arc<Answered>, EngineError> {
        let of = asked.clone();
        self.figure(
            workspace,
            |f| &mut f.effects,
            asked.clone(),
            move |engine, brand, snapshot| {
                let pass = engine.effect_pass(brand, snapshot, &of)?;
                let compiled = pass.of.compiled.clone();
                let (end, length) = (Timestamp(compiled.end), pass.of.length);
                let configured = engine.workspaces()?.into_iter().find(|w| w.id == workspace);
                let worth = configured.and_then(|w| Some(Worth { currency: w.currency, margin: w.margin? }));
                let options = ScanOptions::default();
                let effect = pass.result(&snapshot.scan(&pass, &options)?);
                let points = PainPoints { worth, ..PainPoints::new(compiled) };
                let price = |from: i64, until: i64| match of.start < end.0 {
                    true => priced(snapshot, &points, of.key, from, until, end.0 - of.start),
                    false => Ok(Revenue::Unmeasured { reason: Unpriced::NothingFound }),
                };
                let revenue = [price(of.start - length, of.start)?, price(of.start, of.start + length)?];
                Ok(Answered { effect, revenue, end })
            },
        )
    }

    /// The customers of one of its shares, before or after.
    pub fn effect_people(
        &self,
        workspace: WorkspaceId,
        asked: &Asked,
        is_after: bool,
        part: Part,
    ) -> Result<Vec<Person>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let pass = self.effect_pass(&brand, &snapshot, asked)?;
        Ok(snapshot.scan(&EffectPeoplePass { pass, is_after, part }, &ScanOptions::default())?.people())
    }

    fn effect_pass(&self, brand: &Brand, snapshot: &Snapshot, asked: &Asked) -> Result<EffectPass, EngineError> {
        let view = View { met: asked.met.clone(), ..View::default() };
        let compiled = self.compiled_with_returns(brand, snapshot, &asked.journey, &view)?;
        let Asked { key, outcome, start, days, .. } = *asked;
        let of = EffectOf { compiled, key, outcome, start, length: i64::from(days) * DAY };
        let follow = FollowPass(of.clone());
        let follow = follow.result(&snapshot.scan(&follow, &ScanOptions::default())?);
        Ok(EffectPass { of, follow })
    }

    /// Whom of these customers one can ask about the journey: those with an instance that nobody has
    /// answered about; of several the last that is over, or the last. Whoever was asked about any of
    /// the positions `asked` is left out.
    pub fn askable(
        &self,
        workspace: WorkspaceId,
        journey: &str,
        customers: &[u64],
        asked: &HashSet<u64>,
    ) -> Result<Askables, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.compiled(&brand, &snapshot, journey)?;
        let (mut found, mut seen) = (Askables::default(), HashSet::new());
        for &id in customers {
            let Some(customer) = snapshot.customer(id).filter(|_| seen.insert(id)) else { continue };
            let mut splitter = Splitter::new(&compiled, customer.segment());
            let instances = splitter.split(&compiled, &customer);
            let position = |i: &Instance| customer.position(i.start_row() as usize);
            if instances.iter().any(|i| asked.contains(&position(i))) {
                found.asked += 1;
                continue;
            }
            let open = || instances.iter().filter(|i| i.answers.is_empty());
            let over = |i: &&Instance| i.ending != Ending::Waiting;
            match open().rfind(over).or_else(|| open().next_back()) {
                Some(i) => {
                    let start = Timestamp(i.start);
                    found.people.push(Askable { customer: id, position: position(i), start });
                }
                None => found.answered += u64::from(!instances.is_empty()),
            }
        }
        found.people.sort_by_key(|p| (std::cmp::Reverse(p.start), p.customer));
        Ok(found)
    }

    /// The fact at a position of the ledger; `None` if it is another workspace's, or was erased.
    pub fn fact_at(&self, workspace: WorkspaceId, position: u64) -> Result<Option<Interaction>, EngineError> {
        if position == 0 || position > self.status().ledger_position {
            return Ok(None);
        }
        let frames = self.inner().ledger.read_many(&[position])?;
        let known = frames.first().filter(|f| !f.header.erased && f.header.workspace == workspace.0);
        known.map(|f| decode(f).map_err(|e| EngineError::Damaged(e.to_string()))).transpose()
    }
}

/// Revenue at risk of one pain point for customers who started in a window, followed for as long as
/// `followed` allows.
fn priced(
    snapshot: &Snapshot,
    points: &PainPoints,
    key: Key,
    from: i64,
    until: i64,
    followed: i64,
) -> Result<Revenue, EngineError> {
    let range = Some(TimeRange { from: Timestamp(from), until: Timestamp(until) });
    let compiled = Arc::new(Compiled::clone(&points.compiled).within(Scope { range, ..points.compiled.scope }));
    let points = PainPoints { compiled, ..points.clone() };
    let first = snapshot.scan(&Extent, &ScanOptions::default())?.first().map_or(0, |t| t.0);
    let observed = u32::try_from((followed.min(points.compiled.end - first)).max(0) / DAY).unwrap_or(u32::MAX);
    Ok(points.price_of(&[key], observed, snapshot, &ScanOptions::default())?)
}
