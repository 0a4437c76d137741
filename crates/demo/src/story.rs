//! One person's year: from the first advert to the last review, or to the end of the world.

use crate::Nature;
use crate::answers::Mood;
use crate::calendar::{Calendar, Hours};
use crate::catalogue::{percent, some_product};
use crate::line::Line;
use crate::person::{Language, Person, random_id};
use crate::plants::{Plant, Plants};
use crate::weight::Sum;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throughline_interactions::{Actor, Identifier};

/// Nobody comes more often than this in a year.
const MOST_VISITS: u32 = 24;

/// A part of a life with chances of its own: however many are drawn in one, the next begins with the
/// same ones. So a life differs from its twin without a plant only where the plant changes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chapter {
    Visit,
    CheckOut,
    Plan,
    Pay,
    Travel,
    Help,
    Mood,
    Answer,
    Return,
    Next,
}

/// A person's story while it happens.
pub(crate) struct Story<'w> {
    pub calendar: &'w Calendar,
    pub nature: Nature,
    pub rng: ChaCha8Rng,
    pub person: Person,
    pub lines: Vec<Line>,
    pub visits: u32,
    pub orders: u32,
    /// The browser knows who they are from an earlier visit.
    pub signed_in: bool,
    /// The stores know them by their card.
    pub has_card: bool,
    /// Since when they take the newsletter.
    pub subscribed: Option<usize>,
    /// What they met of the plants.
    pub met: Plants,
    /// What it came to.
    pub sum: Sum,
    round: u32,
}

/// What somebody carries away from a purchase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aftermath {
    /// When it was over, in microseconds.
    pub settled: i64,
    /// How it was.
    pub mood: Mood,
}

/// The story of the person at a place, the plants they met, and what it came to; the same for every
/// number of customers.
pub(crate) fn of_person(seed: u64, index: u64, nature: Nature, calendar: &Calendar) -> (Vec<Line>, Plants, Sum) {
    let mut rng = chance(seed, index);
    let person = Person::new(index, &mut rng);
    let mut story = Story {
        calendar,
        nature,
        rng,
        person,
        lines: Vec::with_capacity(48),
        visits: 0,
        orders: 0,
        signed_in: false,
        has_card: false,
        subscribed: None,
        met: Plants::NONE,
        sum: Sum::default(),
        round: 0,
    };
    story.live();
    story.between();
    let (met, mut sum) = (story.met, story.sum);
    let lines = finish(story.lines, calendar, &format!("nw{index:06}"));
    sum.lines = lines.len();
    sum.sales = lines.iter().filter(|l| is_sale(l)).filter_map(|l| l.draft.money.map(|m| m.minor)).sum();
    (lines, met, sum)
}

/// The lines that move money.
fn is_sale(line: &Line) -> bool {
    matches!(line.draft.event.as_str(), "Payment Approved" | "Order Paid" | "Order Refunded")
}

/// The story of a crawler: many pages in little time, every few weeks.
pub(crate) fn of_bot(seed: u64, index: u64, calendar: &Calendar) -> Vec<Line> {
    let mut rng = chance(seed, index | 1 << 63);
    let who = [Identifier::new("anonymous_id", &random_id(&mut rng))];
    let mut lines = Vec::new();
    let mut day = rng.random_range(0..60_usize);
    while day < calendar.days() {
        let mut at = calendar.midnight(day) + rng.random_range(0..14_400_000_000_i64);
        for _ in 0..rng.random_range(4..12_u32) {
            at += rng.random_range(400_000..2_000_000_i64);
            let product = some_product(&mut rng);
            lines.push(
                Line::new(calendar, "northwind-web", at, "Product Viewed", "web", "product page")
                    .who(&who)
                    .about("product", product.key)
                    .by(Actor::Bot),
            );
        }
        day += rng.random_range(40..120_usize);
    }
    finish(lines, calendar, &format!("nwbot{index:04}"))
}

/// Chance for one story: streams of one seed that never meet.
fn chance(seed: u64, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng
}

/// Brings the lines into order, drops what is yet to come and numbers them.
fn finish(mut lines: Vec<Line>, calendar: &Calendar, prefix: &str) -> Vec<Line> {
    lines.retain(|l| l.at >= calendar.midnight(0) && l.at <= calendar.end);
    lines.sort_by_key(|l| l.at);
    for (n, line) in lines.iter_mut().enumerate() {
        line.draft.message_id = format!("{prefix}-{n:04}");
        line.draft.source_seq = n as u32;
    }
    lines
}

