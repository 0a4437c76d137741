//! Many rules made ready: every different [`What`] once, names as codes.

use crate::check::named;
use crate::rule::{Bound, Window};
use crate::rule::{Recency, Rule, Said, ScoreOf, SegmentId, Sequence, Sum, Test, ThenNot, Times, Trait, What, Worth};
use crate::words::tokens;
use std::collections::HashMap;
use throughline_interactions::Currency;
use throughline_timeline::{Customer, Segment};

/// How dimensions stand in the timelines: as keyed hashes.
pub trait Hashes {
    /// The hash of a dimension and its value.
    fn hash(&self, dimension: &str, value: &str) -> u64;
}

/// Rules made ready, in the order in which they are judged.
#[derive(Debug)]
pub struct Rules {
    ids: Vec<SegmentId>,
    pub(crate) roots: Vec<Node>,
    atoms: Vec<Atom>,
}

/// A kind of interaction that some rule asks for.
#[derive(Debug)]
struct Atom {
    what: What,
    with: Vec<u64>,
    without: Vec<u64>,
}

/// A place in the list of atoms.
pub(crate) type At = usize;

/// A condition; atoms instead of names.
#[derive(Debug)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Did {
        at: At,
        times: Bound<u64>,
        when: Window,
    },
    Sum {
        at: At,
        currency: Currency,
        minor: Bound<i64>,
        when: Window,
    },
    Last {
        at: At,
        ago: crate::rule::Ago,
    },
    Sequence {
        steps: Vec<At>,
        within: Option<i64>,
        when: Window,
        then_not: Option<(At, i64)>,
    },
    Score(ScoreOf),
    Said {
        at: At,
        phrases: Vec<Vec<String>>,
        when: Window,
    },
    Trait {
        name: String,
        test: Test,
    },
    Allows(String),
    Known(String),
    /// The result at this place, or nobody's.
    In(Option<usize>),
}

impl Node {
    /// What it costs to judge: rows, then the store, then the ledger.
    fn cost(&self) -> u8 {
        match self {
            Self::Did { .. } | Self::Sum { .. } | Self::Last { .. } | Self::Score(_) | Self::In(_) => 0,
            Self::Sequence { .. } => 1,
            Self::Allows(_) => 2,
            Self::Trait { .. } | Self::Known(_) => 3,
            Self::Said { .. } => 4,
            Self::Not(of) => of.cost(),
            Self::All(of) | Self::Any(of) => of.iter().map(Self::cost).max().unwrap_or(0),
        }
    }
}

/// What the codes of one segment of the timelines mean to the rules.
#[derive(Debug)]
pub struct Look {
    /// Atoms that an event may be of, by its code.
    by_event: Vec<Vec<u32>>,
    atoms: Vec<LookAtom>,
}

#[derive(Debug, Default)]
struct LookAtom {
    channels: Option<Vec<u16>>,
    with: Vec<u32>,
    without: Vec<u32>,
    worth: Option<(u16, Bound<i64>)>,
}

#[derive(Default)]
struct Compiling {
    atoms: Vec<Atom>,
    known: HashMap<What, At>,
    places: HashMap<SegmentId, usize>,
}

impl Rules {
    /// Makes rules ready that were checked, those that others name first.
    pub fn new<'a>(rules: impl IntoIterator<Item = (SegmentId, &'a Rule)>, hashes: &dyn Hashes) -> Self {
        let mut c = Compiling::default();
        let (mut ids, mut roots) = (Vec::new(), Vec::new());
        for (id, rule) in rules {
            roots.push(c.node(rule, hashes));
            c.places.insert(id, ids.len());
            ids.push(id);
        }
        Self { ids, roots, atoms: c.atoms }
    }

    /// The segments, in the order of a judgement's places.
    pub fn ids(&self) -> &[SegmentId] {
        &self.ids
    }

    /// True where nothing is to be judged.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The segments that a rule names.
    pub fn named(rule: &Rule) -> Vec<SegmentId> {
        named(rule).into_iter().collect()
    }

    pub(crate) fn atoms(&self) -> usize {
        self.atoms.len()
    }

    /// What the codes of a segment mean.
    pub fn look(&self, segment: &Segment) -> Look {
        let mut by_event = vec![Vec::new(); segment.events().len()];
        let mut atoms = Vec::with_capacity(self.atoms.len());
        for (at, atom) in self.atoms.iter().enumerate() {
            let seen = atom.look(segment);
            if seen.is_some() {
                if atom.what.events.is_empty() {
                    by_event.iter_mut().for_each(|of| of.push(at as u32));
                }
                let mut codes: Vec<u16> = atom.what.events.iter().filter_map(|e| segment.event_code(e)).collect();
                codes.sort_unstable();
                codes.dedup();
                for code in codes {
                    by_event[code as usize].push(at as u32);
                }
            }
            atoms.push(seen.unwrap_or_default());
        }
        Look { by_event, atoms }
    }
}

