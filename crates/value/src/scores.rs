//! What customers answered: recommendation, satisfaction, effort, stars, sentiment.
//!
//! A pass fills [`ScoreCounts`], merges them over buckets, and hands them to the functions here.
//! Shares and indices are in percent, means in the unit of their scale. Without answers there is
//! no score: `None`, never 0.

use serde::{Deserialize, Serialize};

use crate::Estimate;
use crate::interval::{mean_on_scale, signed_share, wilson};

mod counts;
mod nps;

pub use counts::{Scale, ScoreCounts, ScoresError};
pub use nps::{Nps, NpsChange, nps, nps_change};

/// Customer satisfaction in percent: the share of answers in the top two of five, on any other
/// scale the share at or above three quarters of it. Wilson's interval.
pub fn csat(counts: &ScoreCounts) -> Option<Estimate> {
    Some(wilson(counts.at_or_above(3, 4), counts.n())?.times(100.0))
}

/// Customer effort (CES 2.0): "the company made it easy for me to handle my issue", 1–7, where
/// 7 is the strongest agreement (Dixon, Toman & DeLisi 2013).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ces {
    /// The mean answer in the unit of the scale, with the t interval.
    pub mean: Estimate,
    /// The percentage of 5–7 (at or above two thirds of any other scale), Wilson's interval.
    pub agree: Estimate,
}

/// The effort score; `None` without answers.
pub fn ces(counts: &ScoreCounts) -> Option<Ces> {
    let agree = wilson(counts.at_or_above(2, 3), counts.n())?.times(100.0);
    Some(Ces { mean: mean(counts)?, agree })
}

/// The mean answer in the unit of its scale, with the t interval of [`mean_on_scale`].
pub fn mean(counts: &ScoreCounts) -> Option<Estimate> {
    let (mean, variance) = counts.moments()?;
    let scale = counts.scale();
    mean_on_scale(mean, variance, counts.n(), (scale.min(), scale.max()))
}

/// Stars as people see them: the true mean, and each answer with its count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stars {
    /// The mean over all reviews, hidden ones included, with the t interval.
    pub mean: Estimate,
    /// (stars, count), lowest first; stars that nobody gave are absent.
    pub distribution: Vec<(f64, u64)>,
}

/// The mean and distribution of stars; `None` without reviews.
pub fn stars(counts: &ScoreCounts) -> Option<Stars> {
    Some(Stars { mean: mean(counts)?, distribution: counts.distribution() })
}

/// The mean by which things are ranked, never shown as their score:
/// (C·m + Σx)/(C + n) with `usual` = m, the mean over all of them, and `weight` = C ≥ 0, the
/// number of reviews after which a thing speaks for itself.
///
/// Defined without reviews too (it is m then); `None` if both C and n are 0 or `usual` or
/// `weight` is not finite.
pub fn bayesian_mean(counts: &ScoreCounts, usual: f64, weight: f64) -> Option<f64> {
    let n = counts.n() as f64;
    let sum = counts.moments().map_or(0.0, |(mean, _)| mean * n);
    let usable = usual.is_finite() && weight.is_finite() && weight >= 0.0 && weight + n > 0.0;
    usable.then(|| (weight * usual + sum) / (weight + n))
}

/// How many texts were positive, neutral, negative, and how many could not be analysed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentimentCounts {
    /// Texts with a positive tone.
    pub positive: u64,
    /// Texts with a neutral or a mixed tone.
    pub neutral: u64,
    /// Texts with a negative tone.
    pub negative: u64,
    /// Texts that could not be analysed: too short, an unknown language.
    pub unreadable: u64,
}

impl SentimentCounts {
    /// Adds the texts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.positive += other.positive;
        self.neutral += other.neutral;
        self.negative += other.negative;
        self.unreadable += other.unreadable;
    }
}

/// The sentiment of a set of texts; everything in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// 100·(positive − negative)/(positive + neutral + negative), in −100…+100.
    pub index: Estimate,
    /// The share of positive texts, Wilson's interval.
    pub positive: Estimate,
    /// The share of neutral texts, Wilson's interval.
    pub neutral: Estimate,
    /// The share of negative texts, Wilson's interval.
    pub negative: Estimate,
    /// The share of texts that could be analysed, Wilson's interval.
    pub coverage: Estimate,
}

/// The sentiment index; `None` if no text could be analysed.
pub fn sentiment(counts: &SentimentCounts) -> Option<Sentiment> {
    let SentimentCounts { positive, neutral, negative, unreadable } = *counts;
    let n = positive + neutral + negative;
    let percent = |count, of| Some(wilson(count, of)?.times(100.0));
    Some(Sentiment {
        index: signed_share(positive, neutral, negative)?.estimate.times(100.0),
        positive: percent(positive, n)?,
        neutral: percent(neutral, n)?,
        negative: percent(negative, n)?,
        coverage: percent(n, n + unreadable)?,
    })
}
