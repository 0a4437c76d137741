//! One person's facts, page by page: what an export is made of.

use crate::folding::decode;
use crate::{Engine, EngineError};
use throughline_interactions::{Identifier, Interaction, Node, NodesBy, Timestamp, WorkspaceId};
use throughline_store::sql::params;

/// Messages that are looked through at a time.
const PAGE: usize = 1_000;

/// The last word of somebody about a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWord {
    /// For what.
    pub purpose: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// Since when.
    pub since: Timestamp,
}

impl Engine {
    /// The node of an identifier; `None` for a value that names nobody.
    pub fn node(&self, workspace: WorkspaceId, identifier: &Identifier) -> Result<Option<Node>, EngineError> {
        Ok(self.inner().brand(workspace)?.naming().node_of(identifier))
    }

    /// Nodes of the customer that a node belongs to now; `None` where nobody is known by it.
    pub fn known_by(&self, workspace: WorkspaceId, node: Node) -> Result<Option<u64>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let id = brand.graph().customer(node);
        let is_there = brand.snapshot()?.customer(id).is_some();
        let found = self.store().read(|c| throughline_customers::customer_of(c, workspace, node))?;
        Ok(found.or(is_there.then_some(id)))
    }

    /// Whether nothing is taken any more under an identifier.
    pub fn is_erased(&self, workspace: WorkspaceId, node: Node) -> Result<bool, EngineError> {
        Ok(self.inner().brand(workspace)?.is_erased(node))
    }

    /// Where the interactions of a customer stand in the ledger, in the order of the story.
    pub fn positions_of(&self, workspace: WorkspaceId, customer: u64) -> Result<Vec<u64>, EngineError> {
        let snapshot = self.inner().brand(workspace)?.snapshot()?;
        let found = snapshot.customer(customer).map(|c| (0..c.len()).map(|i| c.position(i)).collect());
        snapshot.check(customer).map_err(|e| EngineError::Timeline(e.to_string()))?;
        Ok(found.unwrap_or_default())
    }

    /// The interactions at these positions, in their order; those that were erased are passed over.
    pub fn facts_at(&self, positions: &[u64]) -> Result<Vec<Interaction>, EngineError> {
        let frames = self.inner().ledger.read_many(positions)?;
        let present = frames.iter().filter(|f| !f.header.erased);
        present.map(|f| decode(f).map_err(|e| EngineError::Damaged(e.to_string()))).collect()
    }

    /// Messages of somebody that were kept aside and never taken, decided about or not.
    pub fn kept_aside_of(&self, workspace: WorkspaceId, nodes: &[Node]) -> Result<Vec<Interaction>, EngineError> {
        let inner = self.inner();
        let naming = inner.brand(workspace)?.naming();
        let mut found = Vec::new();
        for page in inner.kept_aside_at(workspace)?.chunks(PAGE) {
            let theirs = |i: &Interaction| i.nodes(&*naming).iter().any(|(n, _)| nodes.contains(n));
            found.extend(self.facts_at(page)?.into_iter().filter(theirs));
        }
        Ok(found)
    }

    /// The last words of somebody, by purpose; of several identifiers the latest one's.
    pub fn allowed_now(&self, workspace: WorkspaceId, nodes: &[Node]) -> Result<Vec<LastWord>, EngineError> {
        let mut all: Vec<LastWord> = self.store().read(|c| {
            let mut select = c.prepare_cached(
                "SELECT purpose, allowed, occurred_at FROM pipeline_consents WHERE workspace = $1 AND node = $2",
            )?;
            let mut all = Vec::new();
            for node in nodes {
                let words = select.query_map(params![workspace.0, node.0.cast_signed()], |r| {
                    Ok(LastWord { purpose: r.get(0)?, allowed: r.get::<_, i64>(1)? != 0, since: Timestamp(r.get(2)?) })
                })?;
                for word in words {
                    all.push(word?);
                }
            }
            Ok(all)
        })?;
        all.sort_by(|x, y| (&x.purpose, y.since).cmp(&(&y.purpose, x.since)));
        all.dedup_by(|later, first| later.purpose == first.purpose);
        Ok(all)
    }
}
