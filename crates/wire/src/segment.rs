//! The calls of Segment's specification, which RudderStack speaks too.

use crate::commerce::{about, fill};
use crate::device::{describe, of_app};
use crate::fields::{Fields, as_text, object, take_object, text_of, time_of};
use crate::setting::{say_why, setting};
use crate::{Around, Envelope, Event, corrected, place};
use serde_json::Value;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use throughline_interactions::{Draft, Fault, Identifier, Zone, limits};

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Somebody did something.
    Track,
    /// A page was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// Who somebody is.
    Identify,
    /// Somebody belongs to an account.
    Group,
    /// Two names are of one person.
    Alias,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Track, Self::Page, Self::Screen, Self::Identify, Self::Group, Self::Alias];

    /// The name in `type` and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// The letter in the addresses of Segment's browser library.
    pub fn letter(self) -> &'static str {
        &self.name()[..1]
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// Names of traits that say who somebody is, by the kind of identifier.
const PERSONAL: &[(&str, &[&str])] = &[("email", &["email"]), ("phone", &["phone", "phone_number"])];

/// Reads one event. `call` is what its address says; otherwise its `type` does. `index` is its place in
/// the request.
pub fn event(
    value: Value,
    call: Option<Call>,
    index: u32,
    envelope: &Envelope,
    around: &Around<'_>,
) -> Result<Event, Fault> {
    let mut item = object(value, "an event")?;
    let call = match (call, text_of(&item, &["type"])) {
        (Some(call), _) => call,
        (None, Some(name)) => Call::new(&name).ok_or_else(|| {
            Fault::at(
                "type",
                "unknown_value",
                format!("`type` is `{name}`; it can be track, page, screen, identify, group, alias"),
            )
        })?,
        (None, None) if item.contains_key("event") => Call::Track,
        (None, None) => return Err(Fault::at("type", "missing", "`type` is missing; it says which call this is")),
    };
    let message_id = match text_of(&item, &["messageId", "message_id"]) {
        Some(id) => id,
        None => natural_id(&item, index),
    };
    let mut context = envelope.context.clone();
    context.extend(take_object(&mut item, "context"));
    let at = time_of(&item, &["timestamp", "originalTimestamp"])?.or(envelope.timestamp);
    let sent_at = time_of(&item, &["sentAt"]).ok().flatten().or(envelope.sent_at);
    // Late is no sign of a slow clock where `sentAt` is older than the request.
    let sent_at = sent_at.filter(|sent| *sent > around.received_at || !waits_in_a_file(&context));
    let at = at.map(|at| corrected(at, sent_at, around.received_at));
    let properties = match call {
        // RudderStack's servers put the traits into the context.
        Call::Identify if !item.contains_key("traits") => take_object(&mut context, "traits"),
        Call::Identify | Call::Group => take_object(&mut item, "traits"),
        _ => take_object(&mut item, "properties"),
    };
    let mut draft = Draft {
        message_id,
        occurred_at: at.map(|(at, _)| at),
        source_seq: index,
        event: name(call, &item)?,
        properties,
        ..Draft::default()
    };
    draft.zone = text_of(&context, &["timezone"]).and_then(|z| Zone::new(&z).ok());
    draft.identifiers = identifiers(call, &item, &draft.properties, &context);
    fill_in(&mut draft, call, &item, context, around);
    Ok(Event { draft, corrected: at.is_none_or(|(_, corrected)| corrected) })
}

/// Libraries that write `sentAt` when they close a file of events, and send the file when there is a line:
/// minutes or days later, with the same `sentAt` at every try.
const FILING: &[&str] = &["analytics-kotlin", "analytics-swift"];

fn waits_in_a_file(context: &Fields) -> bool {
    let library = context.get("library").and_then(Value::as_object);
    library.and_then(|l| text_of(l, &["name"])).is_some_and(|name| FILING.contains(&name.as_str()))
}

/// The name of what happened.
fn name(call: Call, item: &Fields) -> Result<String, Fault> {
    Ok(match call {
        Call::Track => {
            let missing =
                || Fault::at("event", "missing", "`event` is missing: say what happened, such as \"Order Completed\"");
            let name = text_of(item, &["event"]).ok_or_else(missing)?;
            if name.len() > limits::EVENT {
                let message = format!("`event` has {} bytes; at most {} are taken", name.len(), limits::EVENT);
                return Err(Fault::at("event", "too_large", message));
            }
            name
        }
        Call::Page => "Page Viewed".to_owned(),
        Call::Screen => "Screen Viewed".to_owned(),
        Call::Identify => "Identified".to_owned(),
        Call::Group => "Group Joined".to_owned(),
        Call::Alias => "Identities Joined".to_owned(),
    })
}

