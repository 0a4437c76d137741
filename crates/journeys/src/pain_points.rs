//! Pain points: what is associated with unhappy answers and with dropping out, found among
//! everything that occurs, not among what somebody thought of.
//!
//! # Who is compared with whom
//!
//! The unit is an instance of a journey. Its outcome is its first answer (dissatisfied or not), or
//! whether it was lost. A candidate's exposure begins at a moment: an event with its first (or
//! second) row, an attribute or channel with the first row that has it, a promise *when its time
//! passes unmet* — never when the late delivery arrives, for by then the harm is done and the
//! customer who never got anything would count as unexposed. Only exposure before the outcome
//! counts, so neither the answer's own row nor anything at the same instant can explain it.
//!
//! Whoever is exposed is compared, at the moment exposure begins, with those who were alike then
//! and not exposed so far; both are then followed to their outcome, whenever that comes
//! ("sequential trials", Hernán et al. 2008; Gran et al. 2010). Alike means: the same stratum
//! (period of the start, new or returning), the same time bin, the same furthest stage, about the
//! same time since a stage was reached. For an attribute or a channel: a first row of the same event
//! in the same bin, because only a parcel that is shipped has a carrier, and being shipped is good
//! news by itself.
//!
//! # Why not simply among those who answer in the same bin
//!
//! Comparing within the bin of the *answer* protects against an exposure that merely had more time
//! to happen before a late answer, and against one that triggers the survey. But the time of the
//! answer is itself an effect. Where the unhappy answer sooner (or later) than the happy, the risk
//! within a bin is no longer the risk of the exposed: odds ratios survive that, risk ratios shrink
//! towards 1 (`examples/coverage.rs`, 2,000 worlds each: a 95 % interval then covers a planted ratio
//! of 2 in 29 % of worlds where the unhappy answer sooner and in 4 % where they answer later). And
//! where the exposure also moves the answer — late parcels are surveyed late — the bin is a common
//! effect of exposure and mood, and conditioning on it makes associations out of nothing (coverage
//! 0 %, with and without a true effect; at the moment of exposure 94.6–95.5 % in all of them). Comparing at the moment of exposure conditions on the past alone. More time does not
//! count as more exposure, since the unexposed have lived just as long; what everybody meets before
//! answering (the survey's own mail) has nobody who never met it, and is not estimated.
//!
//! Its price: the unexposed of one moment may be exposed later, which pulls a plain ratio towards 1.
//! `estimate.rs` takes that out by g-estimation, in closed form.
//!
//! # Why drop-out is not a hazard per bin
//!
//! Silence is noticed only after it has lasted: whoever had any row lately cannot be "dropped in
//! this bin", whatever it was, and whoever is at risk on day 45 has mostly been lost for 44 days.
//! A rate per bin of the day on which silence is *noticed* therefore calls every contact protective
//! and sees nothing of what drove customers away. Comparing those alike at the moment of exposure
//! by what finally became of them has neither fault. Instances that started less than the silence
//! before the end of the data are left out, those still waiting too.
//!
//! # Stages not reached
//!
//! "Not delivered" lasts from the start until the delivery, so there is no moment at which it
//! begins. It is compared among answers of the same time bin: delivered before the answer, or not.
//! The remark above applies to it; it is the only candidate that is compared so. For dropping out
//! it is no candidate: not reaching the next stage is what dropping out means.
//!
//! # What is shown
//!
//! All candidates of both outcomes are one family (Benjamini–Hochberg, q = 0.02). Only ratios above
//! 1 are pain points. Exposures of exactly the same instances are one finding with aliases; a
//! finding that vanishes within the strata of another is shown as that one's shadow. Everything is
//! an association, not proven to be the cause.
//!
//! Read `moments.rs` next (who is alike when), then `estimate.rs` and `tables.rs`.

use crate::compiled::Compiled;
use crate::extent::Extent;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_timeline::{ScanError, ScanOptions, Snapshot};
use throughline_value::Estimate;
use throughline_value::multiplicity::q_values;
use throughline_value::words::{NOT_PROVEN, certainty};

mod census;
pub mod estimate;
mod exposure;
mod moments;
mod overlap;
mod people;
mod revenue;
mod shadows;
mod tables;

