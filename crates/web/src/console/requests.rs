//! Files that name people, to be erased or exported: bringing one, seeing what it would do, and what it did.

use super::export::record;
use super::frame::{Frame, Room, page, sentence};
use super::receipts::{self, ReceiptLine};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_rights::{BadLine, Counts, Rights, RightsError, Run, RunState, What};

/// The largest list that is taken, in bytes.
const LARGEST: usize = 32 << 20;
/// Lines that cannot be used, of which the page tells.
const BAD_SHOWN: u32 = 100;
/// Receipts that a page lists.
const RECEIPTS: u32 = 200;

/// Asks the rights on a thread that may wait.
pub(super) async fn ask<T: Send + 'static>(
    web: &Web,
    question: impl FnOnce(&Rights) -> Result<T, RightsError> + Send + 'static,
) -> Result<T, Problem> {
    let rights = web.rights().clone();
    Ok(tokio::task::spawn_blocking(move || question(&rights)).await??)
}

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    runs: Vec<RunLine>,
    decides: bool,
    fault: String,
}

/// A file in the list.
struct RunLine {
    href: String,
    file: String,
    when: String,
    by: String,
    state: &'static str,
    is_bad: bool,
    people: String,
}

fn state_words(run: &Run) -> &'static str {
    match (run.what, run.state) {
        (What::Export, _) => "to be exported",
        (_, RunState::Waiting) => "to be erased, once you decide",
        (_, RunState::Running) => "being erased",
        (_, RunState::Done) => "erased",
        (_, RunState::Failed) => "not all erased: it broke off",
    }
}

async fn show(web: &Web, visit: Visit, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let runs = ask(web, move |r| {
        let with_counts = |run: Run| Ok((r.counts(run.id)?, run));
        r.runs(workspace)?.into_iter().take(50).map(with_counts).collect::<Result<Vec<_>, RightsError>>()
    })
    .await?;
    let decides = visit.may(Area::Decide);
    let frame = Frame::new(web, visit, Room::Settings, "Requests of people").await?;
    let line = |(counts, run): &(Counts, Run)| RunLine {
        href: frame.to(format!("/settings/privacy/people/{}", run.id)),
        file: run.file.clone(),
        when: format::minute(run.created_at, frame.zone.as_ref()),
        by: run.created_by.clone(),
        state: state_words(run),
        is_bad: run.state == RunState::Failed,
        people: format::count(counts.people),
    };
    let runs = runs.iter().map(line).collect();
    page(&RequestsPage { runs, decides, fault: sentence(fault), frame })
}

/// Shows where a file can be dropped, and the files that came.
pub(crate) async fn requests(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "").await
}

/// Takes a file and looks its lines up. The form's token comes before it.
pub(crate) async fn bring(
    State(web): State<Web>,
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let broken = |e: axum::extract::multipart::MultipartError| Problem::Unreadable("invalid_form", e.body_text());
    let mut form = form.map_err(|e| Problem::Unreadable("invalid_form", e.body_text().to_lowercase()))?;
    let workspace = visit.workspace()?.id;
    let (mut is_signed, mut what) = (false, What::Export);
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("token") => is_signed = field.text().await.map_err(broken)? == visit.form_token(),
            Some("what") => what = What::new(&field.text().await.map_err(broken)?).unwrap_or(What::Export),
            Some("file") if !is_signed => return Err(Problem::StaleForm),
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                if name.is_empty() {
                    return show(&web, visit, texts::NO_FILE).await;
                }
                let mut bytes = Vec::new();
                while let Some(piece) = field.chunk().await.map_err(broken)? {
                    if bytes.len() + piece.len() > LARGEST {
                        return show(&web, visit, texts::LIST_TOO_LARGE).await;
                    }
                    bytes.extend_from_slice(&piece);
                }
                let by = visit.name();
                let run = match ask(&web, move |r| r.bring(workspace, what, &name, &bytes, &by)).await {
                    Ok(run) => run,
                    Err(Problem::Refused(why)) => return show(&web, visit, &why).await,
                    Err(other) => return Err(other),
                };
                let subject = format!("file {}, {}", run.id, run.file);
                record(&web, visit.act(web.now(), "brought a list of people", subject)).await?;
                let to = format!("/settings/privacy/people/{}", run.id);
                return Ok(Redirect::to(&visit.link(&to)).into_response());
            }
            _ => {}
        }
    }
    show(&web, visit, texts::NO_FILE).await
}

