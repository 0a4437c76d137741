//! The counts of every value of every dimension, in one scan.

use super::walk::Walk;
use super::{CardFigure, Dimensions, Rate};
use crate::compiled::Compiled;
use crate::wire::{put_list, put_u64, read_list};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, SegmentScore, StateError, StateReader, put_bytes};
use throughline_value::shrinkage::{Sums, Tally};

/// Counts all values of the dimensions.
#[derive(Debug, Clone)]
pub struct ScorecardsPass {
    /// The journey whose instances are counted.
    pub compiled: Arc<Compiled>,
    /// What is compared.
    pub dimensions: Arc<Dimensions>,
}

/// Money in minor units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sold {
    /// The currency's three letters.
    #[serde(serialize_with = "letters")]
    pub currency: [u8; 3],
    /// Worth of the instances, as they began.
    pub sold: i128,
    /// Paid back.
    pub back: i128,
}

fn letters<S: serde::Serializer>(code: &[u8; 3], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&String::from_utf8_lossy(code))
}

/// What was counted of one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Interactions that name it.
    pub interactions: u64,
    /// Customers with such an interaction.
    pub customers: u64,
    /// Instances that met it.
    pub met: u64,
    /// Those that met it with their first row.
    pub begun: u64,
    /// By the place in [`Rate::ALL`].
    pub rates: [Tally; 5],
    /// By currency.
    pub money: Vec<Sold>,
}

impl Counts {
    /// A share.
    pub fn rate(&self, rate: Rate) -> Tally {
        self.rates[rate.place()]
    }

    fn money(&mut self, currency: [u8; 3]) -> &mut Sold {
        let at = self.money.partition_point(|s| s.currency < currency);
        if self.money.get(at).is_none_or(|s| s.currency != currency) {
            self.money.insert(at, Sold { currency, sold: 0, back: 0 });
        }
        &mut self.money[at]
    }

    fn merge(&mut self, other: Self) {
        self.interactions += other.interactions;
        self.customers += other.customers;
        self.met += other.met;
        self.begun += other.begun;
        for (mine, theirs) in self.rates.iter_mut().zip(other.rates) {
            mine.events += theirs.events;
            mine.n += theirs.n;
        }
        for theirs in other.money {
            let mine = self.money(theirs.currency);
            mine.sold += theirs.sold;
            mine.back += theirs.back;
        }
    }
}

/// A kind of score on one scale, in thousandths. Answers to `nps` are counted as −100, 0 and +100,
/// so that their mean is the score.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreName {
    /// `stars`, `nps`, a question's own name.
    pub kind: String,
    /// The lowest answer that could be given.
    pub min: i64,
    /// The highest one.
    pub max: i64,
}

impl ScoreName {
    pub(super) fn new(kind: &str, score: &SegmentScore) -> Option<Self> {
        let (min, max) = (thousandths(score.min), thousandths(score.max));
        (min < max).then(|| match kind {
            "nps" => Self { kind: kind.to_owned(), min: -100_000, max: 100_000 },
            _ => Self { kind: kind.to_owned(), min, max },
        })
    }

    /// An answer in thousandths of the unit in which the mean is told.
    pub(super) fn answer(kind: &str, score: &SegmentScore) -> i64 {
        match kind {
            "nps" => match (score.value - score.min) / (score.max - score.min) {
                share if share >= 0.9 - 1e-6 => 100_000,
                share if share <= 0.6 + 1e-6 => -100_000,
                _ => 0,
            },
            _ => thousandths(score.value),
        }
    }
}

fn thousandths(value: f32) -> i64 {
    (f64::from(value) * 1_000.0).round() as i64
}

/// Answers of one kind about one value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScoreSums {
    /// Instances with such an answer, and answers outside of any.
    pub affairs: u64,
    /// The answers.
    pub sums: Sums,
}

/// The counts of every value, mergeable over buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScorecardsState {
    /// By the hash of the value.
    pub values: BTreeMap<u64, Counts>,
    /// By kind of score, then by the hash of the value.
    pub scores: BTreeMap<ScoreName, BTreeMap<u64, ScoreSums>>,
    /// Instances in all, whatever they met.
    pub instances: u64,
}

