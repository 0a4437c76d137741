//! The builder: what somebody types becomes a rule, is counted at once, and is kept when it is right.

use super::form::{Form, How};
use super::leaf::KINDS;
use super::names;
use crate::accounts::note;
use crate::console::customers::Line;
use crate::console::frame::{Frame, Room, page, sentence};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_pipeline::{EngineError, NewSegment, SegmentDefinition, Vocabulary};
use throughline_segments::{Rule, SegmentId};

#[derive(Template)]
#[template(path = "segment_edit.html")]
struct EditPage {
    frame: Frame,
    form: Form,
    action: String,
    is_new: bool,
    count: Count,
    fault: String,
    words: Vocabulary,
    others: Vec<(u32, String)>,
    kinds: &'static [(&'static str, &'static str)],
}

/// Whom the rule in the form would hold for now.
#[derive(Template)]
#[template(path = "_segment_count.html")]
struct Count {
    /// What cannot be counted yet, and why.
    trouble: String,
    people: String,
    of: String,
    rule: String,
    lines: Vec<Line>,
}

impl EditPage {
    /// The words that a form offers for dimensions.
    fn dimensions(&self) -> impl Iterator<Item = String> {
        let each = |(dimension, values): (&String, &Vec<String>)| {
            values.iter().take(20).map(|v| format!("{dimension}={v}")).collect::<Vec<_>>()
        };
        self.words.dimensions.iter().flat_map(each)
    }

    /// What the names of the fields of a condition begin with.
    fn prefix(group: impl std::fmt::Display, condition: impl std::fmt::Display) -> String {
        format!("g{group}.c{condition}.")
    }

    fn units() -> [(&'static str, &'static str); 4] {
        [("d", "days"), ("h", "hours"), ("m", "minutes"), ("s", "seconds")]
    }
}

/// A rule to begin with, from another page.
#[derive(Deserialize)]
pub(crate) struct Begin {
    rule: Option<String>,
    name: Option<String>,
}

/// Shows an empty builder, or one with a rule from another page.
pub(crate) async fn new(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Begin>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Begin { rule, name }) = query?;
    let form = match rule.as_deref().map(serde_json::from_str::<Rule>) {
        Some(Ok(rule)) => Form::of(name.as_deref().unwrap_or_default(), "", &rule),
        Some(Err(e)) => return Err(Problem::Refused(format!("the rule cannot be read: {e}"))),
        None => Form::new(),
    };
    show(&web, visit, None, form, String::new()).await
}

/// Shows the builder of a segment.
pub(crate) async fn edit(State(web): State<Web>, visit: Visit, Path(id): Path<u32>) -> Result<Response, Problem> {
    let (workspace, id) = (visit.workspace()?.id, SegmentId(id));
    let d = web.ask(move |e| e.segment(workspace, id)).await?;
    show(&web, visit, Some(id), Form::of(&d.name, &d.about, &d.rule), String::new()).await
}

/// Takes what was typed for a new segment.
pub(crate) async fn create(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    take(&web, visit, None, form).await
}

/// Takes what was typed for a segment.
pub(crate) async fn change(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u32>,
    form: Signed,
) -> Result<Response, Problem> {
    take(&web, visit, Some(SegmentId(id)), form).await
}

async fn take(web: &Web, visit: Visit, id: Option<SegmentId>, sent: Signed) -> Result<Response, Problem> {
    let mut form = Form::read(&sent);
    match sent.get("act") {
        // What a script asks for while somebody types: the count alone.
        "count" => {
            let frame = Frame::new(web, visit, Room::Segments, "").await?;
            let count = count(web, &frame, id, &form).await?;
            return Ok(Html(count.render()?).into_response());
        }
        "save" => {}
        "look" => return show(web, visit, id, form, String::new()).await,
        act => {
            form.act(act, &sent);
            return show(web, visit, id, form, String::new()).await;
        }
    }
    let rule = match form.rule() {
        Ok(rule) => rule,
        Err(fault) => return show(web, visit, id, form, fault).await,
    };
    let workspace = visit.workspace()?.id;
    let wanted = NewSegment { name: form.name.clone(), about: form.about.clone(), rule };
    let by = visit.name();
    let kept = web
        .ask(move |e| match e.put_segment(workspace, id, &by, &wanted) {
            Ok(id) => Ok(Ok(id)),
            Err(EngineError::Refused(why)) => Ok(Err(why)),
            Err(other) => Err(other),
        })
        .await?;
    match kept {
        Ok(kept) => {
            let act = if id.is_some() { "changed a segment" } else { "made a segment" };
            let entry = visit.act(web.now(), act, format!("{} {}", kept.0, form.name));
            web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
            Ok(Redirect::to(&visit.link(&format!("/segments/{}", kept.0))).into_response())
        }
        Err(fault) => show(web, visit, id, form, fault).await,
    }
}

async fn count(web: &Web, frame: &Frame, id: Option<SegmentId>, form: &Form) -> Result<Count, Problem> {
    let trouble = |trouble: String| Count {
        trouble,
        people: String::new(),
        of: String::new(),
        rule: String::new(),
        lines: Vec::new(),
    };
    let rule = match form.rule() {
        Ok(rule) => rule,
        Err(why) => return Ok(trouble(why)),
    };
    let workspace = frame.visit.workspace()?.id;
    let asked = rule.clone();
    let found = web
        .ask(move |e| {
            let found = match e.try_segment(workspace, id, &asked) {
                Err(EngineError::Refused(why)) => return Ok(Err(why)),
                other => other?,
            };
            let rows = super::people(e, workspace, &found.examples)?;
            Ok(Ok((found, rows, e.segments(workspace, true)?)))
        })
        .await?;
    let (found, rows, all) = match found {
        Ok(found) => found,
        Err(why) => return Ok(trouble(why)),
    };
    let names = names(all.iter());
    let name = |id| names.get(&id).cloned().unwrap_or_else(|| format!("segment {id}"));
    let zone = frame.zone.as_ref();
    Ok(Count {
        trouble: String::new(),
        people: format::counted(found.people, "customer", "customers"),
        of: format::count(found.of),
        rule: sentence(&throughline_segments::sentence(&rule, &name, &|t| format::day(t, zone))),
        lines: rows.iter().map(|row| Line::new(&frame.visit, zone, row)).collect(),
    })
}

async fn show(web: &Web, visit: Visit, id: Option<SegmentId>, form: Form, fault: String) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (words, all): (Vocabulary, Vec<SegmentDefinition>) =
        web.ask(move |e| Ok((e.vocabulary(workspace)?, e.segments(workspace, false)?))).await?;
    let title = if id.is_some() { "Change a segment" } else { "A new segment" };
    let frame = Frame::new(web, visit, Room::Segments, title).await?;
    let count = count(web, &frame, id, &form).await?;
    let action = match id {
        Some(id) => frame.to(format!("/segments/{}/edit", id.0)),
        None => frame.to("/segments/new"),
    };
    let others = all.into_iter().filter(|d| Some(d.id) != id).map(|d| (d.id.0, d.name)).collect();
    page(&EditPage {
        frame,
        form,
        action,
        is_new: id.is_none(),
        count,
        fault: fault_line(&fault),
        words,
        others,
        kinds: &KINDS,
    })
}

fn fault_line(fault: &str) -> String {
    if fault.is_empty() { String::new() } else { sentence(fault).trim_end_matches('.').to_owned() }
}
