//! How long things are kept: the rules, what a new one would do, and what they have let go.

use super::export::record;
use super::frame::{Frame, Room, page, sentence};
use super::requests::ask;
use crate::accounts::Area;
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_pipeline::{Kind, Then};
use throughline_rights::{NewRule, Preview, RulePreview, words};

/// Lines of the log that the page shows.
const LOG: u32 = 60;

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    frame: Frame,
    rules: Vec<RuleLine>,
    total: String,
    log: Vec<(String, String, String)>,
    typed: Typed,
    preview: Option<Shown>,
    decides: bool,
    fault: String,
    events: Vec<String>,
}

/// A rule in the list.
struct RuleLine {
    id: u64,
    words: String,
    matches: String,
    due: String,
    notes: Vec<String>,
    made: String,
}

/// What stands in the fields of the form.
#[derive(Default)]
struct Typed {
    event: String,
    channel: String,
    kind: String,
    days: String,
    then: String,
}

/// What a rule would do, in words.
struct Shown {
    words: String,
    matches: String,
    due: String,
    people: String,
    notes: Vec<String>,
    takes_everything: bool,
}

fn notes(found: &RulePreview) -> Vec<String> {
    let shorter = found.shorter.iter().map(|w| format!("for some of them a shorter rule holds: {w}"));
    let longer = found.longer.iter().map(|w| format!("it is the shorter one for some of: {w}"));
    shorter.chain(longer).map(|n| sentence(&n)).collect()
}

async fn show(
    web: &Web,
    visit: Visit,
    typed: Typed,
    preview: Option<(NewRule, Preview)>,
    fault: &str,
) -> Result<Response, Problem> {
    let (workspace, now) = (visit.workspace()?.id, web.now());
    let (rules, (total, found), log) =
        ask(web, move |r| Ok((r.rules(workspace)?, r.rules_find(workspace, now)?, r.retired(workspace, LOG)?))).await?;
    let events = web.ask(move |e| e.event_names(workspace)).await?;
    let decides = visit.may(Area::Decide);
    let frame = Frame::new(web, visit, Room::Settings, "How long things are kept").await?;
    let lines = rules.iter().zip(&found).map(|(rule, found)| RuleLine {
        id: rule.keeping.id,
        words: sentence(&words(&rule.keeping)),
        matches: format::count(found.matches),
        due: format::count(found.due),
        notes: notes(found),
        made: format!("{} by {}", format::day(rule.created_at, frame.zone.as_ref()), rule.created_by),
    });
    let log = log.iter().map(|l| {
        let done = if l.then == Then::Erase { "erased" } else { "lost their words" };
        (l.day.clone(), sentence(&l.words), format!("{} {done}", format::count(l.interactions)))
    });
    let preview = preview.map(|(new, p)| Shown {
        words: sentence(&new.words()),
        matches: format::count(p.rule.matches),
        due: format::count(p.rule.due),
        people: format::count(p.rule.people),
        notes: notes(&p.rule),
        takes_everything: p.takes_everything(),
    });
    page(&RetentionPage {
        rules: lines.collect(),
        total: format::counted(total, "interaction", "interactions"),
        log: log.collect(),
        typed,
        preview,
        decides,
        fault: sentence(fault),
        events,
        frame,
    })
}

/// Shows the rules.
pub(crate) async fn retention(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, Typed::default(), None, "").await
}

/// Shows what a rule would do, or makes it.
pub(crate) async fn change(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let (workspace, now) = (visit.workspace()?.id, web.now());
    let field = |name: &str| form.get(name).trim().chars().take(200).collect::<String>();
    let typed = Typed {
        event: field("event"),
        channel: field("channel"),
        kind: field("kind"),
        days: field("days"),
        then: field("then"),
    };
    let Ok(days) = typed.days.parse::<u32>() else {
        return show(&web, visit, typed, None, texts::NO_DAYS).await;
    };
    let new = NewRule {
        event: typed.event.clone(),
        channel: typed.channel.clone(),
        kind: match typed.kind.as_str() {
            "words" => Kind::Words,
            "answers" => Kind::Answers,
            _ => Kind::Everything,
        },
        days,
        then: if typed.then == "strip" { Then::Strip } else { Then::Erase },
    };
    if form.get("do") != "save" {
        let tried = new.clone();
        return match ask(&web, move |r| r.preview_rule(workspace, &tried, now)).await {
            Ok(preview) => show(&web, visit, typed, Some((new, preview)), "").await,
            Err(Problem::Refused(why)) => show(&web, visit, typed, None, &why).await,
            Err(other) => Err(other),
        };
    }
    let (by, confirmed, made) = (visit.name(), form.get("confirmed") == "1", new.clone());
    match ask(&web, move |r| r.set_rule(workspace, &made, &by, confirmed, now)).await {
        Ok(()) => {}
        Err(Problem::Refused(why)) => {
            let tried = new.clone();
            let preview = ask(&web, move |r| r.preview_rule(workspace, &tried, now)).await.ok();
            return show(&web, visit, typed, preview.map(|p| (new, p)), &why).await;
        }
        Err(other) => return Err(other),
    }
    record(&web, visit.act(now, "made a rule of how long something is kept", new.words())).await?;
    Ok(Redirect::to(&visit.link("/settings/privacy/retention")).into_response())
}

/// Takes a rule out.
pub(crate) async fn remove(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let rules = ask(&web, move |r| r.rules(workspace)).await?;
    let Some(rule) = rules.into_iter().find(|r| r.keeping.id == id) else {
        return Err(Problem::NotFound(texts::NO_PAGE.to_owned()));
    };
    ask(&web, move |r| r.remove_rule(workspace, id)).await?;
    record(&web, visit.act(web.now(), "took out a rule of how long something is kept", words(&rule.keeping))).await?;
    Ok(Redirect::to(&visit.link("/settings/privacy/retention")).into_response())
}
