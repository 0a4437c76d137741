//! What an erasure does to everything that follows from the ledger: first when its frame is folded,
//! then in the files, once for as many erasures as wait.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::erasure::{ErasureFrame, PAGE};
use crate::folding::{ERASED_SOURCE, decode, record_changes};
use crate::matching;
use crate::profile::forget_words;
use crate::receipts::{self, Pass};
use crate::reconnecting::Disk;
use crate::segments;
use crate::tallies::Pending;
use crate::{EngineError, Gone};
use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use throughline_customers::forget;
use throughline_interactions::{Tally, Timestamp, WorkspaceId};
use throughline_ledger::Frame;
use throughline_store::Store;
use throughline_store::sql::{self, Transaction, params};
use throughline_timeline::{Changes, Moved};

impl Inner {
    /// Folds an erasure: rows, names and links of the person go, the nodes are remembered.
    pub(crate) fn fold_erasure(&self, frame: &Frame) -> Result<ErasureFrame, EngineError> {
        let position = frame.header.position;
        let brand = self.brand(WorkspaceId(frame.header.workspace))?;
        let erasure: ErasureFrame = serde_json::from_slice(&frame.payload)
            .map_err(|e| EngineError::Damaged(format!("the erasure at position {position} cannot be read: {e}")))?;
        // The first time, the interactions are still there and were counted under their sources; on
        // a replay they are gone and were counted as erased when they were met.
        let is_first = match erasure.first() {
            Some(p) => !self.ledger.read(p)?.header.erased,
            None => !erasure.people.is_empty(),
        };
        if let Some(retired) = &erasure.retired {
            self.fold_retired(&brand, position, &erasure, retired, is_first)?;
            return Ok(erasure);
        }
        let mut graph = brand.graph();
        let customers: std::collections::BTreeSet<u64> =
            erasure.nodes.iter().map(|n| graph.customer(*n)).chain(erasure.nodes.iter().map(|n| n.0)).collect();
        let moved = self.follow(position, Disk::Waits, |tx| {
            let moved = forget(tx, brand.workspace.id, &mut graph, &erasure.nodes, position)?;
            let mut unsaid = tx.prepare_cached("DELETE FROM pipeline_consents WHERE workspace = $1 AND node = $2")?;
            for node in &erasure.nodes {
                forget_words(tx, brand.workspace.id, *node)?;
                unsaid.execute(params![brand.workspace.id.0, node.0.cast_signed()])?;
            }
            segments::forget(tx, brand.workspace.id, &erasure.nodes)?;
            matching::forget(tx, brand.workspace.id, &erasure.nodes)?;
            let mut counted = Pending::default();
            for (source, at) in &erasure.last_received {
                counted.add(source, &Tally::default(), Timestamp(*at));
            }
            if is_first {
                move_to_erased(tx, brand.workspace.id, &erasure, &mut counted)?;
                tx.execute(
                    "INSERT INTO pipeline_erasures (position, workspace) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    params![position.cast_signed(), brand.workspace.id.0],
                )?;
            }
            counted.write(tx, brand.workspace.id)?;
            let mut changes: Vec<(u64, u64, u64)> = moved.iter().map(|m| (m.node.0, m.from, m.to)).collect();
            changes.extend(customers.iter().map(|c| (0, *c, 0)));
            record_changes(tx, brand.workspace.id, position, &changes)?;
            Store::set_position(tx, "pipeline", position)?;
            Ok(moved)
        })?;
        drop(graph);
        brand.refuse(&erasure.nodes);
        brand.change_consents().forget(&erasure.nodes);
        brand.apply(Changes {
            position,
            rows: Vec::new(),
            moved: moved.iter().map(|m| Moved { node: m.node.0, from: m.from, to: m.to }).collect(),
            erased: customers.iter().copied().collect(),
        })?;
        let mut others: Vec<(u64, u64, u64)> = moved.iter().map(|m| (m.node.0, m.from, m.to)).collect();
        others.extend(customers.iter().map(|c| (*c, *c, *c)));
        self.tell_segments(&brand, &[], &[], &others)?;
        Ok(erasure)
    }

    /// Positions of everything that was kept aside, ascending.
    pub(crate) fn kept_aside_at(&self, workspace: WorkspaceId) -> Result<Vec<u64>, EngineError> {
        Ok(self.store.read(|c| {
            c.prepare("SELECT position FROM pipeline_quarantine WHERE workspace = $1 ORDER BY position")?
                .query_map([workspace.0], |r| r.get::<_, i64>(0).map(i64::cast_unsigned))?
                .collect()
        })?)
    }

