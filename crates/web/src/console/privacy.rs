//! Whose consent is needed for what, and who belongs to the brand.

use super::frame::{Frame, Room, page, sentence};
use super::receipts::{self, ReceiptLine};
use crate::accounts::note;
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
use throughline_pipeline::{DoorRules, ReceiptKey};
use throughline_rules::{Consent, Staff, Untold};

/// Receipts that the page lists.
const RECEIPTS: u32 = 100;

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage {
    frame: Frame,
    /// The rules, and an empty one to fill in.
    consent: Vec<Line>,
    staff: Typed,
    master_key: String,
    /// It lies in the data directory.
    key_is_beside: bool,
    encrypts_names: bool,
    /// Places are looked up by address.
    has_places: bool,
    said: String,
    fault: String,
    receipts: Vec<ReceiptLine>,
    receipt_key: ReceiptKey,
    rules: u64,
}

/// A rule as it stands in its fields.
struct Line {
    purpose: String,
    channels: String,
    refuses: bool,
}

/// The lists as they stand in their fields, an entry a line.
struct Typed {
    domains: String,
    identifiers: String,
    hosts: String,
    networks: String,
}

#[derive(Deserialize)]
pub(crate) struct After {
    changed: Option<String>,
}

/// Shows the rules.
pub(crate) async fn privacy(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(After { changed }) = query?;
    let workspace = visit.workspace()?.id;
    let rules = web.ask(move |e| e.door_rules(workspace)).await?;
    show(&web, visit, &rules, if changed.is_some() { texts::PRIVACY_CHANGED } else { "" }, "").await
}

async fn show(web: &Web, visit: Visit, rules: &DoorRules, said: &str, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let frame = Frame::new(web, visit, Room::Settings, "Privacy").await?;
    let line = |c: &Consent| Line {
        purpose: c.purpose.clone(),
        channels: c.channels.join(", "),
        refuses: c.untold == Untold::Refuse,
    };
    let (receipts, receipt_key) =
        web.ask(move |e| Ok((e.receipts(workspace, "", 0, RECEIPTS)?, e.receipt_key()))).await?;
    let kept = super::requests::ask(web, move |r| Ok(r.rules(workspace)?.len() as u64)).await?;
    let (master_key, key_is_beside, encrypts_names) = web
        .ask(move |e| {
            let path = e.master_key();
            Ok((path.display().to_string(), path.starts_with(e.dir()), e.encrypts_names(workspace)?))
        })
        .await?;
    let empty = Line { purpose: String::new(), channels: String::new(), refuses: false };
    let Staff { domains, identifiers, hosts, networks } = &rules.staff;
    page(&PrivacyPage {
        consent: rules.consent.iter().map(line).chain([empty]).collect(),
        staff: Typed {
            domains: domains.join("\n"),
            identifiers: identifiers.join("\n"),
            hosts: hosts.join("\n"),
            networks: networks.join("\n"),
        },
        master_key,
        key_is_beside,
        encrypts_names,
        has_places: web.places().is_some(),
        said: sentence(said),
        fault: sentence(fault),
        receipts: receipts::lines(&receipts, &frame),
        receipt_key,
        rules: kept,
        frame,
    })
}

/// Changes them.
pub(crate) async fn change(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let list = |field: &str| {
        let each = form.get(field).split(['\n', ',']).map(str::trim).filter(|e| !e.is_empty());
        each.map(|e| e.chars().take(200).collect()).collect::<Vec<String>>()
    };
    let mut rules = web.ask(move |e| e.door_rules(workspace)).await?;
    rules.consent = (0..=rules.consent.len())
        .map(|n| Consent {
            purpose: form.get(&format!("purpose-{n}")).trim().chars().take(60).collect(),
            channels: list(&format!("channels-{n}")),
            untold: match form.get(&format!("untold-{n}")) {
                "refuse" => Untold::Refuse,
                _ => Untold::Take,
            },
        })
        .filter(|c| !c.purpose.is_empty())
        .collect();
    rules.staff = Staff {
        domains: list("domains").into_iter().map(|d| d.trim_start_matches('@').to_owned()).collect(),
        identifiers: list("identifiers"),
        hosts: list("hosts"),
        networks: list("networks"),
    };
    let new = rules.clone();
    if let Err(problem) = web.ask(move |e| e.set_door_rules(workspace, &new)).await {
        let Problem::Refused(fault) = problem else { return Err(problem) };
        return show(&web, visit, &rules, "", &fault).await;
    }
    let encrypts_names = form.get("encrypt_names") == "1";
    web.ask(move |e| e.encrypt_names(workspace, encrypts_names)).await?;
    let entry = visit.act(
        web.now(),
        "changed whose consent is needed, who is staff and what is encrypted",
        "privacy".to_owned(),
    );
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    let back = visit.link("/settings/privacy");
    let sign = if back.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{back}{sign}changed=1")).into_response())
}
