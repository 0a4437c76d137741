//! A look back over what was taken last: which events there are, what each says, and what a plan would
//! have kept aside. It reads the ledger from its end, as far as asked for.

use crate::{Engine, EngineError, folding::decode};
use std::collections::BTreeMap;
use throughline_interactions::{Interaction, SourceId, Timestamp, WorkspaceId};
use throughline_ledger::FrameKind;
use throughline_rules::{Breach, Check, Plan, Shape, said};

/// Frames read at a time.
const PAGE: u64 = 20_000;
/// The farthest that is looked back, in interactions.
pub const FARTHEST: u64 = 200_000;
/// Interactions of one event that a shape is learned from.
const LEARNED_FROM: u64 = 20_000;
/// Examples of what did not fit.
const EXAMPLES: usize = 5;

/// What came last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recent {
    /// Interactions that were looked at.
    pub looked_at: u64,
    /// When the first of them was received.
    pub since: Option<Timestamp>,
    /// How many of each event, and from which sources, by name.
    pub events: BTreeMap<String, (u64, BTreeMap<String, u64>)>,
}

/// What an event says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learned {
    /// Its shape.
    pub shape: Shape,
    /// Interactions of any event that were looked at.
    pub looked_at: u64,
    /// When the first of them was received.
    pub since: Option<Timestamp>,
}

/// What a plan would have done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tried {
    /// Interactions of the event.
    pub of: u64,
    /// Those that do not fit.
    pub unfit: u64,
    /// What does not fit, and how often, the most frequent first: a field and a message each.
    pub breaches: Vec<(Breach, u64)>,
    /// Message ids of some that do not fit.
    pub examples: Vec<String>,
    /// When the first interaction that was looked at was received.
    pub since: Option<Timestamp>,
}

impl Engine {
    /// Hands the latest interactions of a workspace to `each`, newest page first, until it has seen
    /// [`FARTHEST`] or says to stop. What the product itself noted is left out. Says how many there were, and
    /// when the first of them was received.
    fn look_back(
        &self,
        workspace: WorkspaceId,
        mut each: impl FnMut(Interaction) -> bool,
    ) -> Result<(u64, Option<Timestamp>), EngineError> {
        let ledger = &self.inner().ledger;
        let (mut end, mut seen, mut since) = (ledger.last_position(), 0, None);
        while end > 0 && seen < FARTHEST {
            let begin = end.saturating_sub(PAGE - 1).max(1);
            let mut from = begin;
            while from <= end {
                let frames = ledger.read_from(from, (end - from + 1) as usize, 64 << 20)?;
                let Some(last) = frames.last().map(|f| f.header.position) else { break };
                let own = frames.iter().filter(|f| {
                    f.header.workspace == workspace.0 && f.header.kind == FrameKind::Interaction && !f.header.erased
                });
                for frame in own {
                    let i = decode(frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                    if i.source.as_str() == SourceId::SYSTEM {
                        continue;
                    }
                    seen += 1;
                    let at = i.received_at;
                    since = Some(since.map_or(at, |s: Timestamp| s.min(at)));
                    if !each(i) {
                        return Ok((seen, since));
                    }
                }
                from = last + 1;
            }
            end = begin - 1;
        }
        Ok((seen, since))
    }

    /// Which events came last, and how often.
    pub fn recent_events(&self, workspace: WorkspaceId) -> Result<Recent, EngineError> {
        let mut recent = Recent::default();
        (recent.looked_at, recent.since) = self.look_back(workspace, |i| {
            let (n, sources) = recent.events.entry(i.event).or_default();
            *n += 1;
            *sources.entry(i.source.as_str().to_owned()).or_default() += 1;
            true
        })?;
        Ok(recent)
    }

    /// What the latest interactions of an event say.
    pub fn learn(&self, workspace: WorkspaceId, event: &str) -> Result<Learned, EngineError> {
        let mut shape = Shape::default();
        let (looked_at, since) = self.look_back(workspace, |i| {
            if i.event == event {
                shape.note(&said(&i));
            }
            shape.seen < LEARNED_FROM
        })?;
        Ok(Learned { shape, looked_at, since })
    }

    /// What a plan would have done to the latest interactions of its event.
    pub fn try_plan(&self, workspace: WorkspaceId, plan: &Plan) -> Result<Tried, EngineError> {
        let check = Check::new(plan).map_err(|e| EngineError::Refused(e.to_string()))?;
        let mut tried = Tried::default();
        let mut counts: BTreeMap<String, (Breach, u64)> = BTreeMap::new();
        let (_, since) = self.look_back(workspace, |i| {
            if i.event != plan.event {
                return true;
            }
            tried.of += 1;
            let breaches = check.breaches(&said(&i));
            if breaches.is_empty() {
                return true;
            }
            tried.unfit += 1;
            if tried.examples.len() < EXAMPLES {
                tried.examples.push(i.message_id);
            }
            // The same field often says something else each time; one of them is told.
            for breach in breaches {
                let rule = breach.message.rsplit(" is ").next().unwrap_or_default().to_owned();
                let of_field = format!("{}\u{0}{rule}", breach.field);
                counts.entry(of_field).or_insert((breach, 0)).1 += 1;
            }
            true
        })?;
        tried.since = since;
        tried.breaches = counts.into_values().collect();
        tried.breaches.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        Ok(tried)
    }
}
