//! Settling, and taking up again what was not settled.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::folding::{Settling, decode};
use crate::rows::{Names, row};
use crate::{EngineError, History};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use throughline_interactions::{MessageKey, Node, WorkspaceId};
use throughline_ledger::{Frame, FrameKind};
use throughline_store::Store;
use throughline_store::sql::params;
use throughline_timeline::{Changes, Moved, Row};

/// Commits to the history between two compactions.
const APPENDS_BEFORE_COMPACTION: u32 = 8;

fn history_reader(workspace: WorkspaceId) -> String {
    format!("history:{workspace}")
}

fn timeline_reader(workspace: WorkspaceId) -> String {
    format!("timeline:{workspace}")
}

impl Inner {
    /// Hands rows to the history and lets the timelines write their files. What was handed over is taken
    /// out of `settling`, so that it can be tried again.
    pub(crate) fn settle(&self, settling: &mut Settling) -> Result<(), EngineError> {
        let Settling { covers, rows, flush, .. } = settling;
        let (covers, flush) = (*covers, *flush);
        // What is folded must never fall behind the files that are made from it.
        self.store.sync()?;
        if self.store.position("pipeline")? < covers {
            self.out_of_reach.note_fallen_back();
            return Err(EngineError::Refused(crate::reconnecting::FELL_BACK.to_owned()));
        }
        for brand in self.brands() {
            let id = brand.workspace.id;
            if let Some(history) = &self.history {
                let rows = rows.remove(&id).unwrap_or_default();
                if !rows.is_empty() {
                    history.append(id, covers, rows)?;
                    self.compact_now_and_then(&brand, history);
                }
            }
            let is_full = {
                let timeline = brand.timeline();
                timeline.recent_rows() >= self.options.timeline_rows || timeline.memory() >= self.options.timeline_bytes
            };
            if flush || is_full {
                self.flush_timeline(&brand, covers)?;
            }
            self.store.write(|tx| Store::set_position(tx, &history_reader(id), covers))?;
        }
        self.settled.store(covers, Ordering::Release);
        Ok(())
    }

    /// After some appends, in the background: many small files become few large ones. Readers and
    /// appends go on meanwhile.
    fn compact_now_and_then(&self, brand: &Arc<Brand>, history: &Arc<dyn History>) {
        if brand.appends.fetch_add(1, Ordering::Relaxed) + 1 < APPENDS_BEFORE_COMPACTION
            || brand.compacting.swap(true, Ordering::AcqRel)
        {
            return;
        }
        brand.appends.store(0, Ordering::Relaxed);
        let (brand, history) = (brand.clone(), history.clone());
        let run = move || {
            if let Err(e) = history.compact(brand.workspace.id, &brand.redirects()) {
                // The files stay as they are, and the next time tries again.
                tracing::warn!(error = %e, workspace = brand.workspace.key, "compaction failed");
            }
            brand.compacting.store(false, Ordering::Release);
        };
        if let Err(e) = std::thread::Builder::new().name("compact".into()).spawn(run) {
            tracing::warn!(error = %e, "cannot start a compaction");
        }
    }

