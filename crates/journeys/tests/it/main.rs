//! Journeys against slow, obvious oracles and planted worlds.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod definitions;
mod effect;
mod instances;
mod map;
mod pain_oracle;
mod pain_points;
mod revenue;
mod scorecards;
mod scores;
mod stories;
mod world;
mod worth_calling;
