//! The graph equals a fresh replay of what remains, whatever the order.

use proptest::prelude::*;
use throughline_customers::{Edge, Guards, IdentityGraph, NodeKind};
use throughline_interactions::{IdentifierClass, Node, OrderKey, Timestamp};

fn kind(node: u64) -> NodeKind {
    match node % 4 {
        0 => NodeKind { rank: 0, class: IdentifierClass::Person },
        1 => NodeKind { rank: 1, class: IdentifierClass::Person },
        2 => NodeKind { rank: 2, class: IdentifierClass::Person },
        _ => NodeKind { rank: 7, class: IdentifierClass::Device },
    }
}

fn edge(a: u64, b: u64, at: i64) -> Edge {
    let evidence =
        OrderKey { occurred_at: Timestamp(at), source_seq: 0, message_prefix: a.min(b), message_hash: a.max(b) };
    Edge::new((Node(a), kind(a)), (Node(b), kind(b)), evidence, at as u64)
}

#[derive(Debug, Clone)]
enum Op {
    Link(u64, u64, i64),
    Cut(u64, u64),
    Uncut(u64, u64),
    Forget(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let node = || 1..16_u64;
    prop_oneof![
        12 => (node(), node(), 0..50_i64).prop_map(|(a, b, t)| Op::Link(a, b, t)),
        1 => (node(), node()).prop_map(|(a, b)| Op::Cut(a.min(b), a.max(b))),
        1 => (node(), node()).prop_map(|(a, b)| Op::Uncut(a.min(b), a.max(b))),
        1 => node().prop_map(Op::Forget),
    ]
}

type Links = Vec<(u64, u64, i64)>;
type Cuts = Vec<(u64, u64)>;

/// What remains of a sequence: the earliest evidence of each pair not forgotten, and the cuts.
fn remains(ops: &[Op]) -> (Links, Cuts) {
    let mut links: std::collections::BTreeMap<(u64, u64), i64> = Default::default();
    let mut cuts: std::collections::BTreeSet<(u64, u64)> = Default::default();
    for op in ops {
        match op {
            Op::Link(a, b, t) if a != b => {
                let old = links.entry((*a.min(b), *a.max(b))).or_insert(*t);
                *old = (*old).min(*t);
            }
            Op::Link(..) => {}
            Op::Cut(a, b) => {
                cuts.insert((*a, *b));
            }
            Op::Uncut(a, b) => {
                cuts.remove(&(*a, *b));
            }
            Op::Forget(n) => {
                links.retain(|(a, b), _| a != n && b != n);
                cuts.retain(|(a, b)| a != n && b != n);
            }
        }
    }
    (links.into_iter().map(|((a, b), t)| (a, b, t)).collect(), cuts.into_iter().collect())
}

/// The definition, written down slowly: sorted links, guards, one union after another.
fn oracle(links: &[(u64, u64, i64)], cuts: &[(u64, u64)], guards: Guards) -> Vec<u64> {
    let is_name = |n: u64| kind(n).class == IdentifierClass::Person;
    let shared = |n: u64| {
        let partners = links
            .iter()
            .filter_map(|(a, b, _)| {
                if *a == n {
                    Some(*b)
                } else if *b == n {
                    Some(*a)
                } else {
                    None
                }
            })
            .filter(|o| if is_name(n) { kind(n).rank > 0 && kind(*o).rank == 0 } else { is_name(*o) })
            .count();
        partners > if is_name(n) { guards.accounts_per_name } else { guards.names_per_device }
    };
    let mut sorted: Vec<Edge> = links.iter().map(|(a, b, t)| edge(*a, *b, *t)).collect();
    sorted.sort_by_key(|e| (!(is_name(e.a.0) && is_name(e.b.0)), e.evidence, e.a, e.b));
    let mut customer: Vec<u64> = (0..16).collect();
    for e in sorted {
        let (a, b) = (e.a.0, e.b.0);
        let (x, y) = (customer[a as usize], customer[b as usize]);
        let named = |c: u64| (1..16).any(|n| customer[n as usize] == c && is_name(n));
        if shared(a) || shared(b) || cuts.contains(&(a, b)) || x == y {
            continue;
        }
        if !(is_name(a) && is_name(b)) && named(x) && named(y) {
            continue;
        }
        for c in &mut customer {
            if *c == x.max(y) {
                *c = x.min(y);
            }
        }
    }
    customer
}

fn customers(g: &IdentityGraph) -> Vec<u64> {
    (0..16).map(|n| g.customer(Node(n))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn any_sequence_equals_the_oracle_and_every_move_is_told(ops in prop::collection::vec(op(), 0..60)) {
        let guards = Guards { accounts_per_name: 2, names_per_device: 2 };
        let mut g = IdentityGraph::new(guards);
        let mut told: Vec<u64> = (0..16).collect();
        for op in &ops {
            let moved = match op {
                Op::Link(a, b, t) => g.link(edge(*a, *b, *t)),
                Op::Cut(a, b) => g.cut(Node(*a), Node(*b)),
                Op::Uncut(a, b) => g.uncut(Node(*a), Node(*b)),
                Op::Forget(n) => {
                    let moved = g.forget(&[Node(*n)]);
                    told[*n as usize] = *n;
                    moved
                }
            };
            for m in moved {
                prop_assert_eq!(told[m.node.0 as usize], m.from, "node {}", m.node.0);
                told[m.node.0 as usize] = m.to;
            }
        }
        let (links, cuts) = remains(&ops);
        prop_assert_eq!(customers(&g), oracle(&links, &cuts, guards));
        prop_assert_eq!(customers(&g), told);
        // Whoever is one customer is so by a chain of links that hold, and nobody else.
        for (a, b) in (0..16).flat_map(|a| (0..16).map(move |b| (Node(a), Node(b)))) {
            let why = g.why(a, b);
            prop_assert_eq!(why.is_some(), g.customer(a) == g.customer(b), "{:?} {:?}", a, b);
            let mut at = a;
            for link in why.iter().flatten() {
                prop_assert!(link.a == at || link.b == at);
                prop_assert_eq!(g.customer(link.a), g.customer(link.b));
                at = if link.a == at { link.b } else { link.a };
            }
            if let Some(chain) = why {
                prop_assert_eq!(at, b);
                prop_assert_eq!(chain.len(), g.why(b, a).unwrap().len());
                prop_assert!(chain.len() <= g.nodes(g.customer(a)).len());
            }
        }
    }
}

#[test]
fn a_kiosk_joins_nobody_and_a_browser_never_joins_two_people() {
    let mut g = IdentityGraph::new(Guards::default());
    // One browser (3) of two accounts (4, 8): it stays with the first.
    g.link(edge(3, 4, 10));
    g.link(edge(3, 8, 20));
    assert_eq!((g.customer(Node(3)), g.customer(Node(4)), g.customer(Node(8))), (3, 3, 8));
    // Evidence from before arrives late: it was the other's.
    g.link(edge(3, 8, 5));
    assert_eq!((g.customer(Node(4)), g.customer(Node(8))), (4, 3));
    // A tablet that six people use belongs to none of them.
    for (i, user) in [4_u64, 8, 12, 16, 20, 24].iter().enumerate() {
        g.link(edge(7, *user, 100 + i as i64));
    }
    assert_eq!(g.customer(Node(7)), 7);
    assert_eq!(g.nodes(7), [Node(7)]);
}

#[test]
fn one_person_with_twenty_thousand_identifiers_is_quick() {
    let mut g = IdentityGraph::new(Guards::default());
    let started = std::time::Instant::now();
    for i in 1..20_000_u64 {
        g.link(edge(4, i * 4 + 3, i as i64));
    }
    assert_eq!(g.nodes(4).len(), 20_000);
    assert!(started.elapsed().as_secs() < 60, "links must not cost more the more there are");
}
