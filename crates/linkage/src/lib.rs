//! Which records are of one person when no identifier says so: probabilistic record linkage.
//!
//! The model is that of Fellegi and Sunter (*A Theory for Record Linkage*, JASA 64, 1969): two records are
//! compared column by column ([`compare`]), each agreement is worth the logarithm of how much more often it is
//! seen among records of one person (`m`) than among others (`u`), and the sum tells how probable it is that
//! they are one. Nothing is labelled: `u` is counted on pairs taken at random, `m` and the share of matches are
//! estimated by expectation–maximisation ([`model`]). A rare value that agrees is worth more than a common one
//! (Winkler's adjustment by frequency).
//!
//! Only pairs that share a key of some kind are compared at all ([`blocking`]): a value, the beginnings of two
//! values, a number with one digit left out. What columns hold is guessed by what stands in them ([`mod@column`]).
//!
//! This room is pure: no files, no clock, no randomness but a fixed sequence. It knows no customer and no
//! fact. Read `model.rs` first.

pub mod blocking;
pub mod cluster;
pub mod column;
pub mod compare;
pub mod evaluate;
pub mod model;
mod universe;

pub use cluster::people;
pub use column::{Column, Kind, Table};
pub use evaluate::{Quality, quality, quality_across};
pub use model::{Link, Linkage, Options, link};
