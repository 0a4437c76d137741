//! The ways to every page: what the palette shows, its page for browsers without a script, the keys,
//! and saved views.

use super::frame::{Frame, Room, page};
use crate::accounts::{Area, View, delete_view, save_view, views};
use crate::errors::Problem;
use crate::guard::{Signed, Visit, set_cookie};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_customers::CustomerQuery;

/// Customers that are offered for some letters.
const CUSTOMERS: u32 = 8;
/// The longest path that is kept.
const LONGEST: usize = 1_000;

/// Places of one kind.
struct Section {
    title: &'static str,
    places: Vec<Place>,
}

/// A page that can be gone to.
struct Place {
    name: String,
    also: String,
    href: String,
}

/// What keys do, in the order in which they are learnt.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("Ctrl K or ⌘ K", "go to any page, journey, saved view or customer"),
    ("/", "find a customer"),
    ("g, then the first letter of a room", "go to that room"),
    ("j, k", "the next and the one before in a list"),
    ("Enter", "open it"),
    ("?", "these keys"),
    ("Escape", "close what is open"),
];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "go.html")]
struct GoPage {
    frame: Frame,
    q: String,
    sections: Vec<Section>,
    own: Vec<(View, bool)>,
    keys: &'static [(&'static str, &'static str)],
}

#[derive(Template)]
#[template(path = "_go.html")]
struct Sections {
    sections: Vec<Section>,
    q: String,
}

#[derive(Template)]
#[template(path = "_keys.html")]
struct Keys {
    keys: &'static [(&'static str, &'static str)],
}

/// Pages beside the rooms of the navigation.
const PAGES: [(&str, &str, Area); 7] = [
    ("Bring a file", "/data/import", Area::Data),
    ("Keys for programs", "/data#keys", Area::Keys),
    ("People and roles", "/settings/people", Area::People),
    ("The record of what was done", "/settings/audit", Area::Audit),
    ("Workspace", "/settings/workspace", Area::Workspace),
    ("Your account", "/settings/account", Area::Own),
    ("A workspace of your own", "/workspaces/new", Area::Found),
];

async fn sections(web: &Web, frame: &Frame, q: &str) -> Result<Vec<Section>, Problem> {
    let words: Vec<String> = q.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |p: &Place| {
        let name = p.name.to_lowercase();
        words.iter().all(|w| name.contains(w.as_str()))
    };
    let place = |name: &str, also: &str, href: String| Place { name: name.to_owned(), also: also.to_owned(), href };
    let visit = &frame.visit;
    let mut pages: Vec<Place> = frame.rooms.iter().map(|r| place(r.name, "", r.href.clone())).collect();
    let more = PAGES.iter().filter(|(_, _, area)| visit.may(*area));
    pages.extend(more.map(|(name, path, _)| place(name, "", frame.to(path))));
    let (mut journeys, mut people) = (Vec::new(), Vec::new());
    if let Some(workspace) = visit.chosen().map(|w| w.id) {
        let all = web.ask(move |e| e.journeys(workspace)).await?;
        journeys = all.iter().map(|j| place(&j.name, "", frame.to(format!("/journeys/{}", j.key)))).collect();
        if !words.is_empty() && visit.may(Area::Customers) {
            let query = CustomerQuery { search: q.trim().to_owned(), after: None, limit: CUSTOMERS };
            let found = web.ask(move |e| e.customers(workspace, &query)).await?;
            let line = |row: &throughline_customers::CustomerRow| {
                let line = super::customers::Line::new(visit, frame.zone.as_ref(), row);
                Place { name: line.name, also: line.also, href: line.href }
            };
            people = found.rows.iter().map(line).collect();
        }
    }
    let saved = frame.views.iter().map(|v| place(&v.name, if v.shared { "shared" } else { "" }, frame.to(&v.path)));
    let all = [
        ("Saved views", saved.filter(&fits).collect()),
        ("Pages", pages.into_iter().filter(&fits).collect()),
        ("Journeys", journeys.into_iter().filter(&fits).collect()),
        ("Customers", people),
    ];
    let some = all.into_iter().filter(|(_, places): &(_, Vec<Place>)| !places.is_empty());
    Ok(some.map(|(title, places)| Section { title, places }).collect())
}

