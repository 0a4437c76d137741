//! What an event is about, by the names that Segment's specifications give: orders, products and other
//! references, money, answers, words and promises.

use crate::fields::{Fields, as_text, is_one_of, number_of, text_of, time};
use serde_json::Value;
use throughline_interactions::{Currency, Draft, Money, Precision, Promise, Ref, Score, ScoreKind, limits};

/// References by the names of the properties that hold them; of several the first that is there.
const REFS: &[(&str, &[&str])] = &[
    ("order", &["order_id", "orderId"]),
    ("checkout", &["checkout_id", "checkoutId"]),
    ("cart", &["cart_id", "cartId"]),
    ("ticket", &["ticket_id", "ticketId"]),
    ("conversation", &["conversation_id", "conversationId"]),
    ("return", &["return_id", "returnId"]),
    ("parcel", &["tracking_number", "tracking_id", "shipment_id"]),
    ("review", &["review_id", "reviewId"]),
    ("subscription", &["subscription_id", "subscriptionId"]),
    ("carrier", &["carrier", "shipping_carrier", "tracking_company"]),
    ("store", &["store_id", "storeId", "store"]),
    ("supplier", &["supplier", "vendor"]),
    ("coupon", &["coupon", "coupon_code", "discount_code"]),
    ("promotion", &["promotion_id", "promotionId"]),
    ("campaign", &["campaign_name", "campaign", "campaign_id"]),
    ("staff", &["agent_id", "agentId", "agent_username"]),
];

/// Names of a product's id, in its event or in a line of `products`.
const PRODUCT: &[&str] = &["product_id", "productId", "sku", "id"];

/// Events whose amount is money that was spent.
const PURCHASES: &[&str] = &[
    "Order Completed",
    "Order Placed",
    "Order Paid",
    "POS Sale",
    "Subscription Started",
    "Subscription Renewed",
    "Completed Order",
];
/// Events whose amount is money that was given back.
const REFUNDS: &[&str] = &["Order Refunded", "Payment Refunded"];

/// Questions by the names of the properties that hold the answer.
const SCORES: &[(&str, &[&str])] = &[
    ("nps", &["nps", "nps_score"]),
    ("csat", &["csat", "csat_score"]),
    ("ces", &["ces", "ces_score"]),
    ("stars", &["rating", "stars"]),
];

/// Events in which people speak, and the properties in which.
const SPOKEN: &[&str] = &[
    "Product Reviewed",
    "Review Posted",
    "Survey Answered",
    "Survey Submitted",
    "Ticket Opened",
    "Message Received",
    "Live Chat Message Received",
    "Feedback Submitted",
    "Order Cancelled",
    "Return Requested",
];
const WORDS: &[&str] = &[
    "review_body",
    "comment",
    "feedback",
    "verbatim",
    "message_body",
    "message",
    "body",
    "description",
    "reason_text",
];

/// When something was promised, by the names of the properties.
const DUE: &[&str] = &[
    "promised_delivery",
    "promised_delivery_date",
    "estimated_delivery",
    "estimated_delivery_date",
    "expected_delivery",
    "expected_delivery_date",
    "delivery_date",
    "eta",
];

/// Fills in what the properties of an event say. They stay where they are: what was sent comes back.
pub fn fill(draft: &mut Draft, properties: &Fields, currency: &str) {
    for (kind, names) in REFS {
        if let Some(value) = text_of(properties, names) {
            about(draft, kind, value);
        }
    }
    products(draft, properties);
    draft.money = money(&draft.event, properties, currency);
    draft.score = score(properties);
    draft.text = if is_one_of(&draft.event, SPOKEN) { text_of(properties, WORDS) } else { None };
    draft.promise = promise(&draft.event, properties);
}

/// Notes what an event is about, once, and not more than an interaction takes.
pub(crate) fn about(draft: &mut Draft, kind: &str, value: String) {
    let is_there = draft.refs.iter().any(|r| r.kind == kind && r.value == value);
    if !is_there && value.len() <= limits::VALUE && draft.refs.len() < limits::REFS {
        draft.refs.push(Ref { kind: kind.to_owned(), value });
    }
}

fn products(draft: &mut Draft, properties: &Fields) {
    if let Some(id) = text_of(properties, &PRODUCT[..3]) {
        about(draft, "product", id);
    }
    let Some(Value::Array(lines)) = properties.get("products") else { return };
    for line in lines {
        let id = match line {
            Value::Object(line) => text_of(line, PRODUCT),
            other => as_text(other),
        };
        if let Some(id) = id {
            about(draft, "product", id);
        }
    }
}

/// `revenue` is money wherever it stands; `total` and `value` are where something was bought or given
/// back. What is given back is below zero.
fn money(event: &str, properties: &Fields, currency: &str) -> Option<Money> {
    let (bought, returned) = (is_one_of(event, PURCHASES), is_one_of(event, REFUNDS));
    let names: &[&str] = if bought || returned { &["revenue", "total", "value"] } else { &["revenue"] };
    let amount = names.iter().find_map(|n| match properties.get(*n)? {
        Value::Number(n) => Some(n.to_string()),
        Value::String(s) => Some(s.trim().trim_start_matches(['$', '€', '£']).replace(',', "")),
        _ => None,
    })?;
    let code = text_of(properties, &["currency"]).unwrap_or_else(|| currency.to_owned());
    let money = Money::from_decimal(&amount, Currency::new(&code).ok()?).ok()?;
    Some(if returned { Money { minor: -money.minor.abs(), ..money } } else { money })
}

fn score(properties: &Fields) -> Option<Score> {
    SCORES.iter().find_map(|(kind, names)| {
        let value = number_of(properties, names)?;
        let kind = ScoreKind::new(kind).ok()?;
        Score::new(kind, value, None).ok()
    })
}

fn promise(event: &str, properties: &Fields) -> Option<Promise> {
    // What has come is no promise any more.
    if is_one_of(event, &["Order Delivered", "Delivered"]) {
        return None;
    }
    let (name, due) = DUE.iter().find_map(|n| properties.get(*n).map(|v| (*n, v)))?;
    let is_day = due.as_str().is_some_and(|s| s.trim().len() == 10);
    // `eta` is often a number of minutes; a number is a moment only where a date is meant.
    if name == "eta" && !due.is_string() {
        return None;
    }
    let precision = if is_day { Precision::Day } else { Precision::Instant };
    Some(Promise { kind: "delivery".to_owned(), due: time(due)?, precision })
}
