//! Two shares of different people compared: before and after, with and without.
//!
//! [`difference`] is the plain comparison; [`difference_in_differences`] asks whether one pair
//! changed otherwise than another.

use crate::Estimate;
use crate::interval::wilson;
use serde::{Deserialize, Serialize};

/// How many, and how many of them it happened to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// To how many it happened.
    pub events: u64,
    /// Of how many.
    pub n: u64,
}

impl Share {
    /// The share in 0–1 with Wilson's interval; `None` of nobody.
    pub fn estimate(&self) -> Option<Estimate> {
        wilson(self.events, self.n)
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.n += other.n;
    }

    /// Counts one.
    pub fn add(&mut self, event: bool) {
        self.n += 1;
        self.events += u64::from(event);
    }
}

/// The share of `second` less the share of `first`, in −1…+1; `None` if either is of nobody. n is
/// both together.
///
/// Newcombe (1998, Stat. Med. 17:873), method 10: the two Wilson intervals joined,
/// d − √((p₂ − l₂)² + (u₁ − p₁)²) to d + √((u₂ − p₂)² + (p₁ − l₁)²), no continuity correction.
pub fn difference(first: Share, second: Share) -> Option<Estimate> {
    Some(joined(&first.estimate()?, &second.estimate()?))
}

/// How much more the one pair changed than the other: (`after` − `before`) of the first less that
/// of the second; `None` if any of the four is of nobody.
///
/// The two differences of [`difference`], joined as these join two shares (MOVER, Zou & Donner 2008,
/// Stat. Med. 27:1693). It is an effect only if both would have changed alike without it.
pub fn difference_in_differences(of: [Share; 2], against: [Share; 2]) -> Option<Estimate> {
    Some(joined(&difference(against[0], against[1])?, &difference(of[0], of[1])?))
}

/// The second less the first ([`crate::difference`]); n is both together.
fn joined(first: &Estimate, second: &Estimate) -> Estimate {
    let change = crate::difference::difference(second, first).change;
    Estimate { n: first.n + second.n, ..change }
}
