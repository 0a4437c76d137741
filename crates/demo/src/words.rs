//! What people write, put together from their own small sentences.

mod english;
mod german;
mod spanish;

use crate::answers::Lived;
use crate::care::Care;
use crate::catalogue::{Product, one, percent};
use crate::person::Language;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Sentences of one language by what they are about. `{p}` is the product, `{c}` the carrier,
/// `{d}` days, `{s}` the store, `{k}` the coupon; what only suits a garment begins with `~`.
pub(crate) struct Sentences {
    pub late: &'static [&'static str],
    pub in_time: &'static [&'static str],
    pub good: &'static [&'static str],
    pub fair: &'static [&'static str],
    pub poor: &'static [&'static str],
    pub coupon: &'static [&'static str],
    pub payment: &'static [&'static str],
    pub flaw: &'static [&'static str],
    pub promised: &'static [&'static str],
    pub handed_around: &'static [&'static str],
    pub made_good: &'static [&'static str],
    pub store_good: &'static [&'static str],
    pub store_fair: &'static [&'static str],
    pub store_poor: &'static [&'static str],
    pub praise: &'static [&'static str],
    pub blame: &'static [&'static str],
    pub hello: &'static [&'static str],
    pub ask_delivery: &'static [&'static str],
    pub ask_coupon: &'static [&'static str],
    pub ask_payment: &'static [&'static str],
    pub ask_return: &'static [&'static str],
    pub ask_defect: &'static [&'static str],
    pub ask_expectation: &'static [&'static str],
    pub ask_other: &'static [&'static str],
    pub please: &'static [&'static str],
    pub sorry: &'static [&'static str],
    pub done: &'static [&'static str],
    /// One day and several.
    pub day: [&'static str; 2],
}

/// What a text is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub product: &'static Product,
    pub carrier: &'static str,
    pub store: &'static str,
    pub days: i64,
    pub coupon: &'static str,
}

fn sentences(language: Language) -> &'static Sentences {
    match language {
        Language::English => &english::SENTENCES,
        Language::German => &german::SENTENCES,
        Language::Spanish => &spanish::SENTENCES,
    }
}

/// A review or the words beside a score.
pub(crate) fn opinion(
    rng: &mut ChaCha8Rng,
    language: Language,
    stars: i64,
    lived: &Lived,
    subject: &Subject,
) -> String {
    let s = sentences(language);
    let mut parts: Vec<&str> = Vec::new();
    if lived.late > 0 && (stars < 5 || percent(rng, 30)) {
        parts.push(one(rng, s.late));
    }
    if lived.refused && stars < 5 {
        parts.push(one(rng, s.coupon));
    }
    if lived.payment_failed && stars < 5 {
        parts.push(one(rng, s.payment));
    }
    if lived.flawed && stars < 5 {
        parts.push(one(rng, s.flaw));
    }
    if lived.promised && stars < 5 {
        parts.push(one(rng, s.promised));
    }
    match lived.care {
        Care::HandedAround if stars < 5 => parts.push(one(rng, s.handed_around)),
        Care::MadeGood if stars > 2 && !lived.flawed => parts.push(one(rng, s.made_good)),
        _ => {}
    }
    let harmed = !parts.is_empty();
    let product = match stars {
        4.. => s.good,
        3 => s.fair,
        _ if harmed => {
            if percent(rng, 60) {
                s.fair
            } else {
                s.good
            }
        }
        _ => s.poor,
    };
    if !harmed || percent(rng, 55) {
        let place = rng.random_range(0..=parts.len() as u32) as usize;
        parts.insert(place, suitable(rng, product, subject));
    }
    if stars >= 4 && lived.late == 0 && percent(rng, 45) {
        parts.push(one(rng, s.in_time));
    }
    if stars != 3 && percent(rng, 40) {
        parts.push(one(rng, if stars > 3 { s.praise } else { s.blame }));
    }
    typed(rng, language, &parts, subject)
}

/// A review of a store.
pub(crate) fn in_store(rng: &mut ChaCha8Rng, language: Language, stars: i64, subject: &Subject) -> String {
    let s = sentences(language);
    let mut parts = vec![one(
        rng,
        match stars {
            4.. => s.store_good,
            3 => s.store_fair,
            _ => s.store_poor,
        },
    )];
    if stars >= 4 && percent(rng, 45) {
        parts.push(suitable(rng, s.good, subject));
    }
    if percent(rng, 40) && stars != 3 {
        parts.push(one(rng, if stars > 3 { s.praise } else { s.blame }));
    }
    typed(rng, language, &parts, subject)
}

/// What somebody asks the help desk.
pub(crate) fn question(rng: &mut ChaCha8Rng, language: Language, topic: &str, subject: &Subject) -> String {
    let s = sentences(language);
    let ask = match topic {
        "delivery" => s.ask_delivery,
        "coupon" => s.ask_coupon,
        "payment" => s.ask_payment,
        "return" => s.ask_return,
        "defect" => s.ask_defect,
        "expectation" => s.ask_expectation,
        _ => s.ask_other,
    };
    let mut parts = Vec::new();
    if percent(rng, 60) {
        parts.push(one(rng, s.hello));
    }
    parts.push(suitable(rng, ask, subject));
    if percent(rng, 55) {
        parts.push(one(rng, s.please));
    }
    typed(rng, language, &parts, subject)
}

/// What the shop answers.
pub(crate) fn reply(rng: &mut ChaCha8Rng, language: Language) -> String {
    let s = sentences(language);
    format!("{} {}", one(rng, s.sorry), one(rng, s.done))
}

/// One of the sentences that can be said of the product.
fn suitable(rng: &mut ChaCha8Rng, list: &[&'static str], subject: &Subject) -> &'static str {
    loop {
        let sentence = one(rng, list);
        match sentence.strip_prefix('~') {
            None => return sentence,
            Some(rest) if subject.product.worn => return rest,
            Some(_) => {}
        }
    }
}

/// Fills the gaps, and types as people type.
fn typed(rng: &mut ChaCha8Rng, language: Language, parts: &[&str], subject: &Subject) -> String {
    let Subject { product, carrier, store, days, coupon } = subject;
    let name = match language {
        // "The boots is" would give us away.
        Language::English if product.noun.ends_with('s') => product.model.to_owned(),
        Language::English if percent(rng, 50) => format!("{} {}", product.model, product.noun),
        Language::English => product.noun.to_owned(),
        _ => product.model.to_owned(),
    };
    let [day, several] = sentences(language).day;
    let days = format!("{days} {}", if *days == 1 { day } else { several });
    let mut text = parts.join(" ");
    for (gap, word) in [("{p}", name.as_str()), ("{c}", carrier), ("{d}", &days), ("{s}", store), ("{k}", coupon)] {
        text = text.replace(gap, word);
    }
    match rng.random_range(0..100_u32) {
        0..8 => text = text.to_lowercase(),
        8..18 => {
            text.pop();
        }
        18..24 if text.ends_with('.') => {
            text.pop();
            text.push_str(one(rng, &["!", "!!", "..."]));
        }
        _ => {}
    }
    text
}
