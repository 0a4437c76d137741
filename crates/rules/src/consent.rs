//! Who allows what: whether an interaction may be kept without its person's word, and what that word is.

use serde::{Deserialize, Serialize};
use throughline_interactions::{Interaction, Ref};

/// A purpose, and the interactions that need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The purpose, as senders name it; capital letters do not matter.
    pub purpose: String,
    /// Interactions on these channels need it.
    pub channels: Vec<String>,
    /// What becomes of those of whom nothing was told.
    #[serde(default)]
    pub untold: Untold,
}

/// What becomes of interactions of somebody who has said neither yes nor no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untold {
    /// They are taken: whoever does not want it says so.
    #[default]
    Take,
    /// They are refused: nothing is kept before somebody has said yes.
    Refuse,
}

/// Events that tell what somebody allows. They are always taken: nobody could be heard otherwise.
const DECISIONS: &[&str] = &[
    "Consent Changed",
    "Consent Given",
    "Consent Withdrawn",
    "Consent Updated",
    "Segment Consent Preference Updated",
    "Unsubscribed",
];

/// True for an event that tells what somebody allows.
pub fn is_decision(event: &str) -> bool {
    DECISIONS.iter().any(|d| d.eq_ignore_ascii_case(event))
}

impl Consent {
    /// What a new workspace asks for: what people do on its pages, in its app and with its adverts is kept
    /// until they say no to `analytics`.
    pub fn usual() -> Vec<Self> {
        let channels = ["web", "app", "ads"].map(str::to_owned).to_vec();
        vec![Self { purpose: "analytics".to_owned(), channels, untold: Untold::Take }]
    }

    /// True where an interaction needs it. What an order, a payment, a ticket or a call is about is kept to
    /// keep a contract, and asks for nobody's consent.
    pub fn is_needed(&self, i: &Interaction) -> bool {
        self.channels.contains(&i.channel)
            && !is_decision(&i.event)
            && !i.refs.iter().any(|r| Ref::is_personal(&r.kind) && r.kind != "visit")
    }

    /// What the interaction itself says of the purpose.
    pub fn own_word(&self, i: &Interaction) -> Option<bool> {
        i.consent.iter().find(|(purpose, _)| purpose.eq_ignore_ascii_case(&self.purpose)).map(|(_, allowed)| *allowed)
    }
}
