//! Erasing a person, completely, with a receipt.
//!
//! The erasure is itself a fact in the ledger: it names nodes and positions, never a person. It is
//! folded first (store, graph, timelines), then the payloads in the ledger are overwritten, the
//! timelines and the history are rewritten without the person, and the store is vacuumed. A crash
//! in between is made up for at the next start.

use crate::engine::Inner;
use crate::folding::decode;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use throughline_interactions::{Node, WorkspaceId};
use throughline_ledger::{FrameKind, NewFrame, Verdict};
use throughline_store::rusqlite::params;

/// The payload of an erasure's frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErasureFrame {
    pub(crate) nodes: Vec<Node>,
    pub(crate) positions: Vec<u64>,
    /// How many interactions of each source are erased, so that outcomes still add up.
    pub(crate) sources: BTreeMap<String, u64>,
    pub(crate) by: String,
}

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
        let inner = self.inner();
        let brand = inner.brand(workspace)?;
        let nodes = brand.graph().nodes(customer);
        let snapshot = brand.snapshot()?;
        let positions: Vec<u64> = snapshot
            .customer_rows(customer)
            .map_err(|e| EngineError::Timeline(e.to_string()))?
            .unwrap_or_default()
            .iter()
            .map(|r| r.position)
            .collect();
        if positions.is_empty() {
            return Err(EngineError::NotFound(format!("customer {customer:016x}")));
        }
        drop(snapshot);
        let mut sources = BTreeMap::new();
        for frame in inner.ledger.read_many(&positions)? {
            if !frame.header.erased {
                let i = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                *sources.entry(i.source.as_str().to_owned()).or_default() += 1;
            }
        }
        let count = (positions.len() as u64, nodes.len() as u64);
        let payload = ErasureFrame { nodes, positions, sources, by: by.to_owned() };
        let frame = NewFrame {
            kind: FrameKind::Erasure,
            workspace: workspace.0,
            key: 0,
            content: 0,
            node: 0,
            received_at: self.now().0,
            payload: serde_json::to_vec(&payload).expect("an erasure is plain JSON"),
        };
        let position = match inner.ledger.append(vec![frame])?.first() {
            Some(Verdict::Accepted(p)) => *p,
            _ => return Err(EngineError::Refused("the ledger did not take the erasure".to_owned())),
        };
        self.settle()?;
        inner.finish_erasures()?;
        Ok(Receipt { position, interactions: count.0, identifiers: count.1 })
    }
}

impl Inner {
    /// Overwrites, rewrites and vacuums whatever an erasure has not reached yet.
    pub(crate) fn finish_erasures(&self) -> Result<(), EngineError> {
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
            let mut gone = self.attributes_of(&brand, &erasure)?;
            self.ledger.erase(&erasure.positions)?;
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

    fn attributes_of(&self, brand: &crate::brand::Brand, erasure: &ErasureFrame) -> Result<HashSet<u64>, EngineError> {
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
