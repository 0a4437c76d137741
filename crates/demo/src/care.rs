//! The help desk: who writes, and how they are answered.

use crate::answers::Lived;
use crate::calendar::Hours;
use crate::catalogue::{STAFF, one};
use crate::line::Line;
use crate::order::Order;
use crate::plants::Plant;
use crate::story::Story;
use crate::words::{self, Subject};
use rand::Rng;
use throughline_interactions::{Actor, Identifier};

/// How somebody was helped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Care {
    /// They never asked.
    #[default]
    None,
    /// An answer, as answers are.
    Answered,
    /// Made good at once, with a credit.
    MadeGood,
    /// Sent from the mail to the chat to the telephone.
    HandedAround,
}

/// What a ticket is about.
struct Ticket<'a> {
    order: &'a Order,
    topic: &'static str,
    days: i64,
}

impl Story<'_> {
    /// Whoever waits, was refused, was disappointed or could not pay may write; others ask something
    /// now and then. How they were helped, and when that was over.
    pub(crate) fn ask_for_help(&mut self, order: &Order, lived: &Lived, paid: i64, delivered: i64) -> (Care, i64) {
        let moves = self.nature.moves;
        let roll = self.rng.random_range(0..100_u32);
        if moves && lived.late > 1 && roll < 44 {
            // On the first or second day after the promised one, the parcel still on its way.
            let deadline = self.calendar.midnight(order.due + 1);
            let at = self.later(deadline, lived.late.min(3) - 2, Hours::Home);
            self.ticket(order, "delivery", at, lived.late as i64)
        } else if moves && lived.flawed && roll < 50 {
            let at = self.later(delivered, 1, Hours::Home);
            self.ticket(order, "defect", at, 0)
        } else if moves && lived.refused && roll < 28 {
            self.ticket(order, "coupon", paid + 900_000_000, 0)
        } else if moves && lived.payment_failed && roll < 20 {
            self.ticket(order, "payment", paid + 900_000_000, 0)
        } else if moves && lived.promised && roll < 22 {
            let at = self.later(delivered, 1, Hours::Home);
            self.ticket(order, "expectation", at, 0)
        } else if roll < 9 {
            let days = self.rng.random_range(0..2_usize);
            let at = self.later(delivered, days, Hours::Home);
            self.ticket(order, "question", at, 0)
        } else {
            (Care::None, delivered)
        }
    }

    /// A question to the help desk and what becomes of it.
    pub(crate) fn ticket(&mut self, order: &Order, topic: &'static str, at: i64, days: i64) -> (Care, i64) {
        let channel = match self.rng.random_range(0..100_u32) {
            0..52 => "email",
            52..80 => "chat",
            _ => "phone",
        };
        let ticket = Ticket { order, topic, days };
        if channel == "email" && self.strikes(Plant::HandedAround, 40, 0) {
            return (Care::HandedAround, self.handed_around(&ticket, at));
        }
        let text = self.question(&ticket);
        let opened = self.opened(&ticket, at, channel).says(text);
        self.lines.push(opened);
        let made_good = self.strikes(Plant::Recovery, 34, 0);
        let solved = self.solved_at(at, channel);
        self.resolved(&ticket, solved, channel, made_good);
        (if made_good { Care::MadeGood } else { Care::Answered }, solved)
    }

    /// Told by mail, told again in the chat, and once more on the telephone; when it was over.
    fn handed_around(&mut self, ticket: &Ticket<'_>, at: i64) -> i64 {
        let mut at = at;
        for (channel, next) in [("email", Some("chat")), ("chat", Some("phone")), ("phone", None)] {
            let text = self.question(ticket);
            let mut opened = self.opened(ticket, at, channel).says(text);
            if channel != "email" {
                opened = opened.with("told_before", true);
            }
            self.lines.push(opened);
            let answered = self.solved_at(at, channel);
            match next {
                None => {
                    self.resolved(ticket, answered, channel, false);
                    return answered;
                }
                Some(next) => {
                    let handed = self
                        .help(ticket, answered, "Ticket Transferred", channel)
                        .out(Actor::Agent)
                        .about("staff", one(&mut self.rng, STAFF))
                        .with("handed_to", next);
                    self.lines.push(handed);
                    at = answered + self.rng.random_range(600..7_200) * 1_000_000;
                }
            }
        }
        at
    }

    /// When the help desk has its answer.
    fn solved_at(&mut self, at: i64, channel: &str) -> i64 {
        match channel {
            "email" => self.later(at, 1, Hours::Desk),
            _ => at + self.rng.random_range(4 * 60..25 * 60) * 1_000_000,
        }
    }

    /// How they are known where they ask.
    fn known_on(&self, channel: &str) -> Identifier {
        match channel {
            "email" => self.person.email.clone(),
            "phone" => self.person.phone.clone(),
            _ => self.person.known(),
        }
    }

    fn help(&self, ticket: &Ticket<'_>, at: i64, event: &str, channel: &str) -> Line {
        self.line("northwind-helpdesk", at, event, channel, "help desk")
            .who(&[self.known_on(channel)])
            .about("order", &ticket.order.key)
            .about("ticket", &format!("T-{}-{}", &ticket.order.key[3..], ticket.topic))
            .with("topic", ticket.topic)
    }

    fn opened(&self, ticket: &Ticket<'_>, at: i64, channel: &str) -> Line {
        self.help(ticket, at, "Ticket Opened", channel)
    }

    fn question(&mut self, ticket: &Ticket<'_>) -> String {
        let subject = Subject {
            product: ticket.order.products[0],
            carrier: ticket.order.carrier,
            store: "",
            days: ticket.days.max(1),
            coupon: crate::catalogue::REFUSED,
        };
        words::question(&mut self.rng, self.person.language, ticket.topic, &subject)
    }

    fn resolved(&mut self, ticket: &Ticket<'_>, at: i64, channel: &str, made_good: bool) {
        let text = words::reply(&mut self.rng, self.person.language);
        let line = self
            .help(ticket, at, "Ticket Resolved", channel)
            .out(Actor::Agent)
            .about("staff", one(&mut self.rng, STAFF))
            .with("remedy", if made_good { "made good at once" } else { "answered" })
            .says(text);
        self.lines.push(line);
        if made_good {
            let credit =
                self.help(ticket, at + 60_000_000, "Credit Given", channel).out(Actor::Agent).with("credit", true);
            self.lines.push(credit);
        }
    }
}
