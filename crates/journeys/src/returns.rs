//! After how many days customers come back, those counted too who may still come.

use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};
use throughline_value::survival::TimeCounts;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Returns that must have been seen before anybody is said to stay away.
const ENOUGH: u64 = 30;
/// Of ten who come back, so many have by the usual day.
const USUAL: f64 = 0.8;

/// Counts after how many days customers start their next instance of a journey.
#[derive(Debug, Clone)]
pub struct ReturnsPass {
    /// The journey.
    pub compiled: Arc<Compiled>,
}

/// By days since a start: how many started their next instance then, and how many had not by the end
/// of the data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnsState {
    days: BTreeMap<u32, (u64, u64)>,
}

impl ReturnsState {
    /// How many returns there were.
    pub fn n(&self) -> u64 {
        self.days.values().map(|(returned, _)| returned).sum()
    }

    /// The day by which eight of ten of those who come back have done so; `None` for fewer than thirty
    /// returns.
    ///
    /// Read from the Kaplan–Meier curve, so that those who bought lately and may still come pull it
    /// neither way; "all who come back" is where the curve stands when thirty are still followed.
    pub fn usual_days(&self) -> Option<u32> {
        if self.n() < ENOUGH {
            return None;
        }
        let mut counts = TimeCounts::default();
        for (day, (returned, not_yet)) in &self.days {
            counts.add(*day, *returned, *not_yet);
        }
        let curve = counts.curve()?;
        let known: Vec<_> = curve.steps.iter().take_while(|step| step.at_risk >= ENOUGH).collect();
        let all = 1.0 - known.last()?.standing.value;
        let usual = known.iter().find(|step| 1.0 - step.standing.value >= USUAL * all - 1e-12)?;
        Some(usual.time.max(1))
    }
}

impl Pass for ReturnsPass {
    const NAME: &'static str = "returns";
    type State = ReturnsState;
    type Local = Splitter;

    fn start(&self) -> ReturnsState {
        ReturnsState::default()
    }

    fn enter(&self, segment: &Segment) -> Splitter {
        Splitter::new(&self.compiled, segment)
    }

    fn customer(&self, splitter: &mut Splitter, customer: Customer<'_>, state: &mut ReturnsState) {
        for instance in splitter.split(&self.compiled, &customer) {
            let until = instance.next.unwrap_or(self.compiled.end);
            let days = u32::try_from((until - instance.start) / DAY).unwrap_or(u32::MAX);
            let count = state.days.entry(days).or_default();
            match instance.next {
                Some(_) => count.0 += 1,
                None => count.1 += 1,
            }
        }
    }
}

impl PassState for ReturnsState {
    const VERSION: u16 = 2;

    fn merge(&mut self, other: Self) {
        for (day, (returned, not_yet)) in other.days {
            let count = self.days.entry(day).or_default();
            count.0 += returned;
            count.1 += not_yet;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.days.iter(), |out, (day, (returned, not_yet))| {
            put_u32(out, *day);
            put_u64(out, *returned);
            put_u64(out, *not_yet);
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let days = read_list(&mut reader, 20, |r| Ok((r.u32()?, (r.u64()?, r.u64()?))))?;
        reader.end()?;
        Ok(Self { days })
    }
}
