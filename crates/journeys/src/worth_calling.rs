//! People worth calling today, told by what they did alone, so that it helps with three hundred
//! orders and not one answer: whom a promise has failed and who still waits, who was unhappy and has
//! heard nothing since, whom a designed outcome has met (a refund, a cancellation, a late parcel), who
//! used to come back and stays away.
//!
//! Two passes: [`crate::ReturnsPass`] learns after how many days customers come back; [`CallsPass`] lists
//! the people. "Stays away" is told only where the first has seen enough returns, and by the day by
//! which eight of ten of those who come back have done so. That is the day of those who do, not of
//! everybody: it makes nobody a debtor, only a name worth a call.

use crate::compiled::Compiled;
use crate::definition::OutcomeRule;
use crate::instances::{Instance, Splitter};
use crate::wire::{put_list, put_u32, put_u64, read_list};
use serde::Serialize;
use std::sync::Arc;
use throughline_interactions::{Actor, Direction};
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader, put_bytes};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// An overdue promise is old news after so many days.
const OVERDUE_DAYS: i64 = 60;
/// An unhappy answer, and what else went wrong, is old news after so many days.
const UNHAPPY_DAYS: i64 = 30;
/// Who has stayed away for so many times the usual is gone.
const GONE: i64 = 3;

/// Lists people worth calling.
#[derive(Debug, Clone)]
pub struct CallsPass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// See [`crate::ReturnsState::usual_days`].
    pub usual_days: Option<u32>,
    /// How many people to keep, the most urgent.
    pub most: usize,
}

/// Why somebody is worth a call. Days are counted back from the last moment of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum CallReason {
    /// A promise has passed unmet, and is unmet still.
    Overdue {
        /// Place in the definition's promises.
        rule: u8,
        /// For so many days.
        days: u32,
    },
    /// An answer was unhappy, and no person has turned to them since.
    Unhappy {
        /// So many days ago.
        days: u32,
    },
    /// A designed outcome came about, and no person has turned to them since.
    Met {
        /// Place in the definition's outcomes.
        outcome: u8,
        /// So many days ago.
        days: u32,
    },
    /// They came back before, and have stayed away for longer than is usual.
    StaysAway {
        /// Instances of the journey.
        times: u32,
        /// Days since the last began.
        days: u32,
    },
}

impl CallReason {
    /// How urgent it is beside the others.
    fn weight(self) -> u32 {
        match self {
            Self::Overdue { .. } => 4,
            Self::Unhappy { .. } => 3,
            Self::Met { .. } => 2,
            Self::StaysAway { .. } => 1,
        }
    }
}

/// Somebody worth a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorthCalling {
    /// The customer.
    pub customer: u64,
    /// Why, the most urgent first.
    pub reasons: Vec<CallReason>,
    /// What they spent, in minor units of `currency`.
    pub spent: i64,
    /// The currency of their first amount; empty without any. Others are not counted.
    pub currency: String,
}

impl WorthCalling {
    /// Before others in the list: more urgent, then worth more, then by id.
    fn rank(&self) -> (std::cmp::Reverse<u32>, std::cmp::Reverse<i64>, u64) {
        let urgency = self.reasons.iter().map(|r| r.weight()).sum();
        (std::cmp::Reverse(urgency), std::cmp::Reverse(self.spent), self.customer)
    }
}

/// The most urgent people, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallsState {
    people: Vec<WorthCalling>,
    most: usize,
    total: u64,
}

impl CallsState {
    /// The most urgent, first first.
    pub fn people(mut self) -> Vec<WorthCalling> {
        self.cut();
        self.people
    }

    /// How many people are worth a call in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    fn push(&mut self, person: WorthCalling) {
        self.total += 1;
        self.people.push(person);
        if self.people.len() > self.most * 4 + 64 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.people.sort_by_key(WorthCalling::rank);
        self.people.truncate(self.most);
    }
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct CallsLocal {
    splitter: Splitter,
    currencies: Vec<String>,
}

impl Pass for CallsPass {
    const NAME: &'static str = "worth calling";
    type State = CallsState;
    type Local = CallsLocal;

    fn start(&self) -> CallsState {
        CallsState { most: self.most, ..CallsState::default() }
    }

    fn enter(&self, segment: &Segment) -> CallsLocal {
        CallsLocal {
            splitter: Splitter::new(&self.compiled, segment),
            currencies: segment.currencies().iter().map(|c| c.to_string()).collect(),
        }
    }

    fn customer(&self, local: &mut CallsLocal, customer: Customer<'_>, state: &mut CallsState) {
        let instances = local.splitter.split(&self.compiled, &customer);
        let mut reasons: Vec<CallReason> = Vec::new();
        reasons.extend(self.overdue(instances));
        reasons.extend(self.unhappy(instances, &customer));
        reasons.extend(self.met(instances, &customer));
        reasons.extend(self.stays_away(instances));
        if reasons.is_empty() {
            return;
        }
        let (spent, currency) = spent(instances, &customer, &local.currencies);
        state.push(WorthCalling { customer: customer.id, reasons, spent, currency });
    }
}

impl CallsPass {
    fn days_ago(&self, at: i64) -> i64 {
        (self.compiled.end - at) / DAY
    }

    /// The promise that has been overdue for longest, of those that are not old news.
    fn overdue(&self, instances: &[Instance]) -> Option<CallReason> {
        let waiting = instances.iter().filter(|i| i.given_up().is_none());
        let fates = waiting.flat_map(|i| &i.promises).filter(|p| p.delivered.is_none());
        let overdue = fates.filter_map(|fate| {
            let reading = self.compiled.definition.promises.get(fate.rule as usize)?.reading;
            let at = fate.overdue_at(reading, self.compiled.end)?;
            Some((self.days_ago(at), fate.rule))
        });
        let (days, rule) = overdue.filter(|(days, _)| *days <= OVERDUE_DAYS).max()?;
        Some(CallReason::Overdue { rule, days: u32::try_from(days).ok()? })
    }

