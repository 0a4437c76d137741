//! Small graphs made of a seed, and what remains of a sequence of what happened.

use std::collections::BTreeSet;
use throughline_customers::{Called, Decision, Edge, Guards, IdentityGraph, Limit, Moved, NodeKind, Ruling, Shared};
use throughline_interactions::{Identifier, Node, NodeSecret, OrderKey, Timestamp};

/// Nodes of a small graph are 1 to 19.
pub const NODES: u64 = 20;
/// Five days, so that windows and silences come about.
pub const STEP: i64 = 5 * 86_400_000_000;
pub const SECRET: NodeSecret = NodeSecret([3; 16]);

/// A small generator (Steele, Lea and Flood's splitmix64): the same numbers everywhere.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for i in (1..of.len()).rev() {
            of.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

pub fn kind(node: u64) -> NodeKind {
    let of = |kind: &str, value: &str| NodeKind::of(&Identifier::new(kind, value));
    match node % 7 {
        0 | 1 => of("user_id", ""),
        2 => of("email", if node == 16 { "info@shop.example" } else { "ana@shop.example" }),
        3 | 4 => of("phone", ""),
        5 => of("card", ""),
        _ => of("anonymous_id", ""),
    }
}

pub fn edge(a: u64, b: u64, at: i64) -> Edge {
    let at = Timestamp(at);
    let evidence = OrderKey { occurred_at: at, source_seq: 0, message_prefix: a.min(b), message_hash: a.max(b) };
    Edge::new((Node(a), kind(a)), (Node(b), kind(b)), evidence, at.0 as u64)
}

pub const NAMES: [&str; 4] = ["Ana Berg", "Tom Berg", "Bo Lind", "A. Berg"];

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    Link(u64, u64, i64),
    Call(u64, usize, i64),
    Decide(u64, u64, Ruling, i64),
    Forget(u64),
}

/// A sequence of up to `most` things that happen.
pub fn sequence(rng: &mut Rng, most: u64) -> Vec<Op> {
    let n = rng.below(most + 1);
    (0..n)
        .map(|_| {
            let (a, b) = (rng.below(NODES - 1) + 1, rng.below(NODES - 1) + 1);
            let at = rng.below(60) as i64 * STEP;
            match rng.below(20) {
                0..=12 => Op::Link(a, b, at),
                13..=15 => Op::Call(a, rng.below(4) as usize, at),
                16 => Op::Decide(a, b, Ruling::Separated, at),
                17 => Op::Decide(a, b, Ruling::Rejoined, at),
                18 => Op::Decide(a, a, [Ruling::Allowed, Ruling::Shared, Ruling::Unmarked][rng.below(3) as usize], at),
                _ => Op::Forget(a),
            }
        })
        .collect()
}

/// Guards tight enough to be met by few nodes.
pub fn guards() -> Guards {
    let limit = |in_all, within, days| Limit { in_all, within, days };
    Guards {
        email: limit(3, 2, 6),
        phone: limit(2, 2, 6),
        other: limit(3, 2, 20),
        device: limit(3, 2, 40),
        reuse_days: 60,
    }
}

pub fn called(name: usize) -> Called {
    Called::new(&SECRET, NAMES[name]).unwrap()
}

pub fn apply(g: &mut IdentityGraph, op: &Op, position: u64) -> Vec<Moved> {
    match op {
        Op::Link(a, b, at) => g.link(edge(*a, *b, *at)),
        Op::Call(n, name, at) => g.call(Node(*n), called(*name), Timestamp(*at)).unwrap_or_default(),
        Op::Decide(a, b, ruling, at) => {
            let (a, b) = (Node(*a.min(b)), Node(*a.max(b)));
            g.decide(Decision { a, b, ruling: *ruling, at: Timestamp(*at), position })
        }
        Op::Forget(n) => g.forget(&[Node(*n)]),
    }
}

/// What remains of a sequence: everything that names nobody who was forgotten later.
pub fn remains(ops: &[Op]) -> Vec<Op> {
    let mut left: Vec<Op> = Vec::new();
    for op in ops {
        match op {
            Op::Forget(n) => left.retain(|o| match o {
                Op::Link(a, b, _) | Op::Decide(a, b, ..) => a != n && b != n,
                Op::Call(a, ..) => a != n,
                Op::Forget(_) => true,
            }),
            other => left.push(*other),
        }
    }
    left
}

