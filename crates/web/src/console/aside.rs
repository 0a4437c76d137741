//! What was kept aside: beside each the message that was here before it, and a decision.

use super::frame::{Frame, Room, page};
use super::source;
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use throughline_interactions::{Interaction, Zone};
use throughline_pipeline::{KeptAside, Verdict};

/// So many are shown, and decided about at once.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "aside.html")]
struct AsidePage {
    frame: Frame,
    waiting: u64,
    shown: Vec<Pair>,
    decides: bool,
    /// All that are shown, for one decision about them.
    all: String,
}

/// A message and the one that was here before it.
struct Pair {
    position: u64,
    message_id: String,
    source: String,
    source_href: String,
    came: Said,
    known: Option<Said>,
}

/// What a message says, in short and in full.
struct Said {
    what: String,
    who: String,
    received: String,
    full: String,
}

impl Said {
    fn of(i: &Interaction, zone: Option<&Zone>) -> Self {
        let who: Vec<&str> = i.identifiers.iter().take(3).map(|n| n.value.as_str()).collect();
        Self {
            what: format!("{}, {}", i.event, format::minute(i.occurred_at, zone)),
            who: who.join(" · "),
            received: format::minute(i.received_at, zone),
            full: serde_json::to_string_pretty(i).unwrap_or_default(),
        }
    }
}

/// Lists what waits for a decision.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let (waiting, shown) =
        web.ask(move |e| Ok((e.waiting_aside(workspace)?, e.kept_aside(workspace, None, SHOWN)?))).await?;
    let decides = visit.may(Area::Decide);
    let frame = Frame::new(&web, visit, Room::Data, "Kept aside").await?;
    let all: Vec<String> = shown.iter().map(|k| k.position.to_string()).collect();
    let pair = |k: KeptAside| Pair {
        position: k.position,
        message_id: k.interaction.message_id.clone(),
        source_href: frame.to(source::address(k.interaction.source.as_str())),
        source: k.interaction.source.as_str().to_owned(),
        came: Said::of(&k.interaction, frame.zone.as_ref()),
        known: k.known.map(|i| Said::of(&i, frame.zone.as_ref())),
    };
    let shown = shown.into_iter().map(pair).collect();
    page(&AsidePage { all: all.join(" "), waiting, shown, decides, frame })
}

/// Takes some in, or leaves them out.
pub(crate) async fn decide(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let verdict = match form.get("verdict") {
        "take" => Verdict::Take,
        "leave" => Verdict::Leave,
        _ => return Err(Problem::Refused(texts::NO_VERDICT.to_owned())),
    };
    let positions: Vec<u64> = form.get("positions").split(' ').filter_map(|p| p.parse().ok()).collect();
    let by = visit.name();
    let n = web.ask(move |e| e.decide_aside(workspace, &by, &positions, verdict)).await?;
    let done = if verdict == Verdict::Take { "took in what was kept aside" } else { "left out what was kept aside" };
    let entry = visit.act(web.now(), done, format::counted(n, "interaction", "interactions"));
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link("/data/aside")).into_response())
}
