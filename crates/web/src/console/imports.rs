//! Files that people bring: dropping one, saying what its columns are, letting it in, taking it back.

use super::frame::{Frame, Room, page, sentence};
use super::places::PlaceLine;
use super::story_view::{Item, entries};
use crate::accounts::{Area, Entry, note};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_imports::{Choice, Imports, ImportsError, Look, Preview, Role, Run, RunState, UsualEvent};
use throughline_interactions::WorkspaceId;
use throughline_pipeline::StoryEntry;

mod columns;
use columns::{ColumnLine, GROUPS, lines, read_choice};

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    runs: Vec<RunLine>,
    inbox: String,
    places: Vec<PlaceLine>,
    folders: Vec<String>,
    zone: String,
    currency: String,
    is_empty: bool,
    fault: String,
    imports: bool,
    founds: bool,
}

/// A run in the list.
struct RunLine {
    id: u64,
    file: String,
    when: String,
    size: String,
    state: &'static str,
    is_bad: bool,
    rows: String,
    new: String,
}

fn run_line(run: &Run, frame: &Frame) -> RunLine {
    let brought = run.state.has_brought();
    RunLine {
        id: run.id,
        file: run.file.clone(),
        when: format::minute(run.created_at, frame.zone.as_ref()),
        size: format::bytes(run.bytes),
        state: state_words(run.state),
        is_bad: run.state == RunState::Failed || run.counts.rejected > 0,
        rows: if brought { format::count(run.counts.rows) } else { String::new() },
        new: if brought { format::count(run.counts.accepted) } else { String::new() },
    }
}

fn state_words(state: RunState) -> &'static str {
    match state {
        RunState::Arriving => "is arriving",
        RunState::Uploaded => "waits for you",
        RunState::Running => "coming in",
        RunState::Stopped => "stopped half-way",
        RunState::Failed => "broke off",
        RunState::Done => "is in",
        RunState::Undoing => "being taken back",
        RunState::Undone => "taken back",
    }
}

/// Asks the imports on a thread that may wait.
pub(super) async fn ask<T: Send + 'static>(
    web: &Web,
    question: impl FnOnce(&Imports) -> Result<T, ImportsError> + Send + 'static,
) -> Result<T, Problem> {
    let imports = web.imports().clone();
    Ok(tokio::task::spawn_blocking(move || question(&imports)).await??)
}

pub(super) async fn show(web: &Web, visit: Visit, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let inbox = web.imports().inbox(&workspace).display().to_string();
    let (id, zone, currency) = (workspace.id, workspace.zone, workspace.currency);
    let (runs, places) = ask(web, move |i| Ok((i.runs(id)?, i.places(id)?))).await?;
    let folders = web.imports().allowed_folders().iter().map(|f| f.display().to_string()).collect();
    let is_empty = web.ask(move |e| Ok(e.sources(id)?.is_empty())).await?;
    let (imports, founds) = (visit.may(Area::Import), visit.may(Area::Found));
    let frame = Frame::new(web, visit, Room::Data, "Bring your own data").await?;
    let runs = runs.iter().map(|r| run_line(r, &frame)).collect();
    let places = places.iter().map(|p| PlaceLine::new(p, &frame)).collect();
    page(&ImportPage {
        runs,
        inbox,
        places,
        folders,
        zone,
        currency,
        is_empty,
        fault: sentence(fault),
        imports,
        founds,
        frame,
    })
}

/// Shows where a file can be dropped, and the files that came.
pub(crate) async fn imports(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "").await
}

/// Takes a file. The form's token comes before it, so that nothing is written for strangers.
pub(crate) async fn upload(
    State(web): State<Web>,
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let mut form = form.map_err(|e| Problem::Unreadable("invalid_form", e.body_text().to_lowercase()))?;
    let workspace = visit.workspace()?.id;
    let mut is_signed = false;
    while let Some(field) = form.next_field().await.map_err(|e| broken_off(&e))? {
        match field.name() {
            Some("token") => is_signed = field.text().await.map_err(|e| broken_off(&e))? == visit.form_token(),
            Some("file") if !is_signed => return Err(Problem::StaleForm),
            Some("file") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                if name.is_empty() {
                    return show(&web, visit, texts::NO_FILE).await;
                }
                let run = match take(&web, workspace, &name, visit.name(), field).await {
                    Ok(run) => run,
                    Err(Problem::Refused(why)) => return show(&web, visit, &why).await,
                    Err(other) => return Err(other),
                };
                record(&web, &visit, "brought a file", &run.file).await?;
                return Ok(Redirect::to(&visit.link(&format!("/data/import/{}", run.id))).into_response());
            }
            _ => {}
        }
    }
    show(&web, visit, texts::NO_FILE).await
}

