//! Reading people: the list with its search, and one person with the evidence.

use crate::decided::{Decided, decided};
use crate::names::NameCodec;
use crate::traits::Trait;
use serde::Serialize;
use std::collections::HashMap;
use throughline_interactions::{Identifier, Node, Score, ScoreKind, Timestamp, WorkspaceId, identifier_rank};
use throughline_store::sql::{self, Connection, OptionalExtension, Row, Transaction, params};

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct CustomerQuery {
    /// Beginning of an identifier or a name, or a customer's id; empty lists everybody.
    pub search: String,
    /// Where the page before ended, as it said.
    pub after: Option<String>,
    /// Rows of a page.
    pub limit: u32,
}

/// One customer in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomerRow {
    /// The customer's id.
    #[serde(serialize_with = "hex")]
    pub id: u64,
    /// The latest name told.
    pub name: Option<String>,
    /// Identifiers, strongest first.
    pub identifiers: Vec<Identifier>,
    /// How many interactions.
    pub interactions: u64,
    /// The first one.
    pub first_seen: Timestamp,
    /// The last one.
    pub last_seen: Timestamp,
    /// The last answer on a scale.
    pub last_score: Option<Score>,
}

/// A page of customers, the last seen first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomerPage {
    /// The rows.
    pub rows: Vec<CustomerRow>,
    /// Give this as `after` for the next page.
    pub next: Option<String>,
    /// How many customers there are in all, whatever the search.
    pub total: u64,
}

/// An identifier and when it was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentifierOf {
    /// The identifier.
    pub identifier: Identifier,
    /// Its node.
    #[serde(serialize_with = "hex_node")]
    pub node: Node,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Interactions that stand under it, as their strongest identifier.
    pub interactions: u64,
}

/// Why two identifiers are one person: a fact in which both stood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// One.
    pub a: Identifier,
    /// Its node.
    #[serde(serialize_with = "hex_node")]
    pub a_node: Node,
    /// The other.
    pub b: Identifier,
    /// Its node.
    #[serde(serialize_with = "hex_node")]
    pub b_node: Node,
    /// When the fact occurred.
    pub occurred_at: Timestamp,
    /// Where it stands in the ledger.
    pub position: u64,
    /// A person decided that this link does not count.
    pub cut: bool,
    /// Set where no fact holds both, but it was decided that they are one person.
    pub decided: Option<Decided>,
}

/// One customer with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomerProfile {
    /// As in the list.
    pub row: CustomerRow,
    /// All identifiers.
    pub identifiers: Vec<IdentifierOf>,
    /// All links among them.
    pub links: Vec<Evidence>,
    /// What was told of them, by name.
    pub traits: Vec<Trait>,
}

fn hex<S: serde::Serializer>(id: &u64, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&format_args!("{id:016x}"))
}

/// Numbers of 64 bits are more than JavaScript's hold.
fn hex_node<S: serde::Serializer>(node: &Node, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(node)
}

/// How many customers there are. It reads the index of customers and no row.
pub fn customer_count(c: &Connection, workspace: WorkspaceId) -> sql::Result<u64> {
    let sql = "SELECT COUNT(*) FROM (SELECT DISTINCT customer FROM customers_nodes WHERE workspace = $1) AS people";
    Ok(c.prepare_cached(sql)?.query_row([workspace.0], |r| r.get::<_, i64>(0))?.cast_unsigned())
}

/// A page of the list; `total` as [`customer_count`] said.
pub fn customers(
    c: &Connection,
    workspace: WorkspaceId,
    query: &CustomerQuery,
    total: u64,
    names: &dyn NameCodec,
) -> sql::Result<CustomerPage> {
    let limit = query.limit.clamp(1, 500) as usize;
    let w = workspace.0;
    let needle = query.search.trim().to_lowercase();
    let (ids, next) = if needle.is_empty() {
        by_last_seen(c, w, query.after.as_deref(), limit)?
    } else {
        (found(c, w, &needle, limit, names)?, None)
    };
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(customer_row(c, workspace, id, names)?);
    }
    Ok(CustomerPage { rows, next, total })
}

