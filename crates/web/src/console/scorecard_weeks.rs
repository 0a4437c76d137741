//! A value over time: week by week, or four weeks together where there are many, each drawn towards
//! the mean of all, and whether it is steady.

use super::scorecards_view::rate_title;
use crate::format;
use throughline_interactions::{Timestamp, Zone};
use throughline_journeys::scorecards::{DetailState, Rate, ScoreName};
use throughline_value::Estimate;
use throughline_value::shrinkage::{Profile, Sums, Tally, means, rates};

/// The drawing's size and margins.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 120.0;
const TOP: f64 = 8.0;
/// More weeks than this are drawn four together.
const MOST: usize = 60;
/// Fewer observations in all say nothing about time.
const FEWEST: u64 = 10;

/// One measure over time.
pub(crate) struct Chart {
    pub(crate) title: String,
    /// Whether it is steady, in a sentence.
    pub(crate) steady: String,
    pub(crate) band: String,
    pub(crate) line: String,
    pub(crate) dots: Vec<(String, String, String)>,
    /// Height of the mean, and what it is.
    pub(crate) mean_y: String,
    pub(crate) mean: String,
    /// The ends of the axis.
    pub(crate) top: String,
    pub(crate) bottom: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) caption: String,
    /// Period, number, interval, n.
    pub(crate) table: Vec<[String; 4]>,
}

/// The answers asked most, and promises.
pub(crate) fn charts(detail: &DetailState, unit: &str, zone: Option<&Zone>) -> Vec<Chart> {
    let mut out = Vec::new();
    let most = detail.scores.iter().max_by_key(|(_, weeks)| weeks.values().map(|s| s.n).sum::<u64>());
    if let Some((name, weeks)) = most {
        let periods = together(weeks.iter().map(|(w, s)| (*w, *s)).collect(), |a: &mut Sums, b| a.merge(&b));
        let all: Vec<Sums> = periods.points.iter().map(|(_, s)| *s).collect();
        let unit = |p: Profile| scaled(p, 0.001);
        let profile = means(&all, (name.min as f64, name.max as f64)).map(unit);
        let shown = |v: f64| format::decimal(v, if name.max - name.min > 20_000 { 0 } else { 2 });
        let limits = (name.min as f64 / 1_000.0, name.max as f64 / 1_000.0);
        out.extend(profile.and_then(|p| {
            chart(score_title(name), &p, &periods.starts(), periods.weeks, limits, &shown, "answer", zone)
        }));
    }
    let tallies = |rate: Rate| -> Vec<(i64, Tally)> {
        let place = Rate::ALL.iter().position(|r| *r == rate).unwrap_or(0);
        detail.weeks.iter().map(|(w, week)| (*w, week.rates[place])).filter(|(_, t)| t.n > 0).collect()
    };
    for rate in [Rate::Broken, Rate::SentBack] {
        let weeks = tallies(rate);
        if weeks.iter().all(|(_, t)| t.events == 0) {
            continue;
        }
        let periods = together(weeks, |a: &mut Tally, b| {
            a.events += b.events;
            a.n += b.n;
        });
        let all: Vec<Tally> = periods.points.iter().map(|(_, t)| *t).collect();
        let chart = rates(&all).and_then(|p| {
            let shown = |v: f64| format::percent(v);
            chart(rate_title(rate).to_owned(), &p, &periods.starts(), periods.weeks, (0.0, 1.0), &shown, unit, zone)
        });
        out.extend(chart);
    }
    out
}

fn score_title(name: &ScoreName) -> String {
    match name.kind.as_str() {
        "nps" => "Recommendation (NPS)".to_owned(),
        kind => format::name(kind),
    }
}

fn scaled(p: Profile, factor: f64) -> Profile {
    let units = p.units.into_iter().map(|u| {
        u.map(|u| throughline_value::shrinkage::Unit { raw: u.raw * factor, estimate: u.estimate.times(factor), ..u })
    });
    Profile {
        mean: p.mean.times(factor),
        between: p.between.times(factor),
        units: units.collect(),
        differ_p: p.differ_p,
    }
}

/// Periods of so many weeks, by the week they begin with.
struct Periods<T> {
    weeks: i64,
    points: Vec<(i64, T)>,
}

impl<T> Periods<T> {
    fn starts(&self) -> Vec<i64> {
        self.points.iter().map(|(w, _)| *w).collect()
    }
}

