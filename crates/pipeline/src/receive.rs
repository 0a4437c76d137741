//! The door: from records to the ledger, and one outcome for each.

use crate::arrivals::Noted;
use crate::brand::Brand;
use crate::door::Judged;
use crate::tallies::Pending;
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::PoisonError;
use throughline_interactions::{
    ContentHash, Fault, Identifier, MessageKey, Outcome, Record, SourceId, Tally, WorkspaceId,
};
use throughline_ledger::{FrameKind, NewFrame, Verdict};

/// Interactions of one source that arrived together, each readable or not.
#[derive(Debug)]
pub struct Received {
    /// Where they came from.
    pub source: SourceId,
    /// In the order sent; a fault is what could not be read.
    pub items: Vec<Result<Record, Fault>>,
    /// Ids of items that could not be read, as far as these can be, by their place.
    pub unread: BTreeMap<usize, String>,
    /// The software that sent it, with its version, where that is known.
    pub software: Option<String>,
    /// The address of the browser that sent it. It is looked at, and never kept.
    pub from: Option<IpAddr>,
}

/// What is known of an item before the ledger has spoken.
enum Awaited {
    /// The ledger's verdict is its outcome.
    Verdict,
    /// It is kept aside, if the ledger does not know it yet.
    Aside(Fault),
    /// It has its outcome.
    Known(Outcome),
}

impl Received {
    /// Interactions of a source, of which no more is known.
    pub fn new(source: SourceId, items: Vec<Result<Record, Fault>>) -> Self {
        Self { source, items, unread: BTreeMap::new(), software: None, from: None }
    }

    /// With the software that sent them.
    pub fn sent_by(mut self, software: Option<String>) -> Self {
        self.software = software;
        self
    }

    /// With the address of the browser that sent them.
    pub fn from_address(mut self, from: Option<IpAddr>) -> Self {
        self.from = from;
        self
    }

    /// With the ids of all items, of which those are kept that could not be read.
    pub fn named(mut self, ids: &[Option<String>]) -> Self {
        let each = self.items.iter().zip(ids).enumerate().filter(|(_, (item, _))| item.is_err());
        self.unread = each.filter_map(|(index, (_, id))| Some((index, id.clone()?))).collect();
        self
    }
}

