//! The interaction itself.

use crate::{
    Identifier, KeySecret, MessageKey, Money, Node, NodesBy, OrderKey, Promise, Score, SourceId, Timestamp,
    WorkspaceId, Zone, identifier,
};
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
    /// One of the brand's own people, trying out what customers use.
    Internal,
}

impl Actor {
    /// True for those whose doing is part of a customer's journey: not for machines that only look, nor
    /// for the brand's own people trying things out.
    pub fn is_counted(self) -> bool {
        !matches!(self, Self::Bot | Self::Prefetch | Self::Internal)
    }
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
///
/// Its layout as JSON is that of `record.rs`; names and what may be left out are the same here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    #[serde(default)]
    pub zone: Option<Zone>,
    /// The local time occurred twice and the first reading was taken.
    #[serde(default)]
    pub ambiguous_time: bool,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Row or array index at the source; breaks ties of time.
    #[serde(default)]
    pub source_seq: u32,
    /// What happened, in the source's words.
    pub event: String,
    /// Where: `web`, `app`, `store`, `email`, `phone`, `chat`, `social`, `review_site`, `ads`, `delivery`, ….
    #[serde(default)]
    pub channel: String,
    /// Where exactly: a page, a counter, a hotline.
    #[serde(default)]
    pub touchpoint: String,
    /// Which way it went.
    #[serde(default)]
    pub direction: Direction,
    /// Who acted.
    #[serde(default)]
    pub actor: Actor,
    /// Who it was, as sent.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// What it was about.
    #[serde(default)]
    pub refs: Vec<Ref>,
    /// What it was worth.
    #[serde(default)]
    pub money: Option<Money>,
    /// What was answered.
    #[serde(default)]
    pub score: Option<Score>,
    /// What was said.
    #[serde(default)]
    pub text: Option<String>,
    /// What was promised.
    #[serde(default)]
    pub promise: Option<Promise>,
    /// What the person allows, per purpose.
    #[serde(default)]
    pub consent: BTreeMap<String, bool>,
    /// Everything else.
    #[serde(default)]
    pub properties: serde_json::Map<String, serde_json::Value>,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Interaction {
    /// The key under which it is stored exactly once.
    pub fn message_key(&self, secret: &KeySecret) -> MessageKey {
        MessageKey::new(secret, self.workspace, self.source.as_str(), &self.message_id)
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
    pub fn nodes(&self, by: &(impl NodesBy + ?Sized)) -> Vec<(Node, &Identifier)> {
        identifier::nodes(&self.identifiers, by)
    }

    /// The node under which it stands for ever: that of its strongest identifier, or, for somebody
    /// quite unknown, one of its own.
    pub fn node(&self, key: MessageKey, by: &(impl NodesBy + ?Sized)) -> Node {
        identifier::node_of(&self.identifiers, key, by)
    }

    /// The first ref of a kind.
    pub fn first_ref(&self, kind: &str) -> Option<&str> {
        self.refs.iter().find(|r| r.kind == kind).map(|r| r.value.as_str())
    }
}
