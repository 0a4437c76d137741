//! What tracking SDKs send, as drafts of interactions: Segment's and RudderStack's calls, PostHog's
//! captures, the interactions of our own script on a page ([`script`]), and what a shop's own systems
//! deliver ([`hooks`]). Whoever uses another's library changes the host and nothing else.
//!
//! A body is cut into the text of its events ([`split`]) without understanding them, so that a broken
//! one harms none of its neighbours; what stands around them is the [`Envelope`]; each event is read by
//! itself ([`segment`], [`posthog`]). What an event is about — orders, products, money, answers,
//! promises — is told by the names of Segment's specifications ([`commerce`]), on which channel it
//! happened and who acted by its name and its context ([`setting`]), with what and in which country by what
//! its sender says of itself ([`device`]), and where by its address, if the owner supplies a file of places
//! ([`place`]).
//!
//! Everything that was sent comes back from the story: what has a place of its own in an interaction
//! stands there, the rest in its properties, the context under `context`. This room knows no socket, no
//! clock and no store. Read `envelope.rs` first, then `segment.rs`.

pub mod commerce;
pub mod device;
mod envelope;
mod fields;
pub mod hooks;
pub mod place;
pub mod posthog;
pub mod script;
pub mod segment;
pub mod setting;
pub mod split;

pub use envelope::{Envelope, Sent, read};

use place::Places;
use std::net::IpAddr;
use throughline_interactions::{Draft, Timestamp};

/// What is known about a request before its events are read.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The workspace's currency: that of an amount of which nobody says another.
    pub currency: &'a str,
    /// The address it came from, where a browser or a telephone sent it; it is kept nowhere.
    pub address: Option<IpAddr>,
    /// Who knows where addresses are.
    pub places: Option<&'a dyn Places>,
}

impl<'a> Around<'a> {
    /// Nothing is known of where it came from.
    pub fn new(received_at: Timestamp, currency: &'a str) -> Self {
        Self { received_at, currency, address: None, places: None }
    }
}

/// One event as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event; its `message_id` is that of the sender, or made from what it says.
    pub draft: Draft,
    /// Its time was corrected by when it arrived: another try to send it would give another.
    pub corrected: bool,
}

/// Further off than this, in microseconds, a sender's clock is corrected: two seconds. What is less
/// may as well be the time that sending took.
const SKEW: i64 = 2_000_000;

/// A sender's time, corrected by how far its clock was off when it sent; and whether it was.
pub(crate) fn corrected(at: Timestamp, sent_at: Option<Timestamp>, received_at: Timestamp) -> (Timestamp, bool) {
    match sent_at.map(|sent| received_at.0.saturating_sub(sent.0)).filter(|off| off.abs() > SKEW) {
        Some(off) => (Timestamp(at.0.saturating_add(off)), true),
        None => (at, false),
    }
}
