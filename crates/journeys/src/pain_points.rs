//! Pain points: what is associated with unhappy answers and with dropping out, found among
//! everything that occurs, not among what somebody thought of.
//!
//! # Who is compared with whom
//!
//! The unit is an instance of a journey. Its outcome is its first answer (dissatisfied or not), whether
//! it was lost, or what the journey designs and behaviour alone tells (`definition/outcome.rs`): a
//! refund, a promise that passed unmet, no return. A candidate's exposure begins at a moment: an event with its first (or
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
//! All candidates of all outcomes are one family (Benjamini–Hochberg, q = 0.02). Ratios above 1 are
//! pain points; ratios below 1 of references, properties, touchpoints and channels are bright spots:
//! among those alike, who met it was unhappy less often. (An event below 1 is mostly the next step of
//! the journey, whose absence hurts, so events are no bright spots.) Exposures of exactly the same
//! instances are one finding with aliases; a finding that vanishes within the strata of another is
//! shown as that one's shadow, and the rate is held among what is left to stand by itself
//! (`focus.rs`). Everything is
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
pub(crate) mod exposure;
mod focus;
pub(crate) mod moments;
mod outcome;
mod overlap;
mod people;
mod revenue;
mod shadows;
mod tables;

pub use census::{CensusPass, CensusState};
use estimate::{Contrast, contrast};
pub use exposure::{Key, Kind};
pub use outcome::Outcome;
pub use people::PainPeoplePass;
pub use revenue::{Priced, Revenue, RevenuePass, RevenueState, Unpriced, Worth};
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
    /// Of so many instances every time bin is looked at, of more every fifth of each, which saves four
    /// fifths of the work and costs precision that so many have to spare; 200,000.
    pub every_bin_up_to: u64,
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
    /// Per outcome, by its key: instances whose outcome is known, and those with it.
    pub units: BTreeMap<String, (u64, u64)>,
    /// The pain points: first those of unhappy and lost customers, then those that behaviour alone tells;
    /// of each those that affect most customers (at least) first.
    pub findings: Vec<Finding>,
    /// What goes better than among those alike, and is not the mere absence of a pain point; their
    /// ratios are below 1 and `affected` counts who was spared.
    pub bright: Vec<Finding>,
    /// What may hurt a lot or not at all: too few met it to tell. The widest open first, at most
    /// [`MOST_UNDECIDED`].
    pub undecided: Vec<Undecided>,
    /// What they cost together, or why that is not shown.
    pub revenue: Revenue,
}

/// Something of which too few cases are known to say whether it hurts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undecided {
    /// What it is.
    pub name: Name,
    /// What it may be associated with.
    #[serde(skip)]
    pub outcome: Outcome,
    /// Its key in the design.
    #[serde(rename = "outcome")]
    pub outcome_key: String,
    /// How many times as often, as far as can be said.
    pub ratio: f64,
    /// Lower end of the 95 % interval, at most 1.
    pub low: f64,
    /// Upper end, above 2.
    pub high: f64,
    /// Exposed instances.
    pub exposed: u64,
}

/// So many of the undecided are told.
const MOST_UNDECIDED: usize = 5;

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
    #[serde(skip)]
    pub outcome: Outcome,
    /// Its key: `dissatisfaction`, `drop-out`, or that of the design.
    #[serde(rename = "outcome")]
    pub outcome_key: String,
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
    /// Customers beyond what was expected, with interval; n is `customers`. Of a bright spot: instances
    /// that were spared, n is `exposed`.
    pub affected: Estimate,
    /// Key of the stage it belongs to: the one that keeps the promise, the one not reached, otherwise
    /// the one in which exposure most often began.
    pub stage: String,
    /// Place in [`Findings::findings`] of the one behind it.
    pub shadow_of: Option<usize>,
    /// Revenue at risk in minor units, where later purchases can be measured.
    pub revenue: Option<Estimate>,
}

impl Finding {
    /// True if it goes better with it.
    pub fn is_bright(&self) -> bool {
        self.high.is_some_and(|high| high < 1.0)
    }
}

/// A candidate that was compared for an outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// Of a hundred exposed, so many with a designed outcome make the exposure a step of it: what is
/// returned has been asked back before.
const STEP_OF_IT: f64 = 0.95;

/// True if the exposure is rather a part of a designed outcome than something that leads to it: nearly
/// all who met it had the outcome, and hardly anybody else.
fn is_step(t: &Tested) -> bool {
    let all = t.exposed.1 as f64 >= STEP_OF_IT * t.exposed.0 as f64;
    matches!(t.outcome, Outcome::Designed(_)) && all && t.contrast.ratio.is_none_or(|r| r > 20.0)
}

