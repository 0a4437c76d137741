//! The story: everything between one customer and the brand on one column of time.
//!
//! What holds it together — groups, promises, the curve — is worked out from the timeline alone, whatever its
//! length; facts are read from the ledger only for what a page shows, or for a search in what they say.

mod curve;
mod feeling;
mod figure;
mod filter;
mod groups;
mod joined;
mod moments;
mod promises;
mod reading;
mod told;

pub use curve::{CurvePoint, Said, Signal};
pub use feeling::Feeling;
pub use figure::CustomerFigure;
pub use filter::{StoryFilter, StoryKind};
pub use groups::GroupKind;
pub use joined::Joined;
pub use promises::{PromiseOutcome, PromiseState};
pub use told::{Step, StoryGroup, StoryItem, StoryPage, StoryPageQuery, VisitSum, What};

pub(crate) use groups::Group;
pub(crate) use moments::{Bond, Moments};
pub(crate) use promises::Fate;
pub(crate) use reading::Reading;

use crate::{Engine, EngineError};
use promises::fates;
use serde::Serialize;
use throughline_interactions::{Interaction, WorkspaceId};
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

impl Engine {
    /// A customer's story, in the order of what happened.
    pub fn story(&self, workspace: WorkspaceId, id: u64, query: &StoryQuery) -> Result<Story, EngineError> {
        let reading = self.reading(workspace, id)?;
        let total = reading.moments.all.len();
        let places = 0..total as u32;
        let part = |all: &mut dyn Iterator<Item = u32>| all.skip(query.offset).take(query.limit).collect::<Vec<_>>();
        let places = if query.newest_first { part(&mut places.rev()) } else { part(&mut places.into_iter()) };
        Ok(Story { total, entries: self.entries(&reading, &places)? })
    }

    /// The story of facts that are not in the ledger, in their order: what a preview shows.
    pub fn story_of(&self, workspace: WorkspaceId, facts: Vec<Interaction>) -> Result<Vec<StoryEntry>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let journeys = self.journeys(workspace)?;
        let numbered = facts.iter().map(|f| (0, f));
        let moments = Moments::of_facts(numbered, &brand.zone(), |kind, value| brand.attributes.hash(kind, value));
        let fates = fates(&moments, &journeys, self.now());
        let told = |(place, fact)| entry(place as u32, 0, fact, &fates, &journeys);
        Ok(facts.into_iter().enumerate().map(told).collect())
    }
}

/// Puts promises, stage and feeling to a fact.
pub(crate) fn entry(
    place: u32,
    position: u64,
    interaction: Interaction,
    fates: &[Fate],
    journeys: &[Definition],
) -> StoryEntry {
    let made = fates.binary_search_by_key(&place, |f| f.made).ok();
    StoryEntry {
        stage: stage(&interaction, journeys),
        promise: made.map(|at| fates[at].outcome.clone()),
        keeps: fates.iter().filter(|f| f.settled == Some(place)).map(|f| f.outcome.clone()).collect(),
        feeling: interaction.score.as_ref().map(|s| Feeling::of_share(s.share())),
        position,
        interaction,
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
