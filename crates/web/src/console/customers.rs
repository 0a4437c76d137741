//! The list of customers, one customer's story, and decisions about a customer.

use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page};
use super::identity_view::{AsOf, IdentitySection, LISTED, TOLD};
use super::profile_view::{self, ProfileView};
use super::story_curve::{CurveView, curve};
use super::story_groups::{Shown, in_full, shown};
use super::story_view::Item;
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::story_asked::AskedStory;
use crate::summary::summary;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::HashMap;
use throughline_customers::{CustomerProfile, CustomerQuery, CustomerRow};
use throughline_interactions::{Node, Zone};
use throughline_pipeline::{StoryKind, What};

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
    /// Pairs that may be one person.
    pairs: u64,
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
    let (found, encrypted, pairs) = web
        .ask(move |e| Ok((e.customers(workspace, &query)?, e.encrypts_names(workspace)?, e.review_count(workspace)?)))
        .await?;
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
    page(&CustomersPage { frame, sub, lines, next, is_search, pairs })
}

#[derive(Template)]
#[template(path = "story.html")]
struct StoryPage {
    frame: Frame,
    name: String,
    id: String,
    sentences: Vec<String>,
    /// Segments that hold now: name, page, since when.
    within: Vec<(String, String, String)>,
    known: ProfileView,
    curve: Option<CurveView>,
    kinds: Vec<Choice>,
    channels: Vec<(String, u64)>,
    asked: AskedStory,
    /// Fields of the address that the form keeps.
    hidden: Vec<(&'static str, String)>,
    /// Something that the form asks for is asked for.
    narrowed: bool,
    /// One group or one interaction is all that is shown.
    alone: bool,
    whole: String,
    /// How much the filter leaves; empty without one.
    found: String,
    items: Vec<Shown>,
    /// Everything that one interaction says.
    full: Vec<(String, String)>,
    profile: CustomerProfile,
    /// For each identifier by way of which others it is this person's, where no fact joins it directly.
    ways: Vec<String>,
    identity: IdentitySection,
    newest_first: bool,
    other_order: String,
    earlier: Option<String>,
    later: Option<String>,
    decides: bool,
    json: String,
    profile_json: String,
    exports: bool,
    assigning: Assigning,
}

/// One way to look at a story.
struct Choice {
    words: &'static str,
    href: String,
    is_here: bool,
}

impl StoryPage {
    /// The page of one interaction.
    fn in_full(&self, position: &u64) -> String {
        let asked = AskedStory { newest: self.asked.newest, ..AskedStory::default() };
        self.frame.to(asked.with(&format!("/customers/{}", self.id), &[("only", &position.to_string())]))
    }
}

/// Tells a customer's story; an old id leads to the present one.
pub(crate) async fn story(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<AskedStory>, QueryRejection>,
    as_of: Result<Query<AsOf>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query?;
    let (workspace, customer) = (visit.workspace()?.id, customer_id(&id)?);
    let zone = Zone::new(&visit.workspace()?.zone).ok();
    let query = asked.query(zone.as_ref())?;
    let Query(as_of) = as_of?;
    let as_of = as_of.moment(zone.as_ref())?;
    let step = query.limit;
    let (profile, known, story, ways, identity, within) = web
        .ask(move |e| {
            let profile = e.customer(workspace, customer)?;
            let (known, story) = e.told(workspace, &profile, &query)?;
            let ways = ways(&e.ways(workspace, &profile)?, &profile);
            let identity = e.identity(workspace, profile.row.id, as_of, TOLD)?;
            let within = e.segments_of(workspace, profile.row.id)?;
            Ok((profile, known, story, ways, identity, within))
        })
        .await?;
    if profile.row.id != customer {
        return Ok(Redirect::permanent(&visit.link(&format!("/customers/{:016x}", profile.row.id))).into_response());
    }
    let name = name_of(&profile.row);
    let frame = Frame::new(&web, visit, Room::Customers, name.clone()).await?;
    let (zone, path) = (frame.zone.as_ref(), frame.to(format!("/customers/{id}")));
    let here = StoryAt { asked: &asked, path: format!("/customers/{id}"), frame: &frame };
    let page_now = story.offset / step.max(1);
    let assigning = Assigning::new(&web, &frame, name.clone(), 1).await?;
    let only = story.items.first().filter(|_| !asked.only.is_empty());
    let full = only.map_or_else(Vec::new, |item| match &item.what {
        What::Group(g) => g.entries.first().map(|e| in_full(e, zone)).unwrap_or_default(),
        What::Joined(_) => Vec::new(),
    });
    page(&StoryPage {
        assigning,
        sentences: summary(&known, zone, web.now()),
        within: within
            .into_iter()
            .filter(|w| w.is_now)
            .map(|w| (w.name, frame.to(format!("/segments/{}", w.segment.0)), format::day(w.at, zone)))
            .collect(),
        known: profile_view::profile(&known, &here.path, |to| frame.to(to), zone),
        curve: curve(&story, &asked, &here.path, |to| frame.to(to), zone),
        kinds: here.kinds(),
        hidden: here.hidden(),
        narrowed: [&asked.channel, &asked.from, &asked.until, &asked.q].iter().any(|f| !f.trim().is_empty()),
        alone: !asked.group.is_empty() || !asked.only.is_empty(),
        whole: AskedStory { newest: asked.newest, ..AskedStory::default() }.with(&path, &[]),
        found: found(&asked, &story),
        items: shown(&story, &asked, &here.path, |to| frame.to(to), zone),
        full,
        other_order: here.to(&[("newest", if asked.newest == 1 { "0" } else { "1" })]),
        earlier: (story.offset > 0).then(|| here.paged(page_now - 1)),
        later: (story.offset.saturating_add(step) < story.total).then(|| here.paged(page_now.saturating_add(1))),
        decides: frame.visit.may(Area::Decide),
        json: frame.to(format!("/api/v1/customers/{id}/story/groups")),
        profile_json: frame.to(format!("/api/v1/customers/{id}/profile")),
        exports: frame.visit.may(Area::Export),
        identity: IdentitySection::new(&identity, frame.to(format!("/api/v1/customers/{id}/identity")), zone),
        name,
        id,
        newest_first: asked.newest == 1,
        channels: story.channels,
        profile,
        ways,
        asked,
        frame,
    })
}

/// Where in a story somebody is.
struct StoryAt<'a> {
    asked: &'a AskedStory,
    path: String,
    frame: &'a Frame,
}

