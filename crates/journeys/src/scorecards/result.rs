//! The comparison of a dimension's values, made of the counts.

use super::state::{ScoreName, ScoreSums, ScorecardsState, Sold};
use super::{BesideState, Rate};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use throughline_value::Estimate;
use throughline_value::multiplicity::q_values;
use throughline_value::rates::{Comparison, Stratum, risk_ratio};
use throughline_value::shrinkage::{Profile, Sums, Tally, Unit, means, rates};

/// Flags are given at this false discovery rate, over all values of one measure.
const Q: f64 = 0.05;

/// What a measure is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MeasureKind {
    /// A share of something bad, 0–1.
    Share,
    /// A mean answer between `min` and `max`; more is better.
    Mean {
        /// The kind of score.
        score: String,
        /// The lowest mean there can be.
        min: f64,
        /// The highest one.
        max: f64,
    },
}

/// How all values do by one measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// `unhappy`, `broken`, `sent-back`, `complained`, `asked-help` or `score.` and the kind.
    pub key: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: MeasureKind,
    /// The mean of the values.
    pub mean: Estimate,
    /// The standard deviation between the values beyond chance.
    pub between: Estimate,
    /// The p-value for no difference at all.
    pub differ_p: f64,
    /// Whether the values differ beyond chance. If not, none is flagged.
    pub differ: bool,
    /// How many values were compared.
    pub compared: usize,
}

impl Measure {
    /// Whether a higher number is worse.
    pub fn high_is_bad(&self) -> bool {
        self.kind == MeasureKind::Share
    }
}

/// Whether a value stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Worse than the others.
    Worse,
    /// Better than the others.
    Better,
    /// No more than chance.
    Alike,
}

/// One value by one measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Card {
    /// Bad ones, for a share.
    pub events: u64,
    /// Out of so many; answers, for a mean.
    pub n: u64,
    /// Instances with such an answer, for a mean: as many as the list of people has.
    pub affairs: u64,
    /// As counted.
    pub raw: f64,
    /// Drawn towards the mean, with its interval: what values are ranked by.
    pub estimate: Estimate,
    /// The probability that it is truly worse than the mean.
    pub worse: f64,
    /// For no difference from all others.
    pub p: f64,
    /// The false discovery rate among the values compared.
    pub q: f64,
    /// Whether it stands out.
    pub flag: Flag,
    /// Compared with others alike in the other dimension, for a share.
    pub adjusted: Option<Adjusted>,
}

/// A value compared within the values of another dimension, and pooled (Mantel & Haenszel 1959): as
/// often as expected of others alike (indirect standardisation, the others of each stratum being
/// the standard; Breslow & Day 1987, Christiansen & Morris 1997).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Adjusted {
    /// How many were seen, in strata where there is anybody to compare with.
    pub seen: f64,
    /// How many were to be expected.
    pub expected: f64,
    /// Seen ÷ expected; `None` if it never happens to the others.
    pub ratio: Option<f64>,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end; `None` for no bound.
    pub high: Option<f64>,
    /// For no difference from others alike.
    pub p: f64,
    /// The false discovery rate; 1 where too few are expected to test (Mantel & Fleiss 1980).
    pub q: f64,
    /// The share of its instances without anybody to compare with.
    pub left_out: f64,
    /// Whether it stands out among others alike.
    pub flag: Flag,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardValue {
    /// Its name.
    pub value: String,
    /// The hash of dimension and value, to ask for people.
    #[serde(skip)]
    pub hash: u64,
    /// Interactions that name it.
    pub interactions: u64,
    /// Customers with such an interaction.
    pub customers: u64,
    /// Instances that met it.
    pub met: u64,
    /// Their worth, and what was paid back.
    pub money: Vec<Sold>,
    /// In the order of the measures; `None` without any observation.
    pub cards: Vec<Option<Card>>,
}

/// All values of one dimension.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scorecard {
    /// The dimension, such as `ref:carrier`.
    pub dimension: String,
    /// The dimension within which shares were compared too.
    pub beside: Option<String>,
    /// What is measured; only what has been seen at all.
    pub measures: Vec<Measure>,
    /// The values, those that most instances met first.
    pub values: Vec<CardValue>,
}

