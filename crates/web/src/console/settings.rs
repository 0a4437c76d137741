//! People, invitations and the record of what was done.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::{
    EVERY_WORKSPACE, Entry, Invitation, Person, Role, audit_page, disable, invite, open_invitations, people,
};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    people: Vec<Person>,
    invitations: Vec<Invitation>,
    fault: String,
    link: Option<String>,
}

impl PeoplePage {
    fn workspace_name(&self, id: &u32) -> String {
        if *id == EVERY_WORKSPACE {
            return "every workspace".to_owned();
        }
        let found = self.frame.visit.workspaces.iter().find(|w| w.id.0 == *id);
        found.map_or_else(|| format!("workspace {id}"), |w| w.name.clone())
    }
}

async fn show(web: &Web, visit: Visit, fault: &str, link: Option<String>) -> Result<Response, Problem> {
    let now = web.now();
    let (people, invitations) = web.accounts(move |s| Ok((people(s)?, open_invitations(s, now)?))).await?;
    let frame = Frame::new(web, visit, Room::Settings, "People").await?;
    page(&PeoplePage { frame, people, invitations, fault: sentence(fault), link })
}

/// Shows everybody with an account, and open invitations.
pub(crate) async fn people_page(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "", None).await
}

/// Makes a one-time link for somebody, shown once.
pub(crate) async fn invite_somebody(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    form: Signed,
) -> Result<Response, Problem> {
    let note = form.get("note").trim().to_owned();
    let workspace = form.get("where").parse::<u32>().ok();
    let known = |w: &u32| *w == EVERY_WORKSPACE || visit.workspaces.iter().any(|k| k.id.0 == *w);
    let (Some(role), Some(workspace), 1..=200) = (Role::new(form.get("role")), workspace.filter(known), note.len())
    else {
        return show(&web, visit, texts::BAD_INVITATION, None).await;
    };
    let (at, address) = (web.now(), visit.address.clone());
    let invitation = Invitation { workspace, role, note, created_by: visit.name(), expires_at: at };
    let secret = web.accounts(move |s| invite(s, &invitation, at, &address)).await?;
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    let scheme = if web.config().is_encrypted() { "https" } else { "http" };
    show(&web, visit, "", Some(format!("{scheme}://{host}/join/{}", secret.reveal()))).await
}

/// Shuts an account.
pub(crate) async fn disable_somebody(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    _: Signed,
) -> Result<Response, Problem> {
    let entry = Entry {
        id: 0,
        at: web.now(),
        workspace: EVERY_WORKSPACE,
        who: visit.name(),
        action: "shut an account".to_owned(),
        subject: format!("person {id}"),
        address: visit.address.clone(),
    };
    match web.accounts(move |s| disable(s, id, &entry)).await? {
        Some(()) => Ok(Redirect::to("/settings/people").into_response()),
        None => show(&web, visit, texts::LAST_ADMIN, None).await,
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    entries: Vec<Entry>,
    older: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct Before {
    before: Option<u64>,
}

/// Entries of a page.
const PAGE: u32 = 100;

/// Shows who did what, the newest first.
pub(crate) async fn audit(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Before>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Before { before }) = query?;
    let entries = web.accounts(move |s| audit_page(s, before, PAGE)).await?;
    let older = entries.last().filter(|e| entries.len() == PAGE as usize && e.id > 1).map(|e| e.id);
    let frame = Frame::new(&web, visit, Room::Settings, "Record").await?;
    page(&AuditPage { frame, entries, older })
}
