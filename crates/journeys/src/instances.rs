//! One customer's story cut into instances of a journey.
//!
//! A row joins the instance of every subject it names (of the definition's kind), in the order of
//! the story; a row without the subject joins none, unless the definition has no subject: then
//! the whole story is one instance. The first row that matches the first stage starts the
//! instance; without one there is no instance. From there on each row fills at most one stage,
//! the first in the design that is still empty and that it matches; stages may be filled in
//! another order than designed, because parcels sometimes leave before the payment is booked.

use crate::compiled::Compiled;
use crate::definition::PromiseReading;
use crate::scope::Holding;
use std::collections::HashMap;
use throughline_timeline::{Customer, Segment};

/// No row.
const NONE: u32 = u32::MAX;

/// How an instance stands at the end of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A finishing stage was reached, at this time.
    Finished(i64),
    /// Lost at this time: an event that ends it, or silence that had lasted long enough.
    Dropped(i64),
    /// Neither, and still within its time.
    Waiting,
}

/// An answer that counts as satisfaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The row, a place in the customer's story.
    pub row: u32,
    /// When, in microseconds.
    pub at: i64,
    /// Its place on its scale, 0–1.
    pub share: f64,
    /// At or below the definition's limit.
    pub dissatisfied: bool,
}

/// What became of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromiseFate {
    /// Place in the definition's promises.
    pub rule: u8,
    /// The row that made it; the first one of the instance counts.
    pub row: u32,
    /// The deadline read as declared, as an instant, as a day.
    pub deadlines: [i64; 3],
    /// When it was delivered, in time or not.
    pub delivered: Option<i64>,
}

impl PromiseFate {
    /// The deadline under a reading.
    pub fn deadline(&self, reading: PromiseReading) -> i64 {
        self.deadlines[match reading {
            PromiseReading::Declared => 0,
            PromiseReading::Instant => 1,
            PromiseReading::Day => 2,
        }]
    }

    /// The moment at which its time passed unmet: just after the deadline, when nothing had kept
    /// it by then and the data reach so far.
    pub fn overdue_at(&self, reading: PromiseReading, end: i64) -> Option<i64> {
        let deadline = self.deadline(reading);
        let unmet = self.delivered.is_none_or(|at| at > deadline);
        (unmet && deadline < end).then_some(deadline + 1)
    }
}

/// One pass through the journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// The hash of its subject; the customer's id without one.
    pub subject: u64,
    /// 0 for the customer's first instance, in the order of their starts.
    pub ordinal: u32,
    /// Its rows, places in the customer's story, ascending.
    pub rows: Vec<u32>,
    /// When its first stage was filled, in microseconds.
    pub start: i64,
    /// The row that filled each stage; `u32::MAX` for none.
    stages: Vec<u32>,
    /// Its answers, in the order of the story, those before the start included.
    pub answers: Vec<Answer>,
    /// Rows that stood in the way, in the order of the story.
    pub friction: Vec<u32>,
    /// At most one fate per promise of the definition.
    pub promises: Vec<PromiseFate>,
    /// Designed outcomes told by an event, with the first time after the start.
    pub outcomes: Vec<(u8, i64)>,
    /// When the customer's next instance started.
    pub next: Option<i64>,
    /// How it stands.
    pub ending: Ending,
    /// Inside the scope that is looked at.
    pub is_counted: bool,
    /// When, unfinished, it had first been silent for long enough, even if it went on later.
    pub lapse: Option<i64>,
}

impl Instance {
    /// The row that filled a stage.
    pub fn stage_row(&self, stage: usize) -> Option<u32> {
        self.stages.get(stage).copied().filter(|&row| row != NONE)
    }

    /// The row that started it.
    pub fn start_row(&self) -> u32 {
        self.stages[0]
    }

    /// When an event ended it without success, if one did: it was given up, and waits for nothing more.
    pub fn given_up(&self) -> Option<i64> {
        match self.ending {
            Ending::Dropped(at) if self.lapse != Some(at) => Some(at),
            _ => None,
        }
    }

    /// The furthest stage in the design that rows before `row` filled, leaving out `not` (rows
    /// that answer do not move a customer on).
    pub fn furthest_before(&self, row: u32, not: impl Fn(u32) -> bool) -> Option<usize> {
        (0..self.stages.len()).rev().find(|&s| self.stages[s] < row && !not(self.stages[s]))
    }

