//! What changed when somebody did something: how often customers meet a pain point, and how often it
//! ends badly, before a day and after it.
//!
//! # Who is compared with whom
//!
//! Everybody is followed for equally long. A customer counts once before the day and once after it,
//! with the first instance that starts in the window, so that nobody is counted as several people.
//!
//! - *Exposure*: begun within so many days of the start, among customers who were followed that long.
//!   The days are those by which nine of ten exposures before the day had begun ([`FollowPass`]).
//! - *Outcome*: come about and settled within so many days, among those whose outcome was settled by
//!   then: for answers nine of ten of them had come by that day, a lost instance is one that has not
//!   finished within the journey's silence, a designed outcome has a day of its own.
//!
//! A window that is cut off by the end of the data thus loses its youngest customers, and not the
//! slowest ones, which would make every beginning look good.
//!
//! # What it can say
//!
//! Before and after is an association: seasons, prices and campaigns change as well. The difference
//! in differences takes out what changed for everybody, on the assumption that exposed and unexposed
//! would have changed alike and that the same kind of customer is exposed as before.

use crate::compiled::Compiled;
use crate::instances::{Ending, Instance, Splitter};
use crate::pain_points::exposure::{Lookup, NONE};
use crate::pain_points::moments::{is_not_reached, unit};
use crate::pain_points::{Key, Kind, Outcome};
use crate::people::{PeopleState, Person};
use crate::wire::{put_list, put_u32, put_u64, read_list};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};
use throughline_value::Estimate;
use throughline_value::shares::{Share, difference, difference_in_differences};

const DAY: i64 = 86_400_000_000;
/// Of ten, so many have begun (or answered) by the day to which customers are followed.
const FOLLOWED: f64 = 0.9;

/// What is compared, before and after what moment.
#[derive(Debug, Clone)]
pub struct EffectOf {
    /// The journey, with the scope that is looked at.
    pub compiled: Arc<Compiled>,
    /// The pain point.
    pub key: Key,
    /// What it is associated with.
    pub outcome: Outcome,
    /// The moment at which something began to be done, in microseconds.
    pub start: i64,
    /// The length of the window after it, and of the one before it.
    pub length: i64,
}

/// For how long customers are followed, in whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Follow {
    /// For the exposure to begin.
    pub exposure_days: u32,
    /// For the outcome to be settled.
    pub outcome_days: u32,
}

impl EffectOf {
    /// Whether the window before or after holds an instance's start.
    fn period(&self, start: i64) -> Option<usize> {
        if (self.start - self.length..self.start).contains(&start) {
            return Some(0);
        }
        (self.start..self.start + self.length).contains(&start).then_some(1)
    }

    fn lookup(&self, segment: &Segment) -> Lookup {
        Lookup::new(&self.compiled, segment, 1, |key| if key == self.key { 0 } else { NONE })
    }

    /// When the exposure of an instance began, looked for before a moment; for a stage that is not
    /// reached: when it was reached.
    fn begun(&self, lookup: &mut Lookup, i: &Instance, customer: &Customer<'_>, before: i64) -> Option<i64> {
        if self.key.kind == Kind::NotReached {
            return i.stage_row(self.key.id as usize).map(|row| customer.micros(row as usize));
        }
        lookup.collect(&self.compiled, i, customer, before);
        lookup.onsets.iter().map(|onset| onset.at).min()
    }
}

/// Learns how long customers have to be followed, from those who started before the day.
#[derive(Debug, Clone)]
pub struct FollowPass(pub EffectOf);

/// Days from a start until the exposure began, and until the outcome was settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowState {
    exposure: BTreeMap<u32, u64>,
    outcome: BTreeMap<u32, u64>,
}

/// What a pass keeps while it walks one segment.
#[derive(Debug)]
pub struct EffectLocal {
    splitter: Splitter,
    lookup: Lookup,
}

fn whole_days(micros: i64) -> u32 {
    u32::try_from(micros.max(0) / DAY + 1).unwrap_or(u32::MAX)
}

