//! Recency, frequency and monetary value: each buyer in a fifth of each.
//!
//! The method is that of Hughes (*Strategic Database Marketing*, 1994): buyers are ranked by how lately,
//! how often and for how much they bought, and cut into fifths, 5 the best. Buyers who are equal are in one
//! fifth, by nearest rank. The names of the groups follow common practice in marketing.

use crate::rule::{Ago, Bound, Recency, Rule, Sum, Times, What, Window};
use crate::span::Span;
use serde::Serialize;
use throughline_interactions::{Currency, Timestamp};

/// What somebody bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buyer {
    /// The last time.
    pub last: Timestamp,
    /// How often.
    pub times: u64,
    /// For how much together, in minor units of one currency.
    pub minor: i64,
}

/// A group of buyers with its usual name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// What is known of them and worth doing.
    pub advice: &'static str,
    /// Their recency, from and to.
    pub recency: (u8, u8),
    /// Their mean of frequency and value, rounded, from and to.
    pub worth: (u8, u8),
}

/// The groups: every pair of recency and worth is in exactly one.
pub const GROUPS: [Group; 11] = [
    Group {
        name: "Champions",
        advice: "bought lately, often and much: thank them, ask them for reviews",
        recency: (5, 5),
        worth: (4, 5),
    },
    Group {
        name: "Loyal",
        advice: "come back and spend: offer them more of what they like",
        recency: (3, 4),
        worth: (4, 5),
    },
    Group {
        name: "Potentially loyal",
        advice: "bought lately and more than once: invite them back",
        recency: (4, 5),
        worth: (2, 3),
    },
    Group {
        name: "New",
        advice: "bought lately for the first time: see that it goes well",
        recency: (5, 5),
        worth: (1, 1),
    },
    Group {
        name: "Promising",
        advice: "bought not long ago and little: show them what there is",
        recency: (4, 4),
        worth: (1, 1),
    },
    Group {
        name: "Need attention",
        advice: "middling in everything: an occasion may bring them back",
        recency: (3, 3),
        worth: (3, 3),
    },
    Group {
        name: "About to sleep",
        advice: "below the middle: remind them before they are gone",
        recency: (3, 3),
        worth: (1, 2),
    },
    Group {
        name: "At risk",
        advice: "spent well and have not been back: win them back",
        recency: (2, 2),
        worth: (3, 5),
    },
    Group {
        name: "Cannot lose",
        advice: "were among the best and stay away: ask them why, in person",
        recency: (1, 1),
        worth: (4, 5),
    },
    Group {
        name: "Hibernating",
        advice: "bought little, a while ago: do not spend much on them",
        recency: (2, 2),
        worth: (1, 2),
    },
    Group {
        name: "Lost",
        advice: "have been gone the longest and never were among the best: let them go",
        recency: (1, 1),
        worth: (1, 3),
    },
];

/// Where the fifths end: a value above the n-th bound is in a fifth above n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Fifths<T>([T; 4]);

impl<T: Copy + Ord> Fifths<T> {
    fn of(mut values: Vec<T>) -> Option<Self> {
        values.sort_unstable();
        let n = values.len();
        let at = |fifth: usize| values.get((n * fifth).div_ceil(5).saturating_sub(1)).copied();
        Some(Self([at(1)?, at(2)?, at(3)?, at(4)?]))
    }

    fn score(&self, value: T) -> u8 {
        1 + self.0.iter().filter(|bound| value > **bound).count() as u8
    }
}

/// The fifths of all buyers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rfm {
    /// Buyers.
    pub buyers: usize,
    #[serde(skip)]
    last: Fifths<i64>,
    #[serde(skip)]
    times: Fifths<u64>,
    #[serde(skip)]
    minor: Fifths<i64>,
}

impl Rfm {
    /// The fifths of buyers; `None` without any.
    pub fn of(buyers: &[Buyer]) -> Option<Self> {
        Some(Self {
            buyers: buyers.len(),
            last: Fifths::of(buyers.iter().map(|b| b.last.0).collect())?,
            times: Fifths::of(buyers.iter().map(|b| b.times).collect())?,
            minor: Fifths::of(buyers.iter().map(|b| b.minor).collect())?,
        })
    }

    /// Recency, frequency and monetary value of a buyer, 1–5 each.
    pub fn score(&self, buyer: &Buyer) -> [u8; 3] {
        [self.last.score(buyer.last.0), self.times.score(buyer.times), self.minor.score(buyer.minor)]
    }

