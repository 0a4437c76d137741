//! One interaction as it enters the hot tier.

use std::sync::Arc;
use throughline_interactions::{Actor, Direction, Money, OrderKey, Timestamp};

/// One interaction, resolved to its customer. Names are shared, values are keyed hashes.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The customer now: the smallest node of the connected set.
    pub customer: u64,
    /// The node of the strongest identifier, for ever. A merge or an unmerge moves rows by it.
    pub node: u64,
    /// Its place in the story. `occurred_at` lies between 1970 and 2106.
    pub order: OrderKey,
    /// Its position in the ledger; the only thing here that depends on arrival.
    pub position: u64,
    /// What happened: `Order Completed`.
    pub event: Arc<str>,
    /// Where: `web`, `store`, …; empty if unknown.
    pub channel: Arc<str>,
    /// Who acted.
    pub actor: Actor,
    /// Which way it went.
    pub direction: Direction,
    /// What it was worth.
    pub money: Option<Money>,
    /// What was answered.
    pub score: Option<RowScore>,
    /// Something was said; the words are in the store.
    pub has_text: bool,
    /// What was promised.
    pub promise: Option<RowPromise>,
    /// Personal references: a kind such as `order` and the keyed hash of the value. A set: its
    /// order and repeats do not matter, and segments hold it sorted.
    pub subjects: Vec<(Arc<str>, u64)>,
    /// Keyed hashes of (dimension, value): shared references, properties, the touchpoint. A set,
    /// like `subjects`.
    pub attributes: Vec<u64>,
}

/// An answer on a scale.
#[derive(Debug, Clone, PartialEq)]
pub struct RowScore {
    /// What was asked: `nps`, `csat`, ….
    pub kind: Arc<str>,
    /// The answer, within the scale.
    pub value: f32,
    /// The lowest answer that could be given.
    pub min: f32,
    /// The highest answer that could be given.
    pub max: f32,
}

/// A promise with its deadlines worked out.
#[derive(Debug, Clone, PartialEq)]
pub struct RowPromise {
    /// What was promised: `delivery`, `refund`, ….
    pub kind: Arc<str>,
    /// The named time, read as an instant.
    pub due: Timestamp,
    /// The last instant at which it is kept, as declared: the end of the local day for a day.
    pub deadline: Timestamp,
    /// The end of the local day of `due`, whatever precision was declared.
    pub day_deadline: Timestamp,
}

/// The bucket of a customer: its low bits, because the smallest of several nodes is biased in its
/// high ones. `buckets` is a power of two.
pub fn bucket_of(customer: u64, buckets: u16) -> u16 {
    (customer & (u64::from(buckets.max(1)) - 1)) as u16
}
