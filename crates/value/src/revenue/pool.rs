//! Customers counted by stratum and by the pain points they met, in every replicate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Customer, FindingSet, Later, Plan, RevenueAtRisk, Unmeasurable};
use crate::bootstrap::OtherDesign;

/// What a pass fills; whole numbers only, exactly mergeable in any order. Its size is the number
/// of (stratum, set of pain points) pairs times the replicates, not the number of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenuePool {
    plan: Plan,
    pub(super) strata: BTreeMap<u64, BTreeMap<FindingSet, Cell>>,
}

/// Customers of one stratum who met the same pain points.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    /// All of them, and their margin.
    pub customers: u64,
    pub margin: i64,
    /// Those who were followed, and those of them with a later event.
    pub followed: u64,
    pub later: u64,
    /// The last two in each replicate.
    pub replicates: Vec<(u32, u32)>,
}

impl RevenuePool {
    /// Nobody yet.
    pub fn new(plan: Plan) -> Self {
        Self { plan, strata: BTreeMap::new() }
    }

    /// Counts one customer.
    pub fn add(&mut self, customer: &Customer) {
        let resampling = self.plan.resampling;
        let cell = self.strata.entry(customer.stratum).or_default().entry(customer.findings).or_default();
        cell.customers += 1;
        cell.margin += customer.margin.max(0);
        let later = match customer.later {
            Later::Happened => 1,
            Later::DidNot => 0,
            Later::NotFollowed => return,
        };
        cell.followed += 1;
        cell.later += u64::from(later);
        cell.replicates.resize(resampling.replicates as usize, (0, 0));
        for (counts, weight) in cell.replicates.iter_mut().zip(resampling.weights(customer.unit)) {
            counts.0 += weight;
            counts.1 += weight * later;
        }
    }

    /// Adds the customers of `other`, who must not be in this pool already.
    pub fn merge(&mut self, other: &Self) -> Result<(), OtherDesign> {
        if self.plan != other.plan {
            return Err(OtherDesign);
        }
        for (&stratum, cells) in &other.strata {
            let mine = self.strata.entry(stratum).or_default();
            for (&findings, cell) in cells {
                mine.entry(findings).or_default().merge(cell);
            }
        }
        Ok(())
    }

    /// The estimate, or why there is none.
    pub fn revenue_at_risk(&self) -> Result<RevenueAtRisk, Unmeasurable> {
        super::estimate::estimate(&self.plan, &self.strata)
    }
}

impl Cell {
    fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.margin += other.margin;
        self.followed += other.followed;
        self.later += other.later;
        if other.replicates.len() > self.replicates.len() {
            self.replicates.resize(other.replicates.len(), (0, 0));
        }
        for (mine, theirs) in self.replicates.iter_mut().zip(&other.replicates) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
    }

    /// Followed and later in one replicate, or in the data themselves.
    pub fn counts(&self, replicate: Option<usize>) -> (f64, f64) {
        match replicate {
            None => (self.followed as f64, self.later as f64),
            Some(index) => self.replicates.get(index).map_or((0.0, 0.0), |&(n, y)| (f64::from(n), f64::from(y))),
        }
    }
}
