//! An order on its way: paid or not, shipped, delivered in time or late, sent back.

use crate::answers::{Lived, Mood};
use crate::calendar::Hours;
use crate::catalogue::{CARRIERS, FLAWED, PAYMENTS, PROUD, Product, SLOW, percent, weighted};
use crate::line::Line;
use crate::person::Device;
use crate::plants::Plant;
use crate::story::{Aftermath, Chapter, Story};
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
        self.chapter(Chapter::Plan);
        let order = self.plan(&visit, products, coupon);
        let payment = weighted(&mut self.rng, PAYMENTS);
        self.placed(&visit, &order, coupon, payment);
        self.confirmed(&visit, &order);
        let mut lived = Lived { refused: matches!(coupon, Coupon::Refused(_)), ..Lived::default() };
        lived.flawed = self.is_flawed(&order.products);
        lived.promised = visit.campaign == Some(PROUD) && self.strikes(Plant::ProudAdvert, 80, 0);

        self.chapter(Chapter::Pay);
        let paid_after = self.pay(&visit, &order, payment);
        lived.payment_failed = paid_after != Some(0);
        let Some(tries) = paid_after else {
            let settled = self.unpaid(&visit, &order);
            return self.gave_up(&lived, settled);
        };
        let at = visit.at + i64::from(tries + 1) * 120_000_000;
        let changes_mind = if lived.refused && self.nature.moves { 15 } else { 1 };
        if self.percent(changes_mind) {
            return self.cancelled(&order, at, lived);
        }

        self.chapter(Chapter::Travel);
        let delivered = self.travel(&order, at);
        lived.late = order.late();
        self.chapter(Chapter::Help);
        let (care, helped) = self.ask_for_help(&order, &lived, at, delivered);
        lived.care = care;
        self.chapter(Chapter::Mood);
        let stars = self.stars(&lived);
        self.chapter(Chapter::Answer);
        let settled = self.answer(&order, &lived, stars, delivered.max(helped));
        self.chapter(Chapter::Return);
        let broken = lived.flawed && self.nature.moves;
        if self.percent(if broken { 45 } else { 7 }) {
            self.send_back(&order, delivered, broken);
        }
        Aftermath { settled: settled.max(delivered), mood: Mood::of(&lived, stars) }
    }

    /// An order that never arrived, and what they think of it.
    fn gave_up(&mut self, lived: &Lived, settled: i64) -> Aftermath {
        self.chapter(Chapter::Mood);
        self.sum.lost += 1;
        let stars = self.stars(lived).min(4);
        Aftermath { settled, mood: Mood::of(lived, stars) }
    }

    /// True if what was bought breaks.
    pub(crate) fn is_flawed(&mut self, products: &[&'static Product]) -> bool {
        products.iter().any(|p| p.key == FLAWED) && self.strikes(Plant::FlawedProduct, 75, 0)
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
        // Brightway drives in the north, until the shop has had enough; elsewhere it helps out.
        let change = &crate::plants::NEW_CARRIER;
        let changed =
            self.nature.changes && self.calendar.day_of(visit.at) + change.days_before_end >= self.calendar.days() - 1;
        let share = if self.person.region == change.among.value && !changed { 68 } else { 6 };
        let carrier = if self.percent(share) { SLOW } else { weighted(&mut self.rng, CARRIERS) };
        let day = self.calendar.day_of(visit.at);
        let due = self.calendar.delivery_day(day + self.rng.random_range(3..6_usize));
        let is_late = if carrier == SLOW { self.strikes(Plant::SlowCarrier, 58, 6) } else { self.percent(6) };
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
        if let Device::Phone(phone) = visit.device {
            line = line.with("phone_model", phone.model).with("os", phone.system);
        }
        if let Some(campaign) = visit.campaign {
            line = line.about("campaign", campaign);
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
        // Some have second thoughts, whatever happened.
        if self.percent(3) {
            return None;
        }
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
            if let Device::Phone(phone) = visit.device {
                line = line.with("phone_model", phone.model).with("os", phone.system);
            }
            self.lines.push(line);
            let gives_up = self.percent(42) || failures == 3;
            if gives_up && self.nature.moves {
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
        if lived.refused && self.nature.moves && self.percent(40) {
            self.ticket(order, "coupon", at - 200_000_000, 0);
        }
        let line = self
            .about(order, "northwind-web", at, "Order Cancelled", "web", "account")
            .with("cancelled_for", "customer");
        self.lines.push(line);
        self.gave_up(&lived, at)
    }

    /// A mail that the order has come in, opened by half of them.
    fn confirmed(&mut self, visit: &Visit, order: &Order) {
        let at = visit.at + 30_000_000;
        let mail =
            self.about(order, "northwind-mail", at, "Email Sent", "email", "order confirmation").out(Actor::System);
        self.lines.push(mail);
        if self.percent(50) {
            let at = at + self.rng.random_range(20_000_000..20_000_000_000_i64);
            let opened = self.about(order, "northwind-mail", at, "Email Opened", "email", "order confirmation");
            self.lines.push(opened);
        }
    }

    /// From the warehouse to the door; when it arrived.
    fn travel(&mut self, order: &Order, at: i64) -> i64 {
        let shipped = self.later(at, 1, Hours::Van);
        let packing = shipped - self.rng.random_range(600..3_600) * 1_000_000;
        let packed = self
            .about(order, "northwind-warehouse", packing, "Order Packed", "delivery", "warehouse")
            .out(Actor::System);
        self.lines.push(packed);
        let parcel = |story: &Self, at: i64, event: &str, touchpoint: &str| {
            story
                .about(order, "northwind-warehouse", at, event, "delivery", touchpoint)
                .out(Actor::System)
                .about("carrier", order.carrier)
        };
        let arrived = self.calendar.moment(&mut self.rng, order.delivered, Hours::Van).max(shipped + 7_200_000_000);
        let line = parcel(self, shipped, "Order Shipped", "warehouse");
        self.lines.push(line);
        let scanned = shipped + self.rng.random_range(3_600..7_000) * 1_000_000;
        let line = parcel(self, scanned, "Parcel Scanned", "depot");
        self.lines.push(line);
        let loaded = (arrived - self.rng.random_range(1_800..14_400) * 1_000_000).max(scanned + 60_000_000);
        let line = parcel(self, loaded, "Out For Delivery", "van");
        self.lines.push(line);
        self.follow(order, shipped, arrived);
        let place = match self.rng.random_range(0..100_u32) {
            0..74 => "front door",
            74..88 => "neighbour",
            _ => "parcel shop",
        };
        let line = parcel(self, arrived, "Order Delivered", place);
        self.lines.push(line);
        if self.percent(14) {
            let at = arrived + self.rng.random_range(600..90_000) * 1_000_000;
            let line = self
                .about(order, "northwind-web", at, "QR Scanned", "packaging", "box")
                .about("product", order.products[0].key);
            self.lines.push(line);
        }
        arrived
    }

    /// Looks where the parcel is, more often once its day has passed.
    fn follow(&mut self, order: &Order, shipped: i64, arrived: i64) {
        let (first, last) = (self.calendar.day_of(shipped), self.calendar.day_of(arrived));
        for day in first..=last {
            if self.percent(if day > order.due { 60 } else { 22 }) {
                let at = self.calendar.moment(&mut self.rng, day, Hours::Home);
                if (shipped..arrived).contains(&at) {
                    let channel = if self.person.app { "app" } else { "web" };
                    let line = self.about(order, "northwind-web", at, "Tracking Viewed", channel, "tracking page");
                    self.lines.push(line);
                }
            }
        }
    }

    /// A return: for its size, its looks or no reason, or because it broke.
    fn send_back(&mut self, order: &Order, delivered: i64, broken: bool) {
        let days = self.rng.random_range(9..20_usize);
        let asked = self.later(delivered, days, Hours::Home);
        let flawed = order.products.iter().find(|p| broken && p.key == FLAWED);
        let back = flawed.copied().unwrap_or(order.products[0]);
        let key = format!("R-{}", &order.key[3..]);
        let reason = match self.rng.random_range(0..3_u32) {
            _ if broken => "broken",
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
