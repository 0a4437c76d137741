//! The identity graph: links with their evidence, guards, and the customers that follow.
//!
//! The customers are a function of the *set* of links, names and decisions, never of their arrival. What is held of
//! an identifier (`guards.rs`) follows from what stands around it. Links between names of a person that count
//! are all taken; then those of devices, in the order of the evidence: a device joins nobody who has a name already.
//! Most links are applied where they come; only where a device was wanted by two, and evidence comes late, the part
//! that hangs together by links that count is worked out again.

mod link;
mod called;
mod guards;
mod hash;
mod neighbourhood;
mod parts;
mod chains;
mod past;

pub use called::{Called, Likeness};
pub use chains::Chains;
pub use guards::{Guards, Limit, Mark, Shared, Verdict};
pub use link::{Cut, Decision, Edge, Moved, NodeKind, Ruling};
pub use past::{Change, Happened};

pub(crate) use link::ROLE_MAILBOX;

use guards::{Lens, decided};
use hash::{Map, Set};
use link::pair;
use neighbourhood::Neighbourhoods;
use parts::people_of;
use std::collections::BTreeSet;
use throughline_interactions::{Node, Timestamp};

/// What stands around a node.
#[derive(Debug)]
struct Around {
    kind: NodeKind,
    /// How many of the others say whose it is.
    claims: u32,
    others: Vec<Node>,
}

/// Somebody of more than one identifier.
#[derive(Debug, Default)]
struct People {
    nodes: Vec<Node>,
    /// One of them is a name.
    is_named: bool,
}

/// All links of one workspace and the customers that follow from them.
#[derive(Debug, Default)]
pub struct IdentityGraph {
    guards: Guards,
    edges: Map<(Node, Node), Edge>,
    around: Map<Node, Around>,
    /// What is held of identifiers of which there is something to hold.
    verdicts: Map<Node, Verdict>,
    called: Map<Node, Vec<(Timestamp, Called)>>,
    decisions: Vec<Decision>,
    cuts: BTreeSet<Cut>,
    marks: Map<Node, Mark>,
    neighbourhoods: Neighbourhoods,
    customer_of: Map<Node, u64>,
    customers: Map<u64, People>,
}

/// Names of one node that are compared, the earliest.
const NAMES: usize = 8;

impl IdentityGraph {
    /// An empty graph under `guards`.
    pub fn new(guards: Guards) -> Self {
        Self { guards, ..Self::default() }
    }

    /// The customer a node belongs to: the smallest node of its set, itself when it is alone.
    pub fn customer(&self, node: Node) -> u64 {
        self.customer_of.get(&node).copied().unwrap_or(node.0)
    }

    /// The nodes of a customer, smallest first.
    pub fn nodes(&self, customer: u64) -> Vec<Node> {
        let mut nodes = self.customers.get(&customer).map_or_else(|| vec![Node(customer)], |p| p.nodes.clone());
        nodes.sort_unstable();
        nodes
    }

