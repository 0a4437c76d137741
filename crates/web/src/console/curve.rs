//! How it felt, as a curve over the stages: the mean answer on −2 upset … +2 delighted with its
//! interval; hollow and dashed where too few have answered.
//!
//! An answer counts as much as it tells: two answers of one customer are not two customers. The
//! effective number is at most that of the different customers, which is what answers are worth when
//! those of one customer agree (Kish 1965).

use crate::format;
use throughline_journeys::{Definition, Map, ScoreFigure};
use throughline_pipeline::Feeling;
use throughline_value::Estimate;

/// The drawing is so high; the middle of the scale lies at half of it.
pub(crate) const HEIGHT: f64 = 176.0;
/// One step of the scale in the drawing.
const STEP: f64 = 30.0;
/// Fewer effective answers than this are a guess: dashed and hollow.
const ENOUGH: u64 = 20;

/// One stage's part of the curve, in the coordinates of its drawing: 0–100 across.
pub(crate) struct Felt {
    pub(crate) words: &'static str,
    pub(crate) value: String,
    pub(crate) mean: String,
    pub(crate) interval: String,
    pub(crate) n: String,
    /// Where the answers come from: `stars 1 204, nps 87`.
    pub(crate) sources: String,
    pub(crate) hover: String,
    /// `low`, `mid` or `high`.
    pub(crate) mood: &'static str,
    pub(crate) is_thin: bool,
    pub(crate) y: String,
    /// Where the two lines of words stand.
    pub(crate) words_y: String,
    pub(crate) detail_y: String,
    /// Across in percent, and down at the value, the low and the high end.
    pub(crate) corners: Vec<[f64; 4]>,
    /// Corners of the band and of the line.
    pub(crate) band: String,
    pub(crate) line: String,
}

struct Point {
    kind: String,
    mean: Estimate,
    scale: (f64, f64),
    /// On −2 … +2.
    felt: Estimate,
    /// Different customers who answered.
    customers: u64,
    sources: String,
}

/// The curve of a map.
pub(crate) struct Curve {
    points: Vec<Option<Point>>,
    expected: Vec<Option<f64>>,
}

impl Curve {
    pub(crate) fn new(map: &Map, definition: &Definition) -> Self {
        let counts = |s: &&ScoreFigure| definition.satisfaction.kinds.contains(&s.kind) && s.scale.1 > s.scale.0;
        let points = map.stages.iter().map(|stage| {
            let most = stage.scores.iter().filter(counts).max_by_key(|s| s.mean.n)?;
            let (min, max) = most.scale;
            let felt = |v: f64| (v - min) / (max - min) * 4.0 - 2.0;
            let m = most.mean;
            let felt = Estimate { value: felt(m.value), low: felt(m.low), high: felt(m.high), n: m.n };
            let sources = stage.scores.iter().filter(counts).map(|s| format!("{} {}", s.kind, format::count(s.mean.n)));
            let sources = sources.collect::<Vec<_>>().join(", ");
            let customers = stage.answered.customers;
            Some(Point { kind: most.kind.clone(), mean: m, scale: most.scale, felt, customers, sources })
        });
        let expected = map.stages.iter().map(|s| s.expected_satisfaction.map(|share| share * 4.0 - 2.0));
        Self { points: points.collect(), expected: expected.collect() }
    }

    /// How the answers of a stage felt, on −2 … +2.
    pub(crate) fn felt(&self, s: usize) -> Option<Estimate> {
        self.points.get(s)?.as_ref().map(|p| p.felt)
    }

    /// The kind of the answers of a stage and its scale.
    pub(crate) fn asked(&self, s: usize) -> Option<(&str, (f64, f64))> {
        self.points.get(s)?.as_ref().map(|p| (p.kind.as_str(), p.scale))
    }