    /// The group of a buyer, as a place in [`GROUPS`].
    pub fn group(&self, buyer: &Buyer) -> usize {
        let [r, f, m] = self.score(buyer);
        group_of(r, worth(f, m))
    }

    /// The rule that holds today for exactly the buyers of a group: the bounds of the fifths stand in it
    /// as they are now, and do not move with the others' buying.
    pub fn rule(&self, group: &Group, what: &What, currency: Currency, now: Timestamp) -> Rule {
        let recency = self.recency(group.recency, what, now);
        let pairs: Vec<Rule> = (1..=5_u8)
            .filter_map(|f| {
                // Values of this frequency that give the worth.
                let m: Vec<u8> = (1..=5).filter(|m| (group.worth.0..=group.worth.1).contains(&worth(f, *m))).collect();
                let (low, high) = (*m.first()?, *m.last()?);
                let mut all = between(
                    (f, f),
                    &self.times.0,
                    |n| Rule::Did(Times { what: what.clone(), times: Bound::AtLeast(n + 1), when: Window::Ever }),
                    |n| Rule::Did(Times { what: what.clone(), times: Bound::AtMost(n), when: Window::Ever }),
                );
                let sum = |minor| Rule::Sum(Sum { what: what.clone(), currency, minor, when: Window::Ever });
                all.extend(between(
                    (low, high),
                    &self.minor.0,
                    |n| sum(Bound::AtLeast(n + 1)),
                    |n| sum(Bound::AtMost(n)),
                ));
                Some(Rule::All(all)).filter(|r| !matches!(r, Rule::All(of) if of.is_empty()))
            })
            .collect();
        let bought = Rule::Did(Times { what: what.clone(), times: Bound::AtLeast(1), when: Window::Ever });
        Rule::All(std::iter::once(bought).chain(recency).chain([Rule::Any(pairs)]).collect())
    }

    fn recency(&self, (low, high): (u8, u8), what: &What, now: Timestamp) -> Vec<Rule> {
        let ago = |bound: i64| Span(((now.0 - bound).max(0) as u64) / 1_000_000);
        let last = |ago| Rule::Last(Recency { what: what.clone(), ago });
        // Later than the bound: less long ago than it, to the second.
        let later = |bound| last(Ago::AtMost(Span(ago(bound).0.saturating_sub(1).max(1))));
        let not_later = |bound| Rule::Not(Box::new(later(bound)));
        between((low, high), &self.last.0, later, not_later)
    }
}

/// The conditions that a score from `low` to `high` puts on a value with these bounds.
fn between<T: Copy>(
    (low, high): (u8, u8),
    bounds: &[T; 4],
    above: impl Fn(T) -> Rule,
    not_above: impl Fn(T) -> Rule,
) -> Vec<Rule> {
    let low = low.checked_sub(2).map(|n| above(bounds[n as usize]));
    let high = bounds.get(high as usize - 1).map(|n| not_above(*n));
    low.into_iter().chain(high).collect()
}

/// The mean of frequency and value, halves upwards.
fn worth(f: u8, m: u8) -> u8 {
    (f + m).div_ceil(2)
}

fn group_of(recency: u8, worth: u8) -> usize {
    let holds = |g: &Group| (g.recency.0..=g.recency.1).contains(&recency) && (g.worth.0..=g.worth.1).contains(&worth);
    GROUPS.iter().position(holds).unwrap_or(GROUPS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_in_exactly_one_group() {
        for r in 1..=5_u8 {
            for w in 1..=5_u8 {
                let held = GROUPS
                    .iter()
                    .filter(|g| (g.recency.0..=g.recency.1).contains(&r) && (g.worth.0..=g.worth.1).contains(&w))
                    .count();
                assert_eq!(held, 1, "recency {r}, worth {w}");
            }
        }
    }

    #[test]
    fn equal_buyers_share_a_fifth() {
        let fifths = Fifths::of((1..=10).collect::<Vec<i64>>()).expect("ten values");
        assert_eq!((1..=10).map(|v| fifths.score(v)).collect::<Vec<_>>(), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        let same = Fifths::of(vec![7_i64; 9]).expect("nine values");
        assert_eq!(same.score(7), 1);
        assert!(Rfm::of(&[]).is_none());
    }
}
