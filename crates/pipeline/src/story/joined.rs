//! When identifiers became one person: the dates at which a fact joined two that had been strangers.
//!
//! Links that only say again what is known join nobody, and neither do those that somebody has taken apart.

use serde::Serialize;
use std::collections::HashMap;
use throughline_customers::Evidence;
use throughline_interactions::{Identifier, Node, Timestamp};

/// Two identifiers, one person from then on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joined {
    /// When the fact happened in which both stood.
    pub at: Timestamp,
    /// Its place in the ledger.
    pub position: u64,
    /// One.
    pub a: Identifier,
    /// The other.
    pub b: Identifier,
}

/// The joinings among a customer's links, in the order in which the facts happened.
pub(crate) fn joined(links: &[Evidence]) -> Vec<Joined> {
    let mut links: Vec<&Evidence> = links.iter().filter(|l| !l.cut).collect();
    links.sort_by_key(|l| (l.occurred_at, l.a_node, l.b_node));
    let mut head: HashMap<Node, Node> = HashMap::new();
    let mut joins = |l: &&Evidence| {
        let (a, b) = (find(&mut head, l.a_node), find(&mut head, l.b_node));
        head.insert(a.max(b), a.min(b));
        a != b
    };
    let new = links.into_iter().filter(|l| joins(l));
    new.map(|l| Joined { at: l.occurred_at, position: l.position, a: l.a.clone(), b: l.b.clone() }).collect()
}

fn find(head: &mut HashMap<Node, Node>, node: Node) -> Node {
    let mut at = node;
    while let Some(next) = head.get(&at).copied().filter(|n| *n != at) {
        at = next;
    }
    // The way there is short the next time.
    head.insert(node, at);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(at: i64, a: u64, b: u64, cut: bool) -> Evidence {
        let id = |n: u64| Identifier { kind: "user_id".into(), value: n.to_string() };
        Evidence {
            a: id(a),
            a_node: Node(a),
            b: id(b),
            b_node: Node(b),
            occurred_at: Timestamp(at),
            position: at.unsigned_abs(),
            cut,
        }
    }

    #[test]
    fn only_what_joins_strangers_is_told_in_whatever_order_links_come() {
        let check = |links: &[Evidence], expected: &[i64]| {
            let told: Vec<i64> = joined(links).iter().map(|j| j.at.0).collect();
            assert_eq!(told, expected);
        };
        let (ab, bc, ac, cd) = (link(3, 1, 2, false), link(1, 2, 3, false), link(5, 1, 3, false), link(9, 3, 4, true));
        check(&[ab.clone(), bc.clone(), ac.clone(), cd.clone()], &[1, 3]);
        check(&[cd, ac, bc, ab], &[1, 3]);
        check(&[], &[]);
    }
}