impl Story<'_> {
    pub(crate) fn percent(&mut self, share: u32) -> bool {
        percent(&mut self.rng, share)
    }

    /// One share where a plant grows, another elsewhere; whether it struck.
    pub(crate) fn strikes(&mut self, plant: Plant, with: u32, without: u32) -> bool {
        let roll = self.rng.random_range(0..100_u32);
        let planted = self.nature.planted.has(plant);
        // Noted in both lives, so that twins agree on who met it.
        if (roll < with) != (roll < without) {
            self.met = self.met.with(plant);
        }
        roll < if planted { with } else { without }
    }

    /// Begins a part of the life with chances of its own.
    pub(crate) fn chapter(&mut self, chapter: Chapter) {
        self.rng.set_word_pos((u128::from(self.round) + 1) << 24 | (chapter as u128) << 18);
    }

    pub(crate) fn later(&mut self, at: i64, days: usize, hours: Hours) -> i64 {
        self.calendar.later(&mut self.rng, at, days, hours)
    }

    pub(crate) fn line(&self, source: &'static str, at: i64, event: &str, channel: &str, touchpoint: &str) -> Line {
        Line::new(self.calendar, source, at, event, channel, touchpoint)
    }

    fn live(&mut self) {
        let mut day = self.first_day();
        let last = self.calendar.days();
        while day < last && self.visits + self.orders < MOST_VISITS {
            self.round += 1;
            self.chapter(Chapter::Visit);
            let in_store = self.person.only_in_store() || self.person.store.is_some() && self.percent(35);
            let after = if in_store { Some(self.store_sale(day)) } else { self.visit(day) };
            self.chapter(Chapter::Next);
            let gap = match after {
                Some(Aftermath { settled, mood }) => {
                    let wish = self.wish_after(mood);
                    if !self.percent(wish) {
                        return;
                    }
                    self.calendar.day_of(settled).saturating_sub(day)
                        + self.rng.random_range(6..48_usize)
                        + self.rng.random_range(0..42_usize)
                }
                // They looked, and perhaps look again.
                None => {
                    let again = if self.person.buys > 50 { 78 } else { 46 };
                    if !self.percent(again) {
                        return;
                    }
                    let range = if self.person.buys > 50 { 1..14 } else { 4..60 };
                    self.rng.random_range(range)
                }
            };
            day += gap;
        }
    }

    /// Whoever was let down comes back less often, whoever was delighted or had a complaint made good
    /// more.
    fn wish_after(&self, mood: Mood) -> u32 {
        let loyal = self.person.loyal;
        if !self.nature.moves {
            return loyal;
        }
        let wish = match mood.stars {
            5 => loyal + 6,
            4 => loyal,
            3 => loyal * 7 / 10,
            2 => loyal * 4 / 10,
            _ => loyal * 2 / 10,
        };
        (wish + if mood.made_good { 16 } else { 0 }).min(92)
    }

    /// Customers come all year, more before Christmas; half of the regulars were there before.
    fn first_day(&mut self) -> usize {
        let days = self.calendar.days();
        let early = self.person.loyal > 50 && self.percent(50);
        let until = if early { 60.min(days) } else { days };
        for _ in 0..8 {
            let day = self.rng.random_range(0..until as u32) as usize;
            let weight = match self.calendar.month(day) {
                11 | 12 => 10,
                3..=6 | 9 | 10 => 7,
                _ => 5,
            };
            let weekend = u32::from(self.calendar.weekday(day) >= 5);
            if self.rng.random_range(0..11_u32) < weight + weekend {
                return day;
            }
        }
        until / 2
    }

    /// Tells the shop a name, an address and a telephone number.
    pub(crate) fn identify(&mut self, source: &'static str, at: i64, channel: &str, ids: &[Identifier]) {
        let language = match self.person.language {
            Language::English => "en",
            Language::German => "de",
            Language::Spanish => "es",
        };
        let marketing = self.percent(58);
        if marketing {
            self.subscribed.get_or_insert(self.calendar.day_of(at));
        }
        let name = self.person.name.clone();
        let line = self
            .line(source, at, "Identified", channel, "account")
            .who(ids)
            .with("name", name)
            .with("language", language)
            .with("region", self.person.region)
            .consent("marketing", marketing);
        self.lines.push(line);
    }
}
