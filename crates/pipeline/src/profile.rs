//! The profile: what is known of one customer at a glance, each with what it was counted from.
//!
//! Nothing of it is kept: it is worked out from the same rows and by the same rules as maps and scorecards, when
//! somebody asks. What was said is read from facts, what is guessed is marked as a guess.

mod consent;
mod figures;
mod inferred;
mod region;
mod stated;

pub use consent::{CONSENT_RULE, ConsentWord, PurposeConsent};
pub use figures::{CustomerStage, Spend, StageState};
pub use inferred::Inferred;
pub use region::Region;
pub use stated::{Stated, StatedBy};

pub(crate) use consent::{Words, forget_words};

use crate::story::{CustomerFigure, Feeling, PromiseOutcome, Reading, Said, StoryPage, StoryPageQuery};
use crate::{Engine, EngineError};
use figures::Lived;
use serde::Serialize;
use throughline_customers::{CustomerProfile, CustomerRow, IdentifierOf, Trait};
use throughline_interactions::{Timestamp, WorkspaceId};

/// Places in the ledger that a figure names; it opens all of them.
const NAMED: usize = 20;

/// A number and what it was counted from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counted {
    /// How many.
    pub n: u64,
    /// The story's filter that shows what was counted.
    pub figure: String,
    /// The first of what was counted, by their places in the ledger.
    pub positions: Vec<u64>,
    /// How it is counted.
    pub how: String,
}

/// One interaction that something was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// Its place in the ledger.
    pub position: u64,
    /// Its event.
    pub event: String,
}

/// The last answer on a scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastAnswer {
    /// Where and when.
    pub seen: Seen,
    /// The answer with its scale.
    pub said: Said,
    /// In a word.
    pub feeling: Feeling,
    /// Answers in all.
    pub answers: Counted,
}

/// The last thing that somebody wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastWords {
    /// Where and when.
    pub seen: Seen,
    /// What they wrote, at most a thousand characters of it.
    pub text: String,
    /// How they felt, where they said it on a scale as well.
    pub feeling: Option<Feeling>,
}

/// What was worked out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Computed {
    /// The first interaction; `None` for somebody who was only told about.
    pub first_seen: Option<Seen>,
    /// The last interaction.
    pub last_seen: Option<Seen>,
    /// The last thing that they did themselves.
    pub last_did: Option<Seen>,
    /// Interactions, without those of machines and of the brand's own people.
    pub interactions: u64,
    /// Orders; `None` where no journey is about orders.
    pub orders: Option<Counted>,
    /// What they came to, by currency.
    pub spend: Vec<Spend>,
    /// Orders of which something came back.
    pub returns: Option<Counted>,
    /// The last answer that is read as satisfaction.
    pub satisfaction: Option<LastAnswer>,
    /// Where they stand in the workspace's first journey.
    pub stage: Option<CustomerStage>,
    /// Times that they turned to the help desk.
    pub contacts: Counted,
    /// Promises that were kept.
    pub promises_kept: Counted,
    /// Promises that were not.
    pub promises_broken: Counted,
    /// The promise that was settled last, or is overdue.
    pub last_promise: Option<PromiseOutcome>,
    /// What they wrote last.
    pub last_words: Option<LastWords>,
}

/// All that is known of one customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// As in the list.
    pub customer: CustomerRow,
    /// All identifiers.
    pub identifiers: Vec<IdentifierOf>,
    /// What was told of them.
    pub traits: Vec<Trait>,
    /// What was worked out.
    pub computed: Computed,
    /// What they said they need or like.
    pub stated: Vec<Stated>,
    /// What their doing suggests.
    pub inferred: Vec<Inferred>,
    /// What they speak.
    pub language: Option<Region>,
    /// Where their clock is.
    pub zone: Option<Region>,
    /// What they allow, by purpose, with every word about it.
    pub consents: Vec<PurposeConsent>,
    /// Which word holds.
    pub consent_rule: &'static str,
}

impl Engine {
    /// The profile of a customer that was just read.
    pub fn profile(&self, workspace: WorkspaceId, of: CustomerProfile) -> Result<Profile, EngineError> {
        self.profile_of(&self.reading(workspace, of.row.id)?, of)
    }

    /// The profile and a page of the story, read once.
    pub fn told(
        &self,
        workspace: WorkspaceId,
        profile: &CustomerProfile,
        query: &StoryPageQuery,
    ) -> Result<(Profile, StoryPage), EngineError> {
        let reading = self.reading(workspace, profile.row.id)?;
        let page = self.page_of(&reading, profile, query)?;
        Ok((self.profile_of(&reading, profile.clone())?, page))
    }

