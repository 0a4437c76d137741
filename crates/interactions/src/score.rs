//! What somebody answered on a scale.

use serde::{Deserialize, Serialize};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreKind {
    /// Likelihood to recommend, 0–10 (Reichheld 2003).
    Nps,
    /// Satisfaction, 1–5 unless another scale is given.
    Csat,
    /// "Made it easy for me to handle my issue", 1–7 (CES 2.0).
    Ces,
    /// Stars of a review, 1–5.
    Stars,
    /// Any other question, named by the sender.
    #[serde(untagged)]
    Other(String),
}

impl ScoreKind {
    /// Reads a name; a name of 1–60 bytes that is none of ours becomes [`ScoreKind::Other`].
    pub fn new(name: &str) -> Result<Self, ScoreError> {
        let lower = name.trim().to_ascii_lowercase();
        Ok(match lower.as_str() {
            "nps" => Self::Nps,
            "csat" => Self::Csat,
            "ces" => Self::Ces,
            "stars" => Self::Stars,
            "" => return Err(ScoreError::NoKind),
            other if other.len() > 60 => return Err(ScoreError::NoKind),
            other => Self::Other(other.to_owned()),
        })
    }

    /// The name in JSON and SQL.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Nps => "nps",
            Self::Csat => "csat",
            Self::Ces => "ces",
            Self::Stars => "stars",
            Self::Other(name) => name,
        }
    }

    /// The scale that the question has by its definition, lowest and highest answer.
    pub fn usual_scale(&self) -> Option<(f64, f64)> {
        match self {
            Self::Nps => Some((0.0, 10.0)),
            Self::Csat | Self::Stars => Some((1.0, 5.0)),
            Self::Ces => Some((1.0, 7.0)),
            Self::Other(_) => None,
        }
    }
}

/// One answer on a scale. A skipped question is no score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What was asked.
    pub kind: ScoreKind,
    /// The answer, within the scale.
    pub value: f64,
    /// The lowest answer that could be given.
    pub min: f64,
    /// The highest answer that could be given.
    pub max: f64,
}

/// Why an answer cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The question has no name.
    #[error("a score needs a kind such as nps, csat, ces or stars")]
    NoKind,
    /// A question of the sender's own without a scale.
    #[error("score `{0}` needs its scale: give `min` and `max`")]
    NoScale(String),
    /// NaN, infinite, or a scale without width.
    #[error("score `{0}` is not a finite number on a scale")]
    NotFinite(String),
    /// Not on the scale.
    #[error("score `{kind}` is {value}, outside its scale {min} to {max}")]
    OffScale {
        /// The question.
        kind: String,
        /// The answer.
        value: f64,
        /// Lowest answer.
        min: f64,
        /// Highest answer.
        max: f64,
    },
}

impl Score {
    /// An answer on `scale`, or on the scale the question has by definition.
    pub fn new(kind: ScoreKind, value: f64, scale: Option<(f64, f64)>) -> Result<Self, ScoreError> {
        let name = || kind.as_str().to_owned();
        let (min, max) = scale.or(kind.usual_scale()).ok_or_else(|| ScoreError::NoScale(name()))?;
        if !value.is_finite() || !min.is_finite() || !max.is_finite() || min >= max {
            return Err(ScoreError::NotFinite(name()));
        }
        if value < min || value > max {
            return Err(ScoreError::OffScale { kind: name(), value, min, max });
        }
        Ok(Self { kind, value, min, max })
    }

    /// The answer as a share of its scale, 0 worst to 1 best.
    pub fn share(&self) -> f64 {
        (self.value - self.min) / (self.max - self.min)
    }
}
