//! Where interactions come from when nobody sends them to the edge: files today; mailboxes, shops
//! and social networks as they arrive, one folder each.
//!
//! A connector returns interactions, what it could not read and a cursor from which it goes on.
//! It must never know the ledger, the store, HTTP inwards, or any data set: what a column means
//! is written in a recipe, never in code.
//!
//! Read `files.rs` first: it describes the language of recipes.

pub mod files;
