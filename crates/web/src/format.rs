//! Numbers, times and money as people read them: thin spaces between thousands and before units,
//! intervals with an en dash, a true minus.

use throughline_interactions::{Currency, Money, Score, Timestamp, Zone};
use throughline_value::Estimate;

/// The narrow space that never breaks.
const THIN: char = '\u{202f}';
/// Forbids a line to end here.
const JOINER: char = '\u{2060}';

/// `9 312`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && n >= 1_000 {
            out.push(THIN);
        }
        out.push(c);
    }
    out
}

/// `1 customer`, `9 312 customers`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{}\u{a0}{}", count(n), if n == 1 { one } else { many })
}

/// A number with so many decimals and a true minus.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// `+0.3`, `−1.1`.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = decimal(value, decimals);
    if text.starts_with('−') { text } else { format!("+{text}") }
}

/// A share as percent, one decimal where it matters: `88.7 %`, `12 %`, `< 0.1 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}{THIN}%", percent_digits(share))
}

fn percent_digits(share: f64) -> String {
    match share * 100.0 {
        p if p > 0.0 && p < 0.1 => format!("<{THIN}0.1"),
        100.0 => "100".to_owned(),
        p if (10.0..90.0).contains(&p) && (p - p.round()).abs() < 0.05 => decimal(p, 0),
        p => decimal(p, 1),
    }
}

/// The interval of a share: `88.0–89.3`.
pub(crate) fn percent_interval(e: &Estimate) -> String {
    range(e.low * 100.0, e.high * 100.0, 1)
}

/// `2.6–3.7`, never broken at the end of a line.
pub(crate) fn range(low: f64, high: f64, decimals: usize) -> String {
    format!("{}–{JOINER}{}", decimal(low, decimals), decimal(high, decimals))
}

/// A length of time in its best unit: `40 s`, `6 min`, `3.5 h`, `4.2 d`.
pub(crate) fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 60.0 => (s, "s"),
        s if s < 3_600.0 => (s / 60.0, "min"),
        s if s < 86_400.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    let decimals = usize::from(value < 10.0 && (value - value.round()).abs() > 0.05);
    format!("{}{THIN}{unit}", decimal(value, decimals))
}

/// A length of time in words: `4 days`, `an hour`, `a few minutes`.
pub(crate) fn duration_in_words(seconds: i64) -> String {
    let in_words = |n: i64, one: &str, many: &str| if n == 1 { one.to_owned() } else { format!("{n} {many}") };
    match seconds {
        s if s < 120 => "a minute".to_owned(),
        s if s < 5_400 => in_words(s / 60, "a minute", "minutes"),
        s if s < 129_600 => in_words((s + 1_800) / 3_600, "an hour", "hours"),
        s => in_words((s + 43_200) / 86_400, "a day", "days"),
    }
}

/// A silence in words, if it is long enough to be one: `31 quiet days`, `5 quiet months`.
pub(crate) fn silence(seconds: i64) -> Option<String> {
    match seconds / 86_400 {
        ..=13 => None,
        d @ 14..=75 => Some(format!("{d} quiet days")),
        d @ 76..=729 => Some(format!("{} quiet months", (d + 15) / 30)),
        d => Some(format!("{} quiet years", (d + 182) / 365)),
    }
}

/// A day in a zone: `27 Oct 2018`.
pub(crate) fn day(at: Timestamp, zone: Option<&Zone>) -> String {
    strftime(at, zone, "%-d %b %Y")
}

/// A day in a zone without its year: `27 Oct`.
pub(crate) fn short_day(at: Timestamp, zone: Option<&Zone>) -> String {
    strftime(at, zone, "%-d %b")
}

/// A day in a zone as forms and the store write it: `2018-10-27`.
pub(crate) fn iso_day(at: Timestamp, zone: Option<&Zone>) -> String {
    strftime(at, zone, "%Y-%m-%d")
}

/// A minute in a zone: `27 Oct 2018, 14:03`.
pub(crate) fn minute(at: Timestamp, zone: Option<&Zone>) -> String {
    strftime(at, zone, "%-d %b %Y, %H:%M")
}

/// How many days lie between two moments on the calendar of a zone.
pub(crate) fn days_between(from: Timestamp, to: Timestamp, zone: Option<&Zone>) -> i64 {
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    let date = |at: Timestamp| jiff::Timestamp::from_microsecond(at.0).map(|t| t.to_zoned(zone.clone()).date());
    match (date(from), date(to)) {
        (Ok(from), Ok(to)) => from.duration_until(to).as_hours() / 24,
        _ => 0,
    }
}

/// The time of the day: `14:03`.
pub(crate) fn clock_time(at: Timestamp, zone: Option<&Zone>) -> String {
    strftime(at, zone, "%H:%M")
}

