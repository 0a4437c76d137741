//! Linking records: the pieces against slow oracles, and the whole against data with known truth.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod febrl;
mod pieces;
mod families;
