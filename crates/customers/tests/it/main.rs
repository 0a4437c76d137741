#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! Identity against a slow oracle, and the tables against a real database.

mod adversary;
mod identity;
mod world;
mod tables;