pub fn replay(ops: &[Op]) -> IdentityGraph {
    let mut g = IdentityGraph::new(guards());
    for (position, op) in ops.iter().enumerate() {
        apply(&mut g, op, position as u64);
    }
    g
}

/// Decisions stay in their order, which is that of the ledger; everything else may come in any.
pub fn shuffled(rng: &mut Rng, ops: &[Op]) -> Vec<Op> {
    let (decided, mut others): (Vec<Op>, Vec<Op>) = ops.iter().partition(|o| matches!(o, Op::Decide(..)));
    rng.shuffle(&mut others);
    for op in decided.into_iter().rev() {
        let at = others.iter().position(|o| matches!(o, Op::Decide(..))).unwrap_or(others.len());
        others.insert(rng.below(at as u64 + 1) as usize, op);
    }
    others
}

/// Profiles as text: who is one customer, by which links, and what is held of whom.
pub fn profiles(g: &IdentityGraph) -> String {
    let ids: BTreeSet<u64> = (1..NODES).map(|n| g.customer(Node(n))).collect();
    let mut text = String::new();
    for id in ids {
        text.push_str(&format!("{id}:"));
        for n in g.nodes(id) {
            let v = g.verdict(n);
            let mut refused: Vec<u64> = v.refused.iter().map(|n| n.0).collect();
            refused.sort_unstable();
            text.push_str(&format!(" {} {:?} {refused:?} {:?}", n.0, v.shared, v.reused_at.map(|t| t.0 / STEP)));
            for e in g.links(n).iter().filter(|e| e.a == n) {
                let counts = if g.counts(e) { '=' } else { '/' };
                text.push_str(&format!(" {}{counts}{}@{}", e.a.0, e.b.0, e.evidence.occurred_at.0 / STEP));
            }
        }
        text.push('\n');
    }
    text
}

/// The definition, written down slowly, from everything at once.
pub struct Oracle {
    links: Vec<(u64, u64, i64)>,
    names: Vec<(u64, usize)>,
    cuts: BTreeSet<(u64, u64)>,
    marks: std::collections::BTreeMap<u64, Ruling>,
}

impl Oracle {
    pub fn new(remaining: &[Op]) -> Self {
        let mut o = Self {
            links: Vec::new(),
            names: Vec::new(),
            cuts: BTreeSet::new(),
            marks: std::collections::BTreeMap::new(),
        };
        for op in remaining {
            match *op {
                Op::Link(a, b, at) if a != b => o.links.push((a.min(b), a.max(b), at)),
                Op::Call(n, name, _) => o.names.push((n, name)),
                Op::Decide(a, b, ruling, _) => match ruling {
                    Ruling::Separated => drop(o.cuts.insert((a.min(b), a.max(b)))),
                    Ruling::Rejoined => drop(o.cuts.remove(&(a.min(b), a.max(b)))),
                    Ruling::Unmarked => drop(o.marks.remove(&a)),
                    mark => drop(o.marks.insert(a, mark)),
                },
                Op::Link(..) | Op::Forget(_) => {}
            }
        }
        o
    }

    fn times(&self, x: u64, y: u64) -> Vec<i64> {
        let pair = (x.min(y), x.max(y));
        let cut = self.cuts.contains(&pair);
        self.links.iter().filter(|l| (l.0, l.1) == pair && !cut).map(|l| l.2).collect()
    }

    fn likeness(&self, x: &[u64], y: &[u64]) -> throughline_customers::Likeness {
        use throughline_customers::Likeness::{Other, Same, Unknown};
        let of = |who: &[u64]| -> Vec<usize> {
            self.names.iter().filter(|(n, _)| who.contains(n)).map(|(_, name)| *name).collect()
        };
        let (x, y) = (of(x), of(y));
        let all: Vec<_> = x.iter().flat_map(|a| y.iter().map(move |b| called(*a).likeness(&called(*b)))).collect();
        match all.as_slice() {
            [] => Unknown,
            all if all.contains(&Same) => Same,
            all if all.iter().all(|l| *l == Other) => Other,
            _ => Unknown,
        }
    }

