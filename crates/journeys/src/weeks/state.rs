//! What the weekly pass gathers.

use super::{DAYS, Observation};
use crate::compiled::Compiled;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use throughline_timeline::{PassState, StateError, StateReader};

/// After how many days something happened; the last place is for never or later.
pub(super) type ByDay = Vec<u64>;

#[derive(Debug, Clone, Default)]
pub(super) struct StageWeek {
    pub onward: ByDay,
    /// Seconds since the stage before, in no order.
    pub times: Vec<u32>,
}

impl PartialEq for StageWeek {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |times: &[u32]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times
        };
        self.onward == other.onward && sorted(&self.times) == sorted(&other.times)
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Week {
    pub started: u64,
    pub finish: ByDay,
    pub stages: Vec<StageWeek>,
    /// Per promise: whose time was over, and of those not kept.
    pub promises: Vec<(u64, u64)>,
    pub answers: u64,
    pub unhappy: u64,
}

/// Counts by week, mergeable over buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WeeksState {
    pub(super) weeks: Vec<Week>,
}

impl WeeksState {
    pub(super) fn new(compiled: &Compiled, weeks: usize) -> Self {
        let stage = StageWeek { onward: vec![0; DAYS + 1], times: Vec::new() };
        let week = Week {
            finish: vec![0; DAYS + 1],
            stages: vec![stage; compiled.definition.stages.len()],
            promises: vec![(0, 0); compiled.definition.promises.len()],
            ..Week::default()
        };
        Self { weeks: vec![week; weeks] }
    }

    pub(super) fn add(&mut self, week: usize, observation: Observation) {
        let day = |done: Option<u32>| done.map_or(DAYS, |d| (d as usize).min(DAYS));
        let week = &mut self.weeks[week];
        match observation {
            Observation::Started => week.started += 1,
            Observation::Finish(done) => week.finish[day(done)] += 1,
            Observation::Onward(stage, done) => week.stages[stage].onward[day(done)] += 1,
            Observation::Time(stage, seconds) => week.stages[stage].times.push(seconds),
            Observation::Promise(rule, kept) => {
                week.promises[rule].0 += 1;
                week.promises[rule].1 += u64::from(!kept);
            }
            Observation::Answer(unhappy) => {
                week.answers += 1;
                week.unhappy += u64::from(unhappy);
            }
        }
    }
}

fn add_up(mine: &mut ByDay, theirs: &[u64]) {
    mine.resize(mine.len().max(theirs.len()), 0);
    mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
}

impl PassState for WeeksState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.weeks.resize(self.weeks.len().max(other.weeks.len()), Week::default());
        for (mine, theirs) in self.weeks.iter_mut().zip(other.weeks) {
            mine.started += theirs.started;
            mine.answers += theirs.answers;
            mine.unhappy += theirs.unhappy;
            add_up(&mut mine.finish, &theirs.finish);
            mine.stages.resize(mine.stages.len().max(theirs.stages.len()), StageWeek::default());
            for (mine, theirs) in mine.stages.iter_mut().zip(theirs.stages) {
                add_up(&mut mine.onward, &theirs.onward);
                mine.times.extend(theirs.times);
            }
            mine.promises.resize(mine.promises.len().max(theirs.promises.len()), (0, 0));
            for (mine, theirs) in mine.promises.iter_mut().zip(theirs.promises) {
                mine.0 += theirs.0;
                mine.1 += theirs.1;
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let days = |out: &mut Vec<u8>, days: &ByDay| put_list(out, days.iter(), |out, n| put_u64(out, *n));
        put_list(out, self.weeks.iter(), |out, week| {
            [week.started, week.answers, week.unhappy].into_iter().for_each(|n| put_u64(out, n));
            days(out, &week.finish);
            put_list(out, week.stages.iter(), |out, stage| {
                days(out, &stage.onward);
                put_list(out, stage.times.iter(), |out, seconds| put_u32(out, *seconds));
            });
            put_list(out, week.promises.iter(), |out, (due, broken)| {
                put_u64(out, *due);
                put_u64(out, *broken);
            });
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let days = |r: &mut StateReader<'_>| read_list::<u64, ByDay>(r, 8, StateReader::u64);
        let weeks = read_list(r, 48, |r| {
            let (started, answers, unhappy) = (r.u64()?, r.u64()?, r.u64()?);
            let finish = days(r)?;
            let stages =
                read_list(r, 16, |r| Ok(StageWeek { onward: days(r)?, times: read_list(r, 4, StateReader::u32)? }))?;
            let promises = read_list(r, 16, |r| Ok((r.u64()?, r.u64()?)))?;
            Ok(Week { started, finish, stages, promises, answers, unhappy })
        })?;
        r.end()?;
        Ok(Self { weeks })
    }
}
