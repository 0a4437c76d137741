//! Checking and rebuilding: nothing damaged is passed over in silence, and what is derived can be
//! made again and compared.

use crate::{Engine, EngineError, History, Options};
use siphasher::sip::SipHasher24;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::path::Path;
use std::sync::Arc;
use throughline_store::sql::types::ValueRef;
use throughline_store::{Migration, Store, TableKind};
use throughline_timeline::ScanOptions;

/// What reading everything found.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Damages, one sentence each: which file, where, what to do.
    pub damages: Vec<String>,
    /// What was read, in words.
    pub read: Vec<String>,
}

/// A digest of every derived table and of the timelines: equal digests, equal rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(pub BTreeMap<String, (u64, u64)>);

impl Engine {
    /// Reads everything and names every damage.
    pub fn check(&self) -> Result<CheckReport, EngineError> {
        let inner = self.inner();
        let mut report = CheckReport::default();
        let damages = inner.ledger.verify(|_| {})?;
        report.read.push(format!("the ledger, {} frames", inner.ledger.last_position()));
        report.damages.extend(damages.iter().map(|d| format!("{d}; {}", d.problem.advice())));
        report.damages.extend(inner.store.verify()?.into_iter().map(|d| {
            format!(
                "{}: {d}; restore it from a backup, or move it away and run `throughline rebuild`",
                inner.store.place()
            )
        }));
        report.read.push("the database".to_owned());
        for brand in inner.brands() {
            let id = brand.workspace.id;
            let key = &brand.workspace.key;
            let snapshot = brand.snapshot()?;
            for segment in snapshot.segments() {
                if let Err(e) = segment.verify() {
                    report.damages.push(e.to_string());
                }
            }
            report.read.push(format!("the timelines of `{key}`, {} interactions", snapshot.rows()));
            if let Some(history) = &inner.history {
                report.damages.extend(history.verify(id)?);
                report.read.push(format!("the lake of `{key}`"));
            }
        }
        Ok(report)
    }

    /// A digest of everything that is derived, to compare before and after a rebuild.
    pub fn digest(&self) -> Result<Digest, EngineError> {
        self.wait_folded()?;
        let inner = self.inner();
        let mut digest = BTreeMap::new();
        // Positions say how far things are, timers and changes what is still to be done; they are
        // not rows that follow from facts.
        let derived = inner
            .store
            .tables()
            .iter()
            .filter(|t| t.kind == TableKind::Derived && !["store_positions", "pipeline_changes"].contains(&t.name));
        for table in derived {
            digest.insert(table.name.to_owned(), table_digest(&inner.store, table.name)?);
        }
        for brand in inner.brands() {
            let name = format!("timelines of {}", brand.workspace.key);
            digest.insert(name, timeline_digest(&brand.snapshot()?)?);
        }
        Ok(Digest(digest))
    }

    /// Opens a data directory with everything derived made again from the ledger.
    pub fn rebuild(
        dir: &Path,
        migrations: &[Migration],
        history: Option<Arc<dyn History>>,
        options: Options,
    ) -> Result<Self, EngineError> {
        // Nothing is added to what is compared: whoever time has moved meanwhile is told at the next start.
        let options = Options { follows_segments: false, ..options };
        // Erasures that a crash interrupted are finished first, as at any start.
        let engine = Self::open(dir, migrations, history.clone(), options.clone())?;
        let workspaces = engine.workspaces()?;
        let place = options.store.clone();
        engine.close()?;
        drop(engine);
        if let Some(history) = &history {
            for workspace in workspaces {
                history.clear(workspace.id)?;
            }
        }
        let all: Vec<Migration> = crate::migrations().into_iter().chain(migrations.iter().copied()).collect();
        Store::open_at(&place, dir, &all)?.clear_derived()?;
        let timelines = dir.join("timelines");
        if timelines.exists() {
            std::fs::remove_dir_all(&timelines).map_err(|source| EngineError::Io {
                verb: "remove",
                path: timelines,
                source,
            })?;
        }
        Self::open(dir, migrations, history, options)
    }
}

fn table_digest(store: &Store, table: &str) -> Result<(u64, u64), EngineError> {
    Ok(store.read(|c| {
        // Row hashes are added up, so that no order is needed.
        let mut s = c.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = s.column_count()?;
        let mut rows = s.query([])?;
        let (mut n, mut sum) = (0_u64, 0_u64);
        while let Some(r) = rows.next()? {
            let mut h = SipHasher24::new();
            for i in 0..columns {
                match r.get_ref(i)? {
                    ValueRef::Null => h.write_u8(0),
                    ValueRef::Integer(v) => h.write_i64(v),
                    ValueRef::Real(v) => h.write_u64(v.to_bits()),
                    ValueRef::Text(v) => {
                        h.write_u64(v.len() as u64);
                        h.write(v.as_bytes());
                    }
                }
            }
            n += 1;
            sum = sum.wrapping_add(h.finish());
        }
        Ok((n, sum))
    })?)
}

fn timeline_digest(snapshot: &throughline_timeline::Snapshot) -> Result<(u64, u64), EngineError> {
    let state = snapshot.scan(&RowsDigest, &ScanOptions::default())?;
    Ok((state.rows, state.sum))
}

/// Adds up a hash of every row under its customer.
struct RowsDigest;

#[derive(Default)]
struct RowsDigestState {
    rows: u64,
    sum: u64,
}

impl throughline_timeline::Pass for RowsDigest {
    const NAME: &'static str = "digest";
    type State = RowsDigestState;
    type Local = ();

    fn start(&self) -> RowsDigestState {
        RowsDigestState::default()
    }

    fn enter(&self, _: &throughline_timeline::Segment) {}

    fn customer(&self, (): &mut (), customer: throughline_timeline::Customer<'_>, state: &mut RowsDigestState) {
        for i in 0..customer.len() {
            let mut h = SipHasher24::new();
            h.write_u64(customer.id);
            h.write_u64(i as u64);
            h.write(format!("{:?}", customer.to_row(i)).as_bytes());
            state.rows += 1;
            state.sum = state.sum.wrapping_add(h.finish());
        }
    }
}

impl throughline_timeline::PassState for RowsDigestState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.rows.to_le_bytes());
        out.extend_from_slice(&self.sum.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, throughline_timeline::StateError> {
        let mut reader = throughline_timeline::StateReader::new(bytes);
        Ok(Self { rows: reader.u64()?, sum: reader.u64()? })
    }
}
