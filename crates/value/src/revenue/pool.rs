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
    /// Those who were followed, those of them with a later event, and those who met a pain point
    /// only later.
    pub followed: u64,
    pub later: u64,
    pub exposed_later: u64,
    /// The last three in each replicate.
    pub replicates: Vec<[u32; 3]>,
}

/// Followed customers of a cell, in the data or as a replicate drew them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drawn {
    pub followed: f64,
    pub later: f64,
    pub exposed_later: f64,
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
        let exposed_later = u32::from(customer.exposed_later && customer.findings.is_empty());
        cell.followed += 1;
        cell.later += u64::from(later);
        cell.exposed_later += u64::from(exposed_later);
        cell.replicates.resize(resampling.replicates as usize, [0; 3]);
        for (counts, weight) in cell.replicates.iter_mut().zip(resampling.weights(customer.unit)) {
            counts[0] += weight;
            counts[1] += weight * later;
            counts[2] += weight * exposed_later;
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
        self.exposed_later += other.exposed_later;
        if other.replicates.len() > self.replicates.len() {
            self.replicates.resize(other.replicates.len(), [0; 3]);
        }
        for (mine, theirs) in self.replicates.iter_mut().zip(&other.replicates) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// In one replicate, or in the data themselves.
    pub fn drawn(&self, replicate: Option<usize>) -> Drawn {
        match replicate {
            None => Drawn {
                followed: self.followed as f64,
                later: self.later as f64,
                exposed_later: self.exposed_later as f64,
            },
            Some(index) => {
                let [n, y, x] = self.replicates.get(index).copied().unwrap_or_default().map(f64::from);
                Drawn { followed: n, later: y, exposed_later: x }
            }
        }
    }
}
