//! Places on the server that are looked at every few hours.

use super::frame::{Frame, sentence};
use super::imports::{ask, show};
use crate::accounts::note;
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_imports::Place;

/// A place in the list.
pub(super) struct PlaceLine {
    pub(super) id: u64,
    pub(super) path: String,
    pub(super) every: String,
    pub(super) looked: String,
    pub(super) said: String,
}

impl PlaceLine {
    pub(super) fn new(p: &Place, frame: &Frame) -> Self {
        let every = match p.every_hours {
            1 => "every hour".to_owned(),
            24 => "every day".to_owned(),
            n if n % 24 == 0 => format!("every {} days", n / 24),
            n => format!("every {n} hours"),
        };
        let looked = p.looked_at.map_or("right away".to_owned(), |t| format::minute(t, frame.zone.as_ref()));
        Self { id: p.id, path: p.path.clone(), every, looked, said: sentence(&p.said) }
    }
}

async fn back(web: &Web, visit: &Visit, action: &str, subject: String) -> Result<Response, Problem> {
    let entry = visit.act(web.now(), action, subject);
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/data/import")).into_response())
}

/// Looks at a place from now on.
pub(crate) async fn add(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (path, hours, by) = (form.get("path").to_owned(), form.get("hours").trim().parse().unwrap_or(0), visit.name());
    let subject = path.clone();
    match ask(&web, move |i| i.add_place(workspace, &path, hours, &by)).await {
        Ok(()) => back(&web, &visit, "had a place looked at", subject).await,
        Err(Problem::Refused(why)) => show(&web, visit, &why).await,
        Err(other) => Err(other),
    }
}

/// Looks now, or no more.
pub(crate) async fn act(
    State(web): State<Web>,
    visit: Visit,
    Path((id, act)): Path<(u64, String)>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (done, action) = match act.as_str() {
        "look" => (ask(&web, move |i| i.look_now(workspace, id)).await?, "had a place looked at now"),
        "remove" => (ask(&web, move |i| i.remove_place(workspace, id)).await?, "had a place looked at no more"),
        _ => return Err(Problem::NotFound(texts::NO_PAGE.to_owned())),
    };
    match done {
        true => back(&web, &visit, action, id.to_string()).await,
        false => Err(Problem::NotFound(texts::NO_SUCH_PLACE.to_owned())),
    }
}
