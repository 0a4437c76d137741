//! When an identifier is held to be shared, or to have changed hands, so that it joins nobody, or not everybody.
//!
//! A verdict follows from the links at one identifier, from what those at their other ends are called, from links
//! among them, and from what people decided; it never depends on who is joined otherwise, nor on arrival.

use super::called::{Called, Likeness, likeness};
use super::{Cut, Decision, Edge, IdentityGraph, Map, NodeKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use throughline_interactions::{IdentifierClass, Node, OrderKey, Timestamp};

/// How many people an identifier may name before it is held to be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// At any time.
    pub in_all: u32,
    /// Newly within so many days.
    pub within: u32,
    /// See [`Limit::within`].
    pub days: u32,
}

/// What keeps people apart who share an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guards {
    /// Accounts of one e-mail address.
    pub email: Limit,
    /// People of one telephone number.
    pub phone: Limit,
    /// People of any other name: a card, a number at another system.
    pub other: Limit,
    /// People of one device.
    pub device: Limit,
    /// After so many days of silence, and under another name, a telephone number is somebody else's.
    pub reuse_days: u32,
}

impl Default for Guards {
    fn default() -> Self {
        let name = Limit { in_all: 3, within: 2, days: 1 };
        Self { email: name, phone: name, other: name, device: Limit { in_all: 5, within: 3, days: 30 }, reuse_days: 90 }
    }
}

/// Why an identifier joins nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// A person said so.
    Decided,
    /// It is a mailbox of a role, by its name.
    Role,
    /// More people use it than one may name.
    Many,
    /// More people began to use it within few days than one may name.
    Soon,
    /// People of different names use it.
    Names,
}

/// What is held of an identifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Set where it joins nobody.
    pub shared: Option<Shared>,
    /// Those whose link with it does not count.
    pub refused: Vec<Node>,
    /// Since when it is somebody else's; those before are among the refused.
    pub reused_at: Option<Timestamp>,
}

impl Verdict {
    fn shared(why: Shared) -> Self {
        Self { shared: Some(why), ..Self::default() }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.shared.is_none() && self.refused.is_empty()
    }
}

/// What a person said of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is one person's, whoever used it.
    Allowed,
    /// It is always shared.
    Shared,
}

/// Of an identifier with more claims than this no more is asked: it is shared.
pub(super) const MOST_CLAIMS: u32 = 64;

impl NodeKind {
    /// Does a link between the two say whose `other` is? A stronger name of a person says it of a weaker one, and
    /// any name of a device.
    pub(super) fn claims(self, other: Self) -> bool {
        self.class == IdentifierClass::Person && (other.class == IdentifierClass::Device || self.rank < other.rank)
    }
}

/// The facts as far as they were known at a time.
pub(super) struct Lens<'a> {
    pub(super) graph: &'a IdentityGraph,
    pub(super) until: Timestamp,
    pub(super) cuts: &'a BTreeSet<Cut>,
    pub(super) marks: &'a Map<Node, Mark>,
}

/// Decisions up to a time, made into what holds then.
pub(super) fn decided(decisions: &[Decision], until: Timestamp) -> (BTreeSet<Cut>, Map<Node, Mark>) {
    let (mut cuts, mut marks) = (BTreeSet::new(), Map::default());
    for d in decisions.iter().filter(|d| d.at <= until) {
        d.apply(&mut cuts, &mut marks);
    }
    (cuts, marks)
}

/// A stronger name that stood with an identifier.
struct Claim {
    by: Node,
    first: OrderKey,
    last_day: i64,
}

