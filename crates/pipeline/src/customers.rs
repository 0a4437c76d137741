//! Customers: the list, one of them, and the decision that two identifiers are not one person.

use crate::brand::Brand;
use crate::{Engine, EngineError};
use throughline_customers::{
    CustomerPage, CustomerProfile, CustomerQuery, customer, customer_count, customer_of, customers,
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
