//! The Monday page: who wants it, and that it leaves once a week.
//!
//! A wish has one durable timer. When it rings, one transaction puts the errand into the outbox,
//! notes the Monday it was for, and sets the next timer; so a process that dies before or after it
//! sends the page neither twice nor never. Timers are derived and a rebuild empties them:
//! [`prepare`] sets what is missing at every start.

use crate::errand::Errand;
use jiff::civil::{Date, Time, Weekday};
use throughline_interactions::{Timestamp, WorkspaceId, Zone};
use throughline_pipeline::Workspace;
use throughline_store::sql::{self, Connection, OptionalExtension, Transaction, params};
use throughline_store::{Outbox, Store, StoreError, Timer, Timers};

/// The timers' rule.
const RULE: &str = "news.monday";
/// Later than this, a page is old; the next one is near.
const TOO_LATE: i64 = 3 * 86_400_000_000;

/// Somebody's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monday {
    /// The account.
    pub person: u64,
    /// At which hour of the workspace's zone, 0–23.
    pub hour: u8,
    /// Since when they want it.
    pub since: Timestamp,
    /// The Monday for which the last one was sent, as in 2026-03-02.
    pub sent_for: Option<String>,
}

/// What somebody wishes in a workspace.
pub fn monday(store: &Store, workspace: WorkspaceId, person: u64) -> Result<Option<Monday>, StoreError> {
    store.read(|c| of(c, workspace.0, person))
}

fn of(c: &Connection, workspace: u32, person: u64) -> sql::Result<Option<Monday>> {
    c.query_row(
        "SELECT hour, since, sent_for FROM news_mondays WHERE workspace = $1 AND person = $2",
        params![workspace, person.cast_signed()],
        |r| {
            let sent_for = Some(r.get::<_, String>(2)?).filter(|s| !s.is_empty());
            Ok(Monday { person, hour: r.get(0)?, since: Timestamp(r.get(1)?), sent_for })
        },
    )
    .optional()
}

/// Sets or, with `None`, ends somebody's wish.
pub fn set_monday(
    store: &Store,
    workspace: &Workspace,
    person: u64,
    hour: Option<u8>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hour = hour.map(|h| h.min(23));
    store.write(|tx| {
        let before = of(tx, workspace.id.0, person)?;
        clear(tx, workspace.id.0, person)?;
        let Some(hour) = hour else {
            tx.execute(
                "DELETE FROM news_mondays WHERE workspace = $1 AND person = $2",
                params![workspace.id.0, person.cast_signed()],
            )?;
            return Ok(());
        };
        let (since, sent_for) = before.map_or((now, None), |b| (b.since, b.sent_for));
        tx.execute(
            "INSERT INTO news_mondays (workspace, person, hour, since, sent_for) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workspace, person) DO UPDATE SET hour = excluded.hour",
            params![workspace.id.0, person.cast_signed(), hour, since.0, sent_for.unwrap_or_default()],
        )?;
        set(tx, workspace, person, hour, now)
    })
}

/// Sets the timers of wishes that have none, as after a rebuild.
pub fn prepare(store: &Store, workspaces: &[Workspace], now: Timestamp) -> Result<(), StoreError> {
    let armed = Timers::of_rule(store, RULE)?;
    let wishes: Vec<(u32, u64, u8, i64)> = store.read(|c| {
        c.prepare("SELECT workspace, person, hour, since FROM news_mondays")?
            .query_map([], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?.cast_unsigned(), r.get(2)?, r.get(3)?)))?
            .collect()
    })?;
    for (workspace, person, hour, since) in wishes {
        let is_armed = armed.iter().any(|t| t.workspace == workspace && t.subject == person.to_string());
        let Some(workspace) = workspaces.iter().find(|w| w.id.0 == workspace).filter(|_| !is_armed) else { continue };
        // This week's may have been missed; whether it was sent is known.
        let from = Timestamp(since.max(now.0.saturating_sub(TOO_LATE)));
        store.write(|tx| set(tx, workspace, person, hour, from))?;
    }
    Ok(())
}

/// What is due at `now` goes into the outbox; how many pages that were.
pub fn ring(store: &Store, workspaces: &[Workspace], now: Timestamp) -> Result<u32, StoreError> {
    let mut rung = 0;
    for timer in Timers::due(store, now.0, 1_000)?.into_iter().filter(|t| t.rule == RULE) {
        let workspace = workspaces.iter().find(|w| w.id.0 == timer.workspace);
        rung += store.write(|tx| {
            Timers::clear(tx, &timer)?;
            let Ok(person) = timer.subject.parse::<u64>() else { return Ok(0) };
            let (Some(workspace), Some(wish)) = (workspace, of(tx, timer.workspace, person)?) else { return Ok(0) };
            set(tx, workspace, person, wish.hour, now)?;
            let week = zone(workspace).and_then(|z| local_day(Timestamp(timer.due), &z)).map(|d| d.to_string());
            let Some(week) = week.filter(|w| wish.sent_for.as_ref().is_none_or(|sent| sent < w)) else { return Ok(0) };
            if now.0.saturating_sub(timer.due) > TOO_LATE {
                return Ok(0);
            }
            tx.execute(
                "UPDATE news_mondays SET sent_for = $1 WHERE workspace = $2 AND person = $3",
                params![week, timer.workspace, person.cast_signed()],
            )?;
            let key = format!("monday:{}:{person}:{week}", timer.workspace);
            let errand = Errand::Monday { person, week };
            Ok(u32::from(Outbox::put(tx, timer.workspace, &key, "mail", &errand.to_json())?))
        })?;
    }
    Ok(rung)
}

fn set(tx: &Transaction<'_>, workspace: &Workspace, person: u64, hour: u8, after: Timestamp) -> sql::Result<()> {
    let Some(due) = next_monday(workspace, hour, after) else { return Ok(()) };
    Timers::set(tx, &timer(workspace.id.0, person, due.0))
}

fn clear(tx: &Transaction<'_>, workspace: u32, person: u64) -> sql::Result<()> {
    Timers::clear_all(tx, workspace, RULE, &person.to_string())
}

fn timer(workspace: u32, person: u64, due: i64) -> Timer {
    Timer { workspace, rule: RULE.to_owned(), subject: person.to_string(), due }
}

fn zone(workspace: &Workspace) -> Option<Zone> {
    Zone::new(&workspace.zone).ok()
}

fn local_day(at: Timestamp, zone: &Zone) -> Option<Date> {
    Some(jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(zone.time_zone().clone()).date())
}

/// The first Monday at `hour` after a moment, by the workspace's zone.
pub fn next_monday(workspace: &Workspace, hour: u8, after: Timestamp) -> Option<Timestamp> {
    let zone = zone(workspace)?;
    let today = local_day(after, &zone)?;
    let at = |day: Date| {
        let time = Time::new(hour.min(23).cast_signed(), 0, 0, 0).ok()?;
        Some(Timestamp(day.to_datetime(time).to_zoned(zone.time_zone().clone()).ok()?.timestamp().as_microsecond()))
    };
    let monday = match today.weekday() {
        Weekday::Monday => today,
        _ => today.nth_weekday(1, Weekday::Monday).ok()?,
    };
    at(monday).filter(|due| *due > after).or_else(|| at(monday.checked_add(jiff::Span::new().days(7)).ok()?))
}
