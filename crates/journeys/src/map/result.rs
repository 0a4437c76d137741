//! The map as it is shown: every score with n, an interval and the window.

use super::state::{MapState, READINGS};
use crate::PromiseReading;
use crate::compiled::Compiled;
use crate::figure::{Fate, Figure, slot};
use crate::map::shown_reading;
use crate::scores_pass::ScoresState;
use serde::Serialize;
use throughline_interactions::Timestamp;
use throughline_value::Estimate;
use throughline_value::quantile::QuantileEstimate;
use throughline_value::scores::{ces, csat, mean, nps};

/// A figure that opens: its instances and the customers behind them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Instances of the journey.
    pub instances: u64,
    /// Different customers.
    pub customers: u64,
}

/// A whole map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// Key of the journey.
    pub journey: String,
    /// Its name.
    pub name: String,
    /// Instances that started from here …
    pub from: Option<Timestamp>,
    /// … to before here.
    pub until: Option<Timestamp>,
    /// The last moment of the data.
    pub data_until: Timestamp,
    /// All instances.
    pub started: Count,
    /// Finished ones.
    pub finished: Count,
    /// Lost ones.
    pub dropped: Count,
    /// Those still within their time.
    pub waiting: Count,
    /// With an answer.
    pub answered: Count,
    /// With a dissatisfied answer.
    pub dissatisfied: Count,
    /// All answers by kind.
    pub scores: Vec<ScoreFigure>,
    /// In the order of the design.
    pub stages: Vec<StageFigures>,
    /// From stage to stage, as it happened.
    pub flows: Vec<Flow>,
    /// Promise against delivery.
    pub promises: Vec<PromiseFigures>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageFigures {
    /// Key in the definition.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Something that fills it is in the data; without that, nobody can be said to be lost before it.
    pub measured: bool,
    /// Flow in.
    pub reached: Count,
    /// Flow out.
    pub continued: Count,
    /// Lost here.
    pub lost: Count,
    /// Still within their time here.
    pub waiting: Count,
    /// Finished here.
    pub finished: Count,
    /// Went past without it.
    pub skipped: Count,
    /// Answered here.
    pub answered: Count,
    /// Answered here at or below the limit.
    pub dissatisfied: Count,
    /// Something stood in the way here.
    pub friction: Count,
    /// What stood in the way, by event, most first.
    pub hindrances: Vec<Hindrance>,
    /// The share lost of those whose fate is known (waiting ones are left out), 0–1.
    pub drop_off: Option<Estimate>,
    /// Seconds from the stage filled before, median.
    pub from_previous_median: Option<QuantileEstimate>,
    /// The same, 90 of 100.
    pub from_previous_p90: Option<QuantileEstimate>,
    /// Seconds from the start, median.
    pub from_start_median: Option<QuantileEstimate>,
    /// The same, 90 of 100.
    pub from_start_p90: Option<QuantileEstimate>,
    /// As designed, in seconds.
    pub expected_seconds: Option<u32>,
    /// As designed, a share of the scale.
    pub expected_satisfaction: Option<f64>,
    /// Answers given when this was the furthest stage.
    pub scores: Vec<ScoreFigure>,
    /// Contacts by event and channel, most first.
    pub volumes: Vec<Volume>,
    /// Ledger positions of rows with text, unhappiest first, then newest.
    pub voices: Vec<u64>,
    /// Money of the rows that filled the stage; `None` without any.
    pub money: Option<MoneyFigure>,
}

/// A score with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreFigure {
    /// Kind of score.
    pub kind: String,
    /// The mean in the unit of its scale, with interval and n.
    pub mean: Estimate,
    /// The index by which the kind is known, in its own unit: NPS for `nps`, percent for others.
    pub index: Option<Estimate>,
    /// Lowest and highest possible answer.
    pub scale: (f64, f64),
    /// Each answer with its count.
    pub distribution: Vec<(f64, u64)>,
}

/// Contacts of one event on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// The event.
    pub event: String,
    /// The channel; empty if unknown.
    pub channel: String,
    /// How many.
    pub rows: u64,
}

/// What stood in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hindrance {
    /// The event.
    pub event: String,
    /// How often.
    pub rows: u64,
}

/// A sum of money, or the refusal to add unlike currencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyFigure {
    /// One currency.
    Sum {
        /// Minor units.
        minor: i64,
        /// The currency.
        currency: String,
        /// Rows with money.
        rows: u64,
    },
    /// More than one currency (or a sum too large): nothing is added up.
    Refused {
        /// Those that were found.
        currencies: Vec<String>,
    },
}

/// Instances that went from one stage to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Key of the stage filled first.
    pub from: String,
    /// Key of the stage filled next.
    pub to: String,
    /// How many.
    pub instances: u64,
}

/// Promise against delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromiseFigures {
    /// Kind of promise.
    pub kind: String,
    /// The reading that the definition shows.
    pub shown: PromiseReading,
    /// All three readings.
    pub readings: Vec<ReadingFigures>,
}

/// A promise under one reading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingFigures {
    /// How its time is read.
    pub reading: PromiseReading,
    /// Promised at all.
    pub promised: Count,
    /// In time.
    pub kept: Count,
    /// Late.
    pub broken: Count,
    /// Still in time.
    pub open: Count,
    /// The time passed without it.
    pub not_delivered: Count,
    /// The share broken or not delivered of those whose fate is known, 0–1.
    pub broken_share: Option<Estimate>,
    /// Answers where it was kept.
    pub scores_kept: Vec<ScoreFigure>,
    /// Answers where it came late.
    pub scores_broken: Vec<ScoreFigure>,
    /// Answers where it never came.
    pub scores_not_delivered: Vec<ScoreFigure>,
}

