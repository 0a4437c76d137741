//! Where the data comes from: sources with their outcomes, progress, lag, keys. One source is `source.rs`.

use super::frame::{Frame, Progress, Room, page};
use super::source;
use crate::accounts::{Area, Key, KeyRole, create_key, keys, revoke_key};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_interactions::SourceId;
use throughline_pipeline::{SourceTally, Status};

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    frame: Frame,
    sources: Vec<SourceTally>,
    status: Status,
    /// Messages that wait for a decision.
    aside: u64,
    keys: Vec<Key>,
    makes_keys: bool,
    fault: &'static str,
}

async fn show(web: &Web, visit: Visit, fault: &'static str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (sources, status, aside) =
        web.ask(move |e| Ok((e.sources(workspace)?, e.status(), e.waiting_aside(workspace)?))).await?;
    let makes_keys = visit.may(Area::Keys);
    let keys = if makes_keys { web.accounts(move |s| keys(s, workspace)).await? } else { Vec::new() };
    let frame = Frame::new(web, visit, Room::Data, "Data").await?;
    page(&DataPage { frame, sources, status, aside, keys, makes_keys, fault })
}

/// Shows the sources, how far everything is, and the keys.
pub(crate) async fn data(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "").await
}

#[derive(Deserialize)]
pub(crate) struct Watching {
    #[serde(default)]
    back: String,
}

/// The progress alone, for pages that are open.
pub(crate) async fn progress(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Watching>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Watching { back }) = query?;
    let back = if back.starts_with('/') && !back.starts_with("//") { back } else { "/".to_owned() };
    let status = web.ask(|e| Ok(e.status())).await?;
    let mut progress = Progress::of(&status, visit.link("/data/progress"), back);
    progress.was_watched = true;
    page(&progress)
}

/// Makes a key and shows it, this once.
pub(crate) async fn make_key(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (Some(source), Some(role)) = (SourceId::new(form.get("source").trim()), KeyRole::new(form.get("role"))) else {
        return show(&web, visit, texts::BAD_SOURCE).await;
    };
    if source == SourceId::system() {
        return show(&web, visit, texts::RESERVED_SOURCE).await;
    }
    let (by, at, address) = (visit.name(), web.now(), visit.address.clone());
    let name = source.as_str().to_owned();
    let secret = web.accounts(move |s| create_key(s, workspace, &source, role, &by, at, &address)).await?;
    let told = source::Told { key: Some(secret.reveal().to_owned()), fault: String::new() };
    source::show(&web, visit, name, told).await
}

/// Revokes a key at once.
pub(crate) async fn revoke(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (by, at, address) = (visit.name(), web.now(), visit.address.clone());
    let done = web.accounts(move |s| revoke_key(s, workspace, id, &by, at, &address)).await?;
    web.keys().clear();
    match done {
        true => Ok(Redirect::to(&visit.link("/data")).into_response()),
        false => Err(Problem::NotFound(texts::NO_SUCH_KEY.to_owned())),
    }
}
