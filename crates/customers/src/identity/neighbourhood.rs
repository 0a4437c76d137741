//! What of a part of the graph is remembered so that most links need not have it worked out again: the latest
//! evidence of a device there, and whether a device was ever refused.

use super::Edge;
use super::hash::Map;
use throughline_interactions::{Node, OrderKey};

type Rank = (OrderKey, Node, Node);

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    latest: Option<Rank>,
    is_contested: bool,
}

/// Sets of nodes that were ever linked so that it counts. They only grow: too large a set costs time and changes
/// nothing.
#[derive(Debug, Default)]
pub(super) struct Neighbourhoods {
    up: Map<Node, Node>,
    known: Map<Node, Known>,
}

impl Neighbourhoods {
    fn root(&mut self, mut n: Node) -> Node {
        while let Some(up) = self.up.get(&n).copied() {
            if let Some(higher) = self.up.get(&up).copied() {
                self.up.insert(n, higher);
            }
            n = up;
        }
        n
    }

    /// Unites the ends of a link. Whether, being a device's, it is later than all devices' links there.
    pub(super) fn unite(&mut self, e: &Edge) -> bool {
        let (x, y) = (self.root(e.a), self.root(e.b));
        let mut known = self.known.get(&x).copied().unwrap_or_default();
        if x != y {
            let other = self.known.remove(&y).unwrap_or_default();
            known.latest = known.latest.max(other.latest);
            known.is_contested |= other.is_contested;
            self.up.insert(y, x);
        }
        let mut comes_last = true;
        if !e.is_between_names() {
            let rank = (e.evidence, e.a, e.b);
            comes_last = known.latest.is_none_or(|l| l < rank);
            known.latest = known.latest.max(Some(rank));
        }
        if known.latest.is_some() {
            self.known.insert(x, known);
        }
        comes_last
    }

    /// A device was wanted by two.
    pub(super) fn contest(&mut self, node: Node) {
        let root = self.root(node);
        self.known.entry(root).or_default().is_contested = true;
    }

    pub(super) fn is_contested(&mut self, node: Node) -> bool {
        let root = self.root(node);
        self.known.get(&root).is_some_and(|k| k.is_contested)
    }
}