impl Atom {
    /// `None` where no interaction of the segment can be of it.
    fn look(&self, segment: &Segment) -> Option<LookAtom> {
        let what = &self.what;
        let channels: Vec<u16> = what.channels.iter().filter_map(|c| segment.channel_code(c)).collect();
        if channels.is_empty() && !what.channels.is_empty() {
            return None;
        }
        Some(LookAtom {
            channels: (!what.channels.is_empty()).then_some(channels),
            with: self.with.iter().map(|h| segment.attribute_code(*h)).collect::<Option<_>>()?,
            without: self.without.iter().filter_map(|h| segment.attribute_code(*h)).collect(),
            worth: match &what.worth {
                None => None,
                Some(Worth { currency, minor }) => Some((currency_code(segment, *currency)?, *minor)),
            },
        })
    }
}

/// The code of a currency in a segment.
pub(crate) fn currency_code(segment: &Segment, currency: Currency) -> Option<u16> {
    segment.currencies().iter().position(|c| **c == *currency.as_str()).map(|i| i as u16)
}

impl Look {
    /// Lists the interactions of each atom, ascending.
    pub(crate) fn gather(&self, customer: &Customer<'_>, hits: &mut [Vec<u32>]) {
        hits.iter_mut().for_each(Vec::clear);
        let codes = customer.event_codes();
        for i in 0..customer.len() {
            let of = &self.by_event[codes.get(i) as usize];
            if of.is_empty() || !customer.actor(i).is_counted() {
                continue;
            }
            for at in of {
                if self.atoms[*at as usize].holds(customer, i) {
                    hits[*at as usize].push(i as u32);
                }
            }
        }
    }
}

impl LookAtom {
    fn holds(&self, customer: &Customer<'_>, i: usize) -> bool {
        if let Some(channels) = &self.channels
            && !channels.contains(&customer.channel(i))
        {
            return false;
        }
        if let Some((currency, minor)) = &self.worth
            && !customer.money(i).is_some_and(|(m, c)| c == *currency && minor.holds(m))
        {
            return false;
        }
        if self.with.is_empty() && self.without.is_empty() {
            return true;
        }
        let has = customer.attributes(i);
        let among = |code: &u32| has.binary_search(code).is_ok();
        self.with.iter().all(among) && !self.without.iter().any(among)
    }
}

impl Compiling {
    fn at(&mut self, what: &What, hashes: &dyn Hashes) -> At {
        if let Some(at) = self.known.get(what) {
            return *at;
        }
        let hash = |d: &crate::rule::Dimension| hashes.hash(&d.dimension, &d.value);
        self.atoms.push(Atom {
            with: what.with.iter().map(hash).collect(),
            without: what.without.iter().map(hash).collect(),
            what: what.clone(),
        });
        self.known.insert(what.clone(), self.atoms.len() - 1);
        self.atoms.len() - 1
    }

    fn nodes(&mut self, of: &[Rule], hashes: &dyn Hashes) -> Vec<Node> {
        let mut nodes: Vec<Node> = of.iter().map(|r| self.node(r, hashes)).collect();
        nodes.sort_by_key(Node::cost);
        nodes
    }

    fn node(&mut self, rule: &Rule, hashes: &dyn Hashes) -> Node {
        match rule {
            Rule::All(of) => Node::All(self.nodes(of, hashes)),
            Rule::Any(of) => Node::Any(self.nodes(of, hashes)),
            Rule::Not(of) => Node::Not(Box::new(self.node(of, hashes))),
            Rule::Did(Times { what, times, when }) => {
                Node::Did { at: self.at(what, hashes), times: *times, when: *when }
            }
            Rule::Sum(Sum { what, currency, minor, when }) => {
                Node::Sum { at: self.at(what, hashes), currency: *currency, minor: *minor, when: *when }
            }
            Rule::Last(Recency { what, ago }) => Node::Last { at: self.at(what, hashes), ago: *ago },
            Rule::Sequence(Sequence { steps, within, when, then_not }) => Node::Sequence {
                steps: steps.iter().map(|s| self.at(s, hashes)).collect(),
                within: within.map(crate::Span::micros),
                when: *when,
                then_not: then_not.as_ref().map(|ThenNot { what, within }| (self.at(what, hashes), within.micros())),
            },
            Rule::Score(score) => Node::Score(score.clone()),
            Rule::Said(Said { what, words, when }) => Node::Said {
                at: self.at(what, hashes),
                phrases: words.iter().map(|w| tokens(w)).collect(),
                when: *when,
            },
            Rule::Trait(Trait { name, is }) => Node::Trait { name: name.clone(), test: is.clone() },
            Rule::Allows(purpose) => Node::Allows(purpose.clone()),
            Rule::Known(kind) => Node::Known(kind.clone()),
            Rule::In(id) => Node::In(self.places.get(id).copied()),
        }
    }
}
