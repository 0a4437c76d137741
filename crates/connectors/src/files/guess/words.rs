//! What columns are called, in English, German, Spanish, Portuguese, French, Italian and Dutch.
//!
//! A name is cut into words (`orderId`, `ORDER_ID` and `Order-ID` alike) and each word looked up by
//! its beginning, so that `bestellnummer`, `Bestell-Nr.` and `bestelldatum` share a stem.

use super::Role;
use super::stems::{Meaning, STEMS};

/// Ends of words and what they hint at.
const ENDS: &[(Meaning, &[&str])] = &[
    (Meaning::Time, &["datum", "zeitpunkt", "uhrzeit", "zeit"]),
    (Meaning::Amount, &["betrag", "preis", "summe", "umsatz", "bedrag", "prijs"]),
    (Meaning::Order, &["bestellnummer", "auftragsnummer", "rechnungsnummer", "bestellnr", "auftragsnr"]),
    (Meaning::Text, &["kommentar", "bemerkung", "nachricht"]),
    (Meaning::Phone, &["telefon", "rufnummer"]),
];

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

/// What a column's name hints at. German and Dutch put the telling word last: `Rechnungsbetrag`.
pub(super) fn meanings(name: &str) -> Vec<Meaning> {
    let mut all = words(name);
    all.push(all.concat());
    let hints = |stems: &[&str]| all.iter().any(|w| stems.iter().any(|s| begins(w, s)));
    let mut found: Vec<Meaning> = STEMS.iter().filter(|(_, stems)| hints(stems)).map(|(m, _)| *m).collect();
    for (meaning, ends) in ENDS {
        if !found.contains(meaning) && all.iter().any(|w| ends.iter().any(|e| w.ends_with(e))) {
            found.push(*meaning);
        }
    }
    found
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
    let any = |list: &[&str]| list.iter().any(|w| has(w));
    match role {
        // What was paid in the end before its parts; a parcel's price is not what was bought, and
        // what was paid back is not what was paid.
        Role::Amount => match () {
            () if any(&[
                "tax", "shipping", "freight", "discount", "sub", "steuer", "versand", "rabatt", "fee", "tip",
            ]) || any(&["refund", "erstatt", "rembours", "reembols", "cost", "mwst", "vat"]) =>
            {
                0
            }
            () if is_of_one(name) || any(&["item", "line", "artikel", "position"]) => 1,
            () if any(&["total", "gesamt", "grand"]) => 5,
            () if any(&["amount", "betrag", "revenue", "valor", "importe"]) => 4,
            () if has("net") && has("sales") => 3,
            () => 2,
        },
        Role::UserId => {
            let customer = ["customer", "client", "buyer", "kunde", "klant", "shopper", "member", "guest", "usuario"];
            4 * u32::from(is_number(name)) + 2 * u32::from(any(&customer)) + 8 * u32::from(has("unique"))
        }
        Role::Order => {
            let order = any(&["order", "bestell", "auftrag", "pedido", "commande", "ordine"]);
            2 * u32::from(order) + u32::from(is_number(name))
        }
        Role::Product => {
            let named = ["name", "title", "bezeichnung", "description", "beschreibung", "titel"];
            2 * u32::from(any(&named)) + u32::from(!is_number(name))
        }
        Role::Due => {
            u32::from(meanings.contains(&Meaning::Later))
                + 2 * u32::from(any(&["deliver", "liefer", "entrega", "livraison", "consegna"]))
                + u32::from(any(&["max", "end", "latest", "to", "until", "bis"]))
        }
        Role::Name => u32::from(words.len() > 1) + u32::from(is_person_word(name)),
        Role::Event => 1 + u32::from(has("event")),
        _ => 1,
    }
}

fn has_any(name: &str, list: &[&str]) -> bool {
    let mut all = words(name);
    all.push(all.concat());
    all.iter().any(|w| list.iter().any(|s| begins(w, s)))
}

/// Says that a number or a code stands in the column.
pub(super) fn is_number(name: &str) -> bool {
    const NUMBER: &[&str] = &[
        "id$",
        "ids$",
        "no$",
        "nr$",
        "num$",
        "number",
        "nummer",
        "key$",
        "code",
        "unique",
        "username",
        "login",
        "uuid",
        "guid",
        "reference",
        "ref$",
        "numero",
        "sku$",
    ];
    has_any(name, NUMBER) || words(name).iter().any(|w| w.ends_with("nummer") || w.ends_with("nr"))
}

