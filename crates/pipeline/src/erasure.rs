//! Erasing a person, completely, with a receipt.
//!
//! The erasure is itself a fact in the ledger: it names nodes and positions, never a person. It is
//! folded first (store, graph, timelines), then the payloads in the ledger are overwritten, the
//! timelines and the history are rewritten without the person, and the store is vacuumed. A crash
//! in between is made up for at the next start.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::folding::decode;
use crate::retraction::TakenBack;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;
use throughline_interactions::{Interaction, Node, WorkspaceId};
use throughline_ledger::{FrameKind, NewFrame, Verdict};
use throughline_store::sql::params;

/// The payload of an erasure's frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErasureFrame {
    pub(crate) nodes: Vec<Node>,
    pub(crate) positions: Vec<u64>,
    /// How many interactions of each source are erased, so that outcomes still add up.
    pub(crate) sources: BTreeMap<String, u64>,
    /// The same of what was kept aside.
    #[serde(default)]
    pub(crate) aside: Aside,
    /// When each source sent the last of them, in microseconds: a replay cannot read it any more.
    #[serde(default)]
    pub(crate) last_received: BTreeMap<String, i64>,
    pub(crate) by: String,
    /// Set where nobody is erased, but what a source brought is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taken_back: Option<TakenBack>,
}

impl ErasureFrame {
    /// The frames of interactions that were taken.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.positions.iter().copied().chain(self.taken_back.iter().flat_map(TakenBack::positions)).collect()
    }
}

/// A person's interactions that were never taken, because their ids were known with other contents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Aside {
    pub(crate) positions: Vec<u64>,
    pub(crate) sources: BTreeMap<String, u64>,
}

/// Frames looked through at a time.
const PAGE: usize = 10_000;

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The erasure's own place in the ledger.
    pub position: u64,
    /// How many interactions.
    pub interactions: u64,
    /// How many identifiers.
    pub identifiers: u64,
}

impl Engine {
    /// Erases a customer everywhere. Late copies of what was erased are duplicates, later events
    /// under the same identifiers are rejected.
    pub fn erase(&self, workspace: WorkspaceId, by: &str, customer: u64) -> Result<Receipt, EngineError> {
        self.wait_folded()?;
        let brand = self.inner().brand(workspace)?;
        let mut refused = Vec::new();
        let written = self.write_erasure(&brand, by, customer, &mut refused);
        if written.is_err() {
            brand.admit(&refused);
        }
        let receipt = written?;
        brand.forget_latest();
        self.settle()?;
        self.finish_erasures()?;
        Ok(receipt)
    }

    /// Refuses the person at the door, then names everything of them in one frame of the ledger.
    fn write_erasure(
        &self,
        brand: &Brand,
        by: &str,
        customer: u64,
        refused: &mut Vec<Node>,
    ) -> Result<Receipt, EngineError> {
        let inner = self.inner();
        let mut nodes = brand.graph().nodes(customer);
        // What had passed the door is folded before the story is read; it may bring more names.
        let customer = loop {
            refused.extend(brand.refuse(&nodes));
            inner.ledger.flush()?;
            self.wait_folded()?;
            let graph = brand.graph();
            let now = nodes.first().map_or(customer, |n| graph.customer(*n));
            let all = graph.nodes(now);
            if all == nodes {
                break now;
            }
            nodes = all;
        };
        let rows = brand.snapshot()?.customer_rows(customer).map_err(|e| EngineError::Timeline(e.to_string()))?;
        let positions: Vec<u64> = rows.unwrap_or_default().iter().map(|r| r.position).collect();
        if positions.is_empty() {
            return Err(EngineError::NotFound(format!("customer {customer:016x}")));
        }
        let (mut sources, mut last_received) = (BTreeMap::new(), BTreeMap::<String, i64>::new());
        let mut count = |of: &mut BTreeMap<String, u64>, i: &Interaction| {
            *of.entry(i.source.as_str().to_owned()).or_default() += 1;
            let last = last_received.entry(i.source.as_str().to_owned()).or_default();
            *last = (*last).max(i.received_at.0);
        };
        for frame in inner.ledger.read_many(&positions)? {
            if !frame.header.erased {
                count(&mut sources, &decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?);
            }
        }
        let mut aside = Aside::default();
        for page in inner.kept_aside(brand.workspace.id)?.chunks(PAGE) {
            for frame in inner.ledger.read_many(page)?.into_iter().filter(|f| !f.header.erased) {
                let i = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                if i.nodes(&brand.node_secret).iter().any(|(n, _)| nodes.contains(n)) {
                    aside.positions.push(frame.header.position);
                    count(&mut aside.sources, &i);
                }
            }
        }
        let interactions = (positions.len() + aside.positions.len()) as u64;
        let identifiers = nodes.len() as u64;
        let payload =
            ErasureFrame { nodes, positions, sources, aside, last_received, by: by.to_owned(), taken_back: None };
        let frame = NewFrame {
            kind: FrameKind::Erasure,
            workspace: brand.workspace.id.0,
            key: 0,
            content: 0,
            node: 0,
            received_at: self.now().0,
            payload: serde_json::to_vec(&payload).expect("an erasure is plain JSON"),
        };
        match inner.ledger.append(vec![frame])?.first() {
            Some(Verdict::Accepted(position)) => Ok(Receipt { position: *position, interactions, identifiers }),
            _ => Err(EngineError::Refused("the ledger did not take the erasure".to_owned())),
        }
    }
}