/// Keeps identifiers in the order in which they were last seen, or no longer: while many facts wait to be folded, the
/// order costs more than it is worth, and the list sorts what it shows.
pub fn keep_order_of_seen(tx: &Transaction<'_>, is_kept: bool) -> sql::Result<()> {
    tx.execute_batch(match is_kept {
        true => "CREATE INDEX IF NOT EXISTS customers_seen_last ON customers_seen (workspace, last_seen, node)",
        false => "DROP INDEX IF EXISTS customers_seen_last",
    })
}

/// Customers by their last interaction; one of several identifiers is skipped at its older ones.
fn by_last_seen(c: &Connection, w: u32, after: Option<&str>, limit: usize) -> sql::Result<(Vec<u64>, Option<String>)> {
    let (mut seen, mut node) = after
        .and_then(|a| a.split_once('.'))
        .and_then(|(s, n)| Some((s.parse::<i64>().ok()?, n.parse::<i64>().ok()?)))
        .unwrap_or((i64::MAX, i64::MAX));
    let mut statement = c.prepare_cached(
        "SELECT last_seen, node FROM customers_seen
         WHERE workspace = $1 AND (last_seen < $2 OR (last_seen = $2 AND node < $3))
         ORDER BY last_seen DESC, node DESC LIMIT $4",
    )?;
    let mut ids = Vec::with_capacity(limit);
    loop {
        let rows = statement
            .query_map(params![w, seen, node, limit as i64 + 1], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))?
            .collect::<sql::Result<Vec<_>>>()?;
        let n = rows.len();
        for (s, at) in rows {
            let latest = latest_of_its_customer(c, w, (s, at))?;
            if latest.is_some() && ids.len() == limit {
                return Ok((ids, Some(format!("{seen}.{node}"))));
            }
            (seen, node) = (s, at);
            ids.extend(latest);
        }
        if n <= limit {
            return Ok((ids, None));
        }
    }
}

/// The customer of a node, if none of its other nodes was seen later.
fn latest_of_its_customer(c: &Connection, w: u32, (last, node): (i64, i64)) -> sql::Result<Option<u64>> {
    let mut of = c.prepare_cached("SELECT customer FROM customers_nodes WHERE workspace = $1 AND node = $2")?;
    let Some(customer) = of.query_row(params![w, node], |r| r.get::<_, i64>(0)).optional()? else { return Ok(None) };
    let mut others = c.prepare_cached("SELECT node FROM customers_nodes WHERE workspace = $1 AND customer = $2")?;
    let mut seen = c.prepare_cached("SELECT last_seen FROM customers_seen WHERE workspace = $1 AND node = $2")?;
    for other in others.query_map(params![w, customer], |r| r.get::<_, i64>(0))? {
        let other = other?;
        let at = seen.query_row(params![w, other], |r| r.get::<_, i64>(0)).optional()?;
        if at.is_some_and(|at| (at, other) > (last, node)) {
            return Ok(None);
        }
    }
    Ok(Some(customer.cast_unsigned()))
}

/// Customers of whom an identifier or the name begins with `needle`, or is it where they are encrypted, or
/// whose id it is.
fn found(c: &Connection, w: u32, needle: &str, limit: usize, names: &dyn NameCodec) -> sql::Result<Vec<u64>> {
    let mut ids: Vec<u64> = Vec::new();
    if needle.len() == 16
        && let Ok(id) = u64::from_str_radix(needle, 16)
    {
        ids.push(id);
    }
    // Everything that begins with the needle lies between it and its successor.
    let beyond = format!("{needle}\u{10ffff}");
    let index = names.index(needle);
    for column in ["search", "name_search"] {
        let begins = format!(
            "SELECT DISTINCT customer FROM customers_nodes WHERE workspace = $1 AND {column} >= $2 AND {column} < $3 LIMIT $4"
        );
        // What it is alone is looked up first: of a DISTINCT over it SQLite makes a walk through all customers.
        let is = format!(
            "SELECT DISTINCT customer FROM
                 (SELECT customer FROM customers_nodes WHERE workspace = $1 AND {column} = $2 LIMIT 1000) AS same
             LIMIT $3"
        );
        let id = |r: &Row<'_>| Ok(r.get::<_, i64>(0)?.cast_unsigned());
        // And told first: of a thousand that begin like it, it may be the one that is left out.
        let mut is = c.prepare_cached(&is)?;
        for whole in [needle, index.as_str()] {
            ids.extend(is.query_map(params![w, whole, limit as i64], id)?.collect::<sql::Result<Vec<_>>>()?);
        }
        let mut begins = c.prepare_cached(&begins)?;
        let begins = begins.query_map(params![w, needle, beyond, limit as i64], id)?;
        ids.extend(begins.collect::<sql::Result<Vec<_>>>()?);
    }
    let mut once = std::collections::HashSet::new();
    ids.retain(|id| once.insert(*id));
    ids.truncate(limit);
    Ok(ids)
}

