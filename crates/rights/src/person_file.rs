//! Everything that is known of one person, gathered for an export: short lists in memory, and the
//! interactions a page at a time.

use crate::retention::{rules, words};
use crate::{Elsewhere, RightsError};
use std::collections::{BTreeMap, HashMap};
use throughline_customers::CustomerProfile;
use throughline_interactions::{Interaction, Node, Precision, Score, Timestamp, WorkspaceId};
use throughline_pipeline::{Engine, EngineError, LastWord, Profile, Within, Workspace};

/// Interactions read at a time.
const PAGE: usize = 500;

/// A source and what it told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceOf {
    /// How many interactions.
    pub interactions: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// One word about a purpose, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consented {
    /// For what.
    pub purpose: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// When.
    pub at: Timestamp,
    /// Who told it.
    pub source: String,
    /// The message that told it.
    pub message_id: String,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// When.
    pub at: Timestamp,
    /// What.
    pub score: Score,
}

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// When it was made.
    pub made_at: Timestamp,
    /// What was promised.
    pub kind: String,
    /// By when.
    pub due: Timestamp,
    /// A day, and not a moment, was named.
    pub is_day: bool,
    /// The last moment at which it is kept.
    pub deadline: Timestamp,
    /// When it was done, if it was.
    pub kept_at: Option<Timestamp>,
    /// The order, ticket or other affair it is about.
    pub about: Option<(String, String)>,
}

/// Everything that is known of one person, but for the interactions themselves.
#[derive(Debug, Clone)]
pub struct PersonFile {
    /// When it was gathered.
    pub made_at: Timestamp,
    /// The brand.
    pub workspace: Workspace,
    /// Identifiers with evidence, and traits with their history.
    pub profile: CustomerProfile,
    /// What was worked out from the interactions: figures, needs, likes, stage, language, zone.
    pub known: Profile,
    /// Segments that the person is in, or was.
    pub segments: Vec<Within>,
    /// What is allowed now.
    pub allowed: Vec<LastWord>,
    /// Every word about a purpose.
    pub consents: Vec<Consented>,
    /// Who told something.
    pub sources: BTreeMap<String, SourceOf>,
    /// Every answer.
    pub scores: Vec<Scored>,
    /// Every promise.
    pub promises: Vec<Promised>,
    /// Orders, tickets and the like, with how many interactions were about each, in the order of the first.
    pub affairs: Vec<(String, String, u64)>,
    /// Messages that were kept aside and never taken.
    pub aside: Vec<Interaction>,
    /// What is kept of them for how long, in words.
    pub retention: Vec<String>,
    /// What rooms above this one keep: notes, questions, exports, by name.
    pub elsewhere: serde_json::Map<String, serde_json::Value>,
    /// Where the interactions stand.
    positions: Vec<u64>,
}

impl PersonFile {
    /// Gathers what is known of a customer, whose id may be an older one.
    pub fn gather(
        engine: &Engine,
        elsewhere: &dyn Elsewhere,
        workspace: WorkspaceId,
        customer: u64,
    ) -> Result<Self, RightsError> {
        let profile = engine.customer(workspace, customer)?;
        let positions = engine.positions_of(workspace, profile.row.id)?;
        let brand = engine.workspaces()?.into_iter().find(|w| w.id == workspace);
        let nodes: Vec<Node> = profile.identifiers.iter().map(|i| i.node).collect();
        let mut file = Self {
            made_at: engine.now(),
            workspace: brand.ok_or_else(|| EngineError::NotFound(format!("workspace {workspace}")))?,
            known: engine.profile(workspace, profile.clone())?,
            segments: engine.segments_of(workspace, profile.row.id)?,
            allowed: engine.allowed_now(workspace, &nodes)?,
            aside: engine.kept_aside_of(workspace, &nodes)?,
            elsewhere: elsewhere.of(workspace, &profile)?,
            consents: Vec::new(),
            sources: BTreeMap::new(),
            scores: Vec::new(),
            promises: Vec::new(),
            affairs: Vec::new(),
            retention: Vec::new(),
            profile,
            positions,
        };
        file.read_through(engine)?;
        let rules = rules(engine.store(), workspace)?;
        file.retention = rules.iter().map(|r| words(&r.keeping)).collect();
        Ok(file)
    }

