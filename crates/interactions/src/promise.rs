//! What a brand promised, and until when.

use crate::time::{TimeError, Timestamp, Zone, resolve_local};
use serde::{Deserialize, Serialize};

/// How exactly the promise named its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// A calendar day: kept until the day's local end.
    Day,
    /// A moment.
    Instant,
}

/// A promise: something of this kind, by then. A later interaction keeps or breaks it; which one
/// does is for the journey to say, so it is not part of the fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// What was promised: `delivery`, `refund`, `answer`, ….
    pub kind: String,
    /// The named time as an instant; for a day, its local beginning.
    pub due: Timestamp,
    /// How `due` is to be read.
    pub precision: Precision,
}

impl Promise {
    /// The last instant at which the promise is still kept: `due` itself, or for a day the last
    /// microsecond of that day in `zone`.
    pub fn deadline(&self, zone: &Zone) -> Result<Timestamp, TimeError> {
        match self.precision {
            Precision::Instant => Ok(self.due),
            Precision::Day => {
                let out = || TimeError::OutOfRange(self.due.to_string());
                let local = jiff::Timestamp::from_microsecond(self.due.0)
                    .map_err(|_| out())?
                    .to_zoned(zone.time_zone().clone());
                let next = local.date().tomorrow().map_err(|_| out())?.to_datetime(jiff::civil::Time::midnight());
                let start = match resolve_local(next, zone) {
                    Ok(t) => t.instant,
                    // Midnight itself may be jumped over; the day then begins where the clocks landed.
                    Err(TimeError::NeverExisted(..)) => Timestamp(
                        next.to_zoned(zone.time_zone().clone()).map_err(|_| out())?.timestamp().as_microsecond(),
                    ),
                    Err(e) => return Err(e),
                };
                Ok(Timestamp(start.0 - 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_until_its_local_end() {
        let check = |due: &str, precision, zone: &str, expected: &str| {
            let zone = Zone::new(zone).unwrap();
            let due = Timestamp::parse(due, Some(&zone)).unwrap().instant;
            let promise = Promise { kind: "delivery".into(), due, precision };
            assert_eq!(promise.deadline(&zone).unwrap().to_string(), expected);
        };
        check("2018-01-10", Precision::Instant, "America/Sao_Paulo", "2018-01-10T02:00:00Z");
        check("2018-01-10", Precision::Day, "America/Sao_Paulo", "2018-01-11T01:59:59.999999Z");
        // The clocks jumped over midnight of 2017-10-15 in São Paulo.
        check("2017-10-14", Precision::Day, "America/Sao_Paulo", "2017-10-15T02:59:59.999999Z");
        check("2026-10-25", Precision::Day, "Europe/Berlin", "2026-10-25T22:59:59.999999Z");
    }
}
