//! Instants, zones and the reading of local times.

use jiff::{civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

/// Why a time cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not in a form that is understood.
    #[error("`{0}` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00")]
    Unreadable(String),
    /// A wall-clock time without an offset, where no zone is known.
    #[error("`{0}` has no offset and no zone is given; add `zone`, or an offset such as Z or +02:00")]
    NoZone(String),
    /// The zone is not in the IANA database.
    #[error("`{0}` is not a time zone; write an IANA name such as Europe/Berlin")]
    UnknownZone(String),
    /// The clocks jumped over this local time.
    #[error("`{0}` never existed in {1}: the clocks went forward over it")]
    NeverExisted(String, String),
    /// Before 1970-01-02 (an unset clock) or beyond what the product stores.
    #[error("`{0}` is outside the years 1970 to 2105")]
    OutOfRange(String),
}

impl Timestamp {
    /// The first instant that is taken: 1970-01-02, because 1970-01-01 is what an unset clock says.
    pub const MIN: Timestamp = Timestamp(86_400 * 1_000_000);
    /// The last instant that is taken: 2105-12-31T23:59:59Z, so that seconds fit 32 bits.
    pub const MAX: Timestamp = Timestamp(4_291_747_199 * 1_000_000);

    /// From whole seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads RFC 3339 (`2026-03-01T09:30:00Z`, a space for the `T` allowed), a date alone, or a
    /// time without offset; the last two are read in `zone`.
    pub fn parse(text: &str, zone: Option<&Zone>) -> Result<LocalTime, TimeError> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Self(instant.as_microsecond()).in_range(text).map(LocalTime::certain);
        }
        let civil: DateTime = text
            .parse()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.to_datetime(jiff::civil::Time::midnight())))
            .map_err(|_| TimeError::Unreadable(text.chars().take(60).collect()))?;
        let zone = zone.ok_or_else(|| TimeError::NoZone(text.to_owned()))?;
        resolve_local(civil, zone)
    }

    /// Itself when it can be stored, see [`Timestamp::MIN`] and [`Timestamp::MAX`]; `text` is
    /// what the error shows.
    pub fn in_range(self, text: &str) -> Result<Self, TimeError> {
        if self < Self::MIN || self > Self::MAX {
            return Err(TimeError::OutOfRange(text.chars().take(60).collect()));
        }
        Ok(self)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(t) => write!(f, "{t}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        Timestamp::parse(&text, None).map(|t| t.instant).map_err(serde::de::Error::custom)
    }
}

/// A time zone by its IANA name, or a fixed offset such as `+02:00`, or `UTC`.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone, String);

impl Eq for Zone {}

impl Zone {
    /// Finds a zone; [`TimeError::UnknownZone`] if there is none of that name.
    pub fn new(name: &str) -> Result<Self, TimeError> {
        let unknown = || TimeError::UnknownZone(name.chars().take(60).collect());
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Ok(Self(TimeZone::UTC, "UTC".to_owned()));
        }
        if name.starts_with(['+', '-']) {
            let zoned: jiff::Zoned = format!("2000-01-01T00:00:00{name}[{name}]").parse().map_err(|_| unknown())?;
            return Ok(Self(zoned.time_zone().clone(), name.to_owned()));
        }
        let zone = TimeZone::get(name).map_err(|_| unknown())?;
        Ok(Self(zone, name.to_owned()))
    }

    /// The name as given.
    pub fn name(&self) -> &str {
        &self.1
    }

    /// Where weeks begin on this zone's calendar: `weeks + 1` moments, rising, of which the last is
    /// the first one after `until`. `first_day` is 1 for Monday to 7 for Sunday. Fewer where the
    /// calendar ends.
    pub fn week_starts(&self, until: Timestamp, first_day: u8, weeks: u32) -> Vec<Timestamp> {
        let Ok(until) = jiff::Timestamp::from_microsecond(until.0) else { return Vec::new() };
        let today = until.to_zoned(self.0.clone()).date();
        let since = (today.weekday().to_monday_one_offset() + 7 - first_day.clamp(1, 7).cast_signed()) % 7;
        let begin = |back: i64| -> Result<Timestamp, jiff::Error> {
            let day = today.checked_sub(jiff::Span::new().days(i64::from(since) + 7 * back))?;
            Ok(Timestamp(day.to_zoned(self.0.clone())?.timestamp().as_microsecond()))
        };
        (-1..i64::from(weeks)).rev().filter_map(|back| begin(back).ok()).collect()
    }

    /// The hour of the day, 0–23, at a moment; `None` beyond the calendar.
    pub fn hour_of(&self, at: Timestamp) -> Option<u8> {
        let at = jiff::Timestamp::from_microsecond(at.0).ok()?;
        u8::try_from(self.0.to_datetime(at).hour()).ok()
    }

    /// The calendar rules.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.1)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        Zone::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A local time brought to UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// The instant.
    pub instant: Timestamp,
    /// The local time occurred twice (the clocks went back) and the first reading was taken.
    pub ambiguous: bool,
}

