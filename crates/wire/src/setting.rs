//! Where an event happened, which way it went and who acted, by its name and what is known around it.

use crate::device::device;
use crate::fields::{Fields, is_one_of, text_of};
use serde_json::Value;
use throughline_interactions::{Actor, Direction};

/// Channel, direction and actor, and why it is that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Such as `web`; empty where nothing tells.
    pub channel: String,
    /// Which way it went.
    pub direction: Direction,
    /// Who acted.
    pub actor: Actor,
    /// Why it is taken for a machine; empty for a person.
    pub reason: &'static str,
}

/// Events whose channel their name tells, whatever sent them: Segment's specifications.
const CHANNELS: &[(&str, &[&str])] = &[
    (
        "delivery",
        &["Order Shipped", "Out for Delivery", "Order Delivered", "Delivered", "Delivery Failed", "Order Fulfilled"],
    ),
    (
        "email",
        &[
            "Email Sent",
            "Email Delivered",
            "Email Opened",
            "Email Link Clicked",
            "Email Bounced",
            "Email Marked as Spam",
            "Unsubscribed",
        ],
    ),
    (
        "push",
        &[
            "Push Notification Sent",
            "Push Notification Received",
            "Push Notification Tapped",
            "Push Notification Bounced",
        ],
    ),
    ("sms", &["SMS Sent", "SMS Delivered", "SMS Link Clicked", "SMS Failed"]),
    (
        "chat",
        &[
            "Live Chat Conversation Started",
            "Live Chat Conversation Ended",
            "Live Chat Message Sent",
            "Live Chat Message Received",
        ],
    ),
    ("phone", &["Call Started", "Call Ended"]),
    ("ads", &["Ad Impression", "Ad Clicked", "Install Attributed"]),
    ("store", &["POS Sale", "Store Visited"]),
    ("review_site", &["Review Posted", "Review Answered"]),
];

/// Events that go from the brand to the customer.
const OUT: &[&str] = &[
    "Order Shipped",
    "Order Fulfilled",
    "Out for Delivery",
    "Email Sent",
    "Email Delivered",
    "Email Bounced",
    "Push Notification Sent",
    "Push Notification Received",
    "SMS Sent",
    "SMS Delivered",
    "Survey Sent",
    "Live Chat Message Sent",
    "Ad Impression",
    "Order Refunded",
];

/// Events that a system of the brand causes.
const BY_SYSTEMS: &[&str] = &[
    "Order Shipped",
    "Order Fulfilled",
    "Out for Delivery",
    "Order Delivered",
    "Delivered",
    "Delivery Failed",
    "Email Sent",
    "Email Delivered",
    "Email Bounced",
    "Push Notification Sent",
    "SMS Sent",
    "SMS Delivered",
    "Survey Sent",
    "Order Refunded",
    "Ad Impression",
];

/// Words in a user agent by which crawlers, monitors and scripts name themselves.
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "headless",
    "lighthouse",
    "pingdom",
    "uptime",
    "monitor",
    "preview",
    "scraper",
    "python-requests",
    "curl/",
    "wget/",
    "phantomjs",
    "facebookexternalhit",
];

/// Words in a user agent by which those fetch what a mail holds before, or without, its reader.
const SCANNERS: &[&str] = &["barracuda", "mimecast", "proofpoint", "safelinks", "trendmicro", "fireeye", "bitdefender"];

/// Who fetches an address, and why it is taken for that: `purpose` is what a `Purpose` or `Sec-Purpose`
/// header says. Mail programs that show every picture through a machine of their own do not say who read
/// the mail, or whether anybody did; those that fetch when the mail is opened count as its reader.
pub fn fetcher(user_agent: Option<&str>, purpose: Option<&str>, is_head: bool) -> (Actor, &'static str) {
    let agent = user_agent.unwrap_or_default().trim().to_ascii_lowercase();
    if is_head {
        return (Actor::Prefetch, "it asked for the head alone");
    }
    if purpose.is_some_and(|p| p.to_ascii_lowercase().contains("prefetch")) {
        return (Actor::Prefetch, "a browser fetched it ahead");
    }
    if agent.is_empty() {
        return (Actor::Bot, "it does not say what it is");
    }
    // Apple's Mail Privacy Protection fetches every picture of every mail, and says just this.
    if agent == "mozilla/5.0" {
        return (Actor::Prefetch, "Apple's mail fetches every picture, read or not");
    }
    if SCANNERS.iter().any(|s| agent.contains(s)) {
        return (Actor::Prefetch, "a scanner of mails");
    }
    if BOTS.iter().any(|b| agent.contains(b)) {
        return (Actor::Bot, "it calls itself a crawler or a program");
    }
    (Actor::Human, if agent.contains("googleimageproxy") { "by Gmail, when the mail was opened" } else { "" })
}

/// Reads the setting of an event. `sent_by` is RudderStack's own word for the kind of sender.
pub fn setting(event: &str, context: &Fields, sent_by: Option<&str>) -> Setting {
    let by_name = CHANNELS.iter().find(|(_, events)| is_one_of(event, events));
    let channel = by_name.map(|(channel, _)| *channel).or_else(|| of_sender(context, sent_by)).unwrap_or_default();
    let agent = text_of(context, &["userAgent"]).unwrap_or_default();
    let lower = agent.to_ascii_lowercase();
    let (actor, reason) = if BOTS.iter().any(|b| lower.contains(b)) {
        (Actor::Bot, "it calls itself a crawler or a program")
    } else if !agent.is_empty() && device(&agent).is_crawler {
        (Actor::Bot, "it is one of the known crawlers")
    } else if is_one_of(event, BY_SYSTEMS) {
        (Actor::System, "")
    } else {
        (Actor::Human, "")
    };
    Setting {
        channel: channel.to_owned(),
        direction: if is_one_of(event, OUT) { Direction::Out } else { Direction::In },
        actor,
        reason,
    }
}

/// Says why somebody is taken for a machine, beside what else is said.
pub(crate) fn say_why(properties: &mut Fields, reason: &'static str) {
    if !reason.is_empty() {
        properties.insert("actor_reason".to_owned(), Value::String(reason.to_owned()));
    }
}

fn of_sender(context: &Fields, sent_by: Option<&str>) -> Option<&'static str> {
    let library = match context.get("library") {
        Some(Value::Object(library)) => text_of(library, &["name"]).unwrap_or_default().to_ascii_lowercase(),
        _ => String::new(),
    };
    let is_of = |words: &[&str]| words.iter().any(|w| library.contains(w));
    if is_of(&["ios", "android", "swift", "kotlin", "react-native", "flutter", "unity"]) || sent_by == Some("mobile") {
        return Some("app");
    }
    if is_of(&["analytics.js", "throughline.js", "rudderlabs javascript"]) || sent_by == Some("web") {
        return Some("web");
    }
    // A server that passes on what a page or a telephone told it.
    let told = [("page", "web"), ("device", "app")];
    told.into_iter().find(|(name, _)| context.contains_key(*name)).map(|(_, channel)| channel)
}
