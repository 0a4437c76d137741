//! What of a journey is looked at, as the address of a page says it: a window of time, those that met
//! something, and what it is compared with.

use crate::errors::Problem;
use crate::format;
use jiff::civil::Date;
use serde::Deserialize;
use throughline_interactions::{Timestamp, Zone};
use throughline_journeys::TimeRange;
use throughline_pipeline::{Met, View};

/// The fields of an address; empty ones say nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct AskedPart {
    /// `30d`, `90d`, `365d`, `all`, or `own` for `from` and `to`.
    period: Option<String>,
    /// The first day.
    from: Option<String>,
    /// The last day.
    to: Option<String>,
    /// An instant in RFC 3339: nothing after it has happened yet.
    as_of: Option<String>,
    /// `ref:carrier=dhl`: those that met it.
    only: Option<String>,
    /// Those that did not meet it.
    without: Option<String>,
    /// `before`, or `others`.
    compare: Option<String>,
}

/// What a part is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Nothing,
    /// The window before, as long, seen from the same distance.
    Before,
    /// In the same window, those that did not meet it.
    Others,
}

/// One part of a journey, in words and as an address says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) view: View,
    /// `period=90d&only=…`; empty for everything.
    pub(crate) query: String,
    /// `3 Jun – 31 Aug 2026`; empty for all time.
    pub(crate) window: String,
    /// `carrier dhl`, `not carrier dhl`; empty for everybody.
    pub(crate) met: String,
}

/// What is looked at, and beside it what it is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) part: Part,
    pub(crate) other: Option<Part>,
    pub(crate) against: Against,
    /// The chosen period, for the form.
    pub(crate) period: &'static str,
    /// First and last day as a form writes them; empty for all time.
    pub(crate) days: (String, String),
    /// The dimension and value that the part met, as the address writes them.
    pub(crate) met: Option<(bool, String)>,
}

/// The periods that an address names, with their days.
const PERIODS: [(&str, i32); 3] = [("30d", 30), ("90d", 90), ("365d", 365)];

impl AskedPart {
    /// Resolves the address: days are those of the zone, and periods count back from the last day of the
    /// data, so that a history of last year is not an empty page.
    pub(crate) fn look(&self, zone: Option<&Zone>, data_until: Option<Timestamp>) -> Result<Look, Problem> {
        let said = |field: &Option<String>| field.clone().filter(|text| !text.trim().is_empty());
        let (from, to) = (said(&self.from), said(&self.to));
        let period = match (said(&self.period).as_deref(), &from, &to) {
            (Some("all") | None, None, None) | (Some("own"), None, None) => "all",
            (Some("own") | None, _, _) => "own",
            (Some("all"), _, _) => "all",
            (Some(name), _, _) => {
                PERIODS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known).ok_or_else(|| {
                    wrong(format!("there is no period `{name}`; take 30d, 90d, 365d, all, or from and to"))
                })?
            }
        };
        let last = date_of(data_until.unwrap_or(Timestamp::MIN), zone);
        let days = match period {
            "all" => None,
            "own" => {
                let first = from.map(|text| date(&text)).transpose()?.unwrap_or(Date::constant(1970, 1, 2));
                let end = to.map(|text| date(&text)).transpose()?.unwrap_or(last);
                if first > end {
                    return Err(wrong(format!("the period ends on {end}, before it begins on {first}")));
                }
                Some((first, end))
            }
            name => {
                let length = PERIODS.iter().find(|(known, _)| *known == name).map_or(30, |(_, days)| *days);
                Some((moved(last, 1 - length)?, last))
            }
        };
        let met = self.chosen()?;
        let as_of = said(&self.as_of).map(|text| instant(&text)).transpose()?;
        let part = part(period, days, met.as_ref(), as_of, zone)?;
        let against = match said(&self.compare).as_deref() {
            Some("before") if days.is_some() => Against::Before,
            Some("others") if met.is_some() => Against::Others,
            // There is nothing before all time, and there are no others than everybody.
            Some("before" | "others" | "nothing") | None => Against::Nothing,
            Some(name) => return Err(wrong(format!("nothing is compared with `{name}`; take before or others"))),
        };
        let other = match (against, days, &met) {
            (Against::Before, Some((first, end)), _) => {
                let length = (end - first).get_days() + 1;
                let before = (moved(first, -length)?, moved(first, -1)?);
                let seen = as_of.or(data_until).unwrap_or(Timestamp::MIN);
                let distance = start(first, zone)?.0 - start(before.0, zone)?.0;
                let then = Timestamp(seen.0 - distance);
                Some(self::part("own", Some(before), met.as_ref(), Some(then), zone)?)
            }
            (Against::Others, _, Some((with, text))) => {
                Some(self::part(period, days, Some(&(!with, text.clone())), as_of, zone)?)
            }
            _ => None,
        };
        let days = days.map_or_else(Default::default, |(first, end)| (first.to_string(), end.to_string()));
        Ok(Look { part, other, against, period, days, met })
    }
}

