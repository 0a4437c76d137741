//! What reaches people between their visits: adverts, the newsletter, the app's notices.

use crate::calendar::Hours;
use crate::catalogue::{CAMPAIGNS, NEWSLETTERS, weighted};
use crate::story::Story;
use rand::Rng;
use throughline_interactions::Actor;

/// Far from the chances of every visit.
const CHANCES: u128 = 1 << 40;

impl Story<'_> {
    /// All of it, once the visits are known.
    pub(crate) fn between(&mut self) {
        self.rng.set_word_pos(CHANCES);
        self.adverts();
        self.newsletter();
        self.notices();
    }

    fn adverts(&mut self) {
        for _ in 0..self.rng.random_range(0..7_u32) {
            let day = self.rng.random_range(0..self.calendar.days());
            let at = self.calendar.moment(&mut self.rng, day, Hours::Home);
            let line = self
                .line("northwind-adverts", at, "Ad Shown", "ads", "social advert")
                .who(std::slice::from_ref(&self.person.browser))
                .out(Actor::System)
                .about("campaign", weighted(&mut self.rng, CAMPAIGNS));
            self.lines.push(line);
        }
    }

    /// Every second Tuesday to those who wanted it; some open it, some mail programs do.
    fn newsletter(&mut self) {
        let Some(since) = self.subscribed else { return };
        let first = (0..14).find(|day| self.calendar.weekday(*day) == 1).unwrap_or(0);
        for (issue, day) in (first..self.calendar.days()).step_by(14).enumerate().filter(|(_, day)| *day > since) {
            let at = self.calendar.midnight(day) + 32_400_000_000 + self.rng.random_range(0..600_000_000_i64);
            let campaign = NEWSLETTERS[issue % NEWSLETTERS.len()];
            let line = |story: &Self, at: i64, event: &str| {
                story
                    .line("northwind-mail", at, event, "email", "newsletter")
                    .who(std::slice::from_ref(&story.person.email))
                    .about("campaign", campaign)
            };
            let sent = line(self, at, "Email Sent").out(Actor::System);
            self.lines.push(sent);
            match self.rng.random_range(0..100_u32) {
                0..26 => {
                    let later = self.rng.random_range(60_000_000..90_000_000_000_i64);
                    let opened = line(self, at + later, "Email Opened");
                    self.lines.push(opened);
                }
                26..34 => {
                    let opened = line(self, at + 9_000_000, "Email Opened").by(Actor::Prefetch);
                    self.lines.push(opened);
                }
                _ => {}
            }
        }
    }

    /// The app says something now and then, and is opened without a purchase in mind.
    fn notices(&mut self) {
        if !self.person.app || self.visits == 0 {
            return;
        }
        let mut day = self.rng.random_range(0..30_usize);
        while day < self.calendar.days() {
            let opens = self.percent(70);
            let at = self.calendar.moment(&mut self.rng, day, if opens { Hours::Home } else { Hours::Desk });
            let (event, touchpoint) = if opens { ("App Opened", "app start") } else { ("Push Sent", "app notice") };
            let mut line = self
                .line("northwind-app", at, event, "app", touchpoint)
                .who(std::slice::from_ref(&self.person.browser));
            if !opens {
                line = line.out(Actor::System);
            }
            self.lines.push(line);
            day += self.rng.random_range(3..24_usize);
        }
    }
}