impl StoryAt<'_> {
    fn to(&self, set: &[(&str, &str)]) -> String {
        self.frame.to(self.asked.with(&self.path, set))
    }

    fn paged(&self, page: usize) -> String {
        let (page, asked) = (page.to_string(), self.asked);
        self.to(&[("page", &page), ("group", asked.group.trim()), ("only", asked.only.trim())])
    }

    fn kinds(&self) -> Vec<Choice> {
        let now = self.asked.kind.trim();
        let mut all =
            vec![Choice { words: "All", href: self.to(&[("kind", ""), ("figure", "")]), is_here: now.is_empty() }];
        all.extend(StoryKind::ALL.into_iter().map(|kind| Choice {
            words: match kind {
                StoryKind::Orders => "Orders",
                StoryKind::Visits => "Visits",
                StoryKind::Service => "Service",
                StoryKind::Feedback => "Feedback",
                StoryKind::Promises => "Promises",
            },
            href: self.to(&[("kind", kind.key()), ("figure", "")]),
            is_here: now == kind.key(),
        }));
        all
    }

    fn hidden(&self) -> Vec<(&'static str, String)> {
        let newest = if self.asked.newest == 1 { "1" } else { "" };
        let key = self.frame.visit.chosen().filter(|_| self.frame.to("/") != "/").map_or("", |w| &w.key);
        let fields =
            [("newest", newest), ("kind", &self.asked.kind), ("figure", &self.asked.figure), ("workspace", key)];
        fields.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n, v.to_owned())).collect()
    }
}

/// How much a filter leaves, in words.
fn found(asked: &AskedStory, story: &throughline_pipeline::StoryPage) -> String {
    if asked.is_all() {
        return String::new();
    }
    let of = format::counted(story.interactions as u64, "interaction", "interactions");
    let searched =
        story.searched.map_or_else(String::new, |n| format!(", looked for in the last {}", format::count(n as u64)));
    let what = if asked.figure.is_empty() { "" } else { "What was counted: " };
    format!("{what}{} of {of}{searched}.", format::count(story.asked as u64))
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
    href: String,
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
    let receipt = super::requests::ask(&web, move |r| r.erase(workspace, &by, customer)).await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    let frame = Frame::new(&web, visit, Room::Customers, "Erased").await?;
    let (interactions, identifiers) = (
        format::counted(receipt.interactions, "interaction", "interactions"),
        format::counted(receipt.identifiers, "identifier", "identifiers"),
    );
    let href = frame.to(format!("/settings/privacy/receipts/{}", receipt.id));
    page(&ErasedPage { frame, href, position: format::count(receipt.position), interactions, identifiers })
}