fn broken_off(e: &MultipartError) -> Problem {
    Problem::Unreadable("invalid_form", format!("the file did not arrive whole: {}", e.body_text().to_lowercase()))
}

/// Writes a file as it arrives, a part at a time on a thread that may wait for the disk.
async fn take(web: &Web, workspace: WorkspaceId, name: &str, by: String, mut field: Field<'_>) -> Result<Run, Problem> {
    let name = name.to_owned();
    let mut upload = ask(web, move |i| i.receive(workspace, &name, &by)).await?;
    while let Some(bytes) = field.chunk().await.map_err(|e| broken_off(&e))? {
        upload = ask(web, move |_| upload.write(&bytes).map(|()| upload)).await?;
    }
    ask(web, move |_| upload.finish()).await
}

#[derive(Template)]
#[template(path = "import_file.html")]
struct FilePage {
    frame: Frame,
    run: Run,
    state: &'static str,
    message: String,
    look: Option<Looked>,
    fault: String,
    result: Vec<(&'static str, String)>,
    has_rejects: bool,
    may: bool,
}

/// What the columns are taken for, and what would come of it.
struct Looked {
    choice: Choice,
    notices: Vec<String>,
    like: Option<String>,
    known: Option<&'static str>,
    lines: Vec<ColumnLine>,
    events: Vec<&'static str>,
    preview: Option<Seen>,
}

/// A preview in words.
struct Seen {
    scope: String,
    facts: Vec<(&'static str, String)>,
    events: Vec<(String, String)>,
    warnings: Vec<String>,
    rejects: Vec<(String, Vec<String>)>,
    person: Option<String>,
    story: Vec<Item>,
    more: u64,
}

impl FilePage {
    fn is(&self, state: &str) -> bool {
        self.run.state.as_str() == state
    }

    fn can_undo(&self) -> bool {
        matches!(self.run.state, RunState::Done | RunState::Stopped | RunState::Failed)
    }

    fn is_left_out(&self, line: &ColumnLine) -> bool {
        line.is(&Role::Ignore)
    }

    fn groups(&self) -> &'static [(&'static str, &'static [(Role, &'static str)])] {
        GROUPS
    }
}

/// What was tried with a form, if anything.
enum Tried {
    Nothing,
    Choice(Choice),
    Fault(Choice, String),
}

async fn show_file(web: &Web, visit: Visit, id: u64, tried: Tried) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let run = ask(web, move |i| i.run(workspace, id)).await?;
    let has_rejects = ask(web, move |i| Ok(i.rejects(workspace, id)?.is_some())).await?;
    let may = visit.may(Area::Import);
    let frame = Frame::new(web, visit, Room::Data, run.file.clone()).await?;
    let mut fault = String::new();
    let mut looked = None;
    if matches!(run.state, RunState::Uploaded | RunState::Stopped | RunState::Failed) {
        match ask(web, move |i| i.look(workspace, id)).await {
            Ok(look) => {
                let asks = matches!(tried, Tried::Nothing) && look.run.choice.is_none() && look.like.is_none();
                let choice = match tried {
                    Tried::Nothing => look.choice.clone(),
                    Tried::Choice(choice) => choice,
                    Tried::Fault(choice, why) => {
                        fault = why;
                        choice
                    }
                };
                let open = columns::open_questions(&look, &choice, asks);
                let tried = choice.clone();
                let preview = match (fault.is_empty(), open) {
                    (true, None) => ask(web, move |i| i.preview(workspace, id, &tried)).await.map(Some),
                    (true, Some(question)) => Err(Problem::Refused(question)),
                    (false, _) => Ok(None),
                };
                let preview = match preview {
                    Ok(Some(mut p)) => {
                        let facts = std::mem::take(&mut p.story);
                        let story = web.ask(move |e| e.story_of(workspace, facts)).await?;
                        Some(seen(&p, &story, &frame))
                    }
                    Ok(None) => None,
                    Err(Problem::Refused(why)) => {
                        fault = why;
                        None
                    }
                    Err(other) => return Err(other),
                };
                looked = Some(look_in_words(&look, choice, asks, preview, &frame));
            }
            Err(Problem::Refused(why)) => fault = why,
            Err(other) => return Err(other),
        }
    }
    let result = result(&run);
    let state = state_words(run.state);
    let message = sentence(&run.message);
    page(&FilePage { state, message, look: looked, fault: sentence(&fault), result, has_rejects, may, run, frame })
}