/// When an identifier was seen first and last, and how often.
const SEEN: &str = "SELECT first_seen, last_seen, interactions FROM customers_seen WHERE workspace = $1 AND node = $2";

fn seen_row(r: &Row<'_>) -> sql::Result<(Timestamp, Timestamp, u64)> {
    Ok((Timestamp(r.get(0)?), Timestamp(r.get(1)?), r.get::<_, i64>(2)?.cast_unsigned()))
}

struct NodeRow {
    of: IdentifierOf,
    name: Option<(i64, String)>,
    score: Option<(i64, Score)>,
}

fn node_rows(c: &Connection, w: u32, id: u64, names: &dyn NameCodec) -> sql::Result<Vec<NodeRow>> {
    let mut rows = c
        .prepare_cached(
            "SELECT node, kind, value, name, name_at FROM customers_nodes WHERE workspace = $1 AND customer = $2",
        )?
        .query_map(params![w, id.cast_signed()], |r| {
            let node = Node(r.get::<_, i64>(0)?.cast_unsigned());
            let identifier = Identifier { kind: r.get(1)?, value: r.get(2)? };
            let (first_seen, last_seen, interactions) = (Timestamp(0), Timestamp(0), 0);
            let name = match r.get::<_, Option<String>>(3)? {
                Some(name) => Some((r.get(4)?, name)),
                None => None,
            };
            Ok(NodeRow {
                of: IdentifierOf { node, identifier, first_seen, last_seen, interactions },
                name,
                score: None,
            })
        })?
        .collect::<sql::Result<Vec<_>>>()?;
    let mut seen = c.prepare_cached(SEEN)?;
    let mut scores = c.prepare_cached(
        "SELECT kind, value, min, max, answered_at FROM customers_scores WHERE workspace = $1 AND node = $2",
    )?;
    for row in &mut rows {
        let node = row.of.node.0.cast_signed();
        if let Some(s) = seen.query_row(params![w, node], seen_row).optional()? {
            (row.of.first_seen, row.of.last_seen, row.of.interactions) = s;
        }
        let score = scores.query_row(params![w, node], |r| {
            let kind: String = r.get(0)?;
            let kind = ScoreKind::new(&kind).unwrap_or(ScoreKind::Other(kind));
            Ok((r.get(4)?, Score { kind, value: r.get(1)?, min: r.get(2)?, max: r.get(3)? }))
        });
        row.score = score.optional()?;
    }
    for row in &mut rows {
        let (of, node) = (&mut row.of.identifier.value, row.of.node);
        *of = names.read(node, std::mem::take(of));
        row.name = row.name.take().map(|(at, name)| (at, names.read(node, name)));
    }
    rows.sort_by(|x, y| {
        (identifier_rank(&x.of.identifier.kind), x.of.node).cmp(&(identifier_rank(&y.of.identifier.kind), y.of.node))
    });
    Ok(rows)
}

fn gather(id: u64, rows: &[NodeRow]) -> Option<CustomerRow> {
    Some(CustomerRow {
        id,
        name: rows.iter().filter_map(|r| r.name.clone()).max().map(|(_, n)| n),
        identifiers: rows
            .iter()
            .filter(|r| r.of.identifier.kind != "message")
            .map(|r| r.of.identifier.clone())
            .collect(),
        interactions: rows.iter().map(|r| r.of.interactions).sum(),
        first_seen: rows.iter().map(|r| r.of.first_seen).min()?,
        last_seen: rows.iter().map(|r| r.of.last_seen).max()?,
        last_score: rows.iter().filter_map(|r| r.score.as_ref()).max_by_key(|(at, _)| *at).map(|(_, s)| s.clone()),
    })
}

/// One customer as in the list; `None` if there is none of that id.
pub fn customer_row(
    c: &Connection,
    workspace: WorkspaceId,
    id: u64,
    names: &dyn NameCodec,
) -> sql::Result<Option<CustomerRow>> {
    Ok(gather(id, &node_rows(c, workspace.0, id, names)?))
}