    /// How many interactions there are.
    pub fn interactions(&self) -> usize {
        self.positions.len()
    }

    /// Hands over all interactions, in the order of the story, some at a time.
    pub fn pages<E: From<EngineError>>(
        &self,
        engine: &Engine,
        mut take: impl FnMut(Vec<Interaction>) -> Result<(), E>,
    ) -> Result<(), E> {
        for page in self.positions.chunks(PAGE) {
            take(engine.facts_at(page)?)?;
        }
        Ok(())
    }

    fn read_through(&mut self, engine: &Engine) -> Result<(), RightsError> {
        let journeys = engine.journeys(self.workspace.id)?;
        // What keeps a promise of a kind: events, and the kind of affair that must be the same.
        let mut keepers: HashMap<&str, (&[String], Option<&str>)> = HashMap::new();
        for j in &journeys {
            for p in &j.promises {
                keepers.entry(&p.kind).or_insert((&p.kept_by, j.subject.as_deref()));
            }
        }
        let zone = throughline_interactions::Zone::new(&self.workspace.zone)
            .map_err(|e| RightsError::Refused(e.to_string()))?;
        let mut affairs: HashMap<(String, String), usize> = HashMap::new();
        // Promises that nothing has kept yet, by kind and affair.
        let mut open: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
        let mut known = std::mem::take(&mut self.affairs);
        let (mut sources, mut consents) = (BTreeMap::<String, SourceOf>::new(), Vec::new());
        let (mut scores, mut promises) = (Vec::new(), Vec::<Promised>::new());
        self.pages::<RightsError>(engine, |page| {
            for i in page {
                let source = sources.entry(i.source.as_str().to_owned()).or_insert_with(|| SourceOf {
                    interactions: 0,
                    first: i.occurred_at,
                    last: i.occurred_at,
                });
                source.interactions += 1;
                source.first = source.first.min(i.occurred_at);
                source.last = source.last.max(i.occurred_at);
                for (purpose, allowed) in &i.consent {
                    consents.push(Consented {
                        purpose: purpose.clone(),
                        allowed: *allowed,
                        at: i.occurred_at,
                        source: i.source.as_str().to_owned(),
                        message_id: i.message_id.clone(),
                    });
                }
                for (kind, list) in &mut open {
                    let Some((kept_by, subject)) = keepers.get(kind.0.as_str()) else { continue };
                    let is_about = match (subject, &kind.1) {
                        (Some(s), Some(v)) => i.refs.iter().any(|r| r.kind == *s && r.value == *v),
                        _ => true,
                    };
                    if kept_by.contains(&i.event) && is_about {
                        for at in list.drain(..) {
                            promises[at].kept_at = Some(i.occurred_at);
                        }
                    }
                }
                open.retain(|_, list| !list.is_empty());
                if let Some(p) = &i.promise {
                    let subject = keepers.get(p.kind.as_str()).and_then(|(_, s)| *s);
                    let affair = subject.and_then(|s| Some((s.to_owned(), i.first_ref(s)?.to_owned())));
                    let value = affair.as_ref().map(|(_, v)| v.clone());
                    open.entry((p.kind.clone(), value)).or_default().push(promises.len());
                    promises.push(Promised {
                        made_at: i.occurred_at,
                        kind: p.kind.clone(),
                        due: p.due,
                        is_day: p.precision == Precision::Day,
                        deadline: p.deadline(i.zone.as_ref().unwrap_or(&zone)).unwrap_or(p.due),
                        kept_at: None,
                        about: affair,
                    });
                }
                scores.extend(i.score.iter().map(|s| Scored { at: i.occurred_at, score: s.clone() }));
                for r in i.refs.iter().filter(|r| throughline_interactions::Ref::is_personal(&r.kind)) {
                    let at = *affairs.entry((r.kind.clone(), r.value.clone())).or_insert_with(|| {
                        known.push((r.kind.clone(), r.value.clone(), 0));
                        known.len() - 1
                    });
                    known[at].2 += 1;
                }
            }
            Ok(())
        })?;
        (self.sources, self.consents, self.scores) = (sources, consents, scores);
        (self.promises, self.affairs) = (promises, known);
        Ok(())
    }
}
