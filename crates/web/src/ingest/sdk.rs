//! The doors of tracking SDKs: their addresses, their keys, the answers they understand. What their
//! events mean is told by `throughline_wire`.
//!
//! An SDK keeps what is answered with anything but 200, and drops what is answered with 400, 401, 413:
//! so one event that cannot be taken never fails the request it came in, and an ingest path is never
//! redirected, which some take for success.

use super::answer::Item;
use super::body::{self, Coding};
use super::receive::software;
use crate::accounts::{Area, Holder, Key, allows};
use crate::credentials::bearer;
use crate::errors::Problem;
use crate::guard::{address_of, key_of};
use crate::state::Web;
use crate::texts;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use throughline_interactions::{Fault, Outcome, Record, Tally, Timestamp, limits};
use throughline_pipeline::Received;
use throughline_wire::place::Places;
use throughline_wire::{Around, Envelope, Event, Sent, posthog, script, segment};

/// Whose events a body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Segment's and RudderStack's; an address may say which call it is.
    Segment(Option<segment::Call>),
    /// PostHog's.
    PostHog,
    /// Those of our own script, and the visitor whose browser it runs in.
    Script(String),
}

impl Dialect {
    /// The name under which the events stand.
    fn list(&self) -> &'static str {
        match self {
            Self::Script(_) => "items",
            Self::Segment(_) | Self::PostHog => "batch",
        }
    }
}

/// A batch of Segment's or RudderStack's calls.
pub(super) async fn batch(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    Ok(receive(&web, request, Dialect::Segment(None)).await?.answer())
}

/// One call at an address of its own.
pub(super) async fn call(
    State(web): State<Web>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let call = segment::Call::new(&name).or_else(|| segment::Call::ALL.into_iter().find(|c| c.letter() == name));
    let call = call.ok_or_else(|| Problem::NotFound(texts::NO_PAGE.to_owned()))?;
    Ok(receive(&web, request, Dialect::Segment(Some(call))).await?.answer())
}

/// What an SDK counts about itself: read, and not kept.
pub(super) async fn metrics(State(web): State<Web>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    body::read(web.config().patience.body, &headers, body).await?;
    Ok(Json(json!({"success": true})).into_response())
}

/// PostHog's first form.
pub(super) async fn captures(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    Ok(receive(&web, request, Dialect::PostHog).await?.answer())
}

/// PostHog's second form, which is answered event by event: what cannot be taken is not sent again.
pub(super) async fn analytics_events(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let taken = receive(&web, request, Dialect::PostHog).await?;
    let results: BTreeMap<String, Value> = taken
        .items
        .iter()
        .filter_map(|(id, outcome)| {
            let word = match outcome {
                Outcome::Accepted | Outcome::Duplicate => json!({"result": "ok"}),
                Outcome::Rejected(f) | Outcome::Quarantined(f) => json!({"result": "drop", "details": f.message}),
            };
            Some((id.clone()?, word))
        })
        .collect();
    Ok(Json(json!({"results": results})).into_response())
}

/// PostHog's libraries ask for feature flags on the way; there are none here.
pub(super) async fn flags(State(web): State<Web>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    body::read(web.config().patience.body, &headers, body).await?;
    let none = json!({"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": false});
    Ok(Json(none).into_response())
}

/// What Segment's browser library asks before it starts.
pub(super) async fn settings(
    State(web): State<Web>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    writer(&web, key.clone()).await?;
    let host = headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let protocol = if web.config().is_encrypted() || web.base().starts_with("https") { "https" } else { "http" };
    Ok(Json(json!({
        "integrations": {"Segment.io": {
            "apiKey": key,
            "apiHost": format!("{host}/v1"),
            "protocol": protocol,
            "unbundledIntegrations": [],
            "addBundledMetadata": true,
            "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
        }},
        "plan": {"track": {"__default": {"enabled": true, "integrations": {}}}, "identify": {"__default": {"enabled": true}}, "group": {"__default": {"enabled": true}}},
        "edgeFunction": {},
        "analyticsNextEnabled": true,
        "middlewareSettings": {"routingRules": []},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0, "host": format!("{host}/v1")},
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    }))
    .into_response())
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(rename = "writeKey", alias = "key")]
    write_key: Option<String>,
}

