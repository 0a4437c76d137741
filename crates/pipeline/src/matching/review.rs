//! Pairs that wait for a person, side by side, and what people say of them.

use super::columns::{self, COLUMNS};
use super::look::{MODEL, told};
use super::records::known_of;
use super::{Matching, standing};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::HashMap;
use throughline_customers::{CustomerRow, JOINED, KEPT_APART, customer, customer_of, kept_apart};
use throughline_interactions::{Node, WorkspaceId};
use throughline_linkage::compare::{Level, levels};
use throughline_linkage::{Column, Kind, Table};
use throughline_store::sql::{self, Connection, OptionalExtension, params};

/// One of two.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewSide {
    /// The strongest identifier's node.
    #[serde(serialize_with = "hex")]
    pub node: Node,
    /// The customer as in the list.
    pub customer: CustomerRow,
}

fn hex<S: serde::Serializer>(node: &Node, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(node)
}

/// How two compare in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewColumn {
    /// What the column is called.
    pub name: &'static str,
    /// What is known of the one; empty where nothing is.
    pub a: String,
    /// What is known of the other.
    pub b: String,
    /// `same`, `moved` (it stands in another column), `close` (a slip of the keyboard), `alike`, `different`, or
    /// `unknown` where one of them is empty.
    pub agreement: &'static str,
}

/// Two customers who may be one person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewPair {
    /// One.
    pub a: ReviewSide,
    /// The other.
    pub b: ReviewSide,
    /// How probable it was at the last look that they are one, between 0 and 1.
    pub probability: f64,
    /// The model that said so.
    pub model: &'static str,
    /// Somebody wanted to decide later.
    pub is_put_off: bool,
    /// Column by column, as they are known now; where neither is known there is none.
    pub columns: Vec<ReviewColumn>,
}

/// Pairs that wait, the most probable first and those that were put off last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewPage {
    /// The pairs.
    pub pairs: Vec<ReviewPair>,
    /// How many wait in all.
    pub total: u64,
    /// How the last look went.
    pub matching: Matching,
}

/// What a person says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewDecision {
    /// They are one person.
    Same,
    /// They are two, and nobody is to be asked again.
    Two,
    /// To be asked again when nothing else waits.
    Later,
}

/// A pair as it is kept, with the customers of now.
struct Waiting {
    a: Node,
    b: Node,
    customers: [u64; 2],
    probability: f64,
    is_put_off: bool,
}

/// What waits: not who is one already, who was decided about, or who is gone.
fn waiting(c: &Connection, workspace: WorkspaceId) -> sql::Result<Vec<Waiting>> {
    let apart = kept_apart(c, workspace)?;
    let mut select = c.prepare_cached(
        "SELECT a, b, probability, put_off_at FROM pipeline_pairs WHERE workspace = $1
         ORDER BY put_off_at, probability DESC, a, b",
    )?;
    let mut rows = select.query(params![workspace.0])?;
    let mut waiting = Vec::new();
    while let Some(r) = rows.next()? {
        let node = |i: usize| r.get::<_, i64>(i).map(|n| Node(n.cast_unsigned()));
        let (a, b) = (node(0)?, node(1)?);
        let Some((x, y)) = customer_of(c, workspace, a)?.zip(customer_of(c, workspace, b)?) else { continue };
        let ids = (x.cast_signed().min(y.cast_signed()), x.cast_signed().max(y.cast_signed()));
        if x != y && !apart.contains(&ids) {
            let is_put_off = r.get::<_, i64>(3)? != 0;
            waiting.push(Waiting { a, b, customers: [x, y], probability: r.get(2)?, is_put_off });
        }
    }
    // Two others of the same two people ask the same question.
    let mut asked = HashMap::new();
    waiting.retain(|w| {
        asked.insert((w.customers[0].min(w.customers[1]), w.customers[0].max(w.customers[1])), ()).is_none()
    });
    Ok(waiting)
}

fn side_by_side(a: &[String], b: &[String]) -> Vec<ReviewColumn> {
    let columns = COLUMNS.iter().map(|c| Column { name: c.name.to_owned(), kind: c.kind }).collect();
    let kinds: Vec<Kind> = COLUMNS.iter().map(|c| c.kind).collect();
    let mut table = Table::new(columns);
    for values in [a, b] {
        table.push(values.iter().map(String::as_str));
    }
    let mut compared = vec![Level::Missing; kinds.len()];
    levels(&kinds, &table.rows[0], &table.rows[1], &mut compared);
    let each = COLUMNS.iter().zip(&compared).enumerate().filter(|(at, _)| !a[*at].is_empty() || !b[*at].is_empty());
    each.map(|(at, (column, level))| ReviewColumn {
        name: column.name,
        a: a[at].clone(),
        b: b[at].clone(),
        agreement: columns::word(*level),
    })
    .collect()
}