    fn clear(&mut self, subject: u64, stages: usize) {
        self.subject = subject;
        self.rows.clear();
        self.stages.clear();
        self.stages.resize(stages, NONE);
        self.answers.clear();
        self.friction.clear();
        self.promises.clear();
        self.outcomes.clear();
        self.next = None;
        self.ending = Ending::Waiting;
        self.is_counted = true;
        self.lapse = None;
        self.start = 0;
        self.ordinal = 0;
    }
}

/// What the codes of one segment mean to a definition, and room to work in.
#[derive(Debug)]
pub struct Splitter {
    /// Per event: the stages it may fill.
    event_stages: Vec<u32>,
    /// Per event: the promises it keeps.
    keeps: Vec<u32>,
    /// Per event: it ends an instance.
    ends: Vec<bool>,
    /// Per event: the designed outcomes that it tells.
    tells: Vec<u32>,
    /// Per event: it stands in the way.
    hinders: Vec<bool>,
    /// Per kind of score: it counts as satisfaction.
    satisfaction: Vec<bool>,
    /// Per kind of promise: its rule.
    promises: Vec<Option<u8>>,
    /// Per stage: the channel it needs; `Err` for one that this segment does not know.
    channels: Vec<Result<Option<u16>, ()>>,
    /// Per stage: the attributes it needs.
    attributes: Vec<Option<Vec<u32>>>,
    /// The code of the subject's kind; `None` if the segment has none, so no instance either.
    subject: Option<u16>,
    has_subject: bool,
    /// The code of the attribute that the scope asks for; `Some(None)` if the segment has none such.
    held: Option<Option<u32>>,
    pool: Vec<Instance>,
    used: usize,
    /// The places of the subjects in the pool, once they are too many to look through.
    places: HashMap<u64, usize, foldhash::fast::FixedState>,
    /// What the customer's rows carry: [`SCORE`], [`PROMISE`].
    marks: Vec<u8>,
}

/// Instances of one customer that are found by looking through them.
const FEW: usize = 32;
/// The row has an answer.
const SCORE: u8 = 1;
/// The row makes a promise.
const PROMISE: u8 = 2;

impl Splitter {
    /// Reads the segment's dictionaries.
    pub fn new(compiled: &Compiled, segment: &Segment) -> Self {
        let definition = &compiled.definition;
        let mask_of = |name: &str, lists: &mut dyn Iterator<Item = &Vec<String>>| {
            lists.enumerate().fold(0, |m, (i, events)| if events.iter().any(|e| e == name) { m | 1 << i } else { m })
        };
        let events = segment.events();
        Self {
            event_stages: events.iter().map(|e| mask_of(e, &mut definition.stages.iter().map(|s| &s.events))).collect(),
            keeps: events.iter().map(|e| mask_of(e, &mut definition.promises.iter().map(|p| &p.kept_by))).collect(),
            ends: events.iter().map(|e| definition.drop_out.events.iter().any(|d| **d == **e)).collect(),
            tells: events.iter().map(|e| mask_of(e, &mut definition.outcomes.iter().map(|o| &o.events))).collect(),
            hinders: events.iter().map(|e| definition.friction.iter().any(|f| **f == **e)).collect(),
            satisfaction: segment
                .score_kinds()
                .iter()
                .map(|k| definition.satisfaction.kinds.iter().any(|s| **s == **k))
                .collect(),
            promises: segment
                .promise_kinds()
                .iter()
                .map(|k| definition.promises.iter().position(|p| *p.kind == **k).map(|i| i as u8))
                .collect(),
            channels: definition
                .stages
                .iter()
                .map(|s| match &s.channel {
                    None => Ok(None),
                    Some(name) => segment.channel_code(name).map(Some).ok_or(()),
                })
                .collect(),
            attributes: compiled
                .attributes
                .iter()
                .map(|hashes| hashes.iter().map(|&h| segment.attribute_code(h)).collect())
                .collect(),
            subject: definition
                .subject
                .as_ref()
                .and_then(|kind| segment.subject_kinds().iter().position(|k| **k == **kind))
                .map(|i| i as u16),
            has_subject: definition.subject.is_some(),
            held: compiled.scope.holding.map(|h| segment.attribute_code(h.attribute)),
            pool: Vec::new(),
            used: 0,
            places: HashMap::default(),
            marks: Vec::new(),
        }
    }

    /// True if the segment's kind of score counts as satisfaction.
    pub fn is_satisfaction(&self, kind: u16) -> bool {
        self.satisfaction.get(kind as usize).copied().unwrap_or(false)
    }

