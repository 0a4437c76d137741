//! The moments at which instances are alike: what one instance contributes to which cell.

use super::Outcome;
use super::exposure::{Key, Kind, NONE, Onset, name_hash};
use crate::compiled::Compiled;
use crate::definition::Period;
use crate::figure::position;
use crate::instances::{Ending, Instance};
use throughline_timeline::{Customer, Segment};

/// An instance whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    pub outcome: Outcome,
    /// The outcome came about.
    pub bad: bool,
    /// When the outcome was settled; exposures count before it only.
    pub until: i64,
    pub stratum: u64,
}

/// The instance as a unit of an outcome; `None` while the outcome is open.
pub(crate) fn unit(compiled: &Compiled, instance: &Instance, outcome: Outcome) -> Option<Unit> {
    let (bad, until) = match outcome {
        Outcome::Dissatisfaction => {
            let answer = instance.answers.iter().find(|a| a.at > instance.start)?;
            (answer.dissatisfied, answer.at)
        }
        Outcome::DropOut => {
            let silence = compiled.definition.drop_out.silence.micros();
            let (bad, until) = match instance.ending {
                Ending::Finished(at) => (false, at),
                Ending::Dropped(at) => (true, at),
                Ending::Waiting => return None,
            };
            // One that could not have been seen to fall silent is no fair comparison.
            let until = instance.lapse.map_or(until, |lapse| lapse.min(until));
            (instance.start + silence <= compiled.end).then_some((bad, until))?
        }
        Outcome::Designed(at) => designed(compiled, instance, at)?,
    };
    let stratum = stratum(compiled, instance);
    (until > instance.start).then_some(Unit { outcome, bad, until, stratum })
}

/// Whether a designed outcome came about and when that was settled. Only instances that were followed
/// for long enough count, also where it came about before: else the newest would all be bad.
fn designed(compiled: &Compiled, instance: &Instance, at: u8) -> Option<(bool, i64)> {
    let definition = &compiled.definition;
    let rule = definition.outcomes.get(at as usize)?;
    if let Some(kind) = &rule.promise {
        let place = definition.promises.iter().position(|p| p.kind == *kind)?;
        let fate = instance.promises.iter().find(|fate| fate.rule as usize == place)?;
        let reading = definition.promises[place].reading;
        // Nobody waits any more for what was cancelled in time.
        let deadline = fate.deadline(reading);
        let open = deadline >= compiled.end || instance.given_up().is_some_and(|at| at <= deadline);
        return match (fate.overdue_at(reading, compiled.end), fate.delivered) {
            _ if open => None,
            (Some(overdue), _) => Some((true, overdue)),
            (None, kept) => Some((false, kept?)),
        };
    }
    let (wait, came) = match rule.next_instance {
        true => (compiled.return_within(rule)?, instance.next),
        false => (rule.wait().micros(), instance.outcomes.iter().find(|(rule, _)| *rule == at).map(|(_, at)| *at)),
    };
    let limit = instance.start + wait;
    let in_time = came.filter(|at| *at <= limit);
    (limit <= compiled.end).then_some((in_time.is_some() != rule.next_instance, in_time.unwrap_or(limit)))
}

pub(super) fn stratum(compiled: &Compiled, instance: &Instance) -> u64 {
    let strata = &compiled.definition.strata;
    let month = month(instance.start);
    let period = match strata.period {
        Period::None => 0,
        Period::Month => month,
        Period::Quarter => month / 3,
    };
    period << 1 | u64::from(strata.returning && instance.ordinal > 0)
}

/// Months since 1970 in UTC, by the civil calendar (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn month(micros: i64) -> u64 {
    let days = micros.div_euclid(86_400_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (year, month) =
        if shifted < 10 { (year + era * 400, shifted + 2) } else { (year + era * 400 + 1, shifted - 10) };
    ((year - 1970).max(0) * 12 + month) as u64
}