    pub(crate) fn flush_timeline(&self, brand: &Brand, covers: u64) -> Result<(), EngineError> {
        let failed = |e: throughline_timeline::TimelineError| EngineError::Timeline(e.to_string());
        // Writing goes on beside reading and folding; only planning and adopting hold the lock.
        let plan = brand.timeline().plan_flush().map_err(failed)?;
        if let Some(plan) = plan {
            let written = plan.write().map_err(failed)?;
            brand.timeline().adopt(written).map_err(failed)?;
        }
        let id = brand.workspace.id;
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM pipeline_changes WHERE workspace = $1 AND position <= $2",
                params![id.0, covers.cast_signed()],
            )?;
            Store::set_position(tx, &timeline_reader(id), covers)
        })?;
        Ok(())
    }

    /// After opening: whatever is folded but not settled is read from the ledger again, and erasures are
    /// finished.
    pub(crate) fn recover(&self) -> Result<(), EngineError> {
        self.take_up()?;
        self.finish_erasures(&|position| self.start_over(position))
    }

    /// Whatever is folded but not settled is read from the ledger again.
    pub(crate) fn take_up(&self) -> Result<(), EngineError> {
        // Whoever was learned anew was so in a memory that is gone.
        self.relearned.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let folded = self.folded.load(Ordering::Acquire);
        let mut behind: HashMap<WorkspaceId, (u64, u64, Arc<Brand>)> = HashMap::new();
        for brand in self.brands() {
            let id = brand.workspace.id;
            let opened = brand.timeline_covers.load(Ordering::Acquire);
            let timeline = opened.max(self.store.position(&timeline_reader(id))?);
            let history = match &self.history {
                Some(h) => h.covers(id)?.max(self.store.position(&history_reader(id))?),
                None => folded,
            };
            self.apply_changes(&brand, timeline)?;
            behind.insert(id, (timeline, history, brand));
        }
        let mut from = behind.values().map(|(t, h, _)| *t.min(h)).min().unwrap_or(folded) + 1;
        self.settled.store(from.saturating_sub(1), Ordering::Release);
        while from <= folded {
            let frames = self.ledger.read_from(from, self.options.batch, 64 << 20)?;
            let frames: Vec<Frame> = frames.into_iter().take_while(|f| f.header.position <= folded).collect();
            let Some(last) = frames.last().map(|f| f.header.position) else { break };
            for (id, (timeline, history, brand)) in &behind {
                let rows = self.rows_again(brand, &frames)?;
                let later = |than: u64| rows.iter().filter(|r| r.position > than).cloned().collect::<Vec<Row>>();
                if last > *timeline {
                    brand.apply(Changes {
                        position: last,
                        rows: later(*timeline),
                        moved: Vec::new(),
                        erased: Vec::new(),
                    })?;
                }
                let unkept = later(*history);
                if let Some(h) = &self.history
                    && !unkept.is_empty()
                {
                    h.append(*id, last, unkept)?;
                }
            }
            from = last + 1;
        }
        Ok(())
    }

    /// Identity changes and erasures that the timeline's files do not have.
    fn apply_changes(&self, brand: &Brand, covers: u64) -> Result<(), EngineError> {
        let changes: Vec<(u64, u64, u64)> = self.store.read(|c| {
            c.prepare("SELECT node, before, after FROM pipeline_changes WHERE workspace = $1 AND position > $2 ORDER BY position, number")?
                .query_map(params![brand.workspace.id.0, covers.cast_signed()], |r| {
                    let n = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
                    Ok((n(0)?, n(1)?, n(2)?))
                })?
                .collect()
        })?;
        // One at a time: an erasure between two moves must find the rows where they were then.
        for (node, before, after) in changes {
            let mut change = Changes { position: covers, rows: Vec::new(), moved: Vec::new(), erased: Vec::new() };
            if node == 0 {
                change.erased.push(before);
            } else {
                change.moved.push(Moved { node, from: before, to: after });
            }
            brand.apply(change)?;
        }
        Ok(())
    }

    /// The rows of frames that are folded already, with the customers of now.
    fn rows_again(&self, brand: &Brand, frames: &[Frame]) -> Result<Vec<Row>, EngineError> {
        let mut names = Names::default();
        let mut fresh = Vec::new();
        let graph = brand.graph();
        let mut rows = Vec::new();
        let naming = brand.naming();
        for f in frames {
            let h = &f.header;
            if h.workspace != brand.workspace.id.0 || h.kind != FrameKind::Interaction || h.erased {
                continue;
            }
            let i = decode(f).map_err(|e| EngineError::Damaged(e.to_string()))?;
            let key = MessageKey(h.key);
            let node = i.node(key, &*naming);
            if brand.is_erased(node) {
                continue;
            }
            let mut r = row(brand, &i, key, node, h.position, &mut names, &mut fresh);
            r.customer = graph.customer(Node(r.node));
            rows.push(r);
        }
        Ok(rows)
    }
}
