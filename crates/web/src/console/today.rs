//! Today: what changed, people worth a call, what hurts most, what waits, and what cannot be known yet.

use super::brief::{Brief, gather};
use super::frame::{Frame, Room, page};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    brief: Brief,
    monday: String,
}

/// Shows it, or how to begin.
pub(crate) async fn today(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let Some(brief) = brief_for(&web, &visit).await? else {
        return Ok(Redirect::to(&visit.link("/")).into_response());
    };
    let frame = Frame::new(&web, visit, Room::Today, "Today").await?;
    let monday = frame.to("/today/monday");
    page(&TodayPage { frame, brief, monday })
}

/// What there is to say to a visitor; `None` before anything has happened.
pub(super) async fn brief_for(web: &Web, visit: &Visit) -> Result<Option<Brief>, Problem> {
    let (workspace, now, gatherer) = (visit.workspace()?.clone(), web.now(), web.clone());
    let (opens_people, sees_data) = (visit.may(Area::Customers), visit.may(Area::Data));
    let facts = web.ask(move |e| gather(e, gatherer.imports(), &workspace, now, opens_people, sees_data)).await?;
    let zone = visit.workspace().ok().and_then(|w| throughline_interactions::Zone::new(&w.zone).ok());
    Ok(facts.map(|f| f.brief(zone.as_ref(), opens_people, &|path| visit.link(path))))
}
