//! Files that named people, as they are listed: what each is for, how far it is, what its lines found.

use crate::RightsError;
use crate::lines::Outcome;
use std::collections::BTreeMap;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::sql::{self, Row, Transaction, params};
use throughline_store::{Store, StoreError};

/// What the people of a file are named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// They are erased.
    Erase,
    /// Everything about them is handed out.
    Export,
}

impl What {
    /// Its name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Export => "export",
        }
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        [Self::Erase, Self::Export].into_iter().find(|w| w.as_str() == name)
    }
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It was looked at, and somebody has to decide.
    Waiting,
    /// Its people are being erased.
    Running,
    /// It is over.
    Done,
    /// It broke off, and can go on.
    Failed,
}

impl RunState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What the lines of a file found, or what has become of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All lines that are not empty.
    pub lines: u64,
    /// People, each once.
    pub people: u64,
    /// Lines that are about one of them again.
    pub same: u64,
    /// Nobody is known by them; they are, or will be, remembered as refused.
    pub unknown: u64,
    /// Nobody is known by them, and their kind is not known.
    pub nameless: u64,
    /// They were erased before.
    pub before: u64,
    /// They cannot be used.
    pub bad: u64,
    /// Lines that are worked off.
    pub done: u64,
}

/// A line that cannot be used, or is not needed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A file that named people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// What for.
    pub what: What,
    /// What it was called.
    pub file: String,
    /// The digest of its bytes.
    pub sha256: String,
    /// How far it is.
    pub state: RunState,
    /// When it came.
    pub created_at: Timestamp,
    /// Who brought it.
    pub created_by: String,
    /// The ledger when it was begun.
    pub began_at: u64,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The last thing it said.
    pub message: String,
}

impl Run {
    /// Under which receipts name it.
    pub fn name(&self) -> String {
        format!("file-{}", self.id)
    }
}

const COLUMNS: &str = "id, workspace, what, file, sha256, state, created_at, created_by, began_at, ended_at, message";

fn read(r: &Row<'_>) -> sql::Result<Run> {
    let (what, state): (String, String) = (r.get(2)?, r.get(5)?);
    Ok(Run {
        id: r.get::<_, i64>(0)?.cast_unsigned(),
        workspace: WorkspaceId(r.get(1)?),
        what: What::new(&what).unwrap_or(What::Export),
        file: r.get(3)?,
        sha256: r.get(4)?,
        state: RunState::ALL.into_iter().find(|s| s.as_str() == state).unwrap_or(RunState::Failed),
        created_at: Timestamp(r.get(6)?),
        created_by: r.get(7)?,
        began_at: r.get::<_, i64>(8)?.cast_unsigned(),
        ended_at: r.get::<_, Option<i64>>(9)?.map(Timestamp),
        message: r.get(10)?,
    })
}

/// Keeps a new one, which gets its number.
pub(crate) fn create(tx: &Transaction<'_>, run: &Run) -> sql::Result<u64> {
    tx.execute(
        "INSERT INTO rights_runs (id, workspace, what, file, sha256, state, created_at, created_by, began_at, ended_at, message)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, NULL, '' FROM rights_runs",
        params![
            run.workspace.0,
            run.what.as_str(),
            run.file,
            run.sha256,
            run.state.as_str(),
            run.created_at.0,
            run.created_by,
            run.began_at.cast_signed()
        ],
    )?;
    Ok(tx.query_row("SELECT MAX(id) FROM rights_runs", [], |r| r.get::<_, i64>(0))?.cast_unsigned())
}

/// Notes how far it is.
pub(crate) fn save(tx: &Transaction<'_>, run: &Run) -> sql::Result<()> {
    tx.execute(
        "UPDATE rights_runs SET state = $1, began_at = $2, ended_at = $3, message = $4 WHERE id = $5",
        params![
            run.state.as_str(),
            run.began_at.cast_signed(),
            run.ended_at.map(|t| t.0),
            run.message,
            run.id.cast_signed()
        ],
    )?;
    Ok(())
}

/// All of a workspace, or of every one, the newest first.
pub(crate) fn list(store: &Store, workspace: Option<WorkspaceId>) -> Result<Vec<Run>, StoreError> {
    let all = format!("SELECT {COLUMNS} FROM rights_runs ORDER BY id DESC");
    let of = format!("SELECT {COLUMNS} FROM rights_runs WHERE workspace = $1 ORDER BY id DESC LIMIT 500");
    store.read(|c| match workspace {
        Some(w) => c.prepare_cached(&of)?.query_map([w.0], read)?.collect(),
        None => c.prepare_cached(&all)?.query_map([], read)?.collect(),
    })
}

/// One of them.
pub(crate) fn one(store: &Store, workspace: WorkspaceId, id: u64) -> Result<Run, RightsError> {
    let sql = format!("SELECT {COLUMNS} FROM rights_runs WHERE workspace = $1 AND id = $2");
    let found = store.read(|c| {
        c.prepare_cached(&sql)?.query_map(params![workspace.0, id.cast_signed()], read)?.next().transpose()
    })?;
    found.ok_or(RightsError::NoSuchRun(id))
}

/// What its lines found.
pub(crate) fn counts(store: &Store, run: u64) -> Result<Counts, StoreError> {
    let by: Vec<(String, i64, i64)> = store.read(|c| {
        c.prepare_cached(
            "SELECT outcome, COUNT(*), CAST(SUM(done) AS BIGINT) FROM rights_lines WHERE run = $1 GROUP BY outcome",
        )?
        .query_map([run.cast_signed()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect()
    })?;
    let of: BTreeMap<Outcome, u64> =
        by.iter().filter_map(|(o, n, _)| Some((Outcome::new(o)?, n.cast_unsigned()))).collect();
    let n = |o: Outcome| of.get(&o).copied().unwrap_or_default();
    Ok(Counts {
        lines: of.values().sum(),
        people: n(Outcome::Found) + n(Outcome::Erased),
        same: n(Outcome::Same),
        unknown: n(Outcome::Unknown),
        nameless: n(Outcome::Nameless),
        before: n(Outcome::Before),
        bad: n(Outcome::Bad),
        done: by.iter().map(|(.., done)| done.cast_unsigned()).sum(),
    })
}

/// Lines that cannot be used, the first `most` of them.
pub(crate) fn bad(store: &Store, run: u64, most: u32) -> Result<Vec<BadLine>, StoreError> {
    store.read(|c| {
        c.prepare_cached(
            "SELECT line, reason FROM rights_lines WHERE run = $1 AND outcome = 'bad' ORDER BY line LIMIT $2",
        )?
        .query_map(params![run.cast_signed(), most], |r| {
            Ok(BadLine { line: r.get::<_, i64>(0)?.cast_unsigned(), reason: r.get(1)? })
        })?
        .collect()
    })
}
