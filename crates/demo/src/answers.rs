//! What customers say of it: in surveys and in reviews.

use crate::calendar::Hours;
use crate::care::Care;
use crate::catalogue::{STAFF, one};
use crate::order::Order;
use crate::story::Story;
use crate::words::{self, Subject};
use rand::Rng;
use throughline_interactions::{Actor, ScoreKind};

const HOUR: i64 = 3_600_000_000;

/// What happened to somebody with an order, as far as it may move them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lived {
    /// Days late.
    pub late: usize,
    pub refused: bool,
    pub payment_failed: bool,
    /// What was bought broke.
    pub flawed: bool,
    /// An advert had promised more than there is.
    pub promised: bool,
    pub care: Care,
    pub delight: bool,
}

/// What somebody carries away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mood {
    /// How it was, 1 worst to 5 best, whether they told or not.
    pub stars: i64,
    /// A complaint was made good, and nothing is left of it.
    pub made_good: bool,
}

impl Mood {
    pub(crate) fn of(lived: &Lived, stars: i64) -> Self {
        Self { stars, made_good: lived.care == Care::MadeGood && !lived.flawed }
    }
}

impl Lived {
    /// How much it weighs; a good answer takes off what a bad one adds, but mends no broken thing.
    fn harm(&self) -> usize {
        let late = match self.late {
            0 => 0,
            1..4 => 2,
            _ => 3,
        };
        let flaw = if self.flawed { 3 } else { 0 };
        let rest = late
            + if self.refused { 2 } else { 0 }
            + if self.promised { 2 } else { 0 }
            + usize::from(self.payment_failed)
            + if self.care == Care::HandedAround { 2 } else { 0 };
        flaw + if self.care == Care::MadeGood && !self.flawed { rest.saturating_sub(2) } else { rest }
    }
}

/// Weights of one to five stars by how much harm was done.
const STARS: [[u32; 5]; 5] =
    [[3, 6, 12, 31, 48], [8, 12, 20, 32, 28], [20, 24, 23, 20, 13], [34, 27, 19, 12, 8], [42, 30, 14, 8, 6]];
/// Where people delight.
const DELIGHTED: [u32; 5] = [1, 1, 4, 20, 74];

impl Story<'_> {
    /// How it felt, 1 to 5, drawn from what was lived through.
    pub(crate) fn stars(&mut self, lived: &Lived) -> i64 {
        let weights = match lived.harm() {
            _ if !self.nature.moves => STARS[0],
            0 if lived.delight => DELIGHTED,
            harm => STARS[harm.min(STARS.len() - 1)],
        };
        let mut left = self.rng.random_range(0..100_u32);
        let mut stars = 5;
        for (n, weight) in (1..=5).zip(weights) {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => {
                    stars = n;
                    break;
                }
            }
        }
        self.sum.dissatisfied += i64::from(stars <= 2);
        stars
    }

    /// The survey and the review after an order; when the last of it was said.
    pub(crate) fn answer(&mut self, order: &Order, lived: &Lived, stars: i64, delivered: i64) -> i64 {
        let mut last = delivered;
        let subject = Subject {
            product: order.products[0],
            carrier: order.carrier,
            store: "",
            days: lived.late as i64,
            coupon: crate::catalogue::REFUSED,
        };
        if self.percent(62) {
            let sent = self.later(delivered, 2, Hours::Desk);
            let invitation =
                self.about(order, "northwind-mail", sent, "Survey Sent", "email", "survey").out(Actor::System);
            self.lines.push(invitation);
            if self.percent(8) {
                let at = sent + self.rng.random_range(1_000_000..20_000_000_i64);
                let opened =
                    self.about(order, "northwind-mail", at, "Email Opened", "email", "survey").by(Actor::Prefetch);
                self.lines.push(opened);
            }
            if self.percent(52) {
                let days = self.rng.random_range(0..4_usize);
                let at = self.later(sent, days, Hours::Home);
                let nps = self.recommends(stars);
                let mut answered = self
                    .about(order, "northwind-mail", at, "Survey Answered", "email", "survey")
                    .score(ScoreKind::Nps, nps);
                if self.percent(45) {
                    answered =
                        answered.says(words::opinion(&mut self.rng, self.person.language, stars, lived, &subject));
                }
                self.lines.push(answered);
                last = last.max(at);
            }
        }
        if self.percent(27) {
            // Some cannot wait: they review what has not arrived.
            let deadline = self.calendar.midnight(order.due + 1);
            let waiting = lived.late > 3 && lived.care == Care::None && self.percent(30);
            let from = if waiting { deadline + 20 * HOUR } else { delivered };
            let days = if waiting { self.rng.random_range(0..2_usize) } else { self.rng.random_range(1..10_usize) };
            let at = self.later(from, days, Hours::Home);
            let text = words::opinion(&mut self.rng, self.person.language, stars, lived, &subject);
            let review = self.review(order, at, stars, text);
            self.lines.push(review);
            self.reply_to_review(order, at, stars);
            last = last.max(at);
        }
        last
    }

    fn review(&self, order: &Order, at: i64, stars: i64, text: String) -> crate::line::Line {
        let product = order.products[0].key;
        let line = self.line("northwind-reviews", at, "Review Posted", "review_site", "product reviews");
        line.who(std::slice::from_ref(&self.person.email))
            .about("order", &order.key)
            .about("product", product)
            .score(ScoreKind::Stars, stars)
            .says(text)
    }

    /// The shop answers some of the unhappy.
    fn reply_to_review(&mut self, order: &Order, at: i64, stars: i64) {
        if stars <= 2 && self.percent(40) {
            let replied = self.later(at, 1, Hours::Desk);
            let text = words::reply(&mut self.rng, self.person.language);
            let line = self
                .line("northwind-reviews", replied, "Review Replied", "review_site", "product reviews")
                .who(std::slice::from_ref(&self.person.email))
                .out(Actor::Agent)
                .about("order", &order.key)
                .about("staff", one(&mut self.rng, STAFF))
                .says(text);
            self.lines.push(line);
        }
    }

    /// Likelihood to recommend, 0 to 10, from how it felt.
    pub(crate) fn recommends(&mut self, stars: i64) -> i64 {
        let (low, high) = match stars {
            1 => (0, 2),
            2 => (1, 4),
            3 => (5, 7),
            4 => (7, 9),
            _ => (8, 10),
        };
        self.rng.random_range(low..=high)
    }
}
