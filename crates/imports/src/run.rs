//! One file on its way, as it stands in the store.

use crate::{Choice, ImportsError};
use serde::{Deserialize, Serialize};
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::Store;
use throughline_store::sql::types::Type;
use throughline_store::sql::{self, OptionalExtension, Row, params};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// The file is not whole yet: nobody sees the run, and it goes if the process dies.
    Arriving,
    /// The file is here; nobody has said yet what its columns are.
    Uploaded,
    /// Rows are coming in.
    Running,
    /// Told to stop, or the process died: it can go on, or be undone.
    Stopped,
    /// It could not be read on; what came before is in.
    Failed,
    /// All rows are in or among the rejects.
    Done,
    /// What it brought is being taken back.
    Undoing,
    /// What it brought is taken back.
    Undone,
}

impl RunState {
    const ALL: [Self; 8] = [
        Self::Arriving,
        Self::Uploaded,
        Self::Running,
        Self::Stopped,
        Self::Failed,
        Self::Done,
        Self::Undoing,
        Self::Undone,
    ];

    /// Its lasting name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Uploaded => "uploaded",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Rows of it are in the ledger, or may be.
    pub fn has_brought(self) -> bool {
        matches!(self, Self::Running | Self::Stopped | Self::Failed | Self::Done | Self::Undoing)
    }

    /// Something is being done about it right now.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Running | Self::Undoing)
    }
}

/// What became of the rows of a file, and of the interactions made of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows read.
    pub rows: u64,
    /// Of which everything was taken.
    pub taken: u64,
    /// Of which something was rejected.
    pub rejected: u64,
    /// That only repeated another.
    pub repeated: u64,
    /// That nothing was made of.
    pub skipped: u64,
    /// Interactions that are new.
    pub accepted: u64,
    /// Interactions that were known already.
    pub duplicate: u64,
    /// Interactions that were refused: of people who were erased.
    pub refused: u64,
    /// Interactions kept aside: known with other contents.
    pub aside: u64,
}

/// One file on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// The name of the file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The names of its columns; empty until it was looked at.
    pub signature: String,
    /// The source of its interactions; empty until it was started.
    pub source: String,
    /// What the person settled on.
    pub choice: Option<Choice>,
    /// Where it stands.
    pub state: RunState,
    /// The ledger's last position before it began.
    pub after_position: u64,
    /// The ledger's last position when it ended; 0 while that is not known.
    pub last_position: u64,
    /// What became of its rows.
    pub counts: Counts,
    /// The last thing it said: why it failed, for example.
    pub message: String,
    /// When the file came.
    pub created_at: Timestamp,
    /// Who brought it.
    pub created_by: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, workspace, file, bytes, signature, source, choice, state, after_position, last_position, \
                       counts, message, created_at, created_by, ended_at";

fn read(r: &Row<'_>) -> sql::Result<Run> {
    let unreadable = |column: usize, what: &str| {
        sql::Error::FromSqlConversionFailure(column, Type::Text, format!("`{what}` cannot be read").into())
    };
    let number = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
    let (choice, state, counts): (String, String, String) = (r.get(6)?, r.get(7)?, r.get(10)?);
    Ok(Run {
        id: number(0)?,
        workspace: WorkspaceId(r.get(1)?),
        file: r.get(2)?,
        bytes: number(3)?,
        signature: r.get(4)?,
        source: r.get(5)?,
        choice: match choice.as_str() {
            "" => None,
            text => Some(serde_json::from_str(text).map_err(|_| unreadable(6, text))?),
        },
        state: RunState::new(&state).ok_or_else(|| unreadable(7, &state))?,
        after_position: number(8)?,
        last_position: number(9)?,
        counts: serde_json::from_str(&counts).map_err(|_| unreadable(10, &counts))?,
        message: r.get(11)?,
        created_at: Timestamp(r.get(12)?),
        created_by: r.get(13)?,
        ended_at: r.get::<_, Option<i64>>(14)?.map(Timestamp),
    })
}

/// Notes a file that is arriving; gives the run its number.
pub(crate) fn create(
    store: &Store,
    workspace: WorkspaceId,
    file: &str,
    at: Timestamp,
    by: &str,
) -> Result<Run, ImportsError> {
    let counts = serde_json::to_string(&Counts::default()).expect("counts are plain JSON");
    Ok(store.write(|tx| {
        tx.query_row(
            &format!(
                "INSERT INTO imports_runs ({COLUMNS})
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, 0, '', '', '', 'arriving', 0, 0, $3, '', $4, $5, NULL
                 FROM imports_runs RETURNING {COLUMNS}"
            ),
            params![workspace.0, file, counts, at.0, by],
            read,
        )
    })?)
}

/// Writes everything of a run that changes.
pub(crate) fn save(store: &Store, run: &Run) -> Result<(), ImportsError> {
    let choice =
        run.choice.as_ref().map_or(String::new(), |c| serde_json::to_string(c).expect("a choice is plain JSON"));
    let counts = serde_json::to_string(&run.counts).expect("counts are plain JSON");
    store.write(|tx| {
        tx.execute(
            "UPDATE imports_runs SET bytes = $1, signature = $2, source = $3, choice = $4, state = $5,
                 after_position = $6, last_position = $7, counts = $8, message = $9, ended_at = $10
             WHERE id = $11",
            params![
                run.bytes.cast_signed(),
                run.signature,
                run.source,
                choice,
                run.state.as_str(),
                run.after_position.cast_signed(),
                run.last_position.cast_signed(),
                counts,
                run.message,
                run.ended_at.map(|t| t.0),
                run.id.cast_signed()
            ],
        )
    })?;
    Ok(())
}

/// Forgets a run.
pub(crate) fn delete(store: &Store, id: u64) -> Result<(), ImportsError> {
    store.write(|tx| tx.execute("DELETE FROM imports_runs WHERE id = $1", [id.cast_signed()]))?;
    Ok(())
}

/// One run of a workspace whose file is whole.
pub(crate) fn find(store: &Store, workspace: WorkspaceId, id: u64) -> Result<Run, ImportsError> {
    store
        .read(|c| {
            c.query_row(
                &format!("SELECT {COLUMNS} FROM imports_runs WHERE workspace = $1 AND id = $2 AND state <> 'arriving'"),
                params![workspace.0, id.cast_signed()],
                read,
            )
            .optional()
        })?
        .ok_or(ImportsError::NoSuchRun(id))
}

/// Runs, the newest first: those of a workspace whose files are whole, or all there are.
pub(crate) fn list(store: &Store, workspace: Option<WorkspaceId>) -> Result<Vec<Run>, ImportsError> {
    Ok(store.read(|c| match workspace {
        Some(workspace) => c
            .prepare(&format!(
                "SELECT {COLUMNS} FROM imports_runs WHERE workspace = $1 AND state <> 'arriving' ORDER BY id DESC"
            ))?
            .query_map([workspace.0], read)?
            .collect(),
        None => {
            c.prepare(&format!("SELECT {COLUMNS} FROM imports_runs ORDER BY id DESC"))?.query_map([], read)?.collect()
        }
    })?)
}
