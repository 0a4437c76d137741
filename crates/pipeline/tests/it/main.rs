#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The engine on real files: ledger, SQLite and timelines in a temporary directory.

mod aside;
mod consent;
mod door;
mod encryption;
mod erasure;
mod formats;
mod identity;
mod matching;
mod outcomes;
mod receipts;
mod retiring;
mod retraction;
mod segments;
mod world;
