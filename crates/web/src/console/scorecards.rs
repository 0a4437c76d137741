//! Scorecards: what can be compared, the ranked table of one dimension, the people of a figure.

use super::customers::Line;
use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::map_view::Opens;
use super::scorecards_view::{
    Row, Sort, difference, explained, figure_words, nouns, people_href, ranked, rows, segment, title, value_href,
    values_of,
};
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use throughline_journeys::scorecards::{CardFigure, Flag, Measure, MeasureKind, Scorecard};
use throughline_pipeline::{Beside, CardKind, EngineError, LeftOut, Scorecards};

/// Values that stand out and are named on the list.
const NAMED: usize = 3;
/// Values on one page of a table.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "scorecards.html")]
struct KindsPage {
    frame: Frame,
    sub: String,
    parties: Vec<KindLine>,
    others: Vec<KindLine>,
    left_out: Vec<String>,
    json: String,
}

/// One dimension on the list.
struct KindLine {
    name: String,
    href: String,
    size: String,
    /// Those that stand out: name, in what, the page.
    worse: Vec<(String, String, String)>,
    better: Vec<(String, String, String)>,
    more: usize,
    same: String,
}

/// Lists what can be compared.
pub(crate) async fn kinds(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let cards = web.ask(move |e| e.scorecards(workspace)).await?;
    let frame = Frame::new(&web, visit, Room::Scorecards, "Scorecards").await?;
    let line = |k: &CardKind| kind_line(&frame, k, &cards.unit);
    let (parties, others): (Vec<_>, Vec<_>) = cards.kinds.iter().partition(|k| k.dimension.starts_with("ref:"));
    let why = |(dimension, why): &(String, LeftOut)| {
        let name = nouns(dimension.split_once(':').map_or(dimension, |(_, n)| n)).0;
        match why {
            LeftOut::Single => format!("{} (one value only)", sentence(&name)),
            LeftOut::OpenEnded => format!("{} (too many different values)", sentence(&name)),
        }
    };
    page(&KindsPage {
        sub: format!(
            "How everything that takes part does by its customers, {} to {}.",
            format::day(cards.data_from, frame.zone.as_ref()),
            format::day(cards.data_until, frame.zone.as_ref())
        ),
        parties: parties.into_iter().map(line).collect(),
        others: others.into_iter().map(line).collect(),
        left_out: cards.left_out.iter().map(why).collect(),
        json: frame.to("/api/v1/scorecards"),
        frame,
    })
}

