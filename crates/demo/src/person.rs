//! Who somebody is, before anything happens.

use crate::catalogue::{PHONES, Phone, REGIONS, STORES, one, percent, weighted};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use throughline_interactions::Identifier;

/// The language somebody writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    Spanish,
}

/// What somebody holds in the hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    Phone(Phone),
    Laptop,
    Tablet,
}

impl Device {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::Laptop => "laptop",
            Self::Tablet => "tablet",
        }
    }
}

/// Somebody who may become a customer.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub index: u64,
    pub language: Language,
    pub name: String,
    pub email: Identifier,
    pub phone: Identifier,
    /// A shop account; without one, orders are placed as a guest.
    pub account: Option<Identifier>,
    /// The loyalty card of the stores.
    pub card: Identifier,
    pub region: &'static str,
    /// The device in hand most of the time, its browser, and the browser of the other device.
    pub device: Device,
    pub browser: Identifier,
    pub other_browser: Identifier,
    /// Has the app on the telephone.
    pub app: bool,
    /// The store they go to, if any.
    pub store: Option<&'static str>,
    /// Never orders on the web.
    pub store_only: bool,
    /// How often in a hundred a visit ends in an order.
    pub buys: u32,
    /// How often in a hundred they come back after an order that went well.
    pub loyal: u32,
}

const ENGLISH: (&[&str], &[&str]) = (
    &[
        "Alice", "Oliver", "Grace", "Harry", "Emily", "Jack", "Sophie", "Noah", "Chloe", "Liam", "Ruby", "Ethan",
        "Priya", "Amara", "Owen", "Maya", "Isla", "Kofi", "Hannah", "Dylan",
    ],
    &[
        "Walker", "Hughes", "Bennett", "Clarke", "Foster", "Morris", "Patel", "Turner", "Reid", "Okafor", "Murray",
        "Ellis", "Novak", "Fisher", "Larsen", "Byrne", "Singh", "Doyle", "Marsh", "Quinn",
    ],
);
const GERMAN: (&[&str], &[&str]) = (
    &[
        "Anna", "Lukas", "Marie", "Jonas", "Lena", "Felix", "Clara", "Paul", "Greta", "Emre", "Heike", "Jürgen",
        "Sabine", "Nils", "Aylin", "Torsten", "Frieda", "Malte", "Birgit", "Ole",
    ],
    &[
        "Schmidt", "Fischer", "Weber", "Wagner", "Becker", "Hoffmann", "Koch", "Richter", "Wolf", "Krüger", "Hansen",
        "Petersen", "Yılmaz", "Lorenz", "Busch", "Vogel", "Jansen", "Kaiser", "Brandt", "Möller",
    ],
);
const SPANISH: (&[&str], &[&str]) = (
    &["Lucía", "Mateo", "Carmen", "Javier", "Elena", "Diego", "Marta", "Álvaro", "Inés", "Raúl", "Noelia", "Sergio"],
    &[
        "García", "Romero", "Navarro", "Molina", "Ortega", "Castro", "Serrano", "Vidal", "Iglesias", "Campos", "Soler",
        "Rey",
    ],
);

impl Person {
    pub(crate) fn new(index: u64, rng: &mut ChaCha8Rng) -> Self {
        let language = weighted(rng, &[(Language::English, 66), (Language::German, 25), (Language::Spanish, 9)]);
        let (firsts, lasts) = match language {
            Language::English => ENGLISH,
            Language::German => GERMAN,
            Language::Spanish => SPANISH,
        };
        let (first, last) = (one(rng, firsts), one(rng, lasts));
        let email = format!(
            "{}.{}{}@{}",
            plain(first),
            plain(last),
            index,
            one(rng, &["example.org", "example.com", "example.net"])
        );
        let region = weighted(rng, REGIONS);
        let near: Vec<&'static str> = STORES.iter().filter(|(_, r)| *r == region).map(|(s, _)| *s).collect();
        let device = match rng.random_range(0..100_u32) {
            0..64 => Device::Phone(weighted(rng, PHONES)),
            64..92 => Device::Laptop,
            _ => Device::Tablet,
        };
        let kind = rng.random_range(0..100_u32);
        // Browsers, people who buy once or twice, regulars.
        let (buys, loyal) = match kind {
            0..34 => (12, 20),
            34..78 => (68, 38),
            _ => (82, 74),
        };
        Self {
            index,
            language,
            name: format!("{first} {last}"),
            email: Identifier::new("email", &email),
            phone: Identifier::new("phone", &format!("+49 15{}{:08}", rng.random_range(1..8_u32), 10_000_000 + index)),
            account: percent(rng, 72).then(|| Identifier::new("user_id", &format!("nw-{}", 10_000 + index))),
            card: Identifier::new("card", &format!("NC{:09}", 500_000_000 + index)),
            region,
            device,
            browser: Identifier::new("anonymous_id", &random_id(rng)),
            other_browser: Identifier::new("anonymous_id", &random_id(rng)),
            app: matches!(device, Device::Phone(_)) && percent(rng, 30),
            store: percent(rng, 32).then(|| one(rng, &near)),
            store_only: percent(rng, 30),
            buys,
            loyal,
        }
    }

    /// How the shop's own systems know them.
    pub(crate) fn known(&self) -> Identifier {
        self.account.clone().unwrap_or_else(|| self.email.clone())
    }

    /// Without a store on the way nobody buys in stores only.
    pub(crate) fn only_in_store(&self) -> bool {
        self.store_only && self.store.is_some()
    }
}

/// An id as browsers make it.
pub(crate) fn random_id(rng: &mut ChaCha8Rng) -> String {
    let (a, b) = (rng.random::<u64>(), rng.random::<u64>());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// A name as it stands in an address.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'á' => out.push('a'),
            'é' => out.push('e'),
            'í' | 'ı' => out.push('i'),
            'ó' => out.push('o'),
            'ú' => out.push('u'),
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ => {}
        }
    }
    out
}