/// What RudderStack's browser library asks before it starts.
pub(super) async fn source_config(
    State(web): State<Web>,
    Query(named): Query<Named>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let secret = named.write_key.or_else(|| bearer(&headers)).ok_or(Problem::NoKey(texts::NO_KEY))?;
    let key = writer(&web, secret.clone()).await?;
    Ok(Json(json!({
        "source": {
            "id": key.source.as_str(),
            "name": key.source.as_str(),
            "writeKey": secret,
            "enabled": true,
            "workspaceId": key.workspace.to_string(),
            "config": {"statsCollection": {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
            "destinations": [],
            "connections": [],
            "dataplanes": {},
            "sourceDefinition": {"name": "Javascript"},
        },
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "consentManagementMetadata": {"providers": []},
    }))
    .into_response())
}

/// What became of a request.
pub(super) struct Taken {
    /// The id of each as it was sent, and what became of it.
    items: Vec<(Option<String>, Outcome)>,
}

/// The answer: the same fields for every library, each of which looks at one of them.
#[derive(Serialize)]
struct Answer<'a> {
    success: bool,
    status: u8,
    received: u64,
    #[serde(flatten)]
    tally: Tally,
    /// Our own script learns whether its browser keeps the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    visitor: Option<&'static str>,
    /// Those that were not taken, and why.
    faults: Vec<Item<'a>>,
}

impl Taken {
    fn answer(&self) -> Response {
        self.answer_about(None)
    }

    pub(super) fn answer_about(&self, visitor: Option<&'static str>) -> Response {
        let mut tally = Tally::default();
        self.items.iter().for_each(|(_, o)| tally.count(o));
        let faults = self.items.iter().enumerate();
        let faults = faults.filter(|(_, (_, o))| matches!(o, Outcome::Rejected(_) | Outcome::Quarantined(_)));
        let faults = faults.map(|(index, (id, outcome))| Item { index, message_id: id.as_deref(), outcome });
        let received = tally.received();
        let faults = faults.collect();
        Json(Answer { success: true, status: 1, received, tally, visitor, faults }).into_response()
    }
}

pub(super) async fn receive(web: &Web, request: Request, dialect: Dialect) -> Result<Taken, Problem> {
    let (head, body) = request.into_parts();
    let coding = Coding::of(&head.headers)?;
    // Read before it is refused, so that the answer is seen.
    let sent = body::read(web.config().patience.body, &head.headers, body).await?;
    web.engine().admission()?;
    let turn = web.turn_to_parse().await?;
    let clock = head.headers.get("posthog-request-timestamp").and_then(|h| h.to_str().ok());
    let clock = clock.and_then(|at| Timestamp::parse(at, None).ok()).map(|at| at.instant);
    let list = dialect.list();
    let mut sent = tokio::task::spawn_blocking(move || cut(&body::inflate(coding, sent)?, list)).await??;
    sent.envelope.sent_at = sent.envelope.sent_at.or(clock);
    if let (Dialect::Script(_), Some(agent)) = (&dialect, head.headers.get(header::USER_AGENT)) {
        sent.from_browser(agent.to_str().unwrap_or_default());
    }
    let secret = bearer(&head.headers).or_else(|| key_in(&head.uri)).or_else(|| sent.envelope.key.clone());
    let key = writer(web, secret.ok_or(Problem::NoKey(texts::NO_KEY))?).await?;
    let (now, engine) = (web.now(), web.engine().clone());
    let (named, called) = (sent.software(), software(&head.headers));
    // Only a browser or a telephone speaks for the person who has it.
    let from = head.headers.get(header::USER_AGENT).and_then(|a| a.to_str().ok());
    let from = from.filter(|a| is_own(a)).map(|_| address_of(web, &head.extensions, &head.headers));
    let places = web.places().cloned();
    let (done, outcomes) = tokio::sync::oneshot::channel();
    let ids = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        let _turn = turn;
        let workspace = engine.workspaces()?.into_iter().find(|w| w.id == key.workspace);
        let currency = workspace.map(|w| w.currency).unwrap_or_default();
        let places = places.as_deref().map(|p| p as &dyn Places);
        let around = Around { address: from, places, ..Around::new(now, &currency) };
        let (ids, items) = records(sent, &dialect, &key, &around);
        let received = Received::new(key.source, items).named(&ids).sent_by(named.or(called)).from_address(from);
        engine.receive(key.workspace, received, move |result| drop(done.send(result)));
        Ok(ids)
    })
    .await??;
    let outcomes = outcomes.await.map_err(|_| Problem::Broken("the ledger was closed".to_owned()))??;
    Ok(Taken { items: ids.into_iter().zip(outcomes).collect() })
}

