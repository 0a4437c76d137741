//! The Monday page: Today on one sheet of paper, in plain words.

use super::brief::Brief;
use super::frame::{Frame, Room, page};
use super::monday_sheet::pdf;
use super::today::brief_for;
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit, Who};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_interactions::Zone;
use throughline_news::{monday, set_monday};

#[derive(Template)]
#[template(path = "monday.html")]
struct MondayPage {
    frame: Frame,
    brief: Brief,
    day: String,
    /// Whether the visitor can wish for it by mail; with the hour, if they did.
    wish: Option<Option<u8>>,
    /// Mail can leave.
    has_mail: bool,
}

impl MondayPage {
    fn hours(&self) -> std::ops::Range<u8> {
        0..24
    }

    fn is_hour(&self, hour: &u8) -> bool {
        self.wish.flatten().unwrap_or(8) == *hour
    }
}

/// Shows it, ready to be printed on one sheet.
pub(crate) async fn monday_page(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let Some(brief) = brief_for(&web, &visit).await? else {
        return Ok(Redirect::to(&visit.link("/")).into_response());
    };
    let workspace = visit.workspace()?.id;
    let wish = match visit.who.clone() {
        Who::Person(person) => {
            let wish = web.accounts(move |s| monday(s, workspace, person.id)).await?;
            Some(wish.map(|w| w.hour))
        }
        _ => None,
    };
    let has_mail = web.post().has_mail();
    let frame = Frame::new(&web, visit, Room::Today, "Monday page").await?;
    let day = format::day(web.now(), frame.zone.as_ref());
    page(&MondayPage { frame, brief, day, wish, has_mail })
}

/// Shows it as a PDF.
pub(crate) async fn monday_pdf(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let Some(brief) = brief_for(&web, &visit).await? else {
        return Err(Problem::NotFound(texts::NO_PAGE.to_owned()));
    };
    let workspace = visit.workspace()?;
    let day = format::day(web.now(), Zone::new(&workspace.zone).ok().as_ref());
    let name = workspace.name.clone();
    let made = tokio::task::spawn_blocking(move || pdf(&name, &day, &brief)).await?;
    let made = made.map_err(|e| Problem::Broken(format!("the Monday page cannot be drawn: {e}")))?;
    let shown = HeaderValue::from_static("inline; filename=\"monday.pdf\"");
    let kind = HeaderValue::from_static("application/pdf");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, shown)], made).into_response())
}

/// Sets whether and when it comes by mail.
pub(crate) async fn wish(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let Who::Person(person) = visit.who.clone() else { return Err(Problem::LoginNeeded) };
    let workspace = visit.workspace()?.clone();
    let hour = match form.get("wanted") {
        "yes" => {
            let hour = form.get("hour").parse::<u8>().ok().filter(|h| *h < 24);
            Some(hour.ok_or_else(|| Problem::Refused(texts::BAD_HOUR.to_owned()))?)
        }
        _ => None,
    };
    let now = web.now();
    web.accounts(move |s| set_monday(s, &workspace, person.id, hour, now)).await?;
    Ok(Redirect::to(&visit.link("/today/monday")).into_response())
}
