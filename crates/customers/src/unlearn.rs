//! Unlearning people, before they are learned anew from what remains of their facts.

use crate::fold::forget_node;
use crate::identity::IdentityGraph;
use std::collections::BTreeSet;
use throughline_interactions::{Node, WorkspaceId};
use throughline_store::sql::{self, Connection, Transaction, params};

/// All nodes that any links reach from `seeds`, the seeds among them, ascending: whatever is learned of
/// one of them follows from the facts of all, and of nobody else's.
pub fn region(c: &Connection, workspace: WorkspaceId, seeds: &[Node]) -> sql::Result<Vec<Node>> {
    let mut links = c.prepare_cached(
        "SELECT b FROM customers_links WHERE workspace = $1 AND a = $2
         UNION ALL SELECT a FROM customers_links WHERE workspace = $1 AND b = $2",
    )?;
    let mut found: BTreeSet<Node> = seeds.iter().copied().collect();
    let mut next: Vec<Node> = found.iter().copied().collect();
    while let Some(node) = next.pop() {
        let others = links.query_map(params![workspace.0, node.0.cast_signed()], |r| r.get::<_, i64>(0))?;
        for other in others {
            let other = Node(other?.cast_unsigned());
            if found.insert(other) {
                next.push(other);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Takes everything that was learned of a [`region`] out of the graph and the tables. What people decided
/// about it stays.
pub fn unlearn(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    graph: &mut IdentityGraph,
    region: &[Node],
) -> sql::Result<()> {
    graph.unlearn(region);
    for n in region {
        let (w, n) = (workspace.0, n.0.cast_signed());
        forget_node(tx, w, n)?;
        tx.prepare_cached("DELETE FROM customers_links WHERE workspace = $1 AND (a = $2 OR b = $2)")?
            .execute(params![w, n])?;
    }
    Ok(())
}
