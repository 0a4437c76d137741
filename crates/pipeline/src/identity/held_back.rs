//! Identifiers that several people share, or that were somebody else's before: what is held of them and why, whom
//! they touch, and what a person says.

use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use throughline_customers::{CustomerRow, IdentifierOf, Mark, Ruling, Shared, Verdict, customer_row, identifiers_of};
use throughline_interactions::{Node, Timestamp, WorkspaceId};

/// People of a shared identifier that are named.
const PEOPLE: usize = 6;

/// An identifier that joins nobody, or not everybody who used it, or of which a person said something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedIdentifier {
    /// The identifier.
    pub of: IdentifierOf,
    /// Why it joins nobody; `None` where it belongs to somebody.
    pub shared: Option<Shared>,
    /// What a person said.
    pub mark: Option<Mark>,
    /// Since when it is somebody else's than before.
    pub reused_at: Option<Timestamp>,
    /// Some of the people who used it.
    pub people: Vec<CustomerRow>,
    /// How many they are.
    pub total: u64,
}

impl Engine {
    /// Identifiers that are held to be shared, or about which a person said something; those that touch the most
    /// people first, and how many there are in all.
    pub fn shared_identifiers(
        &self,
        workspace: WorkspaceId,
        most: usize,
    ) -> Result<(Vec<SharedIdentifier>, u64), EngineError> {
        let brand = self.inner().brand(workspace)?;
        let mut found: Vec<(Node, Verdict, Option<Mark>, BTreeSet<u64>)> = {
            let graph = brand.graph();
            let mut all: BTreeMap<Node, (Verdict, Option<Mark>)> =
                graph.held_back().into_iter().map(|(n, v)| (n, (v, None))).collect();
            for (n, mark) in graph.marks() {
                all.entry(n).or_default().1 = Some(mark);
            }
            let people = |n: Node| {
                let others = graph.links(n).into_iter().map(|e| if e.a == n { e.b } else { e.a });
                others.map(|o| graph.customer(o)).filter(|c| *c != graph.customer(n)).collect()
            };
            all.into_iter().map(|(n, (v, m))| (n, v, m, people(n))).collect()
        };
        let total = found.len() as u64;
        found.sort_by_key(|(n, _, mark, people)| (mark.is_some(), std::cmp::Reverse(people.len()), *n));
        found.truncate(most);
        let names = brand.key.clone();
        let rows = self.store().read(|c| {
            let mut rows = Vec::with_capacity(found.len());
            for (node, verdict, mark, people) in &found {
                let Some(of) = identifiers_of(c, workspace, [*node], &*names)?.pop() else { continue };
                let mut named = Vec::new();
                for id in people.iter().take(PEOPLE) {
                    named.extend(customer_row(c, workspace, *id, &*names)?);
                }
                rows.push(SharedIdentifier {
                    of,
                    shared: verdict.shared,
                    mark: *mark,
                    reused_at: verdict.reused_at,
                    people: named,
                    total: people.len() as u64,
                });
            }
            Ok(rows)
        })?;
        Ok((rows, total))
    }

    /// A person says that an identifier is one person's, or that it is always shared, or takes that back.
    pub fn mark_identifier(
        &self,
        workspace: WorkspaceId,
        by: &str,
        node: Node,
        mark: Option<Mark>,
    ) -> Result<(), EngineError> {
        let ruling = match mark {
            Some(Mark::Allowed) => Ruling::Allowed,
            Some(Mark::Shared) => Ruling::Shared,
            None => Ruling::Unmarked,
        };
        let mut properties = serde_json::Map::new();
        properties.insert("identifier".to_owned(), node.to_string().into());
        let event = ruling.event();
        let id = format!("{}:{node}:{}", event.to_ascii_lowercase().replace(' ', "-"), self.now().0);
        self.decide(workspace, event, id, by, properties)
    }
}