    /// One stage's part; `None` without answers.
    pub(crate) fn at(&self, s: usize) -> Option<Felt> {
        let point = self.points[s].as_ref()?;
        let neighbour = |at: Option<usize>| at.and_then(|i| self.points.get(i)?.as_ref());
        let halfway = |other: &Point, pick: fn(&Estimate) -> f64| (pick(&other.felt) + pick(&point.felt)) / 2.0;
        let mut across: Vec<(f64, f64, f64, f64)> = Vec::with_capacity(3);
        let side = |x: f64, other: &Point| {
            (x, halfway(other, |e| e.value), halfway(other, |e| e.low), halfway(other, |e| e.high))
        };
        across.extend(neighbour(s.checked_sub(1)).map(|p| side(0.0, p)));
        across.push((50.0, point.felt.value, point.felt.low, point.felt.high));
        across.extend(neighbour(Some(s + 1)).map(|p| side(100.0, p)));
        let corner = |x: f64, felt: f64| format!("{x:.0},{:.1}", y(felt));
        let upper = across.iter().map(|p| corner(p.0, p.3));
        let lower = across.iter().rev().map(|p| corner(p.0, p.2));
        let mut band: Vec<String> = upper.chain(lower).collect();
        if across.len() == 1 {
            let (low, high) = (y(point.felt.low), y(point.felt.high));
            band =
                vec![format!("46,{high:.1}"), format!("54,{high:.1}"), format!("54,{low:.1}"), format!("46,{low:.1}")];
        }
        let at = y(point.felt.value);
        let words_y = if point.felt.value < 0.0 {
            y(point.felt.low.max(-2.0)) + 20.0
        } else {
            y(point.felt.high.min(2.0)) - 26.0
        };
        let words_y = words_y.clamp(14.0, HEIGHT - 24.0);
        let plain = |v: f64| if v.fract() == 0.0 { format::decimal(v, 0) } else { format::decimal(v, 1) };
        let decimals = if point.scale.1 - point.scale.0 > 20.0 { 0 } else { 2 };
        Some(Felt {
            words: Feeling::of_share((point.felt.value + 2.0) / 4.0).words,
            value: format::signed(point.felt.value, 1),
            mean: format!(
                "{} of {} {}",
                format::decimal(point.mean.value, decimals),
                plain(point.scale.1),
                unit(&point.kind)
            ),
            interval: format::range(point.mean.low, point.mean.high, decimals),
            n: format::counted(point.mean.n, "answer", "answers"),
            sources: point.sources.clone(),
            hover: format!(
                "Mean answer {} (95 % interval {}), n = {} of {}; on the curve −2 is the lowest answer and +2 the highest. Answers: {}.",
                format::decimal(point.mean.value, decimals),
                format::range(point.mean.low, point.mean.high, decimals),
                format::count(point.mean.n),
                format::counted(point.customers, "customer", "customers"),
                point.sources
            ),
            mood: match point.felt.value {
                v if v < -0.5 => "low",
                v if v > 0.5 => "high",
                _ => "mid",
            },
            is_thin: point.mean.n.min(point.customers) < ENOUGH,
            corners: across.iter().map(|p| [p.0, y(p.1), y(p.2), y(p.3)]).collect(),
            y: format!("{at:.1}"),
            words_y: format!("{words_y:.1}"),
            detail_y: format!("{:.1}", words_y + 15.0),
            band: band.join(" "),
            line: across.iter().map(|p| corner(p.0, p.1)).collect::<Vec<_>>().join(" "),
        })
    }

    /// What was designed: its place at the left edge, the middle and the right edge.
    pub(crate) fn expected_at(&self, s: usize) -> Option<[f64; 3]> {
        let own = self.expected[s]?;
        let edge = |other: Option<usize>| {
            let other = other.and_then(|i| *self.expected.get(i)?).unwrap_or(own);
            tenth(y((own + other) / 2.0))
        };
        Some([edge(s.checked_sub(1)), tenth(y(own)), edge(Some(s + 1))])
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn y(felt: f64) -> f64 {
    HEIGHT / 2.0 - felt.clamp(-2.0, 2.0) * STEP
}

fn unit(kind: &str) -> &str {
    match kind {
        "nps" => "(recommend)",
        "csat" => "(satisfied)",
        "ces" => "(easy)",
        other => other,
    }
}