pub use census::{CensusPass, CensusState};
use estimate::{Contrast, contrast};
pub use exposure::{Key, Kind};
pub use moments::Outcome;
pub use people::PainPeoplePass;
pub use revenue::{Revenue, RevenuePass, RevenueState, Unpriced, Worth};
use tables::{TablesPass, TablesState};

/// Turns the hash of an attribute into its dimension and value, such as `ref:carrier` and `dhl`.
pub type Dictionary<'a> = dyn Fn(u64) -> Option<(String, String)> + 'a;

/// How pain points of a journey are looked for.
#[derive(Debug, Clone)]
pub struct PainPoints {
    /// The journey, with the scope that is looked at.
    pub compiled: Arc<Compiled>,
    /// The false discovery rate; 0.02.
    pub q: f64,
    /// Candidates with fewer exposed instances are not compared; 10.
    pub fewest_exposed: u64,
    /// Findings with fewer exposed instances with the outcome are not shown; 5.
    pub fewest_events: u64,
    /// Of more candidates than this, those with the most exposed are compared; 4,000.
    pub most_candidates: usize,
    /// What money is worth; without it no finding is given a price.
    pub worth: Option<Worth>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// Key of the journey.
    pub journey: String,
    /// How many comparisons were made; the family of the false discovery rate.
    pub tested: usize,
    /// Per outcome: instances whose outcome is known, and those with it.
    pub units: BTreeMap<Outcome, (u64, u64)>,
    /// The pain points, those that affect most customers (at least) first.
    pub findings: Vec<Finding>,
    /// What they cost together, or why that is not shown.
    pub revenue: Revenue,
}

/// The name of a finding, for the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// `event`, `repeated`, `ref`, `property`, `touchpoint`, `stage`, `promise` or `channel`.
    pub kind: String,
    /// Its dimension, such as `carrier`; empty for kinds without.
    pub dimension: String,
    /// Its value, the event, the key of the stage, the kind of promise.
    pub value: String,
}

/// One pain point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The candidate, to ask for its people.
    pub key: Key,
    /// What it is associated with.
    pub outcome: Outcome,
    /// What it is.
    pub name: Name,
    /// Other candidates with exactly the same instances.
    pub aliases: Vec<Name>,
    /// How many times as often; `None` if it never happens to anybody who was not exposed.
    pub ratio: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end; `None` for no bound.
    pub high: Option<f64>,
    /// Two-sided p-value.
    pub p: f64,
    /// False discovery rate.
    pub q: f64,
    /// "very likely real" or "likely".
    pub certainty: &'static str,
    /// What must stand beside it.
    pub proof: &'static str,
    /// Exposed instances.
    pub exposed: u64,
    /// Those with the outcome.
    pub exposed_events: u64,
    /// Those expected, had they been like the unexposed.
    pub expected: f64,
    /// Customers exposed and with the outcome.
    pub customers: u64,
    /// Customers beyond what was expected, with interval; n is `customers`.
    pub affected: Estimate,
    /// Key of the stage it belongs to: the one that keeps the promise, the one not reached, otherwise
    /// the one in which exposure most often began.
    pub stage: String,
    /// Place in [`Findings::findings`] of the one behind it.
    pub shadow_of: Option<usize>,
    /// Revenue at risk in minor units, where later purchases can be measured.
    pub revenue: Option<Estimate>,
}

/// A candidate that was compared for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tested {
    /// The candidate.
    pub key: Key,
    /// The outcome.
    pub outcome: Outcome,
    /// Exposed instances, and those with the outcome.
    pub exposed: (u64, u64),
    /// What the comparison says.
    pub contrast: Contrast,
}

impl PainPoints {
    /// With the usual limits.
    pub fn new(compiled: Arc<Compiled>) -> Self {
        let (q, fewest_exposed, fewest_events, most_candidates) = (0.02, 10, 5, 4_000);
        Self { compiled, q, fewest_exposed, fewest_events, most_candidates, worth: None }
    }

    /// The first pass.
    pub fn census(&self) -> CensusPass {
        CensusPass { compiled: self.compiled.clone() }
    }

