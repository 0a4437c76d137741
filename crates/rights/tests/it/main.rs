#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! Rights on real files: an engine in a temporary directory.

mod bulk;
mod exports;
mod rules;
mod world;