impl Engine {
    /// Appends what is new to the ledger and calls back with one outcome per item, in order, once
    /// it is on the disk. The callback runs on the ledger's thread: hand the outcomes on, do no
    /// work in it.
    pub fn receive(
        &self,
        workspace: WorkspaceId,
        received: Received,
        done: impl FnOnce(Result<Vec<Outcome>, EngineError>) + Send + 'static,
    ) {
        let brand = match self.inner().brand(workspace) {
            Ok(b) => b,
            Err(e) => return done(Err(e)),
        };
        let now = self.now();
        let mut noted = Noted::of(&received, now);
        let Received { source, items, from, .. } = received;
        let mut frames = Vec::with_capacity(items.len());
        // Facts that follow from what was refused; the sender hears nothing of them.
        let mut following = Vec::new();
        let mut awaited: Vec<Awaited> = Vec::with_capacity(items.len());
        let (door, key_secret) = (brand.door(), self.inner().key_secret);
        // Held until the frames are on their way: an erasure that begins meanwhile waits, and finds
        // them in the ledger.
        let erased = brand.erased();
        let naming = brand.naming();
        let is_erased = |i: &Identifier| naming.every_node(i).iter().any(|n| erased.contains(n));
        for (index, item) in items.into_iter().enumerate() {
            let record = match item {
                Ok(i) if !erased.is_empty() && i.identifiers.iter().any(is_erased) => {
                    awaited.push(Awaited::Known(Outcome::Rejected(Fault::whole(
                        "erased",
                        "this person was erased; nothing about them is taken any more",
                    ))));
                    continue;
                }
                Ok(record) => record,
                Err(fault) => {
                    awaited.push(Awaited::Known(Outcome::Rejected(fault)));
                    continue;
                }
            };
            // Told by what was sent: whatever the rules make of it, sending it again is the same.
            let (key, content) =
                (record.message_key(&key_secret, workspace, &source), record.content_hash(&key_secret));
            let mut breaches = Vec::new();
            match door.judge(&brand, &source, record, from, &mut breaches) {
                Judged::Take(record) => {
                    noted.watch(index, breaches);
                    awaited.push(Awaited::Verdict);
                    frames.push(frame(&brand, FrameKind::Interaction, key, content, record));
                }
                // What was taken before the plan asked for more is known, and stays.
                Judged::Aside(record, _) if matches!(self.inner().ledger.find(key.0), Ok(Some(_))) => {
                    awaited.push(Awaited::Verdict);
                    frames.push(frame(&brand, FrameKind::Interaction, key, content, record));
                }
                Judged::Aside(record, fault) => {
                    awaited.push(Awaited::Aside(fault));
                    frames.push(frame(&brand, FrameKind::Quarantined, key, content, record));
                }
                Judged::Refuse(fault, told) => {
                    if let Some(mut fact) = told {
                        fact.message_id = format!("consent-withdrawn:{:032x}", key.0);
                        let source = SourceId::system();
                        let key = MessageKey::new(&key_secret, workspace, source.as_str(), &fact.message_id);
                        let record = Record::from(*fact);
                        let content = record.content_hash(&key_secret);
                        following.push(frame(&brand, FrameKind::Interaction, key, content, record));
                    }
                    awaited.push(Awaited::Known(Outcome::Rejected(fault)));
                }
            }
        }
        frames.append(&mut following);
        let counting = brand.clone();
        self.inner().ledger.append_later(frames, move |verdicts| {
            let verdicts = match verdicts {
                Ok(v) => v,
                Err(e) => return done(Err(e.into())),
            };
            let mut verdicts = verdicts.into_iter();
            let outcome = |a: Awaited| match a {
                Awaited::Known(outcome) => outcome,
                Awaited::Verdict => outcome(verdicts.next()),
                Awaited::Aside(fault) => match verdicts.next() {
                    Some(Verdict::Duplicate(_)) => Outcome::Duplicate,
                    _ => Outcome::Quarantined(fault),
                },
            };
            let outcomes: Vec<Outcome> = awaited.into_iter().map(outcome).collect();
            let mut uncounted = Pending::default();
            for o in &outcomes {
                match o {
                    // These have a frame of their own, from which they are counted.
                    Outcome::Accepted => {}
                    Outcome::Quarantined(_) => {}
                    Outcome::Duplicate => {
                        uncounted.add(source.as_str(), &Tally { duplicate: 1, ..Tally::default() }, now)
                    }
                    Outcome::Rejected(f) => {
                        uncounted.add(source.as_str(), &Tally { rejected: 1, ..Tally::default() }, now);
                        uncounted.reason(source.as_str(), &f.code);
                    }
                }
            }
            noted.keep(&counting, source.as_str(), &outcomes);
            if !uncounted.is_empty() {
                counting.pending.lock().unwrap_or_else(PoisonError::into_inner).merge(uncounted);
            }
            done(Ok(outcomes));
        });
        drop(erased);
    }

    /// [`Engine::receive`] for callers that may wait.
    pub fn receive_now(&self, workspace: WorkspaceId, received: Received) -> Result<Vec<Outcome>, EngineError> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        self.receive(workspace, received, move |r| {
            let _ = tell.send(r);
        });
        told.recv().unwrap_or_else(|_| Err(EngineError::Refused("the engine is closed".to_owned())))
    }

    /// Records a decision of a person, or of the clock, as a fact.
    pub(crate) fn decide(
        &self,
        workspace: WorkspaceId,
        event: &str,
        message_id: String,
        by: &str,
        properties: serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), EngineError> {
        let mut draft =
            throughline_interactions::Draft { message_id, event: event.to_owned(), properties, ..Default::default() };
        draft.actor = throughline_interactions::Actor::Agent;
        draft.refs.push(throughline_interactions::Ref { kind: "staff".to_owned(), value: by.to_owned() });
        let source = SourceId::system();
        let fact = draft.receive(workspace, &source, self.now(), throughline_interactions::limits::FILE_BYTES);
        self.receive_now(workspace, Received::new(source, vec![fact.map(Record::from)]))?;
        self.wait_folded()
    }
}

/// The frame of a record; `content` is the hash of what was sent.
pub(crate) fn frame(brand: &Brand, kind: FrameKind, key: MessageKey, content: ContentHash, record: Record) -> NewFrame {
    NewFrame {
        kind,
        workspace: brand.workspace.id.0,
        key: key.0,
        content: content.0,
        node: record.node(key, &*brand.naming()).0,
        received_at: record.received_at.0,
        payload: record.payload,
    }
}

fn outcome(verdict: Option<Verdict>) -> Outcome {
    match verdict {
        Some(Verdict::Accepted(_)) => Outcome::Accepted,
        Some(Verdict::Duplicate(_)) => Outcome::Duplicate,
        Some(Verdict::Conflict(_)) => Outcome::Quarantined(Fault::at(
            "message_id",
            "conflict",
            "a message with this id and another content is here already; if it is another message, give it an id of its own",
        )),
        None => Outcome::Rejected(Fault::whole("lost", "the ledger gave no verdict; send it again")),
    }
}
