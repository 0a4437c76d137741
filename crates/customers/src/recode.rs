//! Rows that hold names and identifiers, written in another form.

use crate::names::{NameCodec, lower};
use crate::traits;
use throughline_interactions::{Node, WorkspaceId};
use throughline_store::sql::{self, Transaction, params};

/// Writes some rows anew, after a node: what `reads` understands, as `writes` does. The last node written;
/// `None` at the end.
pub fn recode(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    after: Option<Node>,
    limit: u32,
    reads: &dyn NameCodec,
    writes: &dyn NameCodec,
) -> sql::Result<Option<Node>> {
    // Nodes stand as signed numbers, and go by that order here.
    let after = after.map_or(i64::MIN, |n| n.0.cast_signed());
    let rows = tx
        .prepare_cached(
            "SELECT node, value, name FROM customers_nodes WHERE workspace = $1 AND node > $2 ORDER BY node LIMIT $3",
        )?
        .query_map(params![workspace.0, after, limit], |r| {
            Ok((Node(r.get::<_, i64>(0)?.cast_unsigned()), r.get::<_, String>(1)?, r.get::<_, Option<String>>(2)?))
        })?
        .collect::<sql::Result<Vec<_>>>()?;
    let mut update = tx.prepare_cached(
        "UPDATE customers_nodes SET value = $1, search = $2, name = $3, name_search = $4
         WHERE workspace = $5 AND node = $6",
    )?;
    for (node, value, name) in &rows {
        let value = reads.read(*node, value.clone());
        let name = name.clone().map(|n| reads.read(*node, n));
        update.execute(params![
            writes.write(*node, &value),
            writes.index(&lower(&value)),
            name.as_deref().map(|n| writes.write(*node, n)),
            name.as_deref().map(|n| writes.index(&lower(n))),
            workspace.0,
            node.0.cast_signed()
        ])?;
        traits::recode(tx, workspace.0, *node, reads, writes)?;
    }
    Ok(rows.last().map(|(node, ..)| *node))
}
