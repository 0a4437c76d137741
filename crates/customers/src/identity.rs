//! The identity graph: links with their evidence, guards, and the customers that follow.
//!
//! The customers are a function of the *set* of links, never of their arrival: within a region (all
//! nodes that any links reach, refused ones included) links between names of a person are taken
//! first, then those of devices, each in the order of the evidence; a link that a guard forbids is
//! refused and kept as refused. A link that comes later than everything its regions know is applied
//! directly; an earlier one lets the region be worked out again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use throughline_interactions::{Identifier, IdentifierClass, Node, OrderKey, identifier_rank};

/// What kind of identifier a node is of, as far as the guards need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKind {
    /// Strength, see [`identifier_rank`].
    pub rank: u8,
    /// Names a person or a device.
    pub class: IdentifierClass,
}

impl NodeKind {
    /// The kind of an identifier.
    pub fn of(identifier: &Identifier) -> Self {
        Self { rank: identifier_rank(&identifier.kind), class: identifier.class() }
    }
}

/// A link: two identifiers stood in one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The smaller node.
    pub a: Node,
    /// The larger node.
    pub b: Node,
    /// Kind of `a`.
    pub a_kind: NodeKind,
    /// Kind of `b`.
    pub b_kind: NodeKind,
    /// The earliest fact that proves it.
    pub evidence: OrderKey,
    /// Where that fact stands in the ledger.
    pub position: u64,
}

impl Edge {
    /// A link between two different nodes, in either order.
    pub fn new(x: (Node, NodeKind), y: (Node, NodeKind), evidence: OrderKey, position: u64) -> Self {
        let (a, b) = if x.0 < y.0 { (x, y) } else { (y, x) };
        Self { a: a.0, b: b.0, a_kind: a.1, b_kind: b.1, evidence, position }
    }

    fn pair(&self) -> (Node, Node) {
        (self.a, self.b)
    }

    fn is_between_names(&self) -> bool {
        self.a_kind.class == IdentifierClass::Person && self.b_kind.class == IdentifierClass::Person
    }

    fn rank(&self) -> (bool, OrderKey, Node, Node) {
        (!self.is_between_names(), self.evidence, self.a, self.b)
    }
}

/// A decision of a person: these two identifiers are not to be joined by a direct link.
pub type Cut = (Node, Node);

/// How many others may share an identifier before it is taken for a shared one (a kiosk, a role
/// mailbox) and joins nobody.
#[derive(Debug, Clone, Copy)]
pub struct Guards {
    /// Distinct user ids that one other name of a person may be linked to.
    pub accounts_per_name: usize,
    /// Distinct names of persons that one device may be linked to.
    pub names_per_device: usize,
}

impl Default for Guards {
    fn default() -> Self {
        Self { accounts_per_name: 3, names_per_device: 5 }
    }
}

/// A node that now belongs to another customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// The node.
    pub node: Node,
    /// The customer it belonged to.
    pub from: u64,
    /// The customer it belongs to now.
    pub to: u64,
}

#[derive(Debug, Default)]
struct Region {
    edges: BTreeMap<(Node, Node), Edge>,
    latest: Option<(bool, OrderKey, Node, Node)>,
}

