//! What experience is worth, as numbers that say how sure they are: scores with intervals,
//! rates and risks compared over strata, times under censoring, revenue at risk.
//!
//! Every function here is pure: counts in, estimates out. Counts that a pass fills are exactly
//! mergeable (whole numbers, sorted keys), so neither the order of the facts nor the way the
//! customers are split into buckets changes a single bit of a result. Nothing is ever said about
//! n = 0: such a score is `None`, not zero.
//!
//! This room must never know where numbers come from or where they are shown: no I/O, no clock,
//! no random device (seeds are arguments), no other room of the house, no names or identifiers of
//! people beyond a hash.
//!
//! Read [`interval`] first: everything else returns its [`Estimate`].

pub mod distribution;
pub mod interval;

pub mod scores;

pub mod rates;

pub mod change;

pub mod difference;

pub mod shrinkage;

pub mod multiplicity;
pub mod pace;

pub mod survival;

pub mod quantile;

pub mod bootstrap;

pub mod revenue;

pub mod shares;

pub mod planning;

pub mod words;

pub use interval::Estimate;
