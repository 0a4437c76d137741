//! A visit to the web shop or the app, up to the order if it comes to one.

use crate::calendar::Hours;
use crate::catalogue::{CAMPAIGNS, FAILING, Product, REFUSED, SEARCHES, WORKING, one, some_product, weighted};
use crate::line::Line;
use crate::person::Device;
use crate::plants::Plant;
use crate::story::{Aftermath, Chapter, Story};
use rand::Rng;
use throughline_interactions::Identifier;

/// What became of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coupon {
    None,
    Applied(&'static str),
    Refused(&'static str),
}

/// Where somebody stands in the shop.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Name of this visit.
    pub key: String,
    pub source: &'static str,
    pub channel: &'static str,
    pub device: Device,
    /// How the shop knows them, more after signing in.
    pub ids: Vec<Identifier>,
    /// The campaign that brought them.
    pub campaign: Option<&'static str>,
    /// Now.
    pub at: i64,
}

impl Visit {
    fn wait(&mut self, story: &mut Story<'_>, seconds: std::ops::Range<i64>) {
        self.at += story.rng.random_range(seconds.start * 1_000_000..seconds.end * 1_000_000);
    }

    pub(crate) fn line(&self, story: &Story<'_>, event: &str, touchpoint: &str) -> Line {
        story.line(self.source, self.at, event, self.channel, touchpoint).who(&self.ids).about("visit", &self.key)
    }
}

