//! A designed journey: its stages, what it promises, and what counts as unhappy or lost.
//!
//! People write it in TOML or JSON; [`Definition::from_toml`] and [`Definition::validate`] answer
//! with the field that is wrong and how to mend it.

mod outcome;

pub use outcome::OutcomeRule;

use crate::span::Span;
use serde::{Deserialize, Serialize};

/// The journeys that every workspace starts with.
const BUY_AND_RECEIVE: &str = include_str!("definition/buy_and_receive.toml");

/// A journey as somebody designed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Lower-case letters, digits and hyphens; unique in the workspace.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The kind of reference that makes one instance, such as `order`; without it a customer has
    /// one instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// In the order of the design. The first one starts an instance.
    #[serde(default, rename = "stage")]
    pub stages: Vec<Stage>,
    /// Which answers count, and from where on somebody is unhappy.
    #[serde(default)]
    pub satisfaction: Satisfaction,
    /// What is promised on the way.
    #[serde(default, rename = "promise")]
    pub promises: Vec<PromiseRule>,
    /// When an instance is lost.
    #[serde(default)]
    pub drop_out: DropOut,
    /// What else can turn out badly, told by behaviour alone.
    #[serde(default, rename = "outcome", skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<OutcomeRule>,
    /// Names of events that stand in somebody's way: a refused payment, a click of rage.
    #[serde(default = "usual_friction")]
    pub friction: Vec<String>,
    /// Within what pain points compare like with like.
    #[serde(default)]
    pub strata: Strata,
    /// Where the time bins of pain points begin after the first; rising. Default: the days 1–7,
    /// then every other day to 15, then growing steps to 90 days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_bins: Vec<Span>,
}

/// One stage and what puts an instance there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Lower-case letters, digits and hyphens; unique in the journey.
    pub key: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Names of the events of which the first one fills the stage.
    #[serde(default)]
    pub events: Vec<String>,
    /// Filled by the start of the same customer's next instance, instead of by an event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub next_instance: bool,
    /// Only on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only with all of these attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeRule>,
    /// Nobody is lost for not reaching it.
    #[serde(default)]
    pub optional: bool,
    /// Reaching it finishes the instance. Without any terminal stage the last one that is not
    /// optional does.
    #[serde(default)]
    pub terminal: bool,
    /// How long it should take from the previous stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_time: Option<Span>,
    /// What customers should answer here, as a share of the scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_satisfaction: Option<f64>,
    /// Where it happens, for people to read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touchpoints: Vec<String>,
}

/// A dimension and the value it must have, such as `ref:carrier` and `dhl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeRule {
    /// `ref:carrier`, `property:coupon`, `touchpoint`.
    pub dimension: String,
    /// Its value.
    pub value: String,
}

/// Which answers tell how it felt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Satisfaction {
    /// Kinds of score that are read as satisfaction.
    pub kinds: Vec<String>,
    /// An answer at or below this share of its scale is dissatisfied: 0.25 is one or two of five
    /// stars.
    pub dissatisfied: f64,
}

impl Default for Satisfaction {
    fn default() -> Self {
        Self { kinds: ["stars", "csat", "nps", "ces"].map(str::to_owned).to_vec(), dissatisfied: 0.25 }
    }
}

/// A promise and the events that keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseRule {
    /// The kind as the interactions name it: `delivery`.
    pub kind: String,
    /// Events of the instance that keep it, if they come in time.
    #[serde(default)]
    pub kept_by: Vec<String>,
    /// Which reading decides in pain points and figures that show one only.
    #[serde(default)]
    pub reading: PromiseReading,
}

/// How the time of a promise is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseReading {
    /// As it was declared.
    #[default]
    Declared,
    /// The named moment.
    Instant,
    /// The end of the named local day.
    Day,
}

/// When an instance is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropOut {
    /// Events that end it without success.
    pub events: Vec<String>,
    /// An unfinished instance without a row of its own for so long is lost.
    pub silence: Span,
}

impl Default for DropOut {
    fn default() -> Self {
        Self { events: Vec::new(), silence: Span::days(45) }
    }
}

/// Within what pain points compare like with like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Strata {
    /// Instances that started in the same calendar period.
    pub period: Period,
    /// New customers with new ones, returning with returning.
    pub returning: bool,
}

impl Default for Strata {
    fn default() -> Self {
        Self { period: Period::Month, returning: true }
    }
}

/// A calendar period in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// No period: all instances together.
    None,
    /// A calendar month.
    Month,
    /// Three calendar months.
    Quarter,
}

/// What is wrong with a definition, and how to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DefinitionError {
    /// Not TOML, or a field of the wrong type or name.
    #[error("cannot read the journey: {0}")]
    Unreadable(Box<toml::de::Error>),
    /// A field does not say what it must.
    #[error("{0}")]
    Field(String),
}

/// The definitions that the product brings: `buy-and-receive`.
pub fn default_definitions() -> Vec<Definition> {
    vec![Definition::from_toml(BUY_AND_RECEIVE).expect("the definition in this crate is valid")]
}

