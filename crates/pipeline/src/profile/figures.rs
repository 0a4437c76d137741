//! What is counted of one customer, and from which interactions: by the instances that maps count, and by the
//! names that scorecards go by.

use crate::story::{Bond, CustomerFigure, Moments, Reading};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use throughline_interactions::Timestamp;
use throughline_journeys::{Definition, Ending, Instance};

/// What the orders in one currency came to; currencies are never added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spend {
    /// The currency.
    pub currency: String,
    /// The amounts with which orders began, in minor units.
    pub minor: i64,
    /// Orders that began with an amount in it.
    pub orders: u64,
    /// An order on average, in minor units.
    pub average_minor: i64,
    /// What went back in those orders, in minor units, above zero.
    pub returned_minor: i64,
}

/// How an instance of a journey stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Its end was reached.
    Finished,
    /// It was given up, or has been silent for too long.
    Lost,
    /// It goes on.
    Waiting,
}

/// Where somebody stands in a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomerStage {
    /// The journey's key.
    pub journey: String,
    /// What people call it.
    pub journey_name: String,
    /// The furthest stage that was reached in the latest instance: its key.
    pub stage: String,
    /// What people call it.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// The interaction that reached it, by its place in the ledger.
    pub position: u64,
    /// How it stands.
    pub state: StageState,
    /// Instances so far.
    pub instances: u64,
}

pub(crate) const HOW_CONTACTS: &str = "tickets, conversations, cases and calls with which they turned to the help desk, each once; told by the names of events, as on scorecards";
pub(crate) const HOW_PROMISES: &str =
    "promises whose time has come, the first of its kind in each instance of a journey, as on its map";
pub(crate) const HOW_ANSWERS: &str = "answers of the kinds that the first journey reads as satisfaction";

pub(crate) fn how_orders(journey: &str) -> String {
    format!("instances of the journey “{journey}” that they began, as on its map")
}

pub(crate) fn how_returns(journey: &str) -> String {
    format!(
        "of those instances of “{journey}” the ones in which something came back or its money did; told by the names of events, as on scorecards"
    )
}

/// What a life comes to; places in the story.
#[derive(Debug, Default)]
pub(crate) struct Lived {
    /// The name of the journey that is about orders.
    pub(crate) orders_of: Option<String>,
    pub(crate) orders: Vec<u32>,
    pub(crate) returns: Vec<u32>,
    pub(crate) spend: Vec<Spend>,
    pub(crate) kept: Vec<u32>,
    pub(crate) broken: Vec<u32>,
    pub(crate) answers: Vec<u32>,
    pub(crate) stage: Option<CustomerStage>,
}

impl Engine {
    /// Counts a life by the instances of every journey.
    pub(crate) fn lived(&self, reading: &Reading) -> Result<Lived, EngineError> {
        let m = &reading.moments;
        let mut lived = Lived::default();
        let mut known: HashSet<&str> = HashSet::new();
        for (number, journey) in reading.journeys.iter().enumerate() {
            let is_about_orders = lived.orders_of.is_none() && journey.subject.as_deref() == Some("order");
            let promises = journey.promises.iter().any(|p| !known.contains(&*p.kind));
            if number > 0 && !is_about_orders && !promises {
                continue;
            }
            let (compiled, instances) = self.instances(reading, &journey.key)?;
            for instance in &instances {
                for fate in &instance.promises {
                    let rule = &journey.promises[fate.rule as usize];
                    let deadline = fate.deadline(rule.reading);
                    match fate.delivered {
                        _ if known.contains(&*rule.kind) => {}
                        Some(at) if at <= deadline => lived.kept.push(fate.row),
                        Some(_) => lived.broken.push(fate.row),
                        None if deadline < compiled.end => lived.broken.push(fate.row),
                        None => {}
                    }
                }
            }
            known.extend(journey.promises.iter().map(|p| &*p.kind));
            if is_about_orders {
                lived.orders_of = Some(journey.name.clone());
                lived.orders = instances.iter().map(Instance::start_row).collect();
                let came_back = |i: &Instance| i.rows.iter().copied().find(|row| m.meaning(*row).sent_back);
                lived.returns = instances.iter().filter_map(came_back).collect();
                lived.spend = spend(reading, &instances);
            }
            if number == 0 {
                lived.stage = stage(m, journey, &instances);
                let kinds = &journey.satisfaction.kinds;
                let counts = m.scores.iter().filter(|s| kinds.iter().any(|k| **k == *s.kind));
                lived.answers = counts.map(|s| s.place).collect();
            }
        }
        for places in [&mut lived.kept, &mut lived.broken] {
            places.sort_unstable();
        }
        Ok(lived)
    }