impl LocalTime {
    fn certain(instant: Timestamp) -> Self {
        Self { instant, ambiguous: false }
    }
}

/// Brings a wall-clock time to UTC. A time that occurred twice takes the first reading and says
/// so; a time that the clocks jumped over is an error.
pub fn resolve_local(civil: DateTime, zone: &Zone) -> Result<LocalTime, TimeError> {
    let ambiguous = zone.0.to_ambiguous_timestamp(civil);
    let (is_fold, is_gap) = match ambiguous.offset() {
        jiff::tz::AmbiguousOffset::Fold { .. } => (true, false),
        jiff::tz::AmbiguousOffset::Gap { .. } => (false, true),
        jiff::tz::AmbiguousOffset::Unambiguous { .. } => (false, false),
    };
    if is_gap {
        return Err(TimeError::NeverExisted(civil.to_string(), zone.1.clone()));
    }
    let instant = ambiguous.earlier().map_err(|_| TimeError::OutOfRange(civil.to_string()))?;
    let instant = Timestamp(instant.as_microsecond()).in_range(&civil.to_string())?;
    Ok(LocalTime { instant, ambiguous: is_fold })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, zone: Option<&str>, expected: &str) {
        let zone = zone.map(|z| Zone::new(z).unwrap());
        let got = match Timestamp::parse(text, zone.as_ref()) {
            Ok(t) => format!("{}{}", t.instant, if t.ambiguous { " (first reading)" } else { "" }),
            Err(e) => e.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn times_are_read_once_and_never_guessed() {
        check("2026-03-01T09:30:00Z", None, "2026-03-01T09:30:00Z");
        check("2026-03-01 09:30:00+02:00", None, "2026-03-01T07:30:00Z");
        check("2026-03-01 09:30:00.250", Some("UTC"), "2026-03-01T09:30:00.25Z");
        check("2018-02-17 23:30:00", Some("America/Sao_Paulo"), "2018-02-18T01:30:00Z (first reading)");
        check(
            "2017-10-15 00:30:00",
            Some("America/Sao_Paulo"),
            "`2017-10-15T00:30:00` never existed in America/Sao_Paulo: the clocks went forward over it",
        );
        check("2026-03-01", Some("Europe/Berlin"), "2026-02-28T23:00:00Z");
        check(
            "0000-00-00",
            Some("UTC"),
            "`0000-00-00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        );
        check("1970-01-01T00:00:00Z", None, "`1970-01-01T00:00:00Z` is outside the years 1970 to 2105");
        check("2206-12-31T00:00:00Z", None, "`2206-12-31T00:00:00Z` is outside the years 1970 to 2105");
        check(
            "2026-03-01 09:30",
            None,
            "`2026-03-01 09:30` has no offset and no zone is given; add `zone`, or an offset such as Z or +02:00",
        );
        assert_eq!(
            Zone::new("Mars/Base").unwrap_err().to_string(),
            "`Mars/Base` is not a time zone; write an IANA name such as Europe/Berlin"
        );
    }
}
