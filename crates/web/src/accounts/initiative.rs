//! What a brand tries against a pain point: who, for how much, since when, and what is to come of it.

use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_pipeline::Met;
use throughline_store::sql::{self, OptionalExtension, Row, Transaction, params};
use throughline_store::{Store, StoreError};

/// How an initiative stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitiativeState {
    /// Nothing has been done yet.
    Planned,
    /// It is being done.
    Running,
    /// It is over.
    Ended,
    /// Somebody stopped it before its end.
    Stopped,
}

impl InitiativeState {
    const ALL: [Self; 4] = [Self::Planned, Self::Running, Self::Ended, Self::Stopped];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// The name in the store, in forms and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
        }
    }

    /// What may follow: what is over stays over.
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Planned => &[Self::Running, Self::Stopped],
            Self::Running => &[Self::Ended, Self::Stopped],
            Self::Ended | Self::Stopped => &[],
        }
    }
}

/// Which share is to come down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Of all who start, those who meet the pain point.
    Exposure,
    /// Of those who meet it, those for whom it ends badly.
    Exposed,
    /// Of all who start, those for whom it ends badly.
    Overall,
}

impl Aim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exposure, Self::Exposed, Self::Overall];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == name)
    }

    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Exposed => "exposed",
            Self::Overall => "overall",
        }
    }
}

/// One initiative.
#[derive(Debug, Clone, PartialEq)]
pub struct Initiative {
    /// Its number; 0 before it is kept.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// The pain point in words, as it was called then.
    pub title: String,
    /// What is done about it.
    pub what: String,
    /// Who sees to it: the address of an account.
    pub owner: String,
    /// What it costs in all, in minor units of the workspace's currency.
    pub cost: i64,
    /// Key of the journey.
    pub journey: String,
    /// The pain point by its name in addresses: `pain.promise.0.dissatisfaction`.
    pub figure: String,
    /// Only those that met something, or did not; everybody where it is `None`.
    pub met: Option<Met>,
    /// Which share is to come down.
    pub aim: Aim,
    /// To what, 0–1.
    pub target: f64,
    /// Since which day, as in 2026-03-01.
    pub starts: String,
    /// Until which day; the verdict is due then.
    pub ends: String,
    /// How it stands.
    pub state: InitiativeState,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: String,
}

const COLUMNS: &str = "id, workspace, title, what, owner, cost, journey, figure, aim, target, starts, ends, state, \
                       created_at, created_by, changed_at, changed_by, met_dimension, met_value, met_with";

fn read(r: &Row<'_>) -> sql::Result<Initiative> {
    let name = |i: usize| r.get::<_, String>(i);
    Ok(Initiative {
        id: r.get::<_, i64>(0)?.cast_unsigned(),
        workspace: WorkspaceId(r.get(1)?),
        title: r.get(2)?,
        what: r.get(3)?,
        owner: r.get(4)?,
        cost: r.get(5)?,
        journey: r.get(6)?,
        figure: r.get(7)?,
        aim: Aim::new(&name(8)?).unwrap_or(Aim::Exposure),
        target: r.get(9)?,
        starts: r.get(10)?,
        ends: r.get(11)?,
        state: InitiativeState::new(&name(12)?).unwrap_or(InitiativeState::Stopped),
        created_at: Timestamp(r.get(13)?),
        created_by: r.get(14)?,
        changed_at: Timestamp(r.get(15)?),
        changed_by: r.get(16)?,
        met: match (r.get(17)?, r.get(18)?) {
            (Some(dimension), Some(value)) => {
                Some(Met { dimension, value, with: r.get::<_, Option<i64>>(19)? != Some(0) })
            }
            _ => None,
        },
    })
}

/// Keeps a new one and gives its number.
pub fn begin_initiative(tx: &Transaction<'_>, i: &Initiative) -> sql::Result<u64> {
    tx.execute(
        "INSERT INTO web_initiatives (id, workspace, title, what, owner, cost, journey, figure, aim, target, starts, ends, state, created_at, created_by, changed_at, changed_by, met_dimension, met_value, met_with)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19 FROM web_initiatives",
        params![
            i.workspace.0,
            i.title,
            i.what,
            i.owner,
            i.cost,
            i.journey,
            i.figure,
            i.aim.as_str(),
            i.target,
            i.starts,
            i.ends,
            i.state.as_str(),
            i.created_at.0,
            i.created_by,
            i.changed_at.0,
            i.changed_by,
            i.met.as_ref().map(|m| &m.dimension),
            i.met.as_ref().map(|m| &m.value),
            i.met.as_ref().map(|m| i64::from(m.with))
        ],
    )?;
    let id: i64 = tx.query_row("SELECT MAX(id) FROM web_initiatives", [], |r| r.get(0))?;
    Ok(id.cast_unsigned())
}

/// All of a workspace: running first, then planned, then what is over, the newest first.
pub fn initiatives(store: &Store, workspace: WorkspaceId) -> Result<Vec<Initiative>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM web_initiatives WHERE workspace = $1
         ORDER BY CASE state WHEN 'running' THEN 0 WHEN 'planned' THEN 1 ELSE 2 END, id DESC LIMIT 500"
    );
    store.read(|c| c.prepare_cached(&sql)?.query_map([workspace.0], read)?.collect())
}

/// One of them.
pub fn initiative(store: &Store, workspace: WorkspaceId, id: u64) -> Result<Option<Initiative>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM web_initiatives WHERE workspace = $1 AND id = $2");
    store.read(|c| c.prepare_cached(&sql)?.query_row(params![workspace.0, id.cast_signed()], read).optional())
}

/// Changes its state, if it still is what it was; false otherwise. What ends before its day ends on
/// `day`.
pub fn change_initiative(
    tx: &Transaction<'_>,
    of: &Initiative,
    to: InitiativeState,
    day: &str,
    by: &str,
    at: Timestamp,
) -> sql::Result<bool> {
    let over = matches!(to, InitiativeState::Ended | InitiativeState::Stopped);
    let starts = if to == InitiativeState::Running { day } else { &of.starts };
    let ends = if over && day < of.ends.as_str() && day > of.starts.as_str() { day } else { &of.ends };
    let changed = tx.execute(
        "UPDATE web_initiatives SET state = $1, starts = $2, ends = $3, changed_at = $4, changed_by = $5
         WHERE workspace = $6 AND id = $7 AND state = $8",
        params![to.as_str(), starts, ends, at.0, by, of.workspace.0, of.id.cast_signed(), of.state.as_str()],
    )?;
    Ok(changed > 0)
}