    /// Overwrites, rewrites and vacuums whatever the erasures have not reached yet. `start_over` lets
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
        let relearned = self.relearned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut again, mut by_workspace) = (Vec::new(), BTreeMap::<u32, Vec<(Frame, ErasureFrame)>>::new());
        for (position, workspace) in open {
            let frame = self.ledger.read(position)?;
            let erasure: ErasureFrame = serde_json::from_slice(&frame.payload)
                .map_err(|e| EngineError::Damaged(format!("the erasure at position {position} cannot be read: {e}")))?;
            // Where people were learned anew in a memory that is gone, all are.
            if erasure.taken_back.is_some() || (erasure.retired.is_some() && !relearned.contains(&position)) {
                again.push((position, erasure));
            } else {
                by_workspace.entry(workspace).or_default().push((frame, erasure));
            }
        }
        let is_any = !again.is_empty() || !by_workspace.is_empty();
        for (workspace, erasures) in by_workspace {
            self.finish_in(&*self.brand(WorkspaceId(workspace))?, &erasures)?;
        }
        for (position, erasure) in again {
            self.ledger.erase(&[erasure.taken().as_slice(), &erasure.aside.positions].concat())?;
            start_over(position)?;
            tracing::info!(position, "took back what had come");
        }
        if is_any {
            self.store.vacuum()?;
        }
        Ok(())
    }

    /// One pass over the files of a workspace.
    fn finish_in(&self, brand: &Brand, erasures: &[(Frame, ErasureFrame)]) -> Result<(), EngineError> {
        let workspace = brand.workspace.id;
        let mut names = HashSet::new();
        let (mut frames, mut gone, mut interactions) = (Vec::new(), Gone::default(), 0);
        for (_, e) in erasures {
            self.attributes_of(brand, &e.positions, &mut names)?;
            frames.extend(e.positions.iter().chain(&e.aside.positions).copied());
            gone.nodes.extend(e.nodes.iter().map(|n| n.0));
            interactions += e.positions.len() as u64;
            if let Some(retired) = &e.retired {
                gone.positions.extend(&e.positions);
                gone.moved.extend(retired.nodes.iter().map(|n| n.0));
            }
        }
        self.ledger.erase(&frames)?;
        let covers = self.folded.load(Ordering::Acquire);
        self.flush_timeline(brand, covers)?;
        // Attributes that nobody else has: their names go too.
        for segment in brand.snapshot()?.segments() {
            for hash in segment.attribute_hashes() {
                names.remove(hash);
            }
        }
        let mut lake_rows = None;
        if let Some(history) = &self.history {
            let mut redirects = brand.redirects();
            let graph = brand.graph();
            redirects.extend(gone.moved.iter().map(|n| (*n, graph.customer(throughline_interactions::Node(*n)))));
            drop(graph);
            lake_rows = Some(history.erase(workspace, &gone, &redirects)?);
        }
        let people = erasures.iter().map(|(_, e)| e.people.len() as u64).sum();
        let pass = Pass { people, interactions, lake_rows, finished_at: (self.options.clock)() };
        let mut signed = Vec::new();
        for (frame, e) in erasures {
            for person in &e.people {
                signed.push(receipts::of_person(self, brand, frame, e, person, &pass)?);
            }
        }
        self.store.write(|tx| {
            brand.attributes.forget(tx, workspace, &names)?;
            for receipt in &signed {
                receipt.keep(tx, workspace)?;
            }
            for (frame, _) in erasures {
                let position = frame.header.position.cast_signed();
                tx.execute("DELETE FROM pipeline_erasures WHERE position = $1", params![position])?;
            }
            Ok(())
        })?;
        tracing::info!(people, interactions, workspace = brand.workspace.key, "erased for good");
        Ok(())
    }

    /// The attributes of interactions that are still there.
    fn attributes_of(&self, brand: &Brand, positions: &[u64], all: &mut HashSet<u64>) -> Result<(), EngineError> {
        for page in positions.chunks(PAGE) {
            for frame in self.ledger.read_many(page)? {
                if !frame.header.erased {
                    let i = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                    all.extend(brand.attributes.of(&i, &mut Vec::new()));
                }
            }
        }
        Ok(())
    }
}

/// Takes what is erased out of the counts of its sources, and counts it as erased.
pub(crate) fn move_to_erased(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    erasure: &ErasureFrame,
    counted: &mut Pending,
) -> sql::Result<()> {
    for (source, n) in &erasure.sources {
        tx.execute(
            "UPDATE pipeline_sources SET accepted = accepted - $1 WHERE workspace = $2 AND source = $3",
            params![n.cast_signed(), workspace.0, source],
        )?;
        counted.add(ERASED_SOURCE, &Tally { accepted: *n, ..Tally::default() }, Timestamp(0));
    }
    for (source, n) in &erasure.aside.sources {
        tx.execute(
            "UPDATE pipeline_sources SET quarantined = quarantined - $1 WHERE workspace = $2 AND source = $3",
            params![n.cast_signed(), workspace.0, source],
        )?;
        counted.add(ERASED_SOURCE, &Tally { quarantined: *n, ..Tally::default() }, Timestamp(0));
    }
    let mut uncount = tx.prepare_cached(
        "UPDATE pipeline_reasons SET count = count - 1
         WHERE workspace = $1 AND EXISTS (SELECT 1 FROM pipeline_quarantine q
             WHERE q.position = $2 AND q.source = pipeline_reasons.source AND q.code = pipeline_reasons.code)",
    )?;
    let mut forget = tx.prepare_cached("DELETE FROM pipeline_quarantine WHERE position = $1")?;
    for position in &erasure.aside.positions {
        uncount.execute(params![workspace.0, position.cast_signed()])?;
        forget.execute([position.cast_signed()])?;
    }
    tx.execute("DELETE FROM pipeline_reasons WHERE workspace = $1 AND count = 0", [workspace.0])?;
    Ok(())
}
