//! What a workspace is called, when its week starts, and what its money is worth.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::note;
use crate::errors::Problem;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_pipeline::{Preferences, Workspace};

/// The days of the week, Monday first.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[derive(Template)]
#[template(path = "workspace.html")]
struct WorkspacePage {
    frame: Frame,
    workspace: Workspace,
    /// The margin as it stands in its field, in percent; empty for none.
    margin: String,
    /// Nothing has been received: zone and currency can still be set.
    is_empty: bool,
    said: String,
    fault: String,
}

impl WorkspacePage {
    fn is_first_day(&self, day: &usize) -> bool {
        usize::from(self.workspace.week_start) == *day
    }
}

/// What is said above the form.
enum Notice {
    Nothing,
    Changed,
    /// The fault, and the margin as it was typed.
    Fault(String, String),
}

async fn show(web: &Web, visit: Visit, notice: Notice) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let set = workspace.margin.map_or_else(String::new, |m| ((m * 1e6).round() / 1e4).to_string());
    let (said, fault, margin) = match notice {
        Notice::Nothing => ("", String::new(), set),
        Notice::Changed => (texts::WORKSPACE_CHANGED, String::new(), set),
        Notice::Fault(fault, typed) => ("", fault, typed),
    };
    let id = workspace.id;
    let is_empty = web.ask(move |e| Ok(e.sources(id)?.is_empty())).await?;
    let frame = Frame::new(web, visit, Room::Settings, "Workspace").await?;
    page(&WorkspacePage { frame, workspace, margin, is_empty, said: sentence(said), fault: sentence(&fault) })
}

#[derive(Deserialize)]
pub(crate) struct After {
    changed: Option<String>,
}

/// Shows what can be changed about a workspace, and what cannot.
pub(crate) async fn workspace_page(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { changed }) = query?;
    show(&web, visit, changed.map_or(Notice::Nothing, |_| Notice::Changed)).await
}

/// Changes it.
pub(crate) async fn change_workspace(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let typed = form.get("margin").trim().to_owned();
    let Ok(margin) = percent(&typed) else {
        return show(&web, visit, Notice::Fault(texts::BAD_MARGIN.to_owned(), typed)).await;
    };
    let new = Preferences {
        name: form.get("name").to_owned(),
        week_start: form.get("week_start").parse().unwrap_or(workspace.week_start),
        margin,
    };
    let entry = visit.act(web.now(), "changed the workspace", workspace.key.clone());
    let (zone, currency) = (form.get("zone").trim().to_owned(), form.get("currency").trim().to_owned());
    let sets_locale = !zone.is_empty() && (zone != workspace.zone || currency != workspace.currency);
    let change = move |e: &throughline_pipeline::Engine| {
        if sets_locale {
            e.set_locale(workspace.id, &zone, &currency)?;
        }
        e.change_workspace(workspace.id, &new)
    };
    match web.ask(change).await {
        Ok(()) => {}
        Err(Problem::Refused(why)) => return show(&web, visit, Notice::Fault(why, typed)).await,
        Err(other) => return Err(other),
    }
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/settings/workspace?changed=1")).into_response())
}

/// A margin in percent as people type it: `35`, `35 %`, `33.3`, `33,3`, or nothing.
fn percent(typed: &str) -> Result<Option<f64>, std::num::ParseFloatError> {
    let digits = typed.trim_end_matches('%').trim().replace(',', ".");
    if digits.is_empty() { Ok(None) } else { digits.parse::<f64>().map(|p| Some(p / 100.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_as_people_type_them() {
        let check = |typed: &str, expected: Option<Option<f64>>| assert_eq!(percent(typed).ok(), expected, "{typed}");
        check("35", Some(Some(0.35)));
        check("35 %", Some(Some(0.35)));
        check("12,5", Some(Some(0.125)));
        check("", Some(None));
        check("a third", None);
    }
}
