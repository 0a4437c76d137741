//! Bodies as the libraries send them, and what becomes of them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod device;
mod fuzz;
mod hooks;
mod meaning;
mod memory;
mod mobile;
mod neighbours;
mod recorded;
mod script;

use throughline_interactions::{Draft, Fault, Timestamp};
use throughline_wire::{Around, Event, posthog, segment};

/// When bodies arrive in these tests.
pub fn now() -> Timestamp {
    at("2026-11-26T08:26:20Z")
}

/// A moment.
pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, None).unwrap().instant
}

/// The events of a body in Segment's form.
pub fn segments(body: &str) -> Vec<Result<Event, Fault>> {
    let sent = throughline_wire::read(body.as_bytes(), "batch").unwrap();
    let around = Around::new(now(), "EUR");
    let each = sent.events.into_iter().enumerate();
    each.map(|(i, v)| v.and_then(|v| segment::event(v, None, i as u32, &sent.envelope, &around))).collect()
}

/// The events of a body in PostHog's form.
pub fn posthogs(body: &str) -> Vec<Result<Event, Fault>> {
    let sent = throughline_wire::read(body.as_bytes(), "batch").unwrap();
    let around = Around::new(now(), "EUR");
    let each = sent.events.into_iter().enumerate();
    each.map(|(i, v)| v.and_then(|v| posthog::event(v, i as u32, &sent.envelope, &around))).collect()
}

/// Who it was, in one line.
pub fn who(draft: &Draft) -> String {
    draft.identifiers.iter().map(|i| format!("{}={}", i.kind, i.value)).collect::<Vec<_>>().join(" ")
}

/// What it was about, in one line.
pub fn about(draft: &Draft) -> String {
    draft.refs.iter().map(|r| format!("{}={}", r.kind, r.value)).collect::<Vec<_>>().join(" ")
}
