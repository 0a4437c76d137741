//! Stripe's deliveries: an event with the thing that it is about under `data.object`. Amounts are in the
//! smallest unit of their currency, times in seconds.

use super::{caused, each, happened, id_of, identify, inner, keep, of_order, touches};
use crate::fields::{Fields, as_text, text_of};
use serde_json::Value;
use throughline_interactions::{Currency, Draft, Fault, Money, Timestamp};

/// What tells something.
pub(super) const TOPICS: &[&str] = &[
    "charge.succeeded",
    "charge.failed",
    "charge.refunded",
    "charge.dispute.created",
    "checkout.session.expired",
    "customer.created",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "invoice.payment_failed",
];

pub(super) fn drafts(event: &Fields) -> Result<Vec<Draft>, Fault> {
    let id = id_of(event, "event")?;
    let missing = |name: &str| Fault::at(name, "missing", format!("`{name}` is missing: this is no event of Stripe's"));
    let kind = text_of(event, &["type"]).ok_or_else(|| missing("type"))?;
    let data = inner(event, "data").ok_or_else(|| missing("data"))?;
    let thing = inner(data, "object").ok_or_else(|| missing("data.object"))?;
    let name = match kind.as_str() {
        // Money that came in is told by its charge alone, whatever else is said of the same payment.
        "charge.succeeded" => "Order Paid",
        "charge.failed" | "invoice.payment_failed" => "Payment Failed",
        "charge.refunded" => "Order Refunded",
        "charge.dispute.created" => "Payment Disputed",
        "checkout.session.expired" => "Checkout Abandoned",
        "customer.created" => "Account Created",
        "customer.subscription.created" => "Subscription Started",
        "customer.subscription.deleted" => "Subscription Cancelled",
        _ => return Ok(Vec::new()),
    };
    let at = event.get("created").and_then(Value::as_i64).map(|s| Timestamp(s.saturating_mul(1_000_000)));
    let wrong = |_| Fault::at("created", "invalid_time", "`created` is no time: it is a number of seconds since 1970");
    let at = at.map(|at| at.in_range("created").map_err(wrong)).transpose()?;
    let mut draft = happened(id, name, at);
    if kind == "charge.refunded" || kind == "customer.subscription.deleted" {
        draft = caused(draft, "web");
    }
    person(&mut draft, thing, &kind);
    refs(&mut draft, thing, &kind);
    draft.money = match kind.as_str() {
        "charge.succeeded" => money(thing.get("amount"), thing, 1),
        "charge.refunded" => {
            // The amount of this refund alone: what was given back by now less what had been before.
            let whole = thing.get("amount_refunded").and_then(Value::as_i64);
            let before = inner(data, "previous_attributes").and_then(|p| p.get("amount_refunded")?.as_i64());
            let this = whole.map(|w| Value::from(w - before.unwrap_or(0)));
            money(this.as_ref(), thing, -1)
        }
        _ => None,
    };
    keep(&mut draft, "reason", thing.get("failure_message").or_else(|| thing.get("reason")));
    keep(&mut draft, "description", thing.get("description"));
    let method = inner(thing, "payment_method_details").and_then(|m| m.get("type"));
    keep(&mut draft, "payment", method);
    if event.get("livemode") == Some(&Value::Bool(false)) {
        draft.properties.insert("test".to_owned(), Value::Bool(true));
    }
    Ok(vec![draft])
}

fn person(draft: &mut Draft, thing: &Fields, kind: &str) {
    let id = |value: &Value| match value {
        Value::Object(customer) => text_of(customer, &["id"]),
        other => as_text(other),
    };
    let customer =
        if kind == "customer.created" { text_of(thing, &["id"]) } else { thing.get("customer").and_then(id) };
    identify(draft, "stripe_customer", customer);
    let details = ["billing_details", "customer_details"].into_iter().find_map(|n| inner(thing, n));
    let email = text_of(thing, &["receipt_email", "customer_email", "email"]);
    identify(draft, "email", email.or_else(|| details.and_then(|d| text_of(d, &["email"]))));
    identify(draft, "phone", details.and_then(|d| text_of(d, &["phone"])));
}

fn refs(draft: &mut Draft, thing: &Fields, kind: &str) {
    let own = inner(thing, "metadata").and_then(|m| text_of(m, &["order_id", "order", "orderId"]));
    of_order(draft, super::System::Stripe, own.or_else(|| text_of(thing, &["payment_intent"])));
    let payment = if kind.starts_with("charge.dispute") { text_of(thing, &["charge"]) } else { None };
    let payment =
        payment.or_else(|| text_of(thing, &["id"]).filter(|id| id.starts_with("ch_") || id.starts_with("py_")));
    touches(draft, "payment", payment);
    if kind.starts_with("customer.subscription") {
        touches(draft, "subscription", text_of(thing, &["id"]));
        if let Some(items) = inner(thing, "items") {
            for price in each(items, "data").filter_map(|i| inner(i, "price")) {
                touches(draft, "product", text_of(price, &["product"]));
            }
        }
    }
    touches(draft, "subscription", text_of(thing, &["subscription"]));
}

fn money(amount: Option<&Value>, thing: &Fields, sign: i64) -> Option<Money> {
    let currency = Currency::new(&text_of(thing, &["currency"])?.to_ascii_uppercase()).ok()?;
    Some(Money { minor: amount?.as_i64()? * sign, currency })
}