fn nine_of_ten(days: &BTreeMap<u32, u64>) -> Option<u32> {
    let wanted = (days.values().sum::<u64>() as f64 * FOLLOWED).ceil() as u64;
    let mut seen = 0;
    days.iter().find_map(|(day, n)| {
        seen += n;
        (seen >= wanted && wanted > 0).then_some(*day)
    })
}

impl FollowPass {
    /// For how long to follow.
    pub fn result(&self, state: &FollowState) -> Follow {
        let definition = &self.0.compiled.definition;
        let days = |micros: i64| u32::try_from(micros / DAY).unwrap_or(u32::MAX).max(1);
        let silence = days(definition.drop_out.silence.micros());
        let outcome_days = match self.0.outcome {
            Outcome::DropOut => silence,
            Outcome::Designed(at) if definition.outcomes.get(at as usize).is_some_and(|o| o.promise.is_none()) => {
                let rule = &definition.outcomes[at as usize];
                match rule.next_instance {
                    true => self.0.compiled.return_within(rule).map_or(silence, days),
                    false => {
                        nine_of_ten(&state.outcome).map_or(rule.wait().0 / 86_400, |d| d.min(rule.wait().0 / 86_400))
                    }
                }
            }
            _ => nine_of_ten(&state.outcome).unwrap_or(silence),
        };
        Follow { exposure_days: nine_of_ten(&state.exposure).unwrap_or(silence), outcome_days: outcome_days.max(1) }
    }
}

impl Pass for FollowPass {
    const NAME: &'static str = "effect: follow";
    type State = FollowState;
    type Local = EffectLocal;

    fn start(&self) -> FollowState {
        FollowState::default()
    }

    fn enter(&self, segment: &Segment) -> EffectLocal {
        EffectLocal { splitter: Splitter::new(&self.0.compiled, segment), lookup: self.0.lookup(segment) }
    }

    fn customer(&self, local: &mut EffectLocal, customer: Customer<'_>, state: &mut FollowState) {
        let EffectLocal { splitter, lookup } = local;
        let of = &self.0;
        for i in splitter.split(&of.compiled, &customer).iter().filter(|i| i.is_counted && i.start < of.start) {
            if let Some(at) = of.begun(lookup, i, &customer, of.start) {
                *state.exposure.entry(whole_days(at - i.start)).or_default() += 1;
            }
            // Of what comes about or not, only its coming about has a day.
            let settled = unit(&of.compiled, i, of.outcome)
                .filter(|u| u.bad || of.outcome == Outcome::Dissatisfaction || is_promise(&of.compiled, of.outcome));
            if let Some(unit) = settled.filter(|u| u.until < of.start) {
                *state.outcome.entry(whole_days(unit.until - i.start)).or_default() += 1;
            }
        }
    }
}

fn is_promise(compiled: &Compiled, outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Designed(at)
        if compiled.definition.outcomes.get(at as usize).is_some_and(|o| o.promise.is_some()))
}

impl PassState for FollowState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (sum, part) in [(&mut self.exposure, other.exposure), (&mut self.outcome, other.outcome)] {
            for (day, n) in part {
                *sum.entry(day).or_default() += n;
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for days in [&self.exposure, &self.outcome] {
            put_list(out, days.iter(), |out, (day, n)| {
                put_u32(out, *day);
                put_u64(out, *n);
            });
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let r = &mut StateReader::new(bytes);
        let mut days = || read_list(r, 12, |r| Ok((r.u32()?, r.u64()?)));
        let (exposure, outcome) = (days()?, days()?);
        r.end()?;
        Ok(Self { exposure, outcome })
    }
}

/// Counts both windows.
#[derive(Debug, Clone)]
pub struct EffectPass {
    /// What is compared.
    pub of: EffectOf,
    /// For how long customers are followed.
    pub follow: Follow,
}

/// What was counted in one window, each customer once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Customers who started in it, followed for long enough or not.
    pub started: u64,
    /// Exposed, of those followed for long enough.
    pub exposure: Share,
    /// With the outcome, of the exposed whose outcome is settled.
    pub exposed: Share,
    /// With the outcome, of the others whose outcome is settled.
    pub unexposed: Share,
}

