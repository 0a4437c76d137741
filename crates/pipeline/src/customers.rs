//! Customers: the list, one of them, and the decision that two identifiers are not one person.

use crate::brand::Brand;
use crate::{Engine, EngineError};
use throughline_customers::{
    CustomerPage, CustomerProfile, CustomerQuery, Evidence, customer, customer_count, customer_of, customers,
};
use throughline_interactions::{Node, WorkspaceId};
use throughline_timeline::Snapshot;

impl Engine {
    /// A page of the list, or of what a search finds.
    pub fn customers(&self, workspace: WorkspaceId, query: &CustomerQuery) -> Result<CustomerPage, EngineError> {
        let count =
            move |engine: &Self, _: &Brand, _: &Snapshot| Ok(engine.store().read(|c| customer_count(c, workspace))?);
        let total = *self.figure(workspace, |f| &mut f.customers, (), count)?;
        let names = self.inner().brand(workspace)?.key.clone();
        Ok(self.store().read(|c| customers(c, workspace, query, total, &*names))?)
    }

    /// One customer with the evidence. An id that was merged into another's answers with the other
    /// one: compare `row.id`.
    pub fn customer(&self, workspace: WorkspaceId, id: u64) -> Result<CustomerProfile, EngineError> {
        let names = self.inner().brand(workspace)?.key.clone();
        let found = self.store().read(|c| {
            if let Some(found) = customer(c, workspace, id, &*names)? {
                return Ok(Some(found));
            }
            match customer_of(c, workspace, Node(id))? {
                Some(now) => customer(c, workspace, now, &*names),
                None => Ok(None),
            }
        })?;
        found.ok_or_else(|| EngineError::NotFound(format!("customer {id:016x}")))
    }

    /// Why two identifiers are one customer's: the shortest chain of facts in which two of them stood, from the
    /// first to the second. An error where they are not.
    pub fn why(&self, workspace: WorkspaceId, a: Node, b: Node) -> Result<Vec<Evidence>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let (chain, id) = {
            let graph = brand.graph();
            (graph.why(a, b), graph.customer(a))
        };
        let chain = chain.ok_or_else(|| {
            EngineError::NotFound(format!("a chain of evidence between {a} and {b}; they are not one customer"))
        })?;
        let links = self.customer(workspace, id)?.links;
        Ok(chain.iter().filter_map(|e| links.iter().find(|l| (l.a_node, l.b_node) == (e.a, e.b)).cloned()).collect())
    }

    /// For each identifier of a customer those on the shortest chain of evidence from its strongest one to it;
    /// none where one fact joins the two.
    pub fn ways(&self, workspace: WorkspaceId, profile: &CustomerProfile) -> Result<Vec<Vec<Node>>, EngineError> {
        let Some(strongest) = profile.identifiers.first().map(|i| i.node) else { return Ok(Vec::new()) };
        let chains = self.inner().brand(workspace)?.graph().chains(strongest);
        let way = |to: Node| {
            let (mut at, mut between) = (strongest, Vec::new());
            for e in chains.to(to).unwrap_or_default() {
                at = if e.a == at { e.b } else { e.a };
                between.push(at);
            }
            between.pop();
            between
        };
        Ok(profile.identifiers.iter().map(|i| way(i.node)).collect())
    }

    /// A person decides that two identifiers are not one person: their direct link no longer counts.
    pub fn unmerge(&self, workspace: WorkspaceId, by: &str, a: Node, b: Node) -> Result<(), EngineError> {
        self.decide_on_link(workspace, by, a, b, "Identity Separated")
    }

    /// Takes that decision back.
    pub fn remerge(&self, workspace: WorkspaceId, by: &str, a: Node, b: Node) -> Result<(), EngineError> {
        self.decide_on_link(workspace, by, a, b, "Identity Rejoined")
    }

    fn decide_on_link(
        &self,
        workspace: WorkspaceId,
        by: &str,
        a: Node,
        b: Node,
        event: &str,
    ) -> Result<(), EngineError> {
        let (a, b) = (a.min(b), a.max(b));
        let mut properties = serde_json::Map::new();
        properties.insert("a".to_owned(), a.to_string().into());
        properties.insert("b".to_owned(), b.to_string().into());
        let id = format!("{}:{a}:{b}:{}", event.to_ascii_lowercase().replace(' ', "-"), self.now().0);
        self.decide(workspace, event, id, by, properties)
    }
}
