//! Who was whom at a past time, and what happened to a customer's identity, with dates.
//!
//! As of a time, evidence counts that occurred until then, and decisions that were made until then, whenever either
//! arrived: a late fact changes what is known of the past.

use super::guards::{Lens, Verdict, decided};
use super::hash::Map;
use super::parts::people_of;
use super::{Decision, Edge, IdentityGraph, NodeKind, Shared};
use std::cell::RefCell;
use throughline_interactions::{Node, Timestamp};

/// Something that happened to a customer's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When: the time of the evidence, or of the decision.
    pub at: Timestamp,
    /// What.
    pub happened: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A fact showed that two are one; the ends of the link that joined them.
    Joined(Edge),
    /// A link did not count, because of what is held of one end, which is named.
    HeldBack(Edge, Node, Option<Shared>),
    /// The identifier was somebody else's from then on.
    ChangedHands(Node),
    /// A person decided.
    Decided(Decision),
}

impl IdentityGraph {
    /// Who these nodes were as of a time: sets of nodes, the given ones and those that were one person with any of
    /// them. A node that had not been seen by then stands alone.
    pub fn as_of(&self, nodes: &[Node], until: Timestamp) -> Vec<Vec<Node>> {
        let (cuts, marks) = decided(&self.decisions, until);
        let lens = Lens { graph: self, until, cuts: &cuts, marks: &marks };
        let held: RefCell<Map<Node, Verdict>> = RefCell::default();
        let refuses = |node: Node, other: Node| {
            let mut held = held.borrow_mut();
            let verdict = held.entry(node).or_insert_with(|| lens.verdict(node));
            verdict.shared.is_some() || verdict.refused.contains(&other)
        };
        let counts = |e: &Edge| lens.has(e) && !refuses(e.a, e.b) && !refuses(e.b, e.a);
        let (members, edges) = self.part(nodes, counts);
        let (mut sets, _) = people_of(&members, &edges, |n| self.kind(n).is_some_and(NodeKind::is_name));
        let asked: super::Set<Node> = nodes.iter().copied().collect();
        sets.retain(|set| set.iter().any(|n| asked.contains(n)));
        for set in &mut sets {
            set.sort_unstable();
        }
        sets.sort_unstable();
        sets
    }

    /// What happened to a customer's identity, the oldest first: when its identifiers were joined and by which
    /// link, which links did not count and why, and what people decided.
    pub fn changes(&self, customer: u64) -> Vec<Change> {
        let nodes = self.nodes(customer);
        let is_own: super::Set<Node> = nodes.iter().copied().collect();
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        for n in &nodes {
            for other in self.around.get(n).into_iter().flat_map(|a| &a.others) {
                let Some(e) = self.edge(*n, *other) else { continue };
                match is_own.contains(other) {
                    true if e.a == *n && self.counts(e) => inner.push(*e),
                    true => {}
                    false => outer.push((*n, *e)),
                }
            }
        }
        let mut all = Vec::new();
        // The links that joined something new when they came, in the order of the evidence.
        inner.sort_unstable_by_key(|e| (e.evidence, e.a, e.b));
        let mut of: Map<Node, Node> = Map::default();
        fn root(of: &Map<Node, Node>, mut n: Node) -> Node {
            while let Some(up) = of.get(&n) {
                n = *up;
            }
            n
        }
        let mut size: Map<Node, u32> = Map::default();
        for e in inner {
            let (x, y) = (root(&of, e.a), root(&of, e.b));
            if x != y {
                let (sx, sy) = (size.get(&x).copied().unwrap_or(1), size.get(&y).copied().unwrap_or(1));
                let (into, from) = if sx >= sy { (x, y) } else { (y, x) };
                of.insert(from, into);
                size.insert(into, sx + sy);
                all.push(Change { at: e.evidence.occurred_at, happened: Happened::Joined(e) });
            }
        }
        for (own, e) in outer {
            let other = e.other(own);
            // Told on the side of the people; a kiosk's own page would tell of everybody.
            let held = |at: Node, of: Node| {
                let v = self.verdicts.get(&at)?;
                (v.shared.is_some() || v.refused.contains(&of)).then_some((at, v.shared))
            };
            if let Some((at, why)) =
                held(other, own).or_else(|| held(own, other)).filter(|(at, _)| *at != own || nodes.len() > 1)
            {
                all.push(Change { at: e.evidence.occurred_at, happened: Happened::HeldBack(e, at, why) });
            }
        }
        for n in &nodes {
            if let Some(at) = self.verdicts.get(n).and_then(|v| v.reused_at) {
                all.push(Change { at, happened: Happened::ChangedHands(*n) });
            }
        }
        let about_it = |d: &&Decision| is_own.contains(&d.a) || is_own.contains(&d.b);
        all.extend(
            self.decisions.iter().filter(about_it).map(|d| Change { at: d.at, happened: Happened::Decided(*d) }),
        );
        all.sort_by_key(|c| c.at);
        all
    }
}
