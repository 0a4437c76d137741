//! Per source: received is accepted + duplicate + rejected + quarantined, always.
//!
//! Accepted and quarantined are counted from the ledger's own frames. What leaves no frame — a
//! duplicate, a rejection — is counted in memory at the moment of the verdict and written to the
//! ledger as a tally frame twice a second, so that a rebuild counts it again.

use crate::EngineError;
use crate::brand::Brand;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use throughline_interactions::{Tally, Timestamp, WorkspaceId};
use throughline_store::Store;
use throughline_store::sql::{self, Transaction, params};

/// The outcomes of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceTally {
    /// The source.
    pub source: String,
    /// All that came: the sum of the four.
    pub received: u64,
    /// Counts of outcomes.
    #[serde(flatten)]
    pub tally: Tally,
    /// When something came last.
    pub last_received: Option<Timestamp>,
    /// Why things were rejected or kept aside, most frequent first.
    pub reasons: Vec<(String, u64)>,
}

/// Counts by source, and by source and reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) sources: BTreeMap<String, (Tally, i64)>,
    pub(crate) reasons: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub(crate) fn add(&mut self, source: &str, tally: &Tally, at: Timestamp) {
        if !self.sources.contains_key(source) {
            self.sources.insert(source.to_owned(), (Tally::default(), 0));
        }
        if let Some((t, last)) = self.sources.get_mut(source) {
            t.add(tally);
            *last = (*last).max(at.0);
        }
    }

    pub(crate) fn reason(&mut self, source: &str, code: &str) {
        *self.reasons.entry(source.to_owned()).or_default().entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: Pending) {
        for (source, (tally, at)) in other.sources {
            self.add(&source, &tally, Timestamp(at));
        }
        for (source, codes) in other.reasons {
            for (code, n) in codes {
                *self.reasons.entry(source.clone()).or_default().entry(code).or_default() += n;
            }
        }
    }

    pub(crate) fn write(&self, tx: &Transaction<'_>, workspace: WorkspaceId) -> sql::Result<()> {
        let mut source = tx.prepare_cached(
            "INSERT INTO pipeline_sources (workspace, source, accepted, duplicate, rejected, quarantined, last_received)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workspace, source) DO UPDATE SET
                 accepted = pipeline_sources.accepted + excluded.accepted,
                 duplicate = pipeline_sources.duplicate + excluded.duplicate,
                 rejected = pipeline_sources.rejected + excluded.rejected,
                 quarantined = pipeline_sources.quarantined + excluded.quarantined,
                 last_received = CASE WHEN excluded.last_received > pipeline_sources.last_received
                                      THEN excluded.last_received ELSE pipeline_sources.last_received END",
        )?;
        for (name, (t, at)) in &self.sources {
            source.queue(params![
                workspace.0,
                name,
                t.accepted.cast_signed(),
                t.duplicate.cast_signed(),
                t.rejected.cast_signed(),
                t.quarantined.cast_signed(),
                at
            ])?;
        }
        let mut reason = tx.prepare_cached(
            "INSERT INTO pipeline_reasons (workspace, source, code, count) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace, source, code) DO UPDATE SET count = pipeline_reasons.count + excluded.count",
        )?;
        for (name, codes) in &self.reasons {
            for (code, n) in codes {
                reason.queue(params![workspace.0, name, code, n.cast_signed()])?;
            }
        }
        Ok(())
    }
}

/// All sources of a workspace: what is folded and what was counted since.
pub(crate) fn sources(store: &Store, brand: &Brand) -> Result<Vec<SourceTally>, EngineError> {
    let w = brand.workspace.id;
    let mut pending = brand.pending.lock().unwrap_or_else(PoisonError::into_inner).clone();
    pending.merge(brand.in_flight.lock().unwrap_or_else(PoisonError::into_inner).1.clone());
    let mut all = store.read(|c| {
        let mut folded = Pending::default();
        let mut s = c.prepare_cached(
            "SELECT source, accepted, duplicate, rejected, quarantined, last_received FROM pipeline_sources WHERE workspace = $1",
        )?;
        let mut rows = s.query([w.0])?;
        while let Some(r) = rows.next()? {
            let n = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
            let tally = Tally { accepted: n(1)?, duplicate: n(2)?, rejected: n(3)?, quarantined: n(4)? };
            folded.add(&r.get::<_, String>(0)?, &tally, Timestamp(r.get(5)?));
        }
        let mut s = c.prepare_cached("SELECT source, code, count FROM pipeline_reasons WHERE workspace = $1")?;
        let mut rows = s.query([w.0])?;
        while let Some(r) = rows.next()? {
            let codes = folded.reasons.entry(r.get(0)?).or_default();
            *codes.entry(r.get(1)?).or_default() += r.get::<_, i64>(2)?.cast_unsigned();
        }
        Ok(folded)
    })?;
    all.merge(pending);
    let Pending { sources, mut reasons } = all;
    Ok(sources
        .into_iter()
        .map(|(source, (tally, at))| {
            let mut reasons: Vec<_> = reasons.remove(&source).unwrap_or_default().into_iter().collect();
            reasons.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            SourceTally {
                received: tally.received(),
                tally,
                last_received: (at > 0).then_some(Timestamp(at)),
                reasons,
                source,
            }
        })
        .collect())
}
