//! What the statistics of experience promise: textbook values, slow oracles, simulated coverage.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bootstrap;
mod change;
mod difference;
mod distribution;
mod draw;
mod multiplicity;
mod planning;
mod quantile;
mod rates;
mod revenue;
mod revenue_world;
mod scores;
mod shrinkage;
mod shares;
mod survival;
mod words;

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "found {found}, expected {expected}");
}
