//! The live map: what really happened at every stage of a designed journey.
//!
//! [`MapPass`] gathers a [`MapState`]; [`MapState::result`] turns it into a [`Map`] with an
//! interval, n and the time window on every score. What has not happened yet is never called
//! lost: an instance within its time is waiting.

use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::figure::{self, Fate, stage_of_answer, stage_of_friction};
use crate::instances::{Instance, Splitter};
use std::collections::HashMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

mod result;
mod state;

pub use result::{
    Count, Flow, Hindrance, Map, MoneyFigure, PromiseFigures, ReadingFigures, ScoreFigure, StageFigures, Volume,
};
pub use state::MapState;
use state::{READINGS, StageState, Voice};

/// Counts the map of one journey.
#[derive(Debug, Clone)]
pub struct MapPass {
    /// The journey, with the scope that is looked at.
    pub compiled: Arc<Compiled>,
    /// How many voices to keep for each stage.
    pub voices: usize,
}

/// The keys are codes of our own, so a quick hash does.
type Quick = foldhash::fast::FixedState;

/// Rows by stage, event and channel: a plain table, or counts where that would be large and mostly
/// empty.
#[derive(Debug)]
struct Volumes {
    events: usize,
    channels: usize,
    table: Vec<u64>,
    counts: HashMap<(u8, u16, u16), u64, Quick>,
}

/// Cells of the largest table.
const TABLE: usize = 1 << 16;

impl Volumes {
    fn new(stages: usize, segment: &Segment) -> Self {
        let (events, channels) = (segment.events().len(), segment.channels().len());
        let cells = stages * events * channels;
        let table = if cells <= TABLE { vec![0; cells] } else { Vec::new() };
        Self { events, channels, table, counts: HashMap::default() }
    }

    #[inline]
    fn add(&mut self, stage: u8, event: u16, channel: u16) {
        let cell = (stage as usize * self.events + event as usize) * self.channels + channel as usize;
        match self.table.get_mut(cell) {
            Some(rows) => *rows += 1,
            None => *self.counts.entry((stage, event, channel)).or_default() += 1,
        }
    }

    fn into_counts(self) -> impl Iterator<Item = ((u8, u16, u16), u64)> {
        let (events, channels) = (self.events.max(1), self.channels.max(1));
        let place = move |cell: usize| {
            let (line, channel) = (cell / channels, cell % channels);
            ((line / events) as u8, (line % events) as u16, channel as u16)
        };
        let table = self.table.into_iter().enumerate().filter(|(_, rows)| *rows > 0);
        table.map(move |(cell, rows)| (place(cell), rows)).chain(self.counts)
    }
}

/// The places where an answer counts: the whole journey, each stage, and each promise in each
/// reading where it was kept, broken or never delivered.
fn places(compiled: &Compiled) -> usize {
    1 + compiled.definition.stages.len() + compiled.definition.promises.len() * 9
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct MapLocal {
    splitter: Splitter,
    score_kinds: Vec<String>,
    currencies: Vec<String>,
    volumes: Volumes,
    /// By the kind of score and the bits of the answer and its scale: how often it counts in each
    /// place, see [`places`].
    answers: HashMap<(u16, [u32; 3]), Vec<u64>, Quick>,
    /// By the first stage and the second.
    flows: Vec<u64>,
    /// By stage and event, rows that stood in the way.
    hindrances: HashMap<(u8, u16), u64, Quick>,
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
            volumes: Volumes::new(self.compiled.definition.stages.len(), segment),
            answers: HashMap::default(),
            hindrances: HashMap::default(),
            flows: vec![0; self.compiled.definition.stages.len().pow(2)],
            seen: vec![0; figure::slots(&self.compiled)],
            turn: 0,
        }
    }

    fn customer(&self, local: &mut MapLocal, customer: Customer<'_>, state: &mut MapState) {
        local.turn += 1;
        let MapLocal { splitter, score_kinds: _, currencies, volumes, answers, flows, hindrances, seen, turn } = local;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
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
            let mut steps = [(0, 0); 32];
            let path = path(instance, self.compiled.definition.stages.len(), &mut steps);
            self.stages(instance, path, &customer, currencies, flows, state);
            self.rows(instance, path, &customer, volumes, state);
            self.answers(instance, &customer, answers);
            for &row in &instance.friction {
                let stage = stage_of_friction(instance, row) as u8;
                *hindrances.entry((stage, customer.event(row as usize))).or_default() += 1;
            }
        }
    }

    fn leave(&self, local: MapLocal, segment: &Segment, state: &mut MapState) {
        for ((stage, event, channel), rows) in local.volumes.into_counts() {
            let name = (segment.event_name(event).to_owned(), segment.channel_name(channel).to_owned());
            *state.stages[stage as usize].volumes.entry(name).or_default() += rows;
        }
        for ((stage, event), rows) in local.hindrances {
            let name = segment.event_name(event).to_owned();
            *state.stages[stage as usize].hindrances.entry(name).or_default() += rows;
        }
        let stages = self.compiled.definition.stages.len();
        for (flow, instances) in local.flows.into_iter().enumerate().filter(|(_, instances)| *instances > 0) {
            *state.flows.entry(((flow / stages) as u8, (flow % stages) as u8)).or_default() += instances;
        }
        for ((kind, bits), times) in local.answers {
            let Some(kind) = local.score_kinds.get(kind as usize) else { continue };
            let [value, min, max] = bits.map(f32::from_bits);
            for (place, times) in times.into_iter().enumerate().filter(|(_, times)| *times > 0) {
                let scores = if place == 0 {
                    &mut state.scores
                } else if place <= stages {
                    &mut state.stages[place - 1].scores
                } else {
                    let at = place - 1 - stages;
                    &mut state.promises[at / 9][at / 3 % 3][at % 3]
                };
                scores.add_many(kind, value, min, max, times);
            }
        }
    }
}