impl Engine {
    /// Pairs that wait for a person, at most `limit` after the first `offset`.
    pub fn review(&self, workspace: WorkspaceId, offset: usize, limit: usize) -> Result<ReviewPage, EngineError> {
        let names = self.inner().brand(workspace)?.key.clone();
        Ok(self.store().read(|c| {
            let all = waiting(c, workspace)?;
            let mut pairs = Vec::new();
            for w in all.iter().skip(offset).take(limit) {
                let mut sides = Vec::new();
                for (node, id) in [(w.a, w.customers[0]), (w.b, w.customers[1])] {
                    let (Some(profile), Some(values)) = (
                        customer(c, workspace, id, &*names)?,
                        known_of(c, workspace, id, &*names)?.map(|k| k.values()),
                    ) else {
                        continue;
                    };
                    sides.push((ReviewSide { node, customer: profile.row }, values));
                }
                let (Some((b, of_b)), Some((a, of_a))) = (sides.pop(), sides.pop()) else { continue };
                pairs.push(ReviewPair {
                    columns: side_by_side(&of_a, &of_b),
                    a,
                    b,
                    probability: w.probability,
                    model: MODEL,
                    is_put_off: w.is_put_off,
                });
            }
            Ok(ReviewPage { pairs, total: all.len() as u64, matching: standing(c, workspace)? })
        })?)
    }

    /// How many pairs wait for a person.
    pub fn review_count(&self, workspace: WorkspaceId) -> Result<u64, EngineError> {
        self.inner().brand(workspace)?;
        Ok(self.store().read(|c| waiting(c, workspace))?.len() as u64)
    }

    /// A person decides about a pair that waits: by a fact, unless it is to be later.
    pub fn decide_on_pair(
        &self,
        workspace: WorkspaceId,
        by: &str,
        (a, b): (Node, Node),
        decision: ReviewDecision,
    ) -> Result<(), EngineError> {
        let (waits, kinds) = self.store().read(|c| {
            let found = waiting(c, workspace)?.into_iter().find(|w| (w.a, w.b) == (a, b) || (w.a, w.b) == (b, a));
            let mut kind = c.prepare_cached("SELECT kind FROM customers_nodes WHERE workspace = $1 AND node = $2")?;
            let mut kinds = Vec::new();
            for node in [a, b] {
                let found = kind.query_row(params![workspace.0, node.0.cast_signed()], |r| r.get::<_, String>(0));
                kinds.extend(found.optional()?.map(|kind| (node, kind)));
            }
            Ok((found, kinds))
        })?;
        let (Some(pair), [one, other]) = (waits, kinds.as_slice()) else {
            return Err(EngineError::NotFound(format!("a pair of {a} and {b} that waits for a decision")));
        };
        let event = match decision {
            ReviewDecision::Same => JOINED,
            ReviewDecision::Two => KEPT_APART,
            ReviewDecision::Later => {
                self.store().write(|tx| {
                    tx.execute(
                        "UPDATE pipeline_pairs SET put_off_at = $1 WHERE workspace = $2 AND a = $3 AND b = $4",
                        params![self.now().0.max(1), workspace.0, pair.a.0.cast_signed(), pair.b.0.cast_signed()],
                    )
                })?;
                return Ok(());
            }
        };
        let id = format!("{}:{a}:{b}:{}", event.to_ascii_lowercase().replace(' ', "-"), self.now().0);
        self.decide(workspace, event, id, by, told(one, other, pair.probability))?;
        let is_one = self.store().read(|c| {
            let (x, y) = (customer_of(c, workspace, a)?, customer_of(c, workspace, b)?);
            Ok(x.is_some() && x == y)
        })?;
        match decision == ReviewDecision::Same && !is_one {
            true => Err(EngineError::Refused(
                "they stay two: what is held of one of their identifiers keeps it from joining people (Customers, Shared identifiers)".to_owned(),
            )),
            false => Ok(()),
        }
    }
}
