//! Everything about one customer, or about all whom a file names, as a file. It is written while it is read, to
//! whoever asked and nowhere else; the record says who that was.

use crate::accounts::{Entry, note};
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::guard::Visit;
use crate::kept::EXPORTED;
use crate::person_page::write_page;
use crate::state::Web;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::io::{self, Write};
use throughline_rights::{PersonFile, Rights, RightsError, What, write_json, write_ndjson, write_zip};
use tokio::sync::mpsc::{Sender, channel};

/// Bytes that are handed on at a time, and how many such pieces may wait for a slow reader.
const PIECE: usize = 64 << 10;
const WAITING: usize = 4;
/// A page with its own style, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How somebody wants an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Page,
}

impl Form {
    /// What a browser asks for is the page, everybody else gets JSON.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
        if accept.contains("text/html") { Self::Page } else { Self::Json }
    }
}

/// Hands pieces to the connection; fails once nobody reads any more.
struct Pipe {
    piece: Vec<u8>,
    to: Sender<io::Result<Vec<u8>>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return Ok(());
        }
        self.to.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

/// A body that `write` writes on a thread of its own, as fast as it is read.
fn streamed(write: impl FnOnce(&mut dyn Write) -> Result<(), RightsError> + Send + 'static) -> Body {
    let (to, mut from) = channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { piece: Vec::with_capacity(PIECE), to: to.clone() };
        let written = write(&mut pipe).and_then(|()| Ok(pipe.flush()?));
        if let Err(error) = written {
            tracing::warn!(%error, "an export broke off");
            // The connection breaks, so that nobody takes half a file for a whole one.
            drop(to.blocking_send(Err(io::Error::other("the export broke off"))));
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |cx| from.poll_recv(cx)))
}

fn answer(body: Body, kind: &'static str, name: &str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response();
    let named = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")).ok();
    response.headers_mut().extend(named.map(|n| (header::CONTENT_DISPOSITION, n)));
    response
}

/// One customer; the record is written before the first byte leaves.
pub(crate) async fn person(web: &Web, visit: &Visit, id: &str, form: Form) -> Result<Response, Problem> {
    let (workspace, asked) = (visit.workspace()?.id, customer_id(id)?);
    let rights = web.rights().clone();
    let gather = move || PersonFile::gather(rights.engine(), rights.elsewhere(), workspace, asked);
    let file = tokio::task::spawn_blocking(gather).await??;
    let id = format!("{:016x}", file.profile.row.id);
    let entry = visit.act(web.now(), EXPORTED, id.clone());
    record(web, entry).await?;
    let engine = web.engine().clone();
    Ok(match form {
        Form::Json => {
            let body = streamed(move |out| write_json(&file, &engine, out));
            answer(body, "application/json", &format!("customer-{id}.json"))
        }
        Form::Page => {
            let body = streamed(move |out| write_page(&file, &engine, out));
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            let policy = (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(POLICY));
            ([kind, policy], body).into_response()
        }
    })
}

pub(super) async fn record(web: &Web, entry: Entry) -> Result<(), Problem> {
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await
}

/// One customer as JSON.
pub(crate) async fn customer_json(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    person(&web, &visit, &id, Form::Json).await
}

/// One customer as a page.
pub(crate) async fn customer_page(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    person(&web, &visit, &id, Form::Page).await
}

/// Everybody whom a file names, a file each.
pub(crate) async fn people_zip(State(web): State<Web>, visit: Visit, Path(id): Path<u64>) -> Result<Response, Problem> {
    people(&web, &visit, id, true).await
}

/// Everybody whom a file names, a line each.
pub(crate) async fn people_ndjson(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<u64>,
) -> Result<Response, Problem> {
    people(&web, &visit, id, false).await
}

async fn people(web: &Web, visit: &Visit, id: u64, is_zip: bool) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let rights: Rights = web.rights().clone();
    let run = super::requests::ask(web, move |r| r.run(workspace, id)).await?;
    if run.what != What::Export {
        return Err(Problem::Refused(crate::texts::NO_EXPORT.to_owned()));
    }
    let subject = format!("file {id}, {}", run.file);
    record(web, visit.act(web.now(), "exported the people of a file", subject)).await?;
    let body = streamed(move |out| match is_zip {
        true => write_zip(&rights, workspace, id, out).map(drop),
        false => write_ndjson(&rights, workspace, id, out).map(drop),
    });
    let (kind, ending) = if is_zip { ("application/zip", "zip") } else { ("application/x-ndjson", "ndjson") };
    Ok(answer(body, kind, &format!("people-{id}.{ending}")))
}
