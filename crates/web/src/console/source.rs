//! One source: what arrives from it as it arrives, with what it is sent, and how to connect it; and the
//! answer to "where is my event?".

use super::frame::{Frame, Room, page, percent_encoded, sentence};
use crate::accounts::{Area, Hook, HookKind, Key, hooks, keys};
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use throughline_interactions::{Outcome, WorkspaceId, Zone};
use throughline_pipeline::{Arrivals, SourceTally, Whereabout, Whereabouts};

/// A recipe for deliveries, as an example.
const RECIPE: &str = r#"name = "Parcels"
source = "parcels"
zone = "UTC"
files.delivery = { path = "delivery.json" }

[[interactions]]
from = "delivery"
when = { column = "status", is = "delivered" }
event = "Order Delivered"
channel = "delivery"
actor = "system"
occurred_at = "time"
message_id = "id"
identifiers.parcel = "tracking_number"
refs = { parcel = "tracking_number", carrier = "carrier" }"#;

/// Minutes that are drawn.
const MINUTES: i64 = 60;
const MINUTE: i64 = 60_000_000;

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    frame: Frame,
    name: String,
    tally: Option<SourceTally>,
    last: String,
    pace: String,
    bars: Vec<Bar>,
    software: Vec<(String, String)>,
    latest: LatestOnes,
    keys: Vec<Key>,
    new_key: Option<String>,
    /// Where systems deliver.
    hooks: Vec<Hook>,
    kinds: Vec<HookKind>,
    makes_hooks: bool,
    fault: String,
    origin: String,
    watch: Watch,
}

/// One minute, in the coordinates of a drawing 60 wide and 40 high, from the bottom.
struct Bar {
    x: i64,
    taken: f64,
    refused: f64,
}

/// What arrived last; asks for itself again, so that whoever connects something sees it come.
#[derive(Template)]
#[template(path = "_latest.html")]
struct LatestOnes {
    poll: String,
    back: String,
    latest: Vec<Latest>,
}

/// One that arrived, in words.
struct Latest {
    at: String,
    event: String,
    message_id: String,
    href: String,
    outcome: &'static str,
    is_bad: bool,
    why: String,
}

/// Waits for the first event, and says when it is there.
#[derive(Template)]
#[template(path = "_watch.html")]
struct Watch {
    poll: String,
    back: String,
    /// What has arrived, in words; empty while nothing has.
    arrived: String,
}

#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
}

/// The address of a source's page.
pub(super) fn address(name: &str) -> String {
    format!("/data/source?name={}", percent_encoded(name))
}

/// Shows a source.
pub(crate) async fn source(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Named { name }) = query?;
    show(&web, visit, name, Told::default()).await
}

/// What came of a form: a key that was just made, or what is wrong.
#[derive(Default)]
pub(super) struct Told {
    pub(super) key: Option<String>,
    pub(super) fault: String,
}

/// Shows a source, and what came of a form.
pub(super) async fn show(web: &Web, visit: Visit, name: String, told: Told) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (tally, arrivals) = known_of(web, workspace, name.clone()).await?;
    let all = web.accounts(move |s| keys(s, workspace)).await?;
    let mut own: Vec<Key> = all.into_iter().filter(|k| k.source.as_str() == name).collect();
    let all = web.accounts(move |s| hooks(s, workspace)).await?;
    let mut hooks: Vec<Hook> = all.into_iter().filter(|h| h.source.as_str() == name).collect();
    if tally.is_none() && own.is_empty() && hooks.is_empty() {
        return Err(Problem::NotFound(texts::NO_SUCH_SOURCE.to_owned()));
    }
    if !visit.may(Area::Keys) {
        own.clear();
        hooks.clear();
    }
    let now = web.now();
    let makes_hooks = visit.may(Area::Keys);
    let frame = Frame::new(web, visit, Room::Data, name.clone()).await?;
    let zone = frame.zone.clone();
    let last = tally.as_ref().and_then(|t| t.last_received).map(|t| format::minute(t, zone.as_ref()));
    page(&SourcePage {
        last: last.unwrap_or_default(),
        pace: pace(arrivals.a_minute(now)),
        bars: bars(&arrivals, now.0.div_euclid(MINUTE)),
        software: arrivals.software.iter().map(|(n, at)| (n.clone(), format::minute(*at, zone.as_ref()))).collect(),
        latest: latest(&arrivals, &frame.visit, &name, zone.as_ref()),
        watch: watch(&frame.visit, &name, tally.as_ref(), &arrivals),
        origin: web.base().to_owned(),
        keys: own,
        new_key: told.key,
        makes_hooks,
        hooks,
        kinds: HookKind::all().collect(),
        fault: sentence(&told.fault),
        tally,
        name,
        frame,
    })
}

/// What is known of a source: all it ever sent, and what came of late.
async fn known_of(web: &Web, workspace: WorkspaceId, name: String) -> Result<(Option<SourceTally>, Arrivals), Problem> {
    let known = web.ask(move |e| {
        let tally = e.sources(workspace)?.into_iter().find(|s| s.source == name);
        Ok((tally, e.arrivals(workspace, &name)?))
    });
    known.await
}

fn pace(a_minute: f64) -> String {
    match a_minute {
        0.0 => "nothing in the last five minutes".to_owned(),
        n if n < 10.0 => format!("{} a minute", format::decimal(n, 1)),
        n => format!("{} a minute", format::count(n.round() as u64)),
    }
}

fn bars(arrivals: &Arrivals, now: i64) -> Vec<Bar> {
    let first = now - MINUTES + 1;
    let most = arrivals.minutes.range(first..).map(|(_, t)| t.received()).max().unwrap_or(0).max(1) as f64;
    let each = arrivals.minutes.range(first..).map(|(minute, t)| {
        let refused = t.rejected + t.quarantined;
        let height = |n: u64| (n as f64 / most * 40.0).max(if n > 0 { 1.0 } else { 0.0 });
        Bar { x: minute - first, taken: height(t.received() - refused), refused: height(refused) }
    });
    each.collect()
}

