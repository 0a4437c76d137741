//! What pages and programs ask of segments.

use super::people::Reading;
use super::watch::Looks;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::sync::atomic::Ordering;
use throughline_customers::trait_names;
use throughline_interactions::{Currency, Interaction, MessageKey, Timestamp, WorkspaceId};
use throughline_segments::{Buyer, GROUPS, Group, Rfm, Rule, SegmentId, Trial, What};
use throughline_store::sql::params;
use throughline_timeline::{Customer, Snapshot};

/// Examples of whom a rule holds for.
const EXAMPLES: usize = 5;

/// How a segment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentStanding {
    /// Who is in it.
    pub people: u64,
    /// Everybody has been judged by its rule as it is now.
    pub is_complete: bool,
    /// Days since 1970 (UTC) with how many entered and left, oldest first.
    pub days: Vec<(i64, u64, u64)>,
}

/// Whom a rule would hold for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentPreview {
    /// How many.
    pub people: u64,
    /// Of how many customers.
    pub of: u64,
    /// Some of them.
    pub examples: Vec<u64>,
}

/// A page of those who are in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Behind {
    /// How many in all.
    pub total: u64,
    /// Their ids, ascending.
    pub customers: Vec<u64>,
}

/// A segment that somebody is in, or was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Within {
    /// Its number.
    pub segment: SegmentId,
    /// Its name.
    pub name: String,
    /// When it was entered or left.
    pub at: Timestamp,
    /// Entered, or left.
    pub entered: bool,
    /// It holds now.
    pub is_now: bool,
}

/// Buyers by recency, frequency and monetary value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RfmReport {
    /// The purchase that was looked at.
    pub event: String,
    /// The currency in which most was bought; purchases in others are left out.
    pub currency: Option<Currency>,
    /// Buyers.
    pub buyers: u64,
    /// The groups, with how many buyers and what they bought for, in minor units.
    pub groups: Vec<RfmGroup>,
}

/// One group of buyers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RfmGroup {
    /// Its name and what it means.
    pub group: Group,
    /// How many.
    pub buyers: u64,
    /// What they bought for together, in minor units.
    pub minor: i64,
    /// The rule that holds for exactly these today.
    pub rule: Rule,
}

