//! Revenue at risk: the margin that pain points are expected to cost over a horizon.
//!
//! For each customer who met a pain point: the adjusted difference in the probability of a later
//! purchase, times their expected margin. Customers are compared with customers of the same
//! stratum who met none of the pain points. Where one customer met several, their loss is counted
//! once and split by the adjusted effect of each. It is an association until an experiment says
//! more, and where it cannot be measured no money is shown: [`Unmeasurable`] says why.
//!
//! [`RevenuePool`] is what a pass fills; `estimate` holds the arithmetic.

use serde::{Deserialize, Serialize};

use crate::Estimate;
use crate::bootstrap::Resampling;

mod estimate;
mod pool;

pub use pool::RevenuePool;

/// The pain points that one customer met, each a number below [`FindingSet::MOST`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingSet(u128);

impl FindingSet {
    /// How many pain points can share one estimate.
    pub const MOST: u8 = 128;

    /// None of them.
    pub const EMPTY: Self = Self(0);

    /// The set with `finding` in it too; a number of [`FindingSet::MOST`] or more is left out.
    pub fn with(self, finding: u8) -> Self {
        Self(self.0 | 1_u128.checked_shl(u32::from(finding)).unwrap_or(0))
    }

    /// Whether `finding` is in it.
    pub fn contains(self, finding: u8) -> bool {
        finding < Self::MOST && self.0 >> finding & 1 == 1
    }

    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in it, lowest first.
    pub fn findings(self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let lowest = u8::try_from(rest.trailing_zeros()).ok().filter(|&bit| bit < Self::MOST)?;
            rest &= rest - 1;
            Some(lowest)
        })
    }
}

impl FromIterator<u8> for FindingSet {
    fn from_iter<I: IntoIterator<Item = u8>>(findings: I) -> Self {
        findings.into_iter().fold(Self::EMPTY, Self::with)
    }
}

/// What the later event means for the margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A purchase: the margin is lost where it happens less often.
    Purchase,
    /// A refund or a cancellation: the margin is lost where it happens more often.
    Reversal,
}

/// What became of one customer within the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Later {
    /// The later event happened.
    Happened,
    /// The customer was followed for the whole horizon without it.
    DidNot,
    /// The horizon is not over yet. The customer's margin counts, their outcome does not; leave
    /// those out for whom it did happen early, or the early ones weigh too much.
    NotFollowed,
}

/// One customer, exposed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    /// A hash of the customer; decides the weights of the bootstrap.
    pub unit: u64,
    /// Those who can be compared with each other share this number.
    pub stratum: u64,
    /// The pain points the customer met; none makes them comparable.
    pub findings: FindingSet,
    /// Met none so far, and one later within the horizon and before the later event. Such a customer is
    /// comparable like any other who met none so far, and the harm that is still to come is taken out.
    pub exposed_later: bool,
    /// What became of them.
    pub later: Later,
    /// Their expected gross margin over the horizon, in minor units of the workspace's currency,
    /// were nothing wrong; below 0 counts as 0.
    pub margin: i64,
}

/// How revenue at risk is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Purchases or reversals.
    pub outcome: Outcome,
    /// Days after the exposure within which the later event counts, and for which margins stand.
    pub horizon_days: u32,
    /// Days for which customers could be followed at most.
    pub observed_days: u32,
    /// The fewest later events (and the fewest customers without one) that carry an estimate.
    pub fewest_events: u64,
    /// The bootstrap's seed and size.
    pub resampling: Resampling,
}

impl Plan {
    /// Purchases over twelve months, at least 30 later ones, 400 replicates of `seed`.
    pub fn yearly(observed_days: u32, seed: u64) -> Self {
        let resampling = Resampling { seed, replicates: 400 };
        Self { outcome: Outcome::Purchase, horizon_days: 365, observed_days, fewest_events: 30, resampling }
    }
}

/// Revenue at risk in minor units, with the shares of each pain point, which add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueAtRisk {
    /// All pain points together, each customer's loss once; n is the exposed customers.
    pub total: Estimate,
    /// Each pain point that somebody met, lowest number first.
    pub findings: Vec<FindingLoss>,
    /// Exposed customers without enough comparable ones: they are in no other number here.
    pub left_out: u64,
    /// Their expected margin, in minor units.
    pub left_out_margin: i64,
}

/// What one pain point costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FindingLoss {
    /// The number of the pain point.
    pub finding: u8,
    /// Its share of the loss in minor units; n is the customers who met it.
    pub loss: Estimate,
    /// By how much it lowers the probability of a later purchase (or raises that of a reversal),
    /// the other pain points held fixed; in −1…+1.
    pub effect: Estimate,
}

/// Why no money can be shown; "customers affected" then stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unmeasurable {
    /// Customers cannot have been followed for the whole horizon.
    #[error("customers were followed for {observed_days} of {needed_days} days")]
    FollowUpTooShort {
        /// For how long they could be followed.
        observed_days: u32,
        /// The horizon.
        needed_days: u32,
    },
    /// Nobody met a pain point.
    #[error("no customer met a pain point")]
    NobodyExposed,
    /// No stratum has enough customers who met none.
    #[error("no comparable customers without a pain point")]
    NobodyToCompare,
    /// Too few exposed customers could be compared over the whole horizon.
    #[error("{found} exposed customers could be followed and compared, {needed} are needed")]
    TooFewFollowed {
        /// How many there are.
        found: u64,
        /// How many are needed.
        needed: u64,
    },
    /// Later purchases (or customers without one) are too rare to compare.
    #[error("{found} later purchases or their absence, {needed} are needed")]
    TooFewLater {
        /// The smaller of: customers with, customers without a later event.
        found: u64,
        /// How many are needed.
        needed: u64,
    },
}
