//! What customers say of it: to the help desk, in surveys and in reviews.

use crate::calendar::Hours;
use crate::catalogue::{STAFF, one};
use crate::order::Order;
use crate::story::Story;
use crate::words::{self, Subject};
use rand::Rng;
use throughline_interactions::{Actor, ScoreKind};

const HOUR: i64 = 3_600_000_000;

/// What happened to somebody with an order, as far as it moves them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lived {
    /// Days late.
    pub late: usize,
    pub refused: bool,
    pub payment_failed: bool,
    pub delight: bool,
}

impl Story<'_> {
    /// How it felt, 1 to 5, drawn from what was lived through.
    pub(crate) fn stars(&mut self, lived: &Lived) -> i64 {
        let weights: [u32; 5] = match lived {
            Lived { delight: true, .. } => [1, 1, 4, 20, 74],
            Lived { late: 4.., .. } => [34, 27, 19, 12, 8],
            Lived { late: 1.., refused: true, .. } => [38, 30, 16, 10, 6],
            Lived { late: 1.., .. } => [20, 24, 23, 20, 13],
            Lived { refused: true, .. } => [22, 24, 22, 20, 12],
            Lived { payment_failed: true, .. } => [8, 12, 20, 32, 28],
            _ => [3, 6, 12, 31, 48],
        };
        let mut left = self.rng.random_range(0..100_u32);
        for (stars, weight) in (1..=5).zip(weights) {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return stars,
            }
        }
        5
    }

    /// Whoever waits, was refused or could not pay may write; others ask something now and then.
    pub(crate) fn ask_for_help(&mut self, order: &Order, lived: &Lived, paid: i64, delivered: i64) {
        if lived.late > 1 && self.percent(44) {
            // On the first or second day after the promised one, the parcel still on its way.
            let deadline = self.calendar.midnight(order.due + 1);
            let at = self.later(deadline, lived.late.min(3) - 2, Hours::Home);
            self.ticket(order, "delivery", at, lived.late as i64);
        } else if lived.refused && self.percent(28) {
            self.ticket(order, "coupon", paid + 900_000_000, 0);
        } else if lived.payment_failed && self.percent(20) {
            self.ticket(order, "payment", paid + 900_000_000, 0);
        } else if self.percent(5) {
            let days = self.rng.random_range(0..9_usize);
            let at = self.later(delivered, days, Hours::Home);
            self.ticket(order, "question", at, 0);
        }
    }

    /// A question to the help desk and its answer.
    pub(crate) fn ticket(&mut self, order: &Order, topic: &'static str, at: i64, days: i64) {
        let key = format!("T-{}-{}", &order.key[3..], self.lines.len());
        let channel = match self.rng.random_range(0..100_u32) {
            0..52 => "email",
            52..80 => "chat",
            _ => "phone",
        };
        let who = match channel {
            "email" => self.person.email.clone(),
            "phone" => self.person.phone.clone(),
            _ => self.person.known(),
        };
        let subject = Subject {
            product: order.products[0],
            carrier: order.carrier,
            store: "",
            days: days.max(1),
            coupon: crate::catalogue::REFUSED,
        };
        let text = words::question(&mut self.rng, self.person.language, topic, &subject);
        let opened = self
            .line("northwind-helpdesk", at, "Ticket Opened", channel, "help desk")
            .who(std::slice::from_ref(&who))
            .about("order", &order.key)
            .about("ticket", &key)
            .with("topic", topic)
            .says(text);
        self.lines.push(opened);
        let takes = match channel {
            "email" => self.later(at, 1, Hours::Desk),
            _ => at + self.rng.random_range(4 * 60..25 * 60) * 1_000_000,
        };
        let text = words::reply(&mut self.rng, self.person.language);
        let solved = self
            .line("northwind-helpdesk", takes, "Ticket Resolved", channel, "help desk")
            .who(std::slice::from_ref(&who))
            .out(Actor::Agent)
            .about("order", &order.key)
            .about("ticket", &key)
            .about("staff", one(&mut self.rng, STAFF))
            .with("topic", topic)
            .says(text);
        self.lines.push(solved);
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
            let waiting = lived.late > 3 && self.percent(30);
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