    /// The second pass, over the candidates that the census found often enough.
    pub fn tables(&self, census: &CensusState) -> TablesPass {
        let mut frequent: Vec<(u64, Key)> = census
            .counts
            .iter()
            .map(|(key, counts)| (counts[0].max(counts[1]), *key))
            .filter(|(exposed, _)| *exposed >= self.fewest_exposed.max(1))
            .collect();
        frequent.sort_by_key(|&(exposed, key)| (std::cmp::Reverse(exposed), key));
        frequent.truncate(self.most_candidates);
        let mut candidates: Vec<Key> = frequent.into_iter().map(|(_, key)| key).collect();
        candidates.sort_unstable();
        TablesPass { compiled: self.compiled.clone(), candidates: Arc::new(candidates) }
    }

    /// Every comparison, shown or not, in the order of the candidates.
    pub fn tested(&self, pass: &TablesPass, tables: &TablesState) -> Vec<Tested> {
        let compared = tables.compared();
        let mut tested = Vec::new();
        for (&(number, o), compared) in &compared {
            let key = pass.candidates[number as usize];
            let outcome = Outcome::ALL[o as usize];
            let Some(whole) = tables.wholes.get(&(number, o)) else { continue };
            if whole.exposed < self.fewest_exposed {
                continue;
            }
            // What everybody meets has nobody to be compared with.
            if let Some(contrast) = contrast(&compared.cells, compared.reuse)
                && contrast.never >= self.fewest_exposed as f64
            {
                tested.push(Tested { key, outcome, exposed: (whole.exposed, whole.events), contrast });
            }
        }
        tested
    }

    /// Looks for pain points: three scans.
    pub fn find(
        &self,
        snapshot: &Snapshot,
        dictionary: &Dictionary<'_>,
        options: &ScanOptions<'_>,
    ) -> Result<Findings, ScanError> {
        let census = snapshot.scan(&self.census(), options)?;
        let pass = self.tables(&census);
        let tables = snapshot.scan(&pass, options)?;
        let tested = self.tested(&pass, &tables);
        let p: Vec<f64> = tested.iter().map(|t| t.contrast.p).collect();
        let q = q_values(&p);

        let mut findings: Vec<Finding> = tested
            .iter()
            .zip(&q)
            .filter(|(t, q)| **q <= self.q && t.contrast.low > 1.0 && t.exposed.1 >= self.fewest_events)
            .filter_map(|(t, &q)| self.finding(t, q, &pass, &tables, &census, dictionary))
            .collect();
        findings = shadows::collapse(findings, |f| {
            let number = pass.candidates.binary_search(&f.key).unwrap_or(0) as u32;
            let whole = tables.wholes.get(&(number, u8::from(f.outcome == Outcome::DropOut)));
            whole.map_or(0, |w| w.fingerprint)
        });
        findings.sort_by(|a, b| b.affected.low.total_cmp(&a.affected.low).then(a.key.cmp(&b.key)));
        for outcome in Outcome::ALL {
            shadows::cast(&mut findings, outcome, &pass, snapshot, options)?;
        }

        let revenue = self.price(&mut findings, &tables, snapshot, options)?;
        let units = Outcome::ALL.into_iter().zip(tables.units).collect();
        Ok(Findings { journey: self.compiled.definition.key.clone(), tested: tested.len(), units, findings, revenue })
    }

    /// Gives findings that are not another's shadow their share of the revenue at risk.
    fn price(
        &self,
        findings: &mut [Finding],
        tables: &TablesState,
        snapshot: &Snapshot,
        options: &ScanOptions<'_>,
    ) -> Result<Revenue, ScanError> {
        let Some(worth) = &self.worth else { return Ok(Revenue::Unmeasured { reason: Unpriced::NoMargin }) };
        let keys: Vec<Key> = findings.iter().filter(|f| f.shadow_of.is_none()).map(|f| f.key).collect();
        if keys.is_empty() {
            return Ok(Revenue::Unmeasured { reason: Unpriced::NothingFound });
        }
        let extent = snapshot.scan(&Extent, options)?;
        let days = |first: Timestamp| (self.compiled.end - first.0).max(0) / 86_400_000_000;
        let observed = u32::try_from(extent.first().map_or(0, days)).unwrap_or(u32::MAX);
        // Instances whose loss is known are about as many as customers, and never fewer than a few.
        let customers = tables.units.iter().map(|(known, _)| *known).max().unwrap_or(0);
        let pass = RevenuePass::new(self.compiled.clone(), keys, &worth.currency, customers, observed);
        let state = snapshot.scan(&pass, options)?;
        match pass.result(&state, worth) {
            Ok((total, shares, horizon_days)) => {
                for finding in findings.iter_mut().filter(|f| f.shadow_of.is_none()) {
                    finding.revenue = shares.iter().find(|(key, _)| *key == finding.key).map(|(_, loss)| *loss);
                }
                Ok(Revenue::Measured { currency: worth.currency.clone(), horizon_days, total })
            }
            Err(why) => Ok(Revenue::Unmeasured { reason: why.into() }),
        }
    }