fn look_in_words(look: &Look, choice: Choice, asks: bool, preview: Option<Seen>, frame: &Frame) -> Looked {
    let like = look.like.as_ref().map(|l| {
        let day = format::day(l.created_at, frame.zone.as_ref());
        format!(
            "it has the columns of `{}` of {day}, and is read as that one was; rows that are in already count as known",
            l.file
        )
    });
    Looked {
        lines: lines(look, &choice, asks),
        notices: {
            let of_people = choice.is_of_people_alone().then_some(texts::PEOPLE_ALONE);
            of_people.into_iter().chain(look.sample.notices.iter().map(String::as_str)).map(sentence).collect()
        },
        like: like.map(|l| sentence(&l)),
        known: look.known.map(|k| k.name),
        events: UsualEvent::ALL.iter().map(|e| e.name()).collect(),
        preview,
        choice,
    }
}

fn seen(p: &Preview, story: &[StoryEntry], frame: &Frame) -> Seen {
    let report = &p.report;
    let rows = format::counted(report.progress.rows, "row", "rows");
    let mut facts =
        vec![("customers", format::count(p.customers)), ("interactions", format::count(report.progress.interactions))];
    if let Some((first, last)) = report.times {
        let zone = frame.zone.as_ref();
        facts.push(("from – to", format!("{} – {}", format::day(first, zone), format::day(last, zone))));
    }
    facts.extend(p.money.iter().map(|m| ("money", format::money(m))));
    if p.scores > 0 {
        facts.push(("answers", format::count(p.scores)));
    }
    if p.texts > 0 {
        facts.push(("texts", format::count(p.texts)));
    }
    let mut warnings = Vec::new();
    if report.unidentified > 0 {
        warnings.push(match report.unidentified == report.progress.interactions {
            true => texts::NOBODY_TOLD.to_owned(),
            false => format!(
                "{} without anybody's name or number: each will be a customer of its own",
                format::counted(report.unidentified, "interaction", "interactions")
            ),
        });
    }
    if report.progress.interactions == 0 {
        warnings.push(texts::NOTHING_WOULD_COME.to_owned());
    }
    Seen {
        scope: match p.is_whole {
            true => format!("All {rows} of the file were read"),
            false => format!("The first {rows} were read"),
        },
        facts,
        events: report.events.iter().map(|(e, n)| (e.clone(), format::count(*n))).collect(),
        warnings: warnings.iter().map(|w| sentence(w)).collect(),
        rejects: report
            .rejects
            .values()
            .map(|r| {
                let shown = r.first.iter().map(|f| {
                    let column = f.column.as_ref().map_or(String::new(), |c| format!(", column `{c}`"));
                    format!("line {}{column}: {}", f.line, f.reason)
                });
                (format::counted(r.count, "row is rejected", "rows are rejected"), shown.collect())
            })
            .collect(),
        person: p.person.clone(),
        story: entries(story, false, frame.zone.as_ref()),
        more: p.story_length.saturating_sub(story.len() as u64),
    }
}

/// What became of the rows, in the order in which a reader asks.
fn result(run: &Run) -> Vec<(&'static str, String)> {
    if !run.state.has_brought() {
        return Vec::new();
    }
    let c = &run.counts;
    let all = [
        ("rows read", c.rows, true),
        ("new interactions", c.accepted, true),
        ("known already", c.duplicate, false),
        ("rows rejected", c.rejected, false),
        ("rows repeated", c.repeated, false),
        ("rows left out", c.skipped, false),
        ("kept aside: known with other contents", c.aside, false),
        ("refused: of people who were erased", c.refused, false),
    ];
    all.into_iter().filter(|(_, n, always)| *always || *n > 0).map(|(w, n, _)| (w, format::count(n))).collect()
}

/// Shows a file: its columns, or what became of it.
pub(crate) async fn file(State(web): State<Web>, visit: Visit, Path(id): Path<u64>) -> Result<Response, Problem> {
    show_file(&web, visit, id, Tried::Nothing).await
}