impl MapPass {
    /// Times, flows and money of the stages that the instance filled, in the order it filled them.
    fn stages(
        &self,
        instance: &Instance,
        path: &[(u32, u8)],
        customer: &Customer<'_>,
        currencies: &[String],
        flows: &mut [u64],
        state: &mut MapState,
    ) {
        let mut before: Option<(u8, i64)> = None;
        for &(row, s) in path {
            let at = customer.micros(row as usize);
            let stage: &mut StageState = &mut state.stages[s as usize];
            if let Some((previous, since)) = before {
                stage.from_previous.add(seconds(at - since));
                stage.from_start.add(seconds(at - instance.start));
                flows[previous as usize * self.compiled.definition.stages.len() + s as usize] += 1;
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
        path: &[(u32, u8)],
        customer: &Customer<'_>,
        volumes: &mut Volumes,
        state: &mut MapState,
    ) {
        let (mut stage, mut path) = (0, path.iter().peekable());
        for &row in &instance.rows {
            if row < instance.start_row() {
                continue;
            }
            while let Some(&(_, reached)) = path.next_if(|(at, _)| *at <= row) {
                stage = stage.max(reached as usize);
            }
            volumes.add(stage as u8, customer.event(row as usize), customer.channel(row as usize));
            if customer.has_text(row as usize) && self.voices > 0 {
                let share = instance.answers.iter().find(|a| a.row == row).map_or(u32::MAX, |a| (a.share * 1e6) as u32);
                let stage = stage_of_answer(instance, row).unwrap_or(stage);
                let newest = std::cmp::Reverse(customer.micros(row as usize));
                if state.stages[stage].hears(share, newest, self.voices) {
                    let voice = Voice { share, newest, position: customer.position(row as usize) };
                    state.stages[stage].add_voice(voice, self.voices);
                }
            }
        }
    }

    fn answers(
        &self,
        instance: &Instance,
        customer: &Customer<'_>,
        answers: &mut HashMap<(u16, [u32; 3]), Vec<u64>, Quick>,
    ) {
        for answer in &instance.answers {
            let Some(score) = customer.score(answer.row as usize) else { continue };
            let bits = [score.value, score.min, score.max].map(f32::to_bits);
            let counts = answers.entry((score.kind, bits)).or_insert_with(|| vec![0; places(&self.compiled)]);
            counts[0] += 1;
            if let Some(stage) = stage_of_answer(instance, answer.row) {
                counts[1 + stage] += 1;
            }
            let promises = 1 + self.compiled.definition.stages.len();
            for promise in &instance.promises {
                for (r, reading) in READINGS.into_iter().enumerate() {
                    let at = match figure::fate(promise.delivered, promise.deadline(reading), self.compiled.end) {
                        Fate::Kept => 0,
                        Fate::Broken => 1,
                        Fate::NotDelivered => 2,
                        Fate::Open | Fate::Promised => continue,
                    };
                    counts[promises + promise.rule as usize * 9 + r * 3 + at] += 1;
                }
            }
        }
    }
}

/// The rows that filled stages, with the stages, in the order of the rows.
fn path<'a>(instance: &Instance, stages: usize, steps: &'a mut [(u32, u8); 32]) -> &'a [(u32, u8)] {
    let mut length = 0;
    for stage in 0..stages {
        if let Some(row) = instance.stage_row(stage) {
            steps[length] = (row, stage as u8);
            length += 1;
        }
    }
    let path = &mut steps[..length];
    path.sort_unstable();
    path
}

fn seconds(micros: i64) -> u32 {
    u32::try_from(micros.max(0) / 1_000_000).unwrap_or(u32::MAX)
}

/// Whether a promise is read in this way by default, for callers that show one reading.
pub(crate) fn shown_reading(compiled: &Compiled, rule: usize) -> PromiseReading {
    compiled.definition.promises.get(rule).map(|p| p.reading).unwrap_or_default()
}
