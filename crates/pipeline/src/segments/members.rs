//! Who is in which segment now: an index in memory of what `pipeline_memberships` says.

use super::defined::Defined;
use crate::EngineError;
use std::collections::{BTreeMap, HashMap};
use throughline_customers::IdentityGraph;
use throughline_interactions::{Node, WorkspaceId};
use throughline_segments::SegmentId;
use throughline_store::Store;
use throughline_store::sql::{self, Connection, params};

/// Sixty-four segments to a word, one word for each customer who is in any of them.
#[derive(Default)]
pub(crate) struct Members {
    words: Vec<HashMap<u64, u64>>,
    /// The bit of each segment that is followed.
    slots: BTreeMap<SegmentId, usize>,
    counts: HashMap<usize, u64>,
}

impl Members {
    pub(super) fn load(
        store: &Store,
        workspace: WorkspaceId,
        graph: &IdentityGraph,
        defined: &Defined,
    ) -> Result<Self, EngineError> {
        let mut members = Self::default();
        members.keep_only(defined);
        if members.slots.is_empty() {
            return Ok(members);
        }
        // Whoever has several identifiers may have rows under each: the last of them holds.
        let mut several: HashMap<(u64, u32), (i64, bool)> = HashMap::new();
        store.read(|c| {
            let mut rows = c.prepare(
                "SELECT node, segment, position, entered FROM pipeline_memberships WHERE workspace = $1
                 ORDER BY node, segment, position",
            )?;
            let mut rows = rows.query([workspace.0])?;
            while let Some(r) = rows.next()? {
                let (node, segment): (i64, u32) = (r.get(0)?, r.get(1)?);
                let (position, entered) = (r.get::<_, i64>(2)?, r.get::<_, i64>(3)? != 0);
                let node = Node(node.cast_unsigned());
                let customer = graph.customer(node);
                if graph.is_joined(node) {
                    let known = several.entry((customer, segment)).or_insert((position, entered));
                    if known.0 <= position {
                        *known = (position, entered);
                    }
                } else {
                    members.set(SegmentId(segment), customer, entered);
                }
            }
            Ok(())
        })?;
        for ((customer, segment), (_, entered)) in several {
            members.set(SegmentId(segment), customer, entered);
        }
        Ok(members)
    }

    /// Follows the segments that are defined, and no others.
    pub(super) fn keep_only(&mut self, defined: &Defined) {
        let gone: Vec<SegmentId> = self.slots.keys().filter(|id| !defined.is_live(**id)).copied().collect();
        for id in gone {
            let Some(slot) = self.slots.remove(&id) else { continue };
            self.counts.remove(&slot);
            if let Some(words) = self.words.get_mut(slot / 64) {
                words.retain(|_, word| {
                    *word &= !(1 << (slot % 64));
                    *word != 0
                });
            }
        }
        for id in defined.rules.ids() {
            if !self.slots.contains_key(id) {
                let free = (0..).find(|slot| !self.slots.values().any(|s| s == slot)).unwrap_or(0);
                self.slots.insert(*id, free);
                self.words.resize_with(self.words.len().max(free / 64 + 1), HashMap::new);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.words.iter_mut().for_each(HashMap::clear);
        self.counts.clear();
    }

    pub(super) fn set(&mut self, segment: SegmentId, customer: u64, is_in: bool) {
        let Some(&slot) = self.slots.get(&segment) else { return };
        let (words, bit) = (&mut self.words[slot / 64], 1 << (slot % 64));
        let before = words.get(&customer).copied().unwrap_or(0);
        let after = if is_in { before | bit } else { before & !bit };
        if before == after {
            return;
        }
        if after == 0 {
            words.remove(&customer);
        } else {
            words.insert(customer, after);
        }
        let count = self.counts.entry(slot).or_default();
        *count = if is_in { *count + 1 } else { count.saturating_sub(1) };
    }

    pub(crate) fn is_in(&self, segment: SegmentId, customer: u64) -> bool {
        self.slots
            .get(&segment)
            .is_some_and(|slot| self.words[slot / 64].get(&customer).is_some_and(|word| word >> (slot % 64) & 1 == 1))
    }

    /// How many are in a segment.
    pub(crate) fn count(&self, segment: SegmentId) -> u64 {
        self.slots.get(&segment).and_then(|slot| self.counts.get(slot)).copied().unwrap_or(0)
    }

    /// Who is in a segment, ascending.
    pub(crate) fn of(&self, segment: SegmentId) -> Vec<u64> {
        let Some(&slot) = self.slots.get(&segment) else { return Vec::new() };
        let words = &self.words[slot / 64];
        let mut all: Vec<u64> = words.iter().filter(|(_, w)| *w >> (slot % 64) & 1 == 1).map(|(c, _)| *c).collect();
        all.sort_unstable();
        all
    }

    /// In which a customer is.
    pub(crate) fn segments_of(&self, customer: u64) -> Vec<SegmentId> {
        self.slots.keys().filter(|id| self.is_in(**id, customer)).copied().collect()
    }

    /// Customers changed: their bits follow from the rows of their identifiers again.
    pub(crate) fn reread(
        &mut self,
        c: &Connection,
        workspace: WorkspaceId,
        customers: &[(u64, Vec<Node>)],
    ) -> sql::Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let ids: Vec<SegmentId> = self.slots.keys().copied().collect();
        let mut rows = c.prepare_cached(
            "SELECT segment, position, entered FROM pipeline_memberships WHERE workspace = $1 AND node = $2",
        )?;
        for (customer, nodes) in customers {
            let mut last: HashMap<SegmentId, (i64, bool)> = HashMap::new();
            for node in nodes {
                let mut of = rows.query(params![workspace.0, node.0.cast_signed()])?;
                while let Some(r) = of.next()? {
                    let (segment, position) = (SegmentId(r.get(0)?), r.get::<_, i64>(1)?);
                    let entered = r.get::<_, i64>(2)? != 0;
                    let known = last.entry(segment).or_insert((position, entered));
                    if known.0 <= position {
                        *known = (position, entered);
                    }
                }
            }
            for id in &ids {
                self.set(*id, *customer, last.get(id).is_some_and(|(_, entered)| *entered));
            }
        }
        Ok(())
    }
}