/// Everything that can be gone to, on a page of its own.
pub(crate) async fn go(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asked { q }) = query?;
    let (who, manages) = (visit.name(), visit.may(Area::Workspace));
    let frame = Frame::new(&web, visit, Room::Elsewhere, "Go to").await?;
    let sections = sections(&web, &frame, &q).await?;
    let own = frame.views.iter().map(|v| (v.clone(), v.owner == who || (v.shared && manages))).collect();
    page(&GoPage { sections, own, q, keys: KEYS, frame })
}

/// What the palette shows: `list` or `keys`.
pub(crate) async fn part(
    State(web): State<Web>,
    visit: Visit,
    Path(part): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asked { q }) = query?;
    match part.as_str() {
        "keys" => page(&Keys { keys: KEYS }),
        "list" => {
            let frame = Frame::new(&web, visit, Room::Elsewhere, "Go to").await?;
            page(&Sections { sections: sections(&web, &frame, &q).await?, q })
        }
        _ => Err(Problem::NotFound(texts::NO_PAGE.to_owned())),
    }
}

/// A path of this console, and nothing else.
fn own_path(path: &str) -> Option<&str> {
    let is_own = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\n', '\r']);
    (is_own && path.len() <= LONGEST).then_some(path)
}

/// A path without the workspace, which the view knows itself.
fn without_workspace(path: &str) -> String {
    let Some((plain, query)) = path.split_once('?') else { return path.to_owned() };
    let kept: Vec<&str> = query.split('&').filter(|p| !p.starts_with("workspace=") && !p.is_empty()).collect();
    if kept.is_empty() { plain.to_owned() } else { format!("{plain}?{}", kept.join("&")) }
}

/// Saves a page under a name and returns to it.
pub(crate) async fn save(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let name: String = form.get("name").trim().chars().take(100).collect();
    let path = own_path(form.get("path")).map(without_workspace);
    let (Some(path), false) = (path, name.is_empty()) else {
        return Err(Problem::Refused(texts::BAD_VIEW.to_owned()));
    };
    let view = View {
        id: 0,
        workspace,
        owner: visit.name(),
        shared: form.get("shared") == "1",
        name,
        path: path.clone(),
        created_at: web.now(),
    };
    web.accounts(move |s| s.write(|tx| save_view(tx, &view))).await?;
    Ok(Redirect::to(&visit.link(&path)).into_response())
}

/// Forgets a view.
pub(crate) async fn forget(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    _: Signed,
) -> Result<Response, Problem> {
    let (workspace, who, manages) = (visit.workspace()?.id, visit.name(), visit.may(Area::Workspace));
    match web.accounts(move |s| s.write(|tx| delete_view(tx, workspace, id, &who, manages))).await? {
        true => Ok(Redirect::to(&visit.link("/go")).into_response()),
        false => Err(Problem::NotFound(texts::NO_SUCH_VIEW.to_owned())),
    }
}

/// The views that the visitor sees, for the frame of every page.
pub(crate) async fn seen_by(web: &Web, visit: &Visit) -> Result<Vec<View>, Problem> {
    let Some(workspace) = visit.chosen().map(|w| w.id) else { return Ok(Vec::new()) };
    let who = visit.name();
    web.accounts(move |s| views(s, workspace, &who)).await
}

/// Turns keys of one letter on or off; with a modifier they always work.
pub(crate) async fn choose_keys(State(web): State<Web>, form: Signed) -> Result<Response, Problem> {
    let mut response = Redirect::to("/go#keys").into_response();
    match form.get("keys") {
        "off" => set_cookie(&web, response.headers_mut(), "keys", "off", 365 * 24 * 3600),
        _ => set_cookie(&web, response.headers_mut(), "keys", "", 0),
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_keep_paths_of_the_console_without_the_workspace() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(own_path(path).map(without_workspace).as_deref(), expected, "{path}");
        };
        check("/journeys/a?from=2026-01-01&workspace=b&x=1", Some("/journeys/a?from=2026-01-01&x=1"));
        check("/customers?workspace=b", Some("/customers"));
        check("/today", Some("/today"));
        check("//evil.example", None);
        check("/\\evil.example", None);
        check("https://evil.example", None);
    }
}
