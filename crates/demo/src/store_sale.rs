//! A purchase in a store: paid and handed over at the till.

use crate::answers::{Lived, Mood};
use crate::calendar::Hours;
use crate::catalogue::{DELIGHTFUL, some_product};
use crate::plants::Plant;
use crate::story::{Aftermath, Chapter, Story};
use crate::words::{self, Subject};
use rand::Rng;
use throughline_interactions::{Actor, ScoreKind};

impl Story<'_> {
    /// Buys in the store they go to, on the next day that it is open.
    pub(crate) fn store_sale(&mut self, day: usize) -> Aftermath {
        let store = self.person.store.unwrap_or(DELIGHTFUL);
        let day = self.calendar.delivery_day(day);
        let at = self.calendar.moment(&mut self.rng, day, Hours::Store);
        self.orders += 1;
        if !self.has_card {
            self.has_card = true;
            // The card is made at the counter; with an account it joins what the web shop knows.
            let mut ids = vec![self.person.card.clone(), self.person.email.clone()];
            ids.extend(self.person.account.clone().filter(|_| self.signed_in));
            self.identify("northwind-tills", at - 240_000_000, "store", &ids);
        }
        let receipt = format!("NW-{:05}{:02}", self.person.index, self.orders);
        let mut products = vec![some_product(&mut self.rng)];
        if self.percent(30) {
            let second = some_product(&mut self.rng);
            if second.key != products[0].key {
                products.push(second);
            }
        }
        let cents = products.iter().map(|p| p.cents).sum();
        let till = |story: &Self, seconds: i64, event: &str| {
            story
                .line("northwind-tills", at + seconds * 1_000_000, event, "store", "till")
                .who(std::slice::from_ref(&story.person.card))
                .about("order", &receipt)
                .about("store", store)
        };
        let payment = if self.percent(70) { "card" } else { "cash" };
        let mut sale =
            till(self, 0, "POS Sale").cents(cents).with("payment_method", payment).with("items", products.len());
        for product in &products {
            sale = sale.about("product", product.key);
        }
        let paid = till(self, 20, "Order Paid").cents(cents).with("payment_method", payment);
        let handed_over = till(self, 45, "Delivered").out(Actor::Agent);
        self.lines.extend([sale, paid, handed_over]);

        self.chapter(Chapter::Mood);
        let delight = store == DELIGHTFUL && self.strikes(Plant::DelightfulStore, 100, 0);
        let lived = Lived { delight, flawed: self.is_flawed(&products), ..Lived::default() };
        let stars = self.stars(&lived);
        self.chapter(Chapter::Answer);
        let subject = Subject { product: products[0], carrier: "", store, days: 0, coupon: "" };
        if self.percent(34) {
            let days = self.rng.random_range(0..4_usize);
            let said = self.later(at, days, Hours::Home);
            let text = words::in_store(&mut self.rng, self.person.language, stars, &subject);
            let line = self
                .line("northwind-reviews", said, "Review Posted", "review_site", "store reviews")
                .who(std::slice::from_ref(&self.person.email))
                .about("order", &receipt)
                .about("store", store)
                .score(ScoreKind::Stars, stars)
                .says(text);
            self.lines.push(line);
        }
        Aftermath { settled: at, mood: Mood::of(&lived, stars) }
    }
}