fn together<T>(weeks: Vec<(i64, T)>, merge: impl Fn(&mut T, T)) -> Periods<T> {
    let span = match (weeks.first(), weeks.last()) {
        (Some((first, _)), Some((last, _))) => (last - first + 1) as usize,
        _ => 0,
    };
    let length = if span > MOST { 4 } else { 1 };
    let mut points: Vec<(i64, T)> = Vec::new();
    for (week, value) in weeks {
        let start = week.div_euclid(length) * length;
        match points.last_mut() {
            Some((last, known)) if *last == start => merge(known, value),
            _ => points.push((start, value)),
        }
    }
    Periods { weeks: length, points }
}

#[expect(clippy::too_many_arguments, reason = "one drawing, made in two places above")]
fn chart(
    title: String,
    profile: &Profile,
    starts: &[i64],
    weeks: i64,
    limits: (f64, f64),
    shown: &dyn Fn(f64) -> String,
    what: &str,
    zone: Option<&Zone>,
) -> Option<Chart> {
    let points: Vec<(i64, Estimate)> =
        starts.iter().zip(&profile.units).filter_map(|(w, u)| u.map(|u| (*w, u.estimate))).collect();
    let n: u64 = points.iter().map(|(_, e)| e.n).sum();
    if points.len() < 2 || n < FEWEST {
        return None;
    }
    let (mut low, mut high) = (profile.mean.low, profile.mean.high);
    for (_, e) in &points {
        (low, high) = (low.min(e.low), high.max(e.high));
    }
    let room = (high - low).max(1e-9) * 0.06;
    let (low, high) = ((low - room).max(limits.0), (high + room).min(limits.1));
    let (from, until) = (points[0].0, points[points.len() - 1].0);
    let x = |week: i64| 12.0 + (week - from) as f64 / (until - from).max(1) as f64 * (WIDTH - 24.0);
    let y = |v: f64| TOP + (high - v) / (high - low).max(1e-9) * (HEIGHT - 2.0 * TOP);
    let corner = |week: i64, v: f64| format!("{:.1},{:.1}", x(week), y(v));
    let upper = points.iter().map(|(w, e)| corner(*w, e.high));
    let lower = points.iter().rev().map(|(w, e)| corner(*w, e.low));
    let day = |week: i64| format::day(Timestamp(DetailState::begins(week)), zone);
    let period = if weeks == 1 { "week" } else { "four weeks" };
    let steady = if profile.differ() {
        let between = profile.between;
        format!(
            "Not steady: beyond chance it moves by ± {} ({}–\u{2060}{}) from one {} to the next.",
            shown(between.value),
            shown(between.low),
            shown(between.high),
            if weeks == 1 { "week" } else { "period of four weeks" }
        )
    } else {
        format!(
            "Steady: {} differ no more than chance.",
            if weeks == 1 { "its weeks" } else { "periods of four weeks" }
        )
    };
    let row = |(w, e): &(i64, Estimate)| {
        [
            day(*w),
            shown(e.value),
            format!("{}–\u{2060}{}", shown(e.low), shown(e.high)),
            format::counted(e.n, what, &format!("{what}s")),
        ]
    };
    let dot = |(w, e): &(i64, Estimate)| {
        let hover = format!(
            "{} from {}: {}, {} to {}; {}",
            sentence_of(period),
            day(*w),
            shown(e.value),
            shown(e.low),
            shown(e.high),
            format::counted(e.n, what, &format!("{what}s"))
        );
        (format!("{:.1}", x(*w)), format!("{:.1}", y(e.value)), hover)
    };
    Some(Chart {
        steady,
        band: upper.chain(lower).collect::<Vec<_>>().join(" "),
        line: points.iter().map(|(w, e)| corner(*w, e.value)).collect::<Vec<_>>().join(" "),
        dots: points.iter().map(dot).collect(),
        mean_y: format!("{:.1}", y(profile.mean.value)),
        mean: shown(profile.mean.value),
        top: shown(high),
        bottom: shown(low),
        first: day(from),
        last: day(until),
        caption: format!("{title} by {period}, each drawn towards the mean; 95 % intervals"),
        table: points.iter().map(row).collect(),
        title,
    })
}

fn sentence_of(period: &str) -> String {
    super::frame::sentence(period)
}