/// The dimension that explains most of how it went, among those that stand in at least half of all
/// instances: what a fair comparison of another dimension takes into account unless somebody chooses.
/// `others` are dimensions with the hashes of their values.
pub fn usual_beside<'a>(state: &ScorecardsState, others: impl Iterator<Item = (&'a str, &'a [u64])>) -> Option<String> {
    let mut best: Option<(f64, &str)> = None;
    for (dimension, values) in others {
        let counts: Vec<_> = values.iter().filter_map(|h| state.values.get(h)).collect();
        let met: u64 = counts.iter().map(|c| c.met).sum();
        let begun: u64 = counts.iter().map(|c| c.begun).sum();
        // Whatever is no party must have been known from the start, or it may be what came of it.
        let is_known = dimension.starts_with("ref:") || begun * 10 >= met * 9;
        if counts.len() < 2 || met * 2 < state.instances || !is_known {
            continue;
        }
        let explained = [Rate::Unhappy, Rate::Broken].map(|rate| {
            let tallies: Vec<Tally> = counts.iter().map(|c| c.rate(rate)).collect();
            let Some(profile) = rates(&tallies).filter(Profile::differ) else { return 0.0 };
            let mean = profile.mean.value;
            let units = profile.units.iter().flatten();
            units.map(|u| u.estimate.n as f64 * (u.estimate.value - mean).powi(2)).sum::<f64>() / (mean * (1.0 - mean))
        });
        let explained = explained.into_iter().fold(0.0, f64::max);
        if explained > 0.0 && best.is_none_or(|(most, _)| explained > most) {
            best = Some((explained, dimension));
        }
    }
    best.map(|(_, dimension)| dimension.to_owned())
}

/// Compares the values of a dimension, given with their hashes and names.
pub fn scorecard(
    dimension: &str,
    values: &[(u64, String)],
    state: &ScorecardsState,
    beside: Option<(&str, &BesideState)>,
) -> Scorecard {
    let mut known: Vec<&(u64, String)> = values.iter().filter(|(h, _)| state.values.contains_key(h)).collect();
    known.sort_by(|a, b| {
        let size = |v: &(u64, String)| (state.values[&v.0].met, state.values[&v.0].interactions);
        size(b).cmp(&size(a)).then_with(|| a.1.cmp(&b.1))
    });
    let hashes: Vec<u64> = known.iter().map(|(h, _)| *h).collect();
    let mut measures = Vec::new();
    let mut columns: Vec<Vec<Option<Card>>> = Vec::new();
    for rate in Rate::ALL {
        let tallies: Vec<Tally> = hashes.iter().map(|h| state.values[h].rate(rate)).collect();
        if tallies.iter().all(|t| t.events == 0) && rate != Rate::Unhappy && rate != Rate::Broken {
            continue;
        }
        let Some(profile) = rates(&tallies) else { continue };
        let measure = measure(rate.key().to_owned(), MeasureKind::Share, &profile);
        let mut column = column(&measure, &profile, |i| (tallies[i].events, tallies[i].n, tallies[i].n));
        if let Some((_, beside)) = beside {
            adjust(&mut column, &hashes, beside.strata(rate), measure.differ);
        }
        measures.push(measure);
        columns.push(column);
    }
    for (name, sums) in scores(state, &hashes) {
        let all: Vec<Sums> = sums.iter().map(|s| s.sums).collect();
        let Some(profile) = means(&all, (name.min as f64, name.max as f64)).map(in_units) else { continue };
        let kind = MeasureKind::Mean {
            score: name.kind.clone(),
            min: name.min as f64 / 1_000.0,
            max: name.max as f64 / 1_000.0,
        };
        let measure = measure(format!("score.{}", name.kind), kind, &profile);
        columns.push(column(&measure, &profile, |i| (0, sums[i].sums.n, sums[i].affairs)));
        measures.push(measure);
    }
    let values = known
        .iter()
        .enumerate()
        .map(|(i, (hash, name))| {
            let counts = &state.values[hash];
            CardValue {
                value: name.clone(),
                hash: *hash,
                interactions: counts.interactions,
                customers: counts.customers,
                met: counts.met,
                money: counts.money.clone(),
                cards: columns.iter().map(|c| c[i]).collect(),
            }
        })
        .collect();
    Scorecard { dimension: dimension.to_owned(), beside: beside.map(|(d, _)| d.to_owned()), measures, values }
}

/// Answers by kind; of several scales of one kind, the one with the most answers.
fn scores<'a>(state: &'a ScorecardsState, hashes: &[u64]) -> Vec<(&'a ScoreName, Vec<ScoreSums>)> {
    let mut kinds: BTreeMap<&str, (&ScoreName, Vec<ScoreSums>)> = BTreeMap::new();
    for (name, values) in &state.scores {
        let of = |h: &u64| values.get(h).copied().unwrap_or_default();
        let sums: Vec<ScoreSums> = hashes.iter().map(of).collect();
        let answers = |s: &[ScoreSums]| s.iter().map(|s| s.sums.n).sum::<u64>();
        if answers(&sums) == 0 {
            continue;
        }
        match kinds.get_mut(name.kind.as_str()) {
            None => {
                kinds.insert(&name.kind, (name, sums));
            }
            Some((known, kept)) => {
                // The people behind the figure are those of all scales.
                let affairs: Vec<u64> = kept.iter().zip(&sums).map(|(a, b)| a.affairs + b.affairs).collect();
                if answers(&sums) > answers(kept) {
                    (*known, *kept) = (name, sums);
                }
                kept.iter_mut().zip(affairs).for_each(|(k, affairs)| k.affairs = affairs);
            }
        }
    }
    kinds.into_values().collect()
}

