//! What a shop's own systems deliver: what their makers publish, and what was recorded of them.

use crate::{about, at, now, who};
use serde_json::{Value, json};
use std::path::PathBuf;
use throughline_interactions::{Actor, Direction, Draft};
use throughline_wire::hooks::{System, events};
use throughline_wire::{Around, Event};

fn read(system: System, topic: &str, body: Value) -> Vec<Event> {
    events(system, topic, body, &Around::new(now(), "EUR")).unwrap()
}

fn one(system: System, topic: &str, body: Value) -> Draft {
    let mut all = read(system, topic, body);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).draft
}

fn names(system: System, topic: &str, body: &Value) -> Vec<(String, String)> {
    read(system, topic, body.clone()).into_iter().map(|e| (e.draft.event, e.draft.message_id)).collect()
}

/// A file of the recorded payloads, where they lie beside the checkout.
fn recorded(path: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/api-payloads");
    let Ok(text) = std::fs::read(folder.join(path)) else {
        println!("skipped: there is no {} beside the checkout", folder.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

#[test]
fn a_recorded_order_of_shopifys_its_parcel_and_its_refund_are_one_customers() {
    let Some(order) = recorded("shopify/order.json") else { return };
    let order = order.get("order").unwrap_or(&order).clone();
    let placed = one(System::Shopify, "orders/create", order.clone());
    assert_eq!((placed.event.as_str(), placed.message_id.as_str()), ("Order Completed", "order-450789469-placed"));
    assert_eq!(placed.money.map(|m| (m.minor, m.currency.to_string())), Some((40_994, "USD".to_owned())));
    assert_eq!(placed.occurred_at, Some(at("2008-01-10T16:00:00Z")));
    assert_eq!(who(&placed), "shopify_customer=207119551 email=bob.norman@hostmail.com order=shopify-450789469");
    assert!(about(&placed).starts_with("product=IPOD2008GREEN"), "{}", about(&placed));
    assert!(about(&placed).contains("coupon=TENOFF") && about(&placed).contains("order=450789469"));
    let paid = one(System::Shopify, "orders/paid", order.clone());
    assert_eq!((paid.event.as_str(), paid.money), ("Order Paid", None), "money counts once");
    // Touched again, the order says nothing new of how it was placed.
    let mut later = order.clone();
    later["updated_at"] = json!("2009-01-01T00:00:00Z");
    later["fulfillment_status"] = json!("fulfilled");
    assert_eq!(one(System::Shopify, "orders/create", later), placed);
    assert_eq!(names(System::Shopify, "orders/updated", &order), []);

    let parcel = recorded("shopify/fulfillment.json").unwrap()["fulfillment"].clone();
    let shipped = one(System::Shopify, "fulfillments/create", parcel);
    assert_eq!((shipped.event.as_str(), shipped.channel.as_str()), ("Order Shipped", "delivery"));
    assert_eq!((shipped.actor, shipped.direction), (Actor::System, Direction::Out));
    assert_eq!(who(&shipped), "order=shopify-450789469 parcel=1Z2345");
    assert!(about(&shipped).contains("carrier=null-company"), "as it was recorded: {}", about(&shipped));

    let refund = recorded("shopify/refund.json").unwrap()["refund"].clone();
    let refunded = one(System::Shopify, "refunds/create", refund);
    assert_eq!((refunded.event.as_str(), refunded.money.map(|m| m.minor)), ("Order Refunded", Some(-20_900)));
    assert_eq!(who(&refunded), "order=shopify-450789469");
    assert_eq!(refunded.properties["reason"], "it broke during shipping");

    let told = recorded("shopify/fulfillment_event.json").unwrap()["fulfillment_event"].clone();
    assert_eq!(names(System::Shopify, "fulfillment_events/create", &told), [], "a label is nobody's story");
    let checkout = recorded("shopify/checkouts.json").unwrap()["checkouts"][0].clone();
    let started = one(System::Shopify, "checkouts/create", checkout);
    assert_eq!((started.event.as_str(), started.money), ("Checkout Started", None));
    let customer = recorded("shopify/customer.json").unwrap();
    let customer = customer.get("customer").unwrap_or(&customer).clone();
    assert_eq!(one(System::Shopify, "customers/create", customer).event, "Account Created");
}

#[test]
fn a_carrier_tells_what_it_promises_and_when_it_came() {
    let told = |status: &str| json!({"id": 7, "order_id": 1, "status": status, "happened_at": "2026-11-20T10:00:00+01:00", "estimated_delivery_at": "2026-11-22T18:00:00+01:00"});
    let event = |status: &str| one(System::Shopify, "fulfillment_events/create", told(status));
    let underway = event("in_transit");
    assert_eq!(underway.promise.as_ref().map(|p| p.due), Some(at("2026-11-22T17:00:00Z")));
    assert_eq!((event("delivered").event.as_str(), event("delivered").promise), ("Order Delivered", None));
    assert_eq!(event("attempted_delivery").event, "Delivery Failed");
}

#[test]
fn an_order_of_woocommerce_is_told_by_its_status() {
    let order = |status: &str, more: Value| {
        let mut order = json!({
            "id": 727, "status": status, "currency": "EUR", "total": "29.35", "customer_id": 0, "customer_note": "Ring twice",
            "date_created_gmt": "2026-11-22T19:28:02", "date_modified_gmt": "2026-11-22T19:30:00", "payment_method_title": "Direct Bank Transfer",
            "billing": {"email": "john.doe@example.com", "phone": "(555) 555-5555", "country": "US"},
            "line_items": [{"product_id": 93, "sku": "", "name": "Woo"}, {"product_id": 22, "sku": "Bar3"}],
            "coupon_lines": [{"code": "FREE"}], "shipping_lines": [{"method_title": "Flat Rate"}],
        });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order
    };
    let of = |status: &str, more: Value| names(System::WooCommerce, "order.updated", &order(status, more));
    let pair = |event: &str, what: &str| (event.to_owned(), format!("order-727-{what}"));
    assert_eq!(of("pending", json!({})), [pair("Checkout Started", "started")]);
    assert_eq!(of("failed", json!({})), [pair("Payment Failed", "failed")]);
    assert_eq!(of("on-hold", json!({})), [pair("Order Completed", "placed")]);
    let paid = json!({"date_paid_gmt": "2026-11-22T19:30:00", "date_completed_gmt": "2026-11-23T08:00:00"});
    assert_eq!(of("processing", paid.clone()), [pair("Order Completed", "placed"), pair("Order Paid", "paid")]);
    assert_eq!(of("completed", paid).len(), 3);
    assert_eq!(of("cancelled", json!({})), [pair("Order Cancelled", "cancelled")]);
    assert_eq!(of("checkout-draft-of-a-plugin", json!({})), []);
    let placed = one(System::WooCommerce, "order.created", order("on-hold", json!({})));
    assert_eq!((placed.money.unwrap().minor, placed.text.as_deref()), (2_935, Some("Ring twice")));
    assert_eq!(who(&placed), "email=john.doe@example.com phone=(555) 555-5555 order=woocommerce-727");
    assert_eq!(about(&placed), "product=93 product=Bar3 coupon=FREE order=727");
    let refunded = one(System::WooCommerce, "order.updated", order("refunded", json!({})));
    assert_eq!((refunded.event.as_str(), refunded.money.unwrap().minor), ("Order Refunded", -2_935));
    assert!(read(System::WooCommerce, "order.created", order("failed", json!({})))[0].corrected);
}

#[test]
fn stripes_money_is_told_by_charges_alone() {
    let event = |kind: &str, object: &Value, before: Value| {
        json!({"id": format!("evt_{kind}"), "object": "event", "type": kind, "created": 1_763_800_000, "livemode": true,
               "data": {"object": object, "previous_attributes": before}})
    };
    let charge = recorded("stripe-dj-stripe/charge_ch_fakefakefakefakefake0001.json").unwrap_or_else(|| {
        json!({"id": "ch_fakefakefakefakefake0001", "amount": 2000, "currency": "usd", "customer": "cus_6lsBvm5rJ0zyHc", "payment_intent": "pi_fakefakefakefakefake0001"})
    });
    let paid = one(System::Stripe, "", event("charge.succeeded", &charge, Value::Null));
    assert_eq!((paid.event.as_str(), paid.money.map(|m| m.minor)), ("Order Paid", Some(2_000)));
    assert_eq!(
        (paid.message_id.as_str(), paid.occurred_at),
        ("evt_charge.succeeded", Some(at("2025-11-22T08:26:40Z")))
    );
    assert_eq!(who(&paid), "stripe_customer=cus_6lsBvm5rJ0zyHc order=stripe-pi_fakefakefakefakefake0001");
    let mut twice = charge.clone();
    twice["amount_refunded"] = json!(1_500);
    let refunded = one(System::Stripe, "", event("charge.refunded", &twice, json!({"amount_refunded": 1_000})));
    assert_eq!(refunded.money.map(|m| m.minor), Some(-500), "this refund, not the ones before");
    assert_eq!(names(System::Stripe, "", &event("payment_intent.succeeded", &charge, Value::Null)), []);
    let customer = recorded("stripe-dj-stripe/customer_cus_4QWKsZuuTHcs7X.json")
        .unwrap_or_else(|| json!({"id": "cus_4QWKsZuuTHcs7X", "email": "john.doe@example.com"}));
    let created = one(System::Stripe, "", event("customer.created", &customer, Value::Null));
    assert_eq!(who(&created), "stripe_customer=cus_4QWKsZuuTHcs7X email=john.doe@example.com");
}

#[test]
fn what_cannot_be_read_is_told() {
    let around = Around::new(now(), "EUR");
    let fault = |system, topic: &str, body: Value| events(system, topic, body, &around).unwrap_err().message;
    assert!(fault(System::Shopify, "orders/create", json!({"email": "a@b.c"})).contains("has no id"));
    assert!(fault(System::Shopify, "orders/create", json!([])).contains("JSON object"));
    let wrong = json!({"id": 1, "created_at": "soon"});
    assert!(fault(System::Shopify, "orders/create", wrong).contains("which is no time"));
    assert!(fault(System::Stripe, "", json!({"id": "evt_1", "type": "x"})).contains("`data` is missing"));
    let far = json!({"id": "e", "type": "charge.failed", "created": i64::MAX, "data": {"object": {}}});
    assert!(fault(System::Stripe, "", far).contains("seconds since 1970"));
}
