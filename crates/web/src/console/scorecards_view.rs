//! Scorecards in words, ranked, with their intervals drawn.

use super::findings_view::amount;
use super::frame::{Frame, percent_encoded};
use super::map_view::Opens;
use crate::format;
use throughline_journeys::scorecards::{
    Adjusted, Card, CardFigure, CardValue, Flag, Measure, MeasureKind, Rate, Scorecard, Sold,
};
use throughline_value::Estimate;

/// The words for a dimension: one, and many.
pub(crate) fn nouns(key: &str) -> (String, String) {
    let name = key.rsplit_once('.').map_or(key, |(_, name)| name).replace(['_', '-'], " ");
    let many = match name.as_str() {
        "staff" => return ("member of staff".to_owned(), "staff".to_owned()),
        // A property is no thing that can be counted.
        n if key.contains('.') => n.to_owned(),
        n if n.ends_with('s') && !n.ends_with("ss") => n.to_owned(),
        n if n.ends_with("ss") || n.ends_with("sh") || n.ends_with("ch") || n.ends_with('x') => format!("{n}es"),
        n => match n.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
            Some(stem) => format!("{stem}ies"),
            None => format!("{n}s"),
        },
    };
    (name, many)
}

/// How many values a dimension has, in words.
pub(crate) fn values_of(key: &str, n: usize) -> String {
    let (one, many) = nouns(key);
    if key.contains('.') {
        format::counted(n as u64, "value", "values")
    } else {
        format::counted(n as u64, &one, &many)
    }
}

/// A measure in words.
pub(crate) fn title(measure: &Measure) -> String {
    match &measure.kind {
        MeasureKind::Mean { score, .. } => match score.as_str() {
            "nps" => "Recommendation (NPS)".to_owned(),
            "csat" => "Satisfaction (CSAT)".to_owned(),
            "ces" => "Ease (CES)".to_owned(),
            other => format::name(other),
        },
        MeasureKind::Share => Rate::ALL.into_iter().find(|r| r.key() == measure.key).map_or("", rate_title).to_owned(),
    }
}

pub(crate) fn rate_title(rate: Rate) -> &'static str {
    match rate {
        Rate::Unhappy => "Unhappy answers",
        Rate::Broken => "Promises not kept",
        Rate::SentBack => "Sent back or refunded",
        Rate::Complained => "Complaints and defects",
        Rate::AskedHelp => "Asked for help",
    }
}

/// What a measure counts, for somebody who asks.
pub(crate) fn explained(measure: &Measure, unit: &str) -> String {
    match (&measure.kind, measure.key.as_str()) {
        (MeasureKind::Mean { score, .. }, _) if score == "nps" => {
            "Share of promoters less share of detractors, from −100 to +100; more is better.".to_owned()
        }
        (MeasureKind::Mean { min, max, .. }, _) => {
            format!(
                "The mean answer from {} to {}; more is better.",
                format::decimal(*min, 0),
                format::decimal(*max, 0)
            )
        }
        (_, "unhappy") => {
            format!("Of the {unit}s with an answer about it, and of answers by themselves: those with an unhappy one.")
        }
        (_, "broken") => format!(
            "Of the {unit}s with a promise whose time has come, and in which it took part by then: those in which it was not kept in time."
        ),
        (_, "sent-back") => format!("Of its {unit}s: those of which it was sent back, exchanged or refunded."),
        (_, "complained") => format!("Of its {unit}s: those with a complaint, a defect, a dispute or a claim."),
        _ => format!("Of its {unit}s: those in which the customer turned to the help desk after it had joined."),
    }
}

/// The figure that counts a measure's bad ones, or its answers.
pub(crate) fn figure_of(measure: &Measure) -> CardFigure {
    match &measure.kind {
        MeasureKind::Mean { score, .. } => CardFigure::Scored(score.clone()),
        MeasureKind::Share => {
            let rate = Rate::ALL.into_iter().find(|r| r.key() == measure.key).unwrap_or(Rate::Unhappy);
            rate.figures().1
        }
    }
}

