//! The figures of a map, and which of them one instance belongs to.
//!
//! [`slots_of`] is the only place that decides it: the map counts with it and the list of people
//! behind a figure is made with it, so the two cannot disagree.

use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::instances::{Ending, Instance};
use serde::{Deserialize, Serialize};

/// What became of a promise under one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Promised at all.
    Promised,
    /// Delivered in time.
    Kept,
    /// Delivered late.
    Broken,
    /// Not delivered, and there is still time.
    Open,
    /// Not delivered, and the time has passed.
    NotDelivered,
}

const FATES: [Fate; 5] = [Fate::Promised, Fate::Kept, Fate::Broken, Fate::Open, Fate::NotDelivered];
const READINGS: [PromiseReading; 3] = [PromiseReading::Declared, PromiseReading::Instant, PromiseReading::Day];

/// A figure of a map; stages and promises by their place in the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Instances that started.
    Started,
    /// Reached a finishing stage.
    Finished,
    /// Lost.
    Dropped,
    /// Neither, still within their time.
    Waiting,
    /// Answered at least once.
    Answered,
    /// Answered at least once at or below the limit.
    Dissatisfied,
    /// Reached the stage.
    Reached(usize),
    /// Reached it and a later stage that is not optional (any later stage, for an optional one).
    Continued(usize),
    /// It is the furthest required stage of an instance that was lost.
    LostAt(usize),
    /// It is the furthest required stage of an instance that is waiting.
    WaitingAt(usize),
    /// It is the furthest required stage of an instance that finished.
    FinishedAt(usize),
    /// Not reached by an instance that is further on.
    Skipped(usize),
    /// Answered when this was the furthest stage.
    AnsweredAt(usize),
    /// Answered at or below the limit when this was the furthest stage.
    DissatisfiedAt(usize),
    /// Something stood in the way when this was the furthest stage; before the start, at the first.
    FrictionAt(usize),
    /// The fate of a promise.
    Promise {
        /// Place of the promise in the definition.
        rule: usize,
        /// How its time is read.
        reading: PromiseReading,
        /// What became of it.
        fate: Fate,
    },
}

const OVERALL: usize = 6;
const PER_STAGE: usize = 9;
const PER_RULE: usize = 15;

/// How many figures a definition has.
pub(crate) fn slots(compiled: &Compiled) -> usize {
    OVERALL + PER_STAGE * compiled.definition.stages.len() + PER_RULE * compiled.definition.promises.len()
}

/// The place of a figure; `None` if the definition has no such stage or promise.
pub(crate) fn slot(compiled: &Compiled, figure: Figure) -> Option<usize> {
    let (stages, rules) = (compiled.definition.stages.len(), compiled.definition.promises.len());
    let at = |stage: usize, k: usize| (stage < stages).then_some(OVERALL + stage * PER_STAGE + k);
    match figure {
        Figure::Started => Some(0),
        Figure::Finished => Some(1),
        Figure::Dropped => Some(2),
        Figure::Waiting => Some(3),
        Figure::Answered => Some(4),
        Figure::Dissatisfied => Some(5),
        Figure::Reached(s) => at(s, 0),
        Figure::Continued(s) => at(s, 1),
        Figure::LostAt(s) => at(s, 2),
        Figure::WaitingAt(s) => at(s, 3),
        Figure::FinishedAt(s) => at(s, 4),
        Figure::Skipped(s) => at(s, 5),
        Figure::AnsweredAt(s) => at(s, 6),
        Figure::DissatisfiedAt(s) => at(s, 7),
        Figure::FrictionAt(s) => at(s, 8),
        Figure::Promise { rule, reading, fate } => {
            let reading = READINGS.iter().position(|r| *r == reading)?;
            let fate = FATES.iter().position(|f| *f == fate)?;
            (rule < rules).then_some(OVERALL + stages * PER_STAGE + rule * PER_RULE + reading * 5 + fate)
        }
    }
}

/// The stage at which an answer was given: the furthest that was reached before it, answers
/// themselves aside; `None` for an answer before the start.
pub(crate) fn stage_of_answer(instance: &Instance, row: u32) -> Option<usize> {
    instance.furthest_before(row, |r| instance.answers.iter().any(|a| a.row == r))
}

/// The stage at which something stood in the way: the furthest reached until then; what came before
/// the start stood in the way of the first.
pub(crate) fn stage_of_friction(instance: &Instance, row: u32) -> usize {
    instance.furthest_before(row, |_| false).unwrap_or(0)
}

/// The furthest stage that is not optional.
pub(crate) fn position(compiled: &Compiled, instance: &Instance) -> usize {
    let stages = &compiled.definition.stages;
    (0..stages.len()).rev().find(|&s| !stages[s].optional && instance.stage_row(s).is_some()).unwrap_or(0)
}

/// Calls `each` with the place of every figure that the instance belongs to, once for each.
pub(crate) fn slots_of(compiled: &Compiled, instance: &Instance, mut each: impl FnMut(usize)) {
    let mut put = |figure| {
        if let Some(slot) = slot(compiled, figure) {
            each(slot);
        }
    };
    put(Figure::Started);
    put(match instance.ending {
        Ending::Finished(_) => Figure::Finished,
        Ending::Dropped(_) => Figure::Dropped,
        Ending::Waiting => Figure::Waiting,
    });
    let stages = &compiled.definition.stages;
    let position = position(compiled, instance);
    for s in 0..stages.len() {
        let reached = instance.stage_row(s).is_some();
        let further = if stages[s].optional {
            (s + 1..stages.len()).any(|t| instance.stage_row(t).is_some())
        } else {
            position > s
        };
        if reached {
            put(Figure::Reached(s));
            if further {
                put(Figure::Continued(s));
            }
        } else if further && !stages[s].optional {
            put(Figure::Skipped(s));
        }
        if s == position {
            put(match instance.ending {
                Ending::Finished(_) => Figure::FinishedAt(s),
                Ending::Dropped(_) => Figure::LostAt(s),
                Ending::Waiting => Figure::WaitingAt(s),
            });
        }
    }
    if !instance.answers.is_empty() {
        put(Figure::Answered);
        if instance.answers.iter().any(|a| a.dissatisfied) {
            put(Figure::Dissatisfied);
        }
        let (mut answered, mut dissatisfied) = (0_u64, 0_u64);
        for answer in &instance.answers {
            if let Some(s) = stage_of_answer(instance, answer.row) {
                answered |= 1 << s;
                dissatisfied |= u64::from(answer.dissatisfied) << s;
            }
        }
        for s in 0..stages.len() {
            if answered >> s & 1 == 1 {
                put(Figure::AnsweredAt(s));
            }
            if dissatisfied >> s & 1 == 1 {
                put(Figure::DissatisfiedAt(s));
            }
        }
    }
    let met = instance.friction.iter().fold(0_u64, |met, &row| met | 1 << stage_of_friction(instance, row));
    for s in (0..stages.len()).filter(|s| met >> s & 1 == 1) {
        put(Figure::FrictionAt(s));
    }
    for promise in &instance.promises {
        for reading in READINGS {
            let rule = promise.rule as usize;
            put(Figure::Promise { rule, reading, fate: Fate::Promised });
            let fate = fate(promise.delivered, promise.deadline(reading), compiled.end);
            put(Figure::Promise { rule, reading, fate });
        }
    }
}

pub(crate) fn fate(delivered: Option<i64>, deadline: i64, end: i64) -> Fate {
    match delivered {
        Some(at) if at <= deadline => Fate::Kept,
        Some(_) => Fate::Broken,
        None if deadline < end => Fate::NotDelivered,
        None => Fate::Open,
    }
}