impl Engine {
    /// How a segment stands, with the last so many days of coming and going.
    pub fn segment_standing(
        &self,
        workspace: WorkspaceId,
        id: SegmentId,
        days: u32,
    ) -> Result<SegmentStanding, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let people = brand.segments.members().count(id);
        let is_complete = brand.segments.judged.load(Ordering::Acquire) >= brand.segments.defined().number;
        let from = self.now().0.div_euclid(86_400_000_000) - i64::from(days);
        let days = self.store().read(|c| {
            c.prepare_cached(
                "SELECT day, entered, gone FROM pipeline_segment_days
                 WHERE workspace = $1 AND segment = $2 AND day > $3 ORDER BY day",
            )?
            .query_map(params![workspace.0, id.0, from], |r| {
                Ok((r.get(0)?, r.get::<_, i64>(1)?.cast_unsigned(), r.get::<_, i64>(2)?.cast_unsigned()))
            })?
            .collect()
        })?;
        Ok(SegmentStanding { people, is_complete, days })
    }

    /// Who is in a segment, by ascending id.
    pub fn segment_people(
        &self,
        workspace: WorkspaceId,
        id: SegmentId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Behind, EngineError> {
        self.segment(workspace, id)?;
        let all = self.inner().brand(workspace)?.segments.members().of(id);
        let from = after.map_or(0, |after| all.partition_point(|c| *c <= after));
        Ok(Behind { total: all.len() as u64, customers: all[from..].iter().take(limit).copied().collect() })
    }

    /// Whether a customer is in a segment now.
    pub fn is_in_segment(&self, workspace: WorkspaceId, id: SegmentId, customer: u64) -> Result<bool, EngineError> {
        Ok(self.inner().brand(workspace)?.segments.members().is_in(id, customer))
    }

    /// The node under which a fact stands: the id of its customer, as long as nothing joins them with others.
    pub fn node_of(&self, workspace: WorkspaceId, fact: &Interaction) -> Result<u64, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let key = MessageKey::new(&self.inner().key_secret, workspace, fact.source.as_str(), &fact.message_id);
        Ok(fact.node(key, &*brand.naming()).0)
    }

    /// Waits until everything in the ledger is folded and whoever it may have moved is judged.
    pub fn wait_segments(&self) -> Result<(), EngineError> {
        self.wait_folded()?;
        let inner = self.inner();
        // One look may have begun before now; the next one has not.
        let wanted = inner.bell.looks.load(Ordering::Acquire) + 2;
        while inner.bell.looks.load(Ordering::Acquire) < wanted {
            inner.bell.ring();
            inner.wait_folded_to(0)?;
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
        Ok(())
    }

    /// Every entering and leaving of a customer, newest first.
    pub fn segments_of(&self, workspace: WorkspaceId, customer: u64) -> Result<Vec<Within>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let nodes = brand.graph().nodes(customer);
        let mut rows: Vec<(i64, i64, SegmentId, bool)> = self.store().read(|c| {
            let mut select = c.prepare_cached(
                "SELECT at, position, segment, entered FROM pipeline_memberships WHERE workspace = $1 AND node = $2",
            )?;
            let mut all = Vec::new();
            for node in &nodes {
                let mut of = select.query(params![workspace.0, node.0.cast_signed()])?;
                while let Some(r) = of.next()? {
                    all.push((r.get(0)?, r.get(1)?, SegmentId(r.get(2)?), r.get::<_, i64>(3)? != 0));
                }
            }
            Ok(all)
        })?;
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let defined = brand.segments.defined();
        let now: Vec<SegmentId> = brand.segments.members().segments_of(customer);
        let mut told: Vec<SegmentId> = Vec::new();
        let of = rows.into_iter().filter_map(|(at, _, segment, entered)| {
            let name = defined.all.get(&segment)?.name.clone();
            let is_last = entered && !told.contains(&segment);
            told.push(segment);
            let is_now = is_last && now.contains(&segment);
            Some(Within { segment, name, at: Timestamp(at), entered, is_now })
        });
        Ok(of.collect())
    }

    /// Whom a rule holds for now, counted whole. `id` is the segment that it is to be the rule of.
    pub fn try_segment(
        &self,
        workspace: WorkspaceId,
        id: Option<SegmentId>,
        rule: &Rule,
    ) -> Result<SegmentPreview, EngineError> {
        let inner = self.inner();
        let brand = inner.brand(workspace)?;
        let id = id.unwrap_or(SegmentId(u32::MAX));
        let rules = brand.segments.defined().with(id, rule, &brand.attributes)?;
        let place = rules.ids().iter().position(|r| *r == id).unwrap_or(0);
        let snapshot = brand.snapshot()?;
        let names = brand.key.clone();
        let now = self.now();
        let count = |buckets: &mut dyn Iterator<Item = u16>| -> Result<(u64, Vec<u64>), EngineError> {
            let (mut people, mut examples, mut failure) = (0, Vec::new(), None);
            inner.store.read(|c| {
                let reading = Reading::new(inner, &brand, c, &*names);
                let (mut looks, mut trial) = (Looks::default(), Trial::default());
                for bucket in buckets {
                    for id in snapshot.customer_ids(bucket) {
                        let Some(customer) = snapshot.customer(id) else { continue };
                        let look = looks.of(customer.segment(), &rules);
                        if rules.judge(look, &customer, reading.of(id), now, &mut trial).is_in(place) {
                            people += 1;
                            if examples.len() < EXAMPLES {
                                examples.push(id);
                            }
                        }
                    }
                }
                failure = reading.failure();
                Ok(())
            })?;
            failure.map_or(Ok((people, examples)), |f| Err(EngineError::Damaged(f)))
        };
        // Two threads take buckets in turn.
        let half = |odd: u16| (0..snapshot.buckets()).filter(move |b| b % 2 == odd);
        let (one, other) = std::thread::scope(|s| {
            let other = s.spawn(|| count(&mut half(1)));
            (count(&mut half(0)), other.join())
        });
        let (people, mut examples) = one?;
        let stopped = || EngineError::Refused("counting stopped".to_owned());
        let (more, others) = other.map_err(|_| stopped())??;
        examples.extend(others);
        examples.sort_unstable();
        examples.truncate(EXAMPLES);
        Ok(SegmentPreview { people: people + more, of: snapshot.customers() as u64, examples })
    }

    /// Buyers by recency, frequency and monetary value of an event that is a purchase.
    pub fn rfm(&self, workspace: WorkspaceId, event: &str) -> Result<RfmReport, EngineError> {
        let snapshot = self.inner().brand(workspace)?.snapshot()?;
        let now = self.now();
        let currency = main_currency(&snapshot, event);
        let mut report = RfmReport { event: event.to_owned(), currency, buyers: 0, groups: Vec::new() };
        let Some(currency) = currency else { return Ok(report) };
        let mut buyers = Vec::new();
        for bucket in 0..snapshot.buckets() {
            for id in snapshot.customer_ids(bucket) {
                buyers.extend(snapshot.customer(id).and_then(|c| buyer(&c, event, currency, now)));
            }
        }
        let Some(rfm) = Rfm::of(&buyers) else { return Ok(report) };
        report.buyers = buyers.len() as u64;
        let what = What { events: vec![event.to_owned()], ..What::default() };
        let mut sums = [(0_u64, 0_i64); GROUPS.len()];
        for b in &buyers {
            let of = &mut sums[rfm.group(b)];
            *of = (of.0 + 1, of.1.saturating_add(b.minor));
        }
        let group = |(group, (buyers, minor)): (&Group, (u64, i64))| RfmGroup {
            group: *group,
            buyers,
            minor,
            rule: rfm.rule(group, &what, currency, now),
        };
        report.groups = GROUPS.iter().zip(sums).map(group).collect();
        Ok(report)
    }

    /// Names of traits to build segments from, those of the most people first.
    pub fn trait_names(&self, workspace: WorkspaceId) -> Result<Vec<String>, EngineError> {
        Ok(self.store().read(|c| trait_names(c, workspace, 100))?)
    }
}