impl Window {
    /// With the outcome, of all whose outcome is settled.
    pub fn overall(&self) -> Share {
        let mut all = self.exposed;
        all.merge(&self.unexposed);
        all
    }
}

/// Both windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EffectState([Window; 2]);

/// One share before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Before the day.
    pub before: Share,
    /// After it.
    pub after: Share,
    /// After less before, in −1…+1; `None` where one of them is of nobody.
    pub difference: Option<Estimate>,
}

impl Change {
    fn new(before: Share, after: Share) -> Self {
        Self { before, after, difference: difference(before, after) }
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// The windows as they were counted: before and after.
    pub windows: [Window; 2],
    /// For how long everybody was followed.
    pub follow: Follow,
    /// Days of either window.
    pub window_days: u32,
    /// How often customers met the pain point.
    pub exposure: Change,
    /// How often it ended badly for those who met it.
    pub exposed: Change,
    /// How often it ended badly for those who did not.
    pub unexposed: Change,
    /// How often it ended badly.
    pub overall: Change,
    /// How much more the exposed changed than the unexposed: an effect only if both would have
    /// changed alike.
    pub beyond_others: Option<Estimate>,
}

impl EffectPass {
    /// What the counts say.
    pub fn result(&self, state: &EffectState) -> Effect {
        let [before, after] = state.0;
        Effect {
            windows: state.0,
            follow: self.follow,
            window_days: u32::try_from(self.of.length / DAY).unwrap_or(u32::MAX),
            exposure: Change::new(before.exposure, after.exposure),
            exposed: Change::new(before.exposed, after.exposed),
            unexposed: Change::new(before.unexposed, after.unexposed),
            overall: Change::new(before.overall(), after.overall()),
            beyond_others: difference_in_differences(
                [before.exposed, after.exposed],
                [before.unexposed, after.unexposed],
            ),
        }
    }

    /// Whether the exposure had begun in time; `None` for one who was not followed for long enough.
    fn is_exposed(&self, lookup: &mut Lookup, i: &Instance, customer: &Customer<'_>) -> Option<bool> {
        let limit = i.start + i64::from(self.follow.exposure_days) * DAY;
        if limit > self.of.compiled.end {
            return None;
        }
        let begun = self.of.begun(lookup, i, customer, limit).is_some_and(|at| at < limit);
        Some(begun != (self.of.key.kind == Kind::NotReached))
    }

    /// Whether it ended badly and when that was settled, if it was by the day.
    fn outcome(&self, i: &Instance) -> Option<(bool, i64)> {
        let of = &self.of;
        let limit = i.start + i64::from(self.follow.outcome_days) * DAY;
        if is_promise(&of.compiled, of.outcome) {
            return unit(&of.compiled, i, of.outcome).map(|u| (u.bad, u.until));
        }
        if limit > of.compiled.end {
            return None;
        }
        match of.outcome {
            Outcome::Dissatisfaction => {
                unit(&of.compiled, i, of.outcome).filter(|u| u.until < limit).map(|u| (u.bad, u.until))
            }
            Outcome::DropOut => Some(match i.ending {
                Ending::Finished(at) if at < limit => (false, at),
                Ending::Dropped(at) => (true, at.min(limit)),
                _ => (true, limit),
            }),
            Outcome::Designed(rule) => {
                let designed = of.compiled.definition.outcomes.get(rule as usize)?;
                let came = match designed.next_instance {
                    true => i.next,
                    false => i.outcomes.iter().find(|(told, _)| *told == rule).map(|(_, at)| *at),
                };
                let in_time = came.filter(|at| *at < limit);
                Some((in_time.is_some() != designed.next_instance, in_time.unwrap_or(limit)))
            }
        }
    }
}

impl Pass for EffectPass {
    const NAME: &'static str = "effect";
    type State = EffectState;
    type Local = EffectLocal;

    fn start(&self) -> EffectState {
        EffectState::default()
    }

    fn enter(&self, segment: &Segment) -> EffectLocal {
        EffectLocal { splitter: Splitter::new(&self.of.compiled, segment), lookup: self.of.lookup(segment) }
    }

