//! What happens when somebody opens an address that was printed, mailed or shown: it is counted, noted
//! where it can be told who or that it was somebody, and leads on. Nothing that goes wrong with the noting
//! keeps anybody from getting where the address leads.

use super::ask::{AskPage, question_page, respond};
use super::percent_encoded;
use crate::accounts::{Link, LinkKind, LinkSecret, Personal, count_opened, link};
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use crate::texts;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use throughline_interactions::{Actor, Draft, Identifier, Outcome, Record, Ref, Score, SourceId, Timestamp, limits};
use throughline_pipeline::Received;
use throughline_wire::setting::fetcher;

/// The source of everything that happens at such addresses.
const SOURCE: &str = "links";
/// Letters of a text that are kept.
const MOST_LETTERS: usize = 4_000;
/// A kiosk goes back to its question after so many seconds.
const KIOSK_SECONDS: u32 = 6;
/// One transparent pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";

#[derive(Deserialize)]
pub(crate) struct Opening {
    /// What was signed for one person.
    #[serde(default)]
    p: String,
}

/// The link of a code, and whom it was signed for.
struct Found {
    link: Link,
    personal: Option<Personal>,
}

async fn find(web: &Web, code: &str, token: &str) -> Result<Found, Problem> {
    let (code, token) = (code.strip_suffix(".gif").unwrap_or(code).to_owned(), token.to_owned());
    let found = web
        .accounts(move |s| {
            let Some(link) = link(s, &code)? else { return Ok(None) };
            let personal = match token.is_empty() {
                true => None,
                false => LinkSecret::of(s, link.workspace)?.read(&link.code, &token),
            };
            Ok(Some(Found { link, personal }))
        })
        .await?;
    found.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_LINK.to_owned()))
}

/// Opens an address.
pub(crate) async fn open(
    State(web): State<Web>,
    visit: Visit,
    Path(code): Path<String>,
    query: Result<Query<Opening>, QueryRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = query.map(|q| q.0.p).unwrap_or_default();
    let Found { link, personal } = find(&web, &code, &token).await?;
    let told = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let purpose = told("sec-purpose").or_else(|| told("purpose"));
    let (actor, why) = fetcher(told("user-agent"), purpose, method == Method::HEAD);
    let now = web.now();
    let is_machine = actor != Actor::Human;
    // A kiosk stands in a shop and opens its own page; what counts there are answers.
    if link.kind != LinkKind::Kiosk {
        let code = link.code.clone();
        web.accounts(move |s| s.write_soon(|tx| count_opened(tx, &code, now, is_machine))).await?;
        if personal.is_some() || !(is_machine || link.kind.is_picture()) {
            let draft = opened(&link, personal.as_ref(), &token, (actor, why), now);
            if let Err(problem) = hand_in(&web, &link, draft, now).await {
                tracing::warn!(?problem, "somebody opened a link, and it could not be noted");
            }
        }
    }
    if link.kind.is_picture() {
        let head = [(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "no-store")];
        return Ok((head, PIXEL).into_response());
    }
    if !link.target.is_empty() {
        let head = [
            (header::LOCATION, address_with_campaign(&link)),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ];
        return Ok((StatusCode::FOUND, head).into_response());
    }
    match page(&web, &visit, &link, &token, None, "").await? {
        Some(page) => respond(StatusCode::OK, &page),
        None => Err(Problem::NotFound(texts::NO_SUCH_LINK.to_owned())),
    }
}

/// That it was opened, as an interaction.
fn opened(link: &Link, personal: Option<&Personal>, token: &str, (actor, why): (Actor, &str), now: Timestamp) -> Draft {
    let (event, channel) = link.kind.opened();
    let message_id = match personal {
        // Fetched three times in a minute, a mail was opened once.
        Some(_) => format!("opened-{}-{}-{}-{}", link.code, short(token), now.0.div_euclid(60_000_000), actor as u8),
        None => format!("opened-{}-{}", link.code, random()),
    };
    let mut draft = about(link, personal, message_id, event, channel, now);
    draft.actor = actor;
    if !why.is_empty() {
        draft.properties.insert("actor_reason".to_owned(), why.into());
    }
    draft
}

fn about(
    link: &Link,
    personal: Option<&Personal>,
    message_id: String,
    event: &str,
    channel: &str,
    now: Timestamp,
) -> Draft {
    let mut draft = Draft {
        message_id,
        occurred_at: Some(now),
        event: event.to_owned(),
        channel: channel.to_owned(),
        touchpoint: link.name.clone(),
        ..Draft::default()
    };
    draft.refs.extend(link.about.clone());
    if matches!(channel, "email" | "ads") && !draft.refs.iter().any(|r| r.kind == "campaign") {
        draft.refs.push(Ref { kind: "campaign".to_owned(), value: link.name.clone() });
    }
    match personal {
        Some(personal) => {
            draft.identifiers.clone_from(&personal.identifiers);
            draft.refs.extend(personal.refs.iter().filter(|r| !link.about.iter().any(|a| a == *r)).cloned());
        }
        // Somebody, and nothing that says who: a visit of its own.
        None => draft.identifiers.push(Identifier::new("visit", &random())),
    }
    draft.properties.insert("link".to_owned(), link.code.clone().into());
    draft
}

async fn hand_in(web: &Web, link: &Link, draft: Draft, now: Timestamp) -> Result<Outcome, Problem> {
    web.engine().admission()?;
    let source = SourceId::new(SOURCE).ok_or_else(|| Problem::Broken("the source of links has no name".to_owned()))?;
    let workspace = link.workspace;
    let fact = draft.receive(workspace, &source, now, limits::HTTP_BYTES);
    // When a moment is one of a minute, its seconds are no part of what was said.
    let record = fact.map(|f| Record::from(f).timed_by_arrival());
    let outcomes = web.ask(move |e| e.receive_now(workspace, Received::new(source, vec![record]))).await?;
    let outcome = outcomes.into_iter().next();
    outcome.ok_or_else(|| Problem::Broken("the ledger gave no verdict".to_owned()))
}

