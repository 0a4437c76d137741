//! One part of a journey beside another: what differs, by how much at least and at most, and whether
//! that is more than chance.
//!
//! All comparisons of a page are one family: with forty of them two would stand out by chance alone,
//! so what is called a difference has a false discovery rate below 5 %.

use super::curve::Curve;
use crate::format;
use crate::view::{Against, Look};
use std::collections::HashMap;
use throughline_journeys::pain_points::{Finding, Findings};
use throughline_journeys::{Definition, Map, StageFigures};
use throughline_value::Estimate;
use throughline_value::difference::{Difference, difference};
use throughline_value::interval::wilson;
use throughline_value::multiplicity::q_values;
use throughline_value::quantile::QuantileEstimate;
use throughline_value::words::certainty;

/// Fewer than this on one side are not compared.
const ENOUGH: u64 = 10;

/// What of a stage is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Reached,
    Lost,
    Time,
    Friction,
    Felt,
    Kept,
}

impl What {
    const ALL: [What; 6] = [What::Reached, What::Lost, What::Time, What::Friction, What::Felt, What::Kept];

    /// More of it is better.
    fn is_good(self) -> bool {
        matches!(self, What::Reached | What::Felt | What::Kept)
    }

    fn value(self, value: f64) -> String {
        match self {
            What::Time => format::duration(value),
            What::Felt => format::signed(value, 1),
            _ => format::percent(value),
        }
    }

    fn change(self, change: f64) -> String {
        match self {
            What::Time => format!("{}{}", if change < 0.0 { "−" } else { "+" }, format::duration(change.abs())),
            What::Felt => format::signed(change, 2),
            _ => format::signed(change * 100.0, 1),
        }
    }

    fn unit(self) -> &'static str {
        match self {
            What::Time | What::Felt => "",
            _ => "\u{a0}points",
        }
    }
}

/// One difference in words.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// `before: 6.1 %`.
    pub(crate) was: String,
    /// `+3.7 points, +1.2 to +6.2`, or that there are too few to say.
    pub(crate) by: String,
    /// `likely more than chance`, `no more than chance`; empty where nothing can be said.
    pub(crate) verdict: String,
    /// `high` for better, `low` for worse; empty for no more than chance.
    pub(crate) mood: &'static str,
}

/// What differs, by stage.
#[derive(Default)]
pub(crate) struct Changes(HashMap<(usize, What), Change>);

/// What the other side is called beside a figure.
pub(crate) fn other_side(look: &Look) -> &'static str {
    match look.against {
        Against::Others => "the others",
        _ => "before",
    }
}

impl Changes {
    pub(crate) fn new(now: &Map, then: &Map, definition: &Definition, side: &str) -> Self {
        let (felt_now, felt_then) = (Curve::new(now, definition), Curve::new(then, definition));
        let mut compared: Vec<(usize, What, Estimate, Option<Difference>)> = Vec::new();
        for s in 0..now.stages.len().min(then.stages.len()) {
            for what in What::ALL {
                let of = |map: &Map, curve: &Curve| match what {
                    What::Felt => curve.felt(s),
                    _ => estimate(what, map, definition, s),
                };
                let same_scale = what != What::Felt || felt_now.asked(s) == felt_then.asked(s);
                let (Some(a), Some(b)) = (of(now, &felt_now), of(then, &felt_then)) else { continue };
                if same_scale {
                    let enough = a.n.min(b.n) >= ENOUGH;
                    compared.push((s, what, b, enough.then(|| difference(&a, &b))));
                }
            }
        }
        let p: Vec<f64> = compared.iter().filter_map(|c| c.3.as_ref()).map(|d| d.p).collect();
        let mut q = q_values(&p).into_iter();
        let change = |(s, what, was, found): (usize, What, Estimate, Option<Difference>)| {
            let (by, verdict, mood) = match found {
                Some(d) => {
                    let sure = q.next().and_then(certainty);
                    let (change, low, high) = (d.change.value, d.change.low, d.change.high);
                    let better = (change > 0.0) == what.is_good();
                    let by = format!(
                        "{}{}, {} to {}",
                        what.change(change),
                        what.unit(),
                        what.change(low),
                        what.change(high)
                    );
                    match sure {
                        Some("likely") => {
                            (by, "likely more than chance".to_owned(), if better { "high" } else { "low" })
                        }
                        Some(_) => (by, "very likely more than chance".to_owned(), if better { "high" } else { "low" }),
                        // It would stand out alone; so many looks make one such by chance.
                        None if d.p < 0.05 => (by, "may be chance among so many comparisons".to_owned(), ""),
                        None => (by, "no more than chance".to_owned(), ""),
                    }
                }
                None => ("too few to compare".to_owned(), String::new(), ""),
            };
            ((s, what), Change { was: format!("{side}: {}", what.value(was.value)), by, verdict, mood })
        };
        Self(compared.into_iter().map(change).collect())
    }

