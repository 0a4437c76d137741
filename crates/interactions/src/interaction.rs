//! The interaction itself.

use crate::{ContentHash, KeySecret, MessageKey, identifier_rank};
use crate::{Identifier, Money, Node, NodeSecret, OrderKey, Promise, Score, SourceId, Timestamp, WorkspaceId, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sizes beyond which an interaction is rejected, in bytes unless said otherwise.
pub mod limits {
    /// A whole interaction over HTTP.
    pub const HTTP_BYTES: usize = 32 * 1024;
    /// A whole interaction from a file.
    pub const FILE_BYTES: usize = 1024 * 1024;
    /// An event's name.
    pub const EVENT: usize = 200;
    /// A channel or touchpoint, a kind of identifier, ref or promise.
    pub const NAME: usize = 100;
    /// A message id, the value of an identifier or a ref.
    pub const VALUE: usize = 512;
    /// Identifiers of one interaction.
    pub const IDENTIFIERS: usize = 20;
    /// Refs of one interaction.
    pub const REFS: usize = 200;
    /// How far ahead of the receiving clock a time may lie, in microseconds: one day.
    pub const FUTURE_MICROS: i64 = 24 * 3600 * 1_000_000;
}

/// Which way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer to the brand.
    #[default]
    In,
    /// From the brand to the customer.
    Out,
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The customer, or an unknown person.
    #[default]
    Human,
    /// Staff of the brand.
    Agent,
    /// A crawler or script.
    Bot,
    /// A machine that opens mail or pages ahead of a person.
    Prefetch,
    /// The brand's own systems.
    System,
}

/// A thing the interaction was about: an order, a product, a store, a carrier, ….
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ref {
    /// `order`, `product`, `ticket`, `conversation`, `store`, `carrier`, `supplier`, `campaign`, `staff`, ….
    pub kind: String,
    /// Its id or name at the source.
    pub value: String,
}

impl Ref {
    /// True for kinds that name one customer's affair — an order, a ticket — rather than a thing
    /// many customers share. Such refs are hashed outside the store.
    pub fn is_personal(kind: &str) -> bool {
        matches!(
            kind,
            "order"
                | "ticket"
                | "conversation"
                | "case"
                | "invoice"
                | "return"
                | "call"
                | "visit"
                | "payment"
                | "subscription"
                | "review"
                | "survey_response"
                | "parcel"
                | "shipment"
        )
    }
}

/// One contact between a customer and the brand, as it entered: a fact, never edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// The brand.
    pub workspace: WorkspaceId,
    /// Where it came from.
    pub source: SourceId,
    /// Unique within the source.
    pub message_id: String,
    /// When it happened, after clock correction.
    pub occurred_at: Timestamp,
    /// The zone in which the source told the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The local time occurred twice and the first reading was taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ambiguous_time: bool,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Row or array index at the source; breaks ties of time.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source_seq: u32,
    /// What happened, in the source's words.
    pub event: String,
    /// Where: `web`, `app`, `store`, `email`, `phone`, `chat`, `social`, `review_site`, `ads`, `delivery`, ….
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Where exactly: a page, a counter, a hotline.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub touchpoint: String,
    /// Which way it went.
    #[serde(default, skip_serializing_if = "is_default")]
    pub direction: Direction,
    /// Who acted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub actor: Actor,
    /// Who it was, as sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Ref>,
    /// What it was worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// What the person allows, per purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: BTreeMap<String, bool>,
    /// Everything else.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub properties: serde_json::Map<String, serde_json::Value>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Interaction {
    /// The key under which it is stored exactly once.
    pub fn message_key(&self, secret: &KeySecret) -> MessageKey {
        MessageKey::new(secret, self.workspace, self.source.as_str(), &self.message_id)
    }

    /// Hash of what it says, from its `payload` ([`Interaction::to_payload`]): without when it was
    /// received, its index in the request, and a time that was only taken from the receiving clock,
    /// so that sending the same again in another batch is the same.
    pub fn content_hash(&self, payload: &[u8], secret: &KeySecret) -> ContentHash {
        // A quote inside a JSON text is escaped, so these can only be the fields themselves.
        let find =
            |what: &[u8], from: usize| payload[from..].windows(what.len()).position(|w| w == what).map(|p| p + from);
        let received = find(b"\"received_at\":\"", 0).unwrap_or(0);
        let event = find(b"\"event\":\"", received).unwrap_or(received);
        let head = match find(b"\"occurred_at\":\"", 0) {
            Some(occurred) if self.occurred_at == self.received_at => &payload[..occurred],
            _ => &payload[..received],
        };
        ContentHash::of(secret, &[head, &payload[event..]])
    }

    /// Nothing happened: a system told who somebody is, and when it arrived is all there is of a time.
    pub fn is_told(&self) -> bool {
        self.event == "Identified" && self.actor == Actor::System && self.occurred_at == self.received_at
    }

    /// Its place in a story.
    pub fn order_key(&self, key: MessageKey) -> OrderKey {
        OrderKey::new(self.occurred_at, self.source_seq, &self.message_id, key)
    }

    /// The nodes of its identifiers that are not blocked, strongest first, without repeats; equal
    /// strengths in the order of their nodes, so that the order sent does not matter.
    pub fn nodes(&self, secret: &NodeSecret) -> Vec<(Node, &Identifier)> {
        let mut nodes: Vec<_> = self.identifiers.iter().filter_map(|i| i.node(secret).map(|n| (n, i))).collect();
        nodes.sort_by_key(|(n, i)| (identifier_rank(&i.kind), *n));
        nodes.dedup_by_key(|(n, _)| *n);
        nodes
    }

    /// The node of its strongest identifier, for ever; `None` for somebody quite unknown.
    pub fn strongest_node(&self, secret: &NodeSecret) -> Option<Node> {
        self.identifiers
            .iter()
            .filter_map(|i| i.node(secret).map(|n| (identifier_rank(&i.kind), n)))
            .min()
            .map(|(_, n)| n)
    }

    /// The first ref of a kind.
    pub fn first_ref(&self, kind: &str) -> Option<&str> {
        self.refs.iter().find(|r| r.kind == kind).map(|r| r.value.as_str())
    }

    /// The bytes of a ledger frame: JSON, format 1.
    pub fn to_payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an interaction has only string keys and finite numbers")
    }

    /// Reads the bytes of a ledger frame.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
