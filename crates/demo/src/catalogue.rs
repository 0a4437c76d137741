//! What the shop sells, where, and who carries it.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A product: its reference, its model, what it is, its price in cents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub key: &'static str,
    pub model: &'static str,
    pub noun: &'static str,
    pub cents: i64,
    /// Has a size, seams and sleeves.
    pub worn: bool,
}

const fn product(key: &'static str, model: &'static str, noun: &'static str, cents: i64) -> Product {
    Product { key, model, noun, cents, worn: false }
}

const fn garment(key: &'static str, model: &'static str, noun: &'static str, cents: i64) -> Product {
    Product { key, model, noun, cents, worn: true }
}

/// Best sellers first.
pub(crate) const PRODUCTS: &[Product] = &[
    garment("fjord-jacket", "Fjord", "rain jacket", 12_990),
    product("dune-bottle", "Dune", "bottle", 2_490),
    garment("trail-socks", "Trail", "socks", 1_490),
    product("summit-pack", "Summit", "backpack", 9_990),
    product("lumen-lamp", "Lumen", "headlamp", 3_990),
    garment("tarn-boots", "Tarn", "hiking boots", 15_990),
    product("birch-mug", "Birch", "mug", 1_290),
    garment("harbour-fleece", "Harbour", "fleece", 6_990),
    garment("moss-beanie", "Moss", "beanie", 2_290),
    garment("ridge-trousers", "Ridge", "trousers", 8_490),
    product("ember-stove", "Ember", "camping stove", 5_990),
    product("cove-towel", "Cove", "travel towel", 1_990),
    product("pine-knife", "Pine", "pocket knife", 3_490),
    garment("gale-gloves", "Gale", "gloves", 2_990),
    product("nest-tent", "Nest", "tent", 24_900),
    product("drift-bag", "Drift", "sleeping bag", 13_900),
    product("slate-mat", "Slate", "sleeping mat", 7_490),
    product("otter-drybag", "Otter", "dry bag", 2_790),
    product("heron-poles", "Heron", "trekking poles", 6_490),
    garment("quarry-cap", "Quarry", "cap", 1_890),
];

/// Campaigns with their share of the clicks in percent.
pub(crate) const CAMPAIGNS: &[(&str, u32)] = &[
    ("autumn-layers", 18),
    ("rain-or-shine", 18),
    ("gift-guide", 14),
    ("brand-search", 16),
    ("weekend-trips", 12),
    (PROUD, 22),
];

/// The campaign that promises more than there is.
pub(crate) const PROUD: &str = "forever-dry";

/// What the newsletter is about, one after the other.
pub(crate) const NEWSLETTERS: &[&str] = &["new-arrivals", "trail-stories", "care-tips", "weekend-weather"];

/// The product that breaks.
pub(crate) const FLAWED: &str = "ember-stove";

/// What people type into a search.
pub(crate) const SEARCHES: &[&str] =
    &["rain jacket", "hiking boots", "tent for two", "warm gloves", "light backpack", "head torch"];

/// Regions with their share of the people in percent.
pub(crate) const REGIONS: &[(&str, u32)] = &[("north", 28), ("south", 30), ("east", 18), ("west", 24)];

/// Stores with the region they stand in.
pub(crate) const STORES: &[(&str, &str)] =
    &[("Altona", "north"), ("Kiel", "north"), ("Mitte", "east"), ("Schwabing", "south"), ("Ehrenfeld", "west")];

/// The store whose people delight.
pub(crate) const DELIGHTFUL: &str = "Altona";

/// The carrier that is late.
pub(crate) const SLOW: &str = "Brightway";

/// Carriers that keep their promises.
pub(crate) const CARRIERS: &[(&str, u32)] = &[("Nordpost", 46), ("Parcelo", 34), ("Stadtbote", 20)];

/// Telephones and their systems with their share in percent.
pub(crate) const PHONES: &[(Phone, u32)] = &[
    (Phone { model: "Orbit S", system: "Orbit 12" }, 30),
    (Phone { model: "Pear 14", system: "PearOS 18" }, 26),
    (Phone { model: "Pear 15", system: "PearOS 18" }, 22),
    (FAILING, 12),
    (Phone { model: "Nova X1", system: "NovaOS 6" }, 10),
];

/// A telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phone {
    pub model: &'static str,
    pub system: &'static str,
}

/// The telephone on which the payment window does not open.
pub(crate) const FAILING: Phone = Phone { model: "Nova X2", system: "NovaOS 7" };

/// Ways to pay with their share in percent.
pub(crate) const PAYMENTS: &[(&str, u32)] = &[("card", 42), ("paypal", 34), ("invoice", 15), ("instalments", 9)];

/// The coupon that the checkout refuses although the newsletter promises it.
pub(crate) const REFUSED: &str = "WELCOME15";

/// A coupon that works.
pub(crate) const WORKING: &str = "FRIENDS10";

/// People of the help desk.
pub(crate) const STAFF: &[&str] = &["Jule", "Murat", "Svenja", "Pablo", "Anouk", "Tim"];

/// One of a list, by weight.
pub(crate) fn weighted<T: Copy>(rng: &mut ChaCha8Rng, list: &[(T, u32)]) -> T {
    let mut left = rng.random_range(0..list.iter().map(|(_, w)| *w).sum::<u32>());
    for (item, weight) in list {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return *item,
        }
    }
    list[0].0
}

/// One of a list.
pub(crate) fn one<T: Copy>(rng: &mut ChaCha8Rng, list: &[T]) -> T {
    list[rng.random_range(0..list.len() as u32) as usize]
}

/// True so many times in a hundred.
pub(crate) fn percent(rng: &mut ChaCha8Rng, share: u32) -> bool {
    rng.random_range(0..100_u32) < share
}

/// A product, the best sellers more often.
pub(crate) fn some_product(rng: &mut ChaCha8Rng) -> &'static Product {
    let n = PRODUCTS.len() as u32;
    let place = rng.random_range(0..n).min(rng.random_range(0..n));
    &PRODUCTS[place as usize]
}
