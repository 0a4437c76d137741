//! PostHog's captures, in both forms that its libraries send.

use crate::commerce::fill;
use crate::device::describe;
use crate::fields::{Fields, as_text, object, take_object, text_of, time_of};
use crate::setting::{say_why, setting};
use crate::{Around, Envelope, Event, corrected, place};
use serde_json::Value;
use throughline_interactions::{Draft, Fault, Identifier, Zone, limits};

/// Events that PostHog names itself, in the words that everybody else has for them.
const NAMES: &[(&str, &str)] = &[
    ("$pageview", "Page Viewed"),
    ("$pageleave", "Page Left"),
    ("$screen", "Screen Viewed"),
    ("$identify", "Identified"),
    ("$set", "Identified"),
    ("$groupidentify", "Group Joined"),
    ("$create_alias", "Identities Joined"),
    ("$merge_dangerously", "Identities Joined"),
    ("$exception", "Script Error"),
    ("$rageclick", "Rage Click"),
    ("$dead_click", "Dead Click"),
    ("$web_vitals", "Web Vital"),
    ("survey sent", "Survey Answered"),
    ("survey shown", "Survey Sent"),
];

/// Reads one event. `index` is its place in the request.
pub fn event(value: Value, index: u32, envelope: &Envelope, around: &Around<'_>) -> Result<Event, Fault> {
    let mut item = object(value, "an event")?;
    let own = text_of(&item, &["event"])
        .ok_or_else(|| Fault::at("event", "missing", "`event` is missing: say what happened"))?;
    let mut properties = take_object(&mut item, "properties");
    for name in ["$set", "$set_once"] {
        if let Some(value @ Value::Object(_)) = item.remove(name) {
            properties.entry(name).or_insert(value);
        }
    }
    let named = NAMES.iter().find(|(theirs, _)| *theirs == own).map(|(_, ours)| (*ours).to_owned());
    let message_id = text_of(&item, &["uuid"]).or_else(|| text_of(&properties, &["$insert_id", "uuid"]));
    let message_id = message_id.ok_or_else(|| {
        Fault::at(
            "uuid",
            "missing",
            "`uuid` is missing: give each event an id of its own, so that sending it twice counts once",
        )
    })?;
    let at = time_of(&item, &["timestamp"])?;
    let sent_at = time_of(&item, &["sent_at"]).ok().flatten().or(envelope.sent_at);
    let at = at.map(|at| corrected(at, sent_at, around.received_at));
    let mut draft = Draft {
        message_id,
        occurred_at: at.map(|(at, _)| at),
        source_seq: index,
        identifiers: identifiers(&own, &item, &properties),
        event: named.unwrap_or_else(|| own.clone()),
        ..Draft::default()
    };
    draft.zone = text_of(&properties, &["$timezone"]).and_then(|z| Zone::new(&z).ok());
    let page = text_of(&properties, &["$pathname", "$screen_name"]);
    draft.touchpoint = page.filter(|p| p.len() <= limits::VALUE).unwrap_or_default();
    let seen = setting(&draft.event, &context(&properties), None);
    (draft.channel, draft.direction, draft.actor) = (seen.channel, seen.direction, seen.actor);
    fill(&mut draft, &properties, around.currency);
    // An address tells where somebody lives; it is not kept.
    let address = properties.remove("$ip").and_then(|ip| as_text(&ip));
    for name in ["session_id", "window_id"] {
        if let Some(value) = item.remove(name) {
            properties.entry(format!("${name}")).or_insert(value);
        }
    }
    for (ours, theirs) in [("os", "$os"), ("browser", "$browser"), ("country", "$geoip_country_code")] {
        if let Some(value) = text_of(&properties, &[theirs]) {
            properties.entry(ours).or_insert(Value::String(value));
        }
    }
    let is_own = matches!(draft.channel.as_str(), "web" | "app");
    place::put(&mut properties, around, address.as_deref(), is_own);
    let kind = text_of(&properties, &["$device_type"]).map(|k| match k.as_str() {
        "Desktop" => "computer".to_owned(),
        "Mobile" => "phone".to_owned(),
        other => other.to_lowercase(),
    });
    if let Some(kind) = kind {
        properties.entry("device").or_insert(Value::String(kind));
    }
    let agent = text_of(&properties, &["$raw_user_agent", "$user_agent"]);
    let zone = text_of(&properties, &["$timezone"]);
    describe(&mut properties, agent.as_deref(), zone.as_deref());
    say_why(&mut properties, seen.reason);
    draft.properties = properties;
    Ok(Event { draft, corrected: at.is_none_or(|(_, corrected)| corrected) })
}

/// What Segment's context would say.
fn context(properties: &Fields) -> Fields {
    let mut context = Fields::new();
    if let Some(agent) = text_of(properties, &["$raw_user_agent", "$user_agent"]) {
        context.insert("userAgent".to_owned(), Value::String(agent));
    }
    let is_web = text_of(properties, &["$lib"]).is_some_and(|l| l == "web") || properties.contains_key("$current_url");
    if is_web {
        context.insert("page".to_owned(), Value::Null);
    } else if properties.contains_key("$device_id") || properties.contains_key("$app_version") {
        context.insert("device".to_owned(), Value::Null);
    }
    context
}

/// Whom it is about. `distinct_id` is an account, unless the library says that nobody has logged in or
/// it is the device's own id.
fn identifiers(own: &str, item: &Fields, properties: &Fields) -> Vec<Identifier> {
    let distinct = text_of(item, &["distinct_id"]).or_else(|| text_of(properties, &["distinct_id"]));
    let device = text_of(properties, &["$device_id"]);
    let anonymous = text_of(properties, &["$anon_distinct_id"]);
    let is_anonymous = own != "$identify"
        && (properties.get("$is_identified") == Some(&Value::Bool(false))
            || properties.get("$process_person_profile") == Some(&Value::Bool(false))
            || (device.is_some() && distinct == device));
    let mut all: Vec<Identifier> = Vec::new();
    let mut add = |kind: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| v.len() <= limits::VALUE)
            && !all.iter().any(|i| i.kind == kind && i.value == value)
        {
            all.push(Identifier::new(kind, &value));
        }
    };
    // An account of several people is told under an id that was made for the occasion.
    let distinct = distinct.filter(|_| own != "$groupidentify");
    add(if is_anonymous { "anonymous_id" } else { "user_id" }, distinct);
    add("anonymous_id", anonymous);
    add("device_id", device.filter(|_| !is_anonymous));
    if own == "$create_alias" || own == "$merge_dangerously" {
        add("user_id", text_of(properties, &["alias"]));
    }
    if let Some(Value::Object(set)) = properties.get("$set") {
        add("email", text_of(set, &["email", "$email"]));
        add("phone", text_of(set, &["phone"]));
    }
    all
}