impl AskedPart {
    /// An address that says only who met, or did not meet, something.
    pub(crate) fn of(only: String, without: String) -> Self {
        Self { only: Some(only), without: Some(without), ..Self::default() }
    }

    /// Those that met something, or did not.
    pub(crate) fn met(&self) -> Result<Option<Met>, Problem> {
        self.chosen()?.map(|(with, text)| met_of(with, &text)).transpose()
    }

    fn chosen(&self) -> Result<Option<(bool, String)>, Problem> {
        let said = |field: &Option<String>| field.clone().filter(|text| !text.trim().is_empty());
        match (said(&self.only), said(&self.without)) {
            (Some(_), Some(_)) => Err(wrong("take `only` or `without`, not both".to_owned())),
            (Some(text), None) => Ok(Some((true, text))),
            (None, Some(text)) => Ok(Some((false, text))),
            (None, None) => Ok(None),
        }
    }
}

fn met_of(with: bool, text: &str) -> Result<Met, Problem> {
    let (dimension, value) = text
        .split_once('=')
        .filter(|(dimension, value)| !dimension.is_empty() && !value.is_empty())
        .ok_or_else(|| wrong(format!("`{text}` is not a dimension and its value, such as ref:carrier=dhl")))?;
    Ok(Met { dimension: dimension.to_owned(), value: value.to_owned(), with })
}

impl Look {
    /// The address of what is looked at, the comparison included.
    pub(crate) fn query(&self) -> String {
        let compare = match self.against {
            Against::Nothing => return self.part.query.clone(),
            Against::Before => "compare=before",
            Against::Others => "compare=others",
        };
        joined(&self.part.query, compare)
    }

    /// Those that are looked at as one more field of an address, with its `&`; empty for everybody.
    pub(crate) fn and_met(&self) -> String {
        self.part.view.met.as_ref().map_or_else(String::new, |met| format!("&{}", met_query(met)))
    }

    /// The same look at those only that met, or did not meet, something, compared with the others.
    pub(crate) fn at_only(&self, dimension: &str, value: &str) -> String {
        let kept = self
            .part
            .query
            .split('&')
            .filter(|p| !p.is_empty() && !p.starts_with("only=") && !p.starts_with("without="));
        let met = format!("only={}", super::console::percent_encoded(&format!("{dimension}={value}")));
        kept.map(str::to_owned).chain([met]).collect::<Vec<_>>().join("&")
    }
}

fn part(
    period: &str,
    days: Option<(Date, Date)>,
    met: Option<&(bool, String)>,
    as_of: Option<Timestamp>,
    zone: Option<&Zone>,
) -> Result<Part, Problem> {
    let range = days.map(|(first, end)| {
        Ok::<_, Problem>(TimeRange { from: start(first, zone)?, until: start(moved(end, 1)?, zone)? })
    });
    let range = range.transpose()?;
    let mut query = match (period, days) {
        ("own", Some((first, end))) => format!("from={first}&to={end}"),
        ("all", _) | (_, None) => String::new(),
        (name, _) => format!("period={name}"),
    };
    let mut view = View { range, met: None, as_of };
    let mut words = String::new();
    if let Some((with, text)) = met {
        view.met = Some(met_of(*with, text)?);
        words = view.met.as_ref().map_or_else(String::new, met_words);
        query = joined(&query, &view.met.as_ref().map_or_else(String::new, met_query));
    }
    if let Some(at) = as_of {
        let at = jiff::Timestamp::from_microsecond(at.0).map_err(|e| wrong(e.to_string()))?;
        query = joined(&query, &format!("as_of={at}"));
    }
    let window = range.map_or_else(String::new, |r| {
        format!("{} – {}", format::day(r.from, zone), format::day(Timestamp(r.until.0 - 1), zone))
    });
    Ok(Part { view, query, window, met: words })
}

/// What was met, or was not, in words: `carrier dhl`, `not carrier dhl`.
pub(crate) fn met_words(met: &Met) -> String {
    let name = met.dimension.split_once(':').map_or(met.dimension.as_str(), |(_, name)| name).replace(['_', '-'], " ");
    format!("{}{name} {}", if met.with { "" } else { "not " }, met.value)
}

/// The same as an address says it: `only=ref%3Acarrier%3Ddhl`.
pub(crate) fn met_query(met: &Met) -> String {
    let field = if met.with { "only" } else { "without" };
    format!("{field}={}", super::console::percent_encoded(&format!("{}={}", met.dimension, met.value)))
}

/// Two parts of a query.
pub(crate) fn joined(query: &str, more: &str) -> String {
    match (query.is_empty(), more.is_empty()) {
        (true, _) => more.to_owned(),
        (_, true) => query.to_owned(),
        _ => format!("{query}&{more}"),
    }
}