    fn profile_of(&self, reading: &Reading, of: CustomerProfile) -> Result<Profile, EngineError> {
        let workspace = reading.brand.workspace.id;
        let nodes: Vec<_> = of.identifiers.iter().map(|i| i.node).collect();
        let lived = self.lived(reading)?;
        let recent = self.recent_own(reading)?;
        let zone = region::zone(&of.traits, &recent);
        Ok(Profile {
            computed: self.computed(reading, &of.row, &lived)?,
            stated: self.stated(reading, &of.traits)?,
            inferred: self.inferred(reading, zone.as_ref())?,
            language: region::language(&of.traits, zone.as_ref()),
            zone,
            consents: self.consent_ledger(workspace, &nodes)?,
            consent_rule: CONSENT_RULE,
            customer: of.row,
            identifiers: of.identifiers,
            traits: of.traits,
        })
    }

    fn computed(&self, reading: &Reading, row: &CustomerRow, lived: &Lived) -> Result<Computed, EngineError> {
        let m = &reading.moments;
        let seen = |place: u32| seen(reading, place);
        let at = |moment: Timestamp, mut places: Box<dyn Iterator<Item = u32>>| {
            let found = places.find(|p| m.all[*p as usize].at == moment.0);
            found.filter(|_| row.last_seen.0 != 0).map(seen)
        };
        let all = 0..m.all.len() as u32;
        let counted = |places: &[u32], figure: CustomerFigure, how: String| Counted {
            n: places.len() as u64,
            figure: figure.key(),
            positions: places.iter().take(NAMED).map(|p| m.all[*p as usize].position).collect(),
            how,
        };
        let about = lived.orders_of.as_deref();
        let answer = lived.answers.last().and_then(|p| m.scores.iter().rfind(|s| s.place == *p));
        let settled = reading.fates.iter().filter(|f| f.is_kept().is_some());
        let settled_at = |f: &&crate::story::Fate| f.settled.map_or(f.outcome.deadline.0, |p| m.all[p as usize].at);
        Ok(Computed {
            first_seen: at(row.first_seen, Box::new(all.clone())),
            last_seen: at(row.last_seen, Box::new(all.clone().rev())),
            last_did: all.rev().find(|p| m.is_own(*p)).map(seen),
            interactions: row.interactions,
            orders: about.map(|j| counted(&lived.orders, CustomerFigure::Orders, figures::how_orders(j))),
            spend: lived.spend.clone(),
            returns: about.map(|j| counted(&lived.returns, CustomerFigure::Returns, figures::how_returns(j))),
            satisfaction: answer.map(|s| LastAnswer {
                seen: seen(s.place),
                said: s.into(),
                feeling: Feeling::of_share(s.share()),
                answers: counted(&lived.answers, CustomerFigure::Answers, figures::HOW_ANSWERS.to_owned()),
            }),
            stage: lived.stage.clone(),
            contacts: counted(&figures::contacts(m), CustomerFigure::Contacts, figures::HOW_CONTACTS.to_owned()),
            promises_kept: counted(&lived.kept, CustomerFigure::Kept, figures::HOW_PROMISES.to_owned()),
            promises_broken: counted(&lived.broken, CustomerFigure::Broken, figures::HOW_PROMISES.to_owned()),
            last_promise: settled.max_by_key(settled_at).map(|f| f.outcome.clone()),
            last_words: self.last_words(reading)?,
        })
    }

    /// The last text that is the customer's own.
    fn last_words(&self, reading: &Reading) -> Result<Option<LastWords>, EngineError> {
        let m = &reading.moments;
        let wrote = |p: &u32| m.all[*p as usize].has_text && m.is_own(*p);
        let Some(place) = (0..m.all.len() as u32).rev().find(wrote) else { return Ok(None) };
        let fact = self.facts(reading, &[place])?.into_iter().next();
        let text = fact.and_then(|(_, f)| f.text).map(|t| t.trim().chars().take(1_000).collect());
        let feeling = m.scores.iter().find(|s| s.place == place).map(|s| Feeling::of_share(s.share()));
        Ok(text.map(|text| LastWords { seen: seen(reading, place), text, feeling }))
    }
}

/// A place as evidence.
pub(crate) fn seen(reading: &Reading, place: u32) -> Seen {
    let moment = &reading.moments.all[place as usize];
    Seen { at: Timestamp(moment.at), position: moment.position, event: reading.moments.event(place).to_owned() }
}
