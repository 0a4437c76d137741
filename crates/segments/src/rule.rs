//! What a segment is made of. As JSON a rule is an object with one key: `{"all": […]}`, `{"did": {…}}`.

use crate::span::Span;
use serde::{Deserialize, Serialize};
use throughline_interactions::{Currency, Timestamp};

/// The number of a segment within its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentId(pub u32);

/// Whom a segment holds. Only interactions of people count, never those of machines that merely look or
/// of the brand's own people; none counts before its time has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Whoever all of these hold for.
    All(Vec<Rule>),
    /// Whoever at least one of these holds for.
    Any(Vec<Rule>),
    /// Everybody else.
    Not(Box<Rule>),
    /// Whoever did something so many times.
    Did(Times),
    /// Whoever it was worth so much from.
    Sum(Sum),
    /// Whoever did something last so long ago.
    Last(Recency),
    /// Whoever did one thing after the other.
    Sequence(Sequence),
    /// Whoever answered so on a scale.
    Score(ScoreOf),
    /// Whoever said one of these words.
    Said(Said),
    /// Whoever told so of themselves.
    Trait(Trait),
    /// Whoever allows a purpose, by their last word.
    Allows(String),
    /// Whoever is known by an identifier of this kind: `email`, `phone`.
    Known(String),
    /// Whoever is in another segment.
    In(SegmentId),
}

/// Which interactions. Empty lists ask nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct What {
    /// Of one of these events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// On one of these channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// With all of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Dimension>,
    /// With none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Dimension>,
    /// Worth so much each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worth: Option<Worth>,
}

/// A dimension and its value: `property:category` and `shoes`, `ref:store` and `Berlin`, `touchpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// The dimension.
    pub dimension: String,
    /// Its value.
    pub value: String,
}

/// An amount of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// The currency; amounts of others are another matter.
    pub currency: Currency,
    /// In minor units.
    pub minor: Bound<i64>,
}

/// A bound that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound<T> {
    /// This or more.
    AtLeast(T),
    /// This or less.
    AtMost(T),
    /// This and nothing else.
    Exactly(T),
}

impl<T: PartialOrd + Copy> Bound<T> {
    /// Whether a value keeps it.
    pub fn holds(&self, value: T) -> bool {
        match *self {
            Self::AtLeast(n) => value >= n,
            Self::AtMost(n) => value <= n,
            Self::Exactly(n) => value == n,
        }
    }

    /// The number in it.
    pub fn number(&self) -> T {
        match *self {
            Self::AtLeast(n) | Self::AtMost(n) | Self::Exactly(n) => n,
        }
    }
}

/// When, seen from now. Both ends belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Window {
    /// At any time.
    #[default]
    Ever,
    /// In the last so long.
    Last(Span),
    /// Longer ago than this.
    Before(Span),
    /// Between two moments.
    Between {
        /// The first moment.
        from: Timestamp,
        /// The last moment.
        to: Timestamp,
    },
}

/// How often something was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// What.
    #[serde(default)]
    pub what: What,
    /// How many times.
    pub times: Bound<u64>,
    /// When.
    #[serde(default)]
    pub when: Window,
}

/// What it was worth together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// Which interactions.
    #[serde(default)]
    pub what: What,
    /// The currency; amounts of others are not added.
    pub currency: Currency,
    /// In minor units.
    pub minor: Bound<i64>,
    /// When.
    #[serde(default)]
    pub when: Window,
}

/// How long ago something was last done; it does not hold where it never was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recency {
    /// What.
    #[serde(default)]
    pub what: What,
    /// How long ago the last time is.
    pub ago: Ago,
}

/// How long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ago {
    /// So long or longer.
    AtLeast(Span),
    /// So long or less.
    AtMost(Span),
}

/// One thing after the other: distinct interactions in the order of the story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The steps.
    pub steps: Vec<What>,
    /// The longest from the first to the last, both ends included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// When the last step was.
    #[serde(default)]
    pub when: Window,
    /// What did not come after the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then_not: Option<ThenNot>,
}

/// What did not come: known once the time for it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThenNot {
    /// What.
    pub what: What,
    /// The time for it, from the last step on, its end included.
    pub within: Span,
}

/// An answer on a scale, in the scale's own units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreOf {
    /// What was asked: `nps`, `csat`, `ces`.
    pub kind: String,
    /// Which of the answers.
    pub which: Which,
    /// What it was.
    pub value: Bound<f64>,
    /// When.
    #[serde(default)]
    pub when: Window,
}

/// Which of several answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The last one.
    Last,
    /// The lowest.
    Lowest,
    /// The highest.
    Highest,
    /// Their arithmetic mean.
    Average,
}

/// Words that were said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// In which interactions.
    #[serde(default)]
    pub what: What,
    /// One of these, each a whole word or several in a row; capital letters and punctuation do not matter.
    pub words: Vec<String>,
    /// When.
    #[serde(default)]
    pub when: Window,
}

/// A trait and what it is, by what was told last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trait {
    /// Its name.
    pub name: String,
    /// What it is.
    pub is: Test,
}

/// What a trait is. Texts are compared without regard to capital letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Told at all.
    Told,
    /// One of these.
    OneOf(Vec<String>),
    /// Holds this text.
    Contains(String),
    /// Begins with this text.
    Begins(String),
    /// A number that keeps this.
    Number(Bound<f64>),
}
