//! `POST /v1/interactions`.

use super::answer::answer;
use super::body::{self, Coding};
use crate::accounts::Key;
use crate::errors::Problem;
use crate::guard::Sender;
use crate::state::Web;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use throughline_interactions::{Fault, Record, Timestamp, limits, parse_interaction, quick_record};
use throughline_pipeline::Received;
use throughline_wire::split::split;

/// Takes interactions and says of each what became of it, after it is safe on disk.
pub(crate) async fn receive_interactions(
    State(web): State<Web>,
    Sender(key): Sender,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let coding = Coding::of(&headers)?;
    // Read before it is refused: whoever is still sending would see a broken connection instead of
    // the answer that says when to come back.
    let sent = body::read(web.config().patience.body, &headers, body).await?;
    web.engine().admission()?;
    let (now, engine) = (web.now(), web.engine().clone());
    let software = software(&headers);
    let (done, outcomes) = tokio::sync::oneshot::channel();
    let turn = web.turn_to_parse().await?;
    let message_ids = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let Read { items, message_ids } = read_items(&body::inflate(coding, sent)?, &key, now)?;
        let received = Received::new(key.source, items).named(&message_ids).sent_by(software);
        // Nobody listens any more when the sender has hung up; the facts are safe all the same.
        engine.receive(key.workspace, received, move |result| drop(done.send(result)));
        Ok::<_, Problem>(message_ids)
    })
    .await??;
    let outcomes = outcomes.await.map_err(|_| Problem::Broken("the ledger was closed".to_owned()))??;
    Ok(answer(&message_ids, &outcomes))
}

/// What a sender calls itself; a browser says only that it is one.
pub(super) fn software(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let name = agent.split_once(" (").map_or(agent, |(name, _)| name).trim();
    let name = if name.starts_with("Mozilla/") { "a browser" } else { name };
    Some(name.chars().take(60).collect::<String>().replace('/', " ")).filter(|n| !n.is_empty())
}

/// A browser asks before it sends; the headers are added by the layer around.
pub(crate) async fn answer_preflight() -> StatusCode {
    StatusCode::OK
}

/// The items of a body, each judged alone, and the ids to answer with.
struct Read {
    items: Vec<Result<Record, Fault>>,
    message_ids: Vec<Option<String>>,
}