/// The words above the people of a figure.
pub(crate) fn figure_words(figure: &CardFigure) -> String {
    match figure {
        CardFigure::Touched => "all customers".to_owned(),
        CardFigure::Met => "everybody who met it".to_owned(),
        CardFigure::Settled => "with a promise whose time has come".to_owned(),
        CardFigure::Broken => "with a promise that was not kept".to_owned(),
        CardFigure::SentBack => "sent back or refunded".to_owned(),
        CardFigure::Complained => "complaints and defects".to_owned(),
        CardFigure::AskedHelp => "asked for help".to_owned(),
        CardFigure::Answered => "with an answer".to_owned(),
        CardFigure::Unhappy => "unhappy".to_owned(),
        CardFigure::Scored(kind) => format!("answered ({kind})"),
    }
}

/// A part of a path: what would end it is written otherwise.
pub(crate) fn segment(text: &str) -> String {
    percent_encoded(text).replace('/', "%2F")
}

/// A number in the unit of its measure.
pub(crate) fn number(measure: &Measure, value: f64) -> String {
    match measure.kind {
        MeasureKind::Share => format::percent(value),
        MeasureKind::Mean { min, max, .. } => format::decimal(value, if max - min > 20.0 { 0 } else { 2 }),
    }
}

/// An interval in the unit of its measure.
pub(crate) fn interval(measure: &Measure, e: &Estimate) -> String {
    match measure.kind {
        MeasureKind::Share => format::percent_interval(e),
        MeasureKind::Mean { min, max, .. } => format::range(e.low, e.high, if max - min > 20.0 { 0 } else { 2 }),
    }
}

/// Money of every currency, never added up.
pub(crate) fn money(all: &[Sold]) -> String {
    let one = |s: &Sold| amount(s.sold as f64, &String::from_utf8_lossy(&s.currency));
    let shown: Vec<String> = all.iter().filter(|s| s.sold > 0).take(3).map(one).collect();
    shown.join(" + ")
}

/// Money that went back, of every currency.
pub(crate) fn money_back(all: &[Sold]) -> String {
    let one = |s: &Sold| amount(s.back as f64, &String::from_utf8_lossy(&s.currency));
    all.iter().filter(|s| s.back > 0).take(3).map(one).collect::<Vec<_>>().join(" + ")
}

/// How a table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Worst,
    Best,
    Size,
    Name,
}

impl Sort {
    pub(crate) const ALL: [(Sort, &'static str, &'static str); 4] = [
        (Sort::Worst, "worst", "Surely worst first"),
        (Sort::Best, "best", "Surely best first"),
        (Sort::Size, "size", "Largest first"),
        (Sort::Name, "name", "By name"),
    ];

    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL.iter().find(|(_, n, _)| *n == name).map_or(Sort::Worst, |(s, ..)| *s)
    }

    pub(crate) fn key(self) -> &'static str {
        Self::ALL.iter().find(|(s, ..)| *s == self).map_or("", |(_, n, _)| n)
    }
}

/// The places of the values, ranked: by the end of the interval that speaks for them least when the
/// worst are sought, and against them least when the best are. Those without a figure stand last.
pub(crate) fn ranked(card: &Scorecard, measure: usize, sort: Sort) -> Vec<usize> {
    let high_is_bad = card.measures.get(measure).is_some_and(Measure::high_is_bad);
    let key = |i: usize| -> f64 {
        let Some(found) = card.values[i].cards.get(measure).copied().flatten() else { return f64::INFINITY };
        match (sort, high_is_bad) {
            (Sort::Worst, true) => -found.estimate.low,
            (Sort::Worst, false) => found.estimate.high,
            (Sort::Best, true) => found.estimate.high,
            (Sort::Best, false) => -found.estimate.low,
            (Sort::Size | Sort::Name, _) => 0.0,
        }
    };
    let mut places: Vec<usize> = (0..card.values.len()).collect();
    // Stable: what is equal stays in the order of size.
    match sort {
        Sort::Name => places.sort_by(|&a, &b| card.values[a].value.cmp(&card.values[b].value)),
        Sort::Size => {}
        _ => places.sort_by(|&a, &b| key(a).total_cmp(&key(b))),
    }
    places
}

/// The drawing of intervals has this width; the axis this much margin on both sides.
pub(crate) const WIDTH: f64 = 240.0;
const MARGIN: f64 = 8.0;