fn kind_line(frame: &Frame, kind: &CardKind, unit: &str) -> KindLine {
    let (_, many) = nouns(&kind.key);
    let card = &kind.plain;
    let out = |flag: Flag| {
        let mut found: Vec<(f64, String, String, String)> = Vec::new();
        for value in &card.values {
            let flagged = card
                .measures
                .iter()
                .zip(&value.cards)
                .filter_map(|(m, c)| c.filter(|c| c.flag == flag).map(|c| (m, c)));
            let flagged: Vec<_> = flagged.collect();
            let Some(q) = flagged.iter().map(|(_, c)| c.q).reduce(f64::min) else { continue };
            let what: Vec<String> = flagged.iter().map(|(m, _)| title(m).to_lowercase()).collect();
            found.push((q, value.value.clone(), what.join(", "), value_href(frame, &kind.key, &value.value)));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        found.into_iter().map(|(_, name, what, href)| (name, what, href)).collect::<Vec<_>>()
    };
    let (mut worse, mut better) = (out(Flag::Worse), out(Flag::Better));
    let total = worse.len() + better.len();
    worse.truncate(NAMED);
    better.truncate(NAMED);
    let met: u64 = card.values.iter().map(|v| v.met).sum();
    let answers = card.measures.iter().filter(|m| matches!(m.kind, MeasureKind::Mean { .. })).map(|m| m.mean.n).max();
    let mut size = values_of(&kind.key, card.values.len());
    if met > 0 {
        size.push_str(&format!(" · met {} by {unit}s", format::counted(met, "time", "times")));
    } else if let Some(answers) = answers {
        size.push_str(&format!(" · {}", format::counted(answers, "answer", "answers")));
    }
    KindLine {
        name: sentence(&many),
        href: frame.to(format!("/scorecards/{}", segment(&kind.key))),
        size,
        same: match (total, card.measures.is_empty()) {
            (_, true) => "Nothing to compare them by yet.".to_owned(),
            (0, _) => "No difference beyond chance.".to_owned(),
            _ => String::new(),
        },
        more: total - worse.len() - better.len(),
        worse,
        better,
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    pub(crate) measure: String,
    #[serde(default)]
    pub(crate) sort: String,
    #[serde(default)]
    pub(crate) by: String,
    #[serde(default)]
    page: usize,
}

/// Reads within what is to be compared; nothing said means what explains most.
pub(crate) fn beside(by: &str) -> Beside {
    match by {
        "" => Beside::Usual,
        "none" => Beside::Nothing,
        key => Beside::Kind(key.to_owned()),
    }
}

/// The key and the words of the dimension within which a card was compared.
pub(crate) fn beside_of<'a>(cards: &'a Scorecards, card: &Scorecard) -> Option<(&'a str, String)> {
    let dimension = card.beside.as_deref()?;
    let found = cards.kinds.iter().find(|k| k.dimension == dimension)?;
    Some((&found.key, nouns(&found.key).0))
}

/// The measure asked for, or the first one in which anything has happened.
pub(crate) fn measure_of(card: &Scorecard, asked: &str) -> Option<usize> {
    let seen = |m: &Measure| m.mean.n > 0 && m.compared > 1;
    card.measures
        .iter()
        .position(|m| m.key == asked)
        .or_else(|| card.measures.iter().position(seen))
        .or(if card.measures.is_empty() { None } else { Some(0) })
}

#[derive(Template)]
#[template(path = "scorecard.html")]
struct KindPage {
    frame: Frame,
    name: String,
    sub: String,
    units: String,
    action: String,
    /// The key of the workspace, if it is not the first one.
    workspace: Option<String>,
    /// Name, address, chosen.
    tabs: Vec<(String, String, bool)>,
    measure: String,
    measure_key: String,
    explained: String,
    mean: String,
    is_share: bool,
    difference: String,
    differ: bool,
    beside: Option<String>,
    by: String,
    /// Key, words, chosen.
    candidates: Vec<(String, String, bool)>,
    sorts: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
    csv: String,
    json: String,
}

/// The values of one dimension, ranked.
pub(crate) async fn kind(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(wanted) = query?;
    let (workspace, asked, within) = (visit.workspace()?.id, key.clone(), beside(&wanted.by));
    let (cards, card) =
        web.ask(move |e| Ok((e.scorecards(workspace)?, e.scorecard(workspace, &asked, within)?))).await?;
    let (_, many) = nouns(&key);
    let frame = Frame::new(&web, visit, Room::Scorecards, sentence(&many)).await?;
    let kind = cards.kind(&key).map_err(Problem::from)?;
    let sort = Sort::parse(&wanted.sort);
    let chosen = measure_of(&card, &wanted.measure);
    let within = beside_of(&cards, &card);
    let path = |measure: &str, page: usize| {
        let mut path =
            format!("/scorecards/{}?measure={}&sort={}", segment(&key), percent_encoded(measure), sort.key());
        if !wanted.by.is_empty() {
            path.push_str(&format!("&by={}", percent_encoded(&wanted.by)));
        }
        if page > 0 {
            path.push_str(&format!("&page={page}"));
        }
        frame.to(path)
    };
    let places = chosen.map(|m| ranked(&card, m, sort)).unwrap_or_else(|| (0..card.values.len()).collect());
    let from = wanted.page.saturating_mul(PAGE).min(places.len());
    let shown = &places[from..places.len().min(from + PAGE)];
    let noun = within.as_ref().map(|(_, noun)| noun.as_str());
    let measure = chosen.and_then(|m| card.measures.get(m));
    let measure_key = measure.map(|m| m.key.clone()).unwrap_or_default();
    let by_now = match (&within, wanted.by.as_str()) {
        (Some((key, _)), _) => (*key).to_owned(),
        (None, _) => "none".to_owned(),
    };
    let mut candidates: Vec<(String, String, bool)> =
        vec![("none".to_owned(), "nothing else".to_owned(), by_now == "none")];
    candidates.extend(
        cards.can_stand_beside(kind).map(|k| (k.key.clone(), format!("the same {}", nouns(&k.key).0), k.key == by_now)),
    );
    let met: u64 = card.values.iter().map(|v| v.met).sum();
    page(&KindPage {
        name: sentence(&many),
        sub: format!(
            "{}, met {} by {}s, {} to {}.",
            values_of(&key, card.values.len()),
            format::counted(met, "time", "times"),
            cards.unit,
            format::day(cards.data_from, frame.zone.as_ref()),
            format::day(cards.data_until, frame.zone.as_ref())
        ),
        tabs: card.measures.iter().map(|m| (title(m), path(&m.key, 0), m.key == measure_key)).collect(),
        measure: measure.map(title).unwrap_or_default(),
        explained: measure.map(|m| explained(m, &cards.unit)).unwrap_or_default(),
        mean: measure.map(|m| super::scorecards_view::number(m, m.mean.value)).unwrap_or_default(),
        is_share: measure.is_some_and(Measure::high_is_bad),
        difference: measure
            .map(|m| difference(m, if key.contains('.') { "values" } else { &many }))
            .unwrap_or_default(),
        differ: measure.is_some_and(|m| m.differ),
        rows: rows(&frame, &key, &card, chosen.unwrap_or(usize::MAX), noun, shown, from + 1),
        earlier: (wanted.page > 0).then(|| path(&measure_key, wanted.page - 1)),
        later: (from + PAGE < places.len()).then(|| path(&measure_key, wanted.page + 1)),
        sorts: Sort::ALL.iter().map(|(s, key, words)| (*key, *words, *s == sort)).collect(),
        csv: frame.to(format!("/scorecards.csv?kind={}&by={}", percent_encoded(&key), percent_encoded(&by_now))),
        json: frame.to(format!("/api/v1/scorecards/{}?by={}", segment(&key), percent_encoded(&by_now))),
        beside: within.map(|(_, noun)| noun),
        by: by_now,
        candidates,
        measure_key,
        units: sentence(&format!("{}s", cards.unit)),
        action: format!("/scorecards/{}", segment(&key)),
        workspace: frame.visit.chosen().filter(|_| frame.to("/") != "/").map(|w| w.key.clone()),
        frame,
    })
}

#[derive(Template)]
#[template(path = "scorecard_people.html")]
struct PeoplePage {
    frame: Frame,
    crumbs: [Opens; 2],
    words: String,
    sub: String,
    lines: Vec<Line>,
    next: Option<String>,
    json: String,
    csv: String,
    assigning: Assigning,
}

#[derive(Deserialize)]
pub(crate) struct Behind {
    pub(crate) figure: String,
    #[serde(default)]
    page: usize,
}

/// Reads the name of a figure.
pub(crate) fn figure(name: &str) -> Result<CardFigure, Problem> {
    CardFigure::parse(name).ok_or_else(|| Problem::NotFound(format!("there is no figure `{name}` on a scorecard")))
}

/// Lists the customers behind a figure.
pub(crate) async fn people(
    State(web): State<Web>,
    visit: Visit,
    Path((kind, value)): Path<(String, String)>,
    query: Result<Query<Behind>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Behind { figure: asked, page: number }) = query?;
    let figure = figure(&asked)?;
    let (workspace, of, name, wanted) = (visit.workspace()?.id, kind.clone(), value.clone(), figure.clone());
    let (unit, people, found) = web
        .ask(move |e| {
            let people = e.scorecard_people(workspace, &of, &name, wanted)?;
            let mut rows = Vec::with_capacity(PAGE);
            for person in people.iter().skip(number.saturating_mul(PAGE)).take(PAGE) {
                match e.customer(workspace, person.customer) {
                    Ok(profile) => rows.push(profile.row),
                    // Merged or erased since the figure was counted.
                    Err(EngineError::NotFound(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok((e.scorecards(workspace)?.unit.clone(), people, rows))
        })
        .await?;
    let words = format!("{value}: {}", figure_words(&figure));
    let frame = Frame::new(&web, visit, Room::Scorecards, words.clone()).await?;
    let lines = found.iter().map(|r| Line::new(&frame.visit, frame.zone.as_ref(), r)).collect();
    let times: u64 = people.iter().map(|p| u64::from(p.instances)).sum();
    let counted = match &figure {
        CardFigure::Touched => format::counted(times, "interaction", "interactions"),
        CardFigure::Answered | CardFigure::Unhappy | CardFigure::Scored(_) => {
            format!("{} or answers by themselves", format::counted(times, &unit, &format!("{unit}s")))
        }
        _ => format::counted(times, &unit, &format!("{unit}s")),
    };
    let here = people_href(&frame, &kind, &value, &figure);
    let next = (people.len() > (number + 1) * PAGE).then(|| format!("{here}&page={}", number + 1));
    let base = format!("/{}/{}/people", segment(&kind), segment(&value));
    let query = percent_encoded(&asked);
    let assigning = Assigning::new(&web, &frame, words.clone(), people.len()).await?;
    page(&PeoplePage {
        crumbs: [
            Opens { words: sentence(&nouns(&kind).1), href: frame.to(format!("/scorecards/{}", segment(&kind))) },
            Opens { words: value.clone(), href: value_href(&frame, &kind, &value) },
        ],
        sub: format!("{} with {counted}.", format::counted(people.len() as u64, "customer", "customers")),
        json: frame.to(format!("/api/v1/scorecards{base}?figure={query}")),
        csv: frame.to(format!("/scorecards{base}.csv?figure={query}")),
        words,
        lines,
        next,
        assigning,
        frame,
    })
}
