//! The door of a shop's own systems: an address for each, a signature that is checked, and an answer that
//! keeps them delivering.
//!
//! A system sends again what is not answered with 200, and stops delivering after a while. So what cannot
//! be read is answered with 200 too: it is rejected, counted, and stands on the page of its source with
//! the reason. Only a delivery that is not signed as it should be is refused, and counted as well, because
//! whoever set it up looks there first.

use super::body::{self, Coding};
use super::receive::software;
use super::signature;
use crate::accounts::{Hook, HookKind, hook};
use crate::errors::Problem;
use crate::state::Web;
use crate::texts;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use throughline_imports::{ImportsError, read_delivery};
use throughline_interactions::{Fault, Outcome, Record, Tally, Timestamp, limits};
use throughline_pipeline::{Engine, Received};
use throughline_wire::{Around, hooks};

/// What became of a delivery.
#[derive(Serialize)]
struct Answer {
    received: u64,
    #[serde(flatten)]
    tally: Tally,
    /// Why some of it was not taken, or nothing of it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// Takes a delivery.
pub(super) async fn deliver(
    State(web): State<Web>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let coding = Coding::of(&head.headers)?;
    let sent = body::read(web.config().patience.body, &head.headers, body).await?;
    let found = web.accounts(move |s| hook(s, &id)).await?;
    let hook = found.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_HOOK.to_owned()))?;
    web.engine().admission()?;
    let sent = body::inflate(coding, sent)?;
    // WooCommerce asks, when a webhook is saved, whether anybody is there; that is signed by nobody.
    if hook.kind == HookKind::System(hooks::System::WooCommerce) && sent.starts_with(b"webhook_id=") {
        return Ok(Json(Answer { received: 0, tally: Tally::default(), notes: Vec::new() }).into_response());
    }
    let system = match hook.kind {
        HookKind::System(system) => Some(system),
        HookKind::Recipe => None,
    };
    let now = web.now();
    if let Err(refusal) = signature::check(system, &hook.secret, &head.headers, &sent, now) {
        let fault = Fault::whole("bad_signature", refusal.words());
        let message = fault.message.clone();
        take(&web, &hook, vec![Err(fault)], &head.headers).await?;
        return Err(Problem::Forged(message));
    }
    let topic = ["x-shopify-topic", "x-wc-webhook-topic"].iter().find_map(|n| head.headers.get(*n)?.to_str().ok());
    let topic = topic.unwrap_or_default().to_owned();
    let is_test = head.headers.get("x-shopify-test").is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"true"));
    if is_test {
        let notes = vec![texts::A_TEST_DELIVERY.to_owned()];
        return Ok(Json(Answer { received: 0, tally: Tally::default(), notes }).into_response());
    }
    let (engine, of) = (web.engine().clone(), hook.clone());
    let turn = web.turn_to_parse().await?;
    let items = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        read(&engine, &of, &topic, &sent, now)
    })
    .await??;
    if items.is_empty() {
        let notes = vec![texts::NOBODYS_STORY.to_owned()];
        return Ok(Json(Answer { received: 0, tally: Tally::default(), notes }).into_response());
    }
    let outcomes = take(&web, &hook, items, &head.headers).await?;
    let mut tally = Tally::default();
    outcomes.iter().for_each(|o| tally.count(o));
    let notes = outcomes.iter().filter_map(|o| match o {
        Outcome::Rejected(f) | Outcome::Quarantined(f) => Some(f.message.clone()),
        Outcome::Accepted | Outcome::Duplicate => None,
    });
    let notes = notes.collect();
    Ok((StatusCode::OK, Json(Answer { received: tally.received(), tally, notes })).into_response())
}

type Items = Vec<Result<Record, Fault>>;

fn read(engine: &Engine, hook: &Hook, topic: &str, body: &Bytes, now: Timestamp) -> Result<Items, Problem> {
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(e) => return Ok(vec![Err(Fault::whole("invalid_json", format!("the delivery is not JSON: {e}")))]),
    };
    let system = match hook.kind {
        HookKind::System(system) => system,
        HookKind::Recipe => {
            return match read_delivery(&hook.recipe, &body, hook.workspace, &hook.source, now) {
                Ok(read) => Ok(read.into_iter().map(|i| i.map(Record::from)).collect()),
                Err(ImportsError::Refused(why)) => Ok(vec![Err(Fault::whole("unreadable", why))]),
                Err(other) => Err(other.into()),
            };
        }
    };
    let workspace = engine.workspaces()?.into_iter().find(|w| w.id == hook.workspace);
    let currency = workspace.map(|w| w.currency).unwrap_or_default();
    let events = match hooks::events(system, topic, body, &Around::new(now, &currency)) {
        Ok(events) => events,
        Err(fault) => return Ok(vec![Err(fault)]),
    };
    let each = events.into_iter().map(|event| {
        let fact = event.draft.receive(hook.workspace, &hook.source, now, limits::HTTP_BYTES)?;
        let record = Record::from(fact);
        Ok(if event.corrected { record.timed_by_arrival() } else { record })
    });
    Ok(each.collect())
}

/// Hands them in, and waits until they are on the disk.
async fn take(web: &Web, hook: &Hook, items: Items, headers: &HeaderMap) -> Result<Vec<Outcome>, Problem> {
    let ids: Vec<Option<String>> =
        items.iter().map(|i| i.as_ref().ok().map(|record| record.message_id.clone())).collect();
    let (done, outcomes) = tokio::sync::oneshot::channel();
    let received = Received::new(hook.source.clone(), items).named(&ids).sent_by(software(headers));
    web.engine().receive(hook.workspace, received, move |result| drop(done.send(result)));
    Ok(outcomes.await.map_err(|_| Problem::Broken("the ledger was closed".to_owned()))??)
}