    /// The places that a figure was counted from, ascending.
    pub(crate) fn counted_from(&self, reading: &Reading, figure: &CustomerFigure) -> Result<Vec<u32>, EngineError> {
        let m = &reading.moments;
        let own = |is: &dyn Fn(u32) -> bool| (0..m.all.len() as u32).filter(|p| m.is_own(*p) && is(*p)).collect();
        Ok(match figure {
            CustomerFigure::Orders => self.lived(reading)?.orders,
            CustomerFigure::Returns => self.lived(reading)?.returns,
            CustomerFigure::Kept => self.lived(reading)?.kept,
            CustomerFigure::Broken => self.lived(reading)?.broken,
            CustomerFigure::Answers => self.lived(reading)?.answers,
            CustomerFigure::Contacts => contacts(m),
            CustomerFigure::Channel(name) => own(&|p| m.channel(p) == name),
            CustomerFigure::Like(hash) => {
                let places: HashSet<u32> = reading.places_with(*hash).into_iter().collect();
                own(&|p| places.contains(&p))
            }
            CustomerFigure::Hours(from, zone) => {
                let Ok(zone) = throughline_interactions::Zone::new(zone) else { return Ok(Vec::new()) };
                let hour = |p: u32| zone.hour_of(Timestamp(m.all[p as usize].at));
                own(&|p| hour(p).is_some_and(|h| h / super::inferred::HOURS * super::inferred::HOURS == *from))
            }
        })
    }
}

fn spend(reading: &Reading, instances: &[Instance]) -> Vec<Spend> {
    let Some(customer) = reading.customer() else { return Vec::new() };
    let currencies = customer.segment().currencies();
    let mut sums: BTreeMap<&str, (i128, u64, i128)> = BTreeMap::new();
    for instance in instances {
        let start = instance.start_row();
        for &row in &instance.rows {
            let Some((minor, code)) = customer.money(row as usize) else { continue };
            let Some(currency) = currencies.get(code as usize) else { continue };
            let sum = sums.entry(currency).or_default();
            if row == start && minor > 0 {
                sum.0 += i128::from(minor);
                sum.1 += 1;
            } else if minor < 0 {
                sum.2 -= i128::from(minor);
            }
        }
    }
    let whole = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
    let spend = |(currency, (minor, orders, back)): (&str, (i128, u64, i128))| Spend {
        currency: currency.to_owned(),
        minor: whole(minor),
        orders,
        average_minor: whole((minor * 2 + i128::from(orders)) / (i128::from(orders.max(1)) * 2)),
        returned_minor: whole(back),
    };
    sums.into_iter().filter(|(_, (_, orders, back))| *orders > 0 || *back > 0).map(spend).collect()
}

fn stage(m: &Moments, journey: &Definition, instances: &[Instance]) -> Option<CustomerStage> {
    let last = instances.last()?;
    let own = |s: &usize| !journey.stages[*s].next_instance && last.stage_row(*s).is_some();
    let furthest = (0..journey.stages.len()).rev().find(own)?;
    let row = last.stage_row(furthest)? as usize;
    let stage = &journey.stages[furthest];
    Some(CustomerStage {
        journey: journey.key.clone(),
        journey_name: journey.name.clone(),
        stage: stage.key.clone(),
        name: if stage.name.is_empty() { stage.key.clone() } else { stage.name.clone() },
        since: Timestamp(m.all[row].at),
        position: m.all[row].position,
        state: match last.ending {
            Ending::Finished(_) => StageState::Finished,
            Ending::Dropped(_) => StageState::Lost,
            Ending::Waiting => StageState::Waiting,
        },
        instances: instances.len() as u64,
    })
}

/// The first place of each contact with the help desk: of every ticket, conversation, case or call that the
/// customer turned to it with, or of what they said without one.
pub(crate) fn contacts(m: &Moments) -> Vec<u32> {
    let mut known: HashSet<u64> = HashSet::new();
    let is_new = |place: &u32| {
        // All of its tickets are known from here on, not only the first new one.
        let (mut all, mut new) = (0, 0);
        for ticket in m.bound(*place, Bond::Service) {
            all += 1;
            new += u32::from(known.insert(ticket));
        }
        all == 0 || new > 0
    };
    (0..m.all.len() as u32).filter(|p| m.asks_for_help(*p)).filter(is_new).collect()
}
