//! Shopify's deliveries. Their topic stands in `X-Shopify-Topic`.

use super::{System, caused, decimal, each, happened, id_of, identify, inner, keep, moment, of_order, touches};
use crate::Around;
use crate::commerce::about;
use crate::fields::{Fields, text_of};
use throughline_interactions::{Draft, Fault, Money, Precision, Promise};

/// What tells something.
pub(super) const TOPICS: &[&str] = &[
    "orders/create",
    "orders/paid",
    "orders/cancelled",
    "fulfillments/create",
    "fulfillment_events/create",
    "refunds/create",
    "checkouts/create",
    "customers/create",
];

pub(super) fn drafts(topic: &str, body: &Fields, around: &Around<'_>) -> Result<Vec<Draft>, Fault> {
    let draft = match topic {
        "orders/create" => placed(body, around)?,
        "orders/paid" => of(body, "paid", "Order Paid", "processed_at")?,
        "orders/cancelled" => {
            let mut draft = of(body, "cancelled", "Order Cancelled", "cancelled_at")?;
            keep(&mut draft, "reason", body.get("cancel_reason"));
            draft
        }
        "fulfillments/create" => shipped(body)?,
        "fulfillment_events/create" => match underway(body)? {
            Some(draft) => draft,
            None => return Ok(Vec::new()),
        },
        "refunds/create" => refunded(body, around)?,
        "checkouts/create" => checkout(body)?,
        "customers/create" => {
            let id = id_of(body, "customer")?;
            let at = moment(body, "created_at")?;
            let mut draft = happened(format!("customer-{id}-created"), "Account Created", at);
            person(&mut draft, body);
            draft
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![draft])
}

/// An order, or a checkout: who, what and where. `name` is the field of the moment.
fn of(order: &Fields, what: &str, event: &str, name: &str) -> Result<Draft, Fault> {
    let id = id_of(order, "order")?;
    let at = moment(order, name)?.or(moment(order, "created_at")?);
    let mut draft = happened(format!("order-{id}-{what}"), event, at);
    about_order(&mut draft, order);
    of_order(&mut draft, System::Shopify, Some(id));
    Ok(draft)
}

fn about_order(draft: &mut Draft, order: &Fields) {
    if let Some(customer) = inner(order, "customer") {
        person(draft, customer);
    }
    identify(draft, "email", text_of(order, &["email", "contact_email"]));
    identify(draft, "phone", text_of(order, &["phone"]));
    if text_of(order, &["source_name"]).as_deref() == Some("pos") {
        draft.channel = "store".to_owned();
        touches(draft, "store", text_of(order, &["location_id"]));
    }
    lines(draft, order);
    for code in each(order, "discount_codes") {
        touches(draft, "coupon", text_of(code, &["code"]));
    }
}

fn person(draft: &mut Draft, customer: &Fields) {
    identify(draft, "shopify_customer", text_of(customer, &["id"]));
    identify(draft, "email", text_of(customer, &["email"]));
    identify(draft, "phone", text_of(customer, &["phone"]));
}

fn lines(draft: &mut Draft, of: &Fields) {
    for line in each(of, "line_items") {
        if let Some(product) = text_of(line, &["sku", "product_id", "title"]) {
            about(draft, "product", product);
        }
        touches(draft, "supplier", text_of(line, &["vendor"]));
    }
}

fn placed(order: &Fields, around: &Around<'_>) -> Result<Draft, Fault> {
    let mut draft = of(order, "placed", "Order Completed", "created_at")?;
    draft.money = decimal(order.get("total_price"), text_of(order, &["currency"]), around);
    draft.text = text_of(order, &["note"]);
    keep(&mut draft, "order_name", order.get("name"));
    keep(&mut draft, "payment", order.get("gateway"));
    keep(&mut draft, "landing_page", order.get("landing_site"));
    keep(&mut draft, "referrer", order.get("referring_site"));
    let country = inner(order, "shipping_address").or_else(|| inner(order, "billing_address"));
    keep(&mut draft, "country", country.and_then(|a| a.get("country_code")));
    keep(&mut draft, "shipping", each(order, "shipping_lines").next().and_then(|l| l.get("title")));
    Ok(draft)
}

fn checkout(body: &Fields) -> Result<Draft, Fault> {
    let missing = || Fault::at("token", "missing", "the checkout in this delivery has neither a token nor an id");
    let id = text_of(body, &["token", "id"]).ok_or_else(missing)?;
    let mut draft = happened(format!("checkout-{id}-started"), "Checkout Started", moment(body, "created_at")?);
    about_order(&mut draft, body);
    about(&mut draft, "checkout", id);
    Ok(draft)
}

fn shipped(parcel: &Fields) -> Result<Draft, Fault> {
    let id = id_of(parcel, "fulfillment")?;
    let at = moment(parcel, "created_at")?;
    let mut draft = caused(happened(format!("fulfillment-{id}-created"), "Order Shipped", at), "delivery");
    of_order(&mut draft, System::Shopify, text_of(parcel, &["order_id"]));
    identify(&mut draft, "email", text_of(parcel, &["email"]));
    touches(&mut draft, "carrier", text_of(parcel, &["tracking_company"]));
    identify(&mut draft, "parcel", text_of(parcel, &["tracking_number"]));
    touches(&mut draft, "parcel", text_of(parcel, &["tracking_number"]));
    lines(&mut draft, parcel);
    Ok(draft)
}

/// What a carrier says on the way; nothing for what is between one event and the next.
fn underway(told: &Fields) -> Result<Option<Draft>, Fault> {
    let event = match text_of(told, &["status"]).as_deref() {
        Some("in_transit") => "Order In Transit",
        Some("out_for_delivery") => "Out for Delivery",
        Some("delivered") => "Order Delivered",
        Some("attempted_delivery" | "failure") => "Delivery Failed",
        _ => return Ok(None),
    };
    let id = id_of(told, "event of a fulfillment")?;
    let at = moment(told, "happened_at")?;
    let mut draft = caused(happened(format!("fulfillment-event-{id}"), event, at), "delivery");
    of_order(&mut draft, System::Shopify, text_of(told, &["order_id"]));
    if event != "Order Delivered"
        && let Some(due) = moment(told, "estimated_delivery_at")?
    {
        draft.promise = Some(Promise { kind: "delivery".to_owned(), due, precision: Precision::Instant });
    }
    Ok(Some(draft))
}

fn refunded(refund: &Fields, around: &Around<'_>) -> Result<Draft, Fault> {
    let id = id_of(refund, "refund")?;
    let at = moment(refund, "created_at")?;
    let mut draft = caused(happened(format!("refund-{id}"), "Order Refunded", at), "web");
    of_order(&mut draft, System::Shopify, text_of(refund, &["order_id"]));
    let back = each(refund, "transactions").filter(|t| {
        text_of(t, &["kind"]).as_deref() == Some("refund") && text_of(t, &["status"]).as_deref() != Some("failure")
    });
    let amounts = back.filter_map(|t| decimal(t.get("amount"), text_of(t, &["currency"]), around));
    // Amounts of one currency are added; a second currency is nobody's sum.
    let sum = amounts.fold(None, |sum: Option<Money>, m| match sum {
        None => Some(m),
        Some(s) if s.currency == m.currency => Some(Money { minor: s.minor.saturating_add(m.minor), ..s }),
        Some(s) => Some(s),
    });
    draft.money = sum.map(|m| Money { minor: -m.minor.abs(), ..m });
    keep(&mut draft, "reason", refund.get("note"));
    for line in each(refund, "refund_line_items").filter_map(|l| inner(l, "line_item")) {
        touches(&mut draft, "product", text_of(line, &["sku", "product_id", "title"]));
    }
    Ok(draft)
}
