//! What was kept aside: beside each the message that was here before it, or what of it does not fit the
//! plan; a search; a decision about one or many; and steps that make what does not fit fit.

use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::source;
use crate::accounts::{Area, note};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_interactions::{Interaction, WorkspaceId, Zone};
use throughline_pipeline::{AsideQuery, KeptAside, MOST_AT_ONCE, Verdict};
use throughline_rules::{Mend, Step};

/// So many are shown.
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
    query: Asked,
    /// The event that all shown ones are, where all of them do not fit its plan.
    mendable: Option<String>,
    mend: TypedMend,
    told: String,
    fault: String,
}

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    source: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    text: String,
}

impl Asked {
    fn of(form: &Signed) -> Self {
        let field = |name: &str| form.get(name).chars().take(400).collect();
        Self { source: field("source"), code: field("code"), event: field("event"), text: field("text") }
    }

    fn query(&self) -> AsideQuery {
        let Self { source, code, event, text } = self.clone();
        AsideQuery { source, code, event, text }
    }

    fn is_empty(&self) -> bool {
        [&self.source, &self.code, &self.event, &self.text].iter().all(|f| f.is_empty())
    }

    fn address(&self) -> String {
        let fields = [("source", &self.source), ("code", &self.code), ("event", &self.event), ("text", &self.text)];
        let fields = fields.iter().filter(|(_, v)| !v.is_empty());
        let fields: Vec<String> = fields.map(|(n, v)| format!("{n}={}", percent_encoded(v))).collect();
        if fields.is_empty() { "/data/aside".to_owned() } else { format!("/data/aside?{}", fields.join("&")) }
    }
}

/// A step as it stands in its fields.
#[derive(Default)]
struct TypedMend {
    step: String,
    field: String,
    to: String,
    always: bool,
}

/// The steps that can be taken from the page.
const STEPS: [(&str, &str); 7] = [
    ("rename", "gets the name"),
    ("number", "becomes a number"),
    ("text", "becomes text"),
    ("fill", "where it is missing, is"),
    ("remove", "is left out"),
    ("worth", "is what it was worth, in"),
    ("event", "(the event) is called"),
];

impl TypedMend {
    fn read(&self, event: &str) -> Option<Mend> {
        let (field, to) = (self.field.trim().to_owned(), self.to.trim().to_owned());
        let has = |text: &str| !text.is_empty();
        let step = match self.step.as_str() {
            "rename" if has(&field) && has(&to) => Step::Rename { field, to },
            "number" if has(&field) => Step::Number { field },
            "text" if has(&field) => Step::Text { field },
            // What is JSON is that; anything else is a text.
            "fill" if has(&field) && has(&to) => {
                let value = serde_json::from_str(&to).unwrap_or(serde_json::Value::String(to));
                Step::Fill { field, value }
            }
            "remove" if has(&field) => Step::Remove { field },
            "worth" if has(&field) && to.len() == 3 => Step::Worth { field, currency: to.to_uppercase() },
            "event" if has(&to) => Step::Event { name: to },
            _ => return None,
        };
        Some(Mend { event: event.to_owned(), source: None, steps: vec![step] })
    }
}

/// A message, and the one that was here before it or what of it does not fit.
struct Pair {
    position: u64,
    code: &'static str,
    message_id: String,
    source: String,
    source_href: String,
    plan_href: String,
    came: Said,
    known: Option<Said>,
    breaches: Vec<String>,
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
        let who = if who.is_empty() { vec!["nobody known"] } else { who };
        Self {
            what: format!("{}, {}", i.event, format::minute(i.occurred_at, zone)),
            who: who.join(" · "),
            received: format::minute(i.received_at, zone),
            full: serde_json::to_string_pretty(i).unwrap_or_default(),
        }
    }
}

/// Lists what waits for a decision.
pub(crate) async fn list(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query?;
    show(&web, visit, asked, TypedMend::default(), String::new(), "").await
}

