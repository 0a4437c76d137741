//! Taking back what a source brought, such as an import whose columns were read wrongly.
//!
//! The retraction is a fact like an erasure: a frame that names positions. The payloads at those
//! positions are overwritten, and everything derived is made again from the rest of the ledger, so
//! that links between people, names and counts are as if it had never come. The doors stay open
//! meanwhile; pages fill again from the beginning. Unlike an erasure it refuses nobody afterwards;
//! but the headers stay, and the same messages of the same source are duplicates for ever: whoever
//! tries again does so under another source.
//!
//! A crash at any point is made up for at the next start: the row in `pipeline_erasures` goes in the
//! same transaction that empties the derived tables.

use crate::engine::Inner;
use crate::erasure::ErasureFrame;
use crate::folding::decode;
use crate::identity;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::Duration;
use throughline_interactions::{SourceId, WorkspaceId};
use throughline_ledger::{FrameKind, Verdict};
use throughline_store::sql::params;

/// Frames read at a time.
const PAGE: usize = 20_000;

/// The part of an erasure's frame that says what was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenBack {
    pub(crate) source: SourceId,
    /// First and last position of each run of frames, ascending.
    pub(crate) ranges: Vec<(u64, u64)>,
}

impl TakenBack {
    /// Every position.
    pub(crate) fn positions(&self) -> impl Iterator<Item = u64> {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retraction {
    /// The retraction's own place in the ledger; none where there was nothing to take back.
    pub position: Option<u64>,
    /// How many interactions.
    pub interactions: u64,
}

impl Engine {
    /// The last durable position of the ledger: what a source brings from now on stands after it.
    pub fn position(&self) -> u64 {
        self.inner().ledger.last_position()
    }

    /// Takes back what `source` brought between two positions, and waits until everything else is
    /// worked in again.
    pub fn retract(
        &self,
        workspace: WorkspaceId,
        source: &SourceId,
        within: RangeInclusive<u64>,
        by: &str,
    ) -> Result<Retraction, EngineError> {
        let inner = self.inner();
        inner.brand(workspace)?;
        inner.ledger.flush()?;
        self.wait_folded()?;
        let job = self.job(&format!("taking back {source}"), "interactions", None);
        job.say("looking for what it brought");
        let (ranges, last_received) = inner.brought(workspace, source, within)?;
        let interactions: u64 = ranges.iter().map(|(first, last)| last - first + 1).sum();
        if interactions == 0 {
            job.finish("there was nothing to take back");
            return Ok(Retraction { position: None, interactions: 0 });
        }
        let payload = ErasureFrame {
            last_received: BTreeMap::from([(source.as_str().to_owned(), last_received)]),
            by: by.to_owned(),
            taken_back: Some(TakenBack { source: source.clone(), ranges }),
            ..ErasureFrame::default()
        };
        let frame = payload.frame(workspace, self.now().0, 0);
        let Some(Verdict::Accepted(position)) = inner.ledger.append(vec![frame])?.first().cloned() else {
            return Err(EngineError::Refused("the ledger did not take the retraction".to_owned()));
        };
        self.settle()?;
        self.finish_erasures()?;
        job.say("working in what remains");
        let last = inner.ledger.last_position();
        job.total(last);
        while inner.folded.load(Ordering::Acquire) < last {
            job.done(inner.folded.load(Ordering::Acquire));
            inner.wait_beyond(Duration::from_millis(200), last)?;
        }
        job.done(last);
        self.settle()?;
        job.finish(&format!("{interactions} interactions are taken back"));
        Ok(Retraction { position: Some(position), interactions })
    }
}

impl Inner {
    /// Runs of positions that a source brought, and when it sent the last of them.
    fn brought(
        &self,
        workspace: WorkspaceId,
        source: &SourceId,
        within: RangeInclusive<u64>,
    ) -> Result<(Vec<(u64, u64)>, i64), EngineError> {
        let (mut ranges, mut last_received) = (Vec::<(u64, u64)>::new(), 0);
        let end = (*within.end()).min(self.ledger.last_position());
        let mut from = (*within.start()).max(1);
        while from <= end {
            let frames = self.ledger.read_from(from, PAGE, 64 << 20)?;
            let Some(last) = frames.last() else { break };
            from = last.header.position + 1;
            for frame in &frames {
                let h = &frame.header;
                let is_fact = matches!(h.kind, FrameKind::Interaction | FrameKind::Quarantined);
                if h.position > end || h.workspace != workspace.0 || h.erased || !is_fact {
                    continue;
                }
                let i = decode(frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                if i.source != *source {
                    continue;
                }
                last_received = last_received.max(i.received_at.0);
                match ranges.last_mut() {
                    Some((_, last)) if *last + 1 == h.position => *last = h.position,
                    _ => ranges.push((h.position, h.position)),
                }
            }
        }
        Ok((ranges, last_received))
    }

    /// Forgets everything derived; folding then begins with the first frame again. `position` is the
    /// retraction that asks for it, if one does. Nothing may be folding or settling.
    pub(crate) fn start_over(&self, position: u64) -> Result<(), EngineError> {
        for brand in self.brands() {
            while brand.compacting.load(Ordering::Acquire) {
                std::thread::park_timeout(Duration::from_millis(10));
            }
            if let Some(history) = &self.history {
                history.clear(brand.workspace.id)?;
            }
            brand.start_over(&self.dir)?;
        }
        self.store.clear_derived_and(|tx| {
            tx.execute("DELETE FROM pipeline_erasures WHERE position = $1", params![position.cast_signed()])?;
            for brand in self.brands() {
                identity::fold_by(tx, brand.workspace.id, &brand.identity_rules())?;
            }
            Ok(())
        })?;
        self.judge_from.store(self.ledger.last_position(), Ordering::Release);
        self.settled.store(0, Ordering::Release);
        self.folded.store(0, Ordering::Release);
        Ok(())
    }
}
