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
mod shop;
mod stories;
mod truths;
mod world;
mod weeks;
mod worth_calling;
