//! Rules judged by the engine, and by an oracle that knows no windows, no codes and no cleverness.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod oracle;
mod random;
mod rules;
mod worlds;