    /// Shared or not, and whose links do not count.
    fn verdict(&self, s: u64) -> (Option<Shared>, Vec<u64>) {
        use throughline_customers::Likeness::{Other, Same};
        let g = guards();
        match self.marks.get(&s) {
            Some(Ruling::Allowed) => return (None, Vec::new()),
            Some(Ruling::Shared) => return (Some(Shared::Decided), Vec::new()),
            _ => {}
        }
        let is_linked = self.links.iter().any(|l| l.0 == s || l.1 == s);
        if kind(s).is_role && is_linked {
            return (Some(Shared::Role), Vec::new());
        }
        let claims = |x: u64| kind(x).is_name() && (!kind(s).is_name() || kind(x).rank < kind(s).rank);
        let first = |x: u64| self.times(x, s).into_iter().min().map(|t| (t, x.min(s), x.max(s)));
        let mut by: Vec<u64> = (1..NODES).filter(|x| *x != s && claims(*x) && first(*x).is_some()).collect();
        by.sort_by_key(|x| first(*x));
        // People: sets of claimants closed under standing together and under having one name.
        let mut people: Vec<Vec<u64>> = by.iter().map(|x| vec![*x]).collect();
        let one = |x: &u64, y: &u64| !self.times(*x, *y).is_empty() || self.likeness(&[*x], &[*y]) == Same;
        while let Some((i, j)) = (0..people.len())
            .flat_map(|i| (i + 1..people.len()).map(move |j| (i, j)))
            .find(|(i, j)| people[*i].iter().any(|x| people[*j].iter().any(|y| one(x, y))))
        {
            let more = people.remove(j);
            people[i].extend(more);
            people[i].sort_by_key(|x| first(*x));
        }
        people.sort_by_key(|p| first(p[0]));
        let at = |p: &Vec<u64>| first(p[0]).unwrap().0;
        let day = |t: i64| t.div_euclid(86_400_000_000);
        let (is_phone, is_device) = (kind(s).rank == 2, !kind(s).is_name());
        if is_phone {
            let boundary = (1..people.len()).rev().find(|n| {
                let last = people[..*n].iter().flatten().flat_map(|x| self.times(*x, s)).max().unwrap();
                day(at(&people[*n])) - day(last) >= i64::from(g.reuse_days)
                    && people[..*n].iter().all(|p| self.likeness(p, &people[*n]) == Other)
            });
            people.drain(..boundary.unwrap_or(0));
        }
        let limit = match kind(s).rank {
            1 => g.email,
            2 => g.phone,
            r if r < 6 => g.other,
            _ => g.device,
        };
        let soon = |limit: Limit| {
            people.iter().any(|p| {
                let until = at(p) + i64::from(limit.days) * 86_400_000_000;
                people.iter().filter(|q| at(q) >= at(p) && at(q) < until).count() > limit.within as usize
            })
        };
        if people.len() > limit.in_all as usize {
            return (Some(Shared::Many), Vec::new());
        }
        if soon(limit) {
            return (Some(Shared::Soon), Vec::new());
        }
        let differ = people.iter().any(|p| people.iter().any(|q| p != q && self.likeness(p, q) == Other));
        if !is_device && differ {
            return (Some(Shared::Names), Vec::new());
        }
        let counts = |x: &u64| match (is_device, is_phone) {
            (true, _) => true,
            (_, true) => people.first().is_some_and(|p| p.contains(x)),
            _ => people.iter().any(|p| p.contains(x)),
        };
        (None, by.into_iter().filter(|x| !counts(x)).collect())
    }

    /// The customer of every node.
    pub fn customers(&self) -> Vec<u64> {
        let verdicts: Vec<_> = (0..NODES).map(|n| self.verdict(n)).collect();
        let mut links: Vec<(u64, u64, i64)> = Vec::new();
        for (a, b) in (1..NODES).flat_map(|a| (a + 1..NODES).map(move |b| (a, b))) {
            let refuses = |s: u64, o: u64| verdicts[s as usize].0.is_some() || verdicts[s as usize].1.contains(&o);
            if let Some(at) = self.times(a, b).into_iter().min().filter(|_| !refuses(a, b) && !refuses(b, a)) {
                links.push((a, b, at));
            }
        }
        let is_name = |n: u64| kind(n).is_name();
        links.sort_by_key(|(a, b, at)| (!(is_name(*a) && is_name(*b)), *at, *a, *b));
        let mut customer: Vec<u64> = (0..NODES).collect();
        for (a, b, _) in links {
            let (x, y) = (customer[a as usize], customer[b as usize]);
            let named = |c: u64| (1..NODES).any(|n| customer[n as usize] == c && is_name(n));
            if x != y && ((is_name(a) && is_name(b)) || !(named(x) && named(y))) {
                customer.iter_mut().filter(|c| **c == x.max(y)).for_each(|c| *c = x.min(y));
            }
        }
        customer
    }
}