type ScoreKey = (u16, u32, u32);

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct ScorecardsLocal {
    walk: Walk,
    counts: Vec<Counts>,
    last: Vec<u64>,
    customers: u64,
    kinds: Vec<String>,
    scores: HashMap<ScoreKey, HashMap<u32, ScoreSums>>,
    currencies: Vec<[u8; 3]>,
}

impl Pass for ScorecardsPass {
    const NAME: &'static str = "scorecards";
    type State = ScorecardsState;
    type Local = ScorecardsLocal;

    fn start(&self) -> ScorecardsState {
        ScorecardsState::default()
    }

    fn enter(&self, segment: &Segment) -> ScorecardsLocal {
        let walk = Walk::new(&self.compiled, &self.dimensions, segment);
        let values = walk.hashes.len();
        ScorecardsLocal {
            walk,
            counts: vec![Counts::default(); values],
            last: vec![0; values],
            customers: 0,
            kinds: segment.score_kinds().iter().map(|k| k.to_string()).collect(),
            scores: HashMap::new(),
            currencies: segment.currencies().iter().map(|c| currency(c)).collect(),
        }
    }

    fn customer(&self, local: &mut ScorecardsLocal, customer: Customer<'_>, _: &mut ScorecardsState) {
        let ScorecardsLocal { walk, counts, last, customers, kinds, scores, currencies } = local;
        *customers += 1;
        walk.touched(&customer, |_, value| {
            let counts = &mut counts[value as usize];
            counts.interactions += 1;
            if std::mem::replace(&mut last[value as usize], *customers) != *customers {
                counts.customers += 1;
            }
        });
        walk.affairs(&self.compiled, &customer, |affair| {
            for party in affair.parties {
                let counts = &mut counts[party.value as usize];
                let facts = affair.facts(party);
                let met = facts.has(&CardFigure::Met);
                counts.met += u64::from(met);
                counts.begun += u64::from(met && party.joined <= affair.start_row);
                for rate in Rate::ALL {
                    let (of, bad) = facts.rate(rate);
                    counts.rates[rate.place()].n += u64::from(of);
                    counts.rates[rate.place()].events += u64::from(of && bad);
                }
                if met {
                    let worth = customer.money(affair.start_row as usize).filter(|(minor, _)| *minor > 0);
                    if let Some((minor, code)) = worth {
                        counts.money(currencies[code as usize]).sold += i128::from(minor);
                    }
                    for &row in affair.rows {
                        if let Some((minor, code)) = customer.money(row as usize).filter(|(minor, _)| *minor < 0)
                            && affair.is_about(row, party)
                        {
                            counts.money(currencies[code as usize]).back -= i128::from(minor);
                        }
                    }
                }
                let mut told: [Option<ScoreKey>; 8] = [None; 8];
                for (_, score) in affair.answers(party) {
                    let key = (score.kind, score.min.to_bits(), score.max.to_bits());
                    let Some(kind) = kinds.get(score.kind as usize) else { continue };
                    let sums = scores.entry(key).or_default().entry(party.value).or_default();
                    sums.sums.add(ScoreName::answer(kind, &score));
                    // One instance counts once for each kind, whatever the scale.
                    let known = told.iter().flatten().any(|k| k.0 == key.0);
                    if !known {
                        sums.affairs += 1;
                        if let Some(free) = told.iter_mut().find(|t| t.is_none()) {
                            *free = Some(key);
                        }
                    }
                }
            }
        });
    }

    fn leave(&self, local: ScorecardsLocal, _: &Segment, state: &mut ScorecardsState) {
        state.instances += local.walk.instances;
        for (hash, counts) in local.walk.hashes.iter().zip(local.counts) {
            if counts != Counts::default() {
                state.values.entry(*hash).or_default().merge(counts);
            }
        }
        for ((kind, min, max), values) in local.scores {
            let Some(kind) = local.kinds.get(kind as usize) else { continue };
            let score = SegmentScore { kind: 0, value: 0.0, min: f32::from_bits(min), max: f32::from_bits(max) };
            let Some(name) = ScoreName::new(kind, &score) else { continue };
            let all = state.scores.entry(name).or_default();
            for (value, sums) in values {
                let mine = all.entry(local.walk.hashes[value as usize]).or_default();
                mine.affairs += sums.affairs;
                mine.sums.merge(&sums.sums);
            }
        }
    }
}