impl Inner {
    /// Positions of everything that was kept aside, ascending.
    fn kept_aside(&self, workspace: WorkspaceId) -> Result<Vec<u64>, EngineError> {
        Ok(self.store.read(|c| {
            c.prepare("SELECT position FROM pipeline_quarantine WHERE workspace = $1 ORDER BY position")?
                .query_map([workspace.0], |r| r.get::<_, i64>(0).map(i64::cast_unsigned))?
                .collect()
        })?)
    }

    /// Overwrites, rewrites and vacuums whatever an erasure has not reached yet. `start_over` lets
    /// everything derived be made again: by the folding thread while there is one.
    pub(crate) fn finish_erasures(
        &self,
        start_over: &dyn Fn(u64) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let _one = self.erasing.lock().unwrap_or_else(PoisonError::into_inner);
        let open: Vec<(u64, u32)> = self.store.read(|c| {
            c.prepare("SELECT position, workspace FROM pipeline_erasures ORDER BY position")?
                .query_map([], |r| Ok((r.get::<_, i64>(0)?.cast_unsigned(), r.get(1)?)))?
                .collect()
        })?;
        for (position, workspace) in open {
            let workspace = WorkspaceId(workspace);
            let brand = self.brand(workspace)?;
            let frame = self.ledger.read(position)?;
            let erasure: ErasureFrame = serde_json::from_slice(&frame.payload)
                .map_err(|e| EngineError::Damaged(format!("the erasure at position {position} cannot be read: {e}")))?;
            if let Some(back) = &erasure.taken_back {
                self.ledger.erase(&erasure.taken())?;
                start_over(position)?;
                self.store.vacuum()?;
                tracing::info!(position, source = back.source.as_str(), "took back what a source had brought");
                continue;
            }
            let mut gone = self.attributes_of(&brand, &erasure)?;
            self.ledger.erase(&[erasure.positions.as_slice(), &erasure.aside.positions].concat())?;
            let covers = self.folded.load(std::sync::atomic::Ordering::Acquire);
            self.flush_timeline(&brand, covers)?;
            // Attributes that nobody else has: their names go too.
            for segment in brand.snapshot()?.segments() {
                for hash in segment.attribute_hashes() {
                    gone.remove(hash);
                }
            }
            if let Some(history) = &self.history {
                let nodes: Vec<u64> = erasure.nodes.iter().map(|n| n.0).collect();
                history.erase(workspace, &nodes, &brand.redirects())?;
            }
            self.store.write(|tx| {
                brand.attributes.forget(tx, workspace, &gone)?;
                tx.execute("DELETE FROM pipeline_erasures WHERE position = $1", params![position.cast_signed()])
            })?;
            self.store.vacuum()?;
            tracing::info!(position, interactions = erasure.positions.len(), "erased a person");
        }
        Ok(())
    }

    fn attributes_of(&self, brand: &Brand, erasure: &ErasureFrame) -> Result<HashSet<u64>, EngineError> {
        let mut all = HashSet::new();
        for frame in self.ledger.read_many(&erasure.positions)? {
            if !frame.header.erased {
                let i = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                all.extend(brand.attributes.of(&i, &mut Vec::new()));
            }
        }
        Ok(all)
    }
}
