//! The list of customers, one customer's story, and decisions about a customer.

use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page};
use super::story_view::{Item, entries, summary};
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::HashMap;
use throughline_customers::{CustomerProfile, CustomerQuery, CustomerRow};
use throughline_interactions::{Node, Zone};
use throughline_pipeline::StoryQuery;

/// One line of a list of customers.
pub(crate) struct Line {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) also: String,
    pub(crate) interactions: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) score: String,
    /// `low`, `high` or nothing, for the dot beside the score.
    pub(crate) mood: &'static str,
}

impl Line {
    pub(crate) fn new(visit: &Visit, zone: Option<&Zone>, row: &CustomerRow) -> Self {
        let name = name_of(row);
        let others = row.identifiers.iter().map(|i| i.value.as_str()).filter(|v| *v != name).take(2);
        let share = row.last_score.as_ref().map(|s| (s.value - s.min) / (s.max - s.min));
        Self {
            href: visit.link(&format!("/customers/{:016x}", row.id)),
            also: others.collect::<Vec<_>>().join(" · "),
            name,
            interactions: format::count(row.interactions),
            first: format::day(row.first_seen, zone),
            last: if row.last_seen.0 == 0 { "not yet".to_owned() } else { format::day(row.last_seen, zone) },
            score: row.last_score.as_ref().map_or_else(|| "–".to_owned(), format::score),
            mood: share.map_or("", mood),
        }
    }
}

/// Where a share of a scale lies: below two fifths, above three fifths, or between.
pub(crate) fn mood(share: f64) -> &'static str {
    match share {
        s if s < 0.4 => "low",
        s if s > 0.6 => "high",
        _ => "mid",
    }
}

/// The name, or the e-mail address, or the strongest identifier, or that nobody knows.
pub(crate) fn name_of(row: &CustomerRow) -> String {
    let email = row.identifiers.iter().find(|i| i.kind == "email");
    let best = email.or(row.identifiers.first()).map(|i| i.value.clone());
    row.name.clone().or(best).unwrap_or_else(|| texts::NOBODY_KNOWN.to_owned())
}

#[derive(Template)]
#[template(path = "customers.html")]
struct CustomersPage {
    frame: Frame,
    sub: String,
    lines: Vec<Line>,
    next: Option<String>,
    is_search: bool,
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    search: String,
    after: Option<String>,
}

/// Lists customers, the last seen first, or finds them.
pub(crate) async fn customers(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Listing { search, after }) = query?;
    let workspace = visit.workspace()?.id;
    let query = CustomerQuery { search: search.trim().to_owned(), after, limit: 50 };
    let (found, encrypted) =
        web.ask(move |e| Ok((e.customers(workspace, &query)?, e.encrypts_names(workspace)?))).await?;
    let mut frame = Frame::new(&web, visit, Room::Customers, "Customers").await?;
    let lines: Vec<Line> = found.rows.iter().map(|r| Line::new(&frame.visit, frame.zone.as_ref(), r)).collect();
    let is_search = !search.trim().is_empty();
    // Encrypted names are found whole.
    let is = if encrypted { "is" } else { "begins with" };
    let sub = match (is_search, lines.len()) {
        (true, 50) => format!("The first 50 whose name or identifier {is} “{}”.", search.trim()),
        (true, n) => format!(
            "{} whose name or identifier {is} “{}”.",
            format::counted(n as u64, "customer", "customers"),
            search.trim()
        ),
        (false, _) => format!("{}, the last seen first.", format::counted(found.total, "customer", "customers")),
    };
    frame.search = search;
    let next = found.next.map(|n| frame.to(format!("/customers?after={n}")));
    page(&CustomersPage { frame, sub, lines, next, is_search })
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    frame: Frame,
    name: String,
    id: String,
    sub: String,
    items: Vec<Item>,
    profile: CustomerProfile,
    /// For each identifier by way of which others it is this person's, where no fact joins it directly.
    ways: Vec<String>,
    newest_first: bool,
    other_order: String,
    earlier: Option<String>,
    later: Option<String>,
    decides: bool,
    json: String,
    assigning: Assigning,
}

#[derive(Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    newest: u8,
    #[serde(default)]
    page: usize,
}

/// Entries of one page of a story.
const PAGE: usize = 100;

