//! WooCommerce's deliveries. Their topic stands in `X-WC-Webhook-Topic`.
//!
//! An order is delivered whole whenever anything about it changes, and says in `status` how it stands:
//! each status is told once, as what it means to the customer.

use super::{System, caused, decimal, each, happened, id_of, identify, inner, keep, of_order, told, touches};
use crate::Around;
use crate::fields::{Fields, text_of};
use throughline_interactions::{Draft, Fault, Money, Timestamp};

/// What tells something.
pub(super) const TOPICS: &[&str] = &["order.created", "order.updated", "customer.created"];

pub(super) fn drafts(topic: &str, body: &Fields, around: &Around<'_>) -> Result<Vec<Draft>, Fault> {
    match topic {
        "order.created" | "order.updated" | "order.restored" => order(body, around),
        "customer.created" => {
            let id = id_of(body, "customer")?;
            let at = utc(body, "date_created");
            let mut draft = happened(format!("customer-{id}-created"), "Account Created", at);
            identify(&mut draft, "woocommerce_customer", Some(id));
            identify(&mut draft, "email", text_of(body, &["email"]));
            Ok(vec![draft])
        }
        _ => Ok(Vec::new()),
    }
}

/// A time of the shop: the field that ends in `_gmt` is UTC.
fn utc(fields: &Fields, name: &str) -> Option<Timestamp> {
    told(fields, &format!("{name}_gmt")).or_else(|| told(fields, name))
}

fn order(body: &Fields, around: &Around<'_>) -> Result<Vec<Draft>, Fault> {
    let id = id_of(body, "order")?;
    let status = text_of(body, &["status"]).unwrap_or_default();
    let created = utc(body, "date_created");
    let changed = utc(body, "date_modified").or(created);
    let of = |what: &str, event: &str, at: Option<Timestamp>| {
        let mut draft = happened(format!("order-{id}-{what}"), event, at);
        about_order(&mut draft, body);
        of_order(&mut draft, System::WooCommerce, Some(id.clone()));
        draft
    };
    let placed = || {
        let mut draft = of("placed", "Order Completed", created);
        draft.money = decimal(body.get("total"), text_of(body, &["currency"]), around);
        draft.text = text_of(body, &["customer_note"]);
        keep(&mut draft, "payment", body.get("payment_method_title"));
        keep(&mut draft, "country", inner(body, "billing").and_then(|b| b.get("country")));
        keep(&mut draft, "shipping", each(body, "shipping_lines").next().and_then(|l| l.get("method_title")));
        draft
    };
    let paid = || of("paid", "Order Paid", utc(body, "date_paid"));
    let is_paid = utc(body, "date_paid").is_some();
    Ok(match status.as_str() {
        "pending" | "checkout-draft" => vec![of("started", "Checkout Started", created)],
        "failed" => vec![of("failed", "Payment Failed", changed)],
        "on-hold" => vec![placed()],
        "processing" if is_paid => vec![placed(), paid()],
        "processing" => vec![placed()],
        "completed" => {
            let fulfilled =
                caused(of("completed", "Order Fulfilled", utc(body, "date_completed").or(changed)), "delivery");
            let paid = is_paid.then(paid);
            [placed()].into_iter().chain(paid).chain([fulfilled]).collect()
        }
        "cancelled" => vec![of("cancelled", "Order Cancelled", changed)],
        "refunded" => {
            let mut draft = caused(of("refunded", "Order Refunded", changed), "web");
            let total = decimal(body.get("total"), text_of(body, &["currency"]), around);
            draft.money = total.map(|m| Money { minor: -m.minor.abs(), ..m });
            let reason = each(body, "refunds").next().and_then(|r| r.get("reason"));
            keep(&mut draft, "reason", reason);
            vec![draft]
        }
        _ => Vec::new(),
    })
}

fn about_order(draft: &mut Draft, order: &Fields) {
    let customer = text_of(order, &["customer_id"]).filter(|id| id != "0");
    identify(draft, "woocommerce_customer", customer);
    if let Some(billing) = inner(order, "billing") {
        identify(draft, "email", text_of(billing, &["email"]));
        identify(draft, "phone", text_of(billing, &["phone"]));
    }
    if text_of(order, &["created_via"]).as_deref() == Some("pos-rest-api") {
        draft.channel = "store".to_owned();
    }
    for line in each(order, "line_items") {
        let id = text_of(line, &["product_id"]).filter(|id| id != "0");
        touches(draft, "product", text_of(line, &["sku"]).or(id).or_else(|| text_of(line, &["name"])));
    }
    for coupon in each(order, "coupon_lines") {
        touches(draft, "coupon", text_of(coupon, &["code"]));
    }
}
