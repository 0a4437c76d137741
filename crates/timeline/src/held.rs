//! A row in memory before it is encoded: names as numbers, the rare parts aside.

use crate::customer::Customer;
use crate::names::Names;
use crate::row::Row;
use throughline_interactions::{Actor, Direction, OrderKey};

/// Actor in bits 0–2, direction in bit 3, text in bit 4.
pub(crate) fn flags(actor: Actor, direction: Direction, has_text: bool) -> u8 {
    let actor = match actor {
        Actor::Human => 0,
        Actor::Agent => 1,
        Actor::Bot => 2,
        Actor::Prefetch => 3,
        Actor::System => 4,
        Actor::Internal => 5,
    };
    actor | u8::from(direction == Direction::Out) << 3 | u8::from(has_text) << 4
}

pub(crate) fn actor(flags: u8) -> Actor {
    match flags & 7 {
        1 => Actor::Agent,
        2 => Actor::Bot,
        3 => Actor::Prefetch,
        4 => Actor::System,
        5 => Actor::Internal,
        _ => Actor::Human,
    }
}

pub(crate) fn direction(flags: u8) -> Direction {
    if flags & 8 == 0 { Direction::In } else { Direction::Out }
}

pub(crate) fn has_text(flags: u8) -> bool {
    flags & 16 != 0
}

/// A row whose names are codes of some [`Names`].
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub customer: u64,
    pub node: u64,
    pub order: OrderKey,
    pub position: u64,
    pub event: u32,
    pub channel: u32,
    pub flags: u8,
    pub rest: Option<Box<Rest>>,
}

/// What few rows have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest {
    pub money: Option<(i64, u32)>,
    pub score: Option<(u32, [f32; 3])>,
    pub promise: Option<(u32, [i64; 3])>,
    pub subjects: Box<[(u32, u64)]>,
    pub attributes: Box<[u64]>,
}

impl Rest {
    fn is_empty(&self) -> bool {
        self.money.is_none()
            && self.score.is_none()
            && self.promise.is_none()
            && self.subjects.is_empty()
            && self.attributes.is_empty()
    }
}

impl Held {
    pub fn new(row: Row, names: &mut Names) -> Self {
        let rest = Rest {
            money: row.money.map(|m| (m.minor, names.code(m.currency.as_str()))),
            score: row.score.map(|s| (names.code_of(&s.kind), [s.value, s.min, s.max])),
            promise: row.promise.map(|p| (names.code_of(&p.kind), [p.due.0, p.deadline.0, p.day_deadline.0])),
            subjects: row.subjects.iter().map(|(kind, hash)| (names.code_of(kind), *hash)).collect(),
            attributes: row.attributes.into_boxed_slice(),
        };
        Self {
            customer: row.customer,
            node: row.node,
            order: row.order,
            position: row.position,
            event: names.code_of(&row.event),
            channel: names.code_of(&row.channel),
            flags: flags(row.actor, row.direction, row.has_text),
            rest: (!rest.is_empty()).then(|| Box::new(rest)),
        }
    }

    /// Row `i` of a customer of a segment.
    pub fn of(customer: &Customer<'_>, i: usize, names: &mut Names) -> Self {
        let segment = customer.segment();
        let mut name = |all: &[Box<str>], code: u16| names.code(all.get(code as usize).map_or("", |n| n));
        let hashes = segment.attribute_hashes();
        let rest = Rest {
            money: customer.money(i).map(|(minor, currency)| (minor, name(segment.currencies(), currency))),
            score: customer.score(i).map(|s| (name(segment.score_kinds(), s.kind), [s.value, s.min, s.max])),
            promise: customer
                .promise(i)
                .map(|p| (name(segment.promise_kinds(), p.kind), [p.due, p.deadline, p.day_deadline])),
            subjects: customer.subjects(i).map(|(kind, hash)| (name(segment.subject_kinds(), kind), hash)).collect(),
            attributes: customer.attributes(i).iter().filter_map(|&code| hashes.get(code as usize).copied()).collect(),
        };
        let event = name(segment.events(), customer.event(i));
        let channel = name(segment.channels(), customer.channel(i));
        Self {
            customer: customer.id,
            node: customer.node(i),
            order: customer.order(i),
            position: customer.position(i),
            event,
            channel,
            flags: customer.flags(i),
            rest: (!rest.is_empty()).then(|| Box::new(rest)),
        }
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + self.rest.as_ref().map_or(0, |r| size_of::<Rest>() + r.subjects.len() * 16 + r.attributes.len() * 8)
    }
}
