//! Who somebody was at a past time, and what happened to their identity, with dates and reasons.

use crate::folding::decode;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::HashMap;
use throughline_customers::{Change, Happened, IdentifierOf, Ruling, Shared, identifiers_of};
use throughline_interactions::{Identifier, Node, SourceId, Timestamp, WorkspaceId};

/// Somebody as of a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonThen {
    /// The id they had then: the smallest node, 16 hexadecimal digits.
    pub id: String,
    /// Their identifiers then, strongest first.
    pub identifiers: Vec<IdentifierOf>,
}

/// Who a customer's identifiers were as of a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentityThen {
    /// As of when; `None` for now.
    pub as_of: Option<Timestamp>,
    /// One where they were one person then, more where they were several, none where nobody had been seen yet.
    pub people: Vec<PersonThen>,
    /// What happened until then, the oldest first; of many the latest.
    pub changes: Vec<IdentityChange>,
    /// How many changes there were in all.
    pub total: u64,
}

/// An identifier that a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The identifier, as sent.
    #[serde(flatten)]
    pub identifier: Identifier,
    /// Its node, 16 hexadecimal digits.
    pub node: String,
}

/// What kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhatChanged {
    /// A fact showed that two are one.
    Joined,
    /// A fact in which both stood did not count, because the second is shared or was another's.
    HeldBack,
    /// The identifier was somebody else's from then on.
    ChangedHands,
    /// A person took two apart.
    Separated,
    /// A person took that back.
    Rejoined,
    /// A person said that the identifier is one person's.
    Allowed,
    /// A person said that the identifier is always shared.
    Shared,
    /// A person took such a word back.
    Unmarked,
}

/// Something that happened to a customer's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityChange {
    /// When: the time of the fact, or of the decision.
    pub at: Timestamp,
    /// What.
    pub what: WhatChanged,
    /// One identifier.
    pub a: Side,
    /// The other; the same again where there is none.
    pub b: Side,
    /// Why the second is held to be shared.
    pub shared: Option<Shared>,
    /// The event of the fact, in the source's words.
    pub because: Option<String>,
    /// Who decided, where a person did.
    pub by: Option<String>,
    /// Where the fact or the decision stands in the ledger.
    pub position: Option<u64>,
}

impl Engine {
    /// Who a customer's identifiers were as of a time, and what happened until then; at most so many changes are
    /// told. Evidence counts by when it occurred, decisions by when they were made.
    pub fn identity(
        &self,
        workspace: WorkspaceId,
        id: u64,
        as_of: Option<Timestamp>,
        most: usize,
    ) -> Result<IdentityThen, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let until = as_of.unwrap_or(Timestamp::MAX);
        let (sets, changes) = {
            let graph = brand.graph();
            // An id that was merged into another's answers with the other one.
            let id = graph.customer(Node(id));
            (graph.as_of(&graph.nodes(id), until), graph.changes(id))
        };
        let mut changes: Vec<Change> = changes.into_iter().filter(|c| c.at <= until).collect();
        let total = changes.len() as u64;
        let told = changes.split_off(changes.len().saturating_sub(most));
        let nodes = sets.iter().flatten().copied().chain(told.iter().flat_map(about));
        let names = brand.key.clone();
        let nodes: std::collections::BTreeSet<Node> = nodes.collect();
        let known: HashMap<Node, IdentifierOf> = self
            .store()
            .read(|c| identifiers_of(c, workspace, nodes, &*names))?
            .into_iter()
            .map(|i| (i.node, i))
            .collect();
        let person = |set: &Vec<Node>| {
            let mut identifiers: Vec<IdentifierOf> =
                set.iter().filter_map(|n| known.get(n)).filter(|i| i.first_seen <= until).cloned().collect();
            identifiers.sort_by_key(|i| (throughline_interactions::identifier_rank(&i.identifier.kind), i.node));
            let id = identifiers.iter().map(|i| i.node).min()?;
            Some(PersonThen { id: id.to_string(), identifiers })
        };
        let people: Vec<PersonThen> = sets.iter().filter_map(person).collect();
        if people.is_empty() && known.is_empty() {
            return Err(EngineError::NotFound(format!("customer {id:016x}")));
        }
        let changes = told.iter().map(|c| self.change(c, &known)).collect::<Result<_, _>>()?;
        Ok(IdentityThen { as_of, people, changes, total })
    }

    fn change(&self, c: &Change, known: &HashMap<Node, IdentifierOf>) -> Result<IdentityChange, EngineError> {
        let side = |n: Node| Side {
            identifier: known.get(&n).map_or_else(|| Identifier::new("", ""), |i| i.identifier.clone()),
            node: n.to_string(),
        };
        let (what, a, b, shared, position) = match &c.happened {
            Happened::Joined(e) => (WhatChanged::Joined, e.a, e.b, None, Some(e.position)),
            Happened::HeldBack(e, at, shared) => {
                (WhatChanged::HeldBack, if e.a == *at { e.b } else { e.a }, *at, *shared, Some(e.position))
            }
            Happened::ChangedHands(n) => (WhatChanged::ChangedHands, *n, *n, None, None),
            Happened::Decided(d) => {
                let what = match d.ruling {
                    Ruling::Separated => WhatChanged::Separated,
                    Ruling::Rejoined => WhatChanged::Rejoined,
                    Ruling::Allowed => WhatChanged::Allowed,
                    Ruling::Shared => WhatChanged::Shared,
                    Ruling::Unmarked => WhatChanged::Unmarked,
                };
                (what, d.a, d.b, None, Some(d.position))
            }
        };
        let mut change =
            IdentityChange { at: c.at, what, a: side(a), b: side(b), shared, because: None, by: None, position };
        if let Some(position) = position {
            let frame = self.inner().ledger.read(position)?;
            if !frame.header.erased {
                let fact = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                change.by =
                    fact.first_ref("staff").map(str::to_owned).filter(|_| fact.source.as_str() == SourceId::SYSTEM);
                if !matches!(c.happened, Happened::Decided(_)) {
                    change.because = Some(fact.event);
                }
            }
        }
        Ok(change)
    }
}

/// The nodes a change is about.
fn about(c: &Change) -> Vec<Node> {
    match &c.happened {
        Happened::Joined(e) | Happened::HeldBack(e, ..) => vec![e.a, e.b],
        Happened::ChangedHands(n) => vec![*n],
        Happened::Decided(d) => vec![d.a, d.b],
    }
}
