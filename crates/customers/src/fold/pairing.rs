//! Decisions about two people who share no identifier: they are one, or they are not and nobody is to be asked
//! again. The first is a link between their strongest identifiers, whose evidence is the decision.

use super::Fold;
use crate::decided::Decided;
use crate::identity::{Edge, NodeKind};
use crate::read::customer_of;
use std::collections::HashSet;
use throughline_interactions::{Identifier, Interaction, MessageKey, Node, SourceId, WorkspaceId};
use throughline_store::sql::{self, Connection, Transaction, params};

/// The name of the fact that two are one, …
pub const JOINED: &str = "Identity Joined";
/// … and of the fact that they are two.
pub const KEPT_APART: &str = "Identity Kept Apart";

/// A decision about two nodes, as its fact tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairing {
    /// The smaller node, and the kind of its identifier.
    pub a: (Node, String),
    /// The larger one.
    pub b: (Node, String),
    /// Whether they are one person.
    pub is_same: bool,
    /// Who decided, and how sure it was.
    pub decided: Decided,
    /// Where the fact stands in the ledger.
    pub position: u64,
}

impl Pairing {
    /// What a fact decides about two people; `None` for any other fact and for one that cannot be read.
    pub fn of(i: &Interaction, position: u64) -> Option<Self> {
        let is_same = match i.event.as_str() {
            JOINED => true,
            KEPT_APART => false,
            _ => return None,
        };
        if i.source.as_str() != SourceId::SYSTEM {
            return None;
        }
        let text = |field: &str| Some(i.properties.get(field)?.as_str()?.to_owned());
        let end = |node: &str, kind: &str| {
            Some((Node(u64::from_str_radix(&text(node)?, 16).ok()?), text(kind).unwrap_or_default()))
        };
        let (a, b) = (end("a", "a_kind")?, end("b", "b_kind")?);
        let (a, b) = if a.0 <= b.0 { (a, b) } else { (b, a) };
        let decided = Decided {
            by: i.refs.iter().find(|r| r.kind == "staff").map(|r| r.value.clone()).unwrap_or_default(),
            at: i.occurred_at,
            probability: i.properties.get("probability").and_then(serde_json::Value::as_f64),
            model: text("model").unwrap_or_default(),
        };
        (a.0 != b.0).then_some(Self { a, b, is_same, decided, position })
    }

    /// Whether one of the two was erased before.
    pub fn is_about_erased(&self, c: &Connection, workspace: WorkspaceId) -> sql::Result<bool> {
        let mut erased = c.prepare_cached("SELECT 1 FROM customers_erased WHERE workspace = $1 AND node = $2")?;
        for node in [self.a.0, self.b.0] {
            if erased.exists(params![workspace.0, node.0.cast_signed()])? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Fold<'_> {
    /// Joins two people by a decision; the guards of the graph hold for that link as for any other.
    pub fn pair(&mut self, i: &Interaction, key: MessageKey, pairing: &Pairing) {
        if !pairing.is_same {
            return;
        }
        let end = |(node, kind): &(Node, String)| (*node, NodeKind::of(&Identifier::new(kind, "")));
        let edge = Edge::new(end(&pairing.a), end(&pairing.b), i.order_key(key), pairing.position);
        if self.graph.is_news(&edge) {
            for (node, kind) in [&pairing.a, &pairing.b] {
                self.link_kinds.insert(*node, kind.clone());
            }
            self.moved.extend(self.graph.link(edge));
            self.links.extend(self.graph.known(&edge).map(|known| ((known.a, known.b), known)));
        }
    }
}

/// Notes decisions, in the order of the ledger.
pub fn write_pairings(tx: &Transaction<'_>, workspace: WorkspaceId, pairings: &[Pairing]) -> sql::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO customers_pairings (workspace, a, b, is_same, decided_by, decided_at, probability, model, position)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (workspace, a, b) DO UPDATE SET
             is_same = excluded.is_same, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
             probability = excluded.probability, model = excluded.model, position = excluded.position",
    )?;
    for p in pairings {
        let (d, is_same) = (&p.decided, i64::from(p.is_same));
        put.execute(params![
            workspace.0,
            p.a.0.0.cast_signed(),
            p.b.0.0.cast_signed(),
            is_same,
            d.by,
            d.at.0,
            d.probability,
            d.model,
            p.position.cast_signed()
        ])?;
    }
    Ok(())
}

/// Where the decisions about these nodes stand in the ledger.
pub fn pairings_about(c: &Connection, workspace: WorkspaceId, nodes: &[Node]) -> sql::Result<Vec<u64>> {
    let mut select =
        c.prepare_cached("SELECT position FROM customers_pairings WHERE workspace = $1 AND (a = $2 OR b = $2)")?;
    let mut found = Vec::new();
    for node in nodes {
        for position in select.query_map(params![workspace.0, node.0.cast_signed()], |r| r.get::<_, i64>(0))? {
            found.push(position?.cast_unsigned());
        }
    }
    Ok(found)
}

/// Customers of now about whom it was decided that they are two people, also by taking two of their identifiers
/// apart; the smaller id first, as it is stored.
pub fn kept_apart(c: &Connection, workspace: WorkspaceId) -> sql::Result<HashSet<(i64, i64)>> {
    let mut select = c.prepare_cached(
        "SELECT a, b FROM customers_pairings WHERE workspace = $1 AND is_same = 0
         UNION SELECT a, b FROM customers_cuts WHERE workspace = $1",
    )?;
    let decided = select.query_map(params![workspace.0], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))?;
    let of = |node: i64| customer_of(c, workspace, Node(node.cast_unsigned()));
    let mut apart = HashSet::new();
    // Asked one by one: a plan that joins the table of nodes with itself is a matter of luck.
    for pair in decided {
        let (a, b) = pair?;
        if let Some((x, y)) = of(a)?.zip(of(b)?).filter(|(x, y)| x != y) {
            apart.insert((x.cast_signed().min(y.cast_signed()), x.cast_signed().max(y.cast_signed())));
        }
    }
    Ok(apart)
}

/// How decisions about pairs that were at least so probable turned out: that they are one, and that they are two.
/// One that was joined and taken apart again counts as two.
pub fn judged(c: &Connection, workspace: WorkspaceId, least_probability: f64) -> sql::Result<(u64, u64)> {
    let mut select = c.prepare_cached(
        "SELECT p.is_same, EXISTS (SELECT 1 FROM customers_cuts k WHERE k.workspace = p.workspace AND k.a = p.a AND k.b = p.b),
                p.decided_by
         FROM customers_pairings p WHERE p.workspace = $1 AND p.probability >= $2",
    )?;
    let mut rows = select.query(params![workspace.0, least_probability])?;
    let (mut same, mut two) = (0, 0);
    while let Some(r) = rows.next()? {
        let (is_same, is_cut, by): (i64, bool, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        match is_same != 0 && !is_cut {
            // What the program joined says nothing about whether it was right.
            true if by.is_empty() => {}
            true => same += 1,
            false => two += 1,
        }
    }
    Ok((same, two))
}