/// Whether a user agent is of something that a person has at hand, and not of a server.
fn is_own(agent: &str) -> bool {
    let begins = ["Mozilla/", "Dalvik/", "analytics-kotlin/", "analytics-swift/", "analytics-ios/"];
    begins.iter().any(|b| agent.starts_with(b)) || agent.contains(" CFNetwork/")
}

fn cut(body: &Bytes, list: &str) -> Result<Sent, Problem> {
    throughline_wire::read(body, list).map_err(|f| Problem::Unreadable("invalid_json", f.message))
}

type Records = (Vec<Option<String>>, Vec<Result<Record, Fault>>);

fn records(sent: Sent, dialect: &Dialect, key: &Key, around: &Around<'_>) -> Records {
    let Sent { envelope, events } = sent;
    let each = events.into_iter().enumerate().map(|(index, value)| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let id = value.as_ref().ok().and_then(id_of).filter(|id| id.len() <= limits::VALUE);
        let event = value.and_then(|value| read(value, dialect, index, &envelope, around));
        (id, event.and_then(|event| record(event, key, around.received_at)))
    });
    each.unzip()
}

fn read(value: Value, dialect: &Dialect, index: u32, envelope: &Envelope, around: &Around<'_>) -> Result<Event, Fault> {
    match dialect {
        Dialect::Segment(call) => segment::event(value, *call, index, envelope, around),
        Dialect::PostHog => posthog::event(value, index, envelope, around),
        Dialect::Script(visitor) => script::event(value, index, envelope, around, Some(visitor)),
    }
}

fn record(event: Event, key: &Key, now: Timestamp) -> Result<Record, Fault> {
    let fact = event.draft.receive(key.workspace, &key.source, now, limits::HTTP_BYTES)?;
    let record = Record::from(fact);
    Ok(if event.corrected { record.timed_by_arrival() } else { record })
}

fn id_of(value: &Value) -> Option<String> {
    ["messageId", "uuid", "message_id"].iter().find_map(|n| value.get(n)?.as_str()).map(str::to_owned)
}

/// The key in an address, as beacons send it.
fn key_in(uri: &Uri) -> Option<String> {
    Query::<Named>::try_from_uri(uri).ok()?.0.write_key
}

/// The key of a secret, if it may hand in interactions.
async fn writer(web: &Web, secret: String) -> Result<Key, Problem> {
    let key = key_of(web, secret).await?;
    match allows(Holder::Key(key.role), Area::Receive) {
        true => Ok(key),
        false => Err(Problem::NotAllowed(texts::KEY_CANNOT_WRITE.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_address_is_found_or_not_whatever_the_address() {
        let key = |query: &str| key_in(&format!("http://x/v1/batch?{query}").parse().unwrap());
        assert_eq!(key("writeKey=k%2F1&a=b"), Some("k/1".to_owned()));
        assert_eq!((key("key=k"), key("writekey=k"), key("")), (Some("k".to_owned()), None, None));
        let mut state = 20_261_127_u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        let pieces = [
            "writeKey", "key", "=", "&", "%", "%2", "%zz", "%ff", "%00", "+", "a", "[", "]", ";", "é", "%F0%9F",
            "\u{7f}",
        ];
        let (mut found, mut read) = (0, 0);
        for _ in 0..100_000 {
            let query: String = (0..random(12)).map(|_| pieces[random(pieces.len())]).collect();
            let Ok(uri) = format!("/v1/batch?{query}").parse::<Uri>() else { continue };
            read += 1;
            found += usize::from(key_in(&uri).is_some());
        }
        assert!(read > 30_000 && found > 100, "{read} addresses, {found} keys");
    }
}
