//! A body as a whole: its events, and what is said of all of them together.

use crate::fields::{Fields, text_of, time_of};
use crate::split::{DEPTH, Piece, split};
use serde_json::Value;
use throughline_interactions::{Fault, Timestamp, limits};

/// Text of one event beyond which it is not even parsed; white space explains a part of it.
const TEXT_BYTES: usize = 4 * limits::HTTP_BYTES;

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

/// Cuts a body; a fault where it cannot be read as a whole. Its events stand in `batch`, alone, in a
/// list, or in a line each.
pub fn read(body: &[u8]) -> Result<Sent, Fault> {
    let cut = split(body, "batch").map_err(|e| Fault::whole("invalid_json", e.message()))?;
    let events: Vec<_> = cut.pieces.iter().map(|p| event(body, p)).collect();
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

fn event(body: &[u8], piece: &Piece) -> Result<Value, Fault> {
    let text = &body[piece.text.clone()];
    if piece.too_deep {
        return Err(Fault::whole("too_deep", format!("the event is nested more than {DEPTH} levels deep")));
    }
    if text.len() > TEXT_BYTES {
        let message = format!("the event has {} bytes; at most {} are taken here", text.len(), limits::HTTP_BYTES);
        return Err(Fault::whole("too_large", message));
    }
    serde_json::from_slice(text).map_err(|e| match std::str::from_utf8(text) {
        Err(at) => Fault::whole("invalid_utf8", format!("the text is not UTF-8 after byte {}", at.valid_up_to())),
        Ok(_) => Fault::whole("invalid_json", format!("this is not JSON: {e}")),
    })
}