    /// The instances of one customer, in the order of their starts.
    pub fn split(&mut self, compiled: &Compiled, customer: &Customer<'_>) -> &mut [Instance] {
        self.used = 0;
        let codes = customer.event_codes();
        let starts = |i: usize| self.event_stages[codes.get(i) as usize] & 1 != 0;
        if (self.has_subject && self.subject.is_none()) || !(0..codes.len()).any(starts) {
            return &mut [];
        }
        self.group(compiled, customer);
        self.marks.clear();
        self.marks.resize(customer.len(), 0);
        customer.scored().for_each(|i| self.marks[i] |= SCORE);
        customer.promising().for_each(|i| self.marks[i] |= PROMISE);
        for at in 0..self.used {
            let mut instance = std::mem::replace(&mut self.pool[at], empty());
            self.fill(compiled, customer, &mut instance);
            self.pool[at] = instance;
        }
        // Those without a start fall out; the others stand in the order of their starts.
        let used = &mut self.pool[..self.used];
        used.sort_by_key(|i| (i.stages[0], i.subject));
        let count = used.partition_point(|i| i.stages[0] != NONE);
        let next_stages =
            compiled.definition.stages.iter().enumerate().filter(|(_, s)| s.next_instance).map(|(i, _)| i);
        for stage in next_stages {
            for i in 1..count {
                used[i - 1].stages[stage] = used[i].stages[0];
            }
        }
        for i in 1..count {
            used[i - 1].next = Some(used[i].start);
        }
        for (ordinal, instance) in used[..count].iter_mut().enumerate() {
            instance.ordinal = ordinal as u32;
            instance.is_counted = is_counted(compiled, customer, self.held, instance);
        }
        &mut self.pool[..count]
    }

    /// Puts every row into the instances of its subjects.
    fn group(&mut self, compiled: &Compiled, customer: &Customer<'_>) {
        let stages = compiled.definition.stages.len();
        // What is seen as of a moment has no later rows.
        let length = match compiled.scope.as_of {
            Some(_) => (0..customer.len()).take_while(|&i| customer.micros(i) <= compiled.end).count(),
            None => customer.len(),
        };
        self.places.clear();
        if !self.has_subject {
            let at = self.instance_of(customer.id, stages);
            self.pool[at].rows.extend((0..length as u32).filter(|&i| customer.actor(i as usize).is_counted()));
            return;
        }
        for (i, kind, subject) in customer.all_subjects() {
            if Some(kind) == self.subject && i < length && customer.actor(i).is_counted() {
                let at = self.instance_of(subject, stages);
                self.pool[at].rows.push(i as u32);
            }
        }
    }

    fn instance_of(&mut self, subject: u64, stages: usize) -> usize {
        let known = if self.used <= FEW {
            self.pool[..self.used].iter().rposition(|i| i.subject == subject)
        } else {
            self.places.get(&subject).copied()
        };
        if let Some(at) = known {
            return at;
        }
        if self.used == FEW {
            self.places.extend(self.pool[..FEW].iter().enumerate().map(|(at, i)| (i.subject, at)));
        }
        if self.used >= FEW {
            self.places.insert(subject, self.used);
        }
        if self.used == self.pool.len() {
            self.pool.push(empty());
        }
        self.pool[self.used].clear(subject, stages);
        self.used += 1;
        self.used - 1
    }

