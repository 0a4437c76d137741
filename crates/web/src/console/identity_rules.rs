//! What names whom, and how many people an identifier may name.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::note;
use crate::errors::Problem;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use throughline_customers::{Guards, Limit};
use throughline_interactions::COUNTRIES;
use throughline_pipeline::IdentityRules;

#[derive(Template)]
#[template(path = "identity_rules.html")]
struct RulesPage {
    frame: Frame,
    blocked: String,
    keeps_tags: bool,
    /// Code, chosen.
    countries: Vec<(&'static str, bool)>,
    /// Name of the fields, what of, the limit.
    limits: Vec<(&'static str, &'static str, Limit)>,
    reuse_days: u32,
    said: String,
    fault: String,
}

#[derive(Deserialize)]
pub(crate) struct After {
    changed: Option<String>,
}

/// Shows them.
pub(crate) async fn show(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { changed }) = query?;
    let workspace = visit.workspace()?.id;
    let rules = web.ask(move |e| e.identity_rules(workspace)).await?;
    render(&web, visit, &rules, if changed.is_some() { texts::IDENTITY_CHANGED } else { "" }, "").await
}

async fn render(web: &Web, visit: Visit, rules: &IdentityRules, said: &str, fault: &str) -> Result<Response, Problem> {
    let frame = Frame::new(web, visit, Room::Settings, "Identity").await?;
    let g = &rules.guards;
    page(&RulesPage {
        blocked: rules.naming.blocked.join("\n"),
        keeps_tags: rules.naming.keeps_tags,
        countries: COUNTRIES.iter().map(|c| (*c, rules.naming.country.as_deref() == Some(*c))).collect(),
        limits: vec![
            ("email", "An e-mail address", g.email),
            ("phone", "A telephone number", g.phone),
            ("other", "A card or another name", g.other),
            ("device", "A browser or device", g.device),
        ],
        reuse_days: g.reuse_days,
        said: sentence(said),
        fault: sentence(fault),
        frame,
    })
}

/// Changes them; everything that follows from interactions is counted again.
pub(crate) async fn change(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let mut rules = web.ask(move |e| e.identity_rules(workspace)).await?;
    let blocked = form.get("blocked").lines().map(str::trim).filter(|l| !l.is_empty());
    rules.naming.blocked = blocked.map(|l| l.chars().take(200).collect()).collect();
    rules.naming.keeps_tags = form.get("keeps_tags") == "1";
    rules.naming.country = Some(form.get("country").to_owned()).filter(|c| !c.is_empty());
    // What is no number is none that is allowed, and is refused with the others.
    let number = |field: &str| form.get(field).trim().parse().unwrap_or(0);
    let limit = |of: &str| Limit {
        in_all: number(&format!("{of}-in-all")),
        within: number(&format!("{of}-within")),
        days: number(&format!("{of}-days")),
    };
    rules.guards = Guards {
        email: limit("email"),
        phone: limit("phone"),
        other: limit("other"),
        device: limit("device"),
        reuse_days: number("reuse-days"),
    };
    let new = rules.clone();
    if let Err(problem) = web.ask(move |e| e.set_identity_rules(workspace, &new)).await {
        let Problem::Refused(fault) = problem else { return Err(problem) };
        return render(&web, visit, &rules, "", &fault).await;
    }
    let entry = visit.act(web.now(), "changed what names whom", "identity".to_owned());
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    let back = visit.link("/settings/identity");
    let sign = if back.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{back}{sign}changed=1")).into_response())
}
