//! What turns out badly and needs no answer to be known: what happened, what was promised, and
//! whether somebody came back.

use super::{Definition, DefinitionError, is_key};
use crate::span::Span;
use serde::{Deserialize, Serialize};

/// An outcome of an instance that behaviour alone tells: one of `events`, `promise` and
/// `next_instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRule {
    /// Lower-case letters, digits and hyphens; unique in the journey.
    pub key: String,
    /// Completes "as likely to be …": `refunded`, `later than promised`.
    pub name: String,
    /// It came about with the first of these events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// It came about when the time of this kind of promise passed unmet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<String>,
    /// It came about when the customer's next instance did not start in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub next_instance: bool,
    /// How long after the start it is waited for. Default: 60 days for events; for the next instance
    /// the day by which eight of ten who come back have done so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl OutcomeRule {
    /// How many a journey can have.
    pub const MOST: usize = 6;

    /// How long events are waited for.
    pub(crate) fn wait(&self) -> Span {
        self.within.unwrap_or(Span::days(60))
    }
}

impl Definition {
    pub(super) fn validate_outcomes(&self) -> Result<(), DefinitionError> {
        let journey = &self.key;
        let fail = |text: String| Err(DefinitionError::Field(text));
        if self.outcomes.len() > OutcomeRule::MOST {
            let n = self.outcomes.len();
            return fail(format!("journey `{journey}` has {n} outcomes; at most {} are compared", OutcomeRule::MOST));
        }
        for (i, outcome) in self.outcomes.iter().enumerate() {
            let key = &outcome.key;
            if !is_key(key) || key == "dissatisfaction" || key == "drop-out" {
                return fail(format!(
                    "journey `{journey}`: outcome key `{key}` is not 1–60 lower-case letters, digits or hyphens, or it is `dissatisfaction` or `drop-out`, which every journey has"
                ));
            }
            if self.outcomes[..i].iter().any(|o| o.key == *key) {
                return fail(format!("journey `{journey}` has two outcomes `{key}`; rename one"));
            }
            if outcome.name.trim().is_empty() {
                return fail(format!(
                    "journey `{journey}`: outcome `{key}` has no name; it completes \"as likely to be …\""
                ));
            }
            let told_by = [!outcome.events.is_empty(), outcome.promise.is_some(), outcome.next_instance];
            if told_by.iter().filter(|by| **by).count() != 1 {
                return fail(format!(
                    "journey `{journey}`: outcome `{key}` is told by one thing: name its `events`, or a `promise`, or set `next_instance`"
                ));
            }
            if let Some(kind) = &outcome.promise
                && !self.promises.iter().any(|p| p.kind == *kind)
            {
                return fail(format!(
                    "journey `{journey}`: outcome `{key}` names promise `{kind}`, which it does not have"
                ));
            }
            if outcome.next_instance && self.subject.is_none() {
                return fail(format!(
                    "journey `{journey}`: outcome `{key}` with `next_instance` needs a journey with a `subject`"
                ));
            }
            if outcome.within.is_some_and(|w| w < Span::days(1)) {
                return fail(format!(
                    "journey `{journey}`: `within` of outcome `{key}` is shorter than a day; write it like 60d"
                ));
            }
        }
        Ok(())
    }
}
