//! Facts that tempt whoever joins identifiers to join too much, with the truth about every identifier: kiosks,
//! placeholders, families on one phone, numbers that changed hands, mailboxes of roles, shared browsers, aliases in
//! chains; and people of one identifier or of many whose identifiers really are theirs.
//!
//! The truth is known because it is made: [`Crowd::truth`] says whose an identifier is, and that nobody's are those
//! that several people share. The same seed and shares give the same crowd.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use throughline_interactions::{Draft, Identifier, Timestamp};

/// How many of each kind there are.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// People with an account, an address, a phone, browsers, who write their addresses in several ways.
    pub ordinary: u32,
    /// Of whom so many in a hundred also buy as guests, known by address or phone and name.
    pub guests: u32,
    /// People who log in at one kiosk.
    pub kiosk: u32,
    /// People whose senders fill in a placeholder where there is no address.
    pub placeholders: u32,
    /// Families on one phone, some on one tablet, some of whose names nobody knows.
    pub families: u32,
    /// Telephone numbers that go from one to the next.
    pub recycled: u32,
    /// Firms of several people with a mailbox of a role.
    pub firms: u32,
    /// Browsers on which two people log in and out.
    pub shared_browsers: u32,
    /// Accounts that were renamed again and again.
    pub aliases: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            ordinary: 400,
            guests: 40,
            kiosk: 500,
            placeholders: 60,
            families: 60,
            recycled: 40,
            firms: 20,
            shared_browsers: 60,
            aliases: 20,
        }
    }
}

/// Facts and the truth about them.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// In the order of time.
    pub facts: Vec<Draft>,
    /// Whose each identifier is, by kind and value as sent; `None` where it is several people's, or nobody's.
    pub truth: BTreeMap<(String, String), Option<u32>>,
}

const DAY: i64 = 86_400_000_000;
const FIRST: &[&str] = &[
    "Ana", "Tom", "Lena", "Omar", "Yuki", "Ivan", "Mia", "José", "Ravi", "Chloé", "Björn", "Fatima", "Анна", "Иван",
    "Noor", "Pavel", "Sara", "Leo", "Greta", "Nils", "Zoë", "Ángel", "Aylin", "Kofi",
];
const LAST: &[&str] = &[
    "Berg",
    "Lind",
    "Weber",
    "Novak",
    "García",
    "Tanaka",
    "Okafor",
    "Rossi",
    "Петров",
    "Haddad",
    "Nguyen",
    "Şahin",
    "Jensen",
    "Moreau",
    "Fischer",
    "Kaya",
    "Silva",
    "Kowalski",
    "O’Neill",
    "Larsen",
];
const PLACEHOLDERS: &[&str] = &[
    "null",
    "NULL",
    "undefined",
    "n/a",
    "N/A",
    "test@test.com",
    "noreply@shop.example",
    "anonymous@shop.example",
    "none@none.com",
    "unknown",
    "",
    "0000",
    "no-reply@shop.example",
    "null@null",
];
const ROLES: &[&str] = &["info", "office", "sales", "kontakt", "team", "Info", "billing"];

/// Makes a crowd.
pub fn crowd(seed: u64, shares: Shares) -> Crowd {
    let mut m = Maker {
        rng: ChaCha8Rng::seed_from_u64(seed),
        seed,
        people: 0,
        numbers: 0,
        crowd: Crowd { facts: Vec::new(), truth: BTreeMap::new() },
    };
    for _ in 0..shares.ordinary {
        m.ordinary(shares.guests);
    }
    m.kiosk(shares.kiosk);
    m.placeholders(shares.placeholders);
    for n in 0..shares.families {
        m.family(n % 2 == 0, n % 3 == 0);
    }
    for _ in 0..shares.recycled {
        m.recycled();
    }
    for _ in 0..shares.firms {
        m.firm();
    }
    for _ in 0..shares.shared_browsers {
        m.shared_browser();
    }
    for _ in 0..shares.aliases {
        m.aliases();
    }
    let mut crowd = m.crowd;
    crowd.facts.sort_by_key(|f| f.occurred_at);
    for (n, fact) in crowd.facts.iter_mut().enumerate() {
        fact.message_id = format!("{n:06}");
    }
    crowd
}

struct Maker {
    rng: ChaCha8Rng,
    seed: u64,
    people: u32,
    numbers: u64,
    crowd: Crowd,
}