async fn show(
    web: &Web,
    visit: Visit,
    asked: Asked,
    mend: TypedMend,
    told: String,
    fault: &str,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let query = asked.query();
    let (waiting, shown, breaches) = web
        .ask(move |e| {
            let shown = e.kept_aside(workspace, &query, SHOWN)?;
            let said: Vec<Interaction> = shown.iter().map(|k| k.interaction.clone()).collect();
            Ok((e.waiting_aside(workspace)?, shown, e.breaches(workspace, &said)?))
        })
        .await?;
    let decides = visit.may(Area::Decide);
    let frame = Frame::new(web, visit, Room::Data, "Kept aside").await?;
    let all: Vec<String> = shown.iter().map(|k| k.position.to_string()).collect();
    let is_one_event = shown.iter().all(|k| k.code == "plan" && k.interaction.event == shown[0].interaction.event);
    let mendable = shown.first().filter(|_| is_one_event).map(|k| k.interaction.event.clone());
    let pair = |(k, breaches): (KeptAside, Vec<throughline_rules::Breach>)| Pair {
        position: k.position,
        code: k.code,
        message_id: k.interaction.message_id.clone(),
        source_href: frame.to(source::address(k.interaction.source.as_str())),
        plan_href: frame.to(format!("/data/plan/event?name={}", percent_encoded(&k.interaction.event))),
        source: k.interaction.source.as_str().to_owned(),
        came: Said::of(&k.interaction, frame.zone.as_ref()),
        known: k.known.map(|i| Said::of(&i, frame.zone.as_ref())),
        breaches: breaches.into_iter().map(|b| sentence(&b.message)).collect(),
    };
    let shown = shown.into_iter().zip(breaches).map(pair).collect();
    let fault = sentence(fault);
    page(&AsidePage { all: all.join(" "), waiting, shown, decides, query: asked, mendable, mend, told, fault, frame })
}

/// Takes some in, mends them first, or leaves them out.
pub(crate) async fn decide(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let asked = Asked::of(&form);
    let verdict = match form.get("verdict") {
        "take" => Verdict::Take,
        "leave" => Verdict::Leave,
        "mend" | "try" => return mend(&web, visit, asked, &form).await,
        _ => return Err(Problem::Refused(texts::NO_VERDICT.to_owned())),
    };
    let positions: Vec<u64> = form.get("positions").split(' ').filter_map(|p| p.parse().ok()).collect();
    let done = if verdict == Verdict::Take { "took in what was kept aside" } else { "left out what was kept aside" };
    let by = visit.name();
    let n = web.ask(move |e| e.decide_aside(workspace, &by, &positions, &verdict)).await?;
    let entry = visit.act(web.now(), done, format::counted(n, "interaction", "interactions"));
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(Redirect::to(&visit.link(&asked.address())).into_response())
}

/// Mends all that are found, not only those that are shown; or says how many would fit then.
async fn mend(web: &Web, visit: Visit, asked: Asked, form: &Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let typed = TypedMend {
        step: form.get("step").to_owned(),
        field: form.get("field").chars().take(200).collect(),
        to: form.get("to").chars().take(200).collect(),
        always: form.get("always") == "1",
    };
    let Some(mend) = typed.read(form.get("of_event")) else {
        return show(web, visit, asked, typed, String::new(), texts::BAD_MEND).await;
    };
    let query = AsideQuery { event: mend.event.clone(), code: "plan".to_owned(), ..asked.query() };
    if form.get("verdict") == "try" {
        let (fit, of) = web.ask(move |e| would_fit(e, workspace, &query, &mend)).await?;
        let told = format!("{} of {} would fit; nothing has been changed", format::count(fit), format::count(of));
        return show(web, visit, asked, typed, sentence(&told), "").await;
    }
    let (by, words) = (visit.name(), mend.in_words());
    let is_kept = typed.always;
    let n = web
        .ask(move |e| {
            if is_kept {
                let mut rules = e.door_rules(workspace)?;
                rules.mends.push(mend.clone());
                e.set_door_rules(workspace, &rules)?;
            }
            let mut taken = 0;
            let found = e.kept_aside(workspace, &query, usize::MAX)?;
            let positions: Vec<u64> = found.iter().map(|k| k.position).collect();
            for some in positions.chunks(MOST_AT_ONCE) {
                taken += e.decide_aside(workspace, &by, some, &Verdict::Mend(mend.clone()))?;
            }
            Ok(taken)
        })
        .await?;
    let counted = format::counted(n, "interaction", "interactions");
    let entry = visit.act(web.now(), "mended what was kept aside", format!("{counted}: {words}"));
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    let told = sentence(&format!("{counted} mended and taken in"));
    show(web, visit, asked, TypedMend::default(), told, "").await
}

fn would_fit(
    e: &throughline_pipeline::Engine,
    workspace: WorkspaceId,
    query: &AsideQuery,
    mend: &Mend,
) -> Result<(u64, u64), throughline_pipeline::EngineError> {
    let found = e.kept_aside(workspace, query, usize::MAX)?;
    let said: Vec<Interaction> = found.into_iter().map(|k| k.interaction).collect();
    Ok((e.would_fit(workspace, mend, &said)? as u64, said.len() as u64))
}
