//! The map on one sheet: the same figures as on the page, as SVG, PNG and PDF (A3 landscape).
//!
//! How lines and text are drawn stands in `sheet.rs`.

use super::curve::HEIGHT;
use super::findings_view::Card;
use super::journeys::{Told, told};
use super::map_view::{MapView, StageView};
use super::sheet::{
    BAR, BOLD, EDGE, HIGH, HIGH_MARK, INK, LOW, LOW_MARK, LOW_SOFT, MUTED, PAPER, PLAIN, RULE, SMALL, Sheet, TRACK,
    Type, escaped,
};
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use crate::view::AskedPart;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use throughline_paper::{Paper, PaperError, shortened, width};

/// The map as SVG.
pub(crate) async fn svg(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    file(&web, &visit, &key, asked, "image/svg+xml", "svg", |svg| Ok(svg.into_bytes())).await
}

/// The map as PNG, two pixels for one.
pub(crate) async fn png(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    file(&web, &visit, &key, asked, "image/png", "png", |svg| throughline_paper::png(&svg, 2.0)).await
}

/// The map as PDF, one sheet of A3.
pub(crate) async fn pdf(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    file(&web, &visit, &key, asked, "application/pdf", "pdf", |svg| throughline_paper::pdf(&svg, Paper::A3_LANDSCAPE))
        .await
}

async fn file(
    web: &Web,
    visit: &Visit,
    key: &str,
    asked: Result<Query<AskedPart>, QueryRejection>,
    kind: &'static str,
    ending: &str,
    make: fn(String) -> Result<Vec<u8>, PaperError>,
) -> Result<Response, Problem> {
    let Query(asked) = asked?;
    let told = told(web, visit, key, &asked).await?;
    let name = format!("inline; filename=\"{key}.{ending}\"");
    let made = tokio::task::spawn_blocking(move || make(sheet(&told))).await?;
    let mut response =
        made.map_err(|e| Problem::Broken(format!("cannot draw the map of `{key}`: {e}")))?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Space around everything, and inside a cell.
const MARGIN: f32 = 36.0;
const PAD: f32 = 10.0;
/// The names of the lanes.
const LANE: f32 = 108.0;
/// A stage is at least so wide.
const NARROWEST: f32 = 150.0;
/// The sheet is at least as wide as A3 at 96 pixels to the inch.
const WIDTH: f32 = 1587.0;

const PIN: &str = "#b0530c";

fn pin(s: &mut Sheet, x: f32, y: f32, number: usize) {
    s.out += &format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"9\" fill=\"{PIN}\"/>", x + 9.0, y + 9.0);
    let look = Type { size: 11.0, is_bold: true, colour: "#ffffff" };
    s.text((x + 9.0, y + 13.0), &number.to_string(), look, "middle");
}

/// The whole sheet.
fn sheet(told: &Told) -> String {
    let map = &told.map;
    let stages = map.stages.len().max(1) as f32;
    let wide = WIDTH.max(2.0 * MARGIN + LANE + stages * NARROWEST);
    let mut s = Sheet::default();
    let mut y = MARGIN;
    s.text((MARGIN, y + 24.0), &map.name, Type { size: 26.0, is_bold: true, colour: INK }, "start");
    let totals = map.totals.iter().map(|t| t.words.as_str()).collect::<Vec<_>>().join(" · ");
    let totals_look = Type { size: 12.0, ..SMALL };
    s.text((wide - MARGIN, y + 24.0), &totals, totals_look, "end");
    y = s.paragraph(
        (MARGIN, y + 36.0),
        wide - 2.0 * MARGIN,
        &format!("{} {}", map.sub, map.window),
        Type { size: 13.0, ..SMALL },
    );
    y = cards(&mut s, &told.cards, y + 10.0, wide);
    y = lanes(&mut s, map, y + 12.0, wide);
    let foot = "Band and ranges: 95 % interval. Associations, not proven causes. Hollow and dashed: fewer than 20 effective answers. Dotted: as designed.";
    s.text((MARGIN, y + 20.0), foot, SMALL, "start");
    s.text((wide - MARGIN, y + 20.0), "Throughline", SMALL, "end");
    let high = (y + 20.0 + MARGIN).max(wide / 420.0 * 297.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" viewBox=\"0 0 {wide:.0} {high:.0}\" \
         font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,Inter,sans-serif\"><title>{}</title>\
         <rect width=\"{wide:.0}\" height=\"{high:.0}\" fill=\"{PAPER}\"/>{}</svg>",
        escaped(&map.name),
        s.out
    )
}

