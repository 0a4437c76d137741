//! Customers made up by a sequence that never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};
use throughline_segments::{Hashes, Person};
use throughline_timeline::{Row, RowScore};

pub(crate) const DAY: i64 = 86_400_000_000;
pub(crate) const NOW: i64 = 1_750_000_000_000_000;

pub(crate) const EVENTS: [&str; 6] =
    ["Page Viewed", "Product Added", "Order Completed", "Order Delivered", "Ticket Opened", "Survey Answered"];
pub(crate) const CHANNELS: [&str; 3] = ["web", "app", "store"];
pub(crate) const DIMENSIONS: [(&str, &str); 4] =
    [("property:category", "shoes"), ("property:category", "hats"), ("ref:store", "Berlin"), ("touchpoint", "till")];
pub(crate) const TEXTS: [&str; 5] =
    ["It came too late!", "Lovely, thank you", "Wrong size; sent back", "zu spät geliefert", "遅い 配達"];

/// Xorshift: enough to draw customers with.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub(crate) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }

    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
}

/// Hashes that a reader can follow.
pub(crate) struct Plain;

impl Hashes for Plain {
    fn hash(&self, dimension: &str, value: &str) -> u64 {
        dimension
            .bytes()
            .chain([0])
            .chain(value.bytes())
            .fold(14_695_981_039_346_656_037, |h, b| (h ^ u64::from(b)).wrapping_mul(1_099_511_628_211))
    }
}

/// Somebody with all that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) traits: BTreeMap<String, String>,
    pub(crate) allows: BTreeSet<String>,
    pub(crate) kinds: BTreeSet<String>,
    pub(crate) texts: BTreeMap<u64, String>,
}

impl Person for Customer {
    fn told(&self, name: &str) -> Option<String> {
        self.traits.get(name).cloned()
    }

    fn allows(&self, purpose: &str) -> bool {
        self.allows.contains(purpose)
    }

    fn is_known_by(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }

    fn text(&self, position: u64) -> Option<String> {
        self.texts.get(&position).cloned()
    }
}

pub(crate) fn row(customer: u64, position: u64, at: i64, event: &str) -> Row {
    Row {
        customer,
        node: customer,
        order: OrderKey { occurred_at: Timestamp(at), source_seq: 0, message_prefix: position, message_hash: position },
        position,
        event: event.into(),
        channel: "web".into(),
        actor: Actor::Human,
        direction: Direction::In,
        money: None,
        score: None,
        has_text: false,
        promise: None,
        subjects: Vec::new(),
        attributes: Vec::new(),
    }
}

/// Somebody with up to 24 interactions in the 60 days before now and the day after it; some at one and the
/// same moment.
pub(crate) fn customer(dice: &mut Dice, id: u64) -> Customer {
    let mut c = Customer { id, ..Customer::default() };
    let mut at = NOW - 60 * DAY;
    for n in 0..1 + dice.roll(24) {
        if !dice.once_in(8) {
            at = NOW - 60 * DAY + dice.roll(61 * 24 * 60) as i64 * 60_000_000;
        }
        let mut r = row(id, id * 1_000 + n, at, EVENTS[dice.roll(6) as usize]);
        r.channel = Arc::from(*dice.one_of(&CHANNELS));
        r.actor = if dice.once_in(10) { Actor::Bot } else { Actor::Human };
        if dice.once_in(3) {
            let currency = Currency::new(if dice.once_in(4) { "USD" } else { "EUR" }).unwrap();
            r.money = Some(Money { minor: dice.roll(20_000) as i64 - 4_000, currency });
        }
        if dice.once_in(3) {
            let kind = if dice.once_in(2) { "csat" } else { "nps" };
            let (min, max) = if kind == "csat" { (1.0, 5.0) } else { (0.0, 10.0) };
            r.score = Some(RowScore { kind: kind.into(), value: dice.roll(max as u64 + 1) as f32, min, max });
        }
        if dice.once_in(3) {
            r.has_text = true;
            c.texts.insert(r.position, (*dice.one_of(&TEXTS)).to_owned());
        }
        r.attributes = DIMENSIONS.iter().filter(|_| dice.once_in(3)).map(|(d, v)| Plain.hash(d, v)).collect();
        c.rows.push(r);
    }
    c.rows.sort_by_key(|r| r.order);
    for (name, values) in [("plan", ["free", "Pro"]), ("age", ["31", "64.5"]), ("city", ["Köln", "Łódź"])] {
        if dice.once_in(2) {
            c.traits.insert(name.to_owned(), (*dice.one_of(&values)).to_owned());
        }
    }
    c.allows = ["marketing", "analytics"].iter().filter(|_| dice.once_in(2)).map(|p| (*p).to_owned()).collect();
    c.kinds = ["email", "phone"].iter().filter(|_| dice.once_in(2)).map(|p| (*p).to_owned()).collect();
    c
}
