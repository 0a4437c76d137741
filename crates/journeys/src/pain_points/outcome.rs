//! What can go wrong.

use crate::definition::{Definition, OutcomeRule};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The first answer was dissatisfied.
    Dissatisfaction,
    /// The instance was lost.
    DropOut,
    /// What the journey designs: the place in [`Definition::outcomes`].
    Designed(u8),
}

impl Outcome {
    /// The two of every journey.
    pub const ALWAYS: [Self; 2] = [Self::Dissatisfaction, Self::DropOut];
    /// How many there can be.
    pub const MOST: usize = 2 + OutcomeRule::MOST;

    /// Its place among all that a journey can have, below [`Outcome::MOST`].
    pub fn number(self) -> usize {
        match self {
            Self::Dissatisfaction => 0,
            Self::DropOut => 1,
            Self::Designed(at) => 2 + at as usize,
        }
    }

    /// Its name in addresses: `dissatisfaction`, `drop-out`, or the key of the design.
    pub fn key(self, definition: &Definition) -> &str {
        match self {
            Self::Dissatisfaction => "dissatisfaction",
            Self::DropOut => "drop-out",
            Self::Designed(at) => definition.outcomes.get(at as usize).map_or("", |o| &o.key),
        }
    }

    /// The outcome of a name in addresses.
    pub fn of_key(definition: &Definition, key: &str) -> Option<Self> {
        match key {
            "dissatisfaction" => Some(Self::Dissatisfaction),
            "drop-out" => Some(Self::DropOut),
            _ => definition.outcomes.iter().position(|o| o.key == key).map(|at| Self::Designed(at as u8)),
        }
    }

    /// What whoever had it is: `unhappy`, `lost`, or as the design names it.
    pub fn word(self, definition: &Definition) -> &str {
        match self {
            Self::Dissatisfaction => "unhappy",
            Self::DropOut => "lost",
            Self::Designed(at) => definition.outcomes.get(at as usize).map_or("", |o| &o.name),
        }
    }
}