fn currency(code: &str) -> [u8; 3] {
    code.as_bytes().try_into().unwrap_or(*b"???")
}

impl PassState for ScorecardsState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.instances += other.instances;
        for (hash, counts) in other.values {
            self.values.entry(hash).or_default().merge(counts);
        }
        for (name, values) in other.scores {
            let all = self.scores.entry(name).or_default();
            for (hash, sums) in values {
                let mine = all.entry(hash).or_default();
                mine.affairs += sums.affairs;
                mine.sums.merge(&sums.sums);
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.instances);
        put_list(out, self.values.iter(), |out, (hash, c)| {
            [*hash, c.interactions, c.customers, c.met, c.begun].into_iter().for_each(|n| put_u64(out, n));
            c.rates.iter().for_each(|t| put_tally(out, *t));
            put_list(out, c.money.iter(), |out, s| {
                out.extend_from_slice(&s.currency);
                out.extend_from_slice(&s.sold.to_le_bytes());
                out.extend_from_slice(&s.back.to_le_bytes());
            });
        });
        put_list(out, self.scores.iter(), |out, (name, values)| {
            put_name(out, name);
            put_list(out, values.iter(), |out, (hash, s)| {
                put_u64(out, *hash);
                put_u64(out, s.affairs);
                put_sums(out, &s.sums);
            });
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let instances = r.u64()?;
        let values = read_list(r, 128, |r| {
            let hash = r.u64()?;
            let mut counts = Counts {
                interactions: r.u64()?,
                customers: r.u64()?,
                met: r.u64()?,
                begun: r.u64()?,
                ..Counts::default()
            };
            for tally in &mut counts.rates {
                *tally = read_tally(r)?;
            }
            counts.money = read_list(r, 35, |r| {
                let currency = [r.u8()?, r.u8()?, r.u8()?];
                Ok(Sold { currency, sold: read_i128(r)?, back: read_i128(r)? })
            })?;
            Ok((hash, counts))
        })?;
        let scores = read_list(r, 32, |r| {
            let name = read_name(r)?;
            let values = read_list(r, 48, |r| Ok((r.u64()?, ScoreSums { affairs: r.u64()?, sums: read_sums(r)? })))?;
            Ok((name, values))
        })?;
        r.end()?;
        Ok(Self { values, scores, instances })
    }
}

pub(super) fn put_tally(out: &mut Vec<u8>, tally: Tally) {
    put_u64(out, tally.events);
    put_u64(out, tally.n);
}

pub(super) fn read_tally(r: &mut StateReader<'_>) -> Result<Tally, StateError> {
    Ok(Tally { events: r.u64()?, n: r.u64()? })
}

pub(super) fn put_name(out: &mut Vec<u8>, name: &ScoreName) {
    put_bytes(out, name.kind.as_bytes());
    put_u64(out, name.min as u64);
    put_u64(out, name.max as u64);
}

pub(super) fn read_name(r: &mut StateReader<'_>) -> Result<ScoreName, StateError> {
    Ok(ScoreName { kind: r.text()?.to_owned(), min: r.i64()?, max: r.i64()? })
}

pub(super) fn put_sums(out: &mut Vec<u8>, sums: &Sums) {
    put_u64(out, sums.n);
    put_u64(out, sums.sum as u64);
    out.extend_from_slice(&sums.squares.to_le_bytes());
}

pub(super) fn read_sums(r: &mut StateReader<'_>) -> Result<Sums, StateError> {
    Ok(Sums { n: r.u64()?, sum: r.i64()?, squares: read_i128(r)? })
}

fn read_i128(r: &mut StateReader<'_>) -> Result<i128, StateError> {
    let (low, high) = (r.u64()?, r.i64()?);
    Ok((i128::from(high) << 64) | i128::from(low))
}
