//! How it felt along a story, as a small drawing and as a list: the last points, evenly spaced, each leading to
//! its interaction. What was answered is filled and joined by a line; what only happened is hollow and is not.

use crate::format;
use crate::story_asked::AskedStory;
use throughline_interactions::Zone;
use throughline_pipeline::{CurvePoint, Signal, StoryPage};

/// Points of the drawing: so many keep 24 pixels for a finger each on a phone.
const MOST: usize = 9;
/// The drawing is so high, its middle lies at half of it.
const HEIGHT: f32 = 120.0;
/// One step of the scale.
const STEP: f32 = 24.0;

/// The curve of a page.
pub(crate) struct CurveView {
    pub(crate) points: Vec<PointView>,
    /// From and to, across in percent and down.
    pub(crate) lines: Vec<[f32; 4]>,
    /// The last point in words.
    pub(crate) last: String,
    /// How many points there are in all where not all are drawn, and where earlier answers are.
    pub(crate) earlier: Option<(String, String)>,
    pub(crate) has_signals: bool,
}

/// One point.
pub(crate) struct PointView {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) href: String,
    pub(crate) day: String,
    pub(crate) words: String,
    pub(crate) detail: String,
    pub(crate) mood: &'static str,
    pub(crate) is_said: bool,
}

/// `None` without any point.
pub(crate) fn curve(
    story: &StoryPage,
    asked: &AskedStory,
    path: &str,
    to: impl Fn(&str) -> String,
    zone: Option<&Zone>,
) -> Option<CurveView> {
    let points = &story.curve;
    let shown = &points[points.len().saturating_sub(MOST)..];
    let wide = 100.0 / shown.len().max(1) as f32;
    let view = |(n, p): (usize, &CurvePoint)| {
        let at = p.position.to_string();
        let whole = AskedStory { newest: asked.newest, ..AskedStory::default() };
        PointView {
            x: ((n as f32 + 0.5) * wide * 100.0).round() / 100.0,
            y: HEIGHT / 2.0 - p.feeling.score.clamp(-2.0, 2.0) * STEP,
            href: format!("{}#i{at}", to(&whole.with(path, &[("at", &at)]))),
            day: format::day(p.at, zone),
            words: match p.signal {
                None => p.feeling.words.to_owned(),
                Some(Signal::PromiseBroken) => "a promise broken".to_owned(),
                Some(Signal::Friction) => "something in the way".to_owned(),
                Some(Signal::Complaint) => "a complaint".to_owned(),
            },
            detail: match &p.said {
                Some(s) => format!("{} {} of {}", format::asked(&s.kind), format::plain(s.value), format::plain(s.max)),
                None => p.event.clone(),
            },
            mood: match p.feeling.score {
                s if s < -0.4 => "low",
                s if s > 0.4 => "high",
                _ => "mid",
            },
            is_said: p.said.is_some(),
        }
    };
    let views: Vec<PointView> = shown.iter().enumerate().map(view).collect();
    let said: Vec<&PointView> = views.iter().filter(|p| p.is_said).collect();
    let lines = said.windows(2).map(|w| [w[0].x, w[0].y, w[1].x, w[1].y]).collect();
    let last = views.last().map(|p| format!("Last: {}, {}, {}.", p.words, p.detail, p.day))?;
    let earlier = (story.points > shown.len()).then(|| {
        (
            to(&AskedStory::default().with(path, &[("kind", "feedback")])),
            format::counted(story.points as u64, "point", "points"),
        )
    });
    Some(CurveView { has_signals: views.iter().any(|p| !p.is_said), points: views, lines, last, earlier })
}
