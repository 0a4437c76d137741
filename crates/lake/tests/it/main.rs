//! The lake against real Delta tables in temporary directories and a slow, obvious oracle.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;
mod append;
mod identity;
mod upkeep;
mod erase;
mod damage;
mod sql;
mod import;
mod pass;
mod python;
mod model;
