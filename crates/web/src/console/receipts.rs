//! Receipts of erasures: the list, one of them to be read and printed, and as a file.

use super::frame::{Frame, Room, page};
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use throughline_interactions::Timestamp;
use throughline_pipeline::SignedReceipt;

/// What a receipt says of the lines of a file, in the order in which a reader asks.
const LINES: [(&str, &str); 7] = [
    ("all", "lines"),
    ("people_erased", "people erased"),
    ("about_the_same_person", "about one of them again"),
    ("unknown_and_refused_from_now_on", "nobody known: refused from now on"),
    ("unknown_of_no_known_kind", "nobody known, kind not said"),
    ("erased_before", "erased before"),
    ("not_usable", "not usable"),
];

/// A receipt in a list.
pub(crate) struct ReceiptLine {
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) when: String,
    pub(crate) interactions: String,
}

pub(super) fn lines(receipts: &[SignedReceipt], frame: &Frame) -> Vec<ReceiptLine> {
    let line = |r: &SignedReceipt| ReceiptLine {
        href: frame.to(format!("/settings/privacy/receipts/{}", r.id)),
        id: r.id.clone(),
        what: match r.kind.as_str() {
            "file" => format!("the people of “{}”", r.says()["file"]["name"].as_str().unwrap_or("a list")),
            _ => "one person".to_owned(),
        },
        when: format::minute(r.made_at, frame.zone.as_ref()),
        interactions: format::count(r.interactions),
    };
    receipts.iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    frame: Frame,
    id: String,
    is_file: bool,
    brand: String,
    by: String,
    erased_at: String,
    finished_at: String,
    interactions: String,
    /// Place, what, how many.
    places: Vec<(String, String, String)>,
    /// What became of the lines of a file.
    lines: Vec<(String, String)>,
    file: String,
    sha256: String,
    identifiers: String,
    position: String,
    master_key: String,
    workspace_key: String,
    public_key: String,
    signature: String,
    json: String,
}

/// Shows one.
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let kept = web.ask(move |e| e.receipt(workspace, &id)).await?;
    let frame = Frame::new(&web, visit, Room::Settings, "Receipt").await?;
    let says = kept.says();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let number = |v: &Value| v.as_u64().map(format::count).unwrap_or_default();
    let minute = |v: &Value| {
        let at = v.as_str().and_then(|t| Timestamp::parse(t, None).ok());
        at.map(|t| format::minute(t.instant, frame.zone.as_ref())).unwrap_or_default()
    };
    let places = says["erased"].as_array().into_iter().flatten();
    let lines = LINES.iter().filter_map(|(name, words)| {
        let n = says["lines"][*name].as_u64()?;
        (n > 0).then(|| ((*words).to_owned(), format::count(n)))
    });
    page(&ReceiptPage {
        is_file: kept.kind == "file",
        brand: text(&says["workspace"]["name"]),
        by: text(&says["by"]),
        erased_at: minute(&says["erased_at"]),
        finished_at: minute(&says["finished_at"]),
        interactions: format::counted(kept.interactions, "interaction", "interactions"),
        places: places.map(|p| (text(&p["place"]), text(&p["what"]), number(&p["count"]))).collect(),
        lines: lines.collect(),
        file: text(&says["file"]["name"]),
        sha256: text(&says["file"]["sha256"]),
        identifiers: number(&says["who"]["identifiers"]),
        position: format::count(kept.position),
        master_key: text(&says["keys_of_copies"]["master_key"]),
        workspace_key: text(&says["keys_of_copies"]["workspace_key"]),
        json: frame.to(format!("/settings/privacy/receipts/{}/receipt.json", kept.id)),
        public_key: kept.public_key,
        signature: kept.signature,
        id: kept.id,
        frame,
    })
}

/// One as a file, with its signature.
pub(crate) async fn receipt_json(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let kept = web.ask(move |e| e.receipt(workspace, &id)).await?;
    Ok(as_file(&kept))
}

/// As it is handed out.
pub(crate) fn as_file(kept: &SignedReceipt) -> Response {
    let mut response =
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], kept.file()).into_response();
    let named = HeaderValue::try_from(format!("attachment; filename=\"receipt-{}.json\"", kept.id)).ok();
    response.headers_mut().extend(named.map(|n| (header::CONTENT_DISPOSITION, n)));
    response
}
