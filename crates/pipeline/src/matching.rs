//! Customers who share no identifier and may be one person all the same.
//!
//! A look reads what is known of everybody into a table of records, lets [`throughline_linkage`] say how probable
//! it is of which two that they are one, and keeps the pairs. They are a worksheet and no fact: what is decided
//! about a pair is a fact, and what that joins follows from it as from any other (`customers/src/fold/pairing.rs`).
//! `records.rs` reads, `look.rs` looks and joins what is as good as certain where that is wanted, `review.rs` shows
//! what waits for a person and takes their word.

mod columns;
mod look;
mod records;
mod review;

pub(crate) use look::watch;
pub use review::{ReviewColumn, ReviewDecision, ReviewPage, ReviewPair, ReviewSide};

use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use throughline_interactions::{Node, Timestamp, WorkspaceId};
use throughline_store::sql::{self, Connection, OptionalExtension, Transaction, params};

/// How the last look for pairs went, and what is done with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Matching {
    /// Pairs that are as good as certain are joined without asking anybody.
    pub automatic: bool,
    /// When the last look ended; `None` before the first.
    pub ran_at: Option<Timestamp>,
    /// Customers there were.
    pub customers: u64,
    /// Customers who were compared.
    pub records: u64,
    /// Customers left out because less than two things are known by which they could be compared.
    pub too_little: u64,
    /// Customers left out because more were seen later than are compared at once.
    pub too_many: u64,
    /// Pairs that were found.
    pub pairs: u64,
    /// Pairs of them that were joined without asking anybody.
    pub joined: u64,
}

/// Where the thread that looks for pairs is told to.
#[derive(Default)]
pub(crate) struct Desk {
    wanted: Mutex<BTreeSet<WorkspaceId>>,
    heard: Condvar,
    /// Held by whoever looks.
    one: Mutex<()>,
}

impl Desk {
    fn want(&self, workspace: WorkspaceId) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace);
        self.heard.notify_all();
    }

    /// Wakes the thread, so that it sees that it is to end.
    pub(crate) fn ring(&self) {
        self.heard.notify_all();
    }

    /// Waits until something is wanted or rung for, or for so long; what is wanted.
    fn wait(&self, longest: Duration) -> BTreeSet<WorkspaceId> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.is_empty() {
            let waited = self.heard.wait_timeout(wanted, longest);
            wanted = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut *wanted)
    }
}

impl Engine {
    /// How the last look went.
    pub fn matching(&self, workspace: WorkspaceId) -> Result<Matching, EngineError> {
        Ok(self.store().read(|c| standing(c, workspace))?)
    }

    /// Whether pairs that are as good as certain are joined without asking anybody.
    pub fn match_automatically(&self, workspace: WorkspaceId, on: bool) -> Result<(), EngineError> {
        self.inner().brand(workspace)?;
        self.store().write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_matching (workspace, automatic) VALUES ($1, $2)
                 ON CONFLICT (workspace) DO UPDATE SET automatic = excluded.automatic",
                params![workspace.0, i64::from(on)],
            )
        })?;
        Ok(())
    }

    /// Asks for a look, in the background.
    pub fn want_matching(&self, workspace: WorkspaceId) -> Result<(), EngineError> {
        self.inner().brand(workspace)?;
        self.inner().matching.want(workspace);
        Ok(())
    }

    /// Looks for pairs now, and says how that went.
    pub fn match_now(&self, workspace: WorkspaceId) -> Result<Matching, EngineError> {
        self.wait_folded()?;
        let inner = self.inner();
        look::look(inner, &*inner.brand(workspace)?)?;
        self.matching(workspace)
    }
}

fn standing(c: &Connection, workspace: WorkspaceId) -> sql::Result<Matching> {
    let found = c
        .query_row(
            "SELECT automatic, ran_at, customers, records, too_little, too_many, pairs, joined
             FROM pipeline_matching WHERE workspace = $1",
            [workspace.0],
            |r| {
                let n = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
                let ran_at: i64 = r.get(1)?;
                Ok(Matching {
                    automatic: r.get::<_, i64>(0)? != 0,
                    ran_at: (ran_at != 0).then_some(Timestamp(ran_at)),
                    customers: n(2)?,
                    records: n(3)?,
                    too_little: n(4)?,
                    too_many: n(5)?,
                    pairs: n(6)?,
                    joined: n(7)?,
                })
            },
        )
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Forgets the pairs of erased people.
pub(crate) fn forget(tx: &Transaction<'_>, workspace: WorkspaceId, nodes: &[Node]) -> sql::Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM pipeline_pairs WHERE workspace = $1 AND (a = $2 OR b = $2)")?;
    for node in nodes {
        delete.execute(params![workspace.0, node.0.cast_signed()])?;
    }
    Ok(())
}
