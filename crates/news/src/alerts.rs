//! Alerts: something new is told once, outside of quiet hours.

use crate::errand::Errand;
use crate::look::News;
use crate::quiet;
use throughline_interactions::{Timestamp, WorkspaceId, Zone};
use throughline_pipeline::Workspace;
use throughline_store::sql::{self, OptionalExtension, Row, Transaction, params};
use throughline_store::{Outbox, Store, StoreError};

/// What was not said for so long and is said again is something new.
const FORGOTTEN: i64 = 8 * 86_400_000_000;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Every new sentence of Today.
    New,
    /// Only when promises kept, satisfaction or volume fall.
    Falls,
}

impl What {
    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Falls => "falls",
        }
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        [Self::New, Self::Falls].into_iter().find(|w| w.as_str() == name)
    }
}

/// How an alert is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By mail; the target is an address.
    Mail,
    /// To a chat that takes `{"text": …}`; the target is its webhook.
    Chat,
    /// To a program: signed JSON; the target is its webhook.
    Hook,
}

impl Channel {
    /// The name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Chat => "chat",
            Self::Hook => "hook",
        }
    }

    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        [Self::Mail, Self::Chat, Self::Hook].into_iter().find(|c| c.as_str() == name)
    }

    /// The outbox's channel.
    fn outbox(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Chat | Self::Hook => "hook",
        }
    }
}

/// Whom to tell of what.
#[derive(Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number; 0 before it is kept.
    pub id: u64,
    /// The brand.
    pub workspace: WorkspaceId,
    /// What it is about.
    pub what: What,
    /// How it is told.
    pub channel: Channel,
    /// An address or a webhook.
    pub target: String,
    /// With which a webhook is signed; empty for others.
    pub secret: String,
    /// Since when it says nothing.
    pub muted_at: Option<Timestamp>,
    /// Since when it is there: what was said before is not told.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Alert({}, {:?} by {:?})", self.id, self.what, self.channel)
    }
}

fn read(r: &Row<'_>) -> sql::Result<Alert> {
    let unknown = |i: usize| sql::Error::InvalidColumnType(i, "name".to_owned(), sql::types::Type::Text);
    Ok(Alert {
        id: r.get::<_, i64>(0)?.cast_unsigned(),
        workspace: WorkspaceId(r.get(1)?),
        what: What::new(&r.get::<_, String>(2)?).ok_or_else(|| unknown(2))?,
        channel: Channel::new(&r.get::<_, String>(3)?).ok_or_else(|| unknown(3))?,
        target: r.get(4)?,
        secret: r.get(5)?,
        muted_at: r.get::<_, Option<i64>>(6)?.map(Timestamp),
        created_at: Timestamp(r.get(7)?),
        created_by: r.get(8)?,
    })
}

/// The alerts of a workspace, the oldest first.
pub fn alerts(store: &Store, workspace: WorkspaceId) -> Result<Vec<Alert>, StoreError> {
    store.read(|c| {
        c.prepare_cached(
            "SELECT id, workspace, what, channel, target, secret, muted_at, created_at, created_by
             FROM news_alerts WHERE workspace = $1 ORDER BY id",
        )?
        .query_map([workspace.0], read)?
        .collect()
    })
}

/// Keeps a new one.
pub fn add_alert(tx: &Transaction<'_>, a: &Alert) -> sql::Result<()> {
    tx.execute(
        "INSERT INTO news_alerts (id, workspace, what, channel, target, secret, muted_at, created_at, created_by)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, NULL, $6, $7 FROM news_alerts WHERE TRUE",
        params![a.workspace.0, a.what.as_str(), a.channel.as_str(), a.target, a.secret, a.created_at.0, a.created_by],
    )?;
    Ok(())
}

/// Mutes one at a moment, or lets it speak again; false if there is none.
pub fn mute(tx: &Transaction<'_>, workspace: WorkspaceId, id: u64, muted_at: Option<Timestamp>) -> sql::Result<bool> {
    let changed = tx.execute(
        "UPDATE news_alerts SET muted_at = $1 WHERE workspace = $2 AND id = $3",
        params![muted_at.map(|t| t.0), workspace.0, id.cast_signed()],
    )?;
    Ok(changed > 0)
}

/// Takes one away; false if there is none.
pub fn remove_alert(tx: &Transaction<'_>, workspace: WorkspaceId, id: u64) -> sql::Result<bool> {
    let sql = "DELETE FROM news_alerts WHERE workspace = $1 AND id = $2";
    Ok(tx.execute(sql, params![workspace.0, id.cast_signed()])? > 0)
}

/// Notes what is said at `now`, and has the alerts tell what was not said before; how many leave.
/// One transaction: what is noted has been told, and what was told is noted.
pub fn notice(store: &Store, workspace: &Workspace, news: &News, now: Timestamp) -> Result<u32, StoreError> {
    let id = workspace.id;
    let all = alerts(store, id)?;
    store.write(|tx| {
        let mut new = Vec::new();
        for (key, is_fall) in news.keys() {
            if is_new(tx, id, &key, now)? {
                new.push((key, is_fall));
            }
        }
        let not_before = match (quiet::of(tx, id)?, Zone::new(&workspace.zone)) {
            (Some(quiet), Ok(zone)) => quiet.over(now, &zone),
            _ => now,
        };
        let mut leave = 0;
        for alert in all.iter().filter(|a| a.muted_at.is_none()) {
            let wanted = new.iter().filter(|(_, fall)| *fall || alert.what == What::New);
            let sentences: Vec<String> = wanted.map(|(key, _)| key.clone()).collect();
            if sentences.is_empty() {
                continue;
            }
            let key = format!("alert:{}:{}:{}", id.0, alert.id, now.0);
            let body = Errand::Alert { alert: alert.id, sentences }.to_json();
            leave += u32::from(Outbox::put_for(tx, id.0, &key, alert.channel.outbox(), &body, not_before.0)?);
        }
        Ok(leave)
    })
}

fn is_new(tx: &Transaction<'_>, workspace: WorkspaceId, key: &str, now: Timestamp) -> sql::Result<bool> {
    let seen: Option<(i64, i64)> = tx
        .query_row(
            "SELECT first_seen, last_seen FROM news_sentences WHERE workspace = $1 AND key = $2",
            params![workspace.0, key],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .optional()?;
    let known = seen.filter(|(_, last)| now.0.saturating_sub(*last) <= FORGOTTEN);
    tx.execute(
        "INSERT INTO news_sentences (workspace, key, first_seen, last_seen) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace, key) DO UPDATE SET first_seen = excluded.first_seen, last_seen = excluded.last_seen",
        params![workspace.0, key, known.map_or(now.0, |(first, _)| first), now.0],
    )?;
    Ok(known.is_none())
}
