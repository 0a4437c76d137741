//! What the findings cost: the pass that fills [`RevenuePool`].
//!
//! # Who is compared with whom
//!
//! A customer counts as exposed from their first instance that meets a finding, and once. They are
//! compared, at the moment the first exposure begins, with instances of customers who had met none
//! until then (some of whom meet one later, which the estimate takes into account): same period of the
//! start, new or returning, same furthest stage, about the same time
//! since the start ([`EDGES`]), and no purchase since, for whoever has bought again already cannot be
//! driven away any more. Both are followed for the horizon from that moment on. A later purchase is
//! the start of another instance with an amount in the workspace's currency.
//!
//! # What a customer is worth
//!
//! The margin of what they bought in this instance, times how much more (or less) than that the
//! unexposed spend within the horizon if they buy again. It is an association until an experiment
//! says more. Of more than [`MOST`] customers a sample by the hash of their id is followed, and the
//! money scaled up; the interval is that of the sample.

use super::exposure::{Key, Kind, Lookup, NONE};
use super::moments::stratum;
use crate::compiled::Compiled;
use crate::instances::{Instance, Splitter};
use crate::wire::put_u64;
use serde::Serialize;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader, put_bytes};
use throughline_value::Estimate;
use throughline_value::revenue::{
    Customer as Counted, FindingSet, Later, Plan, RevenueAtRisk, RevenuePool, Unmeasurable,
};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Ends of the bins of time since the start.
const EDGES: [i64; 13] = [
    HOUR,
    12 * HOUR,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    10 * DAY,
    14 * DAY,
    21 * DAY,
    30 * DAY,
    45 * DAY,
    60 * DAY,
    90 * DAY,
    180 * DAY,
];

/// Customers who are followed; of more, a sample.
const MOST: u64 = 40_000;

/// What money is worth to the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// The currency that counts; amounts in another are left out.
    pub currency: String,
    /// Gross margin as a share of revenue, 0–1.
    pub margin: f64,
}

/// Revenue at risk of all findings of a journey together, or why it is not shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Revenue {
    /// Measured.
    Measured {
        /// The workspace's currency; amounts are in its minor units.
        currency: String,
        /// Days after the exposure for which the loss stands.
        horizon_days: u32,
        /// All findings together, each customer's loss once; n is the customers whose loss it is.
        total: Estimate,
        /// Customers who met a finding and are in no sum: too few like them met none.
        left_out: u64,
    },
    /// Not shown, and why: "customers affected" stands alone.
    Unmeasured {
        /// The reason.
        reason: Unpriced,
    },
}

/// Why findings have no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// Nobody said what remains of a sale.
    #[error("the workspace has no gross margin")]
    NoMargin,
    /// There is nothing to price.
    #[error("nothing was found that could cost anything")]
    NothingFound,
    /// The data do not carry it.
    #[error(transparent)]
    #[serde(untagged)]
    Unmeasurable(#[from] Unmeasurable),
}

/// The longest horizon of a year, a half, a quarter or a month that half the observed time allows.
fn horizon(observed_days: u32) -> u32 {
    [365, 180, 90].into_iter().find(|days| days * 2 <= observed_days).unwrap_or(30)
}

/// Follows customers with and without the findings.
#[derive(Debug, Clone)]
pub struct RevenuePass {
    compiled: Arc<Compiled>,
    /// Ascending; the place of a key is the finding's number.
    keys: Arc<Vec<Key>>,
    currency: String,
    plan: Plan,
    /// Customers whose hash has this many low bits zero are followed.
    sample_bits: u32,
}

/// What the pass gathers.
#[derive(Debug, Clone, PartialEq)]
pub struct RevenueState {
    pool: RevenuePool,
    /// Of unexposed customers who bought again: what they bought first, and within the horizon after.
    first_minor: i64,
    later_minor: i64,
}

impl PassState for RevenueState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        if self.pool.merge(&other.pool).is_err() {
            unreachable!("states of one pass have one plan");
        }
        self.first_minor = self.first_minor.saturating_add(other.first_minor);
        self.later_minor = self.later_minor.saturating_add(other.later_minor);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, &serde_json::to_vec(&self.pool).unwrap_or_default());
        put_u64(out, self.first_minor.cast_unsigned());
        put_u64(out, self.later_minor.cast_unsigned());
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let pool = serde_json::from_slice(r.bytes()?).map_err(|_| StateError::Damaged)?;
        let state = Self { pool, first_minor: r.i64()?, later_minor: r.i64()? };
        r.end()?;
        Ok(state)
    }
}

/// What the findings cost in minor units of the workspace's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// All together.
    pub total: Estimate,
    /// Each key's share of it.
    pub shares: Vec<(Key, Estimate)>,
    /// Customers who met a finding and are in no sum.
    pub left_out: u64,
    /// Days after the exposure for which the loss stands.
    pub horizon_days: u32,
}

impl RevenuePass {
    /// A pass for these findings; the first [`FindingSet::MOST`] that begin at a moment. `customers`
    /// and `observed_days` are about how many there are.
    pub fn new(
        compiled: Arc<Compiled>,
        keys: impl IntoIterator<Item = Key>,
        currency: &str,
        customers: u64,
        observed_days: u32,
    ) -> Self {
        let mut keys: Vec<Key> = keys.into_iter().filter(|k| k.kind != Kind::NotReached).collect();
        keys.truncate(FindingSet::MOST as usize);
        keys.sort_unstable();
        keys.dedup();
        let mut plan = Plan::yearly(observed_days, 0x7468_726f_7567_686c);
        plan.horizon_days = horizon(observed_days);
        let sample_bits = (customers / MOST).checked_ilog2().map_or(0, |bits| bits + 1);
        Self { compiled, keys: Arc::new(keys), currency: currency.to_owned(), plan, sample_bits }
    }