    fn customer(&self, local: &mut EffectLocal, customer: Customer<'_>, state: &mut EffectState) {
        for seen in self.seen(local, &customer) {
            let window = &mut state.0[seen.period];
            window.started += 1;
            if let Some(exposed) = seen.exposed {
                window.exposure.add(exposed);
            }
            if let Some((met, bad)) = seen.outcome {
                if met { window.exposed.add(bad) } else { window.unexposed.add(bad) }
            }
        }
    }
}

/// One customer in one window.
#[derive(Debug, Clone, Copy)]
struct Seen {
    period: usize,
    /// Met the pain point; `None` for one who was not followed for long enough.
    exposed: Option<bool>,
    /// Met it before the outcome was settled, and whether it ended badly; `None` while that is open.
    outcome: Option<(bool, bool)>,
}

impl EffectPass {
    /// The customer in each window, with the first instance that starts there.
    fn seen(&self, local: &mut EffectLocal, customer: &Customer<'_>) -> Vec<Seen> {
        let EffectLocal { splitter, lookup } = local;
        let mut all: Vec<Seen> = Vec::new();
        for i in splitter.split(&self.of.compiled, customer).iter().filter(|i| i.is_counted) {
            let Some(period) = self.of.period(i.start).filter(|p| all.iter().all(|s| s.period != *p)) else { continue };
            let exposed = self.is_exposed(lookup, i, customer);
            let outcome = self.outcome(i).map(|(bad, until)| {
                let met = match self.of.key.kind {
                    Kind::NotReached => is_not_reached(i, customer, self.of.key.id as usize, until),
                    _ => self.of.begun(lookup, i, customer, until).is_some(),
                };
                (met, bad)
            });
            all.push(Seen { period, exposed, outcome });
        }
        all
    }
}

/// One of the shares of [`Effect`], for the list of its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// [`Effect::exposure`].
    Exposure,
    /// [`Effect::exposed`].
    Exposed,
    /// [`Effect::unexposed`].
    Unexposed,
    /// [`Effect::overall`].
    Overall,
}

/// Lists the customers of a share: as many as its `events`.
#[derive(Debug, Clone)]
pub struct EffectPeoplePass {
    /// As it was counted.
    pub pass: EffectPass,
    /// After the day, not before it.
    pub is_after: bool,
    /// The share.
    pub part: Part,
}

impl Pass for EffectPeoplePass {
    const NAME: &'static str = "effect: people";
    type State = PeopleState;
    type Local = EffectLocal;

    fn start(&self) -> PeopleState {
        PeopleState::default()
    }

    fn enter(&self, segment: &Segment) -> EffectLocal {
        self.pass.enter(segment)
    }

    fn customer(&self, local: &mut EffectLocal, customer: Customer<'_>, state: &mut PeopleState) {
        let seen = self.pass.seen(local, &customer).into_iter().find(|s| s.period == usize::from(self.is_after));
        let Some(seen) = seen else { return };
        let counts = match (self.part, seen.outcome) {
            (Part::Exposure, _) => seen.exposed == Some(true),
            (Part::Exposed, Some((met, bad))) => met && bad,
            (Part::Unexposed, Some((met, bad))) => !met && bad,
            (Part::Overall, Some((_, bad))) => bad,
            (_, None) => false,
        };
        if counts {
            state.push(Person { customer: customer.id, instances: 1 });
        }
    }
}

impl PassState for EffectState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            sum.started += part.started;
            sum.exposure.merge(&part.exposure);
            sum.exposed.merge(&part.exposed);
            sum.unexposed.merge(&part.unexposed);
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for window in &self.0 {
            put_u64(out, window.started);
            for share in [window.exposure, window.exposed, window.unexposed] {
                put_u64(out, share.events);
                put_u64(out, share.n);
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut r = StateReader::new(bytes);
        let mut windows = [Window::default(); 2];
        for window in &mut windows {
            window.started = r.u64()?;
            for share in [&mut window.exposure, &mut window.exposed, &mut window.unexposed] {
                *share = Share { events: r.u64()?, n: r.u64()? };
            }
        }
        r.end()?;
        Ok(Self(windows))
    }
}