fn counted<'a>(c: &'a Customer<'_>, event: &str) -> impl Iterator<Item = usize> + 'a {
    let code = c.segment().event_code(event);
    (0..c.len()).filter(move |i| Some(c.event(*i)) == code && c.actor(*i).is_counted())
}

/// The currency of the most purchases.
fn main_currency(snapshot: &Snapshot, event: &str) -> Option<Currency> {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for bucket in 0..snapshot.buckets() {
        for id in snapshot.customer_ids(bucket) {
            let Some(c) = snapshot.customer(id) else { continue };
            for i in counted(&c, event) {
                if let Some(code) = c.money(i).and_then(|(_, code)| c.segment().currencies().get(code as usize)) {
                    *counts.entry(code.to_string()).or_default() += 1;
                }
            }
        }
    }
    let most = counts.into_iter().max_by_key(|(_, n)| *n)?;
    Currency::new(&most.0).ok()
}

fn buyer(c: &Customer<'_>, event: &str, currency: Currency, now: Timestamp) -> Option<Buyer> {
    let code = c.segment().currencies().iter().position(|k| **k == *currency.as_str())?;
    let mut found: Option<Buyer> = None;
    for i in counted(c, event).filter(|i| c.micros(*i) <= now.0) {
        let of = found.get_or_insert(Buyer { last: Timestamp(0), times: 0, minor: 0 });
        of.times += 1;
        of.last = of.last.max(Timestamp(c.micros(i)));
        let worth = c.money(i).filter(|(_, k)| usize::from(*k) == code).map_or(0, |(minor, _)| minor);
        of.minor = of.minor.saturating_add(worth);
    }
    found
}