impl MapState {
    /// The map; `compiled` is the one the pass had.
    pub fn result(&self, compiled: &Compiled) -> Map {
        let range = compiled.scope.range;
        let count = |figure| slot(compiled, figure).and_then(|s| self.counts.get(s)).copied().unwrap_or_default();
        let definition = &compiled.definition;
        let key = |s: u8| definition.stages.get(s as usize).map(|s| s.key.clone()).unwrap_or_default();
        Map {
            journey: definition.key.clone(),
            name: definition.name.clone(),
            from: range.map(|r| r.from),
            until: range.map(|r| r.until),
            data_until: Timestamp(compiled.end),
            started: count(Figure::Started),
            finished: count(Figure::Finished),
            dropped: count(Figure::Dropped),
            waiting: count(Figure::Waiting),
            answered: count(Figure::Answered),
            dissatisfied: count(Figure::Dissatisfied),
            scores: scores(&self.scores),
            stages: (0..definition.stages.len()).map(|s| self.stage(compiled, s, &count)).collect(),
            flows: self
                .flows
                .iter()
                .map(|(&(from, to), &instances)| Flow { from: key(from), to: key(to), instances })
                .collect(),
            promises: (0..definition.promises.len()).map(|rule| self.promise(compiled, rule, &count)).collect(),
        }
    }

    fn stage(&self, compiled: &Compiled, s: usize, count: &dyn Fn(Figure) -> Count) -> StageFigures {
        let designed = &compiled.definition.stages[s];
        let state = &self.stages[s];
        let lost = count(Figure::LostAt(s));
        let known = count(Figure::Continued(s)).instances + lost.instances + count(Figure::FinishedAt(s)).instances;
        let [previous_median, previous_p90] = state.from_previous.quantiles();
        let [start_median, start_p90] = state.from_start.quantiles();
        let mut volumes: Vec<Volume> = state
            .volumes
            .iter()
            .map(|((event, channel), &rows)| Volume { event: event.clone(), channel: channel.clone(), rows })
            .collect();
        volumes.sort_by_key(|v| std::cmp::Reverse(v.rows));
        let mut hindrances: Vec<Hindrance> =
            state.hindrances.iter().map(|(event, &rows)| Hindrance { event: event.clone(), rows }).collect();
        hindrances.sort_by_key(|h| std::cmp::Reverse(h.rows));
        StageFigures {
            key: designed.key.clone(),
            name: if designed.name.is_empty() { designed.key.clone() } else { designed.name.clone() },
            measured: compiled.is_measured(s),
            reached: count(Figure::Reached(s)),
            continued: count(Figure::Continued(s)),
            lost,
            waiting: count(Figure::WaitingAt(s)),
            finished: count(Figure::FinishedAt(s)),
            skipped: count(Figure::Skipped(s)),
            answered: count(Figure::AnsweredAt(s)),
            dissatisfied: count(Figure::DissatisfiedAt(s)),
            friction: count(Figure::FrictionAt(s)),
            hindrances,
            drop_off: if designed.optional { None } else { throughline_value::interval::wilson(lost.instances, known) },
            from_previous_median: previous_median,
            from_previous_p90: previous_p90,
            from_start_median: start_median,
            from_start_p90: start_p90,
            expected_seconds: designed.expected_time.map(|t| t.0),
            expected_satisfaction: designed.expected_satisfaction,
            scores: scores(&state.scores),
            volumes,
            voices: state.voices.iter().map(|v| v.position).collect(),
            money: money(&state.money),
        }
    }

    fn promise(&self, compiled: &Compiled, rule: usize, count: &dyn Fn(Figure) -> Count) -> PromiseFigures {
        let readings = READINGS.into_iter().enumerate().map(|(r, reading)| {
            let count = |fate| count(Figure::Promise { rule, reading, fate });
            let (kept, broken, never) = (count(Fate::Kept), count(Fate::Broken), count(Fate::NotDelivered));
            let missed = broken.instances + never.instances;
            let [scores_kept, scores_broken, scores_not_delivered] =
                [0, 1, 2].map(|k| scores(&self.promises[rule][r][k]));
            ReadingFigures {
                reading,
                promised: count(Fate::Promised),
                kept,
                broken,
                open: count(Fate::Open),
                not_delivered: never,
                broken_share: throughline_value::interval::wilson(missed, missed + kept.instances),
                scores_kept,
                scores_broken,
                scores_not_delivered,
            }
        });
        PromiseFigures {
            kind: compiled.definition.promises[rule].kind.clone(),
            shown: shown_reading(compiled, rule),
            readings: readings.collect(),
        }
    }
}

fn scores(state: &ScoresState) -> Vec<ScoreFigure> {
    state
        .iter()
        .filter_map(|(kind, counts)| {
            let index = match kind {
                "nps" => nps(counts).map(|n| n.score),
                "ces" => ces(counts).map(|c| c.agree),
                _ => csat(counts),
            };
            Some(ScoreFigure {
                kind: kind.to_owned(),
                mean: mean(counts)?,
                index,
                scale: (counts.scale().min(), counts.scale().max()),
                distribution: counts.distribution(),
            })
        })
        .collect()
}

fn money(sums: &std::collections::BTreeMap<String, (i128, u64)>) -> Option<MoneyFigure> {
    let (currency, &(minor, rows)) = sums.iter().next()?;
    Some(match i64::try_from(minor) {
        Ok(minor) if sums.len() == 1 => MoneyFigure::Sum { minor, currency: currency.clone(), rows },
        _ => MoneyFigure::Refused { currencies: sums.keys().cloned().collect() },
    })
}
