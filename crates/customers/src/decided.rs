//! Who decided that two are one person.

use serde::Serialize;
use throughline_interactions::{Node, Timestamp, WorkspaceId};
use throughline_store::sql::{self, Connection, params};

/// Who decided that two are one person, or two.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// The name of a person; empty where the program decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How probable it was that they are one, between 0 and 1.
    pub probability: Option<f64>,
    /// The model that said so.
    pub model: String,
}

/// Who decided on the link between two nodes whose evidence stands at a place in the ledger; `None` where it is
/// no decision, but a fact in which both stood.
pub(crate) fn decided(
    c: &Connection,
    workspace: WorkspaceId,
    (a, b): (Node, Node),
    position: u64,
) -> sql::Result<Option<Decided>> {
    let mut select = c.prepare_cached(
        "SELECT decided_by, decided_at, probability, model FROM customers_pairings
         WHERE workspace = $1 AND a = $2 AND b = $3 AND position = $4",
    )?;
    let mut rows = select.query(params![workspace.0, a.0.cast_signed(), b.0.cast_signed(), position.cast_signed()])?;
    let Some(r) = rows.next()? else { return Ok(None) };
    Ok(Some(Decided { by: r.get(0)?, at: Timestamp(r.get(1)?), probability: r.get(2)?, model: r.get(3)? }))
}
