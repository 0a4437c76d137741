//! Identifiers that several people share: what is held of them and why, whom they touch, and a person's decision.

use super::customers::name_of;
use super::frame::{Frame, Room, page, sentence};
use super::identity_view::{kind, why};
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::figures::customer_id;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use throughline_customers::Mark;
use throughline_interactions::{Node, Zone};
use throughline_pipeline::SharedIdentifier;

/// So many are shown.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "shared.html")]
struct SharedPage {
    frame: Frame,
    shown: Vec<Line>,
    total: u64,
    decides: bool,
    rules: Option<String>,
}

struct Line {
    value: String,
    kind: String,
    node: String,
    /// In words, as the end of a sentence.
    held: String,
    /// What a person said; empty where nobody did.
    mark: &'static str,
    /// Name and page of some.
    people: Vec<(String, String)>,
    others: u64,
}

impl Line {
    fn new(s: &SharedIdentifier, zone: Option<&Zone>, link: &dyn Fn(&str) -> String) -> Self {
        let held = match (s.shared, s.mark, s.reused_at) {
            (_, Some(Mark::Allowed), _) => "it is one person’s, as a person said".to_owned(),
            (Some(shared), ..) => format!("it joins nobody: {}", why(Some(shared))),
            (None, _, Some(at)) => format!("it is somebody else’s since {}", format::day(at, zone)),
            (None, None | Some(Mark::Shared), None) => {
                "it stays with the first who used it, and joins nobody else: nothing says that they are one".to_owned()
            }
        };
        let person =
            |row: &throughline_customers::CustomerRow| (name_of(row), link(&format!("/customers/{:016x}", row.id)));
        Self {
            value: s.of.identifier.value.trim().to_owned(),
            kind: kind(&s.of.identifier.kind).to_owned(),
            node: s.of.node.to_string(),
            held: sentence(&held),
            mark: match s.mark {
                Some(Mark::Allowed) => "allowed",
                Some(Mark::Shared) => "shared",
                None => "",
            },
            people: s.people.iter().map(person).collect(),
            others: s.total.saturating_sub(s.people.len() as u64),
        }
    }
}

/// Lists them.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (found, total) = web.ask(move |e| e.shared_identifiers(workspace, SHOWN)).await?;
    let frame = Frame::new(&web, visit, Room::Customers, "Shared identifiers").await?;
    let shown = found.iter().map(|s| Line::new(s, frame.zone.as_ref(), &|path| frame.to(path))).collect();
    let rules = frame.manages_workspace().then(|| frame.to("/settings/identity"));
    page(&SharedPage { decides: frame.visit.may(Area::Decide), shown, total, rules, frame })
}

/// Takes a person's decision.
pub(crate) async fn decide(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let (workspace, node) = (visit.workspace()?.id, Node(customer_id(form.get("identifier"))?));
    let (mark, what) = match form.get("verdict") {
        "allow" => (Some(Mark::Allowed), "said that an identifier is one person’s"),
        "share" => (Some(Mark::Shared), "said that an identifier is shared"),
        _ => (None, "took back what was said of an identifier"),
    };
    let entry = visit.act(web.now(), what, node.to_string());
    let by = visit.name();
    web.ask(move |e| {
        e.mark_identifier(workspace, &by, node, mark)?;
        Ok(e.store().write(|tx| note(tx, &entry))?)
    })
    .await?;
    Ok(Redirect::to(&visit.link("/customers/shared")).into_response())
}