/// An axis that holds every interval it is shown for.
pub(crate) struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    pub(crate) fn of(estimates: impl Iterator<Item = Estimate>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for e in estimates {
            (low, high) = (low.min(e.low), high.max(e.high));
        }
        if low >= high { Self { low: low - 1.0, high: high + 1.0 } } else { Self { low, high } }
    }

    pub(crate) fn x(&self, value: f64) -> String {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        format!("{:.1}", MARGIN + share * (WIDTH - 2.0 * MARGIN))
    }
}

/// One line of a caterpillar plot.
pub(crate) struct Plot {
    pub(crate) low: String,
    pub(crate) value: String,
    pub(crate) high: String,
    /// As counted, before it was drawn towards the mean.
    pub(crate) raw: String,
    pub(crate) mean: String,
}

impl Plot {
    pub(crate) fn new(axis: &Axis, card: &Card, mean: f64) -> Self {
        Self {
            low: axis.x(card.estimate.low),
            value: axis.x(card.estimate.value),
            high: axis.x(card.estimate.high),
            raw: axis.x(card.raw),
            mean: axis.x(mean),
        }
    }
}

/// One value by one measure, in words.
pub(crate) struct Cell {
    /// `84 of 410`, or `312 answers`, with its people.
    pub(crate) seen: Opens,
    pub(crate) raw: String,
    pub(crate) value: String,
    pub(crate) interval: String,
    pub(crate) plot: Plot,
    pub(crate) beside: Option<(String, String)>,
    pub(crate) verdict: String,
    /// `low` for worse, `high` for better.
    pub(crate) mood: &'static str,
    pub(crate) hover: String,
}

impl Cell {
    pub(crate) fn new(measure: &Measure, card: &Card, axis: &Axis, beside: Option<&str>, href: String) -> Self {
        let seen = match measure.kind {
            MeasureKind::Share => format!("{} of {}", format::count(card.events), format::count(card.n)),
            MeasureKind::Mean { .. } => format::counted(card.n, "answer", "answers"),
        };
        let (verdict, mood) = verdict(card, beside);
        Self {
            seen: Opens { words: seen, href },
            raw: number(measure, card.raw),
            value: number(measure, card.estimate.value),
            interval: interval(measure, &card.estimate),
            plot: Plot::new(axis, card, measure.mean.value),
            beside: card.adjusted.as_ref().zip(beside).map(|(a, noun)| adjusted(a, noun)),
            verdict,
            mood,
            hover: format!(
                "As counted: {}. Drawn towards the mean of {}: {} (95 % interval {}). Worse than the mean with probability {}. False discovery rate q = {}.",
                number(measure, card.raw),
                number(measure, measure.mean.value),
                number(measure, card.estimate.value),
                interval(measure, &card.estimate),
                format::percent(card.worse),
                q_words(card.q)
            ),
        }
    }
}

fn q_words(q: f64) -> String {
    if q < 0.0001 { "below 0.0001".to_owned() } else { format!("{q:.4}") }
}

/// `1.9×`, with what is behind it.
fn adjusted(a: &Adjusted, noun: &str) -> (String, String) {
    let bounds = match a.high {
        Some(high) => format::range(a.low, high, 1),
        None => format!("at least {}", format::decimal(a.low, 1)),
    };
    let shown = match a.ratio {
        Some(ratio) => format!("{}×, {bounds}", format::decimal(ratio, 1)),
        None => bounds.clone(),
    };
    let mut hover = format!(
        "{} seen, {} expected had it been as the others with the same {noun} (95 % interval of the ratio {bounds}; q = {}).",
        format::decimal(a.seen, 0),
        format::decimal(a.expected, 1),
        q_words(a.q)
    );
    if a.left_out > 0.005 {
        hover.push_str(&format!(" {} of it has nobody to be compared with.", format::percent(a.left_out)));
    }
    (shown, hover)
}

/// In words whether a value stands out, and whether that survives a fair comparison.
fn verdict(card: &Card, beside: Option<&str>) -> (String, &'static str) {
    let side = card.adjusted.as_ref().zip(beside);
    match (card.flag, side) {
        (Flag::Alike, Some((a, noun))) if a.flag == Flag::Worse => {
            (format!("worse than others with the same {noun}"), "low")
        }
        (Flag::Alike, Some((a, noun))) if a.flag == Flag::Better => {
            (format!("better than others with the same {noun}"), "high")
        }
        (Flag::Alike, _) => ("no more than chance".to_owned(), ""),
        (flag, None) => (format!("{} than the others", word(flag)), mood(flag)),
        (flag, Some((a, noun))) if a.flag == flag => (format!("{}, also with the same {noun}", word(flag)), mood(flag)),
        (flag, Some((a, noun))) if a.left_out > 0.5 => {
            (format!("{}; too few others with the same {noun} to compare", word(flag)), mood(flag))
        }
        (flag, Some((_, noun))) => (format!("{}, but not beyond what the {noun} explains", word(flag)), ""),
    }
}