fn read_items(body: &Bytes, key: &Key, now: Timestamp) -> Result<Read, Problem> {
    let pieces =
        split(body, "interactions").map_err(|e| Problem::Unreadable("invalid_json", e.message().to_owned()))?;
    let pieces = pieces.pieces;
    let mut read = Read { items: Vec::with_capacity(pieces.len()), message_ids: Vec::with_capacity(pieces.len()) };
    let mut any_json = pieces.is_empty();
    // The whole body at once is checked much faster than each text in it.
    let text = std::str::from_utf8(body).ok();
    for (index, piece) in pieces.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let quick = text.and_then(|t| t.get(piece.text.clone())).filter(|_| piece.is_bounded());
        let quick = quick.and_then(|t| quick_record(t, index, key.workspace, &key.source, now));
        let (id, item) = match quick {
            Some(record) => (Some(record.message_id.clone()), Ok(record)),
            None => {
                let value = piece.read(body);
                let is_json = !matches!(&value, Err(f) if f.code == "invalid_json" || f.code == "invalid_utf8");
                any_json |= is_json;
                let id = value.as_ref().ok().and_then(|v| v.get("message_id")?.as_str()).map(str::to_owned);
                let draft = value.and_then(|v| parse_interaction(v, index));
                let fact = draft.and_then(|d| d.receive(key.workspace, &key.source, now, limits::HTTP_BYTES));
                (id.filter(|id| id.len() <= limits::VALUE), fact.map(Record::from))
            }
        };
        any_json |= item.is_ok();
        read.message_ids.push(id);
        read.items.push(item);
    }
    match read.items.first() {
        Some(Err(first)) if !any_json => Err(Problem::Unreadable("invalid_json", first.message.clone())),
        _ => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::KeyRole;
    use throughline_interactions::{SourceId, WorkspaceId};

    fn key() -> Key {
        Key {
            id: 1,
            hint: String::new(),
            workspace: WorkspaceId(1),
            source: SourceId::new("shop").unwrap(),
            role: KeyRole::Writer,
            created_by: String::new(),
            created_at: Timestamp(0),
            used_at: None,
            revoked_at: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-03-02T00:00:00Z", None).unwrap().instant
    }

    /// Each item's id or fault code.
    fn check(body: &[u8], expected: &[&str]) {
        let read = read_items(&Bytes::copy_from_slice(body), &key(), now()).unwrap();
        let got: Vec<String> = read
            .items
            .iter()
            .map(|i| match i {
                Ok(i) => i.message_id.clone(),
                Err(f) => f.code.to_string(),
            })
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_bad_item_harms_no_neighbour() {
        let ok = |id: &str| format!(r#"{{"message_id":"{id}","event":"Order Completed"}}"#);
        let deep = format!(
            r#"{{"message_id":"d","event":"x","properties":{}{}}}"#,
            r#"{"a":"#.repeat(500),
            "1".to_owned() + &"}".repeat(500)
        );
        check(
            format!("[{},{{\"a\":NaN}},7,{deep},{}]", ok("a"), ok("b")).as_bytes(),
            &["a", "invalid_json", "wrong_type", "too_deep", "b"],
        );
        let mut lines = format!("{}\n{{\"message_id\":\"", ok("a")).into_bytes();
        lines.extend(b"\xff\xfe\",\"event\":\"x\"}\n{broken\n");
        lines.extend(ok("b").bytes());
        check(&lines, &["a", "invalid_utf8", "invalid_json", "b"]);
        let big = format!(r#"{{"message_id":"big","event":"x","text":"{}"}}"#, "y".repeat(40_000));
        let huge = format!(r#"{{"message_id":"big","event":"x","text":"{}"}}"#, "y".repeat(400_000));
        check(format!("[{big},{huge},{}]", ok("c")).as_bytes(), &["too_large", "too_large", "c"]);
    }

    #[test]
    fn a_body_without_any_json_is_refused_as_a_whole() {
        for body in ["", "hello", "{\"a\":NaN}", "[{\"a\":1}", "[nope]"] {
            let refused = matches!(read_items(&Bytes::from(body), &key(), now()), Err(Problem::Unreadable(..)));
            assert!(refused, "{body}");
        }
        check(b"[]", &[]);
    }

    /// Prints what an item costs: `cargo test -r -p throughline-web --lib -- --nocapture cost_of`.
    #[test]
    fn cost_of_an_item() {
        let one = |i: usize| {
            format!(
                r#"{{"message_id":"order-{i}-placed","occurred_at":"2026-03-01T09:30:00Z","zone":"America/Sao_Paulo","event":"Order Completed","channel":"web","touchpoint":"checkout","identifiers":{{"user_id":"u-{i}","email":"ana{i}@example.org","anonymous_id":"0d0c3f1e-55b1-4a53-8a8e-{i:012}"}},"refs":{{"order":"o-{i}","product":["p-17","p-18"],"store":"north-3","carrier":"dhl"}},"money":{{"amount":"129.90","currency":"EUR"}},"promise":{{"kind":"delivery","due":"2026-03-05"}},"consent":{{"marketing":true}},"properties":{{"coupon":"SPRING","payment":"card","installments":3,"device":"phone","campaign":"newsletter-12","basket":{{"lines":2,"weight":3.4}},"note":"leave it with the neighbour on the second floor, please, because the bell does not work and nobody is at home before six"}}}}"#
            )
        };
        let body = Bytes::from(format!("[{}]", (0..100).map(one).collect::<Vec<_>>().join(",")));
        assert!(body.len() > 70_000, "{}", body.len());
        let rounds = if cfg!(debug_assertions) { 5 } else { 500 };
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            let read = read_items(&body, &key(), now()).unwrap();
            assert!(read.items.iter().all(Result::is_ok));
        }
        let per_item = start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds * 100);
        println!("{per_item:.2} µs for an item of {} bytes", body.len() / 100);
    }
}
