//! Single questions about somebody, asked often.

use crate::names::NameCodec;
use throughline_interactions::{Node, WorkspaceId};
use throughline_store::sql::{self, Connection, params};

/// What was told last of a trait, under any identifier of a customer; of values told at one moment the greater.
pub fn told_last(
    c: &Connection,
    workspace: WorkspaceId,
    customer: u64,
    name: &str,
    names: &dyn NameCodec,
) -> sql::Result<Option<String>> {
    let mut select = c.prepare_cached(
        "SELECT n.node, t.value, t.last_said FROM customers_nodes n
         JOIN customers_traits t ON t.workspace = n.workspace AND t.node = n.node
         WHERE n.workspace = $1 AND n.customer = $2 AND t.name = $3",
    )?;
    let mut rows = select.query(params![workspace.0, customer.cast_signed(), name])?;
    let mut last: Option<(i64, String)> = None;
    while let Some(r) = rows.next()? {
        let node = Node(r.get::<_, i64>(0)?.cast_unsigned());
        last = last.max(Some((r.get(2)?, names.read(node, r.get(1)?))));
    }
    Ok(last.map(|(_, value)| value))
}

/// The kinds of a customer's identifiers.
pub fn kinds_of(c: &Connection, workspace: WorkspaceId, customer: u64) -> sql::Result<Vec<String>> {
    c.prepare_cached("SELECT DISTINCT kind FROM customers_nodes WHERE workspace = $1 AND customer = $2")?
        .query_map(params![workspace.0, customer.cast_signed()], |r| r.get(0))?
        .collect()
}

/// The names of traits that were told of anybody, those of the most people first.
pub fn trait_names(c: &Connection, workspace: WorkspaceId, most: u32) -> sql::Result<Vec<String>> {
    c.prepare_cached(
        "SELECT name FROM customers_traits WHERE workspace = $1 GROUP BY name ORDER BY COUNT(*) DESC, name LIMIT $2",
    )?
    .query_map(params![workspace.0, most], |r| r.get(0))?
    .collect()
}
