//! What happened to each value in each instance: the one place that decides it, for the counts and
//! for the people behind them.

use super::words::{COMPLAINED, HELP, SENT_BACK, meaning};
use super::{CardFigure, Dimensions, Rate};
use crate::compiled::Compiled;
use crate::figure::{Fate, fate};
use crate::instances::{Instance, Splitter};
use throughline_interactions::{Actor, Direction};
use throughline_timeline::{Customer, Segment, SegmentScore};

/// No place.
const NONE: u32 = u32::MAX;

/// What holds for one value in one instance, or in one answer outside of any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Facts(u16);

impl Facts {
    pub(super) fn has(self, figure: &CardFigure) -> bool {
        bit(figure).is_some_and(|b| self.0 & b != 0)
    }

    fn put(&mut self, figure: &CardFigure, holds: bool) {
        if holds && let Some(bit) = bit(figure) {
            self.0 |= bit;
        }
    }

    /// One of so many, and bad.
    pub(super) fn rate(self, rate: Rate) -> (bool, bool) {
        let (of, bad) = rate.figures();
        (self.has(&of), self.has(&bad))
    }
}

fn bit(figure: &CardFigure) -> Option<u16> {
    Some(match figure {
        CardFigure::Met => 1,
        CardFigure::Settled => 2,
        CardFigure::Broken => 4,
        CardFigure::SentBack => 8,
        CardFigure::Complained => 16,
        CardFigure::AskedHelp => 32,
        CardFigure::Answered => 64,
        CardFigure::Unhappy => 128,
        CardFigure::Touched | CardFigure::Scored(_) => return None,
    })
}

/// A value that takes part in an instance, and the row with which it joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party {
    /// The place of the value in [`Walk::hashes`].
    pub value: u32,
    pub joined: u32,
}

/// A row by which something is put down to values.
struct Telling {
    row: u32,
    what: u8,
    score: Option<(SegmentScore, bool)>,
}

/// One instance, or one answer outside of any, with everything that takes part in it.
pub(super) struct Affair<'a> {
    /// `None` for an answer outside of any instance.
    pub instance: Option<&'a Instance>,
    /// When it began, in microseconds.
    pub start: i64,
    /// Its rows.
    pub rows: &'a [u32],
    /// The row with which it began.
    pub start_row: u32,
    pub parties: &'a [Party],
    tellings: &'a [Telling],
    names: &'a Names,
    compiled: &'a Compiled,
    customer: &'a Customer<'a>,
}

impl Affair<'_> {
    /// Whether a row is about a value: it names it, or it names no other of its dimension and the
    /// value had joined by then.
    pub fn is_about(&self, row: u32, party: &Party) -> bool {
        let kind = self.names.kinds[party.value as usize];
        let mut other = false;
        for value in self.names.on(self.customer, row) {
            if value == party.value {
                return true;
            }
            other |= self.names.kinds[value as usize] == kind;
        }
        !other && party.joined <= row
    }

    /// The answers about a value: the row, the answer, whether it counts as satisfaction.
    pub fn answers(&self, party: &Party) -> impl Iterator<Item = (u32, SegmentScore)> {
        let party = *party;
        self.tellings.iter().filter_map(move |t| {
            let (score, _) = t.score?;
            self.is_about(t.row, &party).then_some((t.row, score))
        })
    }

    /// What holds for a value.
    pub fn facts(&self, party: &Party) -> Facts {
        let mut facts = Facts::default();
        facts.put(&CardFigure::Met, self.instance.is_some());
        let limit = self.compiled.definition.satisfaction.dissatisfied;
        for telling in self.tellings.iter().filter(|t| self.is_about(t.row, party)) {
            if self.instance.is_some() {
                facts.put(&CardFigure::SentBack, telling.what & SENT_BACK != 0);
                facts.put(&CardFigure::Complained, telling.what & COMPLAINED != 0);
                facts.put(&CardFigure::AskedHelp, telling.what & HELP != 0);
            }
            if let Some((score, true)) = telling.score {
                let share = f64::from(score.value - score.min) / f64::from(score.max - score.min);
                facts.put(&CardFigure::Answered, true);
                facts.put(&CardFigure::Unhappy, share <= limit + 1e-9);
            }
        }
        for promise in self.instance.iter().flat_map(|i| &i.promises) {
            let reading = self.compiled.definition.promises[promise.rule as usize].reading;
            let deadline = promise.deadline(reading);
            let fate = fate(promise.delivered, deadline, self.compiled.end);
            if matches!(fate, Fate::Open | Fate::Promised) {
                continue;
            }
            let settled = promise.delivered.map_or(deadline, |at| at.min(deadline));
            let was_there = self.customer.micros(party.joined as usize) <= settled;
            if was_there || promise.delivered.is_some_and(|at| self.is_named_at(at, party.value)) {
                facts.put(&CardFigure::Settled, true);
                facts.put(&CardFigure::Broken, fate != Fate::Kept);
            }
        }
        facts
    }

    fn is_named_at(&self, at: i64, value: u32) -> bool {
        let mut there = self.rows.iter().filter(|&&row| self.customer.micros(row as usize) == at);
        there.any(|&row| self.names.on(self.customer, row).any(|v| v == value))
    }
}

