//! From a list of people to a file with a personal link for each, to be sent with any mail program.

use super::customers::name_of;
use super::frame::{Frame, Room, page, percent_encoded};
use super::home::origin;
use super::people_csv::{cell, file};
use crate::accounts::{Ask, Question, ask_secret, asked_since, asks, note, note_asked};
use crate::errors::Problem;
use crate::figures::{look_at, people_behind};
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use crate::view::{AskedPart, joined};
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde::Deserialize;
use std::collections::HashSet;
use throughline_customers::CustomerRow;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_pipeline::{Askable, Engine, EngineError, View};

const DAY: i64 = 86_400_000_000;
/// Whoever was asked less than so many days ago is left in peace.
const PEACE_DAYS: i64 = 30;
/// A link can be answered for so many days.
const VALID_DAYS: i64 = 30;
/// Links of one file.
const MOST: usize = 20_000;

#[derive(Template)]
#[template(path = "asking.html")]
struct AskingPage {
    frame: Frame,
    /// Where the form is sent to: the part of the journey stands in the address.
    action: String,
    figure: String,
    back: String,
    people: String,
    most: usize,
    /// How many can be asked, in words; `None` for nobody.
    can_ask: Option<String>,
    /// Links that were made before, and how many were answered; empty for none.
    before: String,
    left_out: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    figure: String,
    #[serde(default)]
    most: usize,
}

/// Who can be asked, and who is left out and why.
struct Reach {
    people: Vec<(Askable, CustomerRow)>,
    all: usize,
    answered: u64,
    asked: u64,
    nameless: u64,
}

fn reach(
    e: &Engine,
    workspace: WorkspaceId,
    journey: &str,
    figure: &str,
    view: &View,
    most: usize,
    peace_since: Option<Timestamp>,
) -> Result<Reach, EngineError> {
    let ids: Vec<u64> = people_behind(e, workspace, journey, figure, view)?.iter().map(|p| p.customer).collect();
    let asked = match peace_since {
        Some(since) => asked_since(e.store(), workspace, since)?,
        None => HashSet::new(),
    };
    let found = e.askable(workspace, journey, &ids, &asked)?;
    let (mut people, mut nameless) = (Vec::new(), 0);
    for askable in found.people {
        if people.len() == most {
            break;
        }
        match e.customer(workspace, askable.customer) {
            Ok(profile) if reaches(&profile.row) => people.push((askable, profile.row)),
            Ok(_) => nameless += 1,
            // Merged or erased since the figure was counted.
            Err(EngineError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(Reach { people, all: ids.len(), answered: found.answered, asked: found.asked, nameless })
}

/// Whether there is an address to write to.
fn reaches(row: &CustomerRow) -> bool {
    row.identifiers.iter().any(|i| matches!(i.kind.as_str(), "email" | "phone"))
}

/// Shows who would be asked, and what.
pub(crate) async fn asking(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
    part: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(Wanted { figure, most }), Query(part)) = (query?, part?);
    let look = look_at(&web, visit.workspace()?, &part).await?;
    let most = if most == 0 { MOST } else { most.min(MOST) };
    let (workspace, since) = (visit.workspace()?.id, Timestamp(web.now().0 - PEACE_DAYS * DAY));
    let (journey, name, view) = (key.clone(), figure.clone(), look.part.view.clone());
    let found = web.ask(move |e| reach(e, workspace, &journey, &name, &view, most, Some(since))).await?;
    let before = web.accounts(move |s| asks(s, workspace)).await?;
    let frame = Frame::new(&web, visit, Room::Customers, "Ask them").await?;
    let query = joined(&format!("figure={}", percent_encoded(&figure)), &look.part.query);
    let back = frame.to(format!("/journeys/{key}/people?{query}"));
    let action = frame.to(match look.part.query.as_str() {
        "" => format!("/journeys/{key}/ask"),
        part => format!("/journeys/{key}/ask?{part}"),
    });
    let people = |n: u64, why: &str| (n > 0).then(|| format!("{} {why}", format::counted(n, "customer", "customers")));
    let left_out = [
        people(found.answered, "answered already"),
        people(found.asked, "asked within the last 30 days"),
        people(found.nameless, "without an e-mail address or a telephone number"),
    ];
    page(&AskingPage {
        action,
        figure,
        back,
        people: format::counted(found.all as u64, "customer", "customers"),
        most,
        can_ask: (!found.people.is_empty())
            .then(|| format::counted(found.people.len() as u64, "customer", "customers")),
        before: match before {
            (0, _) => String::new(),
            (made, answered) => format!(
                "So far {}, {} answered.",
                format::counted(made, "link was made", "links were made"),
                format::count(answered)
            ),
        },
        left_out: left_out.into_iter().flatten().collect(),
        frame,
    })
}

/// Makes the links and hands out the file; the record says who took it.
pub(crate) async fn links(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    part: Result<Query<AskedPart>, QueryRejection>,
    headers: HeaderMap,
    form: Signed,
) -> Result<Response, Problem> {
    let look = look_at(&web, visit.workspace()?, &part?.0).await?;
    let workspace = visit.workspace()?.id;
    let question =
        Question::new(form.get("question")).ok_or_else(|| Problem::Refused(texts::BAD_QUESTION.to_owned()))?;
    let figure = form.get("figure").to_owned();
    let most = form.get("most").parse().unwrap_or(MOST).clamp(1, MOST);
    let (now, by, origin) = (web.now(), visit.name(), origin(&web, &headers));
    let since = (form.get("again") != "1").then(|| Timestamp(now.0 - PEACE_DAYS * DAY));
    let entry = visit.act(
        now,
        "made links to ask customers",
        format!("{key}: {figure} {}, {}", look.part.query, question.as_str()),
    );
    let csv = web
        .ask(move |e| {
            let found = reach(e, workspace, &key, &figure, &look.part.view, most, since)?;
            let secret = ask_secret(e.store(), workspace)?;
            let expires_at = Timestamp((now.0 + VALID_DAYS * DAY) / 1_000_000 * 1_000_000);
            let mut csv = "customer,name,email,phone,order,link\n".to_owned();
            let mut made = Vec::with_capacity(found.people.len());
            for (askable, row) in &found.people {
                // Nobody stands there any more, or the ledger would not know whose answer it is.
                let Some(fact) = e.fact_at(workspace, askable.position)?.filter(|f| !f.identifiers.is_empty()) else {
                    continue;
                };
                let ask = Ask { workspace, position: askable.position, question, expires_at };
                let of = |kind: &str| row.identifiers.iter().find(|i| i.kind == kind).map_or("", |i| i.value.as_str());
                let cells = [
                    format!("{:016x}", row.id),
                    name_of(row),
                    of("email").to_owned(),
                    of("phone").to_owned(),
                    fact.first_ref("order").unwrap_or_default().to_owned(),
                    format!("{origin}/ask/{}", secret.sign(&ask)),
                ];
                let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
                csv.push_str(&cells.join(","));
                csv.push('\n');
                made.push(ask);
            }
            e.store().write(|tx| {
                for ask in &made {
                    note_asked(tx, ask, &by, now)?;
                }
                note(tx, &entry)
            })?;
            Ok(csv)
        })
        .await?;
    Ok(file(csv, HeaderValue::from_static("attachment; filename=\"ask.csv\"")))
}
