//! Week by week: what a journey's instances did, promised and felt, and whether the last week
//! stands out from the weeks before by more than chance.
//!
//! Every series counts what is known for good when its week is over, so that no figure is low only
//! because it is young. Promises count in the week of their deadline, times in the week in which
//! the stage was reached, answers in the week in which they were given. Who stopped at a stage is
//! told after a number of days by which nine of ten of those who went on had done so; the last week
//! of such a series is the last one that is that old.
//!
//! [`WeeksPass`] counts all series in one pass, [`WeekPeoplePass`] lists the people behind one of
//! them: both look at the same observations.

mod lines;
mod people;
mod series;
mod state;

pub use lines::{Line, Weeks};
pub use people::{WeekPeople, WeekPeoplePass};
pub use series::Series;
pub use state::WeeksState;

use crate::compiled::Compiled;
use crate::definition::Definition;
use crate::instances::{Ending, Instance, Splitter};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days within which somebody can go on and still be counted; later is never.
pub(crate) const DAYS: usize = 63;

/// Counts the weeks of a journey.
#[derive(Debug, Clone)]
pub struct WeeksPass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// Where weeks begin, rising, in microseconds; the last entry is where the last week ends.
    pub starts: Arc<[i64]>,
}

/// Something of one instance that counts in one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observation {
    /// It started.
    Started,
    /// It started, and finished after so many days, or not at all.
    Finish(Option<u32>),
    /// It reached a stage, and went on after so many days, or not at all.
    Onward(usize, Option<u32>),
    /// It reached a stage so many seconds after the one before.
    Time(usize, u32),
    /// The time of a promise was over: it was kept or not.
    Promise(usize, bool),
    /// An answer was given, unhappy or not.
    Answer(bool),
}

/// True for stages that everybody is to pass and that something can fill.
pub(crate) fn is_required(compiled: &Compiled, stage: usize) -> bool {
    let designed = &compiled.definition.stages[stage];
    compiled.is_measured(stage) && !designed.optional && !designed.next_instance
}

/// Tells each observation of an instance with its moment, in microseconds.
pub(crate) fn each(
    compiled: &Compiled,
    instance: &Instance,
    customer: &Customer<'_>,
    mut tell: impl FnMut(i64, Observation),
) {
    let days = |from: i64, to: i64| Some(u32::try_from((to - from).max(0) / DAY).unwrap_or(u32::MAX));
    tell(instance.start, Observation::Started);
    let finished = match instance.ending {
        Ending::Finished(at) => days(instance.start, at),
        Ending::Dropped(_) | Ending::Waiting => None,
    };
    tell(instance.start, Observation::Finish(finished));
    let reached = |s: usize| instance.stage_row(s).map(|row| customer.micros(row as usize));
    let stages = compiled.definition.stages.len();
    for s in (0..stages).filter(|&s| is_required(compiled, s)) {
        let Some(at) = reached(s) else { continue };
        let next = (s + 1..stages).filter(|&t| is_required(compiled, t)).filter_map(reached).min();
        tell(at, Observation::Onward(s, next.and_then(|next| days(at, next))));
        let before = (0..s).rev().filter(|&t| is_required(compiled, t)).find_map(reached);
        if let Some(before) = before.filter(|before| *before <= at) {
            let seconds = u32::try_from((at - before) / 1_000_000).unwrap_or(u32::MAX);
            tell(at, Observation::Time(s, seconds));
        }
    }
    for promise in &instance.promises {
        let rule = promise.rule as usize;
        let deadline = promise.deadline(reading(&compiled.definition, rule));
        // By its deadline it was kept or it was not; before, nobody knows.
        if deadline < compiled.end {
            tell(deadline, Observation::Promise(rule, promise.delivered.is_some_and(|at| at <= deadline)));
        }
    }
    for answer in &instance.answers {
        tell(answer.at, Observation::Answer(answer.dissatisfied));
    }
}

fn reading(definition: &Definition, rule: usize) -> crate::PromiseReading {
    definition.promises.get(rule).map(|p| p.reading).unwrap_or_default()
}

impl Pass for WeeksPass {
    const NAME: &'static str = "weeks";
    type State = WeeksState;
    type Local = Splitter;

    fn start(&self) -> WeeksState {
        WeeksState::new(&self.compiled, self.starts.len().saturating_sub(1))
    }

    fn enter(&self, segment: &Segment) -> Splitter {
        Splitter::new(&self.compiled, segment)
    }

    fn customer(&self, splitter: &mut Splitter, customer: Customer<'_>, state: &mut WeeksState) {
        for instance in splitter.split(&self.compiled, &customer) {
            each(&self.compiled, instance, &customer, |at, observation| {
                let week = self.starts.partition_point(|start| *start <= at);
                if week > 0 && week < self.starts.len() {
                    state.add(week - 1, observation);
                }
            });
        }
    }
}