/// The values of one segment that are compared.
#[derive(Debug)]
struct Names {
    /// By attribute code: the place of the value.
    lookup: Vec<u32>,
    kinds: Vec<u16>,
}

impl Names {
    fn on<'a>(&'a self, customer: &Customer<'a>, row: u32) -> impl Iterator<Item = u32> + 'a {
        let places = customer.attributes(row as usize).iter().map(|&code| self.lookup[code as usize]);
        places.filter(|&value| value != NONE)
    }
}

/// What the codes of one segment mean to scorecards, and room to work in.
#[derive(Debug)]
pub(super) struct Walk {
    splitter: Splitter,
    names: Names,
    /// By the place of a value: its hash.
    pub hashes: Vec<u64>,
    /// By event code: what its name says.
    meanings: Vec<u8>,
    /// By the place of a value: the last affair in which it was met.
    met: Vec<u64>,
    affairs: u64,
    /// Instances so far, whatever they met.
    pub instances: u64,
    parties: Vec<Party>,
    tellings: Vec<Telling>,
    inside: Vec<bool>,
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {} {:03b}", self.row, self.what)
    }
}

impl Walk {
    pub fn new(compiled: &Compiled, dimensions: &Dimensions, segment: &Segment) -> Self {
        let (mut hashes, mut kinds) = (Vec::new(), Vec::new());
        let lookup = segment.attribute_hashes().iter().map(|&hash| match dimensions.of(hash) {
            Some(kind) => {
                hashes.push(hash);
                kinds.push(kind);
                hashes.len() as u32 - 1
            }
            None => NONE,
        });
        let lookup: Vec<u32> = lookup.collect();
        Self {
            splitter: Splitter::new(compiled, segment),
            meanings: segment.events().iter().map(|e| meaning(e)).collect(),
            met: vec![0; hashes.len()],
            names: Names { lookup, kinds },
            hashes,
            affairs: 0,
            instances: 0,
            parties: Vec::new(),
            tellings: Vec::new(),
            inside: Vec::new(),
        }
    }

    /// The dimension of a value by its place.
    pub fn kind(&self, value: u32) -> u16 {
        self.names.kinds[value as usize]
    }

    /// The place of a value in this segment.
    pub fn place(&self, hash: u64) -> Option<u32> {
        self.hashes.iter().position(|&h| h == hash).map(|at| at as u32)
    }

    /// The values that each row names.
    pub fn touched(&self, customer: &Customer<'_>, mut each: impl FnMut(usize, u32)) {
        for row in 0..customer.len() {
            self.names.on(customer, row as u32).for_each(|value| each(row, value));
        }
    }

    /// Calls `each` with every affair of a customer in which a compared value takes part.
    pub fn affairs(&mut self, compiled: &Compiled, customer: &Customer<'_>, mut each: impl FnMut(&Affair<'_>)) {
        let Self { splitter, names, meanings, met, affairs, instances, parties, tellings, inside, .. } = self;
        inside.clear();
        inside.resize(customer.len(), false);
        let satisfaction: Vec<bool> =
            (0..customer.segment().score_kinds().len()).map(|kind| splitter.is_satisfaction(kind as u16)).collect();
        let mut look = |rows: &[u32], instance: Option<&Instance>| {
            *affairs += 1;
            parties.clear();
            tellings.clear();
            for &row in rows {
                for value in names.on(customer, row) {
                    if std::mem::replace(&mut met[value as usize], *affairs) != *affairs {
                        parties.push(Party { value, joined: row });
                    }
                }
                let what = told(meanings[customer.event(row as usize) as usize], customer, row as usize);
                let score = customer.score(row as usize);
                if what != 0 || score.is_some() {
                    let score = score.map(|s| (s, satisfaction.get(s.kind as usize).copied().unwrap_or(false)));
                    tellings.push(Telling { row, what, score });
                }
            }
            let Some(&first) = rows.first() else { return };
            if !parties.is_empty() {
                let start = instance.map_or_else(|| customer.micros(first as usize), |i| i.start);
                let start_row = instance.map_or(first, Instance::start_row);
                let (parties, tellings) = (&*parties, &*tellings);
                each(&Affair { instance, start, rows, start_row, parties, tellings, names, compiled, customer });
            }
        };
        for instance in splitter.split(compiled, customer).iter() {
            *instances += 1;
            instance.rows.iter().for_each(|&row| inside[row as usize] = true);
            look(&instance.rows, Some(instance));
        }
        for row in customer.scored().filter(|&row| !inside[row]) {
            look(&[row as u32], None);
        }
    }
}

/// Only customers ask for help: what the help desk does is no cry for it.
fn told(meaning: u8, customer: &Customer<'_>, row: usize) -> u8 {
    let by_customer = customer.direction(row) == Direction::In && customer.actor(row) == Actor::Human;
    if meaning & HELP != 0 && !by_customer { meaning & !HELP } else { meaning }
}
