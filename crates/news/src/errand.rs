//! What lies in the outbox: numbers, never texts or addresses.

use serde::{Deserialize, Serialize};

/// Something that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// The Monday page.
    Monday {
        /// The account.
        person: u64,
        /// The Monday, as in 2026-03-02.
        week: String,
    },
    /// Something new on Today.
    Alert {
        /// The alert.
        alert: u64,
        /// The sentences, see [`crate::Told::key`].
        sentences: Vec<String>,
    },
}

impl Errand {
    /// As it lies in the outbox.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an errand is plain JSON")
    }

    /// Reads one; `None` for something else.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
