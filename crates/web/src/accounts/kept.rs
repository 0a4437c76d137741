//! What these tables keep of customers, for whoever asks to see it or to be erased.

use super::audit::Entry;
use super::follow_up::{FollowUp, follow_ups};
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_store::sql::{self, Transaction, params};
use throughline_store::{Store, StoreError};

/// Follow-ups that are looked through.
const MOST: u32 = 10_000;

fn names(path: &str, ids: &[String]) -> bool {
    ids.iter().any(|id| path.contains(id.as_str()))
}

/// What was promised to be done about a customer, by any of the customer's ids.
pub fn follow_ups_of(store: &Store, workspace: WorkspaceId, ids: &[String]) -> Result<Vec<FollowUp>, StoreError> {
    let mut all = follow_ups(store, workspace, MOST)?;
    all.retain(|f| names(&f.subject, ids));
    Ok(all)
}

/// Removes it; how much there was. What is about a list stays, unless its words name the person.
pub fn forget_follow_ups(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    ids: &[String],
    name: Option<&str>,
) -> sql::Result<u64> {
    let all = tx
        .prepare_cached("SELECT id, subject, title, note FROM web_follow_ups WHERE workspace = $1")?
        .query_map([workspace.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<sql::Result<Vec<(i64, String, String, String)>>>()?;
    let mut gone = 0;
    for (id, subject, title, note) in all {
        let is_named = name.is_some_and(|n| n.len() > 5 && (title.contains(n) || note.contains(n)));
        if names(&subject, ids) || is_named {
            gone += tx.execute("DELETE FROM web_follow_ups WHERE id = $1", [id])?;
        }
    }
    Ok(gone as u64)
}

/// Removes saved views that lead to a customer or look for one; how many there were.
pub fn forget_views(tx: &Transaction<'_>, workspace: WorkspaceId, ids: &[String], values: &[&str]) -> sql::Result<u64> {
    let all = tx
        .prepare_cached("SELECT id, path, name FROM web_views WHERE workspace = $1")?
        .query_map([workspace.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<sql::Result<Vec<(i64, String, String)>>>()?;
    let mut gone = 0;
    for (id, path, name) in all {
        let path = path.to_lowercase().replace("%40", "@").replace("%2b", "+");
        let is_sought = |v: &&str| {
            let v = v.trim().to_lowercase();
            v.len() > 3 && (path.contains(&v) || name.to_lowercase().contains(&v))
        };
        if names(&path, ids) || values.iter().any(is_sought) {
            gone += tx.execute("DELETE FROM web_views WHERE id = $1", [id])?;
        }
    }
    Ok(gone as u64)
}

/// Questions that were asked in a workspace: about which position of the ledger, what, when, and when it was
/// answered.
#[expect(clippy::type_complexity, reason = "a row as it stands")]
pub fn positions_asked(
    store: &Store,
    workspace: WorkspaceId,
) -> Result<Vec<(u64, String, Timestamp, Option<Timestamp>)>, StoreError> {
    store.read(|c| {
        c.prepare_cached("SELECT position, question, asked_at, answered_at FROM web_asks WHERE workspace = $1")?
            .query_map([workspace.0], |r| {
                let answered = r.get::<_, Option<i64>>(3)?.map(Timestamp);
                Ok((r.get::<_, i64>(0)?.cast_unsigned(), r.get(1)?, Timestamp(r.get(2)?), answered))
            })?
            .collect()
    })
}

/// Entries of the record about one customer and one action, by any of the customer's ids.
pub fn handed_out(
    store: &Store,
    workspace: WorkspaceId,
    action: &str,
    ids: &[String],
) -> Result<Vec<Entry>, StoreError> {
    let mut all = Vec::new();
    for id in ids {
        all.extend(store.read(|c| {
            c.prepare_cached(
                "SELECT id, at, workspace, who, action, subject, address FROM web_audit
                 WHERE workspace = $1 AND action = $2 AND subject = $3 ORDER BY id",
            )?
            .query_map(params![workspace.0, action, id], Entry::read)?
            .collect::<sql::Result<Vec<_>>>()
        })?);
    }
    all.sort_by_key(|e| e.id);
    all.dedup_by_key(|e| e.id);
    Ok(all)
}
