//! A shop with a year of customers, made of a seed: what `throughline demo` shows and what tests,
//! benchmarks and screenshots run on.
//!
//! Northwind Shop sells outdoor gear in euros from Hamburg, on the web, in an app and in five
//! stores. Its customers see adverts, browse, order, pay, wait, complain, praise, return and come
//! back. Some things that go wrong (and some that go right) are planted, see [`World::truths`], so
//! that a reader of the numbers can be held against what really is behind them. What a truth did is
//! known exactly: [`World::weigh`] lives every life a second time without it.
//!
//! This room knows no clock, no file and no chance but its seed: the same seed and end give the same
//! interactions, and a customer's story is the same in a world of any size. It never knows who
//! reads the interactions. Read `plants.rs` first, then `story.rs` and `order.rs`.

pub mod adversary;
mod plants;
mod weight;
mod story;
mod between;
mod visit;
mod order;
mod care;
mod answers;
mod store_sale;
mod person;
mod catalogue;
mod words;
mod calendar;
mod line;
mod stream;

pub use plants::{Change, Effect, Plant, Sign, Truth};
pub use stream::Interactions;
pub use weight::Weight;

use calendar::Calendar;
use plants::Plants;
use throughline_interactions::Timestamp;

/// The sources that the interactions come from, by their lasting names.
pub const SOURCES: &[&str] = &[
    "northwind-web",
    "northwind-app",
    "northwind-tills",
    "northwind-warehouse",
    "northwind-helpdesk",
    "northwind-mail",
    "northwind-reviews",
    "northwind-adverts",
];

/// Segments that the shop follows: name, what it is for, and the rule as JSON.
pub const SEGMENTS: [(&str, &str, &str); 5] = [
    (
        "Repeat buyers",
        "Thank them, and ask them what they would change.",
        r#"{"did": {"what": {"events": ["Order Completed"]}, "times": {"at_least": 2}, "when": {"last": "365d"}}}"#,
    ),
    (
        "Gone quiet",
        "Bought once, and nothing has been heard of them for a quarter of a year.",
        r#"{"all": [{"did": {"what": {"events": ["Order Completed"]}, "times": {"at_least": 1}}}, {"last": {"ago": {"at_least": "90d"}}}]}"#,
    ),
    (
        "Unhappy lately",
        "Somebody should call.",
        r#"{"any": [{"score": {"kind": "stars", "which": "last", "value": {"at_most": 2}, "when": {"last": "60d"}}}, {"score": {"kind": "csat", "which": "last", "value": {"at_most": 2}, "when": {"last": "60d"}}}, {"score": {"kind": "nps", "which": "last", "value": {"at_most": 6}, "when": {"last": "60d"}}}]}"#,
    ),
    (
        "Parcel on its way for a week",
        "Write to them before they write to us.",
        r#"{"sequence": {"steps": [{"events": ["Order Shipped"]}], "when": {"last": "30d"}, "then_not": {"what": {"events": ["Order Delivered"]}, "within": "7d"}}}"#,
    ),
    (
        "Said it was late",
        "In their own words, in the last three months.",
        r#"{"said": {"words": ["late", "delayed", "waiting"], "when": {"last": "90d"}}}"#,
    ),
];

/// The name of the shop.
pub const SHOP: &str = "Northwind Shop";

/// The shop's time zone.
pub const ZONE: &str = "Europe/Berlin";

/// The shop's currency.
pub const CURRENCY: &str = "EUR";

/// Of a basket, what remains for the shop.
pub const MARGIN: f64 = 0.35;

/// Of one customer in so many there is also a crawler.
const CUSTOMERS_PER_BOT: u64 = 400;

/// What bends the chances of a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// What goes wrong or right.
    pub planted: Plants,
    /// Whether anything that happens moves anybody.
    pub moves: bool,
    /// Whether the shop changes anything in the course of the year.
    pub changes: bool,
}

/// The shop and its customers over the 365 days before an end.
#[derive(Debug)]
pub struct World {
    seed: u64,
    customers: u64,
    nature: Nature,
    calendar: Calendar,
}

impl World {
    /// A world of this many customers, about forty interactions each, that ends on 2026-06-01: for
    /// tests and measurements. Making it costs nothing; the interactions are made while they are read.
    pub fn of(customers: u64, seed: u64) -> Self {
        Self::sized(seed, Timestamp::from_seconds(1_780_315_200), customers)
    }

    /// The same with another seed and end.
    pub fn sized(seed: u64, end: Timestamp, customers: u64) -> Self {
        let nature = Nature { planted: Plants::ALL, moves: true, changes: true };
        Self { seed, customers, nature, calendar: Calendar::new(end) }
    }

    /// The same world without one of its truths.
    #[must_use]
    pub fn without(mut self, plant: Plant) -> Self {
        self.nature.planted = self.nature.planted.without(plant);
        self
    }

    /// The same world in which everything happens as often, and nothing that happens moves anybody:
    /// answers, cancellations and returns are chance alone, so whatever is found in it is false.
    #[must_use]
    pub fn numb(mut self) -> Self {
        self.nature.moves = false;
        self
    }

    /// The same world if the shop had changed nothing, see [`World::changes`].
    #[must_use]
    pub fn unchanged(mut self) -> Self {
        self.nature.changes = false;
        self
    }

    /// How many people there are, customers and visitors.
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// The first moment at which something may happen.
    pub fn start(&self) -> Timestamp {
        Timestamp(self.calendar.midnight(0))
    }

    /// The last moment at which something may happen.
    pub fn end(&self) -> Timestamp {
        Timestamp(self.calendar.end)
    }

    /// Every interaction with the name of its source, in cohorts of [`Interactions::COHORT`]
    /// customers, each in the order of time from the first day to the last. Only one cohort is in
    /// memory.
    pub fn interactions(&self) -> Interactions<'_> {
        Interactions::new(self)
    }

    /// About how many interactions there are, from a sample. Takes a moment.
    pub fn total_hint(&self) -> u64 {
        stream::total_hint(self)
    }

    /// What was planted.
    pub fn truths(&self) -> impl Iterator<Item = &'static Truth> + '_ {
        let planted = if self.nature.moves { self.nature.planted } else { Plants::NONE };
        plants::TRUTHS.iter().filter(move |t| planted.has(t.plant))
    }

    /// What the shop changed in the course of the year, and when.
    pub fn changes(&self) -> impl Iterator<Item = (&'static Change, Timestamp)> + '_ {
        let change = &plants::NEW_CARRIER;
        let day = self.calendar.days() - 1 - change.days_before_end;
        self.nature.changes.then(|| (change, Timestamp(self.calendar.midnight(day)))).into_iter()
    }

    /// What a plant did to the customers of this world: every life lived with it and without it, by
    /// the same chances.
    pub fn weigh(&self, plant: Plant) -> Weight {
        weight::weigh(self, plant)
    }

    /// One story by its place.
    fn story(&self, place: u64) -> Vec<line::Line> {
        story::of_person(self.seed, place, self.nature, &self.calendar).0
    }

    /// The story of the crawler beside a customer.
    fn bot(&self, place: u64) -> Option<Vec<line::Line>> {
        place
            .is_multiple_of(CUSTOMERS_PER_BOT)
            .then(|| story::of_bot(self.seed, place / CUSTOMERS_PER_BOT, &self.calendar))
    }
}