/// Somebody, with what they are known by.
struct Somebody {
    who: u32,
    user: Identifier,
    email: String,
    phone: String,
    first: &'static str,
    last: &'static str,
}

impl Somebody {
    fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

impl Maker {
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len())]
    }

    fn day(&mut self, from: i64, until: i64) -> i64 {
        self.rng.random_range(from * DAY..until * DAY)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn phone(&mut self) -> String {
        let n = self.number();
        format!("+49 15{} {:07}", 1 + self.seed % 7, 2_000_000 + n * 7)
    }

    fn browser(&mut self) -> Identifier {
        let n: u64 = self.rng.random();
        Identifier::new("anonymous_id", &format!("b-{n:016x}"))
    }

    fn somebody(&mut self) -> Somebody {
        self.people += 1;
        let (first, last) = (self.one_of(FIRST), self.one_of(LAST));
        let n = self.number();
        let domain = self.one_of(&["mail.example", "gmail.com", "post.example", "web.example"]);
        Somebody {
            who: self.people,
            user: Identifier::new("user_id", &format!("u-{}-{n}", self.seed)),
            email: format!("person.{n}@{domain}"),
            phone: self.phone(),
            first,
            last,
        }
    }

    /// Notes whose an identifier is; one that two people have is nobody's.
    fn is_of(&mut self, identifier: &Identifier, who: Option<u32>) {
        let key = (identifier.kind.clone(), identifier.value.clone());
        let known = self.crowd.truth.entry(key).or_insert(who);
        if *known != who {
            *known = None;
        }
    }

    fn fact(&mut self, at: i64, event: &str, who: Option<u32>, identifiers: &[&Identifier], name: Option<String>) {
        for identifier in identifiers {
            self.is_of(identifier, who);
        }
        let mut properties = Map::new();
        if let Some(name) = name {
            properties.insert("full_name".to_owned(), Value::String(name));
        }
        self.crowd.facts.push(Draft {
            event: event.to_owned(),
            channel: "web".to_owned(),
            // From January 2024.
            occurred_at: Some(Timestamp(1_704_067_200_000_000 + at)),
            identifiers: identifiers.iter().map(|i| (*i).clone()).collect(),
            properties,
            ..Draft::default()
        });
    }

    /// An address in one of the ways in which people write it.
    fn spelt(&mut self, email: &str) -> Identifier {
        let (local, domain) = email.split_once('@').unwrap_or((email, ""));
        let value = match self.rng.random_range(0..5) {
            0 => email.to_uppercase(),
            1 => format!("{local}+shop@{domain}"),
            2 => format!(" {}@{domain} ", local.replacen('p', "P", 1)),
            3 if domain == "gmail.com" => format!("{}@googlemail.com", local.replace('.', "")),
            _ => email.to_owned(),
        };
        Identifier::new("email", &value)
    }

    fn dialled(&mut self, phone: &str) -> Identifier {
        let value = match self.rng.random_range(0..4) {
            0 => phone.replace(' ', ""),
            1 => phone.replacen("+49 ", "0049 ", 1),
            2 => phone.replacen("+49 ", "+49 (0)", 1),
            _ => phone.to_owned(),
        };
        Identifier::new("phone", &value)
    }

    fn ordinary(&mut self, guests: u32) {
        let p = self.somebody();
        let start = self.day(0, 400);
        let browsers: Vec<Identifier> = (0..self.rng.random_range(1..4)).map(|_| self.browser()).collect();
        for (n, browser) in browsers.iter().enumerate() {
            let at = start + n as i64 * 30 * DAY;
            self.fact(at, "Page Viewed", Some(p.who), &[browser], None);
            self.fact(at + DAY / 50, "Signed In", Some(p.who), &[&p.user, browser], None);
            let (email, phone) = (self.spelt(&p.email), self.dialled(&p.phone));
            let name = self.rng.random_bool(0.8).then(|| p.name());
            self.fact(at + DAY / 40, "Order Completed", Some(p.who), &[&p.user, &email, &phone, browser], name);
            let email = self.spelt(&p.email);
            self.fact(at + 2 * DAY, "Email Opened", Some(p.who), &[&email], None);
            let phone = self.dialled(&p.phone);
            self.fact(at + 3 * DAY, "Call Started", Some(p.who), &[&phone], None);
        }
        if self.rng.random_range(0..100) < guests {
            // As a guest with another address: only phone and name tell who it is.
            let n = self.number();
            let other = Identifier::new("email", &format!("second.{n}@post.example"));
            let (phone, browser) = (self.dialled(&p.phone), self.browser());
            self.fact(start, "Account Created", Some(p.who), &[&p.user], Some(p.name()));
            self.fact(start + 90 * DAY, "Order Completed", Some(p.who), &[&other, &phone, &browser], Some(p.name()));
        }
    }

    fn kiosk(&mut self, people: u32) {
        let kiosk = Identifier::new("device_id", &format!("kiosk-{}", self.seed));
        self.is_of(&kiosk, None);
        for n in 0..people {
            let p = self.somebody();
            let at = i64::from(n) * DAY / 20;
            let email = self.spelt(&p.email);
            self.fact(at, "Signed In", Some(p.who), &[&p.user, &kiosk], None);
            self.fact(at + 1_000_000, "Loyalty Card Shown", Some(p.who), &[&p.user, &email], Some(p.name()));
            self.fact(at + 2_000_000, "Page Viewed", None, &[&kiosk], None);
        }
        self.crowd.truth.insert((kiosk.kind, kiosk.value), None);
    }

    fn placeholders(&mut self, people: u32) {
        for _ in 0..people {
            let p = self.somebody();
            let value = self.one_of(PLACEHOLDERS);
            let nobody = [Identifier::new("email", value), Identifier::new("phone", "000000000")];
            let at = self.day(0, 400);
            for identifier in &nobody {
                self.is_of(identifier, None);
            }
            let browser = self.browser();
            let who = Some(p.who);
            self.fact(at, "Order Completed", who, &[&p.user, &nobody[0], &nobody[1], &browser], Some(p.name()));
            for identifier in nobody {
                self.crowd.truth.insert((identifier.kind, identifier.value), None);
            }
        }
    }

    fn family(&mut self, has_names: bool, has_tablet: bool) {
        let phone = self.phone();
        let tablet = self.browser();
        let last = self.one_of(LAST);
        let size = self.rng.random_range(2..5);
        let start = self.rng.random_range(0..6);
        for n in 0..size {
            let mut p = self.somebody();
            // One surname, other given names.
            p.last = last;
            p.first = FIRST[(start + n * 3) % FIRST.len()];
            let name = has_names.then(|| p.name());
            for round in 0..2 {
                let at = self.day(round * 100, round * 100 + 60);
                let (dialled, email) = (self.dialled(&phone), self.spelt(&p.email));
                self.fact(at, "Order Completed", Some(p.who), &[&p.user, &email, &dialled], name.clone());
                self.crowd.truth.insert((dialled.kind, dialled.value), None);
                if has_tablet {
                    self.fact(at + 1_000_000, "Signed In", Some(p.who), &[&p.user, &tablet], None);
                    self.crowd.truth.insert((tablet.kind.clone(), tablet.value.clone()), None);
                }
            }
        }
    }

    fn recycled(&mut self) {
        let phone = self.phone();
        let mut at = self.day(0, 60);
        let n = self.rng.random_range(2..4);
        for turn in 0..n {
            let mut p = self.somebody();
            // Whoever has it next is called otherwise.
            p.first = FIRST[(turn * 5 + 1) % FIRST.len()];
            p.last = LAST[(turn * 7 + 2) % LAST.len()];
            for _ in 0..3 {
                let (dialled, email) = (self.dialled(&phone), self.spelt(&p.email));
                self.fact(at, "Order Completed", Some(p.who), &[&p.user, &email, &dialled], Some(p.name()));
                // In the end it is the last one's.
                let owner = (turn + 1 == n).then_some(p.who);
                self.crowd.truth.insert((dialled.kind, dialled.value), owner);
                at += self.day(3, 20);
            }
            at += self.day(120, 200);
        }
        // Spellings that only those before used are the last one's too.
        let digits = |v: &str| v.chars().filter(char::is_ascii_digit).collect::<String>().split_off(8);
        let (tail, last) = (digits(&phone.replacen("+49 ", "+49 (0)", 1)), Some(self.people));
        let spellings: Vec<_> = self
            .crowd
            .truth
            .keys()
            .filter(|(k, v)| k == "phone" && v.replace([' ', '(', ')'], "").ends_with(&tail))
            .cloned()
            .collect();
        for key in spellings {
            self.crowd.truth.insert(key, last);
        }
    }

    fn firm(&mut self) {
        let (role, n) = (self.one_of(ROLES), self.number());
        let mailbox = Identifier::new("email", &format!("{role}@firm-{n}.example"));
        for _ in 0..self.rng.random_range(2..9) {
            let p = self.somebody();
            let at = self.day(0, 300);
            let (browser, own) = (self.browser(), self.spelt(&p.email));
            let name = self.rng.random_bool(0.5).then(|| p.name());
            self.fact(at, "Order Completed", Some(p.who), &[&p.user, &mailbox, &browser], name);
            self.fact(at + DAY, "Order Completed", Some(p.who), &[&p.user, &own], None);
            self.fact(at + 2 * DAY, "Email Opened", None, &[&mailbox], None);
        }
        self.crowd.truth.insert((mailbox.kind, mailbox.value), None);
    }

    fn shared_browser(&mut self) {
        let browser = self.browser();
        let people: Vec<Somebody> = (0..2).map(|_| self.somebody()).collect();
        let mut at = self.day(0, 200);
        for turn in 0..6 {
            let p = &people[turn % 2];
            let (user, who, email) = (p.user.clone(), p.who, p.email.clone());
            let email = self.spelt(&email);
            self.fact(at, "Page Viewed", None, &[&browser], None);
            self.fact(at + 1_000_000, "Signed In", Some(who), &[&user, &browser], None);
            self.fact(at + 2_000_000, "Profile Updated", Some(who), &[&user, &email], None);
            self.fact(at + 3_000_000, "Signed Out", Some(who), &[&user, &browser], None);
            at += self.day(1, 10);
        }
        self.crowd.truth.insert((browser.kind, browser.value), None);
    }

    fn aliases(&mut self) {
        let p = self.somebody();
        let mut ids = vec![p.user.clone()];
        for n in 0..self.rng.random_range(3..9) {
            ids.push(Identifier::new("user_id", &format!("{}-{n}", p.user.value)));
        }
        let mut at = self.day(0, 200);
        for pair in ids.windows(2) {
            self.fact(at, "Alias", Some(p.who), &[&pair[0], &pair[1]], None);
            at += self.day(1, 9);
        }
        // The last is called the first again, and one names itself.
        let (first, last) = (&ids[0], &ids[ids.len() - 1]);
        self.fact(at, "Alias", Some(p.who), &[last, first], None);
        self.fact(at, "Alias", Some(p.who), &[last, last], None);
    }
}