fn latest(arrivals: &Arrivals, visit: &Visit, name: &str, zone: Option<&Zone>) -> LatestOnes {
    let each = arrivals.latest.iter().take(30).map(|a| {
        let unfit: Vec<&str> = a.breaches.iter().map(|b| b.message.as_str()).collect();
        let (outcome, why) = match &a.outcome {
            Outcome::Accepted if !unfit.is_empty() => ("accepted, not as planned", unfit.join("; ")),
            Outcome::Accepted => ("accepted", String::new()),
            Outcome::Duplicate => ("known already", String::new()),
            Outcome::Rejected(f) => ("rejected", sentence(&f.message)),
            Outcome::Quarantined(f) => ("kept aside", sentence(&f.message)),
        };
        let message_id = a.message_id.clone().unwrap_or_default();
        Latest {
            at: format::clock_time(a.at, zone),
            event: if a.event.is_empty() { "–".to_owned() } else { a.event.clone() },
            href: visit.link(&format!("/data/message?id={}", percent_encoded(&message_id))),
            message_id,
            is_bad: !why.is_empty(),
            outcome,
            why,
        }
    });
    LatestOnes {
        latest: each.collect(),
        poll: visit.link(&format!("/data/source/latest?name={}", percent_encoded(name))),
        back: visit.link(&address(name)),
    }
}

/// What arrived last, for a page that looks again by itself.
pub(crate) async fn latest_ones(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Named { name }) = query?;
    let workspace = visit.workspace()?;
    let (id, zone) = (workspace.id, Zone::new(&workspace.zone).ok());
    let (_, arrivals) = known_of(&web, id, name.clone()).await?;
    page(&latest(&arrivals, &visit, &name, zone.as_ref()))
}

fn watch(visit: &Visit, name: &str, tally: Option<&SourceTally>, arrivals: &Arrivals) -> Watch {
    let arrived = match (tally, arrivals.latest.front()) {
        (_, Some(last)) if !last.event.is_empty() => {
            format!("{} arrived; what came of it stands below.", last.event)
        }
        (Some(t), _) => format!("{} arrived.", format::counted(t.received, "interaction", "interactions")),
        (None, Some(_)) => "Something arrived, and could not be read.".to_owned(),
        (None, None) => String::new(),
    };
    Watch {
        poll: visit.link(&format!("/data/source/first?name={}", percent_encoded(name))),
        back: visit.link(&address(name)),
        arrived,
    }
}

/// Whether the first one is there, for a page that waits for it.
pub(crate) async fn first(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Named { name }) = query?;
    let workspace = visit.workspace()?.id;
    let (tally, arrivals) = known_of(&web, workspace, name.clone()).await?;
    page(&watch(&visit, &name, tally.as_ref(), &arrivals))
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    id: String,
    found: Vec<Found>,
}

/// One message of that id, in words.
struct Found {
    source: String,
    source_href: String,
    what: String,
    more: String,
    /// The way to the customer.
    story: Option<String>,
    /// What it says, as JSON.
    says: String,
}

#[derive(Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    id: String,
}

/// Where a message is.
pub(crate) async fn message(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Sought>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Sought { id }) = query?;
    let id = id.trim().to_owned();
    let workspace = visit.workspace()?.id;
    let sought = id.clone();
    let found = if id.is_empty() { Vec::new() } else { web.ask(move |e| e.where_is(workspace, &sought)).await? };
    let frame = Frame::new(&web, visit, Room::Data, "Where is my event?").await?;
    let found = found.into_iter().map(|f| in_words(f, &frame)).collect();
    page(&MessagePage { frame, id, found })
}

fn in_words(found: Whereabouts, frame: &Frame) -> Found {
    let shown = |i: &throughline_interactions::Interaction| match frame.opens_people() {
        true => serde_json::to_string_pretty(i).unwrap_or_default(),
        false => String::new(),
    };
    let zone = frame.zone.as_ref();
    let (what, more, story, says) = match &found.state {
        Whereabout::Counted { customer, interaction, .. } => (
            "Accepted and counted".to_owned(),
            format!(
                "{}, received {}. It is on the story of its customer and in the figures.",
                interaction.event,
                format::minute(interaction.received_at, zone)
            ),
            frame.opens_people().then(|| frame.to(format!("/customers/{customer:016x}"))),
            shown(interaction),
        ),
        Whereabout::Waiting { .. } => (
            "Accepted, not counted yet".to_owned(),
            "It is safe on the disk and waits for its turn; the Data page tells how many wait.".to_owned(),
            None,
            String::new(),
        ),
        Whereabout::KeptAside { interaction, code, .. } => (
            "Kept aside".to_owned(),
            format!(
                "{}, received {}: {}. What is kept aside is decided about from the Data page.",
                interaction.event,
                format::minute(interaction.received_at, zone),
                match *code {
                    "conflict" => "a message with this id and another content was here already",
                    _ => "it does not fit the tracking plan",
                }
            ),
            None,
            shown(interaction),
        ),
        Whereabout::Erased { .. } => {
            ("Erased".to_owned(), "Its person was erased, and it with them.".to_owned(), None, String::new())
        }
        Whereabout::Rejected { at, fault } => (
            "Rejected".to_owned(),
            format!("At {}: {}.", format::clock_time(*at, zone), sentence(&fault.message)),
            None,
            String::new(),
        ),
    };
    Found { source_href: frame.to(address(&found.source)), source: found.source, what, more, story, says }
}