/// All links of one workspace and the customers that follow from them.
#[derive(Debug, Default)]
pub struct IdentityGraph {
    guards: Guards,
    regions: HashMap<u32, Region>,
    next_region: u32,
    region_of: HashMap<Node, u32>,
    members: HashMap<u32, Vec<Node>>,
    customer_of: HashMap<Node, u64>,
    customers: HashMap<u64, Vec<Node>>,
    kinds: HashMap<Node, NodeKind>,
    /// For each node, how many distinct others count towards its being shared.
    partners: HashMap<Node, u32>,
    cuts: BTreeSet<Cut>,
}

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
            at = if e.a == at { e.b } else { e.a };
        }
        chain.reverse();
        Some(chain)
    }
}

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
        let mut nodes = self.customers.get(&customer).cloned().unwrap_or_else(|| vec![Node(customer)]);
        nodes.sort_unstable();
        nodes
    }

    /// Every node that was ever in a link and the customer it belongs to now: what a reader of
    /// older files applies. Nodes that were given back by an unmerge are among them.
    pub fn redirects(&self) -> impl Iterator<Item = (Node, u64)> + '_ {
        self.region_of.keys().map(|n| (*n, self.customer(*n)))
    }

    /// True for a node of somebody with more than one identifier.
    pub fn is_joined(&self, node: Node) -> bool {
        self.customers.contains_key(&self.customer(node))
    }

    /// How many people have more than one identifier.
    pub fn joined_customers(&self) -> usize {
        self.customers.len()
    }

    /// Why two nodes are one customer: the shortest chain of links from one to the other, that of the earliest
    /// evidence among equals; none for a node and itself. `None` where they are not one customer.
    pub fn why(&self, from: Node, to: Node) -> Option<Vec<Edge>> {
        self.chains(from).to(to)
    }

    /// The shortest chains of links from a node to every other one of its customer.
    pub fn chains(&self, from: Node) -> Chains {
        let customer = self.customer(from);
        let holds = |e: &&Edge| {
            self.customer(e.a) == customer
                && !self.cuts.contains(&e.pair())
                && !self.is_shared(e.a)
                && !self.is_shared(e.b)
                && self.customer(e.b) == customer
        };
        let region = self.region_of.get(&from).and_then(|r| self.regions.get(r));
        let mut links: Vec<&Edge> = region.into_iter().flat_map(|r| r.edges.values()).filter(holds).collect();
        links.sort_by_key(|e| e.rank());
        let mut of: HashMap<Node, Vec<(Node, &Edge)>> = HashMap::new();
        for e in links {
            of.entry(e.a).or_default().push((e.b, e));
            of.entry(e.b).or_default().push((e.a, e));
        }
        let mut came = HashMap::from([(from, None)]);
        let mut next = VecDeque::from([from]);
        while let Some(at) = next.pop_front() {
            for (other, e) in of.get(&at).into_iter().flatten() {
                came.entry(*other).or_insert_with(|| {
                    next.push_back(*other);
                    Some(**e)
                });
            }
        }
        Chains { came }
    }

    /// Adds a link and returns who moved. A link that is known by earlier evidence changes nothing.
    pub fn link(&mut self, edge: Edge) -> Vec<Moved> {
        if edge.a == edge.b {
            return Vec::new();
        }
        let region = self.join_regions(edge.a, edge.b);
        let known = self.regions.entry(region).or_default();
        match known.edges.get(&edge.pair()) {
            Some(old) if old.rank() <= edge.rank() => return Vec::new(),
            Some(_) => {
                known.edges.insert(edge.pair(), edge);
                return self.work_out(region);
            }
            None => {}
        }
        let is_latest = known.latest.is_none_or(|l| l < edge.rank());
        known.edges.insert(edge.pair(), edge);
        known.latest = known.latest.max(Some(edge.rank()));
        self.note(&edge);
        if is_latest && !self.makes_shared(&edge) {
            return self.apply_last(&edge);
        }
        self.work_out(region)
    }

    /// True when the evidence for this pair would change the graph: it is new or earlier.
    pub fn is_news(&self, edge: &Edge) -> bool {
        let region = self.region_of.get(&edge.a).filter(|r| self.region_of.get(&edge.b) == Some(r));
        let known = region.and_then(|r| self.regions.get(r)).and_then(|r| r.edges.get(&edge.pair()));
        known.is_none_or(|k| k.rank() > edge.rank())
    }

    /// A person decides that two identifiers are not to be joined directly.
    pub fn cut(&mut self, x: Node, y: Node) -> Vec<Moved> {
        self.cuts.insert((x.min(y), x.max(y)));
        self.work_out_of(x, y)
    }

    /// Takes a cut back.
    pub fn uncut(&mut self, x: Node, y: Node) -> Vec<Moved> {
        self.cuts.remove(&(x.min(y), x.max(y)));
        self.work_out_of(x, y)
    }

    fn work_out_of(&mut self, x: Node, y: Node) -> Vec<Moved> {
        match (self.region_of.get(&x), self.region_of.get(&y)) {
            (Some(&r), Some(&s)) if r == s => self.work_out(r),
            _ => Vec::new(),
        }
    }

    /// Forgets nodes and all their links, after an erasure.
    pub fn forget(&mut self, nodes: &[Node]) -> Vec<Moved> {
        let gone: HashSet<Node> = nodes.iter().copied().collect();
        let regions: BTreeSet<u32> = nodes.iter().filter_map(|n| self.region_of.get(n).copied()).collect();
        let mut moved = Vec::new();
        for region in regions {
            if let Some(r) = self.regions.get_mut(&region) {
                let (kept, lost) = std::mem::take(&mut r.edges)
                    .into_iter()
                    .partition(|((a, b), _)| !gone.contains(a) && !gone.contains(b));
                r.edges = kept;
                let lost: BTreeMap<(Node, Node), Edge> = lost;
                for e in lost.values() {
                    for (node, kind, other) in [(e.a, e.a_kind, e.b_kind), (e.b, e.b_kind, e.a_kind)] {
                        if counts_towards_sharing(kind, other)
                            && let Some(n) = self.partners.get_mut(&node)
                        {
                            *n -= 1;
                        }
                    }
                }
            }
            moved.extend(self.work_out(region));
            if let Some(m) = self.members.get_mut(&region) {
                m.retain(|n| !gone.contains(n));
            }
        }
        for n in nodes {
            self.region_of.remove(n);
            self.customer_of.remove(n);
            self.kinds.remove(n);
            self.partners.remove(n);
        }
        self.cuts.retain(|(a, b)| !gone.contains(a) && !gone.contains(b));
        moved.retain(|m| !gone.contains(&m.node));
        moved
    }

    fn join_regions(&mut self, a: Node, b: Node) -> u32 {
        match (self.region_of.get(&a).copied(), self.region_of.get(&b).copied()) {
            (Some(r), Some(s)) if r == s => r,
            (Some(r), Some(s)) => {
                let size = |id: u32| self.members.get(&id).map_or(0, Vec::len);
                let (into, from) = if size(r) >= size(s) { (r, s) } else { (s, r) };
                let nodes = self.members.remove(&from).unwrap_or_default();
                for n in &nodes {
                    self.region_of.insert(*n, into);
                }
                self.members.entry(into).or_default().extend(nodes);
                let old = self.regions.remove(&from).unwrap_or_default();
                let region = self.regions.entry(into).or_default();
                region.edges.extend(old.edges);
                region.latest = region.latest.max(old.latest);
                into
            }
            (Some(r), None) | (None, Some(r)) => {
                let newcomer = if self.region_of.contains_key(&a) { b } else { a };
                self.region_of.insert(newcomer, r);
                self.members.entry(r).or_default().push(newcomer);
                r
            }
            (None, None) => {
                let r = self.next_region;
                self.next_region += 1;
                self.region_of.insert(a, r);
                self.region_of.insert(b, r);
                self.members.insert(r, vec![a, b]);
                r
            }
        }
    }

    /// Does this new link make one of its ends a shared identifier, so that older links fall?
    fn makes_shared(&self, edge: &Edge) -> bool {
        [(edge.a, edge.a_kind, edge.b_kind), (edge.b, edge.b_kind, edge.a_kind)].iter().any(|(node, kind, other)| {
            counts_towards_sharing(*kind, *other) && self.partners(*node) == self.limit(*kind) + 1
        })
    }

    fn limit(&self, kind: NodeKind) -> usize {
        match kind.class {
            IdentifierClass::Person => self.guards.accounts_per_name,
            IdentifierClass::Device => self.guards.names_per_device,
        }
    }

    fn partners(&self, node: Node) -> usize {
        self.partners.get(&node).map_or(0, |n| *n as usize)
    }

    fn is_shared(&self, node: Node) -> bool {
        self.kinds.get(&node).is_some_and(|k| self.partners(node) > self.limit(*k))
    }

    fn note(&mut self, edge: &Edge) {
        for (node, kind, other) in [(edge.a, edge.a_kind, edge.b_kind), (edge.b, edge.b_kind, edge.a_kind)] {
            self.kinds.insert(node, kind);
            if counts_towards_sharing(kind, other) {
                *self.partners.entry(node).or_default() += 1;
            }
        }
    }

    fn apply_last(&mut self, edge: &Edge) -> Vec<Moved> {
        if self.cuts.contains(&edge.pair()) {
            return Vec::new();
        }
        if self.is_shared(edge.a) || self.is_shared(edge.b) {
            return Vec::new();
        }
        let (x, y) = (self.customer(edge.a), self.customer(edge.b));
        if x == y {
            return Vec::new();
        }
        if !edge.is_between_names() && self.has_name(x) && self.has_name(y) {
            return Vec::new();
        }
        let (to, from) = (x.min(y), x.max(y));
        let newcomers = self.customers.remove(&from).unwrap_or_else(|| vec![Node(from)]);
        let set = self.customers.entry(to).or_insert_with(|| vec![Node(to)]);
        set.extend(&newcomers);
        self.customer_of.insert(Node(to), to);
        let mut moved = Vec::new();
        for node in newcomers {
            self.customer_of.insert(node, to);
            moved.push(Moved { node, from, to });
        }
        moved
    }

    fn has_name(&self, customer: u64) -> bool {
        let is_name = |n: &Node| self.kinds.get(n).is_some_and(|k| k.class == IdentifierClass::Person);
        match self.customers.get(&customer) {
            Some(nodes) => nodes.iter().any(is_name),
            None => is_name(&Node(customer)),
        }
    }

    /// Works a region out from its links alone.
    fn work_out(&mut self, region_id: u32) -> Vec<Moved> {
        let members = self.members.get(&region_id).cloned().unwrap_or_default();
        let region = self.regions.remove(&region_id).unwrap_or_default();
        let mut edges: Vec<&Edge> = region.edges.values().collect();
        edges.sort_by_key(|e| e.rank());
        let shared: HashSet<Node> = members.iter().copied().filter(|n| self.is_shared(*n)).collect();
        let mut parent: HashMap<Node, Node> = members.iter().map(|n| (*n, *n)).collect();
        let mut named: HashMap<Node, bool> = members
            .iter()
            .map(|n| (*n, self.kinds.get(n).is_some_and(|k| k.class == IdentifierClass::Person)))
            .collect();
        for e in &edges {
            if shared.contains(&e.a) || shared.contains(&e.b) || self.cuts.contains(&e.pair()) {
                continue;
            }
            let (x, y) = (root(&mut parent, e.a), root(&mut parent, e.b));
            if x == y || (!e.is_between_names() && named[&x] && named[&y]) {
                continue;
            }
            let (to, from) = (x.min(y), x.max(y));
            parent.insert(from, to);
            let either = named[&x] || named[&y];
            named.insert(to, either);
        }
        let mut sets: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
        for n in &members {
            sets.entry(root(&mut parent, *n)).or_default().push(*n);
        }
        let mut moved = Vec::new();
        let before: Vec<(Node, u64)> = members.iter().map(|n| (*n, self.customer(*n))).collect();
        for (n, c) in &before {
            self.customers.remove(c);
            self.customer_of.remove(n);
        }
        for (first, nodes) in sets {
            if nodes.len() > 1 {
                for n in &nodes {
                    self.customer_of.insert(*n, first.0);
                }
                self.customers.insert(first.0, nodes);
            }
        }
        for (node, from) in before {
            let to = self.customer(node);
            if from != to {
                moved.push(Moved { node, from, to });
            }
        }
        moved.sort_unstable();
        let latest = region.edges.values().map(Edge::rank).max();
        self.regions.insert(region_id, Region { edges: region.edges, latest });
        moved
    }
}

fn root(parent: &mut HashMap<Node, Node>, mut n: Node) -> Node {
    while parent[&n] != n {
        let up = parent[&parent[&n]];
        parent.insert(n, up);
        n = up;
    }
    n
}

/// Does a link to `other` count when we ask whether `kind` is shared by too many?
fn counts_towards_sharing(kind: NodeKind, other: NodeKind) -> bool {
    match kind.class {
        IdentifierClass::Person => kind.rank > 0 && other.rank == 0,
        IdentifierClass::Device => other.class == IdentifierClass::Person,
    }
}
