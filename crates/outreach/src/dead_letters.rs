//! What could not leave, kept until somebody sends it again or throws it away.

use throughline_store::sql::{self, OptionalExtension, Transaction, params};
use throughline_store::{Outbox, Outgoing, Store, StoreError};

/// Something that could not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its place in the outbox.
    pub position: u64,
    /// The workspace.
    pub workspace: u32,
    /// `mail` or `hook`.
    pub channel: String,
    /// What was to leave, by numbers.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up, in microseconds since 1970.
    pub died_at: i64,
    /// Why, for people.
    pub reason: String,
}

/// Takes `outgoing` out of the outbox for good, with the reason.
pub(crate) fn bury(tx: &Transaction<'_>, outgoing: &Outgoing, reason: &str, now: i64) -> sql::Result<()> {
    Outbox::give_up(tx, outgoing.position, reason, now)?;
    tx.execute(
        "INSERT INTO outreach_dead_letters (position, workspace, channel, body, attempts, died_at, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (position) DO NOTHING",
        params![
            outgoing.position.cast_signed(),
            outgoing.workspace,
            outgoing.channel,
            outgoing.body,
            outgoing.attempts + 1,
            now,
            reason
        ],
    )?;
    Ok(())
}

const COLUMNS: &str = "position, workspace, channel, body, attempts, died_at, reason";

fn read(r: &sql::Row<'_>) -> sql::Result<DeadLetter> {
    Ok(DeadLetter {
        position: r.get::<_, i64>(0)?.cast_unsigned(),
        workspace: r.get(1)?,
        channel: r.get(2)?,
        body: r.get(3)?,
        attempts: r.get(4)?,
        died_at: r.get(5)?,
        reason: r.get(6)?,
    })
}

/// What could not leave a workspace, the newest first.
pub fn dead_letters(store: &Store, workspace: u32, most: u32) -> Result<Vec<DeadLetter>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outreach_dead_letters WHERE workspace = $1 ORDER BY died_at DESC, position DESC LIMIT $2"
    );
    store.read(|c| c.prepare_cached(&sql)?.query_map(params![workspace, most], read)?.collect())
}

/// Puts a dead letter back into the outbox, to leave at once; false if there is none.
pub fn send_again(store: &Store, workspace: u32, position: u64) -> Result<bool, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outreach_dead_letters WHERE workspace = $1 AND position = $2");
    store.write(|tx| {
        let found = tx.query_row(&sql, params![workspace, position.cast_signed()], read).optional()?;
        let Some(letter) = found else { return Ok(false) };
        remove(tx, workspace, position)?;
        // A letter that dies twice is another one, with a place of its own.
        Outbox::put(tx, workspace, &format!("again:{position}"), &letter.channel, &letter.body)
    })
}

/// Throws a dead letter away; false if there is none.
pub fn discard(store: &Store, workspace: u32, position: u64) -> Result<bool, StoreError> {
    store.write(|tx| remove(tx, workspace, position))
}

fn remove(tx: &Transaction<'_>, workspace: u32, position: u64) -> sql::Result<bool> {
    let sql = "DELETE FROM outreach_dead_letters WHERE workspace = $1 AND position = $2";
    Ok(tx.execute(sql, params![workspace, position.cast_signed()])? > 0)
}
