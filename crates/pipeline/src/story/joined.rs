//! When identifiers became one person: the dates at which facts joined those that had been strangers.
//!
//! Links that only say again what is known join nobody, and neither do those that somebody has taken apart. What
//! was joined within a minute — somebody signs in and says who they are — is told as one.

use serde::Serialize;
use std::collections::HashMap;
use throughline_customers::Evidence;
use throughline_interactions::{Identifier, Node, Timestamp};

/// Joined within so many microseconds is joined at once.
const AT_ONCE: i64 = 60 * 1_000_000;

/// Identifiers, one person from then on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joined {
    /// When the first of the facts happened in which they stood together.
    pub at: Timestamp,
    /// Its place in the ledger.
    pub position: u64,
    /// Two or more.
    pub identifiers: Vec<Identifier>,
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
    let mut told: Vec<Joined> = Vec::new();
    for l in links.into_iter().filter(|l| joins(l)) {
        let known = |j: &Joined, i: &Identifier| j.identifiers.contains(i);
        let at_once = |j: &&mut Joined| l.occurred_at.0 - j.at.0 <= AT_ONCE && (known(j, &l.a) || known(j, &l.b));
        match told.last_mut().filter(at_once) {
            Some(j) => [&l.a, &l.b].into_iter().for_each(|i| {
                if !known(j, i) {
                    j.identifiers.push(i.clone());
                }
            }),
            None => told.push(Joined {
                at: l.occurred_at,
                position: l.position,
                identifiers: vec![l.a.clone(), l.b.clone()],
            }),
        }
    }
    told
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
            occurred_at: Timestamp(at * 60_000_000),
            position: at.unsigned_abs(),
            cut,
            decided: None,
        }
    }

    #[test]
    fn only_what_joins_strangers_is_told_in_whatever_order_links_come() {
        let check = |links: &[Evidence], expected: &[(u64, usize)]| {
            let told: Vec<_> = joined(links).iter().map(|j| (j.position, j.identifiers.len())).collect();
            assert_eq!(told, expected);
        };
        let (ab, bc, ac, cd) = (link(3, 1, 2, false), link(1, 2, 3, false), link(5, 1, 3, false), link(9, 3, 4, true));
        check(&[ab.clone(), bc.clone(), ac.clone(), cd.clone()], &[(1, 2), (3, 2)]);
        check(&[cd, ac, bc.clone(), ab], &[(1, 2), (3, 2)]);
        check(&[], &[]);
        // Within a minute it is one joining, if it is of the same.
        check(&[bc.clone(), link(2, 3, 4, false)], &[(1, 3)]);
        check(&[bc, link(2, 8, 9, false)], &[(1, 2), (2, 2)]);
    }
}
