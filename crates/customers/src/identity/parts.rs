//! From links that count to people.

use super::Edge;
use super::hash::Map;
use std::collections::BTreeMap;
use throughline_interactions::Node;

fn root(parent: &mut [usize], mut n: usize) -> usize {
    while parent[n] != n {
        parent[n] = parent[parent[n]];
        n = parent[n];
    }
    n
}

/// Sets of nodes that are one person each, and the links of devices that were refused, because both sides had a
/// name. Links between names are taken first, then those of devices in the order of the evidence.
pub(super) fn people_of(
    members: &[Node],
    edges: &[Edge],
    is_name: impl Fn(Node) -> bool,
) -> (Vec<Vec<Node>>, Vec<Edge>) {
    let at: Map<Node, usize> = members.iter().enumerate().map(|(i, n)| (*n, i)).collect();
    let mut parent: Vec<usize> = (0..members.len()).collect();
    let mut named: Vec<bool> = members.iter().map(|n| is_name(*n)).collect();
    let (names, mut devices): (Vec<&Edge>, Vec<&Edge>) = edges.iter().partition(|e| e.is_between_names());
    devices.sort_unstable_by_key(|e| e.rank());
    let mut refused = Vec::new();
    for e in names.into_iter().chain(devices) {
        let (Some(a), Some(b)) = (at.get(&e.a), at.get(&e.b)) else { continue };
        let (x, y) = (root(&mut parent, *a), root(&mut parent, *b));
        if x == y {
            continue;
        }
        if !e.is_between_names() && named[x] && named[y] {
            refused.push(*e);
            continue;
        }
        named[x] |= named[y];
        parent[y] = x;
    }
    let mut sets: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
    for (i, n) in members.iter().enumerate() {
        sets.entry(root(&mut parent, i)).or_default().push(*n);
    }
    (sets.into_values().collect(), refused)
}
