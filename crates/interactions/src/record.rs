//! An interaction as it goes into the log: its bytes, and what the log must know to place them.
//!
//! There is one layout, [`Written`]. An [`Interaction`] writes itself through it, and so does the
//! quick way from a sender's text to a record (`draft/quick.rs`), which makes no interaction at all.

use crate::identifier;
use crate::interaction::is_default;
use crate::{
    Actor, ContentHash, Direction, Identifier, Interaction, KeySecret, MessageKey, Money, Node, NodesBy, Promise, Ref,
    Score, SourceId, Timestamp, WorkspaceId, Zone,
};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// What the log needs of one interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// See [`Interaction::message_id`].
    pub message_id: String,
    /// Who it was, as sent.
    pub identifiers: Vec<Identifier>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The bytes of its frame: JSON, format 1.
    pub payload: Vec<u8>,
    /// When it happened was only taken from when it arrived, or corrected by it.
    pub(crate) undated: bool,
}

impl Record {
    /// The same, when its time was corrected by when it arrived: another try to send it would give
    /// another time, and is the same message all the same.
    pub fn timed_by_arrival(mut self) -> Self {
        self.undated = true;
        self
    }

    /// The key under which it is stored exactly once.
    pub fn message_key(&self, secret: &KeySecret, workspace: WorkspaceId, source: &SourceId) -> MessageKey {
        MessageKey::new(secret, workspace, source.as_str(), &self.message_id)
    }

    /// Hash of what it says: without when it was received, its index in the request, and a time that
    /// was only taken from the receiving clock, so that sending the same again in another batch is
    /// the same.
    pub fn content_hash(&self, secret: &KeySecret) -> ContentHash {
        let payload = self.payload.as_slice();
        // A quote inside a JSON text is escaped, so these can only be the fields themselves.
        let find = |what: &[u8], from: usize| memchr::memmem::find(&payload[from..], what).map(|p| p + from);
        let received = find(b"\"received_at\":\"", 0).unwrap_or(0);
        let event = find(b"\"event\":\"", received).unwrap_or(received);
        let head = match find(b"\"occurred_at\":\"", 0) {
            Some(occurred) if self.undated => &payload[..occurred],
            _ => &payload[..received],
        };
        ContentHash::of(secret, &[head, &payload[event..]])
    }

    /// What happened, read from the bytes.
    pub fn event(&self) -> Option<String> {
        let payload = self.payload.as_slice();
        let find = |what: &[u8], from: usize| memchr::memmem::find(&payload[from..], what).map(|p| p + from);
        let received = find(b"\"received_at\":\"", 0)?;
        let event = find(b"\"event\":", received)? + b"\"event\":".len();
        serde_json::Deserializer::from_slice(&payload[event..]).into_iter::<String>().next()?.ok()
    }

    /// See [`Interaction::nodes`].
    pub fn nodes(&self, by: &(impl NodesBy + ?Sized)) -> Vec<(Node, &Identifier)> {
        identifier::nodes(&self.identifiers, by)
    }

    /// The node under which it stands for ever: that of its strongest identifier, or, for somebody
    /// quite unknown, one of its own.
    pub fn node(&self, key: MessageKey, by: &(impl NodesBy + ?Sized)) -> Node {
        identifier::node_of(&self.identifiers, key, by)
    }
}

impl From<Interaction> for Record {
    fn from(fact: Interaction) -> Self {
        let (payload, undated) = (fact.to_payload(), fact.written().is_undated());
        let Interaction { message_id, identifiers, received_at, .. } = fact;
        Self { message_id, identifiers, received_at, payload, undated }
    }
}

/// The layout of a frame's bytes. Names and order are for ever; what is empty is left out.
#[derive(Serialize)]
pub(crate) struct Written<'a, R: Serialize, P: Serialize> {
    pub workspace: WorkspaceId,
    pub source: &'a SourceId,
    pub message_id: &'a str,
    pub occurred_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<&'a Zone>,
    #[serde(skip_serializing_if = "is_default")]
    pub ambiguous_time: bool,
    pub received_at: Timestamp,
    #[serde(skip_serializing_if = "is_default")]
    pub source_seq: u32,
    pub event: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    pub channel: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    pub touchpoint: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    pub direction: Direction,
    #[serde(skip_serializing_if = "is_default")]
    pub actor: Actor,
    #[serde(skip_serializing_if = "<[Identifier]>::is_empty")]
    pub identifiers: &'a [Identifier],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refs: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<&'a Score>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<&'a Promise>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: &'a BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<P>,
}

impl<R: Serialize, P: Serialize> Written<'_, R, P> {
    /// The bytes of a frame; `room` is how many they probably are.
    pub(crate) fn payload(&self, room: usize) -> Vec<u8> {
        let mut payload = Vec::with_capacity(room);
        serde_json::to_writer(&mut payload, self).expect("an interaction has only string keys and finite numbers");
        payload
    }

    /// When it happened was only taken from when it arrived.
    pub(crate) fn is_undated(&self) -> bool {
        self.occurred_at == self.received_at
    }
}

type Properties = serde_json::Map<String, serde_json::Value>;

impl Interaction {
    fn written(&self) -> Written<'_, &Vec<Ref>, &Properties> {
        Written {
            workspace: self.workspace,
            source: &self.source,
            message_id: &self.message_id,
            occurred_at: self.occurred_at,
            zone: self.zone.as_ref(),
            ambiguous_time: self.ambiguous_time,
            received_at: self.received_at,
            source_seq: self.source_seq,
            event: &self.event,
            channel: &self.channel,
            touchpoint: &self.touchpoint,
            direction: self.direction,
            actor: self.actor,
            identifiers: &self.identifiers,
            refs: (!self.refs.is_empty()).then_some(&self.refs),
            money: self.money,
            score: self.score.as_ref(),
            text: self.text.as_deref(),
            promise: self.promise.as_ref(),
            consent: &self.consent,
            properties: (!self.properties.is_empty()).then_some(&self.properties),
        }
    }

    /// The bytes of a ledger frame: JSON, format 1.
    pub fn to_payload(&self) -> Vec<u8> {
        self.written().payload(512)
    }

    /// Reads the bytes of a ledger frame.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl Serialize for Interaction {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(s)
    }
}