/// What stands in somebody's way, by the names that the snippet, shops and most trackers use.
fn usual_friction() -> Vec<String> {
    let names = [
        "Rage Click",
        "Rage Clicked",
        "Dead Click",
        "Dead Clicked",
        "Form Abandoned",
        "Slow Page",
        "Page Error",
        "Error Shown",
        "Search Failed",
        "Payment Failed",
        "Coupon Denied",
        "Delivery Failed",
        "Ticket Opened",
    ];
    names.map(str::to_owned).to_vec()
}

impl Definition {
    /// Reads and validates a definition.
    pub fn from_toml(text: &str) -> Result<Self, DefinitionError> {
        let definition: Self = toml::from_str(text).map_err(|e| DefinitionError::Unreadable(Box::new(e)))?;
        definition.validate()?;
        Ok(definition)
    }

    /// Checks what types alone cannot.
    pub fn validate(&self) -> Result<(), DefinitionError> {
        let key = &self.key;
        let fail = |text: String| Err(DefinitionError::Field(text));
        if !is_key(key) {
            return fail(format!("journey key `{key}` is not 1–60 lower-case letters, digits or hyphens"));
        }
        if self.name.trim().is_empty() {
            return fail(format!("journey `{key}` has no name"));
        }
        if self.stages.is_empty() {
            return fail(format!("journey `{key}` has no stages"));
        }
        if self.stages.len() > 32 {
            return fail(format!("journey `{key}` has {} stages; at most 32 can be counted", self.stages.len()));
        }
        for (i, stage) in self.stages.iter().enumerate() {
            self.validate_stage(i, stage)?;
        }
        if self.stages[0].optional || self.stages[0].next_instance {
            let first = &self.stages[0].key;
            return fail(format!(
                "journey `{key}`: the first stage `{first}` starts an instance, so it cannot be optional or `next_instance`"
            ));
        }
        if !(0.0..1.0).contains(&self.satisfaction.dissatisfied) {
            return fail(format!(
                "journey `{key}`: `satisfaction.dissatisfied` is a share of the scale from 0 to below 1, such as 0.25"
            ));
        }
        for (i, promise) in self.promises.iter().enumerate() {
            if promise.kept_by.is_empty() {
                return fail(format!(
                    "journey `{key}`: promise `{}` names no event in `kept_by` that keeps it",
                    promise.kind
                ));
            }
            if self.promises[..i].iter().any(|p| p.kind == promise.kind) {
                return fail(format!(
                    "journey `{key}`: promise `{}` stands there twice; join their `kept_by`",
                    promise.kind
                ));
            }
        }
        self.validate_outcomes()?;
        if self.drop_out.silence < Span::days(1) {
            return fail(format!("journey `{key}`: `drop_out.silence` is shorter than a day; write it like 45d"));
        }
        if self.time_bins.windows(2).any(|w| w[0] >= w[1]) || self.time_bins.len() > 62 {
            return fail(format!("journey `{key}`: `time_bins` must rise, 62 at most"));
        }
        Ok(())
    }

    fn validate_stage(&self, i: usize, stage: &Stage) -> Result<(), DefinitionError> {
        let (journey, key) = (&self.key, &stage.key);
        let fail = |text: String| Err(DefinitionError::Field(text));
        if !is_key(key) {
            return fail(format!(
                "journey `{journey}`: stage key `{key}` is not 1–60 lower-case letters, digits or hyphens"
            ));
        }
        if self.stages[..i].iter().any(|s| s.key == *key) {
            return fail(format!("journey `{journey}` has two stages `{key}`; rename one"));
        }
        if stage.events.is_empty() && !stage.next_instance {
            return fail(format!(
                "journey `{journey}`: stage `{key}` matches nothing; name its `events` or set `next_instance`"
            ));
        }
        if stage.next_instance && !(stage.events.is_empty() && stage.optional && self.subject.is_some()) {
            return fail(format!(
                "journey `{journey}`: stage `{key}` with `next_instance` needs a journey with a `subject`, must be optional and name no events"
            ));
        }
        if stage.optional && stage.terminal {
            return fail(format!("journey `{journey}`: stage `{key}` cannot be optional and terminal at once"));
        }
        if stage.expected_satisfaction.is_some_and(|s| !(0.0..=1.0).contains(&s)) {
            return fail(format!(
                "journey `{journey}`: `expected_satisfaction` of stage `{key}` is a share of the scale from 0 to 1"
            ));
        }
        Ok(())
    }

    /// The stages that finish an instance.
    pub fn finishing_stages(&self) -> Vec<usize> {
        let terminal: Vec<usize> = (0..self.stages.len()).filter(|&i| self.stages[i].terminal).collect();
        if terminal.is_empty() {
            (0..self.stages.len()).rev().find(|&i| !self.stages[i].optional).into_iter().collect()
        } else {
            terminal
        }
    }

    /// Where each time bin after the first begins, in seconds since the start.
    pub fn bin_starts(&self) -> Vec<u32> {
        if !self.time_bins.is_empty() {
            return self.time_bins.iter().map(|s| s.0).collect();
        }
        const DAYS: [u32; 19] = [1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 18, 21, 25, 30, 37, 45, 60, 90];
        DAYS.iter().map(|d| d * 86_400).collect()
    }
}

fn is_key(text: &str) -> bool {
    (1..=60).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