    fn finding(
        &self,
        tested: &Tested,
        q: f64,
        pass: &TablesPass,
        tables: &TablesState,
        census: &CensusState,
        dictionary: &Dictionary<'_>,
    ) -> Option<Finding> {
        let number = pass.candidates.binary_search(&tested.key).ok()? as u32;
        let whole = tables.wholes.get(&(number, u8::from(tested.outcome == Outcome::DropOut)))?;
        let Contrast { ratio, low, high, p, .. } = tested.contrast;
        let share = |ratio: f64| 1.0 - 1.0 / ratio.max(1.0);
        let customers = whole.customers as f64;
        let value = ratio.map_or(customers, |r| customers * share(r));
        let top = high.map_or(customers, |h| customers * share(h));
        let began = whole.stages.iter().max_by_key(|(stage, n)| (**n, std::cmp::Reverse(**stage))).map(|(s, _)| *s);
        Some(Finding {
            key: tested.key,
            outcome: tested.outcome,
            name: self.name(tested.key, census, dictionary),
            aliases: Vec::new(),
            ratio,
            low,
            high,
            p,
            q,
            certainty: certainty(q)?,
            proof: NOT_PROVEN,
            exposed: whole.exposed,
            exposed_events: whole.events,
            expected: ratio.map_or(0.0, |r| whole.events as f64 / r.max(f64::MIN_POSITIVE)),
            customers: whole.customers,
            affected: Estimate::new(value, customers * share(low), top, whole.customers),
            stage: self.stage(tested.key, began.unwrap_or(0) as usize),
            shadow_of: None,
            revenue: None,
        })
    }

    /// Where a finding belongs, for people who look at the map.
    fn stage(&self, key: Key, began: usize) -> String {
        let definition = &self.compiled.definition;
        let place = key.id as usize;
        let keeping = || {
            let kept_by = &definition.promises.get(place)?.kept_by;
            definition.stages.iter().position(|s| s.events.iter().any(|e| kept_by.contains(e)))
        };
        let stage = match key.kind {
            Kind::Promise => keeping().unwrap_or(began),
            Kind::NotReached => place,
            _ => began,
        };
        definition.stages.get(stage).map(|s| s.key.clone()).unwrap_or_default()
    }

    fn name(&self, key: Key, census: &CensusState, dictionary: &Dictionary<'_>) -> Name {
        let definition = &self.compiled.definition;
        let place = key.id as usize;
        let (kind, dimension, value) = match key.kind {
            Kind::Promise => ("promise", String::new(), definition.promises.get(place).map(|p| p.kind.clone())),
            Kind::NotReached => ("stage", String::new(), definition.stages.get(place).map(|s| s.key.clone())),
            Kind::Event => ("event", String::new(), census.names.get(&key).cloned()),
            Kind::Repeated => ("repeated", String::new(), census.names.get(&key).cloned()),
            Kind::Channel => ("channel", String::new(), census.names.get(&key).cloned()),
            Kind::Attribute => match dictionary(key.id) {
                Some((dimension, value)) => match dimension.split_once(':') {
                    Some(("ref", name)) => ("ref", name.to_owned(), Some(value)),
                    Some(("property", name)) => ("property", name.to_owned(), Some(value)),
                    _ => ("touchpoint", dimension, Some(value)),
                },
                None => ("property", String::new(), None),
            },
        };
        Name { kind: kind.to_owned(), dimension, value: value.unwrap_or_else(|| format!("{:016x}", key.id)) }
    }
}
