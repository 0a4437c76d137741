//! What a shop's own systems send when something happened: the webhooks of Shopify, WooCommerce and
//! Stripe, as drafts of interactions.
//!
//! A delivery is about one thing — an order, a parcel, a payment — and most of what it says is how that
//! thing stands now. What became of it is told once: the id of an interaction follows from the thing and
//! from what happened to it, and an interaction says only what does not change afterwards. So a delivery
//! that comes twice, or an order that is touched ten times on its way, adds nothing.
//!
//! A parcel or a refund names its order and nobody, a carrier only its parcel: order and parcel are
//! identifiers of their own (`order`, `parcel`), which lead to the customer and never join two people.
//!
//! Topics that are about nobody's story, such as a changed product, give nothing.

mod shopify;
mod stripe;
mod woocommerce;

use crate::commerce::about;
use crate::fields::{Fields, as_text, object, text_of, time};
use crate::{Around, Event};
use serde_json::Value;
use throughline_interactions::{Actor, Currency, Direction, Draft, Fault, Identifier, Money, Timestamp, limits};

/// A system whose deliveries are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Shopify's Admin API, <https://shopify.dev/docs/api/webhooks>.
    Shopify,
    /// WooCommerce, <https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks>.
    WooCommerce,
    /// Stripe, <https://docs.stripe.com/api/events>.
    Stripe,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shopify, Self::WooCommerce, Self::Stripe];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// The name in the store and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::Stripe => "stripe",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shopify => "Shopify",
            Self::WooCommerce => "WooCommerce",
            Self::Stripe => "Stripe",
        }
    }

    /// The topics that tell something, as the system writes them.
    pub fn topics(self) -> &'static [&'static str] {
        match self {
            Self::Shopify => shopify::TOPICS,
            Self::WooCommerce => woocommerce::TOPICS,
            Self::Stripe => stripe::TOPICS,
        }
    }
}

/// Reads a delivery; empty where it tells nobody's story. `topic` is what the system's header says;
/// Stripe says it in the body.
pub fn events(system: System, topic: &str, body: Value, around: &Around<'_>) -> Result<Vec<Event>, Fault> {
    let body = object(body, "a delivery")?;
    let drafts = match system {
        System::Shopify => shopify::drafts(topic, &body, around),
        System::WooCommerce => woocommerce::drafts(topic, &body, around),
        System::Stripe => stripe::drafts(&body),
    }?;
    // When an order of WooCommerce's got its status is told by when it was last touched: a later delivery
    // of the same tells a later time.
    let corrected = system == System::WooCommerce;
    Ok(drafts.into_iter().map(|draft| Event { draft, corrected }).collect())
}

/// One thing that happened: its id, its name and when.
fn happened(message_id: String, event: &str, at: Option<Timestamp>) -> Draft {
    Draft { message_id, event: event.to_owned(), occurred_at: at, channel: "web".to_owned(), ..Draft::default() }
}

/// The same, caused by a system of the brand.
fn caused(draft: Draft, channel: &str) -> Draft {
    Draft { channel: channel.to_owned(), direction: Direction::Out, actor: Actor::System, ..draft }
}

/// The id that a thing needs to have; a fault that names it where it has none.
fn id_of(fields: &Fields, what: &str) -> Result<String, Fault> {
    text_of(fields, &["id"]).ok_or_else(|| Fault::at("id", "missing", format!("the {what} in this delivery has no id")))
}

/// The moment under a name; a fault where it is none.
fn moment(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Fault> {
    crate::fields::time_of(fields, &[name])
}

/// Who it was; what is empty or too long is left out.
fn identify(draft: &mut Draft, kind: &str, value: Option<String>) {
    if let Some(value) = value.filter(|v| v.len() <= limits::VALUE)
        && draft.identifiers.len() < limits::IDENTIFIERS
        && !draft.identifiers.iter().any(|i| i.kind == kind && i.value == value)
    {
        draft.identifiers.push(Identifier::new(kind, &value));
    }
}

/// The order as what it is about, and as the way to its customer.
fn of_order(draft: &mut Draft, system: System, order: Option<String>) {
    if let Some(order) = order {
        identify(draft, "order", Some(format!("{}-{order}", system.as_str())));
        about(draft, "order", order);
    }
}

/// What it is about, where something stands there.
fn touches(draft: &mut Draft, kind: &str, value: Option<String>) {
    if let Some(value) = value {
        about(draft, kind, value);
    }
}

/// A property, where something stands under the name.
fn keep(draft: &mut Draft, name: &str, value: Option<&Value>) {
    if let Some(value) = value.filter(|v| !v.is_null() && v.as_str() != Some("")) {
        draft.properties.insert(name.to_owned(), value.clone());
    }
}

/// An amount as a decimal, in a currency or in that of the workspace.
fn decimal(amount: Option<&Value>, currency: Option<String>, around: &Around<'_>) -> Option<Money> {
    let code = currency.unwrap_or_else(|| around.currency.to_owned()).to_ascii_uppercase();
    Money::from_decimal(&as_text(amount?)?, Currency::new(&code).ok()?).ok()
}

/// The objects of a list under a name.
fn each<'a>(fields: &'a Fields, name: &str) -> impl Iterator<Item = &'a Fields> {
    fields.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// An object under a name.
fn inner<'a>(fields: &'a Fields, name: &str) -> Option<&'a Fields> {
    fields.get(name).and_then(Value::as_object)
}

/// A time that a field tells, where it tells one.
fn told(fields: &Fields, name: &str) -> Option<Timestamp> {
    fields.get(name).and_then(time)
}