/// Tries what was settled on, or lets the rows in.
pub(crate) async fn decide(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    form: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let look = match ask(&web, move |i| i.look(workspace, id)).await {
        Err(Problem::Refused(_)) => return show_file(&web, visit, id, Tried::Nothing).await,
        other => other?,
    };
    let (choice, wrong) = read_choice(&look, &form);
    if let Some(why) = wrong {
        return show_file(&web, visit, id, Tried::Fault(choice, why)).await;
    }
    if form.get("do") != "start" {
        return show_file(&web, visit, id, Tried::Choice(choice)).await;
    }
    if let Some(question) = columns::open_questions(&look, &choice, false) {
        return show_file(&web, visit, id, Tried::Fault(choice, question)).await;
    }
    let started = choice.clone();
    match ask(&web, move |i| i.start(workspace, id, &started)).await {
        Ok(()) => {}
        Err(Problem::Refused(why)) => return show_file(&web, visit, id, Tried::Fault(choice, why)).await,
        Err(other) => return Err(other),
    }
    record(&web, &visit, "imported a file", &look.run.file).await?;
    Ok(Redirect::to(&visit.link(&format!("/data/import/{id}"))).into_response())
}

/// Stops an import that is coming in, takes back one that is over, or forgets a file.
pub(crate) async fn act(
    State(web): State<Web>,
    visit: Visit,
    Path((id, act)): Path<(u64, String)>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let run = ask(&web, move |i| i.run(workspace, id)).await?;
    let said = match act.as_str() {
        "stop" => "stopped an import",
        "undo" => "took an import back",
        "forget" => "removed a file",
        _ => return Err(Problem::NotFound(texts::NO_PAGE.to_owned())),
    };
    let by = visit.name();
    ask(&web, move |i| match act.as_str() {
        "stop" => i.stop(workspace, id),
        "undo" => i.undo(workspace, id, &by),
        _ => i.forget(workspace, id),
    })
    .await?;
    record(&web, &visit, said, &run.file).await?;
    let back = if said == "removed a file" { "/data/import".to_owned() } else { format!("/data/import/{id}") };
    Ok(Redirect::to(&visit.link(&back)).into_response())
}

/// The rejects of a run, as a file.
pub(crate) async fn rejects(State(web): State<Web>, visit: Visit, Path(id): Path<u64>) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let path = ask(&web, move |i| i.rejects(workspace, id)).await?;
    let path = path.ok_or_else(|| Problem::NotFound(texts::NO_REJECTS.to_owned()))?;
    let bytes = tokio::fs::read(&path).await.map_err(|e| Problem::Broken(format!("{}: {e}", path.display())))?;
    Ok(as_file(bytes, "text/csv; charset=utf-8", "rejects.csv"))
}

/// The recipe that a file is read by, for whoever wants to keep or change it.
pub(crate) async fn recipe(State(web): State<Web>, visit: Visit, Path(id): Path<u64>) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let text = ask(&web, move |i| i.recipe(workspace, id)).await?;
    Ok(as_file(text.into_bytes(), "application/toml; charset=utf-8", "recipe.toml"))
}

fn as_file(bytes: Vec<u8>, kind: &'static str, name: &'static str) -> Response {
    let named = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).ok();
    let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response();
    response.headers_mut().extend(named.map(|n| (header::CONTENT_DISPOSITION, n)));
    response
}

async fn record(web: &Web, visit: &Visit, action: &str, subject: &str) -> Result<(), Problem> {
    let entry = visit.act(web.now(), action, subject);
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await
}

#[derive(Template)]
#[template(path = "found.html")]
struct FoundPage {
    frame: Frame,
    fault: String,
    name: String,
    zone: String,
    currency: String,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// Asks what a new workspace is called.
pub(crate) async fn found_page(
    State(web): State<Web>,
    visit: Visit,
    _: Result<Query<Nothing>, QueryRejection>,
) -> Result<Response, Problem> {
    let frame = Frame::new(&web, visit, Room::Data, "A workspace of your own").await?;
    let (fault, name) = (String::new(), String::new());
    page(&FoundPage { frame, fault, name, zone: "UTC".to_owned(), currency: "EUR".to_owned() })
}

/// Makes a workspace and leads to its first file.
pub(crate) async fn found(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let typed = |field: &str| form.get(field).trim().to_owned();
    let (name, zone, currency) = (typed("name"), typed("zone"), typed("currency"));
    let new = (name.clone(), zone.clone(), currency.clone());
    match web.ask(move |e| e.found_workspace(&new.0, &new.1, &new.2)).await {
        Ok(made) => {
            let entry = Entry { workspace: made.id.0, ..visit.act(web.now(), "made a workspace", made.key.clone()) };
            web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
            Ok(Redirect::to(&format!("/data/import?workspace={}", made.key)).into_response())
        }
        Err(Problem::Refused(why)) => {
            let frame = Frame::new(&web, visit, Room::Data, "A workspace of your own").await?;
            page(&FoundPage { frame, fault: sentence(&why), name, zone, currency })
        }
        Err(other) => Err(other),
    }
}