fn wrong(message: String) -> Problem {
    Problem::Unreadable("invalid_period", message)
}

fn date(text: &str) -> Result<Date, Problem> {
    let read = text.trim().parse::<Date>().ok().filter(|d| (1970..=2105).contains(&d.year()));
    read.ok_or_else(|| wrong(format!("`{text}` is not a day; write it like 2026-08-31")))
}

fn instant(text: &str) -> Result<Timestamp, Problem> {
    let read = text.trim().parse::<jiff::Timestamp>();
    read.map(|at| Timestamp(at.as_microsecond()))
        .map_err(|_| wrong(format!("`{text}` is not an instant; write it like 2026-08-31T12:00:00Z")))
}

fn moved(day: Date, days: i32) -> Result<Date, Problem> {
    day.checked_add(jiff::Span::new().days(days)).map_err(|_| wrong("the period begins before all time".to_owned()))
}

fn date_of(at: Timestamp, zone: Option<&Zone>) -> Date {
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default().to_zoned(zone).date()
}

/// A moment as somebody writes it: an instant in RFC 3339, or a day, which is meant to its end.
pub(crate) fn moment(text: &str, zone: Option<&Zone>) -> Result<Timestamp, Problem> {
    match date(text) {
        Ok(day) => Ok(Timestamp(start(moved(day, 1)?, zone)?.0 - 1)),
        Err(_) => instant(text),
    }
}

/// The first moment of a day.
fn start(day: Date, zone: Option<&Zone>) -> Result<Timestamp, Problem> {
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    let begins = day.to_zoned(zone).map_err(|e| wrong(e.to_string()))?;
    Ok(Timestamp(begins.timestamp().as_microsecond()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn asked(query: &str) -> AskedPart {
        let uri = format!("http://x/?{query}").parse().unwrap();
        axum::extract::Query::<AskedPart>::try_from_uri(&uri).unwrap().0
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, None).unwrap().instant
    }

    fn look(query: &str) -> Result<Look, Problem> {
        let zone = Zone::new("Europe/Berlin").unwrap();
        asked(query).look(Some(&zone), Some(at("2026-08-31T21:30:00Z")))
    }

    #[test]
    fn days_are_those_of_the_place_and_count_back_from_the_data() {
        let all = look("").unwrap();
        assert_eq!((all.part.clone(), all.period), (Part::default(), "all"));
        assert_eq!(look("period=all&from=&to=&compare=before").unwrap().other, None, "nothing is before all time");
        let month = look("period=30d&compare=before").unwrap();
        let range = month.part.view.range.unwrap();
        assert_eq!((range.from, range.until), (at("2026-08-01T22:00:00Z"), at("2026-08-31T22:00:00Z")));
        assert_eq!((month.part.query.as_str(), month.query().as_str()), ("period=30d", "period=30d&compare=before"));
        assert_eq!(month.part.window, "2 Aug 2026 – 31 Aug 2026");
        let before = month.other.unwrap();
        let range = before.view.range.unwrap();
        assert_eq!((range.from, range.until), (at("2026-07-02T22:00:00Z"), at("2026-08-01T22:00:00Z")));
        assert_eq!(before.view.as_of, Some(at("2026-08-01T21:30:00Z")), "seen from the same distance");
        // The address of the other part leads to the same part.
        assert_eq!(look(&before.query).unwrap().part.view, before.view);
    }

    #[test]
    fn those_who_met_something_are_compared_with_the_others() {
        let met = look("only=ref:carrier%3Ddhl%20express&compare=others&from=2026-03-01&to=2026-03-31").unwrap();
        let view = met.part.view.met.as_ref().unwrap();
        assert_eq!((view.dimension.as_str(), view.value.as_str(), view.with), ("ref:carrier", "dhl express", true));
        assert_eq!(
            (met.part.met.as_str(), met.other.as_ref().unwrap().met.as_str()),
            ("carrier dhl express", "not carrier dhl express")
        );
        for part in [&met.part, met.other.as_ref().unwrap()] {
            assert_eq!(look(&part.query).unwrap().part, *part);
        }
        let at_only = look("period=90d&only=a%3Db").unwrap().at_only("ref:store", "North & South");
        assert_eq!(look(&at_only).unwrap().part.met, "store North & South");
        assert_eq!(look("compare=others").unwrap().other, None);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for wrong in [
            "period=7y",
            "from=yesterday",
            "from=2026-02-30",
            "from=2026-05-01&to=2026-04-01",
            "only=carrier",
            "only=a%3Db&without=a%3Db",
            "compare=me",
            "as_of=now",
            "from=9999-12-31",
        ] {
            assert!(matches!(look(wrong), Err(Problem::Unreadable("invalid_period", _))), "{wrong}");
        }
    }
}
