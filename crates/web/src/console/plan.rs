//! The tracking plan: which events there are and what each is to say, learned from what came, edited, and
//! tried on what came before it holds.

use super::frame::{Frame, Room, page, percent_encoded, sentence};
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::Value;
use throughline_interactions::Timestamp;
use throughline_pipeline::{Learned, Tried};
use throughline_rules::{Kind, Mode, Plan, Shape};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    frame: Frame,
    lines: Vec<Line>,
    looked_at: u64,
    since: String,
    may_change: bool,
    has_plans: bool,
    keeps_unplanned: bool,
    mends: Vec<String>,
    fault: String,
}

/// One event.
struct Line {
    event: String,
    href: String,
    /// How many came of late, and from where.
    came: u64,
    sources: String,
    plan: &'static str,
}

fn address(event: &str) -> String {
    format!("/data/plan/event?name={}", percent_encoded(event))
}

fn in_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Watch => "taken, and said",
        Mode::KeepAside => "kept aside",
    }
}

/// Lists the events that came of late, and those that have a plan.
pub(crate) async fn plan(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    list(&web, visit, "").await
}

async fn list(web: &Web, visit: Visit, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let asked = move |e: &throughline_pipeline::Engine| {
        Ok((e.recent_events(workspace)?, e.plans(workspace)?, e.door_rules(workspace)?))
    };
    let (mut recent, plans, rules) = web.ask(asked).await?;
    for plan in &plans {
        recent.events.entry(plan.event.clone()).or_default();
    }
    let may_change = visit.may(Area::Workspace);
    let frame = Frame::new(web, visit, Room::Data, "Tracking plan").await?;
    let mut lines: Vec<Line> = recent
        .events
        .into_iter()
        .map(|(event, (came, sources))| {
            let mode = plans.iter().find(|p| p.event == event).map(|p| p.mode);
            Line {
                href: frame.to(address(&event)),
                came,
                sources: sources.into_keys().collect::<Vec<_>>().join(", "),
                plan: mode.map_or("", in_words),
                event,
            }
        })
        .collect();
    lines.sort_by(|a, b| b.came.cmp(&a.came).then_with(|| a.event.cmp(&b.event)));
    page(&PlanPage {
        looked_at: recent.looked_at,
        since: day(recent.since, &frame),
        lines,
        may_change,
        has_plans: !plans.is_empty(),
        keeps_unplanned: rules.unplanned == Mode::KeepAside,
        mends: rules.mends.iter().map(|m| format!("{}: {}", m.event, m.in_words())).collect(),
        fault: sentence(fault),
        frame,
    })
}

fn day(at: Option<Timestamp>, frame: &Frame) -> String {
    at.map_or_else(String::new, |t| format::minute(t, frame.zone.as_ref()))
}

/// Says what becomes of events without a plan, and takes back mends that hold from now on.
pub(crate) async fn change_rules(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (unplanned, dropped) = (Mode::new(form.get("unplanned")), form.get("drop").parse::<usize>().ok());
    let entry = visit.act(web.now(), "changed what is asked of events", "the tracking plan".to_owned());
    web.ask(move |e| {
        let mut rules = e.door_rules(workspace)?;
        rules.unplanned = unplanned.unwrap_or(rules.unplanned);
        if let Some(at) = dropped.filter(|at| *at < rules.mends.len()) {
            rules.mends.remove(at);
        }
        e.set_door_rules(workspace, &rules)
    })
    .await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/data/plan")).into_response())
}

#[derive(Template)]
#[template(path = "plan_event.html")]
struct EventPage {
    frame: Frame,
    event: String,
    note: String,
    /// The schema as it stands in its field.
    schema: String,
    mode: Mode,
    /// True where it holds already.
    is_planned: bool,
    seen: u64,
    looked_at: u64,
    since: String,
    fields: Vec<Field>,
    doubts: Vec<(String, String)>,
    tried: Option<Trial>,
    may_change: bool,
    fault: String,
}

/// A field that was seen.
struct Field {
    path: String,
    kinds: String,
    /// How often it was there, in percent of the event's interactions.
    share: String,
    values: String,
}

/// What a plan would have done, in words.
struct Trial {
    tried: Tried,
    since: String,
}

#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
}

/// Shows an event: what it said so far, and its plan.
pub(crate) async fn event(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Named { name }) = query?;
    let workspace = visit.workspace()?.id;
    let sought = name.clone();
    let plan = web.ask(move |e| e.plan(workspace, &sought)).await?;
    let typed = plan.map(|p| Typed { note: p.note, schema: pretty(&p.schema), mode: p.mode });
    show(&web, visit, name, typed, Came::Nothing).await
}