/// The strip of findings; where it ends.
fn cards(s: &mut Sheet, cards: &[Card], y: f32, wide: f32) -> f32 {
    if cards.is_empty() {
        return y;
    }
    let gap = 12.0;
    let across = (wide - 2.0 * MARGIN - gap * (cards.len() as f32 - 1.0)) / cards.len() as f32;
    let mut ends = y;
    let mut drawn = Vec::new();
    for (n, card) in cards.iter().enumerate() {
        let x = MARGIN + n as f32 * (across + gap) + PAD;
        let inner = across - 2.0 * PAD;
        let mut inside = Sheet::default();
        pin(&mut inside, x, y + PAD, card.number);
        let mut at = inside.paragraph((x + 26.0, y + PAD + 1.0), inner - 26.0, &card.title, BOLD);
        at = interval(&mut inside, card, (x, at + 6.0), inner);
        at = inside.paragraph((x, at), inner, &card.ratio, PLAIN);
        let (amount, detail) = match &card.money {
            Some(m) if !m.amount.is_empty() => (m.amount.clone(), m.detail.clone()),
            _ => (card.affected.clone(), format!("more than alike others, {}", card.affected_range)),
        };
        let large = Type { size: 15.0, ..BOLD };
        inside.text((x, at + 17.0), &amount, large, "start");
        let after = x + width(&amount, large.size, true) + 6.0;
        inside.text((after, at + 17.0), &shortened(&detail, SMALL.size, false, x + inner - after), SMALL, "start");
        at = inside.paragraph((x, at + 24.0), inner, &format!("{}. {} behind it.", card.sure, card.customers), SMALL);
        if let Some(then) = &card.then {
            at = inside.paragraph((x, at), inner, then, SMALL);
        }
        ends = ends.max(at + PAD);
        drawn.push(inside.out);
    }
    for (n, inside) in drawn.into_iter().enumerate() {
        s.rect([MARGIN + n as f32 * (across + gap), y, across, ends - y], "#ffffff", RULE);
        s.out += &inside;
    }
    ends
}

/// The interval of a finding, drawn as on the page; where it ends.
fn interval(s: &mut Sheet, card: &Card, (x, y): (f32, f32), wide: f32) -> f32 {
    let place = |text: &str| x + text.parse::<f32>().unwrap_or(0.0) / 300.0 * wide;
    s.line((place("10"), y + 14.0), (place("286"), y + 14.0), RULE, 1.0, "");
    for (at, words) in &card.plot.marks {
        s.line((place(at), y + 11.0), (place(at), y + 17.0), RULE, 1.0, "");
        s.text((place(at), y + 27.0), words, Type { size: 9.0, ..SMALL }, "middle");
    }
    s.line((place(&card.plot.low), y + 6.0), (place(&card.plot.high), y + 6.0), LOW_MARK, 3.0, "");
    s.circle((place(&card.plot.value), y + 6.0), 4.0, LOW_MARK, LOW_MARK);
    y + 32.0
}

/// Draws what one stage has in a lane; where it ends.
type Cell = fn(&mut Sheet, &StageView, (f32, f32), f32) -> f32;

/// The lanes with their names.
const LANES: [(&str, Cell); 7] = [
    ("Stage", head),
    ("Contacts, most frequent", contacts),
    ("Time from before: median · 9 of 10 within", time),
    ("In the way", friction),
    ("How it felt: +2 delighted, −2 upset", felt),
    ("Promise kept", promises),
    ("Voices", voices),
];

fn lanes(s: &mut Sheet, map: &MapView, top: f32, wide: f32) -> f32 {
    let across = (wide - 2.0 * MARGIN - LANE) / map.stages.len().max(1) as f32;
    let left = |n: usize| MARGIN + LANE + n as f32 * across;
    let mut inside = Sheet::default();
    let (mut y, mut rules) = (top, Vec::new());
    for (name, cell) in LANES {
        rules.push(y);
        let named = inside.paragraph((MARGIN + PAD, y + PAD), LANE - 2.0 * PAD, name, SMALL);
        let mut ends = named + PAD;
        for (n, stage) in map.stages.iter().enumerate() {
            ends = ends.max(cell(&mut inside, stage, (left(n) + PAD, y + PAD), across - 2.0 * PAD) + PAD);
        }
        y = ends;
    }
    s.rect([MARGIN, top, wide - 2.0 * MARGIN, y - top], "#ffffff", RULE);
    for (n, _) in map.stages.iter().enumerate().filter(|(_, stage)| stage.hurts) {
        s.rect([left(n), top, across, y - top], LOW_SOFT, "none");
    }
    for rule in rules.into_iter().skip(1) {
        s.line((MARGIN, rule), (wide - MARGIN, rule), RULE, 1.0, "");
    }
    for n in 0..map.stages.len() {
        s.line((left(n), top), (left(n), y), RULE, 1.0, "");
    }
    s.out += &inside.out;
    y
}