/// Which moments a kind of candidate is compared at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// Any time since the start.
    Clock,
    /// The first row of an event: only who has such a row can have its attribute.
    Row,
    /// The moment at which the outcome is settled.
    Settled,
}

pub(super) fn domain(kind: Kind) -> Domain {
    match kind {
        Kind::Event | Kind::Repeated | Kind::Promise => Domain::Clock,
        Kind::Attribute | Kind::Channel => Domain::Row,
        Kind::NotReached => Domain::Settled,
    }
}

/// True if the candidate may be compared for the outcome: a stage that was not reached is what
/// dropping out and being late mean, so it cannot explain them.
pub(super) fn is_candidate(key: Key, outcome: Outcome) -> bool {
    key.kind != Kind::NotReached || outcome == Outcome::Dissatisfaction
}

/// One moment at which an instance stands as (so far) unexposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub domain: Domain,
    pub cell: u64,
    pub at: i64,
    pub row: u32,
}

impl Moment {
    /// The exposure had begun.
    pub fn is_after(&self, onset: &Onset) -> bool {
        if self.domain == Domain::Row { onset.row <= self.row } else { onset.at <= self.at }
    }
}

/// Of many instances every fifth time bin of each is looked at, which ones by chance, so that nobody's
/// outcome decides how often they stand as unexposed.
pub(super) const STEP: u64 = 5;
const DAY: i64 = 86_400_000_000;

/// Finds the moments of instances of one segment.
#[derive(Debug)]
pub(super) struct Moments {
    events: Vec<u64>,
    seen: Vec<u64>,
    turn: u64,
    step: u64,
    pub moments: Vec<Moment>,
}

impl Moments {
    /// Looks at every `step`th time bin.
    pub fn new(segment: &Segment, step: u64) -> Self {
        let events: Vec<u64> = segment.events().iter().map(|e| name_hash(e) & 0xff_ffff).collect();
        Self { seen: vec![0; events.len()], events, turn: 0, step, moments: Vec::new() }
    }

    /// All moments of a unit.
    pub fn collect(&mut self, compiled: &Compiled, instance: &Instance, customer: &Customer<'_>, unit: &Unit) {
        self.moments.clear();
        self.turn += 1;
        // Not by ids, which every installation gives anew: the same file tells the same everywhere, also
        // after a merge or a rebuild.
        let chance = mix(customer.position(instance.start_row() as usize) ^ (instance.start as u64).rotate_left(17));
        let bins = compiled.bins.len() as u64 + 1;
        let mut bin = chance % self.step;
        while bin < bins {
            let from = if bin == 0 { 0 } else { i64::from(compiled.bins[bin as usize - 1]) * 1_000_000 };
            let to = compiled.bins.get(bin as usize).map_or(from + 30 * DAY, |&b| i64::from(b) * 1_000_000);
            let share = (mix(chance ^ (bin + 1)) >> 11) as f64 / (1_u64 << 53) as f64;
            let at = instance.start + from + ((to - from) as f64 * share) as i64;
            if at >= unit.until {
                break;
            }
            let cell = clock_cell(compiled, instance, customer, unit, at, u32::MAX);
            self.moments.push(Moment { domain: Domain::Clock, cell, at, row: u32::MAX });
            bin += self.step;
        }
        for &row in &instance.rows {
            if row < instance.start_row() {
                continue;
            }
            let at = customer.micros(row as usize);
            if at >= unit.until {
                break;
            }
            let event = customer.event(row as usize) as usize;
            if std::mem::replace(&mut self.seen[event], self.turn) != self.turn {
                let cell = self.row_cell(compiled, instance, customer, unit, row);
                self.moments.push(Moment { domain: Domain::Row, cell, at, row });
            }
        }
        if unit.outcome == Outcome::Dissatisfaction {
            let cell = settled_cell(compiled, instance, unit);
            self.moments.push(Moment { domain: Domain::Settled, cell, at: unit.until, row: u32::MAX });
        }
    }