fn strftime(at: Timestamp, zone: Option<&Zone>, pattern: &str) -> String {
    let Ok(instant) = jiff::Timestamp::from_microsecond(at.0) else { return at.to_string() };
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    instant.to_zoned(zone).strftime(pattern).to_string()
}

/// An amount with its sign: `€ 129.90`, `−R$ 12.00`, `CHF 5.00`.
pub(crate) fn money(m: &Money) -> String {
    let sign = match m.currency.as_str() {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "BRL" => "R$",
        "JPY" => "¥",
        "INR" => "₹",
        other => other,
    };
    let digits = m.currency.decimals();
    let unit = 10_u64.pow(digits);
    let absolute = m.minor.unsigned_abs();
    let whole = count(absolute / unit);
    let minus = if m.minor < 0 { "−\u{2060}" } else { "" };
    match absolute % unit {
        0 => format!("{minus}{sign}{THIN}{whole}"),
        rest => format!("{minus}{sign}{THIN}{whole}.{rest:0w$}", w = digits as usize),
    }
}

/// What was asked, so that the answer can stand behind it.
pub(crate) fn asked(kind: &str) -> &str {
    match kind {
        "nps" => "would recommend",
        "csat" => "satisfied",
        "ces" => "found it easy",
        "stars" => "rated",
        other => other,
    }
}

/// Minor units of a currency by its code; as they are where it is none.
pub(crate) fn minor(minor: i64, currency: &str) -> String {
    match Currency::new(currency) {
        Ok(currency) => money(&Money { minor, currency }),
        Err(_) => format!("{currency}{THIN}{minor}"),
    }
}

/// A number of a scale: `4`, `4.5`.
pub(crate) fn plain(value: f64) -> String {
    if value.fract() == 0.0 { decimal(value, 0) } else { decimal(value, 1) }
}

/// A name as programs write it, as people read it: `payment_method` is `Payment method`.
pub(crate) fn name(raw: &str) -> String {
    match raw {
        "os" => "Operating system".to_owned(),
        "sku" => "SKU".to_owned(),
        _ => crate::console::sentence(&raw.replace(['_', '-'], " ")),
    }
}

/// An answer on its scale: `2 of 10`, `4.5 of 5`.
pub(crate) fn score(s: &Score) -> String {
    format!("{} of {}", plain(s.value), plain(s.max))
}

/// Bytes: `12 GB`.
pub(crate) fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return format!("{}{THIN}{unit}", decimal(value, 0));
        }
        value /= 1000.0;
    }
    format!("{}{THIN}TB", decimal(value, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace([THIN, '\u{a0}'], " ").replace(JOINER, "")
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        let check = |got: String, expected: &str| assert_eq!(plain(got), expected);
        check(count(0), "0");
        check(count(9_312), "9 312");
        check(count(312), "312");
        check(count(1_234_567), "1 234 567");
        check(counted(1, "customer", "customers"), "1 customer");
        check(signed(0.3, 1), "+0.3");
        check(signed(-1.1, 1), "−1.1");
        check(decimal(-0.01, 1), "0.0");
        check(percent(0.887), "88.7 %");
        check(percent(0.12), "12 %");
        check(percent(1.0), "100 %");
        check(percent(0.0004), "< 0.1 %");
        check(duration(40.0), "40 s");
        check(duration(4.2 * 86_400.0), "4.2 d");
        check(duration(11.0 * 86_400.0), "11 d");
        check(duration_in_words(4 * 86_400), "4 days");
        check(duration_in_words(3_700), "61 minutes");
        check(silence(31 * 86_400).unwrap(), "31 quiet days");
        check(silence(155 * 86_400).unwrap(), "5 quiet months");
        assert_eq!(silence(86_400), None);
        let eur = Currency::new("EUR").unwrap();
        check(money(&Money { minor: 12_990, currency: eur }), "€ 129.90");
        check(money(&Money { minor: -500_000, currency: eur }), "−€ 5 000");
        check(bytes(12_400_000_000), "12 GB");
    }

    #[test]
    fn times_are_told_in_the_zone_of_the_place() {
        let at = Timestamp::parse("2018-10-27T01:03:00Z", None).unwrap().instant;
        let zone = Zone::new("America/Sao_Paulo").unwrap();
        assert_eq!(day(at, Some(&zone)), "26 Oct 2018");
        assert_eq!(minute(at, None), "27 Oct 2018, 01:03");
    }
}

/// What shows that two identifiers are one person's: the fact in which both stood, or whoever decided it.
pub(crate) fn proof(link: &throughline_customers::Evidence, zone: Option<&Zone>) -> String {
    match &link.decided {
        Some(d) => {
            let by = if d.by.is_empty() { "this program" } else { &d.by };
            format!("were decided to be one person by {by} on {}", day(d.at, zone))
        }
        None => format!("stood in one interaction on {}", day(link.occurred_at, zone)),
    }
}
