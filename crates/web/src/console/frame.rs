//! What stands around every page: navigation, workspace, search, progress; and pages for failures.

use super::assets::{ASSETS, Assets};
use super::tour::{self, Tour};
use crate::accounts::{Area, View};
use crate::errors::{Problem, Told};
use crate::format;
use crate::guard::{Visit, Who, cookie, is_for_programs};
use crate::state::Web;
use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use throughline_interactions::Zone;
use throughline_pipeline::{Job, Status};

/// The rooms of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Today,
    Journeys,
    Scorecards,
    Customers,
    Segments,
    FollowUps,
    Initiatives,
    Data,
    Settings,
    /// None of them.
    Elsewhere,
}

/// Everything around the page itself.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) visit: Visit,
    pub(crate) rooms: Vec<RoomLink>,
    pub(crate) workspace: String,
    /// Name, address, current.
    pub(crate) workspaces: Vec<(String, String, bool)>,
    pub(crate) progress: Progress,
    pub(crate) search: String,
    pub(crate) token: String,
    pub(crate) assets: &'static Assets,
    pub(crate) here: String,
    pub(crate) person: Option<String>,
    pub(crate) is_demo: bool,
    /// The way into the tour, where it is offered and not taken.
    pub(crate) way_in: Option<String>,
    pub(crate) tour: Option<Tour>,
    pub(crate) zone: Option<Zone>,
    /// The saved views that the visitor sees.
    pub(crate) views: Vec<View>,
}

/// One line of the navigation.
pub(crate) struct RoomLink {
    pub(crate) name: &'static str,
    pub(crate) href: String,
    /// The letter that leads here after `g`.
    pub(crate) key: char,
    pub(crate) is_here: bool,
}

impl Frame {
    /// The frame of a page in a room.
    pub(crate) async fn new(web: &Web, visit: Visit, room: Room, title: impl Into<String>) -> Result<Self, Problem> {
        web.note_look();
        let status = web.ask(|e| Ok(e.status())).await?;
        let here = visit.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        let (settings, guarded_by) = match visit.may(Area::Workspace) {
            true => ("/settings/workspace", Area::Workspace),
            false => ("/settings/account", Area::Own),
        };
        let views = super::go::seen_by(web, &visit).await?;
        let mut letters = Vec::new();
        let rooms = [
            (Room::Today, "Today", "/today", Area::Figures),
            (Room::Journeys, "Journeys", "/journeys", Area::Figures),
            (Room::Scorecards, "Scorecards", "/scorecards", Area::Figures),
            (Room::Customers, "Customers", "/customers", Area::Customers),
            (Room::Segments, "Segments", "/segments", Area::Customers),
            (Room::FollowUps, "Follow-ups", "/follow-ups", Area::Customers),
            (Room::Initiatives, "Initiatives", "/initiatives", Area::Figures),
            (Room::Data, "Data", "/data", Area::Data),
            (Room::Settings, "People & settings", settings, guarded_by),
        ]
        .into_iter()
        .filter(|(_, _, _, area)| visit.may(*area))
        .map(|(r, name, path, _)| {
            // The first letter that no room before has.
            let mut own = name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase());
            let key = own.find(|c| !letters.contains(c)).unwrap_or(' ');
            letters.push(key);
            RoomLink { name, href: visit.link(path), key, is_here: r == room }
        })
        .collect();
        let tour = Tour::of(web, &visit).await?;
        let way_in = (tour.is_none() && tour::is_offered(&visit)).then(|| tour::with_step(&visit.link("/"), 1));
        let chosen = visit.chosen().cloned();
        let workspaces = visit
            .workspaces
            .iter()
            .map(|w| (w.name.clone(), format!("/?workspace={}", w.key), Some(w.id) == chosen.as_ref().map(|c| c.id)))
            .collect();
        Ok(Self {
            title: title.into(),
            views,
            rooms,
            workspace: chosen.as_ref().map(|w| w.name.clone()).unwrap_or_default(),
            zone: chosen.and_then(|w| Zone::new(&w.zone).ok()),
            workspaces,
            progress: Progress::of(&status, visit.link("/data/progress"), here.clone()),
            search: String::new(),
            token: visit.form_token(),
            assets: &ASSETS,
            here,
            person: match &visit.who {
                Who::Person(p) => Some(p.name.clone()),
                _ => None,
            },
            is_demo: matches!(visit.who, Who::Demo),
            way_in,
            tour,
            visit,
        })
    }

    /// A path that stays in the workspace.
    pub(crate) fn to(&self, path: impl AsRef<str>) -> String {
        self.visit.link(path.as_ref())
    }

    /// Whether the visitor manages accounts.
    pub(crate) fn manages_people(&self) -> bool {
        self.visit.may(Area::People)
    }

    /// Whether the visitor may change the workspace.
    pub(crate) fn manages_workspace(&self) -> bool {
        self.visit.may(Area::Workspace)
    }

    /// Whether the visitor may bring files.
    pub(crate) fn brings_files(&self) -> bool {
        self.visit.may(Area::Import)
    }

    /// Whether the visitor may open customers.
    pub(crate) fn opens_people(&self) -> bool {
        self.visit.may(Area::Customers)
    }

    /// Whether the visitor may start and end initiatives.
    pub(crate) fn acts(&self) -> bool {
        self.visit.may(Area::Act)
    }

    /// The chosen theme; empty for the system's.
    pub(crate) fn theme(&self) -> &'static str {
        self.visit.theme.unwrap_or("")
    }
}

