//! From a number to people to somebody who does something: assigning, the list, done.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::{FollowUp, assign, finish, follow_ups, note, people};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit, Who};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_interactions::{Timestamp, Zone};

/// Open ones, and done ones, that the page shows.
const MOST: u32 = 200;
/// Days until something is due, unless somebody says otherwise.
const USUAL_DAYS: i64 = 7;

/// The form by which something is assigned, on any page that shows people.
pub(crate) struct Assigning {
    /// Who may be asked: address and name.
    pub(crate) owners: Vec<(String, String)>,
    /// Who is asked unless another is chosen.
    pub(crate) me: String,
    /// The day by which, unless another is chosen.
    pub(crate) due: String,
    /// About what, and how many customers that are.
    pub(crate) title: String,
    pub(crate) customers: usize,
    /// The path of the page.
    pub(crate) subject: String,
}

impl Assigning {
    pub(crate) async fn new(
        web: &Web,
        frame: &Frame,
        title: impl Into<String>,
        customers: usize,
    ) -> Result<Self, Problem> {
        let workspace = frame.visit.chosen().map(|w| w.id.0);
        let me = frame.visit.name();
        let mut owners: Vec<(String, String)> = web
            .accounts(people)
            .await?
            .into_iter()
            .filter(|p| p.disabled_at.is_none() && workspace.is_some_and(|w| p.role_in(w).is_some()))
            .map(|p| (p.email, p.name))
            .collect();
        if !owners.iter().any(|(email, _)| *email == me) && !matches!(frame.visit.who, Who::Key(_)) {
            owners.push((me.clone(), me.clone()));
        }
        let later = Timestamp(web.now().0 + USUAL_DAYS * 86_400_000_000);
        let due = format::iso_day(later, frame.zone.as_ref());
        Ok(Self { owners, me, due, title: title.into(), customers, subject: frame.here.clone() })
    }

    pub(crate) fn is_me(&self, email: &str) -> bool {
        self.me == email
    }
}

#[derive(Template)]
#[template(path = "follow_ups.html")]
struct FollowUpsPage {
    frame: Frame,
    open: Vec<Line>,
    done: Vec<Line>,
    fault: String,
}

/// One line of the list.
struct Line {
    id: u64,
    title: String,
    subject: String,
    customers: String,
    note: String,
    owner: String,
    due: String,
    is_late: bool,
    done: String,
}

fn line(f: &FollowUp, today: &str, zone: Option<&Zone>) -> Line {
    let day = f.due.parse::<jiff::civil::Date>().ok();
    let done = f.done_at.map(|at| format!("{} by {}", format::day(at, zone), f.done_by)).unwrap_or_default();
    Line {
        id: f.id,
        title: f.title.clone(),
        subject: f.subject.clone(),
        customers: format::counted(f.customers, "customer", "customers"),
        note: f.note.clone(),
        owner: f.owner.clone(),
        due: day.map_or_else(|| f.due.clone(), |d| d.strftime("%-d %b %Y").to_string()),
        is_late: f.done_at.is_none() && f.due.as_str() < today,
        done,
    }
}

async fn show(web: &Web, visit: Visit, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let all = web.accounts(move |s| follow_ups(s, workspace, MOST)).await?;
    let frame = Frame::new(web, visit, Room::FollowUps, "Follow-ups").await?;
    let today = format::iso_day(web.now(), frame.zone.as_ref());
    let lines = |done: bool| {
        all.iter().filter(|f| f.done_at.is_some() == done).map(|f| line(f, &today, frame.zone.as_ref())).collect()
    };
    let (open, done) = (lines(false), lines(true));
    page(&FollowUpsPage { open, done, fault: sentence(fault), frame })
}

/// Shows what is to be done, the most urgent first.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "").await
}

/// Asks somebody to do something until a day.
pub(crate) async fn create(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let field = |name: &str, most: usize| form.get(name).trim().chars().take(most).collect::<String>();
    let (title, note_text, owner) = (field("title", 200), field("note", 2_000), field("owner", 200));
    let subject = field("subject", 500);
    let Ok(due) = form.get("due").trim().parse::<jiff::civil::Date>() else {
        return show(&web, visit, texts::BAD_DUE).await;
    };
    if title.is_empty() || owner.is_empty() {
        return show(&web, visit, texts::BAD_FOLLOW_UP).await;
    }
    let is_own = subject.starts_with('/') && !subject.starts_with("//") && !subject.contains('\\');
    let made = FollowUp {
        id: 0,
        workspace,
        title,
        subject: if is_own { subject } else { "/".to_owned() },
        customers: form.get("customers").parse().unwrap_or(0),
        note: note_text,
        owner,
        due: due.to_string(),
        created_at: web.now(),
        created_by: visit.name(),
        done_at: None,
        done_by: String::new(),
    };
    let entry = visit.act(web.now(), "assigned a follow-up", made.title.clone());
    web.accounts(move |s| {
        s.write(|tx| {
            assign(tx, &made)?;
            note(tx, &entry)
        })
    })
    .await?;
    Ok(Redirect::to(&visit.link("/follow-ups")).into_response())
}

/// Marks one as done.
pub(crate) async fn done(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    _: Signed,
) -> Result<Response, Problem> {
    let (workspace, by, at) = (visit.workspace()?.id, visit.name(), web.now());
    let entry = visit.act(at, "finished a follow-up", id.to_string());
    let found = web
        .accounts(move |s| {
            s.write(|tx| {
                let found = finish(tx, workspace, id, &by, at)?;
                if found {
                    note(tx, &entry)?;
                }
                Ok(found)
            })
        })
        .await?;
    match found {
        true => Ok(Redirect::to(&visit.link("/follow-ups")).into_response()),
        false => Err(Problem::NotFound(texts::NO_SUCH_FOLLOW_UP.to_owned())),
    }
}
