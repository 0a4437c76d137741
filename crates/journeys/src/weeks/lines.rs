//! From counts to lines: the last week that is known against the weeks before it.

use super::state::{ByDay, Week, WeeksState};
use super::{DAY, DAYS, Series, is_required};
use crate::compiled::Compiled;
use serde::Serialize;
use throughline_interactions::Timestamp;
use throughline_value::change::{Change, count_change, share_change};
use throughline_value::multiplicity::q_values;
use throughline_value::quantile::quantile;

/// Weeks before the last one that it is compared with, at most.
const BEFORE: usize = 12;
/// The share of false sentences among all that are said (and of worlds without any change that
/// nevertheless say one).
const FALSE: f64 = 0.05;
/// After how many days it is asked who has gone on.
const AFTER: [u32; 9] = [1, 2, 3, 5, 7, 14, 21, 28, 42];
/// That is when so many of those who went on had done so.
const HAD: f64 = 0.9;

/// One series over the weeks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What is followed.
    pub series: Series,
    /// Where the last week that is known begins …
    pub from: Timestamp,
    /// … and ends.
    pub until: Timestamp,
    /// Per week, the last one at the end: hits and what they are a share of. For
    /// [`Series::Started`] both are the count.
    pub points: Vec<(u64, u64)>,
    /// For [`Series::Slow`]: the median in seconds of the weeks before, and of the last one.
    pub medians: Option<(f64, f64)>,
    /// The last week against those before; `None` where there is too little to tell.
    pub change: Option<Change>,
    /// The false discovery rate among all lines of the journey; 1 without a change.
    pub q: f64,
}

impl Line {
    /// The last week stands out from those before by more than chance.
    pub fn has_changed(&self) -> bool {
        self.change.is_some() && self.q <= FALSE
    }

    /// For those who look after customers: fewer instances, more of anything else.
    pub fn is_worse(&self) -> bool {
        self.change.is_some_and(|c| (c.t < 0.0) == (self.series == Series::Started))
    }

    /// What a week's point amounts to: a count or a share; `None` for a week without anybody.
    pub fn value(&self, point: usize) -> Option<f64> {
        let (hits, of) = *self.points.get(point)?;
        match self.series {
            Series::Started => Some(hits as f64),
            _ => (of > 0).then(|| hits as f64 / of as f64),
        }
    }
}

/// A journey week by week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weeks {
    /// Key of the journey.
    pub journey: String,
    /// The last moment of the data.
    pub data_until: Timestamp,
    /// Every series that has anything to count.
    pub lines: Vec<Line>,
}

impl WeeksState {
    /// The lines of a journey; `starts` as the pass had them, `first` the first moment of the data:
    /// a week that began before is not whole.
    pub fn result(&self, compiled: &Compiled, starts: &[i64], first: i64) -> Weeks {
        let mut lines: Vec<Line> =
            self.series(compiled).into_iter().filter_map(|s| self.line(s, compiled, starts, first)).collect();
        let tested: Vec<usize> = (0..lines.len()).filter(|&i| lines[i].change.is_some()).collect();
        let p: Vec<f64> = tested.iter().filter_map(|&i| Some(lines[i].change?.p)).collect();
        for (at, q) in tested.into_iter().zip(q_values(&p)) {
            lines[at].q = q;
        }
        Weeks { journey: compiled.definition.key.clone(), data_until: Timestamp(compiled.end), lines }
    }

    /// What there is to follow in this journey.
    fn series(&self, compiled: &Compiled) -> Vec<Series> {
        let mut all = vec![Series::Started];
        let sum = |of: &dyn Fn(&Week) -> &ByDay| {
            self.weeks.iter().fold(vec![0; DAYS + 1], |mut sum: ByDay, week| {
                sum.iter_mut().zip(of(week)).for_each(|(a, b)| *a += b);
                sum
            })
        };
        all.extend(within(&sum(&|w| &w.finish)).map(|days| Series::Unfinished { days }));
        let stages: Vec<usize> = (0..compiled.definition.stages.len()).filter(|&s| is_required(compiled, s)).collect();
        for &stage in &stages {
            // The last of them is where one finishes; with two, stopping is not finishing, said twice.
            if stages.len() > 2 && stages.last() != Some(&stage) {
                all.extend(within(&sum(&|w| &w.stages[stage].onward)).map(|days| Series::Stopped { stage, days }));
            }
            let mut times: Vec<u32> = self.weeks.iter().flat_map(|w| &w.stages[stage].times).copied().collect();
            if let Some(median) = quantile(&mut times, 0.5) {
                all.push(Series::Slow { stage, seconds: median.value.round() as u32 });
            }
        }
        all.extend((0..compiled.definition.promises.len()).map(|rule| Series::Broken { rule }));
        all.push(Series::Unhappy);
        all
    }

    fn line(&self, series: Series, compiled: &Compiled, starts: &[i64], first: i64) -> Option<Line> {
        let known_until = compiled.end.saturating_sub(i64::from(series.days()) * DAY);
        let last = (0..self.weeks.len()).rev().find(|&w| starts[w + 1] <= known_until)?;
        let begin = (0..=last).find(|&w| starts[w] >= first)?.max(last.saturating_sub(BEFORE));
        let weeks = &self.weeks[begin..=last];
        let points: Vec<(u64, u64)> = weeks.iter().map(|w| point(series, w)).collect();
        if points.iter().all(|(_, of)| *of == 0) {
            return None;
        }
        let (now, before) = points.split_last()?;
        let change = match series {
            Series::Started => {
                let counts: Vec<u64> = before.iter().map(|(n, _)| *n).collect();
                count_change(&counts, now.0)
            }
            _ => share_change(before, *now),
        };
        let medians = match series {
            Series::Slow { stage, .. } => {
                let median = |weeks: &[Week]| {
                    let mut times: Vec<u32> = weeks.iter().flat_map(|w| &w.stages[stage].times).copied().collect();
                    quantile(&mut times, 0.5).map(|m| m.value)
                };
                let (now, before) = weeks.split_last()?;
                median(before).zip(median(std::slice::from_ref(now)))
            }
            _ => None,
        };
        let (from, until) = (Timestamp(starts[last]), Timestamp(starts[last + 1]));
        Some(Line { series, from, until, points, medians, change, q: 1.0 })
    }
}

/// The number of days by which [`HAD`] of those who went on at all had done so; `None` if nobody did.
fn within(by_day: &ByDay) -> Option<u32> {
    let all: u64 = by_day[..DAYS].iter().sum();
    let by = |days: u32| by_day[..days as usize].iter().sum::<u64>() as f64;
    (all > 0).then(|| AFTER.into_iter().find(|d| by(*d) >= HAD * all as f64).unwrap_or(AFTER[AFTER.len() - 1]))
}

fn point(series: Series, week: &Week) -> (u64, u64) {
    let not_by = |by_day: &ByDay, days: u32| {
        let all: u64 = by_day.iter().sum();
        (all - by_day[..days as usize].iter().sum::<u64>(), all)
    };
    match series {
        Series::Started => (week.started, week.started),
        Series::Unfinished { days } => not_by(&week.finish, days),
        Series::Stopped { stage, days } => not_by(&week.stages[stage].onward, days),
        Series::Slow { stage, seconds } => {
            let times = &week.stages[stage].times;
            (times.iter().filter(|t| **t > seconds).count() as u64, times.len() as u64)
        }
        Series::Broken { rule } => {
            let (due, broken) = week.promises[rule];
            (broken, due)
        }
        Series::Unhappy => (week.unhappy, week.answers),
    }
}
