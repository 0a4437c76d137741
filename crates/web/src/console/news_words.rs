//! What changed, in the reader's words: sentences with their numbers, a small curve, and the people.

use super::frame::sentence;
use crate::format;
use throughline_interactions::{Currency, Money, Zone};
use throughline_journeys::{Line, Series};
use throughline_news::{JourneyNews, News, Told, joins_key};
use throughline_pipeline::UnusualHour;

/// A sentence of Today.
pub(crate) struct Sentence {
    /// The same as long as the same thing is meant.
    pub(crate) key: String,
    /// What changed, without a point at its end.
    pub(crate) text: String,
    /// Whom it meets; empty where that is said already.
    pub(crate) whom: String,
    /// The list of the people, a path of the console.
    pub(crate) people: String,
    pub(crate) is_worse: bool,
    pub(crate) spark: Spark,
}

/// A small curve with its words.
pub(crate) struct Spark {
    pub(crate) points: String,
    pub(crate) last: (String, String),
    pub(crate) words: String,
}

/// Everything that changed, what got worse first.
pub(crate) fn sentences(news: &News, currency: &str, zone: Option<&Zone>) -> Vec<Sentence> {
    let several = news.journeys.len() > 1;
    let mut all: Vec<Sentence> = news.told().map(|(j, told)| said(j, told, currency, zone, several)).collect();
    all.extend(news.joins.as_ref().map(|u| joined(u, zone)));
    all.sort_by_key(|s| !s.is_worse);
    all
}

/// People were joined faster than chance would have it.
fn joined(unusual: &UnusualHour, zone: Option<&Zone>) -> Sentence {
    let text = format!(
        "{} were joined in the hour from {}, usually {} at that time; more than {} come about by chance once a year",
        format::counted(unusual.joined, "pair of identifiers", "pairs of identifiers"),
        format::minute(unusual.hour, zone),
        format::decimal(unusual.usual, 1),
        format::count(unusual.most)
    );
    let values: Vec<Option<f64>> = unusual.hours.iter().map(|n| Some(*n as f64)).collect();
    let words: Vec<String> = unusual.hours.iter().map(|n| format::count(*n)).collect();
    Sentence {
        key: joins_key(unusual),
        text: sentence(&text),
        whom: "What they share".to_owned(),
        people: "/customers/shared".to_owned(),
        is_worse: true,
        spark: drawn(&values, format!("Hour by hour: {}", words.join(", "))),
    }
}

fn said(journey: &JourneyNews, told: &Told, currency: &str, zone: Option<&Zone>, several: bool) -> Sentence {
    let line = &told.line;
    let week = format!("in the week from {}", format::short_day(line.from, zone));
    let (before, now, reach, way) = line.change.as_ref().map_or((0.0, 0.0, 0.0, ""), |c| {
        (c.before, c.now, c.difference.half_width(), if c.t > 0.0 { "rose" } else { "fell" })
    });
    let noun = noun(journey, line);
    let text = match (line.series, line.medians) {
        (Series::Started, _) => format!(
            "{noun} {way} to {} {week}, usually {} (±{})",
            format::count(now.round() as u64),
            format::count(before.round() as u64),
            format::count(reach.ceil() as u64)
        ),
        (Series::Slow { .. }, Some((usual, median))) => format!(
            "{noun} {way} from {} to {} at the median {week}; {} took longer than usual (±{})",
            format::duration(usual),
            format::duration(median),
            format::percent(now),
            format::decimal(reach * 100.0, 1)
        ),
        _ => format!(
            "{noun} {way} from {} to {} (±{}) {week}",
            format::percent(before),
            format::percent(now),
            format::decimal(reach * 100.0, 1)
        ),
    };
    let within = if several { format!(", in “{}”", journey.definition.name) } else { String::new() };
    let spent = told.spent.zip(Currency::new(currency).ok()).map(|(minor, currency)| Money { minor, currency });
    let whom = match (line.series, spent) {
        (Series::Started, _) => format::counted(told.customers, "customer", "customers"),
        (_, Some(money)) => format!(
            "{}, {} of purchases",
            format::counted(told.customers, "customer", "customers"),
            format::money(&money)
        ),
        (_, None) => format::counted(told.customers, "customer", "customers"),
    };
    Sentence {
        key: told.key.clone(),
        text: sentence(&format!("{text}{within}")),
        whom,
        people: format!("/journeys/{}/people?figure={}", journey.definition.key, figure(journey, line)),
        is_worse: line.is_worse(),
        spark: spark(line),
    }
}