/// From thousandths to the unit of the scale.
fn in_units(profile: Profile) -> Profile {
    let unit = |u: Unit| Unit { raw: u.raw / 1_000.0, estimate: u.estimate.times(0.001), ..u };
    Profile {
        mean: profile.mean.times(0.001),
        between: profile.between.times(0.001),
        units: profile.units.into_iter().map(|u| u.map(unit)).collect(),
        ..profile
    }
}

fn measure(key: String, kind: MeasureKind, profile: &Profile) -> Measure {
    Measure {
        key,
        kind,
        mean: profile.mean,
        between: profile.between,
        differ_p: profile.differ_p,
        differ: profile.differ(),
        compared: profile.units.iter().flatten().count(),
    }
}

fn column(measure: &Measure, profile: &Profile, counts: impl Fn(usize) -> (u64, u64, u64)) -> Vec<Option<Card>> {
    let p: Vec<f64> = profile.units.iter().flatten().map(|u| u.p).collect();
    let mut q = q_values(&p).into_iter();
    let card = |(i, unit): (usize, &Option<Unit>)| {
        let unit = (*unit)?;
        let (events, n, affairs) = counts(i);
        let q = q.next().unwrap_or(1.0);
        let above = unit.raw > profile.mean.value;
        Some(Card {
            events,
            n,
            affairs,
            raw: unit.raw,
            estimate: unit.estimate,
            worse: if measure.high_is_bad() { unit.above } else { 1.0 - unit.above },
            p: unit.p,
            q,
            flag: flag(measure.differ && q < Q, above == measure.high_is_bad()),
            adjusted: None,
        })
    };
    profile.units.iter().enumerate().map(card).collect()
}

fn flag(stands_out: bool, is_worse: bool) -> Flag {
    match (stands_out, is_worse) {
        (true, true) => Flag::Worse,
        (true, false) => Flag::Better,
        (false, _) => Flag::Alike,
    }
}

/// Puts the comparison within strata beside each card.
fn adjust(column: &mut [Option<Card>], hashes: &[u64], mut strata: HashMap<u64, Vec<Stratum>>, differ: bool) {
    let mut compared: Vec<(usize, Comparison, bool)> = Vec::new();
    for (i, card) in column.iter().enumerate().filter(|(_, c)| c.is_some()) {
        let Some(strata) = strata.remove(&hashes[i]) else { continue };
        let testable = can_be_tested(&strata);
        if let (Some(found), Some(_)) = (risk_ratio(strata), card) {
            compared.push((i, found, testable));
        }
    }
    let p: Vec<f64> = compared.iter().filter(|(.., t)| *t).map(|(_, c, _)| c.p).collect();
    let mut q = q_values(&p).into_iter();
    for (i, found, testable) in compared {
        let q = if testable { q.next().unwrap_or(1.0) } else { 1.0 };
        let Some(card) = &mut column[i] else { continue };
        let expected = match found.ratio.value {
            Some(ratio) if ratio > 0.0 => found.exposed_events / ratio,
            _ => found.expected_events,
        };
        card.adjusted = Some(Adjusted {
            seen: found.exposed_events,
            expected,
            ratio: found.ratio.value,
            low: found.ratio.low,
            high: found.ratio.high,
            p: found.p,
            q,
            left_out: found.left_out / (found.left_out + found.exposed).max(f64::MIN_POSITIVE),
            flag: flag(differ && q < Q, found.z > 0.0),
        });
    }
}

/// Whether the normal approximation of the Mantel–Haenszel test holds: at least five more, and five
/// fewer, could have been seen than are expected (Mantel & Fleiss 1980).
fn can_be_tested(strata: &[Stratum]) -> bool {
    let (mut expected, mut least, mut most) = (0.0, 0.0, 0.0);
    for s in strata.iter().filter(|s| s.exposed > 0.0 && s.unexposed > 0.0) {
        let events = s.exposed_events + s.unexposed_events;
        expected += events * s.exposed / (s.exposed + s.unexposed);
        least += (events - s.unexposed).max(0.0);
        most += events.min(s.exposed);
    }
    (expected - least).min(most - expected) >= 5.0
}
