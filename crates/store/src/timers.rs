//! Durable timers: what time alone will cause.

use crate::sql::{self, Transaction, params};
use crate::{Store, StoreError};

/// A timer: at `due`, `rule` looks at `subject` again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// The workspace.
    pub workspace: u32,
    /// The rule that set it.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// When, in microseconds since 1970.
    pub due: i64,
}

impl Timer {
    /// The message id of what it causes: the same on every replay.
    pub fn message_id(&self) -> String {
        format!("timer:{}:{}:{}", self.rule, self.subject, self.due)
    }
}

/// The timers of a store.
pub struct Timers;

impl Timers {
    /// Sets a timer; setting it twice is setting it once.
    pub fn set(tx: &Transaction<'_>, timer: &Timer) -> sql::Result<()> {
        tx.prepare_cached(
            "INSERT INTO store_timers (workspace, rule, subject, due) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![timer.workspace, timer.rule, timer.subject, timer.due])?;
        Ok(())
    }

    /// Takes a timer away, after what it caused is a fact, or because its reason is gone.
    pub fn clear(tx: &Transaction<'_>, timer: &Timer) -> sql::Result<()> {
        tx.prepare_cached("DELETE FROM store_timers WHERE workspace = $1 AND rule = $2 AND subject = $3 AND due = $4")?
            .execute(params![timer.workspace, timer.rule, timer.subject, timer.due])?;
        Ok(())
    }

    /// Takes away whatever timers a rule has for a subject.
    pub fn clear_all(tx: &Transaction<'_>, workspace: u32, rule: &str, subject: &str) -> sql::Result<()> {
        tx.prepare_cached("DELETE FROM store_timers WHERE workspace = $1 AND rule = $2 AND subject = $3")?
            .execute(params![workspace, rule, subject])?;
        Ok(())
    }

    /// All timers of a rule.
    pub fn of_rule(store: &Store, rule: &str) -> Result<Vec<Timer>, StoreError> {
        store.read(|c| {
            c.prepare_cached(
                "SELECT workspace, rule, subject, due FROM store_timers WHERE rule = $1 ORDER BY workspace, subject, due",
            )?
            .query_map([rule], |r| {
                Ok(Timer { workspace: r.get(0)?, rule: r.get(1)?, subject: r.get(2)?, due: r.get(3)? })
            })?
            .collect()
        })
    }

    /// Timers due at `now` (microseconds), earliest first.
    pub fn due(store: &Store, now: i64, most: u32) -> Result<Vec<Timer>, StoreError> {
        store.read(|c| {
            c.prepare_cached(
                "SELECT workspace, rule, subject, due FROM store_timers WHERE due <= $1
                 ORDER BY due, workspace, rule, subject LIMIT $2",
            )?
            .query_map(params![now, most], |r| {
                Ok(Timer { workspace: r.get(0)?, rule: r.get(1)?, subject: r.get(2)?, due: r.get(3)? })
            })?
            .collect()
        })
    }

    /// When the next timer rings, in microseconds.
    pub fn next_due(store: &Store) -> Result<Option<i64>, StoreError> {
        store.read(|c| c.query_row("SELECT MIN(due) FROM store_timers", [], |r| r.get(0)))
    }
}
