//! The live map: what really happened at every stage of a designed journey.
//!
//! [`MapPass`] gathers a [`MapState`]; [`MapState::result`] turns it into a [`Map`] with an
//! interval, n and the time window on every score. What has not happened yet is never called
//! lost: an instance within its time is waiting.

use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::figure::{self, Fate, stage_of_answer};
use crate::instances::{Instance, Splitter};
use crate::scores_pass::TimeRange;
use std::collections::HashMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

mod result;
mod state;

pub use result::{Count, Flow, Map, MoneyFigure, PromiseFigures, ReadingFigures, ScoreFigure, StageFigures, Volume};
pub use state::MapState;
use state::{READINGS, StageState, Voice};

/// Counts the map of one journey.
#[derive(Debug, Clone)]
pub struct MapPass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// Only instances that started inside; all without it.
    pub range: Option<TimeRange>,
    /// How many voices to keep for each stage.
    pub voices: usize,
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct MapLocal {
    splitter: Splitter,
    score_kinds: Vec<String>,
    currencies: Vec<String>,
    /// Rows by stage, event and channel.
    volumes: HashMap<(u8, u16, u16), u64>,
    /// Per figure: counted for the current customer already.
    seen: Vec<u64>,
    turn: u64,
}

impl Pass for MapPass {
    const NAME: &'static str = "map";
    type State = MapState;
    type Local = MapLocal;

    fn start(&self) -> MapState {
        MapState::new(&self.compiled, self.voices)
    }

    fn enter(&self, segment: &Segment) -> MapLocal {
        MapLocal {
            splitter: Splitter::new(&self.compiled, segment),
            score_kinds: segment.score_kinds().iter().map(|k| k.to_string()).collect(),
            currencies: segment.currencies().iter().map(|k| k.to_string()).collect(),
            volumes: HashMap::new(),
            seen: vec![0; figure::slots(&self.compiled)],
            turn: 0,
        }
    }

    fn customer(&self, local: &mut MapLocal, customer: Customer<'_>, state: &mut MapState) {
        local.turn += 1;
        let MapLocal { splitter, score_kinds, currencies, volumes, seen, turn } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !self.range.is_none_or(|r| r.contains(instance.start)) {
                continue;
            }
            figure::slots_of(&self.compiled, instance, |slot| {
                let count = &mut state.counts[slot];
                count.instances += 1;
                if seen[slot] != *turn {
                    seen[slot] = *turn;
                    count.customers += 1;
                }
            });
            self.stages(instance, &customer, currencies, state);
            self.rows(instance, &customer, volumes, state);
            self.answers(instance, &customer, score_kinds, state);
        }
    }

    fn leave(&self, local: MapLocal, segment: &Segment, state: &mut MapState) {
        for ((stage, event, channel), rows) in local.volumes {
            let name = (segment.event_name(event).to_owned(), segment.channel_name(channel).to_owned());
            *state.stages[stage as usize].volumes.entry(name).or_default() += rows;
        }
    }
}

impl MapPass {
    /// Times, flows and money of the stages that the instance filled, in the order it filled them.
    fn stages(&self, instance: &Instance, customer: &Customer<'_>, currencies: &[String], state: &mut MapState) {
        let mut path: [(u32, u8); 32] = [(0, 0); 32];
        let mut length = 0;
        for s in 0..self.compiled.definition.stages.len() {
            if let Some(row) = instance.stage_row(s) {
                path[length] = (row, s as u8);
                length += 1;
            }
        }
        let path = &mut path[..length];
        path.sort_unstable();
        let mut before: Option<(u8, i64)> = None;
        for &(row, s) in path.iter() {
            let at = customer.micros(row as usize);
            let stage: &mut StageState = &mut state.stages[s as usize];
            if let Some((previous, since)) = before {
                stage.from_previous.add(seconds(at - since));
                stage.from_start.add(seconds(at - instance.start));
                *state.flows.entry((previous, s)).or_default() += 1;
            }
            before = Some((s, at));
            // The start of the next instance is that one's money.
            if !self.compiled.definition.stages[s as usize].next_instance
                && let Some((minor, currency)) = customer.money(row as usize)
                && let Some(currency) = currencies.get(currency as usize)
            {
                let sum = stage.money.entry(currency.clone()).or_default();
                sum.0 += i128::from(minor);
                sum.1 += 1;
            }
        }
    }

    /// Contacts by the stage they happened in.
    fn rows(
        &self,
        instance: &Instance,
        customer: &Customer<'_>,
        volumes: &mut HashMap<(u8, u16, u16), u64>,
        state: &mut MapState,
    ) {
        for &row in &instance.rows {
            if row < instance.start_row() {
                continue;
            }
            let stage = instance.furthest_before(row + 1, |_| false).unwrap_or(0);
            *volumes.entry((stage as u8, customer.event(row as usize), customer.channel(row as usize))).or_default() +=
                1;
            if customer.has_text(row as usize) && self.voices > 0 {
                let share = instance.answers.iter().find(|a| a.row == row).map_or(u32::MAX, |a| (a.share * 1e6) as u32);
                let stage = stage_of_answer(instance, row).unwrap_or(stage);
                let voice = Voice {
                    share,
                    newest: std::cmp::Reverse(customer.micros(row as usize)),
                    position: customer.position(row as usize),
                };
                state.stages[stage].add_voice(voice, self.voices);
            }
        }
    }

    fn answers(&self, instance: &Instance, customer: &Customer<'_>, kinds: &[String], state: &mut MapState) {
        for answer in &instance.answers {
            let Some(score) = customer.score(answer.row as usize) else { continue };
            let Some(kind) = kinds.get(score.kind as usize) else { continue };
            state.scores.add(kind, score.value, score.min, score.max);
            if let Some(stage) = stage_of_answer(instance, answer.row) {
                state.stages[stage].scores.add(kind, score.value, score.min, score.max);
            }
            for promise in &instance.promises {
                for (r, reading) in READINGS.into_iter().enumerate() {
                    let fate = figure::fate(promise.delivered, promise.deadline(reading), self.compiled.end);
                    let at = match fate {
                        Fate::Kept => 0,
                        Fate::Broken => 1,
                        Fate::NotDelivered => 2,
                        Fate::Open | Fate::Promised => continue,
                    };
                    let scores = &mut state.promises[promise.rule as usize][r][at];
                    scores.add(kind, score.value, score.min, score.max);
                }
            }
        }
    }
}

fn seconds(micros: i64) -> u32 {
    u32::try_from(micros.max(0) / 1_000_000).unwrap_or(u32::MAX)
}

/// Whether a promise is read in this way by default, for callers that show one reading.
pub(crate) fn shown_reading(compiled: &Compiled, rule: usize) -> PromiseReading {
    compiled.definition.promises.get(rule).map(|p| p.reading).unwrap_or_default()
}