/// Where it leads, with what brought whoever follows, unless the address says so itself.
fn address_with_campaign(link: &Link) -> String {
    if link.target.contains("utm_") {
        return link.target.clone();
    }
    let (_, channel) = link.kind.opened();
    let (address, part) = match link.target.split_once('#') {
        Some((address, part)) => (address, format!("#{part}")),
        None => (link.target.as_str(), String::new()),
    };
    let joint = if address.contains('?') { '&' } else { '?' };
    let (medium, campaign) = (link.kind.as_str(), percent_encoded(&link.name));
    format!("{address}{joint}utm_source={channel}&utm_medium={medium}&utm_campaign={campaign}{part}")
}

/// The question of a link; `None` where it asks none.
async fn page(
    web: &Web,
    visit: &Visit,
    link: &Link,
    token: &str,
    chosen: Option<u8>,
    text: &str,
) -> Result<Option<AskPage>, Problem> {
    let Some(question) = link.question else { return Ok(None) };
    let workspace = link.workspace;
    let all = web.ask(|e| e.workspaces()).await?;
    let brand = all.into_iter().find(|w| w.id == workspace).map(|w| w.name).unwrap_or_default();
    let mut page = question_page(visit, brand, question, chosen, text);
    page.action = format!("/l/{}", link.code);
    page.kept = vec![("n", random()), ("p", token.to_owned())];
    page.is_kiosk = link.kind == LinkKind::Kiosk;
    Ok(Some(page))
}

/// Answers to one link that one address may give without saying who it is.
const ANSWERS_A_MINUTE: u32 = 30;

#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    score: String,
    #[serde(default)]
    text: String,
    /// Made with the page, so that a form that is sent twice is one answer.
    #[serde(default)]
    n: String,
    #[serde(default)]
    p: String,
}

/// Takes an answer.
pub(crate) async fn answer(
    State(web): State<Web>,
    visit: Visit,
    Path(code): Path<String>,
    form: Result<Form<Answer>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(given) = form.map_err(|e| Problem::Unreadable("invalid_form", e.body_text().to_lowercase()))?;
    let Found { link, personal } = find(&web, &code, &given.p).await?;
    // A kiosk stands in one place, where people come one after another.
    if personal.is_none() {
        let who = format!("{} {code}", visit.address);
        web.pace().take(&who, ANSWERS_A_MINUTE, web.now()).map_err(Problem::TooMany)?;
    }
    let text: String = given.text.trim().chars().take(MOST_LETTERS).collect();
    let none = || Problem::NotFound(texts::NO_SUCH_LINK.to_owned());
    let (min, max) = link.question.ok_or_else(none)?.scale();
    let score = given.score.parse::<u8>().ok().filter(|s| (min..=max).contains(s));
    let mut page = page(&web, &visit, &link, &given.p, score, &text).await?.ok_or_else(none)?;
    let (Some(score), Some(question)) = (score, link.question) else {
        page.fault = texts::CHOOSE_ANSWER;
        return respond(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let now = web.now();
    let once = if personal.is_some() { short(&given.p) } else { short(&given.n) };
    let (_, channel) = link.kind.opened();
    let id = format!("answer-{}-{once}", link.code);
    let mut draft = about(&link, personal.as_ref(), id, "Survey Answered", channel, now);
    if personal.is_none() {
        // The same form sent twice is of the same somebody.
        draft.identifiers = vec![Identifier::new("visit", &once)];
    }
    draft.score = Some(Score::new(question.kind(), score.into(), None).map_err(|e| Problem::Broken(e.to_string()))?);
    draft.text = Some(text).filter(|t| !t.is_empty());
    let said = match hand_in(&web, &link, draft, now).await? {
        Outcome::Accepted | Outcome::Duplicate => texts::THANKS,
        Outcome::Quarantined(_) => texts::ANSWERED_ALREADY,
        Outcome::Rejected(fault) if fault.code == "erased" => texts::LINK_SAYS_NOTHING,
        Outcome::Rejected(fault) => return Err(Problem::Broken(format!("an answer was rejected: {}", fault.message))),
    };
    page.said = said.to_owned();
    page.again = page.is_kiosk.then(|| (KIOSK_SECONDS, format!("/l/{}", link.code)));
    respond(StatusCode::OK, &page)
}

/// A text as a few letters that do not say it.
fn short(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(10).map(|b| format!("{b:02x}")).collect()
}

fn random() -> String {
    let mut bytes = [0_u8; 10];
    getrandom::fill(&mut bytes).expect("the system has a random device");
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_follows_is_told_from_others() {
        let check = |target: &str, expected: &str| {
            let link = Link {
                code: "abc".to_owned(),
                workspace: throughline_interactions::WorkspaceId(1),
                kind: LinkKind::Packaging,
                name: "Lamp box & more".to_owned(),
                target: target.to_owned(),
                question: None,
                about: None,
                created_at: Timestamp(0),
                created_by: String::new(),
            };
            assert_eq!(address_with_campaign(&link), expected);
        };
        let added = "utm_source=packaging&utm_medium=packaging&utm_campaign=Lamp%20box%20%26%20more";
        check("https://shop.example/care", &format!("https://shop.example/care?{added}"));
        check("https://shop.example/?a=1#how", &format!("https://shop.example/?a=1&{added}#how"));
        check("https://shop.example/?utm_source=x", "https://shop.example/?utm_source=x");
    }
}