/// `ID`, `No.`, `Reference`: a number of nothing in particular.
pub(super) fn is_bare_number(name: &str) -> bool {
    words(name).len() == 1 && is_number(name)
}

/// Counts of things, which are no amounts of money and no numbers of anything.
pub(super) fn is_count(name: &str) -> bool {
    let words = words(name);
    let of = words.windows(2).any(|w| matches!(w[0].as_str(), "number" | "no" | "anzahl") && w[1] == "of");
    of || is_quantity(name) || has_any(name, &["count", "orderscount", "duration", "dauer", "minutes", "minuten"])
}

/// How many of a thing there were.
pub(super) fn is_quantity(name: &str) -> bool {
    const MANY: &[&str] = &[
        "qty",
        "quantity",
        "anzahl",
        "menge",
        "stuck$",
        "cantidad",
        "quantite",
        "quantidade",
        "quantita",
        "aantal",
        "units",
    ];
    has_any(name, MANY) && !has_any(name, &["refund", "return", "price", "preis"])
}

/// The price of one.
pub(super) fn is_of_one(name: &str) -> bool {
    const ONE: &[&str] =
        &["unit", "einzel", "stuckpreis", "each$", "per$", "unitario", "unitaire", "priceeach", "stukprijs"];
    has_any(name, ONE)
}

/// Where people live and what is secret: never taken unless somebody chooses it.
pub(super) fn is_private(name: &str) -> bool {
    const PRIVATE: &[&str] = &[
        "street",
        "strasse",
        "address",
        "adresse",
        "anschrift",
        "direccion",
        "endereco",
        "rue$",
        "indirizzo",
        "adres$",
        "iban",
        "bic$",
        "birth",
        "geburt",
        "hausnummer",
        "password",
        "passport",
        "ip$",
        "latitude",
        "longitude",
        "recipientname",
        "shipname",
        "shiptoname",
        "shippingname",
        "lastfour",
        "last4",
    ];
    has_any(name, PRIVATE)
}

/// A time between which something was to be, rather than when it was.
pub(super) fn is_window(name: &str) -> bool {
    const DELIVERY: &[&str] =
        &["deliver", "liefer", "ship$", "shipping", "versand", "entrega", "livraison", "consegna"];
    const BOUND: &[&str] = &[
        "start$", "end$", "from$", "to$", "until", "by$", "min$", "minimum", "max$", "maximum", "earliest", "latest",
        "window", "slot", "wunsch", "soll", "bis$", "ab$",
    ];
    has_any(name, DELIVERY) && has_any(name, BOUND)
}

/// A column of events: `type` alone, or `event` beside anything; not the type of something else.
pub(super) fn is_event(name: &str, meanings: &[Meaning]) -> bool {
    let alone = meanings.iter().all(|m| *m == Meaning::Event);
    alone && !has_any(name, &["payment", "card", "zahl"]) || has_any(name, &["event", "action", "activity", "ereignis"])
}

/// Columns that sort customers into groups, or say something about them.
pub(super) fn is_group(name: &str) -> bool {
    const GROUP: &[&str] = &[
        "group", "gruppe", "type", "typ$", "segment", "class", "since", "count", "city", "stadt", "ort$", "country",
        "land$", "new$", "neu$", "tier", "level", "stufe", "tags", "language", "gender", "age$", "state", "zip", "plz",
        "note", "lifetime", "zone", "agent",
    ];
    has_any(name, GROUP)
}

/// Words of customers themselves, rather than words about things.
pub(super) fn is_said(name: &str) -> bool {
    const SAID: &[&str] = &[
        "comment",
        "said",
        "review",
        "message",
        "feedback",
        "verbatim",
        "answer",
        "kommentar",
        "nachricht",
        "bemerkung",
        "anmerkung",
        "note$",
        "notes$",
        "notiz",
        "comentario",
        "mensaje",
        "mensagem",
        "commentaire",
        "avis$",
        "messaggio",
        "commento",
        "opmerking",
        "bericht",
        "reply",
        "remark",
        "wunsch",
    ];
    has_any(name, SAID)
        || words(name).iter().any(|w| ["kommentar", "bemerkung", "nachricht"].iter().any(|e| w.ends_with(e)))
}

