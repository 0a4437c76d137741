//! How often each answer was given on a scale: the state that a pass fills and merges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The lowest and highest answer of a question, kept in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(i64, i64)", into = "(i64, i64)")]
pub struct Scale {
    min: i64,
    max: i64,
}

impl Scale {
    /// 0–10, of the recommendation question.
    pub const NPS: Self = Self { min: 0, max: 10_000 };
    /// 1–5, of satisfaction and stars.
    pub const FIVE: Self = Self { min: 1_000, max: 5_000 };
    /// 1–7, of effort (CES 2.0).
    pub const SEVEN: Self = Self { min: 1_000, max: 7_000 };

    /// A scale from `min` to `max`, rounded to thousandths, both within ±1e9.
    pub fn new(min: f64, max: f64) -> Result<Self, ScoresError> {
        match (thousandths(min), thousandths(max)) {
            (Some(min), Some(max)) if min < max => Ok(Self { min, max }),
            _ => Err(ScoresError::NoScale),
        }
    }

    /// The lowest answer.
    pub fn min(self) -> f64 {
        self.min as f64 / UNIT
    }

    /// The highest answer.
    pub fn max(self) -> f64 {
        self.max as f64 / UNIT
    }
}

impl TryFrom<(i64, i64)> for Scale {
    type Error = ScoresError;

    fn try_from((min, max): (i64, i64)) -> Result<Self, ScoresError> {
        let possible = -LIMIT..=LIMIT;
        if min < max && possible.contains(&min) && possible.contains(&max) {
            Ok(Self { min, max })
        } else {
            Err(ScoresError::NoScale)
        }
    }
}

impl From<Scale> for (i64, i64) {
    fn from(scale: Scale) -> Self {
        (scale.min, scale.max)
    }
}

/// Why an answer or a set of answers cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScoresError {
    /// The ends are not numbers, too large, or the wrong way round.
    #[error("a scale needs a lowest answer below its highest")]
    NoScale,
    /// The answer is not a number or lies outside of its scale.
    #[error("the answer is outside of its scale")]
    OutOfScale,
    /// Two sets of answers on different scales cannot be added up.
    #[error("answers on different scales cannot be added up")]
    OtherScale,
}

/// A histogram of answers on one scale, and how often the question was skipped.
///
/// Whole counts by answer (in thousandths, sorted): merging is exact, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreCounts {
    scale: Scale,
    answers: BTreeMap<i64, u64>,
    skipped: u64,
}

impl ScoreCounts {
    /// No answers yet on `scale`.
    pub fn new(scale: Scale) -> Self {
        Self { scale, answers: BTreeMap::new(), skipped: 0 }
    }

    /// Counts one answer, rounded to a thousandth.
    pub fn add(&mut self, answer: f64) -> Result<(), ScoresError> {
        self.add_many(answer, 1)
    }

    /// Counts the same answer `times` times.
    pub fn add_many(&mut self, answer: f64, times: u64) -> Result<(), ScoresError> {
        let answer = thousandths(answer).ok_or(ScoresError::OutOfScale)?;
        if !(self.scale.min..=self.scale.max).contains(&answer) {
            return Err(ScoresError::OutOfScale);
        }
        if times > 0 {
            *self.answers.entry(answer).or_default() += times;
        }
        Ok(())
    }

    /// Counts one person who saw the question and left it out; never part of n.
    pub fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Adds the answers of `other`.
    pub fn merge(&mut self, other: &Self) -> Result<(), ScoresError> {
        if self.scale != other.scale {
            return Err(ScoresError::OtherScale);
        }
        for (&answer, &count) in &other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.skipped += other.skipped;
        Ok(())
    }

    /// The scale of the question.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// How many answered.
    pub fn n(&self) -> u64 {
        self.answers.values().sum()
    }

    /// How many skipped the question.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Each answer that was given, lowest first, with its count.
    pub fn distribution(&self) -> Vec<(f64, u64)> {
        self.answers.iter().map(|(&answer, &count)| (answer as f64 / UNIT, count)).collect()
    }

    /// How many answers lie at or above the share `numerator/denominator` of the scale.
    pub(super) fn at_or_above(&self, numerator: i64, denominator: i64) -> u64 {
        let Scale { min, max } = self.scale;
        self.count(|answer| denominator * (answer - min) >= numerator * (max - min))
    }

    /// How many answers, in thousandths, fulfil `keep`.
    pub(super) fn count(&self, keep: impl Fn(i64) -> bool) -> u64 {
        self.answers.iter().filter(|(answer, _)| keep(**answer)).map(|(_, count)| count).sum()
    }

    /// Mean and sample variance (n − 1; 0 for one answer) of the answers, from exact sums.
    pub(super) fn moments(&self) -> Option<(f64, f64)> {
        let n = i128::from(self.n());
        if n == 0 {
            return None;
        }
        // Measured from the lowest answer, so that the numbers stay small.
        let (mut sum, mut squares) = (0_i128, 0_i128);
        for (&answer, &count) in &self.answers {
            let (distance, count) = (i128::from(answer - self.scale.min), i128::from(count));
            sum += distance * count;
            squares += distance * distance * count;
        }
        let mean = self.scale.min() + sum as f64 / n as f64 / UNIT;
        let scatter = match (n.checked_mul(squares), sum.checked_mul(sum)) {
            (Some(a), Some(b)) => (a - b) as f64 / n as f64,
            _ => squares as f64 - sum as f64 / n as f64 * sum as f64,
        };
        let variance = if n > 1 { scatter / (n - 1) as f64 / (UNIT * UNIT) } else { 0.0 };
        Some((mean, variance.max(0.0)))
    }
}

fn thousandths(value: f64) -> Option<i64> {
    let scaled = (value * UNIT).round();
    (scaled.abs() <= LIMIT as f64).then_some(scaled as i64)
}

const UNIT: f64 = 1_000.0;
const LIMIT: i64 = 1_000_000_000_000;
