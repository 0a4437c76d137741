//! Times as files write them.

use crate::files::plan::TimeFormat;
use jiff::civil::{Date, DateTime};
use throughline_interactions::{LocalTime, TimeError, Timestamp, Zone, resolve_local};

/// A time that was read, and whether only a day was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) time: LocalTime,
    pub(crate) day_only: bool,
}

/// What a cell says before its zone is known.
enum Written {
    Instant(Timestamp),
    Local(DateTime),
    Day(Date),
}

/// Reads a time. With `day`, the time of day does not matter: the beginning of the local day is
/// taken, even where the clocks jumped over midnight.
pub(crate) fn read(text: &str, format: &TimeFormat, zone: Option<&Zone>, day: bool) -> Result<Read, String> {
    let written = match format {
        TimeFormat::Usual => usual(text).ok_or_else(|| TimeError::Unreadable(clip(text)).to_string())?,
        TimeFormat::UnixSeconds => unix(text, 1_000_000)?,
        TimeFormat::UnixMillis => unix(text, 1_000)?,
        TimeFormat::UnixMicros => unix(text, 1)?,
        TimeFormat::Pattern(pattern) => {
            by_pattern(text, pattern).ok_or_else(|| format!("`{}` is not a time of the form {pattern}", clip(text)))?
        }
    };
    let need_zone = || {
        zone.ok_or_else(|| {
            format!(
                "`{}` has no offset and the recipe no zone; add `zone = \"Europe/Berlin\"`, say, at the top",
                clip(text)
            )
        })
    };
    let certain = |instant: Timestamp| {
        instant.in_range(text).map(|instant| LocalTime { instant, ambiguous: false }).map_err(|e| e.to_string())
    };
    match written {
        Written::Instant(t) => Ok(Read { time: certain(t)?, day_only: false }),
        Written::Local(civil) if !day => {
            let time = resolve_local(civil, need_zone()?).map_err(|e| e.to_string())?;
            Ok(Read { time, day_only: false })
        }
        Written::Local(civil) => {
            Ok(Read { time: certain(start_of(civil.date(), need_zone()?, text)?)?, day_only: false })
        }
        Written::Day(date) => Ok(Read { time: certain(start_of(date, need_zone()?, text)?)?, day_only: true }),
    }
}

fn start_of(date: Date, zone: &Zone, text: &str) -> Result<Timestamp, String> {
    date.to_zoned(zone.time_zone().clone())
        .map(|z| Timestamp(z.timestamp().as_microsecond()))
        .map_err(|_| TimeError::OutOfRange(clip(text)).to_string())
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

fn usual(text: &str) -> Option<Written> {
    quick(text.as_bytes()).or_else(|| {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Written::Instant(Timestamp(instant.as_microsecond())));
        }
        if let Ok(date) = text.parse::<Date>()
            && text.len() <= 10
        {
            return Some(Written::Day(date));
        }
        text.parse::<DateTime>().ok().map(Written::Local)
    })
}

/// The commonest form, `2026-03-01 09:30:00` or a date alone, without a general parser.
fn quick(b: &[u8]) -> Option<Written> {
    let digits = |range: std::ops::Range<usize>| -> Option<i16> {
        b[range].iter().try_fold(0_i16, |n, d| d.is_ascii_digit().then(|| n * 10 + i16::from(d - b'0')))
    };
    if !matches!(b.len(), 10 | 19) || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let two = |at: usize| digits(at..at + 2).and_then(|n| i8::try_from(n).ok());
    let date = Date::new(digits(0..4)?, two(5)?, two(8)?).ok()?;
    if b.len() == 10 {
        return Some(Written::Day(date));
    }
    if !matches!(b[10], b' ' | b'T') || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let time = jiff::civil::Time::new(two(11)?, two(14)?, two(17)?, 0).ok()?;
    Some(Written::Local(date.to_datetime(time)))
}

fn unix(text: &str, micros_per_unit: i128) -> Result<Written, String> {
    let bad = || format!("`{}` is not a number of seconds or milliseconds since 1970", clip(text));
    let whole = |scaled: &str| crate::files::decimal::Decimal::parse(scaled, false);
    let number = whole(text).ok_or_else(bad)?;
    let factor = whole(&micros_per_unit.to_string()).ok_or_else(bad)?;
    let micros = number.times(factor).and_then(|d| d.whole()).and_then(|n| i64::try_from(n).ok()).ok_or_else(bad)?;
    Ok(Written::Instant(Timestamp(micros)))
}

