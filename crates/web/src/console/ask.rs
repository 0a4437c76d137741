//! The page behind a personal link: one question, one answer, no login, in the brand's name.

use super::assets::{ASSETS, Assets};
use crate::accounts::{Ask, Question, ask_secret, is_answered, note_answered, read_ask};
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use throughline_interactions::{Draft, Interaction, Outcome, Record, Score, SourceId, Zone, limits};
use throughline_pipeline::{Received, Workspace};

/// The source of every answer.
const SOURCE: &str = "ask-links";
/// What every answer is called.
const EVENT: &str = "Survey Answered";
/// Letters of a text that are kept.
const MOST_LETTERS: usize = 4_000;

#[derive(Template)]
#[template(path = "ask.html")]
pub(super) struct AskPage {
    assets: &'static Assets,
    theme: &'static str,
    brand: String,
    /// What is asked about: `your order 1017 of 3 Mar 2026`; empty where nobody knows.
    about: String,
    /// What is said instead of the question; empty while there is one.
    pub(super) said: String,
    /// Where the answer goes.
    pub(super) action: String,
    /// Fields that come back with the answer.
    pub(super) kept: Vec<(&'static str, String)>,
    /// A screen that asks whoever stands before it.
    pub(super) is_kiosk: bool,
    /// After so many seconds the page at this address comes.
    pub(super) again: Option<(u32, String)>,
    question: &'static str,
    lowest: &'static str,
    highest: &'static str,
    choices: Vec<Choice>,
    text: String,
    pub(super) fault: &'static str,
}

/// One answer that can be given.
struct Choice {
    value: u8,
    /// What is seen, and what is read out.
    shown: String,
    told: String,
    is_chosen: bool,
}

/// A link that was signed here, and what it is about.
struct Opened {
    ask: Ask,
    workspace: Workspace,
    fact: Option<Interaction>,
    is_answered: bool,
}

async fn open(web: &Web, token: &str) -> Result<Opened, Problem> {
    let unknown = || Problem::NotFound(texts::NO_SUCH_LINK.to_owned());
    let ask = read_ask(token).ok_or_else(unknown)?;
    let token = token.to_owned();
    let opened = web
        .ask(move |e| {
            let Some(workspace) = e.workspaces()?.into_iter().find(|w| w.id == ask.workspace) else { return Ok(None) };
            if !ask_secret(e.store(), ask.workspace)?.has_signed(&token) {
                return Ok(None);
            }
            let (fact, is_answered) = (e.fact_at(ask.workspace, ask.position)?, is_answered(e.store(), &ask)?);
            Ok(Some(Opened { ask, workspace, fact, is_answered }))
        })
        .await?;
    opened.ok_or_else(unknown)
}

/// What is said instead of the question, if it cannot be answered any more.
fn closed(opened: &Opened, web: &Web) -> Option<(StatusCode, &'static str)> {
    match opened {
        _ if opened.fact.is_none() => Some((StatusCode::GONE, texts::LINK_SAYS_NOTHING)),
        _ if opened.is_answered => Some((StatusCode::OK, texts::ANSWERED_ALREADY)),
        _ if opened.ask.expires_at < web.now() => Some((StatusCode::GONE, texts::LINK_OVER)),
        _ => None,
    }
}

/// Answers with a page that no search engine keeps.
pub(super) fn respond(status: StatusCode, page: &AskPage) -> Result<Response, Problem> {
    let mut response = (status, Html(page.render()?)).into_response();
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    Ok(response)
}

/// A question of a brand's, about nothing that is known yet.
pub(super) fn question_page(
    visit: &Visit,
    brand: String,
    question: Question,
    chosen: Option<u8>,
    text: &str,
) -> AskPage {
    let (question_words, lowest, highest) = match question {
        Question::Stars => (texts::ASK_STARS, texts::STARS_LOW, texts::STARS_HIGH),
        Question::Recommend => (texts::ASK_RECOMMEND, texts::RECOMMEND_LOW, texts::RECOMMEND_HIGH),
        Question::Easy => (texts::ASK_EASY, texts::EASY_LOW, texts::EASY_HIGH),
    };
    let (min, max) = question.scale();
    let choice = |value: u8| Choice {
        value,
        shown: if question == Question::Stars { "★".repeat(value.into()) } else { value.to_string() },
        told: match question {
            Question::Stars => format::counted(value.into(), "star", "stars"),
            _ if value == min => format!("{value}, {lowest}"),
            _ if value == max => format!("{value}, {highest}"),
            _ => value.to_string(),
        },
        is_chosen: chosen == Some(value),
    };
    AskPage {
        assets: &ASSETS,
        theme: visit.theme.unwrap_or(""),
        brand,
        about: String::new(),
        said: String::new(),
        action: String::new(),
        kept: Vec::new(),
        is_kiosk: false,
        again: None,
        question: question_words,
        lowest,
        highest,
        choices: (min..=max).map(choice).collect(),
        text: text.to_owned(),
        fault: "",
    }
}

fn page(visit: &Visit, opened: &Opened, token: &str, chosen: Option<u8>, text: &str) -> AskPage {
    let zone = Zone::new(&opened.workspace.zone).ok();
    let about = opened.fact.as_ref().map_or_else(String::new, |fact| {
        let day = format::day(fact.occurred_at, zone.as_ref());
        match fact.first_ref("order") {
            Some(order) => format!("your order {order} of {day}"),
            None => format!("what happened on {day}"),
        }
    });
    let page = question_page(visit, opened.workspace.name.clone(), opened.ask.question, chosen, text);
    AskPage { about, action: format!("/ask/{token}"), ..page }
}

#[derive(Deserialize)]
pub(crate) struct Chosen {
    score: Option<u8>,
}

/// Shows the question. `?score=9` chooses an answer and records nothing: mail programs and scanners
/// open every link of a mail before its reader does, so an answer that a GET recorded would be
/// theirs. A person presses the button.
pub(crate) async fn ask(
    State(web): State<Web>,
    visit: Visit,
    Path(token): Path<String>,
    query: Result<Query<Chosen>, QueryRejection>,
) -> Result<Response, Problem> {
    let opened = open(&web, &token).await?;
    let chosen = query.ok().and_then(|q| q.0.score);
    let page = page(&visit, &opened, &token, chosen, "");
    match closed(&opened, &web) {
        Some((status, said)) => respond(status, &AskPage { said: said.to_owned(), ..page }),
        None => respond(StatusCode::OK, &page),
    }
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    score: String,
    #[serde(default)]
    text: String,
}

/// Takes the answer: an interaction like any other, by way of the ledger. The link itself is what
/// allows it, so there is no token of a form and no cookie.
pub(crate) async fn answer(
    State(web): State<Web>,
    visit: Visit,
    Path(token): Path<String>,
    form: Result<Form<Answer>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(given) = form.map_err(|e| Problem::Unreadable("invalid_form", e.body_text().to_lowercase()))?;
    let opened = open(&web, &token).await?;
    let text: String = given.text.trim().chars().take(MOST_LETTERS).collect();
    let (min, max) = opened.ask.question.scale();
    let score = given.score.parse::<u8>().ok().filter(|s| (min..=max).contains(s));
    let page = page(&visit, &opened, &token, score, &text);
    if let Some((status, said)) = closed(&opened, &web) {
        return respond(status, &AskPage { said: said.to_owned(), ..page });
    }
    let (Some(score), Some(fact)) = (score, opened.fact) else {
        return respond(StatusCode::UNPROCESSABLE_ENTITY, &AskPage { fault: texts::CHOOSE_ANSWER, ..page });
    };
    web.engine().admission()?;
    let said = match record(&web, opened.ask, fact, score, text).await? {
        Outcome::Accepted | Outcome::Duplicate => (StatusCode::OK, texts::THANKS),
        // Another answer came in the same moment; the first one counts.
        Outcome::Quarantined(_) => (StatusCode::OK, texts::ANSWERED_ALREADY),
        Outcome::Rejected(fault) if fault.code == "erased" => (StatusCode::GONE, texts::LINK_SAYS_NOTHING),
        Outcome::Rejected(fault) => return Err(Problem::Broken(format!("an answer was rejected: {}", fault.message))),
    };
    respond(said.0, &AskPage { said: said.1.to_owned(), ..page })
}

async fn record(web: &Web, ask: Ask, about: Interaction, score: u8, text: String) -> Result<Outcome, Problem> {
    let source =
        SourceId::new(SOURCE).ok_or_else(|| Problem::Broken("the source of answers has no name".to_owned()))?;
    let score = Score::new(ask.question.kind(), score.into(), None).map_err(|e| Problem::Broken(e.to_string()))?;
    let now = web.now();
    let draft = Draft {
        // One answer for each link: a second one is the same message, and the ledger knows it.
        message_id: format!("ask-{}-{}", ask.position, ask.question.as_str()),
        event: EVENT.to_owned(),
        channel: "web".to_owned(),
        touchpoint: "personal link".to_owned(),
        identifiers: about.identifiers,
        refs: about.refs,
        score: Some(score),
        text: Some(text).filter(|t| !t.is_empty()),
        occurred_at: Some(now),
        ..Draft::default()
    };
    let fact = draft.receive(ask.workspace, &source, now, limits::HTTP_BYTES);
    web.ask(move |e| {
        let outcomes = e.receive_now(ask.workspace, Received::new(source, vec![fact.map(Record::from)]))?;
        let outcome = outcomes.into_iter().next();
        if let Some(Outcome::Accepted | Outcome::Duplicate) = outcome {
            e.store().write(|tx| note_answered(tx, &ask, now))?;
        }
        outcome.ok_or_else(|| throughline_pipeline::EngineError::Damaged("the ledger gave no verdict".to_owned()))
    })
    .await
}
