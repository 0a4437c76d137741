//! What somebody promised to do about people: a small list with an owner and a day.

use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::sql::{self, Row, Transaction, params};
use throughline_store::{Store, StoreError};

/// One promise to do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Its number; 0 before it is kept.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// About what, in words.
    pub title: String,
    /// The list or the story that it is about: a path of the console.
    pub subject: String,
    /// How many customers the list had.
    pub customers: u64,
    /// What is to be done.
    pub note: String,
    /// Who does it: the address of an account.
    pub owner: String,
    /// Until which day, as in 2026-03-01.
    pub due: String,
    /// Since when.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// By whom; empty until then.
    pub done_by: String,
}

const COLUMNS: &str =
    "id, workspace, title, subject, customers, note, owner, due, created_at, created_by, done_at, done_by";

fn read(r: &Row<'_>) -> sql::Result<FollowUp> {
    let number = |i: usize| r.get::<_, i64>(i).map(i64::cast_unsigned);
    Ok(FollowUp {
        id: number(0)?,
        workspace: WorkspaceId(r.get(1)?),
        title: r.get(2)?,
        subject: r.get(3)?,
        customers: number(4)?,
        note: r.get(5)?,
        owner: r.get(6)?,
        due: r.get(7)?,
        created_at: Timestamp(r.get(8)?),
        created_by: r.get(9)?,
        done_at: r.get::<_, Option<i64>>(10)?.map(Timestamp),
        done_by: r.get(11)?,
    })
}

/// Keeps a new one.
pub fn assign(tx: &Transaction<'_>, f: &FollowUp) -> sql::Result<()> {
    tx.execute(
        "INSERT INTO web_follow_ups (id, workspace, title, subject, customers, note, owner, due, created_at, created_by, done_at, done_by)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, '' FROM web_follow_ups",
        params![
            f.workspace.0,
            f.title,
            f.subject,
            f.customers.cast_signed(),
            f.note,
            f.owner,
            f.due,
            f.created_at.0,
            f.created_by
        ],
    )?;
    Ok(())
}

/// Marks one as done; false if there is none that is open.
pub fn finish(tx: &Transaction<'_>, workspace: WorkspaceId, id: u64, by: &str, at: Timestamp) -> sql::Result<bool> {
    let changed = tx.execute(
        "UPDATE web_follow_ups SET done_at = $1, done_by = $2 WHERE workspace = $3 AND id = $4 AND done_at IS NULL",
        params![at.0, by, workspace.0, id.cast_signed()],
    )?;
    Ok(changed > 0)
}

/// What is open, the most urgent first, then what was done lately; at most `most` of each.
pub fn follow_ups(store: &Store, workspace: WorkspaceId, most: u32) -> Result<Vec<FollowUp>, StoreError> {
    let (open, done) = (
        format!(
            "SELECT {COLUMNS} FROM web_follow_ups WHERE workspace = $1 AND done_at IS NULL ORDER BY due, id LIMIT $2"
        ),
        format!(
            "SELECT {COLUMNS} FROM web_follow_ups WHERE workspace = $1 AND done_at IS NOT NULL
             ORDER BY done_at DESC, id LIMIT $2"
        ),
    );
    store.read(|c| {
        let mut all = Vec::new();
        for sql in [open, done] {
            let mut found = c.prepare_cached(&sql)?;
            let rows = found.query_map(params![workspace.0, most], read)?;
            all.extend(rows.collect::<sql::Result<Vec<_>>>()?);
        }
        Ok(all)
    })
}
