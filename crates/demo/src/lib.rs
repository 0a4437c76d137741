//! A small shop with a year of customers, made of a seed: what `throughline demo` shows and what
//! tests, benchmarks and screenshots run on.
//!
//! Northwind Shop sells outdoor gear in euros from Hamburg, on the web, in an app and in five
//! stores. Its customers see adverts, browse, order, pay, wait, complain, praise, return and come
//! back. Some things that go wrong (and one that goes right) are planted, see [`World::truths`],
//! so that a reader of the numbers can be held against what really is behind them.
//!
//! This room knows no clock, no file and no chance but its seed: the same seed and end give the same
//! interactions, and a customer's story is the same in a world of any size. It never knows who
//! reads the interactions. Read `truths.rs` first, then `story.rs` and `order.rs`.

mod truths;
mod story;
mod visit;
mod order;
mod answers;
mod store_sale;
mod person;
mod catalogue;
mod words;
mod calendar;
mod line;
mod stream;

pub use stream::Interactions;
pub use truths::{Effect, Sign, Truth};

use calendar::Calendar;
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
];

/// The name of the shop.
pub const SHOP: &str = "Northwind Shop";

/// The shop's time zone.
pub const ZONE: &str = "Europe/Berlin";

/// The shop's currency.
pub const CURRENCY: &str = "EUR";

/// Of one customer in so many there is also a crawler.
const CUSTOMERS_PER_BOT: u64 = 400;

/// The shop and its customers over the 365 days before an end.
#[derive(Debug)]
pub struct World {
    seed: u64,
    customers: u64,
    calendar: Calendar,
}

impl World {
    /// About 4,000 customers with about 60,000 interactions.
    pub fn small(seed: u64, end: Timestamp) -> Self {
        Self::sized(seed, end, 4_000)
    }

    /// A world of this many customers, about fifteen interactions each. Making it costs nothing;
    /// the interactions are made while they are read.
    pub fn sized(seed: u64, end: Timestamp, customers: u64) -> Self {
        Self { seed, customers, calendar: Calendar::new(end) }
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

    /// Every interaction with the name of its source, in the order of time. Worlds of more than
    /// [`Interactions::COHORT`] customers come in cohorts of that many, each from the first day to
    /// the last. Only a part of one cohort is in memory.
    pub fn interactions(&self) -> Interactions<'_> {
        Interactions::new(self)
    }

    /// About how many interactions there are: counted in small worlds, estimated from a
    /// sample in large ones. Takes a moment.
    pub fn total_hint(&self) -> u64 {
        stream::total_hint(self)
    }

    /// What was planted.
    pub fn truths(&self) -> &'static [Truth] {
        truths::TRUTHS
    }

    /// People and crawlers.
    fn stories(&self) -> u64 {
        self.customers + self.customers.div_ceil(CUSTOMERS_PER_BOT)
    }

    /// One story by its place: people first, then the crawlers.
    fn story(&self, place: u64) -> Vec<line::Line> {
        match place.checked_sub(self.customers) {
            None => story::of_person(self.seed, place, &self.calendar),
            Some(bot) => story::of_bot(self.seed, bot, &self.calendar),
        }
    }
}
