//! Customers who may be one person, two beside each other, and what people say of them.

use super::customers::name_of;
use super::frame::{Frame, Room, page};
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_interactions::{Node, Zone};
use throughline_pipeline::{Matching, ReviewDecision, ReviewPair, ReviewSide};

/// Pairs of a page.
const SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewHtml {
    frame: Frame,
    sub: String,
    looked: String,
    pairs: Vec<Pair>,
    decides: bool,
    automatic: bool,
    is_asked: bool,
}

/// Two people, as they are shown.
struct Pair {
    words: &'static str,
    percent: String,
    is_put_off: bool,
    sides: [Side; 2],
}

struct Side {
    node: String,
    href: String,
    name: String,
    also: String,
    seen: String,
    lines: Vec<Line>,
}

struct Line {
    column: &'static str,
    value: String,
    mark: &'static str,
    /// `high` where they agree, `low` where they differ, or nothing.
    tone: &'static str,
}

/// How probable it is, in words.
fn in_words(probability: f64) -> &'static str {
    match probability {
        p if p >= 0.99 => "Almost certainly one person",
        p if p >= 0.9 => "Very likely one person",
        p if p >= 0.7 => "Likely one person",
        _ => "Rather one person than two",
    }
}

fn marked(agreement: &str) -> (&'static str, &'static str) {
    match agreement {
        "same" => ("the same", "high"),
        "moved" => ("the same, in another place", "high"),
        "close" => ("a slip apart", "high"),
        "alike" => ("alike", ""),
        "different" => ("different", "low"),
        _ => ("", ""),
    }
}

impl Pair {
    fn new(frame: &Frame, pair: &ReviewPair) -> Self {
        let zone = frame.zone.as_ref();
        let side = |of: &ReviewSide, is_b: bool| {
            let name = name_of(&of.customer);
            let others = of.customer.identifiers.iter().map(|i| i.value.as_str()).filter(|v| *v != name).take(3);
            let lines = pair.columns.iter().map(|c| {
                let (mark, tone) = marked(c.agreement);
                let value = if is_b { &c.b } else { &c.a };
                let value = if value.is_empty() { "–" } else { value };
                Line { column: c.name, value: value.to_owned(), mark, tone }
            });
            Side {
                node: of.node.to_string(),
                href: frame.to(format!("/customers/{:016x}", of.customer.id)),
                also: others.collect::<Vec<_>>().join(" · "),
                seen: seen(of, zone),
                lines: lines.collect(),
                name,
            }
        };
        Self {
            words: in_words(pair.probability),
            // Nobody is ever wholly certain.
            percent: format::percent(pair.probability.min(0.999)),
            is_put_off: pair.is_put_off,
            sides: [side(&pair.a, false), side(&pair.b, true)],
        }
    }
}

fn seen(of: &ReviewSide, zone: Option<&Zone>) -> String {
    let c = &of.customer;
    let last = if c.last_seen.0 == 0 { "not yet".to_owned() } else { format::day(c.last_seen, zone) };
    let n = format::counted(c.interactions, "interaction", "interactions");
    format!("{n}; first seen {}, last seen {last}", format::day(c.first_seen, zone))
}

/// What the last look compared, and whom it left out and why.
fn looked(m: &Matching, zone: Option<&Zone>) -> String {
    let Some(at) = m.ran_at else {
        return "Customers have not been compared yet.".to_owned();
    };
    let people = |n: u64| format::counted(n, "customer", "customers");
    let mut told = format!("Compared {} on {}.", people(m.records), format::minute(at, zone));
    if m.too_little > 0 {
        told.push_str(&format!(
            " Left out: {} of whom less than two things are known that can be compared, such as name, birthday, street, post code, town, e-mail name or telephone.",
            people(m.too_little)
        ));
    }
    if m.too_many > 0 {
        told.push_str(&format!(
            " {} who were not seen for longest were left out, because so many are not compared at once.",
            people(m.too_many)
        ));
    }
    if m.joined > 0 {
        told.push_str(&format!(" {} joined without asking.", format::counted(m.joined, "pair was", "pairs were")));
    }
    told
}

#[derive(Deserialize)]
pub(crate) struct After {
    asked: Option<String>,
}

/// Shows the pairs that wait, the most probable first.
pub(crate) async fn review(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { asked }) = query?;
    let workspace = visit.workspace()?.id;
    let found = web.ask(move |e| e.review(workspace, 0, SHOWN)).await?;
    let frame = Frame::new(&web, visit, Room::Customers, "One person or two?").await?;
    let sub = match found.total {
        0 => "Nobody waits for a decision.".to_owned(),
        n => format!("{} for a decision, the most likely first.", format::counted(n, "pair waits", "pairs wait")),
    };
    page(&ReviewHtml {
        sub,
        looked: looked(&found.matching, frame.zone.as_ref()),
        pairs: found.pairs.iter().map(|p| Pair::new(&frame, p)).collect(),
        decides: frame.visit.may(Area::Decide),
        automatic: found.matching.automatic,
        is_asked: asked.is_some(),
        frame,
    })
}

/// One person, two, or later.
pub(crate) async fn decide(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (a, b) = (Node(customer_id(form.get("a"))?), Node(customer_id(form.get("b"))?));
    let (decision, action) = match form.get("verdict") {
        "same" => (ReviewDecision::Same, "said that two customers are one person"),
        "two" => (ReviewDecision::Two, "said that two customers are two people"),
        "later" => (ReviewDecision::Later, "put off the question whether two customers are one person"),
        _ => return Err(Problem::Refused(texts::NO_VERDICT.to_owned())),
    };
    let entry = visit.act(web.now(), action, format!("{a} and {b}"));
    let by = visit.name();
    web.ask(move |e| {
        e.decide_on_pair(workspace, &by, (a, b), decision)?;
        e.store().write(|tx| note(tx, &entry))?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&visit.link("/customers/review")).into_response())
}

/// Compares customers now, in the background.
pub(crate) async fn look(State(web): State<Web>, visit: Visit, _: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    web.ask(move |e| e.want_matching(workspace)).await?;
    Ok(Redirect::to(&visit.link("/customers/review?asked=1")).into_response())
}

/// Lets what is as good as certain be joined without asking, or no longer.
pub(crate) async fn automatic(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let on = form.get("automatic") == "1";
    let action = if on { "let customers be joined without asking" } else { "let customers be joined by people alone" };
    let entry = visit.act(web.now(), action, "pairs that are as good as certain");
    web.ask(move |e| {
        e.match_automatically(workspace, on)?;
        e.store().write(|tx| note(tx, &entry))?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&visit.link("/customers/review")).into_response())
}
