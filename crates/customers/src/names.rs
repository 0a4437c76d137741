//! How identifiers and names stand in the tables: as they are, or encrypted by whoever holds a key.

use throughline_interactions::Node;
use throughline_interactions::WorkspaceId;
use throughline_store::rusqlite::{self, Transaction, params};

/// How what tells who somebody is stands in the tables. Whatever was written is read again, also by a
/// reader that writes otherwise by now.
pub trait NameCodec {
    /// As it is stored; the same again gives the same.
    fn write(&self, node: Node, text: &str) -> String;
    /// What was stored, in whichever form.
    fn read(&self, node: Node, stored: String) -> String;
    /// What a lower-case text is looked up by.
    fn index(&self, lower: &str) -> String;
}

/// Everything stands as it is, and is found by how it begins.
#[derive(Debug, Clone, Copy)]
pub struct Clear;

impl NameCodec for Clear {
    fn write(&self, _: Node, text: &str) -> String {
        text.to_owned()
    }

    fn read(&self, _: Node, stored: String) -> String {
        stored
    }

    fn index(&self, lower: &str) -> String {
        lower.to_owned()
    }
}

/// An identifier as it is looked up.
pub(crate) fn lower(value: &str) -> String {
    value.trim().to_lowercase()
}

/// Writes some rows anew, after a node: what `reads` understands, as `writes` does. The last node written;
/// `None` at the end.
pub fn recode(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    after: Option<Node>,
    limit: u32,
    reads: &dyn NameCodec,
    writes: &dyn NameCodec,
) -> rusqlite::Result<Option<Node>> {
    // Nodes stand as signed numbers, and go by that order here.
    let after = after.map_or(i64::MIN, |n| n.0.cast_signed());
    let rows = tx
        .prepare_cached(
            "SELECT node, value, name FROM customers_nodes WHERE workspace = $1 AND node > $2 ORDER BY node LIMIT $3",
        )?
        .query_map(params![workspace.0, after, limit], |r| {
            Ok((Node(r.get::<_, i64>(0)?.cast_unsigned()), r.get::<_, String>(1)?, r.get::<_, Option<String>>(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
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
    }
    Ok(rows.last().map(|(node, ..)| *node))
}