/// What a series follows, as the beginning of a sentence in small letters.
fn noun(journey: &JourneyNews, line: &Line) -> String {
    let definition = &journey.definition;
    let many = definition.subject.as_deref().map_or("journeys".to_owned(), |s| format!("{s}s"));
    let stage = |s: usize| definition.stages.get(s).map_or("", |s| if s.name.is_empty() { &s.key } else { &s.name });
    match line.series {
        Series::Started => many,
        Series::Unfinished { days } => {
            format!("{many} not finished within {}", format::counted(days.into(), "day", "days"))
        }
        Series::Stopped { stage: s, days } => {
            format!(
                "{many} that did not go on from “{}” within {}",
                stage(s),
                format::counted(days.into(), "day", "days")
            )
        }
        Series::Slow { stage: s, .. } => format!("the time to “{}”", stage(s)),
        Series::Broken { rule } => {
            let kind = definition.promises.get(rule).map_or("", |p| p.kind.as_str());
            format!("broken {kind} promises")
        }
        Series::Unhappy => "unhappy answers".to_owned(),
    }
}

/// The name of the people behind the last week of a series.
fn figure(journey: &JourneyNews, line: &Line) -> String {
    let definition = &journey.definition;
    let stage = |s: usize| definition.stages.get(s).map_or("", |s| s.key.as_str());
    let series = match line.series {
        Series::Started => "started".to_owned(),
        Series::Unfinished { days } => format!("unfinished.{days}"),
        Series::Stopped { stage: s, days } => format!("stopped.{}.{days}", stage(s)),
        Series::Slow { stage: s, seconds } => format!("slow.{}.{seconds}", stage(s)),
        Series::Broken { rule } => format!("broken.{}", definition.promises.get(rule).map_or("", |p| p.kind.as_str())),
        Series::Unhappy => "unhappy".to_owned(),
    };
    let seconds = |micros: i64| micros.div_euclid(1_000_000);
    format!("week.{}.{}.{series}", seconds(line.from.0), seconds(line.until.0))
}

/// One sentence about what was looked at and has not changed; empty where nothing could be.
pub(crate) fn steady(news: &News) -> String {
    let all: Vec<String> = news
        .journeys
        .iter()
        .flat_map(|j| j.weeks.lines.iter().filter(|l| l.change.is_some() && !l.has_changed()).map(move |l| (j, l)))
        .map(|(j, line)| {
            let now = match (line.series, line.medians, line.change) {
                (Series::Started, _, Some(c)) => format!(" ({})", format::count(c.now.round() as u64)),
                (Series::Slow { .. }, Some((_, median)), _) => format!(" ({})", format::duration(median)),
                (_, _, Some(c)) => format!(" ({})", format::percent(c.now)),
                _ => String::new(),
            };
            let each = if line.series == Series::Started { " a week" } else { "" };
            format!("{}{each}{now}", noun(j, line))
        })
        .collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => format!("Steady, as far as chance lets one see: {one}"),
        [first @ .., last] => format!("Steady, as far as chance lets one see: {} and {last}", first.join(", ")),
    }
}

/// What has too few weeks or cases for a change to be told; empty where there is nothing.
pub(crate) fn untold(news: &News) -> String {
    let lines = news.journeys.iter().flat_map(|j| j.weeks.lines.iter().map(move |l| (j, l)));
    let all: Vec<String> = lines.filter(|(_, l)| l.change.is_none()).map(|(j, l)| noun(j, l)).collect();
    all.join(", ")
}

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// Room for the line and the dot at its end.
const EDGE: f64 = 4.0;

fn spark(line: &Line) -> Spark {
    let values: Vec<Option<f64>> = (0..line.points.len()).map(|i| line.value(i)).collect();
    let shown = |v: f64| match line.series {
        Series::Started => format::count(v.round() as u64),
        _ => format::percent(v),
    };
    let words: Vec<String> = values.iter().map(|v| v.map_or("nobody".to_owned(), shown)).collect();
    drawn(&values, format!("Week by week: {}", words.join(", ")))
}

fn drawn(values: &[Option<f64>], words: String) -> Spark {
    let most = values.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = (WIDTH - 2.0 * EDGE) / values.len().saturating_sub(1).max(1) as f64;
    let at = |i: usize, v: f64| (EDGE + step * i as f64, HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * v / most);
    let places: Vec<(f64, f64)> = values.iter().enumerate().filter_map(|(i, v)| Some(at(i, (*v)?))).collect();
    let last = places.last().copied().unwrap_or_default();
    Spark {
        points: places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" "),
        last: (format!("{:.1}", last.0), format!("{:.1}", last.1)),
        words,
    }
}

impl Sentence {
    /// A sentence for trying an alert out.
    pub(crate) fn example(text: &str) -> Self {
        let spark = Spark { points: String::new(), last: Default::default(), words: String::new() };
        Self {
            key: "test".to_owned(),
            text: text.to_owned(),
            whom: String::new(),
            people: "/today".to_owned(),
            is_worse: false,
            spark,
        }
    }
}
