//! What columns are called, in English, German, Spanish, Portuguese, French, Italian and Dutch.
//!
//! A name is cut into words (`orderId`, `ORDER_ID` and `Order-ID` alike) and each word looked up by
//! its beginning, so that `bestellnummer`, `Bestell-Nr.` and `bestelldatum` share a stem.

use super::Role;
use super::stems::{Meaning, STEMS};

/// Verbs of later columns and the events they stand for, first match first.
const LATER: &[(&[&str], &str)] = &[
    (&["refund", "erstattet", "reembols", "rembours", "rimbors"], "Order Refunded"),
    (&["cancel", "storniert", "annul", "geannuleerd"], "Order Cancelled"),
    (&["return", "retourn", "devuelto", "retour"], "Return Received"),
    (
        &[
            "carrier",
            "shipped",
            "fulfilled",
            "dispatched",
            "sent",
            "versand",
            "versendet",
            "verschickt",
            "enviado",
            "postado",
            "expedie",
            "spedito",
            "verzonden",
        ],
        "Order Shipped",
    ),
    (
        &[
            "delivered",
            "delivery",
            "received",
            "geliefert",
            "zugestellt",
            "entregado",
            "entregue",
            "livre",
            "consegnato",
            "geleverd",
        ],
        "Order Delivered",
    ),
    (
        &["approved", "paid", "payment", "bezahlt", "pagado", "aprovado", "pago", "paye", "pagato", "betaald"],
        "Payment Approved",
    ),
    (&["resolved", "closed", "solved", "geschlossen", "gelost"], "Ticket Resolved"),
    (&["answered", "beantwortet"], "Survey Answered"),
];

/// A name in words: lower case, without accents and signs, cut where letters change their case.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = vec![String::new()];
    let mut before_is_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            out.push(String::new());
            before_is_lower = false;
            continue;
        }
        if c.is_uppercase() && before_is_lower {
            out.push(String::new());
        }
        before_is_lower = c.is_lowercase();
        let plain = plain(c);
        if let Some(word) = out.last_mut() {
            word.extend(plain.chars().flat_map(char::to_lowercase));
        }
    }
    out.retain(|w| !w.is_empty());
    out
}

/// A letter without its accent.
fn plain(c: char) -> String {
    let folded = match c.to_lowercase().next().unwrap_or(c) {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => "a",
        'é' | 'è' | 'ê' | 'ë' => "e",
        'í' | 'ì' | 'î' | 'ï' => "i",
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => "o",
        'ú' | 'ù' | 'û' | 'ü' => "u",
        'ç' => "c",
        'ñ' => "n",
        'ß' => "ss",
        other => return other.to_string(),
    };
    folded.to_owned()
}

fn begins(word: &str, stem: &str) -> bool {
    match stem.strip_suffix('$') {
        Some(whole) => word == whole,
        None => word.starts_with(stem),
    }
}

/// What a column's name hints at.
pub(super) fn meanings(name: &str) -> Vec<Meaning> {
    let mut all = words(name);
    all.push(all.concat());
    let hints = |stems: &[&str]| all.iter().any(|w| stems.iter().any(|s| begins(w, s)));
    STEMS.iter().filter(|(_, stems)| hints(stems)).map(|(m, _)| *m).collect()
}

/// The event that a column of later times stands for.
pub(super) fn later_event(name: &str) -> Option<&'static str> {
    let words = words(name);
    let has = |stems: &[&str]| words.iter().any(|w| stems.iter().any(|s| w.starts_with(s)));
    LATER.iter().find(|(stems, _)| has(stems)).map(|(_, event)| *event)
}

/// Columns that say how something stands, whatever they are about.
pub(super) fn is_state(name: &str) -> bool {
    const STATE: [&str; 8] = ["status", "state", "stand", "zustand", "estado", "statut", "stato", "stage"];
    words(name).iter().any(|w| STATE.iter().any(|s| w.starts_with(s)))
}

/// How telling a name is for a role that only one column can have.
pub(super) fn strength(name: &str, role: Role, meanings: &[Meaning]) -> u32 {
    let words = words(name);
    let has = |w: &str| words.iter().any(|x| x.starts_with(w));
    match role {
        // What was paid in the end before its parts; a parcel's price is not what was bought.
        Role::Amount => {
            let parts = ["tax", "shipping", "freight", "discount", "sub", "unit", "steuer", "versand", "rabatt", "fee"];
            if parts.iter().any(|p| has(p)) {
                0
            } else if has("total") || has("gesamt") || has("grand") || has("totale") {
                3
            } else if has("amount") || has("betrag") || has("revenue") || has("valor") || has("importe") {
                2
            } else {
                1
            }
        }
        Role::UserId => {
            let id = ["id", "no", "nr", "number", "nummer", "key", "unique"];
            u32::from(words.iter().any(|w| id.contains(&w.as_str()))) + 2 * u32::from(has("unique"))
        }
        Role::Due => u32::from(meanings.contains(&Meaning::Later)) + u32::from(has("deliver") || has("liefer")),
        Role::Event => 1 + u32::from(has("event")),
        _ => 1,
    }
}
