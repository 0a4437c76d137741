//! Segments: which customers a rule holds for, now and until when.
//!
//! A [`Rule`] is a tree of AND, OR and NOT over what somebody did, was worth, answered, said and told,
//! in windows that move with the clock. [`Rules`] compiles many of them against the codes of a timeline's
//! segment and judges one whole customer for all of them in a single look at the rows. Beside the answer
//! it says when it may change without any new fact ([`Judgement::until`]): whoever waits for that moment
//! and for new facts is never wrong.
//!
//! This room is pure: no files, no store, no clock. What the rows do not hold — traits, texts, consent —
//! it asks of [`Person`]. Read `rule.rs` first, then `judge.rs`.

mod span;
mod rule;
mod check;
mod sentence;
mod words;
mod moment;
mod compile;
mod judge;
mod rfm;

pub use check::{Refused, check, order};
pub use compile::{Hashes, Look, Rules};
pub use judge::{Judgement, Person, Trial};
pub use rfm::{Buyer, GROUPS, Group, Rfm};
pub use rule::{
    Ago, Bound, Dimension, Recency, Rule, Said, ScoreOf, SegmentId, Sequence, Sum, Test, ThenNot, Times, Trait, What,
    Which, Window, Worth,
};
pub use sentence::sentence;
pub use span::{Span, SpanError};