    /// What the findings cost.
    pub fn result(&self, state: &RevenueState, worth: &Worth) -> Result<Priced, Unmeasurable> {
        let RevenueAtRisk { total, findings, left_out, .. } = state.pool.revenue_at_risk()?;
        let again = state.later_minor as f64 / (state.first_minor as f64).max(1.0);
        let scale = worth.margin * again * f64::from(1_u32 << self.sample_bits);
        let scaled =
            |e: &Estimate| Estimate::new(e.value * scale, e.low * scale, e.high * scale, e.n << self.sample_bits);
        let shares = findings.iter().filter_map(|f| Some((*self.keys.get(f.finding as usize)?, scaled(&f.loss))));
        Ok(Priced {
            total: scaled(&total),
            shares: shares.collect(),
            left_out: left_out << self.sample_bits,
            horizon_days: self.plan.horizon_days,
        })
    }
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct RevenueLocal {
    splitter: Splitter,
    lookup: Lookup,
    currency: Option<u16>,
}

impl Pass for RevenuePass {
    const NAME: &'static str = "pain points: revenue";
    type State = RevenueState;
    type Local = RevenueLocal;

    fn start(&self) -> RevenueState {
        RevenueState { pool: RevenuePool::new(self.plan), first_minor: 0, later_minor: 0 }
    }

    fn enter(&self, segment: &Segment) -> RevenueLocal {
        let number = |key: Key| self.keys.binary_search(&key).map_or(NONE, |at| at as u32);
        RevenueLocal {
            splitter: Splitter::new(&self.compiled, segment),
            lookup: Lookup::new(&self.compiled, segment, self.keys.len(), number),
            currency: segment.currencies().iter().position(|c| **c == *self.currency).map(|at| at as u16),
        }
    }

    fn customer(&self, local: &mut RevenueLocal, customer: Customer<'_>, state: &mut RevenueState) {
        // Ids are keyed hashes; the multiplication makes the low bits those of all.
        let hash = customer.id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        if hash & ((1 << self.sample_bits) - 1) != 0 {
            return;
        }
        let RevenueLocal { splitter, lookup, currency } = local;
        let Some(currency) = *currency else { return };
        let instances = splitter.split(&self.compiled, &customer);
        let paid = |instance: &Instance| {
            let row = instance.start_row() as usize;
            customer.money(row).filter(|(minor, code)| *code == currency && *minor > 0).map(|(minor, _)| minor)
        };
        for (at, instance) in instances.iter().enumerate() {
            if !instance.is_counted {
                continue;
            }
            let later = &instances[at + 1..];
            let next = later.iter().filter(|i| paid(i).is_some()).map(|i| i.start).next().unwrap_or(i64::MAX);
            lookup.collect(&self.compiled, instance, &customer, next.min(self.compiled.end));
            let exposed = lookup.onsets.iter().map(|o| o.at).min().unwrap_or(i64::MAX);
            let margin = paid(instance).unwrap_or(0);
            // Whether another purchase began within the horizon after a moment.
            let became = |moment: i64| {
                let until = self.until(moment);
                let bought = |i: &Instance| i.start > moment && i.start <= until && paid(i).is_some();
                match (until <= self.compiled.end, later.iter().any(bought)) {
                    (false, _) => Later::NotFollowed,
                    (true, true) => Later::Happened,
                    (true, false) => Later::DidNot,
                }
            };
            let counted = |bin: usize, moment: i64, findings: FindingSet| Counted {
                unit: customer.id,
                stratum: self.alike(instance, &customer, bin, moment),
                findings,
                exposed_later: findings.is_empty() && exposed <= self.until(moment),
                later: became(moment),
                margin,
            };
            for (bin, edge) in EDGES.into_iter().enumerate() {
                let moment = instance.start + edge;
                if exposed <= moment {
                    let findings = lookup.onsets.iter().map(|o| o.candidate as u8).collect();
                    state.pool.add(&counted(bin, exposed, findings));
                    return;
                }
                if next <= moment || moment > self.compiled.end {
                    break;
                }
                state.pool.add(&counted(bin, moment, FindingSet::EMPTY));
                if bin == 0 && self.until(moment) <= self.compiled.end {
                    let spent: i64 = later.iter().filter(|i| i.start <= self.until(moment)).filter_map(paid).sum();
                    if spent > 0 && margin > 0 {
                        state.first_minor = state.first_minor.saturating_add(margin);
                        state.later_minor = state.later_minor.saturating_add(spent);
                    }
                }
            }
            if exposed != i64::MAX {
                // Met after the last bin: neither exposed in time nor unexposed from here on.
                return;
            }
        }
    }
}

impl RevenuePass {
    /// The end of the horizon after a moment.
    fn until(&self, moment: i64) -> i64 {
        moment + i64::from(self.plan.horizon_days) * DAY
    }

    /// The number that instances share which can be compared at a moment.
    fn alike(&self, instance: &Instance, customer: &Customer<'_>, bin: usize, moment: i64) -> u64 {
        let stages = self.compiled.definition.stages.len();
        let reached = |s: &usize| instance.stage_row(*s).is_some_and(|row| customer.micros(row as usize) <= moment);
        let stage = (0..stages).rev().find(reached).unwrap_or(0) as u64;
        (stratum(&self.compiled, instance) * EDGES.len() as u64 + bin as u64) * 32 + stage
    }
}
