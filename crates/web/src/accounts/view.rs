//! Saved views: the state of a page is its address, and this is a name for one.

use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::sql::{self, Transaction, params};
use throughline_store::{Store, StoreError};

/// A page in a state that somebody wants back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its number; 0 before it is kept.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// Who saved it: the address of an account.
    pub owner: String,
    /// Everybody of the workspace sees it.
    pub shared: bool,
    /// What it is called.
    pub name: String,
    /// The path of the console, without the workspace.
    pub path: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Keeps a view; one of the same name and owner takes the new path.
pub fn save_view(tx: &Transaction<'_>, v: &View) -> sql::Result<()> {
    let changed = tx.execute(
        "UPDATE web_views SET path = $1, shared = $2 WHERE workspace = $3 AND owner = $4 AND name = $5",
        params![v.path, i64::from(v.shared), v.workspace.0, v.owner, v.name],
    )?;
    if changed == 0 {
        tx.execute(
            "INSERT INTO web_views (id, workspace, owner, shared, name, path, created_at)
             SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6 FROM web_views",
            params![v.workspace.0, v.owner, i64::from(v.shared), v.name, v.path, v.created_at.0],
        )?;
    }
    Ok(())
}

/// The views that somebody sees in a workspace, by name; at most 100.
pub fn views(store: &Store, workspace: WorkspaceId, who: &str) -> Result<Vec<View>, StoreError> {
    store.read(|c| {
        c.prepare_cached(
            "SELECT id, workspace, owner, shared, name, path, created_at FROM web_views
             WHERE workspace = $1 AND (owner = $2 OR shared = 1) ORDER BY name, id LIMIT 100",
        )?
        .query_map(params![workspace.0, who], |r| {
            Ok(View {
                id: r.get::<_, i64>(0)?.cast_unsigned(),
                workspace: WorkspaceId(r.get(1)?),
                owner: r.get(2)?,
                shared: r.get::<_, i64>(3)? == 1,
                name: r.get(4)?,
                path: r.get(5)?,
                created_at: Timestamp(r.get(6)?),
            })
        })?
        .collect()
    })
}

/// Forgets a view: one's own, or a shared one for who manages the workspace. False if there is none.
pub fn delete_view(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    id: u64,
    who: &str,
    manages: bool,
) -> sql::Result<bool> {
    let changed = tx.execute(
        "DELETE FROM web_views WHERE workspace = $1 AND id = $2 AND (owner = $3 OR (shared = 1 AND $4 = 1))",
        params![workspace.0, id.cast_signed(), who, i64::from(manages)],
    )?;
    Ok(changed > 0)
}