fn change(s: &mut Sheet, at: &Option<super::compare::Change>, (x, y): (f32, f32), wide: f32) -> f32 {
    let Some(c) = at else { return y };
    let colour = match c.mood {
        "low" => LOW,
        "high" => HIGH,
        _ => MUTED,
    };
    let words = if c.verdict.is_empty() {
        format!("{}; {}", c.was, c.by)
    } else {
        format!("{}; {}, {}", c.was, c.by, c.verdict)
    };
    s.paragraph((x, y), wide, &words, Type { size: 10.0, is_bold: !c.mood.is_empty(), colour })
}

fn head(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let mut from = x;
    for number in &stage.pins {
        pin(s, from, y - 2.0, *number);
        from += 24.0;
    }
    let mut at = s.paragraph((from, y), wide - (from - x), &stage.name, BOLD) + 2.0;
    if let Some(missing) = &stage.missing {
        return s.paragraph((x, at), wide, &format!("Not measured: no {missing} has arrived yet."), SMALL);
    }
    at = s.paragraph((x, at), wide, &stage.reached.words, PLAIN);
    at = s.paragraph((x, at), wide, &stage.share_words, SMALL) + 2.0;
    let share = stage.share.parse::<f32>().unwrap_or(0.0) / 100.0;
    s.rect([x, at, wide, 6.0], TRACK, "none");
    s.rect([x, at, wide * share, 6.0], BAR, "none");
    at = change(s, &stage.changes.reached, (x, at + 10.0), wide);
    if let Some((lost, range)) = &stage.lost {
        at = s.paragraph((x, at), wide, &format!("{}, {range}", lost.words), SMALL);
        at = change(s, &stage.changes.lost, (x, at), wide);
    }
    if let Some(waiting) = &stage.waiting {
        at = s.paragraph((x, at), wide, &waiting.words, SMALL);
    }
    s.paragraph((x, at), wide, &stage.money, SMALL)
}

fn nothing(s: &mut Sheet, (x, y): (f32, f32)) -> f32 {
    s.text((x, y + 11.0), "–", SMALL, "start");
    y + 16.0
}

fn contacts(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let mut at = y;
    for contact in &stage.contacts {
        let rows = width(&contact.rows, 11.0, false) + 6.0;
        let name = if contact.channel.is_empty() {
            contact.name.clone()
        } else {
            format!("{} · {}", contact.name, contact.channel)
        };
        s.text((x, at + 11.0), &shortened(&name, 11.0, false, wide - rows), Type { size: 11.0, ..PLAIN }, "start");
        s.text((x + wide, at + 11.0), &contact.rows, SMALL, "end");
        s.rect([x, at + 15.0, wide, 3.0], TRACK, "none");
        s.rect([x, at + 15.0, wide * contact.width.parse::<f32>().unwrap_or(0.0) / 100.0, 3.0], BAR, "none");
        at += 23.0;
    }
    if stage.contacts.is_empty() { nothing(s, (x, y)) } else { at }
}

fn time(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let Some(t) = &stage.time else { return nothing(s, (x, y)) };
    let mut at = s.paragraph((x, y), wide, &format!("{} · {}", t.median, t.p90), PLAIN);
    if !t.expected.is_empty() {
        let (words, look) = match t.too_slow {
            true => (format!("designed: {}", t.expected), Type { is_bold: true, colour: LOW, ..SMALL }),
            false => (format!("within the designed {}", t.expected), SMALL),
        };
        at = s.paragraph((x, at), wide, &words, look);
    }
    change(s, &stage.changes.time, (x, at), wide)
}