    fn fill(&self, compiled: &Compiled, customer: &Customer<'_>, instance: &mut Instance) {
        let mut open: u32 = 1;
        let all = ((1_u64 << compiled.definition.stages.len()) - 1) as u32;
        let limit = compiled.definition.satisfaction.dissatisfied;
        let mut finished = None;
        let mut ended = None;
        let codes = customer.event_codes();
        for at in 0..instance.rows.len() {
            let row = instance.rows[at];
            let i = row as usize;
            let event = codes.get(i) as usize;
            let candidates = self.event_stages[event] & open;
            if let Some(stage) = self.first_match(candidates, customer, i) {
                instance.stages[stage] = row;
                if stage == 0 {
                    open = all;
                    instance.start = customer.micros(i);
                }
                open &= !(1 << stage);
                if compiled.finishing >> stage & 1 == 1 && finished.is_none() {
                    finished = Some(customer.micros(i));
                }
            }
            if self.keeps[event] != 0 {
                for fate in &mut instance.promises {
                    if self.keeps[event] >> fate.rule & 1 == 1 && fate.delivered.is_none() {
                        fate.delivered = Some(customer.micros(i));
                    }
                }
            }
            if self.ends[event] && ended.is_none() && instance.stages[0] != NONE {
                ended = Some(customer.micros(i));
            }
            if self.tells[event] != 0 && instance.stages[0] != NONE {
                for rule in (0..32).filter(|rule| self.tells[event] >> rule & 1 == 1) {
                    let at = customer.micros(i);
                    if at > instance.start && !instance.outcomes.iter().any(|(known, _)| *known == rule) {
                        instance.outcomes.push((rule, at));
                    }
                }
            }
            if self.hinders[event] {
                instance.friction.push(row);
            }
            if self.marks[i] & SCORE != 0
                && let Some(score) = customer.score(i)
                && self.is_satisfaction(score.kind)
            {
                let share = f64::from(score.value - score.min) / f64::from(score.max - score.min);
                instance.answers.push(Answer {
                    row,
                    at: customer.micros(i),
                    share,
                    dissatisfied: share <= limit + 1e-9,
                });
            }
            if self.marks[i] & PROMISE != 0
                && let Some(promise) = customer.promise(i)
                && let Some(rule) = self.promises[promise.kind as usize]
                && !instance.promises.iter().any(|f| f.rule == rule)
            {
                let deadlines = [promise.deadline, promise.due, promise.day_deadline];
                instance.promises.push(PromiseFate { rule, row, deadlines, delivered: None });
            }
        }
        if instance.stages[0] != NONE {
            conclude(compiled, customer, instance, finished, ended);
        }
    }

    fn first_match(&self, mut candidates: u32, customer: &Customer<'_>, i: usize) -> Option<usize> {
        while candidates != 0 {
            let stage = candidates.trailing_zeros() as usize;
            candidates &= candidates - 1;
            let channel = match self.channels[stage] {
                Ok(None) => true,
                Ok(Some(code)) => customer.channel(i) == code,
                Err(()) => false,
            };
            let attributes = match &self.attributes[stage] {
                Some(codes) => {
                    codes.is_empty() || codes.iter().all(|c| customer.attributes(i).binary_search(c).is_ok())
                }
                None => false,
            };
            if channel && attributes {
                return Some(stage);
            }
        }
        None
    }
}

/// Whether an instance lies in the scope that is looked at.
fn is_counted(compiled: &Compiled, customer: &Customer<'_>, held: Option<Option<u32>>, instance: &Instance) -> bool {
    let scope = &compiled.scope;
    let met = |code: u32| instance.rows.iter().any(|&row| customer.attributes(row as usize).contains(&code));
    let holds = |holding: Holding| held.flatten().is_some_and(met) == holding.with;
    scope.range.is_none_or(|r| r.contains(instance.start)) && scope.holding.is_none_or(holds)
}

/// Finished, dropped or waiting; and when it first fell silent.
fn conclude(
    compiled: &Compiled,
    customer: &Customer<'_>,
    instance: &mut Instance,
    finished: Option<i64>,
    ended: Option<i64>,
) {
    let silence = compiled.definition.drop_out.silence.micros();
    let mut last = instance.start;
    for &row in &instance.rows {
        let at = customer.micros(row as usize);
        if finished.is_some_and(|f| at > f) {
            break;
        }
        if at - last > silence && instance.lapse.is_none() {
            instance.lapse = Some(last + silence);
        }
        last = last.max(at);
    }
    if finished.is_none() && instance.lapse.is_none() && last + silence <= compiled.end {
        instance.lapse = Some(last + silence);
    }
    instance.ending = match (finished, ended) {
        (Some(f), Some(e)) if e < f => Ending::Dropped(e),
        (Some(f), _) => Ending::Finished(f),
        (None, Some(e)) => Ending::Dropped(e),
        (None, None) if last + silence <= compiled.end => Ending::Dropped(last + silence),
        (None, None) => Ending::Waiting,
    };
}

fn empty() -> Instance {
    Instance {
        subject: 0,
        ordinal: 0,
        rows: Vec::new(),
        start: 0,
        stages: Vec::new(),
        answers: Vec::new(),
        friction: Vec::new(),
        promises: Vec::new(),
        outcomes: Vec::new(),
        next: None,
        ending: Ending::Waiting,
        is_counted: true,
        lapse: None,
    }
}
