//! Every interaction that arrives ends in exactly one of four outcomes.

use serde::{Deserialize, Serialize};

/// What became of one received interaction. Per source, received is always the sum of the four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// In the ledger, on disk.
    Accepted,
    /// The same message with the same content is in the ledger already.
    Duplicate,
    /// Not taken; the sender has to mend it.
    Rejected(Fault),
    /// Kept aside for a person to decide.
    Quarantined(Fault),
}

/// Why an interaction was not taken: a stable code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Stable, in snake case: `invalid_time`, `unknown_field_type`, `too_large`, `erased`, `conflict`, ….
    pub code: std::borrow::Cow<'static, str>,
    /// What is wrong, where, and what to do.
    pub message: String,
    /// The field it is about, as a path (`money.amount`), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Fault {
    /// A fault about `field`.
    pub fn at(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), field: Some(field.to_owned()) }
    }

    /// A fault about the interaction as a whole.
    pub fn whole(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), field: None }
    }
}

/// Counts of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// In the ledger.
    pub accepted: u64,
    /// Known already.
    pub duplicate: u64,
    /// Not taken.
    pub rejected: u64,
    /// Kept aside.
    pub quarantined: u64,
}

impl Tally {
    /// All that came.
    pub fn received(&self) -> u64 {
        self.accepted + self.duplicate + self.rejected + self.quarantined
    }

    /// Counts one outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Rejected(_) => self.rejected += 1,
            Outcome::Quarantined(_) => self.quarantined += 1,
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
        self.quarantined += other.quarantined;
    }
}