fn friction(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let Some(f) = &stage.friction else { return nothing(s, (x, y)) };
    let mut at = s.paragraph((x, y), wide, &format!("{}, {}", f.met.words, f.interval), PLAIN);
    for (event, rows) in &f.events {
        at = s.paragraph((x, at), wide, &format!("{event} {rows}×"), SMALL);
    }
    change(s, &stage.changes.friction, (x, at), wide)
}

/// The curve is drawn over the whole width of the stage, so that it goes on in the next.
fn felt(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let (left, across, top) = (x - PAD, wide + 2.0 * PAD, y - PAD);
    let place = |percent: f64, down: f64| (left + (percent / 100.0) as f32 * across, top + down as f32);
    for down in [28.0, 88.0, 148.0] {
        s.line(place(0.0, down), place(100.0, down), RULE, 1.0, "");
    }
    if let Some([start, middle, end]) = stage.expected {
        s.line(place(0.0, start), place(50.0, middle), EDGE, 1.5, "2 4");
        s.line(place(50.0, middle), place(100.0, end), EDGE, 1.5, "2 4");
    }
    let end = top + HEIGHT as f32;
    let Some(f) = &stage.curve else {
        let words = if stage.missing.is_some() { "not measured" } else { "no answers about this stage" };
        s.text(place(50.0, 80.0), words, SMALL, "middle");
        return end;
    };
    let corner = |p: &[f64; 4], which: usize| {
        let (x, y) = place(p[0], p[which]);
        format!("{x:.1},{y:.1}")
    };
    if f.corners.len() > 1 {
        let upper = f.corners.iter().map(|p| corner(p, 3));
        let band: Vec<String> = upper.chain(f.corners.iter().rev().map(|p| corner(p, 2))).collect();
        s.out += &format!("<polygon points=\"{}\" fill=\"{BAR}\" fill-opacity=\"0.3\"/>", band.join(" "));
    } else if let Some([_, _, low, high]) = f.corners.first() {
        s.line(place(50.0, *low), place(50.0, *high), BAR, 8.0, "");
    }
    let dash = if f.is_thin { "6 5" } else { "" };
    for pair in f.corners.windows(2) {
        s.line(place(pair[0][0], pair[0][1]), place(pair[1][0], pair[1][1]), INK, 2.0, dash);
    }
    let colour = match f.mood {
        "low" => LOW_MARK,
        "high" => HIGH_MARK,
        _ => INK,
    };
    let down = f.y.parse::<f64>().unwrap_or(88.0);
    s.circle(place(50.0, down), 5.0, if f.is_thin { "#ffffff" } else { colour }, colour);
    let words = f.words_y.parse::<f64>().unwrap_or(20.0);
    s.text(place(50.0, words), &format!("{} {}", f.words, f.value), Type { is_bold: true, ..PLAIN }, "middle");
    s.text(place(50.0, words + 14.0), &format!("{} · {}", f.interval, f.n), Type { size: 10.0, ..SMALL }, "middle");
    if stage.changes.felt.is_some() { change(s, &stage.changes.felt, (x, end), wide) } else { end }
}

fn promises(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let mut at = y;
    for p in &stage.promises {
        at = s.paragraph((x, at), wide, &p.kind, PLAIN);
        for r in &p.readings {
            let colour = if r.hurts { LOW } else { INK };
            at = s.paragraph(
                (x, at),
                wide,
                &format!("{}, {}", r.share, r.interval),
                Type { is_bold: r.shown, colour, ..PLAIN },
            );
            at = s.paragraph((x, at), wide, r.words, SMALL);
        }
        let missed = [&p.broken, &p.never].into_iter().flatten().map(|o| o.words.as_str());
        at = s.paragraph((x, at), wide, &missed.collect::<Vec<_>>().join(" · "), SMALL);
        at = change(s, &stage.changes.kept, (x, at), wide);
    }
    if stage.promises.is_empty() { nothing(s, (x, y)) } else { at }
}

fn voices(s: &mut Sheet, stage: &StageView, (x, y): (f32, f32), wide: f32) -> f32 {
    let mut at = y;
    for voice in &stage.voices {
        at = s.paragraph((x, at), wide, &format!("“{}”", voice.text), Type { size: 11.0, ..PLAIN });
        let colour = match voice.mood {
            "low" => LOW,
            "high" => HIGH,
            _ => MUTED,
        };
        at = s.paragraph((x, at), wide, &voice.score, Type { colour, ..SMALL }) + 4.0;
    }
    if stage.voices.is_empty() { nothing(s, (x, y)) } else { at }
}