fn word(flag: Flag) -> &'static str {
    match flag {
        Flag::Worse => "worse",
        Flag::Better => "better",
        Flag::Alike => "alike",
    }
}

fn mood(flag: Flag) -> &'static str {
    match flag {
        Flag::Worse => "low",
        Flag::Better => "high",
        Flag::Alike => "",
    }
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) rank: usize,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) met: Opens,
    pub(crate) money: String,
    pub(crate) cell: Option<Cell>,
}

/// The address of a value's page.
pub(crate) fn value_href(frame: &Frame, kind: &str, value: &str) -> String {
    frame.to(format!("/scorecards/{}/{}", segment(kind), segment(value)))
}

/// The address of the people behind a figure.
pub(crate) fn people_href(frame: &Frame, kind: &str, value: &str, figure: &CardFigure) -> String {
    let figure = percent_encoded(&figure.name());
    frame.to(format!("/scorecards/{}/{}/people?figure={figure}", segment(kind), segment(value)))
}

/// The lines of one page, and the axis that they share.
pub(crate) fn rows(
    frame: &Frame,
    kind: &str,
    card: &Scorecard,
    measure: usize,
    beside: Option<&str>,
    places: &[usize],
    first_rank: usize,
) -> Vec<Row> {
    let of = |v: &CardValue| v.cards.get(measure).copied().flatten();
    let mean = card.measures.get(measure).map(|m| m.mean);
    let shown = places.iter().filter_map(|&i| of(&card.values[i]).map(|c| c.estimate));
    let axis = Axis::of(shown.chain(mean));
    places
        .iter()
        .enumerate()
        .map(|(n, &i)| {
            let value = &card.values[i];
            let cell =
                card.measures.get(measure).zip(of(value)).map(|(m, c)| {
                    Cell::new(m, &c, &axis, beside, people_href(frame, kind, &value.value, &figure_of(m)))
                });
            Row {
                rank: first_rank + n,
                name: value.value.clone(),
                href: value_href(frame, kind, &value.value),
                met: Opens {
                    words: format::count(value.met),
                    href: people_href(frame, kind, &value.value, &CardFigure::Met),
                },
                money: money(&value.money),
                cell,
            }
        })
        .collect()
}

/// Whether and by how much the values differ, in a sentence.
pub(crate) fn difference(measure: &Measure, many: &str) -> String {
    if measure.compared < 2 {
        return "Nobody to compare with.".to_owned();
    }
    if !measure.differ {
        return format!(
            "No difference beyond chance: what separates these {many} is what equal ones would show, too (p = {}).",
            format::decimal(measure.differ_p, 2)
        );
    }
    let b = measure.between;
    let spread = match measure.kind {
        MeasureKind::Share => {
            let points = |v: f64| format::decimal(v * 100.0, 1);
            format!("± {} percentage points ({}–\u{2060}{})", points(b.value), points(b.low), points(b.high))
        }
        MeasureKind::Mean { min, max, .. } => {
            let d = if max - min > 20.0 { 0 } else { 2 };
            format!("± {} ({})", format::decimal(b.value, d), format::range(b.low, b.high, d))
        }
    };
    format!(
        "They differ beyond chance: from one to the next by {spread}, about a mean of {}.",
        number(measure, measure.mean.value)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_have_words() {
        let check = |key: &str, many: &str| assert_eq!(nouns(key).1, many);
        check("carrier", "carriers");
        check("staff", "staff");
        check("category", "categories");
        check("property.payment_method", "payment method");
        check("campaign", "campaigns");
        check("address", "addresses");
        check("survey", "surveys");
        check("items", "items");
    }

    #[test]
    fn a_slash_ends_no_path() {
        assert_eq!(segment("a/b c?"), "a%2Fb%20c%3F");
    }
}