fn by_pattern(text: &str, pattern: &str) -> Option<Written> {
    let read = jiff::fmt::strtime::parse(pattern, text).ok()?;
    if let Ok(instant) = read.to_timestamp() {
        return Some(Written::Instant(Timestamp(instant.as_microsecond())));
    }
    let date = read.to_date().ok()?;
    match read.to_time() {
        Ok(time) if has_clock(pattern) => Some(Written::Local(date.to_datetime(time))),
        _ => Some(Written::Day(date)),
    }
}

/// True for a pattern that tells the time of day.
fn has_clock(pattern: &str) -> bool {
    ["%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%c"].iter().any(|d| pattern.contains(d))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn check(text: &str, format: &TimeFormat, zone: &str, day: bool, expected: &str) {
        let zone = Zone::new(zone).unwrap();
        let got = match read(text, format, Some(&zone), day) {
            Ok(r) => format!(
                "{}{}{}",
                r.time.instant,
                if r.time.ambiguous { " twice" } else { "" },
                if r.day_only { " day" } else { "" }
            ),
            Err(e) => e,
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn times_of_files() {
        let pattern = |p: &str| TimeFormat::Pattern(p.to_owned());
        let u = TimeFormat::Usual;
        let sp = "America/Sao_Paulo";
        check("2018-01-10 12:00:01", &u, sp, false, "2018-01-10T14:00:01Z");
        check("2018-01-10T12:00:01.5", &u, sp, false, "2018-01-10T14:00:01.5Z");
        check("2018-01-10 12:00:01+00:00", &u, sp, false, "2018-01-10T12:00:01Z");
        check("2018-01-10", &u, sp, false, "2018-01-10T02:00:00Z day");
        check("2018-02-17 23:30:00", &u, sp, false, "2018-02-18T01:30:00Z twice");
        check(
            "2017-10-15 00:30:00",
            &u,
            sp,
            false,
            "`2017-10-15T00:30:00` never existed in America/Sao_Paulo: the clocks went forward over it",
        );
        check("2017-10-15 00:00:00", &u, sp, true, "2017-10-15T03:00:00Z");
        check("2017-10-15", &u, sp, false, "2017-10-15T03:00:00Z day");
        check(
            "0000-00-00",
            &u,
            sp,
            false,
            "`0000-00-00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        );
        check(
            "2018-02-30 00:00:00",
            &u,
            sp,
            false,
            "`2018-02-30 00:00:00` is not a time; write it like 2026-03-01T09:30:00Z or 2026-03-01T09:30:00+02:00",
        );
        check("9999-12-31 23:59:59", &u, sp, false, "`9999-12-31T23:59:59` is outside the years 1970 to 2105");
        check("1600-01-01", &u, sp, false, "`1600-01-01` is outside the years 1970 to 2105");
        check("1/12/2010 8:26", &pattern("%d/%m/%Y %H:%M"), "Europe/London", false, "2010-12-01T08:26:00Z");
        check("12.03.2026", &pattern("%d.%m.%Y"), "Europe/Berlin", false, "2026-03-11T23:00:00Z day");
        check(
            "31/31/2010",
            &pattern("%d/%m/%Y"),
            "Europe/London",
            false,
            "`31/31/2010` is not a time of the form %d/%m/%Y",
        );
        check("2011-01-01 00:00:00 -0800", &pattern("%Y-%m-%d %H:%M:%S %z"), "UTC", false, "2011-01-01T08:00:00Z");
        check("1500000000", &TimeFormat::UnixSeconds, "UTC", false, "2017-07-14T02:40:00Z");
        check("1500000000250", &TimeFormat::UnixMillis, "UTC", false, "2017-07-14T02:40:00.25Z");
        check("1500000000250001", &TimeFormat::UnixMicros, "UTC", false, "2017-07-14T02:40:00.250001Z");
        check("0", &TimeFormat::UnixSeconds, "UTC", false, "`0` is outside the years 1970 to 2105");
    }
}
