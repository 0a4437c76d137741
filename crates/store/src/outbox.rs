//! The outbox: effects leave once, by the outbox's own position.

use crate::sql::{self, Transaction, params};
use crate::{Store, StoreError};

/// Something that is to leave the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Place in the outbox.
    pub position: u64,
    /// The workspace.
    pub workspace: u32,
    /// `smtp`, `webhook`, ….
    pub channel: String,
    /// What leaves, as the channel's own JSON.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// The outbox of a store.
pub struct Outbox;

impl Outbox {
    /// Puts something in; `dedup_key` is made from the fact that caused it, so that folding the
    /// fact again puts nothing in. True when it was new.
    pub fn put(tx: &Transaction<'_>, workspace: u32, dedup_key: &str, channel: &str, body: &str) -> sql::Result<bool> {
        Self::put_for(tx, workspace, dedup_key, channel, body, 0)
    }

    /// The same for something that may not leave before `not_before` (microseconds).
    pub fn put_for(
        tx: &Transaction<'_>,
        workspace: u32,
        dedup_key: &str,
        channel: &str,
        body: &str,
        not_before: i64,
    ) -> sql::Result<bool> {
        let n = tx
            .prepare_cached(
                "INSERT INTO store_outbox (position, workspace, dedup_key, channel, body, not_before)
                 SELECT COALESCE(MAX(position), 0) + 1, $1, $2, $3, $4, $5 FROM store_outbox WHERE TRUE
                 ON CONFLICT (dedup_key) DO NOTHING",
            )?
            .execute(params![workspace, dedup_key, channel, body, not_before])?;
        Ok(n == 1)
    }

    /// What waits at `now` (microseconds), in order.
    pub fn waiting(store: &Store, now: i64, most: u32) -> Result<Vec<Outgoing>, StoreError> {
        store.read(|c| {
            c.prepare_cached(
                "SELECT position, workspace, channel, body, attempts FROM store_outbox
                 WHERE left_at IS NULL AND not_before <= $1 ORDER BY position LIMIT $2",
            )?
            .query_map(params![now, most], |r| {
                Ok(Outgoing {
                    position: r.get::<_, i64>(0)?.cast_unsigned(),
                    workspace: r.get(1)?,
                    channel: r.get(2)?,
                    body: r.get(3)?,
                    attempts: r.get(4)?,
                })
            })?
            .collect()
        })
    }

    /// It has left.
    pub fn left(store: &Store, position: u64, now: i64) -> Result<(), StoreError> {
        store.write(|tx| {
            tx.execute(
                "UPDATE store_outbox SET left_at = $1, failure = NULL WHERE position = $2",
                params![now, position.cast_signed()],
            )?;
            Ok(())
        })
    }

    /// It failed; try again at `not_before`.
    pub fn failed(store: &Store, position: u64, failure: &str, not_before: i64) -> Result<(), StoreError> {
        store.write(|tx| {
            tx.execute(
                "UPDATE store_outbox SET attempts = attempts + 1, failure = $1, not_before = $2 WHERE position = $3",
                params![failure, not_before, position.cast_signed()],
            )?;
            Ok(())
        })
    }

    /// It will never leave. Its key stays taken.
    pub fn give_up(tx: &Transaction<'_>, position: u64, failure: &str, now: i64) -> sql::Result<()> {
        tx.execute(
            "UPDATE store_outbox SET left_at = $1, failure = $2, attempts = attempts + 1 WHERE position = $3",
            params![now, failure, position.cast_signed()],
        )?;
        Ok(())
    }

    /// When the next thing may leave, in microseconds.
    pub fn next_due(store: &Store) -> Result<Option<i64>, StoreError> {
        store.read(|c| c.query_row("SELECT MIN(not_before) FROM store_outbox WHERE left_at IS NULL", [], |r| r.get(0)))
    }
}