    /// What differs in one figure of a stage; `None` where nothing is compared.
    pub(crate) fn at(&self, stage: usize, what: What) -> Option<Change> {
        self.0.get(&(stage, what)).cloned()
    }
}

fn estimate(what: What, map: &Map, definition: &Definition, s: usize) -> Option<Estimate> {
    let stage: &StageFigures = &map.stages[s];
    match what {
        What::Reached => (s > 0).then(|| wilson(stage.reached.instances, map.started.instances)).flatten(),
        What::Lost => stage.drop_off,
        What::Time => stage.from_previous_median.as_ref().and_then(bounded),
        What::Friction => wilson(stage.friction.instances, stage.reached.instances),
        What::Kept => {
            let events = &definition.stages[s].events;
            let rule = definition.promises.iter().find(|p| p.kept_by.iter().any(|e| events.contains(e)))?;
            let promise = map.promises.iter().find(|p| p.kind == rule.kind)?;
            let broken = promise.readings.iter().find(|r| r.reading == promise.shown)?.broken_share?;
            Some(Estimate { value: 1.0 - broken.value, low: 1.0 - broken.high, high: 1.0 - broken.low, n: broken.n })
        }
        What::Felt => None,
    }
}

fn bounded(median: &QuantileEstimate) -> Option<Estimate> {
    Some(Estimate::new(median.value, median.low?.into(), median.high?.into(), median.n))
}

/// How a finding stood on the other side, in words.
pub(crate) fn finding_then(now: &Finding, then: &Findings, side: &str) -> String {
    let same = then.findings.iter().find(|f| f.key == now.key && f.outcome == now.outcome);
    let Some(then) = same else { return format!("{side}: nothing of it stood out") };
    let told = match (then.ratio, then.high) {
        (Some(ratio), Some(high)) => {
            format!("{side}: {}×, {}", format::decimal(ratio, 1), format::range(then.low, high, 1))
        }
        _ => format!("{side}: at least {}×", format::decimal(then.low, 1)),
    };
    // Ratios are compared as what they are: factors.
    let log =
        |f: &Finding| Some(Estimate::new(f.ratio?.ln(), f.low.max(f64::MIN_POSITIVE).ln(), f.high?.ln(), f.exposed));
    match (log(now), log(then)) {
        (Some(a), Some(b)) if certainty(difference(&a, &b).p).is_some() => {
            format!("{told}; likely more than chance apart")
        }
        (Some(_), Some(_)) => format!("{told}; no more than chance apart"),
        _ => told,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_the_unit_of_the_figure() {
        let plain = |text: String| text.replace(['\u{202f}', '\u{a0}'], " ");
        let check = |what: What, change: f64, expected: &str| {
            assert_eq!(plain(what.change(change) + what.unit()), expected);
        };
        check(What::Lost, 0.037, "+3.7 points");
        check(What::Reached, -0.0004, "+0.0 points");
        check(What::Time, -7_200.0, "−2 h");
        check(What::Felt, 0.25, "+0.25");
        assert!(!What::Lost.is_good() && What::Kept.is_good());
    }
}