    /// The cell in which an exposure begins.
    pub fn onset_cell(
        &self,
        compiled: &Compiled,
        instance: &Instance,
        customer: &Customer<'_>,
        unit: &Unit,
        kind: Kind,
        onset: &Onset,
    ) -> u64 {
        match domain(kind) {
            Domain::Clock => clock_cell(compiled, instance, customer, unit, onset.at, onset.row),
            Domain::Row => self.row_cell(compiled, instance, customer, unit, onset.row),
            Domain::Settled => settled_cell(compiled, instance, unit),
        }
    }

    fn row_cell(
        &self,
        compiled: &Compiled,
        instance: &Instance,
        customer: &Customer<'_>,
        unit: &Unit,
        row: u32,
    ) -> u64 {
        let bin = compiled.bin(customer.micros(row as usize) - instance.start) as u64;
        let event = self.events[customer.event(row as usize) as usize];
        base(unit, 1, bin) | event << 32
    }
}

/// Alike on the clock: the same time bin, furthest stage, and time since a stage was last filled,
/// as all of it stood just before the row (or the time, without a row).
fn clock_cell(
    compiled: &Compiled,
    instance: &Instance,
    customer: &Customer<'_>,
    unit: &Unit,
    at: i64,
    row: u32,
) -> u64 {
    let (mut stage, mut last) = (0_u64, instance.start);
    for s in 0..compiled.definition.stages.len() {
        let Some(filled) = instance.stage_row(s) else { continue };
        let when = customer.micros(filled as usize);
        if (row != NONE && filled >= row) || when > at {
            continue;
        }
        if !compiled.definition.stages[s].optional {
            stage = stage.max(s as u64);
            last = last.max(when);
        }
    }
    let gap = match at - last {
        g if g < DAY => 0,
        g if g < 5 * DAY => 1,
        _ => 2,
    };
    let bin = compiled.bin(at - instance.start) as u64;
    base(unit, 0, bin) | stage << 32 | gap << 38
}

fn settled_cell(compiled: &Compiled, instance: &Instance, unit: &Unit) -> u64 {
    base(unit, 2, compiled.bin(unit.until - instance.start) as u64)
}

/// Alike when findings are told apart: answers of the same bin and stratum. The time of a drop-out
/// gives it away, so lost and finished instances share a stratum only.
pub(super) fn shadow_cell(compiled: &Compiled, instance: &Instance, unit: &Unit) -> u64 {
    match unit.outcome {
        Outcome::Dissatisfaction => settled_cell(compiled, instance, unit),
        _ => base(unit, 2, 0),
    }
}

/// Outcome in bits 0–3, domain in bits 4–5, stratum in bits 6–19, bin in bits 20–25.
fn base(unit: &Unit, domain: u64, bin: u64) -> u64 {
    unit.outcome.number() as u64 | domain << 4 | (unit.stratum & 0x3fff) << 6 | bin << 20
}

/// The number of the outcome and that of the domain of a cell.
pub(super) fn outcome_and_domain(cell: u64) -> (usize, u64) {
    ((cell & 15) as usize, cell >> 4 & 3)
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The stage in which an exposure began.
pub(super) fn stage_at(compiled: &Compiled, instance: &Instance, customer: &Customer<'_>, onset: &Onset) -> usize {
    let furthest = (0..compiled.definition.stages.len()).rev().find(|&s| {
        !compiled.definition.stages[s].optional
            && instance.stage_row(s).is_some_and(|row| {
                if onset.row == NONE { customer.micros(row as usize) <= onset.at } else { row <= onset.row }
            })
    });
    furthest.unwrap_or_else(|| position(compiled, instance))
}

/// True if the stage was not reached before the outcome was settled.
pub(crate) fn is_not_reached(instance: &Instance, customer: &Customer<'_>, stage: usize, until: i64) -> bool {
    instance.stage_row(stage).is_none_or(|row| customer.micros(row as usize) >= until)
}
