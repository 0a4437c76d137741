//! An order on its way: paid or not, shipped, delivered in time or late, sent back.

use crate::answers::Lived;
use crate::calendar::Hours;
use crate::catalogue::{CARRIERS, PAYMENTS, Product, SLOW, percent, weighted};
use crate::line::Line;
use crate::person::Device;
use crate::story::{Aftermath, Story};
use crate::visit::{Coupon, Visit, payment_fails};
use rand::Rng;
use throughline_interactions::Actor;

/// The order as everybody later speaks of it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub key: String,
    pub products: Vec<&'static Product>,
    pub cents: i64,
    pub carrier: &'static str,
    /// Days of the calendar: promised, and really delivered.
    pub due: usize,
    pub delivered: usize,
}

impl Order {
    /// Days behind the promise.
    pub(crate) fn late(&self) -> usize {
        self.delivered.saturating_sub(self.due)
    }
}

impl Story<'_> {
    /// A line of the shop's own systems about an order.
    pub(crate) fn about(
        &self,
        order: &Order,
        source: &'static str,
        at: i64,
        event: &str,
        channel: &str,
        touchpoint: &str,
    ) -> Line {
        self.line(source, at, event, channel, touchpoint).who(&[self.person.known()]).about("order", &order.key)
    }

    /// Orders what is in the basket, and lives with it.
    pub(crate) fn order(&mut self, visit: Visit, products: Vec<&'static Product>, coupon: Coupon) -> Aftermath {
        let order = self.plan(&visit, products, coupon);
        let payment = weighted(&mut self.rng, PAYMENTS);
        self.placed(&visit, &order, coupon, payment);

        let paid_after = self.pay(&visit, &order, payment);
        let mut lived = Lived {
            late: 0,
            refused: matches!(coupon, Coupon::Refused(_)),
            payment_failed: paid_after != Some(0),
            delight: false,
        };
        let Some(tries) = paid_after else {
            let settled = self.unpaid(&visit, &order);
            return Aftermath { settled, stars: self.stars(&lived).min(3) };
        };
        let at = visit.at + i64::from(tries + 1) * 120_000_000;
        let changes_mind = if lived.refused { 15 } else { 1 };
        if self.percent(changes_mind) {
            return self.cancelled(&order, at, lived);
        }
        let delivered = self.travel(&order, at);
        lived.late = order.late();
        let stars = self.stars(&lived);
        self.ask_for_help(&order, &lived, at, delivered);
        let settled = self.answer(&order, &lived, stars, delivered);
        if self.percent(7) {
            self.send_back(&order, delivered);
        }
        Aftermath { settled: settled.max(delivered), stars }
    }

    /// Decides what will become of the order: who carries it, and how long that takes.
    fn plan(&mut self, visit: &Visit, products: Vec<&'static Product>, coupon: Coupon) -> Order {
        self.orders += 1;
        let full: i64 = products.iter().map(|p| p.cents).sum();
        let cents = match coupon {
            Coupon::Applied(crate::catalogue::WORKING) => full * 9 / 10,
            Coupon::Applied(_) => full * 85 / 100,
            _ => full,
        };
        // Brightway drives in the north; elsewhere it helps out.
        let share = if self.person.region == "north" { 68 } else { 6 };
        let carrier = if self.percent(share) { SLOW } else { weighted(&mut self.rng, CARRIERS) };
        let day = self.calendar.day_of(visit.at);
        let due = self.calendar.delivery_day(day + self.rng.random_range(3..6_usize));
        let is_late = self.percent(if carrier == SLOW { 58 } else { 6 });
        let delivered = if is_late {
            due + 1 + self.rng.random_range(0..5_usize) + self.rng.random_range(0..4_usize)
        } else {
            (due - self.rng.random_range(0..2_usize)).max(day + 2)
        };
        Order {
            key: format!("NW-{:05}{:02}", self.person.index, self.orders),
            products,
            cents,
            carrier,
            due,
            delivered: self.calendar.delivery_day(delivered),
        }
    }

    fn placed(&mut self, visit: &Visit, order: &Order, coupon: Coupon, payment: &str) {
        let gift_wrap = self.percent(if self.person.region == "north" { 58 } else { 9 });
        let mut line = visit
            .line(self, "Order Completed", "checkout")
            .about("order", &order.key)
            .cents(order.cents)
            .promise(self.calendar.midnight(order.due))
            .with("device", visit.device.name())
            .with("payment_method", payment)
            .with("region", self.person.region)
            .with("gift_wrap", gift_wrap)
            .with("items", order.products.len());
        if !line.draft.identifiers.contains(&self.person.email) {
            line = line.who(std::slice::from_ref(&self.person.email));
        }
        if let Device::Phone(model) = visit.device {
            line = line.with("phone_model", model);
        }
        let (code, result) = match coupon {
            Coupon::None => ("none", "none"),
            Coupon::Applied(code) => (code, "applied"),
            Coupon::Refused(code) => (code, "refused"),
        };
        line = line.with("coupon", code).with("coupon_result", result);
        for product in &order.products {
            line = line.about("product", product.key);
        }
        self.lines.push(line);
    }

    /// The payment: after how many failures it went through; `None` if it never did.
    fn pay(&mut self, visit: &Visit, order: &Order, payment: &str) -> Option<u32> {
        let mut failures = 0;
        let mut at = visit.at;
        loop {
            at += self.rng.random_range(8_000_000..90_000_000_i64);
            if !payment_fails(self, visit.device, failures > 0) {
                let line = self
                    .about(order, visit.source, at, "Payment Approved", visit.channel, "payment page")
                    .cents(order.cents)
                    .with("payment_method", payment);
                self.lines.push(line);
                return Some(failures);
            }
            failures += 1;
            let error = if self.percent(88) { "confirmation window closed" } else { "declined" };
            let mut line = self
                .about(order, visit.source, at, "Payment Failed", visit.channel, "payment page")
                .with("payment_method", payment)
                .with("error", error);
            if let Device::Phone(model) = visit.device {
                line = line.with("phone_model", model);
            }
            self.lines.push(line);
            if failures == 3 || self.percent(42) {
                return None;
            }
        }
    }

    /// Nobody pays: some write, some orders are cancelled, the others fall silent.
    fn unpaid(&mut self, visit: &Visit, order: &Order) -> i64 {
        if self.percent(14) {
            self.ticket(order, "payment", visit.at + 400_000_000, 0);
        }
        let at = self.later(visit.at, 4, Hours::Desk);
        if self.percent(45) {
            let line = self
                .about(order, "northwind-warehouse", at, "Order Cancelled", "web", "order system")
                .by(Actor::System)
                .with("cancelled_for", "unpaid");
            self.lines.push(line);
        }
        at
    }

    fn cancelled(&mut self, order: &Order, at: i64, lived: Lived) -> Aftermath {
        let at = self.later(at, 0, Hours::Home);
        if lived.refused && self.percent(40) {
            self.ticket(order, "coupon", at - 200_000_000, 0);
        }
        let line = self
            .about(order, "northwind-web", at, "Order Cancelled", "web", "account")
            .with("cancelled_for", "customer");
        self.lines.push(line);
        Aftermath { settled: at, stars: self.stars(&lived).min(4) }
    }

    /// From the warehouse to the door; when it arrived.
    fn travel(&mut self, order: &Order, at: i64) -> i64 {
        let shipped = self.later(at, 1, Hours::Van);
        let line = self
            .about(order, "northwind-warehouse", shipped, "Order Shipped", "delivery", "warehouse")
            .out(Actor::System)
            .about("carrier", order.carrier);
        self.lines.push(line);
        let arrived = self.calendar.moment(&mut self.rng, order.delivered, Hours::Van).max(shipped + 7_200_000_000);
        let place = match self.rng.random_range(0..100_u32) {
            0..74 => "front door",
            74..88 => "neighbour",
            _ => "parcel shop",
        };
        let line = self
            .about(order, "northwind-warehouse", arrived, "Order Delivered", "delivery", place)
            .out(Actor::System)
            .about("carrier", order.carrier);
        self.lines.push(line);
        arrived
    }

    /// A return: for its size, its looks or no reason; never for what was planted.
    fn send_back(&mut self, order: &Order, delivered: i64) {
        let days = self.rng.random_range(9..20_usize);
        let asked = self.later(delivered, days, Hours::Home);
        let back = order.products[0];
        let key = format!("R-{}", &order.key[3..]);
        let reason = match self.rng.random_range(0..3_u32) {
            0 => "does not fit",
            1 => "looks different",
            _ => "changed mind",
        };
        let requested = self
            .about(order, "northwind-web", asked, "Return Requested", "web", "account")
            .about("return", &key)
            .about("product", back.key)
            .with("return_reason", reason);
        self.lines.push(requested);
        let received = self.later(asked, 5, Hours::Van);
        let arrival = self
            .about(order, "northwind-warehouse", received, "Return Received", "delivery", "warehouse")
            .about("return", &key);
        self.lines.push(arrival);
        let refunded = self.later(received, 2, Hours::Desk);
        let refund = self
            .about(order, "northwind-warehouse", refunded, "Order Refunded", "web", "order system")
            .out(Actor::System)
            .about("return", &key)
            .cents(-back.cents.min(order.cents));
        self.lines.push(refund);
        let discontent = percent(&mut self.rng, 20);
        if discontent {
            self.ticket(order, "return", asked + 600_000_000, 1);
        }
    }
}