/// What stands in the fields.
struct Typed {
    note: String,
    schema: String,
    mode: Mode,
}

/// What came of the form.
enum Came {
    Nothing,
    Tried(Tried),
    Fault(String),
}

fn pretty(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default()
}

async fn show(web: &Web, visit: Visit, event: String, typed: Option<Typed>, came: Came) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let sought = event.clone();
    let asked = move |e: &throughline_pipeline::Engine| {
        Ok((e.learn(workspace, &sought)?, e.plan(workspace, &sought)?.is_some()))
    };
    let (learned, is_planned) = web.ask(asked).await?;
    if learned.shape.seen == 0 && !is_planned && typed.is_none() {
        return Err(Problem::NotFound(texts::NO_SUCH_EVENT.to_owned()));
    }
    let may_change = visit.may(Area::Workspace);
    let frame = Frame::new(web, visit, Room::Data, event.clone()).await?;
    let Learned { shape, looked_at, since } = learned;
    let typed =
        typed.unwrap_or_else(|| Typed { note: String::new(), schema: pretty(&shape.schema()), mode: Mode::Watch });
    let (tried, fault) = match came {
        Came::Nothing => (None, String::new()),
        Came::Tried(mut tried) => {
            tried.breaches.iter_mut().for_each(|(b, _)| b.message = sentence(&b.message));
            (Some(Trial { since: day(tried.since, &frame), tried }), String::new())
        }
        Came::Fault(fault) => (None, sentence(&fault)),
    };
    let mut fields = Vec::new();
    list_fields(&shape, "", shape.seen, &mut fields);
    page(&EventPage {
        note: typed.note,
        schema: typed.schema,
        mode: typed.mode,
        is_planned,
        seen: shape.seen,
        looked_at,
        since: day(since, &frame),
        fields,
        doubts: shape.doubts(),
        tried,
        may_change,
        fault,
        event,
        frame,
    })
}

/// Fields that are shown of one event.
const SHOWN: usize = 120;

fn list_fields(shape: &Shape, path: &str, of: u64, fields: &mut Vec<Field>) {
    for (name, inner) in &shape.fields {
        if fields.len() >= SHOWN || path == "properties" && name == "context" {
            continue;
        }
        let own = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let is_whole = own == "properties" || own == "identifiers" || own == "refs";
        if !is_whole {
            let kinds: Vec<&str> = inner.kinds.keys().map(|k| kind_name(*k)).collect();
            let values = match (inner.choice(), inner.format()) {
                (Some(choice), _) => choice.join(", "),
                (None, Some(format)) => format.to_owned(),
                (None, None) => String::new(),
            };
            fields.push(Field {
                path: own.clone(),
                kinds: kinds.join(" or "),
                share: format::percent(inner.seen as f64 / of.max(1) as f64),
                values,
            });
        }
        list_fields(inner, &own, of, fields);
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "nothing",
        Kind::Boolean => "true or false",
        Kind::Integer => "whole number",
        Kind::Number => "number",
        Kind::String => "text",
        Kind::Array => "list",
        Kind::Object => "object",
    }
}

/// Tries a plan, makes it hold, or takes it away.
pub(crate) async fn change(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let event = form.get("event").to_owned();
    let mode = Mode::new(form.get("mode")).unwrap_or_default();
    let note_text: String = form.get("note").trim().chars().take(500).collect();
    let typed = Typed { note: note_text, schema: form.get("schema").to_owned(), mode };
    if form.get("act") == "remove" {
        let gone = event.clone();
        web.ask(move |e| e.remove_plan(workspace, &gone)).await?;
        return done(&web, &visit, "took an event out of the plan", event).await;
    }
    let schema = match Plan::schema_of(&typed.schema) {
        Ok(schema) => schema,
        Err(e) => return show(&web, visit, event, Some(typed), Came::Fault(e.to_string())).await,
    };
    let plan = Plan { event: event.clone(), note: typed.note.clone(), schema, mode };
    if form.get("act") == "try" {
        let tried = web.ask(move |e| e.try_plan(workspace, &plan)).await?;
        return show(&web, visit, event, Some(typed), Came::Tried(tried)).await;
    }
    match web.ask(move |e| e.set_plan(workspace, &plan)).await {
        Ok(()) => done(&web, &visit, "changed the plan of an event", event).await,
        Err(Problem::Refused(fault)) => show(&web, visit, event, Some(typed), Came::Fault(fault)).await,
        Err(other) => Err(other),
    }
}

async fn done(web: &Web, visit: &Visit, what: &str, event: String) -> Result<Response, Problem> {
    let entry = visit.act(web.now(), what, event);
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/data/plan")).into_response())
}
