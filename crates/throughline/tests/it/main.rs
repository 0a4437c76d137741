#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The binary as people run it, and the shape of the repository.

mod cluster;
mod house;
mod import;
mod install;
mod layout;
mod olist;
mod on_postgres;
mod statements;
mod processes;
