//! Scorecards: how every product, supplier, carrier, store, member of staff — whatever occurs as a
//! dimension — does by its customers: promises kept, what came back, complaints, answers, money.
//!
//! The unit is an instance of a journey, such as an order; answers that belong to none stand for
//! themselves. What happens in an instance is put down to those that it is about ([`walk`]): a
//! return, a complaint or an answer to the values that its own row names, otherwise to those that
//! had joined by then; a promise to those that had joined before it was settled, or that settled
//! it. So nobody is blamed for what had happened before they came: not the help desk for the late
//! parcel that it was asked about, not a carrier for an order that was handed over too late.
//!
//! [`ScorecardsPass`] counts all dimensions in one scan, [`BesidePass`] one dimension within the
//! values of another, [`DetailPass`] one value week by week, [`CardPeoplePass`] lists the people of
//! a figure. All four decide by the same walk. `result.rs` makes the comparison of it.

use std::collections::HashMap;

mod beside;
mod detail;
mod people;
mod result;
mod state;
mod walk;
mod words;

pub use beside::{BesidePass, BesideState};
pub use detail::{CardVoice, DetailPass, DetailState, StagePart, Week};
pub use people::CardPeoplePass;
pub use result::{Adjusted, Card, CardValue, Flag, Measure, MeasureKind, Scorecard, scorecard, usual_beside};
pub use state::{Counts, ScoreName, ScoreSums, ScorecardsPass, ScorecardsState, Sold};
pub use words::Meaning;

/// Which attributes are compared: the hash of a value and the number of its dimension.
#[derive(Debug, Clone, Default)]
pub struct Dimensions {
    by_hash: HashMap<u64, u16, foldhash::fast::FixedState>,
}

impl Dimensions {
    /// From hashes of values with the number of their dimension.
    pub fn new(values: impl IntoIterator<Item = (u64, u16)>) -> Self {
        Self { by_hash: values.into_iter().collect() }
    }

    /// The dimension of a value; `None` for one that is not compared.
    pub fn of(&self, hash: u64) -> Option<u16> {
        self.by_hash.get(&hash).copied()
    }
}

/// A share of a scorecard; each is of something bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rate {
    /// Instances with an unhappy answer, of those with an answer.
    Unhappy,
    /// Instances with a promise that was not kept, of those with one whose time has come.
    Broken,
    /// Instances of which something was sent back or refunded.
    SentBack,
    /// Instances with a complaint, a defect or a claim.
    Complained,
    /// Instances in which the customer asked for help.
    AskedHelp,
}

impl Rate {
    /// All of them.
    pub const ALL: [Rate; 5] = [Rate::Unhappy, Rate::Broken, Rate::SentBack, Rate::Complained, Rate::AskedHelp];

    /// The name in addresses and answers.
    pub fn key(self) -> &'static str {
        match self {
            Rate::Unhappy => "unhappy",
            Rate::Broken => "broken",
            Rate::SentBack => "sent-back",
            Rate::Complained => "complained",
            Rate::AskedHelp => "asked-help",
        }
    }

    fn place(self) -> usize {
        self as usize
    }

    /// What counts as one of so many, and what of them is bad.
    pub fn figures(self) -> (CardFigure, CardFigure) {
        match self {
            Rate::Unhappy => (CardFigure::Answered, CardFigure::Unhappy),
            Rate::Broken => (CardFigure::Settled, CardFigure::Broken),
            Rate::SentBack => (CardFigure::Met, CardFigure::SentBack),
            Rate::Complained => (CardFigure::Met, CardFigure::Complained),
            Rate::AskedHelp => (CardFigure::Met, CardFigure::AskedHelp),
        }
    }
}

/// A figure of a scorecard that opens its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardFigure {
    /// Interactions that name the value.
    Touched,
    /// Instances that met it.
    Met,
    /// Those with a promise whose time has come.
    Settled,
    /// Those with a promise not kept.
    Broken,
    /// Those of which something came back.
    SentBack,
    /// Those with a complaint.
    Complained,
    /// Those in which help was asked for.
    AskedHelp,
    /// Those with an answer, and answers without an instance.
    Answered,
    /// Those with an unhappy one.
    Unhappy,
    /// Those with an answer of this kind of score.
    Scored(String),
}

const NAMES: [(CardFigure, &str); 9] = [
    (CardFigure::Touched, "touched"),
    (CardFigure::Met, "met"),
    (CardFigure::Settled, "settled"),
    (CardFigure::Broken, "broken"),
    (CardFigure::SentBack, "sent-back"),
    (CardFigure::Complained, "complained"),
    (CardFigure::AskedHelp, "asked-help"),
    (CardFigure::Answered, "answered"),
    (CardFigure::Unhappy, "unhappy"),
];

impl CardFigure {
    /// Reads a name; `score.stars` for the answers of a kind.
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix("score.") {
            Some(kind) if !kind.is_empty() => Some(Self::Scored(kind.to_owned())),
            Some(_) => None,
            None => NAMES.iter().find(|(_, n)| *n == name).map(|(figure, _)| figure.clone()),
        }
    }

    /// The name in addresses.
    pub fn name(&self) -> String {
        match self {
            Self::Scored(kind) => format!("score.{kind}"),
            plain => NAMES.iter().find(|(figure, _)| figure == plain).map_or("", |(_, n)| n).to_owned(),
        }
    }
}