/// Tells a customer's story; an old id leads to the present one.
pub(crate) async fn story(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(part) = query?;
    let (workspace, asked) = (visit.workspace()?.id, customer_id(&id)?);
    let newest_first = part.newest == 1;
    let query = StoryQuery { newest_first, offset: part.page.saturating_mul(PAGE), limit: PAGE };
    let now = web.now();
    let (profile, story, ways) = web
        .ask(move |e| {
            let profile = e.customer(workspace, asked)?;
            let story = e.story(workspace, profile.row.id, &query)?;
            let ways = ways(&e.ways(workspace, &profile)?, &profile);
            Ok((profile, story, ways))
        })
        .await?;
    if profile.row.id != asked {
        return Ok(Redirect::permanent(&visit.link(&format!("/customers/{:016x}", profile.row.id))).into_response());
    }
    let name = name_of(&profile.row);
    let frame = Frame::new(&web, visit, Room::Customers, name.clone()).await?;
    let path = |newest: bool, page: usize| {
        let mut path = format!("/customers/{id}?newest={}", u8::from(newest));
        if page > 0 {
            path.push_str(&format!("&page={page}"));
        }
        frame.to(&path)
    };
    let next = (story.total > (part.page + 1) * PAGE).then(|| path(newest_first, part.page + 1));
    let assigning = Assigning::new(&web, &frame, name.clone(), 1).await?;
    let zone = frame.zone.as_ref();
    page(&StoryPage {
        assigning,
        items: entries(&story.entries, newest_first, zone, now),
        sub: summary(&profile, zone),
        other_order: path(!newest_first, 0),
        earlier: (part.page > 0).then(|| path(newest_first, part.page - 1)),
        later: next,
        decides: frame.visit.may(Area::Decide),
        json: frame.to(format!("/api/v1/customers/{id}/story")),
        name,
        id,
        newest_first,
        profile,
        ways,
        frame,
    })
}

/// By way of which identifiers each one is joined with the strongest; empty where one fact joins them.
fn ways(ways: &[Vec<Node>], profile: &CustomerProfile) -> Vec<String> {
    let values: HashMap<Node, &str> =
        profile.identifiers.iter().map(|i| (i.node, i.identifier.value.as_str())).collect();
    let told = |way: &Vec<Node>| way.iter().filter_map(|n| values.get(n).copied()).collect::<Vec<_>>().join(", ");
    ways.iter().map(told).collect()
}

/// Decides that two identifiers are not one person.
pub(crate) async fn separate(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    form: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (a, b) = (Node(customer_id(form.get("a"))?), Node(customer_id(form.get("b"))?));
    let entry = visit.act(web.now(), "took two identifiers apart", format!("{a} and {b}"));
    let by = visit.name();
    web.ask(move |e| {
        e.unmerge(workspace, &by, a, b)?;
        e.store().write(|tx| note(tx, &entry))?;
        e.wait_folded()
    })
    .await?;
    Ok(Redirect::to(&visit.link(&format!("/customers/{id}"))).into_response())
}

#[derive(Template)]
#[template(path = "erased.html")]
struct ErasedPage {
    frame: Frame,
    position: String,
    interactions: String,
    identifiers: String,
}

/// Erases a customer everywhere and shows the receipt.
pub(crate) async fn erase(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    form: Signed,
) -> Result<Response, Problem> {
    let (workspace, customer) = (visit.workspace()?.id, customer_id(&id)?);
    if form.get("confirm").trim() != "erase" {
        return Err(Problem::Refused(texts::NOT_CONFIRMED.to_owned()));
    }
    let entry = visit.act(web.now(), "erased a customer", id);
    let by = visit.name();
    let receipt = web
        .ask(move |e| {
            let receipt = e.erase(workspace, &by, customer)?;
            e.store().write(|tx| note(tx, &entry))?;
            Ok(receipt)
        })
        .await?;
    let frame = Frame::new(&web, visit, Room::Customers, "Erased").await?;
    let (interactions, identifiers) = (
        format::counted(receipt.interactions, "interaction", "interactions"),
        format::counted(receipt.identifiers, "identifier", "identifiers"),
    );
    page(&ErasedPage { frame, position: format::count(receipt.position), interactions, identifiers })
}
