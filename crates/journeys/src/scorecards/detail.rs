//! One value week by week, where in the journey it stands, and what customers say of it.

use super::state::{ScoreName, put_name, put_sums, put_tally, read_name, read_sums, read_tally};
use super::walk::Walk;
use super::{CardFigure, Dimensions, Rate};
use crate::compiled::Compiled;
use crate::figure::stage_of_answer;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_interactions::{Actor, Direction};
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};
use throughline_value::shrinkage::{Sums, Tally};

/// Microseconds of a week, and of the Monday after 1 January 1970.
const WEEK: i64 = 7 * 86_400_000_000;
const MONDAY: i64 = 4 * 86_400_000_000;
/// Voices kept of the unhappiest and of the happiest.
const VOICES: usize = 8;

/// Looks at one value closely.
#[derive(Debug, Clone)]
pub struct DetailPass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// All values of the value's own dimension.
    pub dimensions: Arc<Dimensions>,
    /// The hash of the value.
    pub value: u64,
}

/// A week beginning on a Monday, in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Instances that began in it.
    pub met: u64,
    /// By the place in [`Rate::ALL`], of the instances that began in it.
    pub rates: [Tally; 5],
}

/// The part of a stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StagePart {
    /// Instances in which the value joined at this stage.
    pub joined: u64,
    /// Answers about it given at this stage, and the unhappy ones.
    pub answers: Tally,
}

/// Something that a customer said about the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CardVoice {
    /// The answer's place on its scale in millionths; `u32::MAX` without one.
    pub share: u32,
    /// When, in microseconds.
    pub newest: Reverse<i64>,
    /// Where it stands in the ledger.
    pub position: u64,
}

/// What was seen of one value, mergeable over buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DetailState {
    /// By the number of the week; see [`DetailState::begins`].
    pub weeks: BTreeMap<i64, Week>,
    /// Answers about it by kind of score and the week they were given in.
    pub scores: BTreeMap<ScoreName, BTreeMap<i64, Sums>>,
    /// By the stage of the journey.
    pub stages: Vec<StagePart>,
    /// The unhappiest first, then the newest; texts without an answer last.
    pub unhappiest: Vec<CardVoice>,
    /// The happiest first, then the newest.
    pub happiest: Vec<CardVoice>,
}

impl DetailState {
    /// The first moment of a week, in microseconds.
    pub fn begins(week: i64) -> i64 {
        week * WEEK + MONDAY
    }

    fn week_of(at: i64) -> i64 {
        (at - MONDAY).div_euclid(WEEK)
    }

    fn stage(&mut self, stage: usize) -> &mut StagePart {
        if self.stages.len() <= stage {
            self.stages.resize(stage + 1, StagePart::default());
        }
        &mut self.stages[stage]
    }

    fn hear(&mut self, voice: CardVoice) {
        keep(&mut self.unhappiest, voice, |v| (v.share, v.newest, v.position));
        if voice.share != u32::MAX {
            keep(&mut self.happiest, voice, |v| (u32::MAX - v.share, v.newest, v.position));
        }
    }
}

