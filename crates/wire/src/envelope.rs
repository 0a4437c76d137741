//! A body as a whole: its events, and what is said of all of them together.

use crate::fields::{Fields, as_text, text_of, time_of};
use crate::split::split;
use serde_json::Value;
use throughline_interactions::{Fault, Timestamp};

/// What stands around the events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Envelope {
    /// The key, where it stands in the body.
    pub key: Option<String>,
    /// The sender's clock when it sent.
    pub sent_at: Option<Timestamp>,
    /// The time of events that say none.
    pub(crate) timestamp: Option<Timestamp>,
    /// The context that all events share.
    pub(crate) context: Fields,
}

/// A body that was cut.
#[derive(Debug)]
pub struct Sent {
    /// What stands around the events.
    pub envelope: Envelope,
    /// The events, each readable or not.
    pub events: Vec<Result<Value, Fault>>,
}

/// Cuts a body; a fault where it cannot be read as a whole. Its events stand under the name of their
/// list, such as `batch`, alone, in a list, or in a line each.
pub fn read(body: &[u8], list: &str) -> Result<Sent, Fault> {
    let cut = split(body, list).map_err(|e| Fault::whole("invalid_json", e.message()))?;
    let events: Vec<_> = cut.pieces.iter().map(|p| p.read(body)).collect();
    let around = match &cut.list {
        // The list itself is left out: it was read already, and may hold what is broken.
        Some(list) => [&body[..list.start], b"null", &body[list.end..]].concat(),
        None => Vec::new(),
    };
    let envelope = match (around.is_empty(), events.first()) {
        (false, _) => {
            let fields: Fields =
                serde_json::from_slice(around.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(&around))
                    .map_err(|e| Fault::whole("invalid_json", format!("this is not JSON: {e}")))?;
            Envelope::of(&fields, true)?
        }
        // An event alone says of itself what an envelope would; its time and context are its own.
        (true, Some(Ok(Value::Object(fields)))) => Envelope::of(fields, false)?,
        _ => Envelope::default(),
    };
    Ok(Sent { envelope, events })
}

impl Sent {
    /// Notes the browser that it came from, where the body does not say it.
    pub fn from_browser(&mut self, user_agent: &str) {
        let agent = || Value::String(user_agent.chars().take(400).collect());
        self.envelope.context.entry("userAgent").or_insert_with(agent);
    }

    /// The library that sent it and its version, as its context or its first event tells.
    pub fn software(&self) -> Option<String> {
        let first = || self.events.iter().find_map(|e| e.as_ref().ok()?.as_object());
        let library = |of: &Fields| text_in(of.get("library")?, "name").zip(text_in(of.get("library")?, "version"));
        let told = library(&self.envelope.context).or_else(|| library(first()?.get("context")?.as_object()?)).or_else(
            || {
                let properties = first()?.get("properties")?.as_object()?;
                text_of(properties, &["$lib"]).zip(text_of(properties, &["$lib_version"]))
            },
        )?;
        Some(format!("{} {}", told.0, told.1).chars().take(60).collect())
    }
}

fn text_in(value: &Value, name: &str) -> Option<String> {
    as_text(value.get(name)?)
}

impl Envelope {
    fn of(fields: &Fields, is_around: bool) -> Result<Self, Fault> {
        let context = match fields.get("context") {
            Some(Value::Object(context)) if is_around => context.clone(),
            _ => Fields::new(),
        };
        Ok(Self {
            key: text_of(fields, &["writeKey", "api_key", "token"]),
            // A clock that cannot be read corrects nothing.
            sent_at: time_of(fields, &["sentAt", "sent_at"]).ok().flatten(),
            timestamp: if is_around { time_of(fields, &["timestamp"]).ok().flatten() } else { None },
            context,
        })
    }
}
