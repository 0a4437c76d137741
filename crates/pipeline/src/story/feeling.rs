//! How something felt, in a word.

use serde::Serialize;

/// How something felt, −2 upset to +2 delighted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Feeling {
    /// The value: an answer mapped linearly from its scale.
    pub score: f32,
    /// In a word.
    pub words: &'static str,
}

impl Feeling {
    /// From an answer's share of its scale, 0–1.
    pub fn of_share(share: f64) -> Self {
        let score = (share * 4.0 - 2.0) as f32;
        let words = match score {
            s if s <= -1.5 => "very upset",
            s if s <= -0.75 => "upset",
            s if s < -0.25 => "a little upset",
            s if s <= 0.25 => "neither good nor bad",
            s if s < 0.75 => "fine",
            s if s < 1.5 => "pleased",
            _ => "delighted",
        };
        Self { score, words }
    }
}
