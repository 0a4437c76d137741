//! The record of what people and programs did.

use throughline_interactions::Timestamp;
use throughline_store::sql::{self, Row, Transaction, params};
use throughline_store::{Store, StoreError};

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Place in the record.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// In which workspace; 0 for all of them.
    pub workspace: u32,
    /// Who: an e-mail address, `key 3`, `the first link`.
    pub who: String,
    /// What: `logged in`, `made a key`, ….
    pub action: String,
    /// To what.
    pub subject: String,
    /// From where: a network address.
    pub address: String,
}

/// Notes an act inside the transaction that does it.
pub fn note(tx: &Transaction<'_>, entry: &Entry) -> sql::Result<()> {
    tx.prepare_cached(
        "INSERT INTO web_audit (id, at, workspace, who, action, subject, address)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6 FROM web_audit",
    )?
    .execute(params![entry.at.0, entry.workspace, entry.who, entry.action, entry.subject, entry.address])?;
    Ok(())
}

/// The newest entries before `before` (none: from the end), at most `most`.
pub fn audit_page(store: &Store, before: Option<u64>, most: u32) -> Result<Vec<Entry>, StoreError> {
    store.read(|c| {
        c.prepare_cached(
            "SELECT id, at, workspace, who, action, subject, address FROM web_audit
             WHERE id < $1 ORDER BY id DESC LIMIT $2",
        )?
        .query_map(params![before.map_or(i64::MAX, u64::cast_signed), most], Entry::read)?
        .collect()
    })
}

impl Entry {
    /// A row of `id, at, workspace, who, action, subject, address`.
    pub(super) fn read(r: &Row<'_>) -> sql::Result<Self> {
        Ok(Self {
            id: r.get::<_, i64>(0)?.cast_unsigned(),
            at: Timestamp(r.get(1)?),
            workspace: r.get(2)?,
            who: r.get(3)?,
            action: r.get(4)?,
            subject: r.get(5)?,
            address: r.get(6)?,
        })
    }
}