    /// The last answer, if it was unhappy, is not old news, and nobody has turned to them since.
    fn unhappy(&self, instances: &[Instance], customer: &Customer<'_>) -> Option<CallReason> {
        let last = instances.iter().flat_map(|i| &i.answers).max_by_key(|a| (a.at, a.row))?;
        let days = self.days_ago(last.at);
        let heard = (last.row as usize + 1..customer.len()).any(|i| turned_to(customer, i));
        let is_news = last.dissatisfied && days <= UNHAPPY_DAYS && !heard;
        is_news.then_some(CallReason::Unhappy { days: u32::try_from(days).ok()? })
    }

    /// The last designed outcome that came about, if it is not old news and nobody has turned to them
    /// since. What is overdue still is told by [`CallReason::Overdue`], who stays away by
    /// [`CallReason::StaysAway`].
    fn met(&self, instances: &[Instance], customer: &Customer<'_>) -> Option<CallReason> {
        let rules = self.compiled.definition.outcomes.iter().enumerate().filter(|(_, rule)| !rule.next_instance);
        let came = rules.flat_map(|(outcome, rule)| {
            instances.iter().filter_map(move |i| Some((self.came_at(i, outcome as u8, rule)?, outcome as u8)))
        });
        let (at, outcome) = came.max()?;
        let days = self.days_ago(at);
        let heard = (0..customer.len()).any(|i| customer.micros(i) > at && turned_to(customer, i));
        (days <= UNHAPPY_DAYS && !heard).then_some(CallReason::Met { outcome, days: u32::try_from(days).ok()? })
    }

    /// When a designed outcome came about: the event, or the moment a promise passed that was kept
    /// after all.
    fn came_at(&self, instance: &Instance, outcome: u8, rule: &OutcomeRule) -> Option<i64> {
        let Some(kind) = &rule.promise else {
            return instance.outcomes.iter().find(|(told, _)| *told == outcome).map(|(_, at)| *at);
        };
        let definition = &self.compiled.definition;
        let place = definition.promises.iter().position(|p| p.kind == *kind)?;
        let fate = instance.promises.iter().find(|f| f.rule as usize == place && f.delivered.is_some())?;
        fate.overdue_at(definition.promises[place].reading, self.compiled.end)
    }

    fn stays_away(&self, instances: &[Instance]) -> Option<CallReason> {
        let usual = i64::from(self.usual_days?);
        let last = instances.last().filter(|_| instances.len() > 1)?;
        let days = self.days_ago(last.start);
        let (times, days_seen) = (u32::try_from(instances.len()).ok()?, u32::try_from(days).ok()?);
        (days > usual && days <= usual * GONE).then_some(CallReason::StaysAway { times, days: days_seen })
    }
}

/// True if a person of the brand turned to the customer with this row.
fn turned_to(customer: &Customer<'_>, i: usize) -> bool {
    customer.direction(i) == Direction::Out && customer.actor(i) == Actor::Agent
}

/// Money of the rows that started an instance.
fn spent(instances: &[Instance], customer: &Customer<'_>, currencies: &[String]) -> (i64, String) {
    let mut sum = 0_i64;
    let mut counted: Option<u16> = None;
    for instance in instances {
        if let Some((minor, currency)) = customer.money(instance.start_row() as usize)
            && *counted.get_or_insert(currency) == currency
        {
            sum = sum.saturating_add(minor);
        }
    }
    let currency = counted.and_then(|c| currencies.get(c as usize)).cloned().unwrap_or_default();
    (sum, currency)
}

impl PassState for CallsState {
    const VERSION: u16 = 2;

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.most = self.most.max(other.most);
        self.people.extend(other.people);
        self.cut();
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.most as u64);
        put_u64(out, self.total);
        put_list(out, self.people.iter(), |out, person| {
            put_u64(out, person.customer);
            put_u64(out, person.spent as u64);
            put_bytes(out, person.currency.as_bytes());
            put_list(out, person.reasons.iter(), |out, reason| {
                let (kind, a, b) = match *reason {
                    CallReason::Overdue { rule, days } => (0, u32::from(rule), days),
                    CallReason::Unhappy { days } => (1, 0, days),
                    CallReason::StaysAway { times, days } => (2, times, days),
                    CallReason::Met { outcome, days } => (3, u32::from(outcome), days),
                };
                put_u32(out, kind);
                put_u32(out, a);
                put_u32(out, b);
            });
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let most = usize::try_from(reader.u64()?).map_err(|_| StateError::Damaged)?;
        let total = reader.u64()?;
        let people = read_list(&mut reader, 32, |r| {
            let (customer, spent, currency) = (r.u64()?, r.i64()?, r.text()?.to_owned());
            let reasons = read_list(r, 12, |r| {
                let (kind, a, days) = (r.u32()?, r.u32()?, r.u32()?);
                match kind {
                    0 => Ok(CallReason::Overdue { rule: u8::try_from(a).map_err(|_| StateError::Damaged)?, days }),
                    1 => Ok(CallReason::Unhappy { days }),
                    2 => Ok(CallReason::StaysAway { times: a, days }),
                    3 => Ok(CallReason::Met { outcome: u8::try_from(a).map_err(|_| StateError::Damaged)?, days }),
                    _ => Err(StateError::Damaged),
                }
            })?;
            Ok(WorthCalling { customer, reasons, spent, currency })
        })?;
        reader.end()?;
        Ok(Self { people, most, total })
    }
}
