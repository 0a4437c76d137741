//! The story: everything between one customer and the brand on one column of time.

use crate::folding::decode;
use crate::{Engine, EngineError};
use serde::Serialize;
use throughline_interactions::{Interaction, Precision, Promise, Timestamp, WorkspaceId, Zone};
use throughline_journeys::Definition;

/// Which part of a story.
#[derive(Debug, Clone, Copy)]
pub struct StoryQuery {
    /// The last first.
    pub newest_first: bool,
    /// Entries to pass over.
    pub offset: usize,
    /// Entries to give.
    pub limit: usize,
}

/// A part of a story.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// Entries in all.
    pub total: usize,
    /// The entries.
    pub entries: Vec<StoryEntry>,
}

/// One interaction and what is to be said about it.
#[derive(Debug, Clone, Serialize)]
pub struct StoryEntry {
    /// The fact.
    pub interaction: Interaction,
    /// Its place in the ledger.
    pub position: u64,
    /// The journey and the name of the stage it belongs to.
    pub stage: Option<(String, String)>,
    /// What became of the promise it made.
    pub promise: Option<PromiseOutcome>,
    /// Promises that it settled.
    pub keeps: Vec<PromiseOutcome>,
    /// How it felt, where that was said.
    pub feeling: Option<Feeling>,
}

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    /// In time.
    Kept,
    /// Done, but late.
    Late,
    /// Not done, and there is time.
    Open,
    /// Not done, and the time has passed.
    Overdue,
}

/// A promise and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseOutcome {
    /// What was promised.
    pub kind: String,
    /// The named time.
    pub due: Timestamp,
    /// How it was named.
    pub precision: Precision,
    /// The last instant at which it is kept.
    pub deadline: Timestamp,
    /// When it was done.
    pub kept_at: Option<Timestamp>,
    /// How it stands.
    pub state: PromiseState,
    /// How late, in seconds.
    pub late_by_seconds: Option<i64>,
}

/// How something felt, −2 upset to +2 delighted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Feeling {
    /// The value: an answer mapped linearly from its scale.
    pub score: f32,
    /// In a word.
    pub words: &'static str,
}

impl Feeling {
    /// From an answer's share of its scale, 0–1.
    pub fn of_share(share: f64) -> Self {
        let score = (share * 4.0 - 2.0) as f32;
        let words = match score {
            s if s <= -1.5 => "very upset",
            s if s <= -0.75 => "upset",
            s if s < -0.25 => "a little upset",
            s if s <= 0.25 => "neither good nor bad",
            s if s < 0.75 => "fine",
            s if s < 1.5 => "pleased",
            _ => "delighted",
        };
        Self { score, words }
    }
}

impl Engine {
    /// A customer's story, in the order of what happened.
    pub fn story(&self, workspace: WorkspaceId, id: u64, query: &StoryQuery) -> Result<Story, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let id = self.customer(workspace, id).map_or(id, |c| c.row.id);
        let rows = snapshot
            .customer_rows(id)
            .map_err(|e| EngineError::Timeline(e.to_string()))?
            .ok_or_else(|| EngineError::NotFound(format!("customer {id:016x}")))?;
        let positions: Vec<u64> = rows.iter().map(|r| r.position).collect();
        let mut facts = Vec::with_capacity(positions.len());
        for frame in self.inner().ledger.read_many(&positions)? {
            if !frame.header.erased {
                facts.push((frame.header.position, decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?));
            }
        }
        let journeys = self.journeys(workspace)?;
        let entries = entries(facts, &journeys, &brand.zone(), self.now());
        let total = entries.len();
        let part =
            |all: &mut dyn Iterator<Item = StoryEntry>| all.skip(query.offset).take(query.limit).collect::<Vec<_>>();
        let entries =
            if query.newest_first { part(&mut entries.into_iter().rev()) } else { part(&mut entries.into_iter()) };
        Ok(Story { total, entries })
    }

    /// The story of facts that are not in the ledger, in their order: what a preview shows.
    pub fn story_of(&self, workspace: WorkspaceId, facts: Vec<Interaction>) -> Result<Vec<StoryEntry>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let facts = facts.into_iter().map(|f| (0, f)).collect();
        Ok(entries(facts, &self.journeys(workspace)?, &brand.zone(), self.now()))
    }
}

/// Puts promises, stages and feelings to facts in the order of the story.
fn entries(facts: Vec<(u64, Interaction)>, journeys: &[Definition], zone: &Zone, now: Timestamp) -> Vec<StoryEntry> {
    let mut outcomes: Vec<(usize, Option<usize>, PromiseOutcome)> = Vec::new();
    for (at, (_, fact)) in facts.iter().enumerate() {
        let Some(promise) = &fact.promise else { continue };
        let kept = keeper(&facts, at, promise, journeys);
        outcomes.push((at, kept, outcome(fact, promise, kept.map(|k| facts[k].1.occurred_at), zone, now)));
    }
    facts
        .into_iter()
        .enumerate()
        .map(|(at, (position, interaction))| StoryEntry {
            stage: stage(&interaction, journeys),
            promise: outcomes.iter().find(|(p, ..)| *p == at).map(|(.., o)| o.clone()),
            keeps: outcomes.iter().filter(|(_, k, _)| *k == Some(at)).map(|(.., o)| o.clone()).collect(),
            feeling: interaction.score.as_ref().map(|s| Feeling::of_share(s.share())),
            position,
            interaction,
        })
        .collect()
}

/// The first later interaction that does what was promised: an event that a journey names for this
/// kind of promise, about the same affair.
fn keeper(facts: &[(u64, Interaction)], at: usize, promise: &Promise, journeys: &[Definition]) -> Option<usize> {
    let (rule, subject) = journeys
        .iter()
        .find_map(|j| j.promises.iter().find(|p| p.kind == promise.kind).map(|p| (p, j.subject.as_deref())))?;
    let affair = subject.and_then(|kind| facts[at].1.first_ref(kind));
    (at + 1..facts.len()).find(|later| {
        let fact = &facts[*later].1;
        rule.kept_by.contains(&fact.event)
            && match (subject, affair) {
                (Some(kind), Some(value)) => fact.refs.iter().any(|r| r.kind == kind && r.value == value),
                _ => true,
            }
    })
}

fn outcome(
    fact: &Interaction,
    promise: &Promise,
    kept_at: Option<Timestamp>,
    zone: &Zone,
    now: Timestamp,
) -> PromiseOutcome {
    let deadline = promise.deadline(fact.zone.as_ref().unwrap_or(zone)).unwrap_or(promise.due);
    let state = match kept_at {
        Some(at) if at <= deadline => PromiseState::Kept,
        Some(_) => PromiseState::Late,
        None if now <= deadline => PromiseState::Open,
        None => PromiseState::Overdue,
    };
    let late = match state {
        PromiseState::Late => kept_at.map(|at| (at.0 - deadline.0) / 1_000_000),
        PromiseState::Overdue => Some((now.0 - deadline.0) / 1_000_000),
        _ => None,
    };
    PromiseOutcome {
        kind: promise.kind.clone(),
        due: promise.due,
        precision: promise.precision,
        deadline,
        kept_at,
        state,
        late_by_seconds: late,
    }
}

fn stage(fact: &Interaction, journeys: &[Definition]) -> Option<(String, String)> {
    journeys.iter().find_map(|j| {
        let stage = j
            .stages
            .iter()
            .find(|s| s.events.contains(&fact.event) && s.channel.as_ref().is_none_or(|c| *c == fact.channel))?;
        Some((j.name.clone(), stage.name.clone()))
    })
}