    /// Every node that was ever in a link and the customer it belongs to now: what a reader of
    /// older files applies. Nodes that were given back by an unmerge are among them.
    pub fn redirects(&self) -> impl Iterator<Item = (Node, u64)> + '_ {
        self.around.keys().map(|n| (*n, self.customer(*n)))
    }

    /// True for a node of somebody with more than one identifier.
    pub fn is_joined(&self, node: Node) -> bool {
        self.customers.contains_key(&self.customer(node))
    }

    /// How many people have more than one identifier.
    pub fn joined_customers(&self) -> usize {
        self.customers.len()
    }

    /// What is held of an identifier.
    pub fn verdict(&self, node: Node) -> Verdict {
        self.verdicts.get(&node).cloned().unwrap_or_default()
    }

    /// Identifiers that join nobody, and those that do not join everybody who used them, smallest first.
    pub fn held_back(&self) -> Vec<(Node, Verdict)> {
        let mut all: Vec<_> = self.verdicts.iter().map(|(n, v)| (*n, v.clone())).collect();
        all.sort_unstable_by_key(|(n, _)| *n);
        all
    }

    /// What people said of identifiers, smallest first.
    pub fn marks(&self) -> Vec<(Node, Mark)> {
        let mut all: Vec<_> = self.marks.iter().map(|(n, m)| (*n, *m)).collect();
        all.sort_unstable_by_key(|(n, _)| *n);
        all
    }

    /// The links of an identifier, in the order of the evidence.
    pub fn links(&self, node: Node) -> Vec<Edge> {
        let others = self.around.get(&node).map_or(&[][..], |a| &a.others);
        let mut all: Vec<Edge> = others.iter().filter_map(|o| self.edge(node, *o).copied()).collect();
        all.sort_unstable_by_key(|e| (e.evidence, e.a, e.b));
        all
    }

    /// Whether a link counts: nobody took it apart, and nothing stands against either end.
    pub fn counts(&self, e: &Edge) -> bool {
        let refuses = |node: Node, other: Node| {
            self.verdicts.get(&node).is_some_and(|v| v.shared.is_some() || v.refused.contains(&other))
        };
        !self.cuts.contains(&e.pair()) && !refuses(e.a, e.b) && !refuses(e.b, e.a)
    }

    /// Adds a link and returns who moved. A link that is known by earlier evidence changes nothing.
    pub fn link(&mut self, edge: Edge) -> Vec<Moved> {
        if edge.a == edge.b {
            return Vec::new();
        }
        let known = self.edges.get(&edge.pair()).copied();
        let new = known.map_or(edge, |k| k.with(&edge));
        if known == Some(new) {
            return Vec::new();
        }
        self.edges.insert(new.pair(), new);
        if known.is_none() {
            self.note(&new);
        }
        let mut touched = self.around_link(new.a, new.b);
        touched
            .extend([(new.a, new.a_kind), (new.b, new.b_kind)].into_iter().filter(|(_, k)| k.is_role).map(|(n, _)| n));
        let mut seeds = self.judge(&touched);
        let was_earlier = known.is_none_or(|k| new.evidence < k.evidence);
        if seeds.is_empty() {
            return if was_earlier { self.join(&new) } else { Vec::new() };
        }
        self.neighbourhoods.unite(&new);
        seeds.extend([new.a, new.b]);
        self.work_out(seeds)
    }

    /// True when the evidence for this pair would change the graph: it is new, or earlier, or of a later day where
    /// that matters.
    pub fn is_news(&self, edge: &Edge) -> bool {
        self.edges.get(&edge.pair()).is_none_or(|k| k.with(edge) != *k)
    }

    /// The link as it is known after [`IdentityGraph::link`].
    pub fn known(&self, edge: &Edge) -> Option<Edge> {
        self.edges.get(&edge.pair()).copied()
    }

    /// Hears what somebody is called in a fact in which this was the strongest identifier, and says who moved.
    /// `None` where that is known.
    pub fn call(&mut self, node: Node, called: Called, at: Timestamp) -> Option<Vec<Moved>> {
        let known = self.called.entry(node).or_default();
        let before: Vec<Called> = known.iter().map(|(_, c)| *c).collect();
        match known.iter_mut().find(|(_, c)| *c == called) {
            Some((first, _)) if *first <= at => return None,
            Some((first, _)) => *first = at,
            None => known.push((at, called)),
        }
        known.sort_unstable();
        known.truncate(NAMES);
        let is_same = known.len() == before.len() && known.iter().all(|(_, c)| before.contains(c));
        if !known.iter().any(|(_, c)| *c == called) {
            return None;
        }
        if is_same || !self.around.contains_key(&node) {
            return Some(Vec::new());
        }
        let seeds = self.judge(&self.claimed_by(node));
        Some(if seeds.is_empty() { Vec::new() } else { self.work_out(seeds) })
    }

    /// A person decides.
    pub fn decide(&mut self, decision: Decision) -> Vec<Moved> {
        self.decisions.push(decision);
        decision.apply(&mut self.cuts, &mut self.marks);
        let mut touched = self.around_link(decision.a, decision.b);
        touched.extend([decision.a, decision.b]);
        let mut seeds = self.judge(&touched);
        seeds.extend([decision.a, decision.b]);
        seeds.retain(|n| self.around.contains_key(n));
        self.work_out(seeds)
    }

    /// Forgets nodes and all their links as if their facts had not come; what people decided about them stays.
    pub fn unlearn(&mut self, nodes: &[Node]) -> Vec<Moved> {
        let decisions = self.decisions.clone();
        let mut moved = self.forget(nodes);
        self.decisions = decisions;
        (self.cuts, self.marks) = decided(&self.decisions, Timestamp::MAX);
        let about: Vec<Node> = self.decisions.iter().flat_map(|d| [d.a, d.b]).collect();
        let mut seeds = self.judge(&about);
        seeds.retain(|n| self.around.contains_key(n));
        moved.extend(self.work_out(seeds));
        moved
    }

    /// Forgets nodes and all their links, after an erasure.
    pub fn forget(&mut self, nodes: &[Node]) -> Vec<Moved> {
        let gone: Set<Node> = nodes.iter().copied().collect();
        let mut left: BTreeSet<Node> = BTreeSet::new();
        for n in nodes {
            if let Some(people) = self.customers.remove(&self.customer(*n)) {
                left.extend(people.nodes);
            }
        }
        for n in nodes {
            let Some(around) = self.around.remove(n) else { continue };
            for other in around.others {
                self.edges.remove(&pair(*n, other));
                left.insert(other);
            }
        }
        left.retain(|n| !gone.contains(n));
        for n in nodes {
            self.verdicts.remove(n);
            self.called.remove(n);
            self.customer_of.remove(n);
        }
        for n in &left {
            let Some(mut around) = self.around.remove(n) else { continue };
            around.others.retain(|o| !gone.contains(o));
            let claims = |o: &&Node| self.kind(**o).is_some_and(|k| k.claims(around.kind));
            around.claims = around.others.iter().filter(claims).count() as u32;
            self.around.insert(*n, around);
        }
        self.decisions.retain(|d| !gone.contains(&d.a) && !gone.contains(&d.b));
        (self.cuts, self.marks) = decided(&self.decisions, Timestamp::MAX);
        let left: Vec<Node> = left.into_iter().collect();
        let mut seeds = self.judge(&left);
        seeds.extend(left);
        self.work_out(seeds)
    }

    fn kind(&self, node: Node) -> Option<NodeKind> {
        self.around.get(&node).map(|a| a.kind)
    }

    fn edge(&self, x: Node, y: Node) -> Option<&Edge> {
        self.edges.get(&pair(x, y))
    }

    fn lens(&self) -> Lens<'_> {
        Lens { graph: self, until: Timestamp::MAX, cuts: &self.cuts, marks: &self.marks }
    }

    fn note(&mut self, e: &Edge) {
        for (node, kind, other, other_kind) in [(e.a, e.a_kind, e.b, e.b_kind), (e.b, e.b_kind, e.a, e.a_kind)] {
            let around = self.around.entry(node).or_insert_with(|| Around { kind, claims: 0, others: Vec::new() });
            around.others.push(other);
            around.claims += u32::from(other_kind.claims(kind));
        }
    }

    /// Identifiers of which something else may be held once this link is there, or is not.
    fn around_link(&self, a: Node, b: Node) -> Vec<Node> {
        let (Some(x), Some(y)) = (self.around.get(&a), self.around.get(&b)) else { return Vec::new() };
        let mut touched = Vec::new();
        if x.kind.claims(y.kind) {
            touched.push(b);
        }
        if y.kind.claims(x.kind) {
            touched.push(a);
        }
        if x.kind.is_name() && y.kind.is_name() {
            // Whose claims the two are by now known to be one person's.
            let (few, far) = if x.others.len() <= y.others.len() { (x, b) } else { (y, a) };
            let is_claimed = |n: &&Node| self.is_undecided(**n) && self.edges.contains_key(&pair(**n, far));
            touched.extend(few.others.iter().filter(is_claimed));
        }
        touched
    }

    /// Identifiers of others that a name claims too.
    fn claimed_by(&self, node: Node) -> Vec<Node> {
        let others = self.around.get(&node).map_or(&[][..], |a| &a.others);
        others.iter().copied().filter(|o| self.is_undecided(*o)).collect()
    }

    /// Claimed by several, and by not so many that nothing else is asked.
    fn is_undecided(&self, node: Node) -> bool {
        self.around.get(&node).is_some_and(|a| (2..=guards::MOST_CLAIMS).contains(&a.claims))
    }

    /// Asks anew what is held of these; the nodes at which something changed, and those around them.
    fn judge(&mut self, nodes: &[Node]) -> Vec<Node> {
        let mut seeds = Vec::new();
        for node in nodes {
            let new = self.lens().verdict(*node);
            let old = self.verdicts.get(node);
            let counts_the_same = old.map_or_else(
                || new.is_plain(),
                |o| o.shared.is_some() == new.shared.is_some() && o.refused == new.refused,
            );
            if !counts_the_same {
                seeds.push(*node);
                seeds.extend(self.around.get(node).into_iter().flat_map(|a| a.others.iter().copied()));
            }
            if new.is_plain() && new.reused_at.is_none() {
                self.verdicts.remove(node);
            } else {
                self.verdicts.insert(*node, new);
            }
        }
        seeds
    }

    /// Applies a link that is new, or is now known by earlier evidence, where nothing else is held of anybody.
    fn join(&mut self, e: &Edge) -> Vec<Moved> {
        if !self.counts(e) {
            return Vec::new();
        }
        let (x, y) = (self.customer(e.a), self.customer(e.b));
        if e.is_between_names() {
            self.neighbourhoods.unite(e);
            // Both sides have a name already, so that no device that one side refused would now be taken, nor the
            // other way round: the order does not matter.
            return self.merge(x, y);
        }
        let comes_last = self.neighbourhoods.unite(e);
        if x == y {
            let is_settled = comes_last || !self.neighbourhoods.is_contested(e.a);
            return if is_settled { Vec::new() } else { self.work_out(vec![e.a, e.b]) };
        }
        if !(self.is_named(e.a, x) && self.is_named(e.b, y)) {
            // The side without a name hangs together with nothing else, or it would have been joined to it.
            return self.merge(x, y);
        }
        self.neighbourhoods.contest(e.a);
        if comes_last { Vec::new() } else { self.work_out(vec![e.a, e.b]) }
    }

    fn merge(&mut self, x: u64, y: u64) -> Vec<Moved> {
        if x == y {
            return Vec::new();
        }
        let (to, from) = (x.min(y), x.max(y));
        let (come, mut stay) = (self.take(from), self.take(to));
        stay.nodes.extend(&come.nodes);
        stay.is_named |= come.is_named;
        self.customers.insert(to, stay);
        self.customer_of.insert(Node(to), to);
        let mut moved = Vec::with_capacity(come.nodes.len());
        for node in come.nodes {
            self.customer_of.insert(node, to);
            moved.push(Moved { node, from, to });
        }
        moved
    }

    fn take(&mut self, customer: u64) -> People {
        let node = Node(customer);
        let is_named = self.kind(node).is_some_and(NodeKind::is_name);
        self.customers.remove(&customer).unwrap_or_else(|| People { nodes: vec![node], is_named })
    }

    fn is_named(&self, node: Node, customer: u64) -> bool {
        match self.customers.get(&customer) {
            Some(people) => people.is_named,
            None => self.kind(node).is_some_and(NodeKind::is_name),
        }
    }

    /// Works out again what hangs together with these nodes.
    fn work_out(&mut self, seeds: Vec<Node>) -> Vec<Moved> {
        if seeds.is_empty() {
            return Vec::new();
        }
        let (members, edges) = self.part(&seeds, |e| self.counts(e));
        let kind = |n: Node| self.kind(n).is_some_and(NodeKind::is_name);
        let (sets, refused) = people_of(&members, &edges, kind);
        for e in &edges {
            self.neighbourhoods.unite(e);
        }
        for e in refused {
            self.neighbourhoods.contest(e.a);
        }
        let before: Vec<(Node, u64)> = members.iter().map(|n| (*n, self.customer(*n))).collect();
        for (n, c) in &before {
            self.customers.remove(c);
            self.customer_of.remove(n);
        }
        for nodes in sets.into_iter().filter(|nodes| nodes.len() > 1) {
            let id = nodes.iter().min().map_or(0, |n| n.0);
            for n in &nodes {
                self.customer_of.insert(*n, id);
            }
            let is_named = nodes.iter().any(|n| self.kind(*n).is_some_and(NodeKind::is_name));
            self.customers.insert(id, People { nodes, is_named });
        }
        let moves = before.into_iter().filter_map(|(node, from)| {
            let to = self.customer(node);
            (from != to).then_some(Moved { node, from, to })
        });
        let mut moved: Vec<Moved> = moves.collect();
        moved.sort_unstable();
        moved
    }

    /// The nodes that hang together with `seeds` by links that count, and those links.
    fn part(&self, seeds: &[Node], counts: impl Fn(&Edge) -> bool) -> (Vec<Node>, Vec<Edge>) {
        let mut seen: Set<Node> = Set::default();
        let mut members: Vec<Node> = seeds.iter().copied().filter(|n| seen.insert(*n)).collect();
        let (mut edges, mut at) = (Vec::new(), 0);
        while let Some(n) = members.get(at).copied() {
            at += 1;
            for other in self.around.get(&n).into_iter().flat_map(|a| &a.others) {
                let Some(e) = self.edge(n, *other).filter(|e| counts(e)) else { continue };
                if seen.insert(*other) {
                    members.push(*other);
                }
                if e.a == n {
                    edges.push(*e);
                }
            }
        }
        (members, edges)
    }
}