/// These identifiers, as far as they were seen.
pub fn identifiers_of(
    c: &Connection,
    workspace: WorkspaceId,
    nodes: impl IntoIterator<Item = Node>,
    names: &dyn NameCodec,
) -> sql::Result<Vec<IdentifierOf>> {
    let mut all = Vec::new();
    let mut select = c.prepare_cached("SELECT kind, value FROM customers_nodes WHERE workspace = $1 AND node = $2")?;
    let mut seen = c.prepare_cached(SEEN)?;
    for node in nodes {
        let at = params![workspace.0, node.0.cast_signed()];
        let known = select.query_row(at, |r| Ok(Identifier { kind: r.get(0)?, value: names.read(node, r.get(1)?) }));
        if let Some((identifier, (first_seen, last_seen, interactions))) =
            known.optional()?.zip(seen.query_row(at, seen_row).optional()?)
        {
            all.push(IdentifierOf { node, identifier, first_seen, last_seen, interactions });
        }
    }
    Ok(all)
}

/// One customer with the evidence; `None` if there is none of that id.
pub fn customer(
    c: &Connection,
    workspace: WorkspaceId,
    id: u64,
    names: &dyn NameCodec,
) -> sql::Result<Option<CustomerProfile>> {
    let w = workspace.0;
    let rows = node_rows(c, w, id, names)?;
    let Some(row) = gather(id, &rows) else { return Ok(None) };
    let by_node: HashMap<Node, &Identifier> = rows.iter().map(|r| (r.of.node, &r.of.identifier)).collect();
    let named = |n: Node| by_node.get(&n).map_or_else(|| Identifier::new("", ""), |i| (*i).clone());
    let mut links = Vec::new();
    let mut statement = c.prepare_cached(
        "SELECT l.a, l.b, l.occurred_at, l.position,
                EXISTS (SELECT 1 FROM customers_cuts c WHERE c.workspace = l.workspace AND c.a = l.a AND c.b = l.b)
         FROM customers_links l WHERE l.workspace = $1 AND l.a = $2 ORDER BY l.occurred_at, l.b",
    )?;
    for r in &rows {
        let found = statement.query_map(params![w, r.of.node.0.cast_signed()], |l| {
            let (a, b) = (Node(l.get::<_, i64>(0)?.cast_unsigned()), Node(l.get::<_, i64>(1)?.cast_unsigned()));
            Ok(Evidence {
                a: named(a),
                a_node: a,
                b: named(b),
                b_node: b,
                occurred_at: Timestamp(l.get(2)?),
                position: l.get::<_, i64>(3)?.cast_unsigned(),
                cut: l.get(4)?,
                decided: None,
            })
        })?;
        for link in found {
            let link = link?;
            if by_node.contains_key(&link.b_node) {
                links.push(link);
            }
        }
    }
    for link in &mut links {
        link.decided = decided(c, workspace, (link.a_node, link.b_node), link.position)?;
    }
    let nodes: Vec<Node> = rows.iter().map(|r| r.of.node).collect();
    let traits = crate::traits::of(c, workspace, &nodes, names)?;
    Ok(Some(CustomerProfile { row, identifiers: rows.into_iter().map(|r| r.of).collect(), links, traits }))
}

/// The customer that a node belongs to now, by the tables; `None` if the node was never seen.
pub fn customer_of(c: &Connection, workspace: WorkspaceId, node: Node) -> sql::Result<Option<u64>> {
    c.prepare_cached("SELECT customer FROM customers_nodes WHERE workspace = $1 AND node = $2")?
        .query_row(params![workspace.0, node.0.cast_signed()], |r| Ok(r.get::<_, i64>(0)?.cast_unsigned()))
        .optional()
}

/// How many links between two names that had both been seen before occurred in each hour, counted from 1970: how
/// often people who were two became one, or would have. Hours without any are left out.
pub fn joins_by_hour(
    c: &Connection,
    workspace: WorkspaceId,
    from: Timestamp,
    until: Timestamp,
) -> sql::Result<Vec<(i64, u64)>> {
    c.prepare_cached(include_str!("sql/joins_by_hour.sql"))?
        .query_map(params![workspace.0, from.0, until.0], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?.cast_unsigned())))?
        .collect()
}