/// How joining did, against the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Pairs of identifiers of one person.
    pub true_links: u64,
    /// Of which so many were joined.
    pub made: u64,
    /// Pairs of identifiers of two people that were joined.
    pub wrong: u64,
    /// Identifiers of several people or of nobody that were given to somebody.
    pub given_away: u64,
}

impl Crowd {
    /// Judges: `customer` says whose an identifier is held to be, `None` where it names nobody.
    pub fn judge(&self, customer: impl Fn(&Identifier) -> Option<u64>) -> Judgement {
        let mut of_person: BTreeMap<u32, BTreeMap<u64, u64>> = BTreeMap::new();
        let mut of_customer: BTreeMap<u64, BTreeMap<u32, u64>> = BTreeMap::new();
        let mut shared = Vec::new();
        for ((kind, value), who) in &self.truth {
            let Some(id) = customer(&Identifier::new(kind, value)) else { continue };
            match who {
                Some(who) => {
                    *of_person.entry(*who).or_default().entry(id).or_default() += 1;
                    *of_customer.entry(id).or_default().entry(*who).or_default() += 1;
                }
                None => shared.push(id),
            }
        }
        let pairs = |n: u64| n * n.saturating_sub(1) / 2;
        let mut j = Judgement::default();
        for customers in of_person.values() {
            j.true_links += pairs(customers.values().sum());
            j.made += customers.values().map(|n| pairs(*n)).sum::<u64>();
        }
        for people in of_customer.values() {
            j.wrong += pairs(people.values().sum()) - people.values().map(|n| pairs(*n)).sum::<u64>();
        }
        j.given_away = shared.iter().filter(|id| of_customer.contains_key(id)).count() as u64;
        j
    }
}

impl Judgement {
    /// Of the true links, the share that was made.
    pub fn recall(&self) -> f64 {
        self.made as f64 / self.true_links.max(1) as f64
    }
}
