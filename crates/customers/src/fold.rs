//! From facts to people: one batch of interactions becomes one set of rows.

pub(crate) mod pairing;

use crate::identity::{Called, Decision, Edge, Guards, IdentityGraph, Moved, NodeKind, ROLE_MAILBOX, Ruling};
use crate::names::{NameCodec, lower};
use crate::traits::{self, Telling, identifies};
use std::collections::{BTreeMap, HashMap};
use throughline_interactions::{
    Identifier, IdentifierClass, Interaction, MessageKey, Node, NodesBy, OrderKey, Score, Timestamp, WorkspaceId,
};
use throughline_store::sql::{self, Connection, Transaction, params};
use throughline_store::{Migration, Table, TableKind};

/// The room's schema.
pub fn migrations() -> &'static [Migration] {
    &[
        Migration {
            room: "customers",
            number: 1,
            sql: include_str!("migrations/0001.sql"),
            tables: &[
                Table { name: "customers_nodes", kind: TableKind::Derived },
                Table { name: "customers_links", kind: TableKind::Derived },
                Table { name: "customers_cuts", kind: TableKind::Derived },
                Table { name: "customers_erased", kind: TableKind::Derived },
            ],
        },
        Migration { room: "customers", number: 2, sql: include_str!("migrations/0002.sql"), tables: &[] },
        Migration {
            room: "customers",
            number: 3,
            sql: include_str!("migrations/0003.sql"),
            tables: &[Table { name: "customers_traits", kind: TableKind::Derived }],
        },
        Migration {
            room: "customers",
            number: 4,
            sql: include_str!("migrations/0004.sql"),
            tables: &[
                Table { name: "customers_decisions", kind: TableKind::Derived },
                Table { name: "customers_called", kind: TableKind::Derived },
            ],
        },
        Migration {
            room: "customers",
            number: 5,
            sql: include_str!("migrations/0005.sql"),
            tables: &[Table { name: "customers_pairings", kind: TableKind::Derived }],
        },
        Migration {
            room: "customers",
            number: 6,
            sql: include_str!("migrations/0006.sql"),
            tables: &[
                Table { name: "customers_seen", kind: TableKind::Derived },
                Table { name: "customers_scores", kind: TableKind::Derived },
            ],
        },
    ]
}

/// A decision fact that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the decision `{event}` at position {position} does not say about which identifiers it is")]
pub struct FoldError {
    /// The event.
    pub event: String,
    /// Where it stands in the ledger.
    pub position: u64,
}

/// What a batch changed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FoldedBatch {
    /// Nodes that changed their customer, in the order in which it happened.
    pub moved: Vec<Moved>,
}

/// One batch being folded for one workspace.
pub struct Fold<'a> {
    workspace: WorkspaceId,
    graph: &'a mut IdentityGraph,
    by: &'a dyn NodesBy,
    names: &'a dyn NameCodec,
    seen: HashMap<Node, Seen>,
    telling: Telling,
    links: BTreeMap<(Node, Node), Edge>,
    link_kinds: HashMap<Node, String>,
    called: BTreeMap<(Node, Called), Timestamp>,
    decisions: Vec<Decision>,
    moved: Vec<Moved>,
}

struct Seen {
    kind: String,
    value: String,
    first: Timestamp,
    last: Timestamp,
    interactions: u64,
    name: Option<(Timestamp, String)>,
    score: Option<(Timestamp, Score)>,
}