impl Story<'_> {
    /// One visit on that day; what was left of it if something was ordered.
    pub(crate) fn visit(&mut self, day: usize) -> Option<Aftermath> {
        let mut visit = self.arrive(day);
        let mut basket: Vec<&'static Product> = Vec::new();
        let buys = self.percent(self.person.buys);
        let views = 2 + self.rng.random_range(0..6_u32).min(self.rng.random_range(0..7_u32));
        for view in 0..views {
            let product = some_product(&mut self.rng);
            visit.wait(self, 8..160);
            if self.percent(24) {
                let line = visit.line(self, "Search Performed", "search").with("search", one(&mut self.rng, SEARCHES));
                self.lines.push(line);
                visit.wait(self, 4..40);
            } else if self.percent(30) {
                let line = visit.line(self, "Category Viewed", "category page");
                self.lines.push(line);
                visit.wait(self, 4..60);
            }
            let line = visit.line(self, "Product Viewed", "product page").about("product", product.key);
            self.lines.push(line);
            let wanted = if buys { view == 0 || self.percent(35) } else { self.percent(9) };
            if wanted && !basket.iter().any(|p| p.key == product.key) {
                basket.push(product);
                visit.wait(self, 4..90);
                let line =
                    visit.line(self, "Product Added", "basket").about("product", product.key).cents(product.cents);
                self.lines.push(line);
            }
        }
        if !buys {
            return None;
        }
        self.chapter(Chapter::CheckOut);
        let coupon = self.check_out(&mut visit)?;
        Some(self.order(visit, basket, coupon))
    }

    /// From an advert, a search, a mail or a bookmark to the first page.
    fn arrive(&mut self, day: usize) -> Visit {
        self.visits += 1;
        let phone = matches!(self.person.device, Device::Phone(_));
        let in_app = self.person.app && self.percent(60);
        let elsewhere = !in_app && self.percent(18);
        let device = match (elsewhere, phone) {
            (false, _) => self.person.device,
            (true, true) => Device::Laptop,
            (true, false) => Device::Tablet,
        };
        let browser = if elsewhere { self.person.other_browser.clone() } else { self.person.browser.clone() };
        let mut ids = vec![browser];
        if self.signed_in && !elsewhere && self.percent(55) {
            ids.push(self.person.known());
        }
        let mut visit = Visit {
            key: format!("v{}-{}", self.person.index, self.visits),
            source: if in_app { "northwind-app" } else { "northwind-web" },
            channel: if in_app { "app" } else { "web" },
            device,
            ids,
            campaign: None,
            at: self.calendar.moment(&mut self.rng, day, Hours::Home),
        };
        let how = if in_app { 99 } else { self.rng.random_range(0..100_u32) };
        let (event, channel, touchpoint) = match how {
            0..30 => ("Ad Clicked", "ads", "social advert"),
            30..62 => ("Site Visited", "web", "search result"),
            62..72 if self.orders > 0 => ("Email Clicked", "email", "newsletter"),
            _ => ("Site Visited", visit.channel, if in_app { "app start" } else { "home page" }),
        };
        let mut line = visit.line(self, event, touchpoint).with("device", device.name());
        line.draft.channel = channel.to_owned();
        match event {
            "Ad Clicked" => {
                let campaign = weighted(&mut self.rng, CAMPAIGNS);
                visit.campaign = Some(campaign);
                line = line.about("campaign", campaign);
            }
            "Email Clicked" => line = line.about("campaign", one(&mut self.rng, crate::catalogue::NEWSLETTERS)),
            _ if touchpoint == "search result" => line = line.with("search", one(&mut self.rng, SEARCHES)),
            _ => {}
        }
        self.lines.push(line);
        visit.wait(self, 3..40);
        visit
    }

    /// The checkout up to the order; `None` if they leave there.
    fn check_out(&mut self, visit: &mut Visit) -> Option<Coupon> {
        visit.wait(self, 20..240);
        let line = visit.line(self, "Checkout Started", "checkout").with("device", visit.device.name());
        self.lines.push(line);
        if self.percent(7) {
            return None;
        }
        visit.wait(self, 15..120);
        self.sign_in(visit);
        let tries = if self.orders == 0 { 26 } else { 12 };
        let coupon = match self.percent(tries) {
            false => Coupon::None,
            true if self.percent(28) => Coupon::Applied(WORKING),
            true if self.strikes(Plant::RefusedCoupon, 60, 4) => Coupon::Refused(REFUSED),
            true => Coupon::Applied(REFUSED),
        };
        match coupon {
            Coupon::None => {}
            Coupon::Applied(code) => {
                visit.wait(self, 5..40);
                let line = visit.line(self, "Coupon Applied", "checkout").about("coupon", code);
                self.lines.push(line);
            }
            Coupon::Refused(code) => {
                for _ in 0..=u32::from(self.percent(45)) {
                    visit.wait(self, 5..50);
                    let line =
                        visit.line(self, "Coupon Denied", "checkout").about("coupon", code).with("reason", "not valid");
                    self.lines.push(line);
                }
                let leaves = self.percent(38);
                if leaves && self.nature.moves {
                    return None;
                }
            }
        }
        visit.wait(self, 20..180);
        Some(coupon)
    }

    /// From a browser to a person: an account, or a guest's address with the order.
    fn sign_in(&mut self, visit: &mut Visit) {
        let known = self.person.known();
        if visit.ids.contains(&known) {
            return;
        }
        let first = !self.signed_in;
        visit.ids.push(known.clone());
        if self.person.account.is_some() {
            let mut ids = visit.ids.clone();
            ids.push(self.person.email.clone());
            let line = self
                .line(visit.source, visit.at, "Signed In", visit.channel, "account")
                .who(&ids)
                .about("visit", &visit.key);
            self.lines.push(line);
        }
        if first {
            let ids = [known, self.person.email.clone(), self.person.phone.clone()];
            let ids = if self.person.account.is_some() { &ids[..] } else { &ids[1..] };
            self.identify(visit.source, visit.at + 1_000_000, visit.channel, ids);
        }
        self.signed_in = true;
        visit.wait(self, 10..60);
    }
}

/// True if the payment window stays shut this time.
pub(crate) fn payment_fails(story: &mut Story<'_>, device: Device, again: bool) -> bool {
    let without = if again { 30 } else { 3 };
    if device == Device::Phone(FAILING) {
        story.strikes(Plant::FailingPayment, if again { 84 } else { 52 }, without)
    } else {
        story.percent(without)
    }
}
