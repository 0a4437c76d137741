//! The keys of programs.

use super::audit::{Entry, note};
use super::secret::{Secret, hash_of};
use throughline_interactions::{SourceId, Timestamp, WorkspaceId};
use throughline_store::sql::{OptionalExtension, Row, params};
use throughline_store::{Store, StoreError, sql};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// Hand in interactions.
    Writer,
    /// Read the API.
    Reader,
    /// Both, and the counters of the process.
    Admin,
}

impl KeyRole {
    /// All of them.
    pub const ALL: [KeyRole; 3] = [KeyRole::Writer, KeyRole::Reader, KeyRole::Admin];

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyRole::Writer => "writer",
            KeyRole::Reader => "reader",
            KeyRole::Admin => "admin",
        }
    }
}

/// A key as it is kept: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its number.
    pub id: u64,
    /// The first characters of the secret.
    pub hint: String,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// The name under which its interactions stand.
    pub source: SourceId,
    /// What it may do.
    pub role: KeyRole,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last seen, to the minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, hint, workspace, source, role, created_by, created_at, used_at, revoked_at";

fn read(r: &Row<'_>) -> sql::Result<Key> {
    let text = |i: usize| -> sql::Result<String> { r.get(i) };
    let damaged = |i: usize| sql::Error::InvalidColumnType(i, "web_keys".to_owned(), sql::types::Type::Text);
    Ok(Key {
        id: r.get::<_, i64>(0)?.cast_unsigned(),
        hint: text(1)?,
        workspace: WorkspaceId(r.get(2)?),
        source: SourceId::new(&text(3)?).ok_or_else(|| damaged(3))?,
        role: KeyRole::new(&text(4)?).ok_or_else(|| damaged(4))?,
        created_by: text(5)?,
        created_at: Timestamp(r.get(6)?),
        used_at: r.get::<_, Option<i64>>(7)?.map(Timestamp),
        revoked_at: r.get::<_, Option<i64>>(8)?.map(Timestamp),
    })
}

/// Makes a key and notes who did. The secret is returned here and nowhere else.
pub fn create_key(
    store: &Store,
    workspace: WorkspaceId,
    source: &SourceId,
    role: KeyRole,
    by: &str,
    at: Timestamp,
    address: &str,
) -> Result<Secret, StoreError> {
    let secret = Secret::random("tl_");
    store.write(|tx| {
        tx.execute(
            "INSERT INTO web_keys (id, hash, hint, workspace, source, role, created_by, created_at)
             SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM web_keys",
            params![hash_of(secret.reveal()), secret.hint(), workspace.0, source.as_str(), role.as_str(), by, at.0],
        )?;
        note(
            tx,
            &Entry {
                id: 0,
                at,
                workspace: workspace.0,
                who: by.to_owned(),
                action: "made a key".to_owned(),
                subject: format!("{}… ({}) for {source}", secret.hint(), role.as_str()),
                address: address.to_owned(),
            },
        )
    })?;
    Ok(secret)
}

/// The key of this secret, unless there is none or it was revoked.
pub fn find_key(store: &Store, hash: &str) -> Result<Option<Key>, StoreError> {
    store.read(|c| {
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM web_keys WHERE hash = $1 AND revoked_at IS NULL"))?
            .query_row([hash], read)
            .optional()
    })
}

/// All keys of a workspace, the newest first.
pub fn keys(store: &Store, workspace: WorkspaceId) -> Result<Vec<Key>, StoreError> {
    store.read(|c| {
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM web_keys WHERE workspace = $1 ORDER BY id DESC"))?
            .query_map([workspace.0], read)?
            .collect()
    })
}

/// Remembers when a key was used.
pub fn touch_key(store: &Store, id: u64, at: Timestamp) -> Result<(), StoreError> {
    store.write(|tx| {
        tx.execute("UPDATE web_keys SET used_at = $1 WHERE id = $2", params![at.0, id.cast_signed()])?;
        Ok(())
    })
}

/// Revokes a key of a workspace; false if there is none or it is revoked already.
pub fn revoke_key(
    store: &Store,
    workspace: WorkspaceId,
    id: u64,
    by: &str,
    at: Timestamp,
    address: &str,
) -> Result<bool, StoreError> {
    store.write(|tx| {
        let n = tx.execute(
            "UPDATE web_keys SET revoked_at = $1 WHERE id = $2 AND workspace = $3 AND revoked_at IS NULL",
            params![at.0, id.cast_signed(), workspace.0],
        )?;
        if n == 1 {
            let subject = format!("key {id}");
            let (who, action, address) = (by.to_owned(), "revoked a key".to_owned(), address.to_owned());
            note(tx, &Entry { id: 0, at, workspace: workspace.0, who, action, subject, address })?;
        }
        Ok(n == 1)
    })
}