impl<'a> Fold<'a> {
    /// Begins a batch. `graph` is changed at once, the tables by [`Fold::write`], in which identifiers
    /// and names stand as `names` writes them. Nodes are made `by` the workspace's rules.
    pub fn new(
        workspace: WorkspaceId,
        graph: &'a mut IdentityGraph,
        by: &'a dyn NodesBy,
        names: &'a dyn NameCodec,
    ) -> Self {
        Self {
            workspace,
            graph,
            by,
            names,
            seen: HashMap::new(),
            telling: Telling::default(),
            links: BTreeMap::new(),
            link_kinds: HashMap::new(),
            called: BTreeMap::new(),
            decisions: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Folds one interaction and returns the node it stands under; `None` for a decision, which is about
    /// customers and is nobody's own.
    pub fn add(&mut self, i: &Interaction, key: MessageKey, position: u64) -> Result<Option<Node>, FoldError> {
        if i.source.as_str() == throughline_interactions::SourceId::SYSTEM {
            self.decide(i, position)?;
            if i.identifiers.is_empty() {
                return Ok(None);
            }
        }
        let order = i.order_key(key);
        let nodes = i.nodes(self.by);
        let primary = i.node(key, self.by);
        // A machine with nothing but a browser of its own is nobody.
        if !i.actor.is_counted() && nodes.iter().all(|(_, n)| n.class() == IdentifierClass::Device) {
            return Ok(Some(primary));
        }
        for (n, identifier) in &nodes {
            self.see(*n, identifier, i);
        }
        if nodes.is_empty() {
            self.see(primary, &Identifier::new("message", ""), i);
        }
        if let Some(seen) = self.seen.get_mut(&primary).filter(|_| i.actor.is_counted()) {
            seen.interactions += 1;
            if let Some(score) = &i.score
                && seen.score.as_ref().is_none_or(|(at, s)| later((*at, s), (i.occurred_at, score)))
            {
                seen.score = Some((i.occurred_at, score.clone()));
            }
            if let Some(name) = name_of(i)
                && seen.name.as_ref().is_none_or(|(at, n)| (*at, n.as_str()) < (i.occurred_at, name.as_str()))
            {
                seen.name = Some((i.occurred_at, name));
            }
        }
        if i.actor.is_counted() {
            self.telling.hear(i, primary, position);
        }
        if i.actor.is_counted()
            && !nodes.is_empty()
            && let Some(called) = called(i).and_then(|name| Called::new(self.by.secret(), &name))
            && let Some(moved) = self.graph.call(primary, called, i.occurred_at)
        {
            self.moved.extend(moved);
            let at = self.called.entry((primary, called)).or_insert(i.occurred_at);
            *at = i.occurred_at.min(*at);
        }
        // A star around the strongest identifier links them all; each pair would say no more.
        if let Some(((first, strongest), rest)) = nodes.split_first() {
            for (n, identifier) in rest {
                let edge =
                    Edge::new((*first, NodeKind::of(strongest)), (*n, NodeKind::of(identifier)), order, position);
                if self.graph.is_news(&edge) {
                    for (node, of) in [(first, strongest), (n, identifier)] {
                        let kind = if of.is_role_mailbox() { ROLE_MAILBOX } else { of.kind.as_str() };
                        self.link_kinds.insert(*node, kind.to_owned());
                    }
                    self.moved.extend(self.graph.link(edge));
                    self.links.extend(self.graph.known(&edge).map(|known| ((known.a, known.b), known)));
                }
            }
        }
        Ok(Some(primary))
    }

    /// All nodes of the customer that a node belongs to now, the node itself among them.
    pub fn nodes_of(&self, node: Node) -> Vec<Node> {
        let mut all = self.graph.nodes(self.graph.customer(node));
        if !all.contains(&node) {
            all.push(node);
        }
        all
    }

    fn decide(&mut self, i: &Interaction, position: u64) -> Result<(), FoldError> {
        let Some(ruling) = Ruling::of_event(&i.event) else { return Ok(()) };
        let node = |field: &str| {
            let text = i.properties.get(field)?.as_str()?;
            u64::from_str_radix(text, 16).ok().map(Node)
        };
        let about = match node("identifier") {
            Some(one) => Some((one, one)),
            None => node("a").zip(node("b")),
        };
        let Some((a, b)) = about else { return Err(FoldError { event: i.event.clone(), position }) };
        let decision = Decision { a: a.min(b), b: a.max(b), ruling, at: i.occurred_at, position };
        self.moved.extend(self.graph.decide(decision));
        self.decisions.push(decision);
        Ok(())
    }

    fn see(&mut self, node: Node, identifier: &Identifier, i: &Interaction) {
        let seen = self.seen.entry(node).or_insert_with(|| Seen {
            kind: identifier.kind.clone(),
            value: identifier.value.trim().to_owned(),
            first: i.occurred_at,
            last: Timestamp(0),
            interactions: 0,
            name: None,
            score: None,
        });
        seen.first = seen.first.min(i.occurred_at);
        // Who is only told about was not seen.
        if !i.is_told() {
            seen.last = seen.last.max(i.occurred_at);
        }
    }

    /// Writes the batch's rows.
    pub fn write(self, tx: &Transaction<'_>) -> sql::Result<FoldedBatch> {
        let w = self.workspace.0;
        let mut seen = tx.prepare_cached(include_str!("sql/upsert_seen.sql"))?;
        let mut upsert = tx.prepare_cached(include_str!("sql/upsert_node.sql"))?;
        let mut upsert_named = tx.prepare_cached(include_str!("sql/upsert_named_node.sql"))?;
        let mut rename = tx.prepare_cached(include_str!("sql/rename_node.sql"))?;
        let mut upsert_score = tx.prepare_cached(include_str!("sql/upsert_score.sql"))?;
        // In the order in which the database keeps them.
        let mut nodes: Vec<_> = self.seen.into_iter().collect();
        nodes.sort_unstable_by_key(|(n, _)| n.0.cast_signed());
        for (node, s) in nodes {
            let id = node.0.cast_signed();
            seen.queue(params![w, id, s.first.0, s.last.0, s.interactions.cast_signed()])?;
            let customer = self.graph.customer(node).cast_signed();
            let (value, search) = (self.names.write(node, &s.value), self.names.index(&lower(&s.value)));
            match s.name {
                None => upsert.queue(params![w, id, customer, s.kind, value, search])?,
                Some((Timestamp(at), name)) => {
                    let (stored, index) = (self.names.write(node, &name), self.names.index(&lower(&name)));
                    upsert_named.queue(params![w, id, customer, s.kind, value, search, stored, index, at])?;
                    rename.queue(params![stored, index, at, w, id])?;
                }
            }
            if let Some((Timestamp(at), score)) = s.score {
                upsert_score.queue(params![w, id, score.kind.as_str(), score.value, score.min, score.max, at])?;
            }
        }
        self.telling.write(tx, w, self.names)?;
        let mut link = tx.prepare_cached(include_str!("sql/upsert_link.sql"))?;
        for e in self.links.values() {
            link.queue(params![
                w,
                e.a.0.cast_signed(),
                e.b.0.cast_signed(),
                self.link_kinds.get(&e.a).map_or("", String::as_str),
                self.link_kinds.get(&e.b).map_or("", String::as_str),
                e.evidence.occurred_at.0,
                e.evidence.source_seq,
                e.evidence.message_prefix.cast_signed(),
                e.evidence.message_hash.cast_signed(),
                e.position.cast_signed(),
                e.last_day,
            ])?;
        }
        for ((node, called), Timestamp(at)) in &self.called {
            tx.prepare_cached(include_str!("sql/upsert_called.sql"))?.queue(params![
                w,
                node.0.cast_signed(),
                called.to_text(),
                at
            ])?;
        }
        for d in &self.decisions {
            write_decision(tx, w, d)?;
        }
        write_moved(tx, w, &self.moved)?;
        Ok(FoldedBatch { moved: self.moved })
    }
}

fn write_decision(tx: &Transaction<'_>, w: u32, d: &Decision) -> sql::Result<()> {
    let (a, b) = (d.a.0.cast_signed(), d.b.0.cast_signed());
    tx.prepare_cached(
        "INSERT INTO customers_decisions (workspace, position, a, b, ruling, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )?
    .execute(params![w, d.position.cast_signed(), a, b, d.ruling.event(), d.at.0])?;
    let sql = match d.ruling {
        Ruling::Separated => "INSERT INTO customers_cuts (workspace, a, b) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        Ruling::Rejoined => "DELETE FROM customers_cuts WHERE workspace = $1 AND a = $2 AND b = $3",
        Ruling::Allowed | Ruling::Shared | Ruling::Unmarked => return Ok(()),
    };
    tx.prepare_cached(sql)?.execute(params![w, a, b])?;
    Ok(())
}

/// Whether the second answer counts as the later one, the same whatever came first.
fn later(one: (Timestamp, &Score), other: (Timestamp, &Score)) -> bool {
    let key = |(at, s): (Timestamp, &Score)| (at, s.kind.as_str().to_owned());
    let scale = |s: &Score| [s.value, s.min, s.max];
    key(one)
        .cmp(&key(other))
        .then_with(|| scale(one.1).partial_cmp(&scale(other.1)).unwrap_or(std::cmp::Ordering::Equal))
        .is_lt()
}

fn write_moved(tx: &Transaction<'_>, workspace: u32, moved: &[Moved]) -> sql::Result<()> {
    let mut last: HashMap<Node, u64> = HashMap::new();
    for m in moved {
        last.insert(m.node, m.to);
    }
    let mut last: Vec<_> = last.into_iter().collect();
    last.sort_unstable();
    let mut update =
        tx.prepare_cached("UPDATE customers_nodes SET customer = $1 WHERE workspace = $2 AND node = $3")?;
    for (node, to) in last {
        update.queue(params![to.cast_signed(), workspace, node.0.cast_signed()])?;
    }
    Ok(())
}

/// A name that the interaction tells among its properties: `full_name`, or `first_name` and
/// `last_name`; `name` alone is a person's only where somebody is identified.
fn name_of(i: &Interaction) -> Option<String> {
    let text = |field: &str| i.properties.get(field).and_then(|v| v.as_str()).map(str::trim).filter(|s| !s.is_empty());
    let whole = text("name").filter(|_| identifies(i)).or_else(|| text("full_name"));
    let name = whole.map(str::to_owned).or_else(|| match (text("first_name"), text("last_name")) {
        (Some(f), Some(l)) => Some(format!("{f} {l}")),
        (one, other) => one.or(other).map(str::to_owned),
    })?;
    (name.len() <= 200).then_some(name)
}

/// A name as far as it tells two people apart: a surname alone is a family's.
fn called(i: &Interaction) -> Option<String> {
    let has = |field: &str| i.properties.get(field).and_then(|v| v.as_str()).is_some_and(|s| !s.trim().is_empty());
    let is_whole = has("full_name") || has("first_name") || (has("name") && identifies(i));
    name_of(i).filter(|_| is_whole)
}

/// Loads the graph, under these guards, and the nodes of erased people.
pub fn load_graph(c: &Connection, workspace: WorkspaceId, guards: Guards) -> sql::Result<(IdentityGraph, Vec<Node>)> {
    let mut graph = IdentityGraph::new(guards);
    let mut decisions = c.prepare(
        "SELECT a, b, ruling, decided_at, position FROM customers_decisions WHERE workspace = $1 ORDER BY position",
    )?;
    let mut rows = decisions.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        let (at, position) = (Timestamp(r.get(3)?), r.get::<_, i64>(4)?.cast_unsigned());
        if let Some(ruling) = Ruling::of_event(&r.get::<_, String>(2)?) {
            graph.decide(Decision { a: node(&r, 0)?, b: node(&r, 1)?, ruling, at, position });
        }
    }
    let mut called = c.prepare("SELECT node, called, first_said FROM customers_called WHERE workspace = $1")?;
    let mut rows = called.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        if let Some(name) = Called::from_text(&r.get::<_, String>(1)?) {
            graph.call(node(&r, 0)?, name, Timestamp(r.get(2)?));
        }
    }
    let mut links = c.prepare(
        "SELECT a, b, a_kind, b_kind, occurred_at, source_seq, message_prefix, message_hash, position, last_day
         FROM customers_links WHERE workspace = $1 ORDER BY occurred_at",
    )?;
    let mut rows = links.query([workspace.0])?;
    while let Some(r) = rows.next()? {
        let kind = |i: usize| -> sql::Result<NodeKind> {
            Ok(NodeKind::of(&Identifier { kind: r.get(i)?, value: String::new() }))
        };
        let evidence = OrderKey {
            occurred_at: Timestamp(r.get(4)?),
            source_seq: r.get(5)?,
            message_prefix: r.get::<_, i64>(6)?.cast_unsigned(),
            message_hash: r.get::<_, i64>(7)?.cast_unsigned(),
        };
        let position = r.get::<_, i64>(8)?.cast_unsigned();
        let edge = Edge::new((node(&r, 0)?, kind(2)?), (node(&r, 1)?, kind(3)?), evidence, position);
        graph.link(Edge { last_day: r.get(9)?, ..edge });
    }
    let mut erased = c.prepare("SELECT node FROM customers_erased WHERE workspace = $1")?;
    let erased = erased.query_map([workspace.0], |r| node(r, 0))?.collect::<sql::Result<Vec<_>>>()?;
    Ok((graph, erased))
}

fn node(r: &sql::Row<'_>, i: usize) -> sql::Result<Node> {
    Ok(Node(r.get::<_, i64>(i)?.cast_unsigned()))
}

/// Deletes what is known of a node itself.
pub(crate) fn forget_node(tx: &Transaction<'_>, workspace: u32, node: i64) -> sql::Result<()> {
    for sql in [
        "DELETE FROM customers_nodes WHERE workspace = $1 AND node = $2",
        "DELETE FROM customers_seen WHERE workspace = $1 AND node = $2",
        "DELETE FROM customers_scores WHERE workspace = $1 AND node = $2",
        "DELETE FROM customers_called WHERE workspace = $1 AND node = $2",
    ] {
        tx.prepare_cached(sql)?.execute(params![workspace, node])?;
    }
    traits::forget(tx, workspace, node)
}

/// Erases people: their rows go, their nodes are remembered as erased. Returns who else moved
/// because a link went with them.
pub fn forget(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    graph: &mut IdentityGraph,
    nodes: &[Node],
    position: u64,
) -> sql::Result<Vec<Moved>> {
    let moved = graph.forget(nodes);
    for n in nodes {
        let (w, n) = (workspace.0, n.0.cast_signed());
        forget_node(tx, w, n)?;
        tx.prepare_cached("DELETE FROM customers_links WHERE workspace = $1 AND (a = $2 OR b = $2)")?
            .execute(params![w, n])?;
        for sql in [
            "DELETE FROM customers_cuts WHERE workspace = $1 AND (a = $2 OR b = $2)",
            "DELETE FROM customers_decisions WHERE workspace = $1 AND (a = $2 OR b = $2)",
            "DELETE FROM customers_pairings WHERE workspace = $1 AND (a = $2 OR b = $2)",
        ] {
            tx.prepare_cached(sql)?.execute(params![w, n])?;
        }
        tx.prepare_cached(
            "INSERT INTO customers_erased (workspace, node, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![w, n, position.cast_signed()])?;
    }
    write_moved(tx, workspace.0, &moved)?;
    Ok(moved)
}