fn identifiers(call: Call, item: &Fields, properties: &Fields, context: &Fields) -> Vec<Identifier> {
    let mut all: Vec<Identifier> = Vec::new();
    let mut add = |kind: &str, value: Option<String>| {
        let value = value.filter(|v| v.len() <= limits::VALUE);
        if let Some(value) = value
            && all.len() < limits::IDENTIFIERS
            && !all.iter().any(|i| i.kind == kind && i.value == value)
        {
            all.push(Identifier::new(kind, &value));
        }
    };
    add("user_id", text_of(item, &["userId", "user_id"]));
    let anonymous = text_of(item, &["anonymousId", "anonymous_id"]);
    add("anonymous_id", anonymous.clone());
    if call == Call::Alias {
        let previous = text_of(item, &["previousId"]);
        // An alias joins what somebody was called before with what they are called now; whether that was
        // a browser or an account is told by whether it is the browser's own id, or looks like one.
        let is_browser = previous == anonymous || previous.as_deref().is_some_and(looks_made_up);
        add(if is_browser { "anonymous_id" } else { "user_id" }, previous);
    }
    let none = Fields::new();
    let traits = match context.get("traits") {
        Some(Value::Object(traits)) => traits,
        _ => &none,
    };
    let own = if call == Call::Identify { properties } else { &none };
    for (kind, names) in PERSONAL {
        add(kind, text_of(own, names).or_else(|| text_of(traits, names)));
    }
    if let Some(Value::Object(device)) = context.get("device") {
        add("device_id", text_of(device, &["id"]));
    }
    if let Some(Value::Array(external)) = context.get("externalIds").or_else(|| context.get("externalId")) {
        for id in external.iter().filter_map(Value::as_object) {
            if let Some(kind) = text_of(id, &["type"]).filter(|k| k.len() <= limits::NAME) {
                add(&kind.to_ascii_lowercase(), text_of(id, &["id"]));
            }
        }
    }
    all
}

/// A random id, as browsers and telephones make them: 32 hexadecimal digits with or without hyphens.
fn looks_made_up(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

fn fill_in(draft: &mut Draft, call: Call, item: &Fields, mut context: Fields, around: &Around<'_>) {
    let seen = setting(&draft.event, &context, text_of(item, &["channel"]).as_deref());
    (draft.channel, draft.direction, draft.actor) = (seen.channel, seen.direction, seen.actor);
    if draft.channel.is_empty() && call == Call::Page {
        draft.channel = "web".to_owned();
    }
    if draft.channel.is_empty() && call == Call::Screen {
        draft.channel = "app".to_owned();
    }
    if matches!(call, Call::Page | Call::Screen) {
        let named = text_of(item, &["name"]).or_else(|| text_of(&draft.properties, &["name", "title", "path"]));
        draft.touchpoint = named.filter(|n| n.len() <= limits::VALUE).unwrap_or_default();
        for field in ["name", "category"] {
            if let Some(value) = item.get(field).filter(|v| !v.is_null()) {
                draft.properties.entry(field).or_insert_with(|| value.clone());
            }
        }
    }
    if call == Call::Track {
        let properties = std::mem::take(&mut draft.properties);
        fill(draft, &properties, around.currency);
        draft.properties = properties;
    }
    if let Some(group) = text_of(item, &["groupId"]).or_else(|| text_of(&context, &["groupId"])) {
        about(draft, "account", group);
    }
    if let Some(Value::Object(campaign)) = context.get("campaign")
        && let Some(name) = text_of(campaign, &["name"])
    {
        about(draft, "campaign", name);
    }
    if let Some(Value::Object(consent)) = context.get("consent")
        && let Some(Value::Object(purposes)) = consent.get("categoryPreferences")
    {
        let decided = purposes.iter().filter_map(|(purpose, allowed)| Some((purpose.clone(), allowed.as_bool()?)));
        draft.consent = decided.collect();
    }
    // An address tells where somebody lives; it is not kept.
    let address = context.remove("ip").and_then(|ip| as_text(&ip));
    if let Some(kind) = of_app(&context) {
        draft.properties.entry("device").or_insert(Value::String(kind));
    }
    for (name, place) in [("os", ["os", "name"]), ("app_version", ["app", "version"])] {
        if let Some(value) = context.get(place[0]).and_then(|c| as_text(c.get(place[1])?)) {
            draft.properties.entry(name).or_insert(Value::String(value));
        }
    }
    if let Some(country) = context.get("location").and_then(|l| as_text(l.get("country")?)) {
        draft.properties.entry("country").or_insert(Value::String(country));
    }
    let is_own = matches!(draft.channel.as_str(), "web" | "app");
    place::put(&mut draft.properties, around, address.as_deref(), is_own);
    let agent = text_of(&context, &["userAgent"]);
    describe(&mut draft.properties, agent.as_deref(), text_of(&context, &["timezone"]).as_deref());
    say_why(&mut draft.properties, seen.reason);
    if let Some(Value::Object(integrations)) = item.get("integrations")
        && integrations.iter().any(|(name, on)| name != "All" || on != &Value::Bool(true))
    {
        context.insert("integrations".to_owned(), Value::Object(integrations.clone()));
    }
    if !context.is_empty() {
        draft.properties.insert("context".to_owned(), Value::Object(context));
    }
}

/// An id for an event that has none: what it says, without when it was sent, and its place.
fn natural_id(item: &Fields, index: u32) -> String {
    let mut said = item.clone();
    for name in ["sentAt", "_metadata", "receivedAt"] {
        said.remove(name);
    }
    let mut hasher = SipHasher13::new();
    hasher.write(Value::Object(said).to_string().as_bytes());
    hasher.write_u32(index);
    format!("said-{:032x}", hasher.finish128().as_u128())
}