impl PainPoints {
    /// With the usual limits.
    pub fn new(compiled: Arc<Compiled>) -> Self {
        Self {
            compiled,
            q: 0.02,
            fewest_exposed: 10,
            fewest_events: 5,
            most_candidates: 4_000,
            every_bin_up_to: 200_000,
            worth: None,
        }
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
            .map(|(key, counts)| (counts.iter().copied().max().unwrap_or(0), *key))
            .filter(|(exposed, _)| *exposed >= self.fewest_exposed.max(1))
            .collect();
        frequent.sort_by_key(|&(exposed, key)| (std::cmp::Reverse(exposed), key));
        frequent.truncate(self.most_candidates);
        let mut candidates: Vec<Key> = frequent.into_iter().map(|(_, key)| key).collect();
        candidates.sort_unstable();
        let step = if census.instances <= self.every_bin_up_to { 1 } else { moments::STEP };
        TablesPass { compiled: self.compiled.clone(), candidates: Arc::new(candidates), step }
    }

    /// Every comparison, shown or not, in the order of the candidates.
    pub fn tested(&self, pass: &TablesPass, tables: &TablesState) -> Vec<Tested> {
        let compared = tables.compared(pass.step);
        let outcomes = self.compiled.outcomes();
        let mut tested = Vec::new();
        for (&(number, o), compared) in &compared {
            let key = pass.candidates[number as usize];
            let Some(outcome) = outcomes.iter().copied().find(|known| known.number() == o as usize) else { continue };
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

        let mut all: Vec<Finding> = tested
            .iter()
            .zip(&q)
            .filter(|(t, q)| **q <= self.q && (self.is_pain(t) || self.is_bright(t)))
            .filter_map(|(t, &q)| self.finding(t, q, &pass, &tables, &census, dictionary))
            .collect();
        all = shadows::collapse(all, |f| {
            let number = pass.candidates.binary_search(&f.key).unwrap_or(0) as u32;
            let whole = tables.wholes.get(&(number, f.outcome.number() as u8));
            whole.map_or(0, |w| w.fingerprint)
        });
        all.sort_by(|a, b| {
            let by_answers = |f: &Finding| matches!(f.outcome, Outcome::Designed(_));
            let order = a.is_bright().cmp(&b.is_bright()).then(by_answers(a).cmp(&by_answers(b)));
            order.then(b.affected.low.total_cmp(&a.affected.low)).then(a.key.cmp(&b.key))
        });
        for outcome in self.compiled.outcomes() {
            shadows::cast(&mut all, outcome, &pass, snapshot, options)?;
        }
        let (findings, bright) = shadows::part(all);
        let [mut findings, bright] = focus::focus(findings, bright, tested.len(), self.q);

        let undecided = self.undecided(&tested, &census, dictionary);
        let revenue = self.price(&mut findings, &tables, snapshot, options)?;
        let key = |outcome: Outcome| outcome.key(&self.compiled.definition).to_owned();
        let units = self.compiled.outcomes().into_iter().map(|o| (key(o), tables.units[o.number()])).collect();
        Ok(Findings {
            journey: self.compiled.definition.key.clone(),
            tested: tested.len(),
            units,
            findings,
            bright,
            undecided,
            revenue,
        })
    }

    fn is_pain(&self, tested: &Tested) -> bool {
        tested.contrast.low > 1.0 && tested.exposed.1 >= self.fewest_events && !is_step(tested)
    }

    fn undecided(&self, tested: &[Tested], census: &CensusState, dictionary: &Dictionary<'_>) -> Vec<Undecided> {
        let open = |t: &Tested| {
            let Contrast { ratio, low, high, .. } = t.contrast;
            let (ratio, high) = (ratio?, high?);
            (low <= 1.0 && ratio > 1.2 && high > 2.0).then(|| Undecided {
                name: self.name(t.key, census, dictionary),
                outcome: t.outcome,
                outcome_key: t.outcome.key(&self.compiled.definition).to_owned(),
                ratio,
                low,
                high,
                exposed: t.exposed.0,
            })
        };
        // What stands by its own value is plainer than what happened a second time.
        let plain = |t: &&Tested| matches!(t.key.kind, Kind::Attribute | Kind::Channel | Kind::Event);
        let mut open: Vec<Undecided> = tested.iter().filter(plain).filter_map(open).collect();
        open.sort_by(|a, b| (b.high / b.low.max(1e-3)).total_cmp(&(a.high / a.low.max(1e-3))));
        open.truncate(MOST_UNDECIDED);
        open
    }

    fn is_bright(&self, tested: &Tested) -> bool {
        matches!(tested.key.kind, Kind::Attribute | Kind::Channel)
            && tested.outcome == Outcome::Dissatisfaction
            && tested.contrast.high.is_some_and(|high| high < 1.0)
            && tested.contrast.null_events >= self.fewest_events as f64
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
        // What makes customers unhappy or lost is priced; where nothing is known of that, what behaviour tells.
        let told = |f: &&Finding| f.shadow_of.is_none() && !matches!(f.outcome, Outcome::Designed(_));
        let mut keys: Vec<Key> = findings.iter().filter(told).map(|f| f.key).collect();
        if keys.is_empty() {
            keys = findings.iter().filter(|f| f.shadow_of.is_none()).map(|f| f.key).collect();
        }
        if keys.is_empty() {
            return Ok(Revenue::Unmeasured { reason: Unpriced::NothingFound });
        }
        let extent = snapshot.scan(&Extent, options)?;
        let days = |first: Timestamp| (self.compiled.end - first.0).max(0) / 86_400_000_000;
        let observed = u32::try_from(extent.first().map_or(0, days)).unwrap_or(u32::MAX);
        // Instances whose loss is known are about as many as customers, and never fewer than a few.
        let customers = tables.units.iter().map(|(known, _)| *known).max().unwrap_or(0);
        let (revenue, shares) = self.priced(worth, keys, customers, observed, snapshot, options)?;
        for finding in findings.iter_mut().filter(|f| f.shadow_of.is_none()) {
            finding.revenue = shares.iter().find(|(key, _)| *key == finding.key).map(|(_, loss)| *loss);
        }
        Ok(revenue)
    }

    /// What pain points cost, whether they were found or not; customers are followed for as long as
    /// half of `observed_days` allows.
    pub fn price_of(
        &self,
        keys: &[Key],
        observed_days: u32,
        snapshot: &Snapshot,
        options: &ScanOptions<'_>,
    ) -> Result<Revenue, ScanError> {
        let Some(worth) = &self.worth else { return Ok(Revenue::Unmeasured { reason: Unpriced::NoMargin }) };
        let customers = snapshot.customers() as u64;
        Ok(self.priced(worth, keys.to_vec(), customers, observed_days, snapshot, options)?.0)
    }

    fn priced(
        &self,
        worth: &Worth,
        keys: Vec<Key>,
        customers: u64,
        observed_days: u32,
        snapshot: &Snapshot,
        options: &ScanOptions<'_>,
    ) -> Result<(Revenue, Vec<(Key, Estimate)>), ScanError> {
        let pass = RevenuePass::new(self.compiled.clone(), keys, &worth.currency, customers, observed_days);
        let state = snapshot.scan(&pass, options)?;
        Ok(match pass.result(&state, worth) {
            Ok(Priced { total, shares, left_out, horizon_days }) => {
                (Revenue::Measured { currency: worth.currency.clone(), horizon_days, total, left_out }, shares)
            }
            Err(why) => (Revenue::Unmeasured { reason: why.into() }, Vec::new()),
        })
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
        let whole = tables.wholes.get(&(number, tested.outcome.number() as u8))?;
        let Contrast { ratio, low, high, p, .. } = tested.contrast;
        let share = |ratio: f64| 1.0 - 1.0 / ratio.max(1.0);
        let customers = whole.customers as f64;
        let events = whole.events as f64;
        // Without a single event of the exposed a ratio tells nobody how many there might have been.
        let expected = match ratio {
            Some(r) if r > 0.0 => events / r,
            Some(_) => tested.contrast.null_events,
            None => 0.0,
        };
        let affected = if high.is_some_and(|h| h < 1.0) {
            let most = (whole.exposed - whole.events) as f64;
            let spared = |ratio: f64| if ratio > 0.0 { (events / ratio - events).min(most) } else { most };
            let (least, most) = (high.map_or(0.0, spared), spared(low));
            Estimate::new((expected - events).clamp(least, most), least, most, whole.exposed)
        } else {
            let value = ratio.map_or(customers, |r| customers * share(r));
            let top = high.map_or(customers, |h| customers * share(h));
            Estimate::new(value, customers * share(low), top, whole.customers)
        };
        let began = whole.stages.iter().max_by_key(|(stage, n)| (**n, std::cmp::Reverse(**stage))).map(|(s, _)| *s);
        Some(Finding {
            key: tested.key,
            outcome: tested.outcome,
            outcome_key: tested.outcome.key(&self.compiled.definition).to_owned(),
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
            expected,
            customers: whole.customers,
            affected,
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