/// Words about things.
pub(super) fn describes(name: &str) -> bool {
    has_any(
        name,
        &["description", "beschreibung", "bezeichnung", "descripcion", "descricao", "title", "titel", "omschrijving"],
    )
}

const PERSON: &[&str] = &[
    "customer",
    "client",
    "buyer",
    "kunde",
    "kundin",
    "patient",
    "guest",
    "gast$",
    "cliente",
    "klant",
    "acheteur",
    "besteller",
    "kaufer",
    "shopper",
    "member",
    "mitglied",
    "contact$",
    "reviewer",
    "requester",
    "passenger",
];

/// A word for the people whom a business serves.
pub(super) fn is_person_word(name: &str) -> bool {
    has_any(name, PERSON)
}

/// How likely an address is the customer's: 0 for somebody else's, 2 where the name says so.
pub(super) fn whose_address(name: &str) -> u32 {
    const OTHERS: &[&str] = &[
        "agent",
        "assignee",
        "staff",
        "employee",
        "seller",
        "vendor",
        "recipient",
        "ship",
        "liefer",
        "friend",
        "owner",
        "merchant",
        "supplier",
        "mitarbeiter",
        "bearbeiter",
        "author",
        "from$",
        "cc$",
        "referr",
    ];
    const OWN: &[&str] = &["bill", "rechnung", "factur"];
    match () {
        () if has_any(name, OTHERS) => 0,
        () if is_person_word(name) || has_any(name, OWN) => 2,
        () => 1,
    }
}

/// What part of a person's name a column holds, if it is the customer's: not that of a product, a
/// store or somebody who works there.
pub(super) fn name_of_person(name: &str) -> Option<Role> {
    const OTHERS: &[&str] = &[
        "ship",
        "recipient",
        "delivery",
        "liefer",
        "versand",
        "product",
        "item",
        "file",
        "event",
        "store",
        "shop$",
        "company",
        "firma",
        "method",
        "campaign",
        "brand",
        "location",
        "device",
        "category",
        "point",
        "vendor",
        "seller",
        "supplier",
        "staff",
        "agent",
        "employee",
        "user",
        "list$",
        "template",
        "sku",
        "variant",
        "discount",
        "coupon",
        "artikel",
        "produkt",
        "service",
        "server",
        "host",
        "sender",
        "assignee",
        "flow",
        "metric",
        "country",
        "city",
        "state",
        "bank",
        "plan$",
        "group",
        "gruppe",
        "type",
        "typ$",
        "email",
    ];
    if has_any(name, OTHERS) || is_number(name) {
        return None;
    }
    let words = words(name);
    let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    let joined = words.concat();
    if any(&["first", "vorname", "prenom", "firstname", "given", "forename", "voornaam"]) || joined == "givenname" {
        return Some(Role::FirstName);
    }
    if any(&["last", "nachname", "apellido", "apellidos", "surname", "lastname", "family", "familienname", "cognome"])
        || any(&["achternaam"])
    {
        return Some(Role::LastName);
    }
    let named = any(&["name", "fullname", "nombre", "nome", "nom", "naam"]) || joined.ends_with("name");
    // `Customer` alone holds names; `Customer city` does not.
    let alone = is_person_word(name) && words.len() == 1;
    (named || alone).then_some(Role::Name)
}

/// The currency that stands in the name of a column: `Total (EUR)`, `Betrag €`.
pub(super) fn currency(name: &str) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 12] = [
        ("€", "EUR"),
        ("£", "GBP"),
        ("zł", "PLN"),
        ("R$", "BRL"),
        ("₹", "INR"),
        ("EUR", "EUR"),
        ("USD", "USD"),
        ("GBP", "GBP"),
        ("CHF", "CHF"),
        ("SEK", "SEK"),
        ("NOK", "NOK"),
        ("DKK", "DKK"),
    ];
    let parts: Vec<&str> = name.split(|c: char| c.is_whitespace() || "()[]/-_:,".contains(c)).collect();
    SIGNS.iter().find(|(sign, _)| parts.contains(sign)).map(|(_, code)| *code)
}
