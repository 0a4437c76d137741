//! Why two identifiers are one person: chains of links that count.

use super::{Edge, IdentityGraph};
use std::collections::{HashMap, VecDeque};
use throughline_interactions::Node;

/// Chains of links from one node to the others of its customer.
#[derive(Debug, Clone)]
pub struct Chains {
    /// By which link each node was reached.
    came: HashMap<Node, Option<Edge>>,
}

impl Chains {
    /// The links to a node, in order; `None` where it is another customer's.
    pub fn to(&self, node: Node) -> Option<Vec<Edge>> {
        let (mut chain, mut at) = (Vec::new(), node);
        while let Some(e) = *self.came.get(&at)? {
            chain.push(e);
            at = e.other(at);
        }
        chain.reverse();
        Some(chain)
    }
}

impl IdentityGraph {
    /// Why two nodes are one customer: the shortest chain of links from one to the other, that of the earliest
    /// evidence among equals; none for a node and itself. `None` where they are not one customer.
    pub fn why(&self, from: Node, to: Node) -> Option<Vec<Edge>> {
        self.chains(from).to(to)
    }

    /// The shortest chains of links from a node to every other one of its customer.
    pub fn chains(&self, from: Node) -> Chains {
        let customer = self.customer(from);
        let mut came = HashMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(at) = next.pop_front() {
            let others = self.around.get(&at).map_or(&[][..], |a| &a.others);
            let mut links: Vec<&Edge> = others.iter().filter_map(|o| self.edge(at, *o)).collect();
            links.retain(|e| self.customer(e.other(at)) == customer && self.counts(e));
            links.sort_unstable_by_key(|e| e.rank());
            for e in links {
                came.entry(e.other(at)).or_insert_with(|| {
                    next.push_back(e.other(at));
                    Some(*e)
                });
            }
        }
        Chains { came }
    }
}
