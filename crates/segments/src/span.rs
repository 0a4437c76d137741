//! Lengths of time as people write them: `30d`, `12h`, `45m`, `10s`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds, written as a number and a unit: `s`, `m`, `h`, `d` or `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time; write a number and a unit, such as 30d, 12h, 45m or 10s")]
pub struct SpanError(String);

const UNITS: [(char, u64, &str); 5] =
    [('w', 604_800, "week"), ('d', 86_400, "day"), ('h', 3_600, "hour"), ('m', 60, "minute"), ('s', 1, "second")];

impl Span {
    /// So many days.
    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }

    /// In microseconds.
    pub const fn micros(self) -> i64 {
        (self.0 as i64).saturating_mul(1_000_000)
    }

    /// The number and the unit in which it is whole; weeks are told as days.
    fn parts(self) -> (u64, char, &'static str) {
        let whole = UNITS[1..].iter().find(|(_, size, _)| self.0 >= *size && self.0.is_multiple_of(*size));
        let (unit, size, word) = whole.copied().unwrap_or(UNITS[4]);
        (self.0 / size, unit, word)
    }

    /// In words: `30 days`.
    pub fn words(self) -> String {
        let (n, _, word) = self.parts();
        if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit, _) = self.parts();
        write!(f, "{n}{unit}")
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let text = text.trim();
        let wrong = || SpanError(text.chars().take(40).collect());
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let (_, size, _) = UNITS.iter().find(|(u, ..)| *u == unit).ok_or_else(wrong)?;
        let n: u64 = text[..text.len() - unit.len_utf8()].trim().parse().map_err(|_| wrong())?;
        n.checked_mul(*size).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_as_it_is_written() {
        for (text, seconds, again) in
            [("30d", 2_592_000, "30d"), ("2w", 1_209_600, "14d"), (" 90 m", 5_400, "90m"), ("0s", 0, "0s")]
        {
            let span: Span = text.parse().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((span.0, span.to_string().as_str()), (seconds, again));
        }
        for text in ["", "d", "-3d", "3 moons", "3é", "99999999999999999999d", "999999999999999999w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!((Span(1).words(), Span::days(30).words()), ("1 second".to_owned(), "30 days".to_owned()));
    }
}
