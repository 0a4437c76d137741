//! How it felt, along the story: what people said on a scale, and what is known to annoy, as points between
//! −2 upset and +2 delighted.
//!
//! What somebody answered is mapped linearly from its scale. What happened to them without their saying anything
//! — a promise broken, something in the way, a complaint — has no measured value: it stands at −1, is marked as
//! not said, and is never joined into the line.

use super::feeling::Feeling;
use super::moments::{Moments, Scored};
use super::promises::Fate;
use serde::Serialize;
use throughline_interactions::Timestamp;
use throughline_journeys::Definition;

/// Where what is not said stands.
const NOT_SAID: f32 = -1.0;

/// What is known to annoy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A promise was kept late, or not at all.
    PromiseBroken,
    /// Something stood in the way, as a journey names it.
    Friction,
    /// They complained, or something was wrong.
    Complaint,
}

/// A point of the curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// When.
    pub at: Timestamp,
    /// The interaction, by its place in the ledger.
    pub position: u64,
    /// The event.
    pub event: String,
    /// Where it stands and in a word.
    pub feeling: Feeling,
    /// What was asked, the answer and the ends of its scale; `None` where nothing was said.
    pub said: Option<Said>,
    /// What happened, where nothing was said.
    pub signal: Option<Signal>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// What was asked.
    pub kind: String,
    /// The answer.
    pub value: f64,
    /// Lowest possible answer.
    pub min: f64,
    /// Highest possible answer.
    pub max: f64,
}

impl From<&Scored> for Said {
    fn from(s: &Scored) -> Self {
        // The timeline holds 32 bits of a number; nobody answers finer than a thousandth.
        let plain = |v: f64| (v * 1000.0).round() / 1000.0;
        Self { kind: s.kind.to_string(), value: plain(s.value), min: plain(s.min), max: plain(s.max) }
    }
}

/// The points of a story, in its order.
pub(crate) fn curve(m: &Moments, fates: &[Fate], journeys: &[Definition]) -> Vec<CurvePoint> {
    let friction: Vec<bool> =
        m.events.iter().map(|e| journeys.iter().any(|j| j.friction.iter().any(|f| **f == **e))).collect();
    let mut signals: Vec<Option<Signal>> = vec![None; m.all.len()];
    for (place, moment) in m.all.iter().enumerate().filter(|(_, moment)| moment.by != super::moments::By::Uncounted) {
        signals[place] = match (m.meanings[moment.event as usize].complaint, friction[moment.event as usize]) {
            (true, _) => Some(Signal::Complaint),
            (_, true) => Some(Signal::Friction),
            _ => None,
        };
    }
    // It hurts where it came late; where it never came, nothing but the promise is there to point at.
    for fate in fates.iter().filter(|f| f.is_kept() == Some(false)) {
        signals[fate.settled.unwrap_or(fate.made) as usize] = Some(Signal::PromiseBroken);
    }
    let mut said: Vec<Option<&Scored>> = vec![None; m.all.len()];
    m.scores.iter().for_each(|s| said[s.place as usize] = Some(s));
    let point = |place: usize| {
        let (said, signal) = (said[place], signals[place]);
        let feeling = match (said, signal) {
            (Some(s), _) => Feeling::of_share(s.share()),
            (None, Some(_)) => Feeling::of_share((f64::from(NOT_SAID) + 2.0) / 4.0),
            (None, None) => return None,
        };
        let moment = &m.all[place];
        Some(CurvePoint {
            at: Timestamp(moment.at),
            position: moment.position,
            event: m.event(place as u32).to_owned(),
            feeling,
            signal: signal.filter(|_| said.is_none()),
            said: said.map(Said::from),
        })
    };
    (0..m.all.len()).filter_map(point).collect()
}