#[derive(Template)]
#[template(path = "requests_file.html")]
struct FilePage {
    frame: Frame,
    run: Run,
    state: &'static str,
    facts: Vec<(&'static str, String)>,
    bad: Vec<BadLine>,
    more_bad: u64,
    people: u64,
    unknown: u64,
    receipts: Vec<ReceiptLine>,
    of_file: Option<ReceiptLine>,
    decides: bool,
    exports: bool,
    fault: String,
}

impl FilePage {
    fn is(&self, what: &str, state: &str) -> bool {
        let is_state = match state {
            "waiting" => self.run.state == RunState::Waiting,
            "running" => self.run.state == RunState::Running,
            "failed" => self.run.state == RunState::Failed,
            _ => self.run.state == RunState::Done,
        };
        self.run.what.as_str() == what && is_state
    }
}

fn facts(run: &Run, c: &Counts) -> Vec<(&'static str, String)> {
    let is_over = run.state == RunState::Done && run.what == What::Erase;
    let erases = run.what == What::Erase;
    let found = match (erases, is_over) {
        (true, true) => "people erased",
        (true, false) => "people found",
        (false, _) => "people found, who are exported",
    };
    let unknown = match (erases, is_over) {
        (true, true) => "nobody known: refused from now on",
        (true, false) => "nobody known: will be refused in future",
        (false, _) => "nobody known",
    };
    let all = [
        ("lines", c.lines, true),
        (found, c.people, true),
        ("about one of them again", c.same, false),
        (unknown, c.unknown, false),
        ("nobody known, kind not said", c.nameless, false),
        ("erased before", c.before, false),
        ("cannot be used", c.bad, false),
    ];
    all.into_iter().filter(|(_, n, always)| *always || *n > 0).map(|(w, n, _)| (w, format::count(n))).collect()
}

async fn show_file(web: &Web, visit: Visit, id: u64, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (run, counts, bad) = ask(web, move |r| {
        let run = r.run(workspace, id)?;
        Ok((run.clone(), r.counts(id)?, r.bad_lines(id, BAD_SHOWN)?))
    })
    .await?;
    let name = run.name();
    let receipts = web.ask(move |e| e.receipts(workspace, &name, 0, RECEIPTS)).await?;
    let (decides, exports) = (visit.may(Area::Decide), visit.may(Area::Export));
    let frame = Frame::new(web, visit, Room::Settings, run.file.clone()).await?;
    let (of_file, receipts): (Vec<_>, Vec<_>) = receipts.into_iter().partition(|r| r.kind == "file");
    page(&FilePage {
        state: state_words(&run),
        facts: facts(&run, &counts),
        more_bad: counts.bad.saturating_sub(bad.len() as u64),
        people: counts.people,
        unknown: counts.unknown,
        receipts: receipts::lines(&receipts, &frame),
        of_file: receipts::lines(&of_file, &frame).pop(),
        fault: sentence(fault),
        bad,
        decides,
        exports,
        run,
        frame,
    })
}

/// Shows a file: what its lines find, or what has become of them.
pub(crate) async fn file(State(web): State<Web>, visit: Visit, Path(id): Path<u64>) -> Result<Response, Problem> {
    show_file(&web, visit, id, "").await
}

/// Erases its people, or forgets it.
pub(crate) async fn act(
    State(web): State<Web>,
    visit: Visit,
    Path((id, act)): Path<(u64, String)>,
    form: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let run = ask(&web, move |r| r.run(workspace, id)).await?;
    let subject = format!("file {id}, {}", run.file);
    match act.as_str() {
        "erase" if form.get("confirm").trim() != "erase" => {
            return show_file(&web, visit, id, texts::NOT_CONFIRMED).await;
        }
        "erase" => {
            record(&web, visit.act(web.now(), "erased the people of a file", subject)).await?;
            match ask(&web, move |r| r.start(workspace, id)).await {
                Ok(()) => Ok(Redirect::to(&visit.link(&format!("/settings/privacy/people/{id}"))).into_response()),
                Err(Problem::Refused(why)) => show_file(&web, visit, id, &why).await,
                Err(other) => Err(other),
            }
        }
        "forget" => match ask(&web, move |r| r.forget(workspace, id)).await {
            Ok(()) => {
                record(&web, visit.act(web.now(), "removed a list of people", subject)).await?;
                Ok(Redirect::to(&visit.link("/settings/privacy/people")).into_response())
            }
            Err(Problem::Refused(why)) => show_file(&web, visit, id, &why).await,
            Err(other) => Err(other),
        },
        _ => Err(Problem::NotFound(texts::NO_PAGE.to_owned())),
    }
}
