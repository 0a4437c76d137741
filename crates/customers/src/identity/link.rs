//! What the graph is made of: links, and what people decide.

use super::guards::{Mark, day};
use super::hash::Map;
use std::collections::BTreeSet;
use throughline_interactions::{Identifier, IdentifierClass, Node, OrderKey, Timestamp, identifier_rank};

/// What kind of identifier a node is of, as far as the guards need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKind {
    /// Strength, see [`identifier_rank`].
    pub rank: u8,
    /// Names a person or a device.
    pub class: IdentifierClass,
    /// A mailbox that several people read, by its name.
    pub is_role: bool,
}

/// How the kind of a mailbox that several people read is stored.
pub(crate) const ROLE_MAILBOX: &str = "email of a role";

impl NodeKind {
    /// The kind of an identifier.
    pub fn of(identifier: &Identifier) -> Self {
        let is_role = identifier.is_role_mailbox() || identifier.kind == ROLE_MAILBOX;
        let kind = if is_role { "email" } else { identifier.kind.as_str() };
        let rank = identifier_rank(kind);
        let class = if rank >= 6 { IdentifierClass::Device } else { IdentifierClass::Person };
        Self { rank, class, is_role }
    }

    /// Names a person.
    pub fn is_name(self) -> bool {
        self.class == IdentifierClass::Person
    }

    pub(super) fn is_phone(self) -> bool {
        self.rank == 2
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
    /// The last day, from 1970, of a fact that proves it. Kept of telephone numbers, which change hands; of others
    /// it is the day of the first.
    pub last_day: i64,
}

/// The largest and the smallest of a pair.
pub(super) fn pair(x: Node, y: Node) -> (Node, Node) {
    (x.min(y), x.max(y))
}

impl Edge {
    /// A link between two different nodes, in either order.
    pub fn new(x: (Node, NodeKind), y: (Node, NodeKind), evidence: OrderKey, position: u64) -> Self {
        let (a, b) = if x.0 < y.0 { (x, y) } else { (y, x) };
        let last_day = day(evidence.occurred_at);
        Self { a: a.0, b: b.0, a_kind: a.1, b_kind: b.1, evidence, position, last_day }
    }

    pub(super) fn pair(&self) -> (Node, Node) {
        (self.a, self.b)
    }

    pub(super) fn other(&self, end: Node) -> Node {
        if self.a == end { self.b } else { self.a }
    }

    pub(super) fn is_between_names(&self) -> bool {
        self.a_kind.is_name() && self.b_kind.is_name()
    }

    pub(super) fn rank(&self) -> (bool, OrderKey, Node, Node) {
        (!self.is_between_names(), self.evidence, self.a, self.b)
    }

    /// The same link, as both facts prove it.
    pub(super) fn with(&self, other: &Self) -> Self {
        let first = if other.evidence < self.evidence { *other } else { *self };
        let keeps_last = self.is_between_names() && (self.a_kind.is_phone() || self.b_kind.is_phone());
        let last_day = if keeps_last { self.last_day.max(other.last_day) } else { day(first.evidence.occurred_at) };
        Self { last_day, ..first }
    }
}

/// Two identifiers that a person took apart: they are not to be joined by a direct link.
pub type Cut = (Node, Node);

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// These two are not one person.
    Separated,
    /// They are, after all.
    Rejoined,
    /// This identifier is one person's, whoever used it.
    Allowed,
    /// It is always shared.
    Shared,
    /// It is what the rules say.
    Unmarked,
}

impl Ruling {
    /// The event of the fact that tells it.
    pub fn event(self) -> &'static str {
        match self {
            Self::Separated => "Identity Separated",
            Self::Rejoined => "Identity Rejoined",
            Self::Allowed => "Identifier Allowed",
            Self::Shared => "Identifier Shared",
            Self::Unmarked => "Identifier Unmarked",
        }
    }

    /// The decision that an event tells.
    pub fn of_event(event: &str) -> Option<Self> {
        [Self::Separated, Self::Rejoined, Self::Allowed, Self::Shared, Self::Unmarked]
            .into_iter()
            .find(|r| r.event() == event)
    }
}

/// A decision of a person about two identifiers, or about one, which then stands twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// One.
    pub a: Node,
    /// The other.
    pub b: Node,
    /// What.
    pub ruling: Ruling,
    /// When it was made.
    pub at: Timestamp,
    /// Where it stands in the ledger: a later one goes before an earlier one.
    pub position: u64,
}

impl Decision {
    pub(super) fn apply(&self, cuts: &mut BTreeSet<Cut>, marks: &mut Map<Node, Mark>) {
        let pair = pair(self.a, self.b);
        match self.ruling {
            Ruling::Separated => drop(cuts.insert(pair)),
            Ruling::Rejoined => drop(cuts.remove(&pair)),
            Ruling::Allowed => drop(marks.insert(self.a, Mark::Allowed)),
            Ruling::Shared => drop(marks.insert(self.a, Mark::Shared)),
            Ruling::Unmarked => drop(marks.remove(&self.a)),
        }
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
