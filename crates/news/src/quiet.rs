//! Hours in which no alert leaves.

use jiff::civil::Time;
use throughline_interactions::{Timestamp, WorkspaceId, Zone};
use throughline_store::sql::{self, Connection, OptionalExtension, params};
use throughline_store::{Store, StoreError};

/// From this hour to before that one, 0–23, by the workspace's zone; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// The first quiet hour.
    pub from: u8,
    /// The first hour that is not.
    pub until: u8,
}

impl Quiet {
    /// The first moment from `now` on that is not quiet.
    pub fn over(self, now: Timestamp, zone: &Zone) -> Timestamp {
        let Ok(instant) = jiff::Timestamp::from_microsecond(now.0) else { return now };
        let local = instant.to_zoned(zone.time_zone().clone());
        let hour = local.hour().unsigned_abs();
        let is_quiet = match self.from <= self.until {
            true => (self.from..self.until).contains(&hour),
            false => hour >= self.from || hour < self.until,
        };
        if !is_quiet {
            return now;
        }
        let day = if hour < self.until { Ok(local.date()) } else { local.date().tomorrow() };
        let end = day.and_then(|d| {
            d.to_datetime(Time::constant(self.until.cast_signed(), 0, 0, 0)).to_zoned(zone.time_zone().clone())
        });
        end.map_or(now, |z| Timestamp(z.timestamp().as_microsecond()))
    }
}

/// The quiet hours of a workspace.
pub fn quiet(store: &Store, workspace: WorkspaceId) -> Result<Option<Quiet>, StoreError> {
    store.read(|c| of(c, workspace))
}

pub(crate) fn of(c: &Connection, workspace: WorkspaceId) -> sql::Result<Option<Quiet>> {
    c.query_row("SELECT from_hour, until_hour FROM news_quiet WHERE workspace = $1", [workspace.0], |r| {
        Ok(Quiet { from: r.get(0)?, until: r.get(1)? })
    })
    .optional()
}

/// Sets them; `None`, or as many hours as none, is no quiet.
pub fn set_quiet(store: &Store, workspace: WorkspaceId, quiet: Option<Quiet>) -> Result<(), StoreError> {
    store.write(|tx| {
        tx.execute("DELETE FROM news_quiet WHERE workspace = $1", [workspace.0])?;
        if let Some(Quiet { from, until }) = quiet.filter(|q| q.from != q.until && q.from < 24 && q.until < 24) {
            tx.execute(
                "INSERT INTO news_quiet (workspace, from_hour, until_hour) VALUES ($1, $2, $3)",
                params![workspace.0, from, until],
            )?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_over_in_the_morning() {
        let zone = Zone::new("Europe/Berlin").unwrap();
        let check = |from, until, now: &str, expected: &str| {
            let at = |text: &str| Timestamp::parse(text, Some(&zone)).unwrap().instant;
            assert_eq!(Quiet { from, until }.over(at(now), &zone), at(expected), "{now}");
        };
        check(20, 8, "2026-03-02T12:00:00", "2026-03-02T12:00:00");
        check(20, 8, "2026-03-02T20:00:00", "2026-03-03T08:00:00");
        check(20, 8, "2026-03-03T03:30:00", "2026-03-03T08:00:00");
        check(20, 8, "2026-03-03T08:00:00", "2026-03-03T08:00:00");
        check(12, 14, "2026-03-03T13:59:59", "2026-03-03T14:00:00");
        // The night in which the clocks go forward is an hour shorter.
        check(22, 7, "2026-03-28T23:00:00", "2026-03-29T07:00:00");
    }
}