/// How far long work is.
#[derive(Template, Clone)]
#[template(path = "_progress.html")]
pub(crate) struct Progress {
    lines: Vec<Line>,
    poll: String,
    back: String,
    /// A page that was watching says when all is done.
    pub(crate) was_watched: bool,
}

#[derive(Clone)]
struct Line {
    name: String,
    words: String,
    /// 0–100, where the end is known.
    share: Option<u32>,
    failed: bool,
}

/// Fewer waiting interactions than this are not worth a word.
const WORTH_A_WORD: u64 = 2_000;

impl Progress {
    pub(crate) fn of(status: &Status, poll: String, back: String) -> Self {
        // A job that failed is told until another one has begun.
        let last = status.jobs.last().map(|j| j.id);
        let told = |j: &&Job| j.state == "running" || (j.state == "failed" && Some(j.id) == last);
        let mut lines: Vec<Line> = status.jobs.iter().filter(told).map(line).collect();
        if status.lag > WORTH_A_WORD {
            lines.push(Line {
                name: "Counting".to_owned(),
                words: format!(
                    "{} received and not yet counted",
                    format::counted(status.lag, "interaction", "interactions")
                ),
                share: None,
                failed: false,
            });
        }
        if let Some(failure) = &status.failure {
            lines.push(Line { name: "Counting stopped".to_owned(), words: failure.clone(), share: None, failed: true });
        }
        if let Some(why) = &status.waits_for {
            lines.push(Line { name: "Counting waits".to_owned(), words: why.clone(), share: None, failed: true });
        }
        Self { lines, poll, back, was_watched: false }
    }

    fn is_running(&self) -> bool {
        self.lines.iter().any(|l| !l.failed)
    }
}

fn line(job: &Job) -> Line {
    let mut words = match job.total {
        Some(total) => format!("{} of {} {}", format::count(job.done), format::count(total), job.unit),
        None => format!("{} {}", format::count(job.done), job.unit),
    };
    if job.state == "running" && job.rate >= 1.0 {
        words.push_str(&format!(" · {} a second", format::count(job.rate as u64)));
    }
    if let Some(left) = job.seconds_left.filter(|_| job.state == "running") {
        words.push_str(&format!(" · {} left", format::duration(left.ceil())));
    }
    if !job.message.is_empty() {
        words.push_str(&format!(" · {}", job.message));
    }
    let share = job.total.filter(|t| *t > 0).map(|t| (job.done.min(t) * 100 / t) as u32);
    Line { name: job.name.clone(), words, share, failed: job.state == "failed" }
}

/// A rendered page.
pub(crate) fn page(template: &impl Template) -> Result<Response, Problem> {
    Ok(Html(template.render()?).into_response())
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    title: String,
    detail: String,
    status: u16,
    theme: &'static str,
    assets: &'static Assets,
}

/// Where people asked, a failure is a page in plain words; who has not logged in is led to the login.
pub(crate) async fn problems_as_pages(State(_): State<Web>, request: Request, next: Next) -> Response {
    let theme = cookie(request.headers(), "theme").and_then(|t| ["light", "dark"].into_iter().find(|k| *k == t));
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let Some(told) = response.extensions().get::<Told>().cloned().filter(|_| !is_for_programs(uri.path())) else {
        return response;
    };
    if told.status == StatusCode::UNAUTHORIZED && method == Method::GET {
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        return Redirect::to(&format!("/login?next={}", percent_encoded(path))).into_response();
    }
    let (title, detail, status) = (sentence(&told.message), sentence(&told.detail), told.status.as_u16());
    let page = Failure { title, detail, status, theme: theme.unwrap_or(""), assets: &ASSETS };
    let mut answer = (told.status, Html(page.render().unwrap_or_else(|_| told.message.clone()))).into_response();
    if let Some(seconds) = response.headers().get(header::RETRY_AFTER) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::clone(seconds));
    }
    answer
}

/// The first letter large, as at the beginning of a sentence, and what messages have between backticks
/// in quotes, as on a page.
pub(crate) fn sentence(text: &str) -> String {
    let mut is_open = false;
    let quoted = text.chars().map(|c| match c {
        '`' => {
            is_open = !is_open;
            if is_open { '“' } else { '”' }
        }
        other => other,
    });
    let mut chars = quoted;
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// A text as part of a query.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-_.~/".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}