impl Lens<'_> {
    pub(super) fn has(&self, e: &Edge) -> bool {
        e.evidence.occurred_at <= self.until && !self.cuts.contains(&e.pair())
    }

    fn called(&self, node: Node) -> Vec<Called> {
        let all = self.graph.called.get(&node).into_iter().flatten();
        all.filter(|(at, _)| *at <= self.until).map(|(_, c)| *c).collect()
    }

    /// What is held of an identifier.
    pub(super) fn verdict(&self, node: Node) -> Verdict {
        match self.marks.get(&node) {
            Some(Mark::Allowed) => return Verdict::default(),
            Some(Mark::Shared) => return Verdict::shared(Shared::Decided),
            None => {}
        }
        let Some(around) = self.graph.around.get(&node) else { return Verdict::default() };
        let kind = around.kind;
        if kind.is_role && !around.others.is_empty() {
            return Verdict::shared(Shared::Role);
        }
        if around.claims < 2 {
            return Verdict::default();
        }
        let is_now = self.until == Timestamp::MAX;
        if is_now && around.claims > MOST_CLAIMS {
            return Verdict::shared(Shared::Many);
        }
        let mut claims = Vec::new();
        let mut all = 0;
        for other in &around.others {
            let Some(e) = self.graph.edge(node, *other) else { continue };
            if e.evidence.occurred_at > self.until || !self.graph.kind(*other).is_some_and(|k| k.claims(kind)) {
                continue;
            }
            all += 1;
            if all > MOST_CLAIMS {
                return Verdict::shared(Shared::Many);
            }
            if self.has(e) {
                claims.push(Claim { by: *other, first: e.evidence, last_day: e.last_day.min(day(self.until)) });
            }
        }
        claims.sort_by_key(|c| c.first);
        self.judge(kind, &claims)
    }

    fn judge(&self, kind: NodeKind, claims: &[Claim]) -> Verdict {
        if claims.len() < 2 {
            return Verdict::default();
        }
        let called: Vec<Vec<Called>> = claims.iter().map(|c| self.called(c.by)).collect();
        // People, as far as can be told: those that stood in one fact, or have the same name.
        let mut person: Vec<usize> = (0..claims.len()).collect();
        for later in 1..claims.len() {
            for earlier in 0..later {
                let stood_together = self.graph.edge(claims[earlier].by, claims[later].by).is_some_and(|e| self.has(e));
                if stood_together || likeness(&called[earlier], &called[later]) == Likeness::Same {
                    let (x, y) = (person[earlier], person[later]);
                    person.iter_mut().filter(|p| **p == x.max(y)).for_each(|p| *p = x.min(y));
                }
            }
        }
        let guards = &self.graph.guards;
        let limit = match (kind.class, kind.rank) {
            (IdentifierClass::Device, _) => guards.device,
            (_, 1) => guards.email,
            (_, 2) => guards.phone,
            _ => guards.other,
        };
        let names = |p: usize| -> Vec<Called> {
            (0..claims.len()).filter(|i| person[*i] == p).flat_map(|i| called[i].iter().copied()).collect()
        };
        let differ = |x: usize, y: usize| likeness(&names(x), &names(y)) == Likeness::Other;
        // The first claim of each person, in the order of the evidence.
        let mut people: Vec<usize> = (0..claims.len()).filter(|i| person[*i] == *i).collect();
        let mut reused_at = None;
        if kind.is_phone() {
            let last = |p: usize| (0..claims.len()).filter(|i| person[*i] == p).map(|i| claims[i].last_day).max();
            for n in (1..people.len()).rev() {
                let new = people[n];
                let silence = day(claims[new].first.occurred_at)
                    - people[..n].iter().filter_map(|p| last(*p)).max().unwrap_or(i64::MAX / 2);
                if silence >= i64::from(guards.reuse_days) && people[..n].iter().all(|old| differ(*old, new)) {
                    reused_at = Some(claims[new].first.occurred_at);
                    people.drain(..n);
                    break;
                }
            }
        }
        if people.len() as u64 > u64::from(limit.in_all) {
            return Verdict::shared(Shared::Many);
        }
        let window = i64::from(limit.days) * DAY;
        let soon = people.windows(limit.within as usize + 1).any(|w| match w {
            [first, .., last] => claims[*last].first.occurred_at.0 - claims[*first].first.occurred_at.0 < window,
            _ => false,
        });
        if soon {
            return Verdict::shared(Shared::Soon);
        }
        if kind.class == IdentifierClass::Device {
            return Verdict::default();
        }
        if people.iter().enumerate().any(|(n, x)| people[..n].iter().any(|y| differ(*x, *y))) {
            return Verdict::shared(Shared::Names);
        }
        // An e-mail address joins accounts. A telephone number is the first one's, and joins those of the same name.
        let counts = |i: usize| {
            if kind.is_phone() { people.first() == Some(&person[i]) } else { people.contains(&person[i]) }
        };
        let refused = (0..claims.len()).filter(|i| !counts(*i)).map(|i| claims[i].by).collect();
        Verdict { shared: None, refused, reused_at }
    }
}

const DAY: i64 = 86_400_000_000;

/// The day of a time, counted from 1970.
pub(super) fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY)
}