fn keep<K: Ord>(voices: &mut Vec<CardVoice>, voice: CardVoice, key: impl Fn(&CardVoice) -> K) {
    let at = voices.partition_point(|v| key(v) < key(&voice));
    if at < VOICES && voices.get(at) != Some(&voice) {
        voices.insert(at, voice);
        voices.truncate(VOICES);
    }
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct DetailLocal {
    walk: Walk,
    value: Option<u32>,
    kinds: Vec<String>,
}

impl Pass for DetailPass {
    const NAME: &'static str = "scorecards: detail";
    type State = DetailState;
    type Local = DetailLocal;

    fn start(&self) -> DetailState {
        DetailState::default()
    }

    fn enter(&self, segment: &Segment) -> DetailLocal {
        let walk = Walk::new(&self.compiled, &self.dimensions, segment);
        let kinds = segment.score_kinds().iter().map(|k| k.to_string()).collect();
        DetailLocal { value: walk.place(self.value), walk, kinds }
    }

    fn customer(&self, local: &mut DetailLocal, customer: Customer<'_>, state: &mut DetailState) {
        let Some(value) = local.value else { return };
        let kinds = &local.kinds;
        let limit = self.compiled.definition.satisfaction.dissatisfied;
        local.walk.affairs(&self.compiled, &customer, |affair| {
            let Some(party) = affair.parties.iter().find(|p| p.value == value) else { return };
            let facts = affair.facts(party);
            let week = state.weeks.entry(DetailState::week_of(affair.start)).or_default();
            week.met += u64::from(facts.has(&CardFigure::Met));
            for (tally, rate) in week.rates.iter_mut().zip(Rate::ALL) {
                let (of, bad) = facts.rate(rate);
                tally.n += u64::from(of);
                tally.events += u64::from(of && bad);
            }
            if let Some(instance) = affair.instance {
                let stage = instance.furthest_before(party.joined + 1, |_| false).unwrap_or(0);
                state.stage(stage).joined += 1;
            }
            for (row, score) in affair.answers(party) {
                let Some(kind) = kinds.get(score.kind as usize) else { continue };
                let Some(name) = ScoreName::new(kind, &score) else { continue };
                let week = DetailState::week_of(customer.micros(row as usize));
                let answer = ScoreName::answer(kind, &score);
                state.scores.entry(name).or_default().entry(week).or_default().add(answer);
                if let Some(instance) =
                    affair.instance.filter(|_| self.compiled.definition.satisfaction.kinds.contains(kind))
                {
                    let stage = stage_of_answer(instance, row).unwrap_or(0);
                    let share = f64::from(score.value - score.min) / f64::from(score.max - score.min);
                    let part = state.stage(stage);
                    part.answers.n += 1;
                    part.answers.events += u64::from(share <= limit + 1e-9);
                }
            }
            for &row in affair.rows {
                let i = row as usize;
                let by_customer = customer.direction(i) == Direction::In && customer.actor(i) == Actor::Human;
                if customer.has_text(i) && by_customer && affair.is_about(row, party) {
                    let share = customer.score(i).map(|s| (s.value - s.min) / (s.max - s.min));
                    let share = share.map_or(u32::MAX, |s| (f64::from(s.clamp(0.0, 1.0)) * 1e6) as u32);
                    let newest = Reverse(customer.micros(i));
                    state.hear(CardVoice { share, newest, position: customer.position(i) });
                }
            }
        });
    }
}

impl PassState for DetailState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (at, theirs) in other.weeks {
            let mine = self.weeks.entry(at).or_default();
            mine.met += theirs.met;
            for (mine, theirs) in mine.rates.iter_mut().zip(theirs.rates) {
                mine.events += theirs.events;
                mine.n += theirs.n;
            }
        }
        for (name, weeks) in other.scores {
            let all = self.scores.entry(name).or_default();
            weeks.into_iter().for_each(|(week, sums)| all.entry(week).or_default().merge(&sums));
        }
        for (stage, theirs) in other.stages.into_iter().enumerate() {
            let mine = self.stage(stage);
            mine.joined += theirs.joined;
            mine.answers.events += theirs.answers.events;
            mine.answers.n += theirs.answers.n;
        }
        other.unhappiest.into_iter().chain(other.happiest).for_each(|voice| self.hear(voice));
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.weeks.iter(), |out, (at, week)| {
            put_u64(out, *at as u64);
            put_u64(out, week.met);
            week.rates.iter().for_each(|t| put_tally(out, *t));
        });
        put_list(out, self.scores.iter(), |out, (name, weeks)| {
            put_name(out, name);
            put_list(out, weeks.iter(), |out, (at, sums)| {
                put_u64(out, *at as u64);
                put_sums(out, sums);
            });
        });
        put_list(out, self.stages.iter(), |out, stage| {
            put_u64(out, stage.joined);
            put_tally(out, stage.answers);
        });
        for voices in [&self.unhappiest, &self.happiest] {
            put_list(out, voices.iter(), |out, voice| {
                put_u32(out, voice.share);
                put_u64(out, voice.newest.0 as u64);
                put_u64(out, voice.position);
            });
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let weeks = read_list(r, 96, |r| {
            let (at, mut week) = (r.i64()?, Week { met: r.u64()?, ..Week::default() });
            for tally in &mut week.rates {
                *tally = read_tally(r)?;
            }
            Ok((at, week))
        })?;
        let scores = read_list(r, 32, |r| {
            let name = read_name(r)?;
            Ok((name, read_list(r, 40, |r| Ok((r.i64()?, read_sums(r)?)))?))
        })?;
        let stages = read_list(r, 24, |r| Ok(StagePart { joined: r.u64()?, answers: read_tally(r)? }))?;
        let voices = |r: &mut StateReader<'_>| {
            read_list(r, 20, |r| Ok(CardVoice { share: r.u32()?, newest: Reverse(r.i64()?), position: r.u64()? }))
        };
        let (unhappiest, happiest) = (voices(r)?, voices(r)?);
        r.end()?;
        Ok(Self { weeks, scores, stages, unhappiest, happiest })
    }
}
