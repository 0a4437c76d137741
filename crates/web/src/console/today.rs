//! Today: people worth a call, what hurts most, and what cannot be known yet.

use super::customers::name_of;
use super::findings_view::cards;
use super::frame::{Frame, Room, page, percent_encoded, sentence};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;
use throughline_customers::CustomerRow;
use throughline_interactions::{Currency, Money};
use throughline_journeys::{CallReason, Definition, Map, WorthCalling};
use throughline_pipeline::{Calls, EngineError};

/// People on the page; the others are told as a number.
const SHOWN: usize = 12;
/// Findings on the page.
const FINDINGS: usize = 3;
/// Answers within which a share is known to about ten points (95 %, at a half).
const TEN_POINTS: u64 = 96;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    until: String,
    calls: Vec<CallLine>,
    others: u64,
    findings: Vec<(String, String, String)>,
    unknown: Vec<(String, String)>,
    journey: String,
}

/// Somebody worth a call.
struct CallLine {
    name: String,
    href: String,
    reach: String,
    why: Vec<String>,
    spent: String,
}

/// What the page is made of.
struct Facts {
    definition: Definition,
    map: Arc<Map>,
    calls: Arc<Calls>,
    rows: Vec<(WorthCalling, CustomerRow)>,
}

/// Shows it, or how to begin.
pub(crate) async fn today(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let opens_people = visit.may(Area::Customers);
    let facts = web
        .ask(move |e| {
            let Some(definition) = e.journeys(workspace)?.into_iter().next() else { return Ok(None) };
            let map = e.map(workspace, &definition.key)?;
            if map.started.instances == 0 {
                return Ok(None);
            }
            let calls = e.worth_calling(workspace, &definition.key)?;
            let mut rows = Vec::new();
            for person in calls.people.iter().take(if opens_people { SHOWN } else { 0 }) {
                match e.customer(workspace, person.customer) {
                    Ok(profile) => rows.push((person.clone(), profile.row)),
                    // Merged or erased since.
                    Err(EngineError::NotFound(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            let found = e.pain_points(workspace, &definition.key)?;
            Ok(Some((Facts { definition, map, calls, rows }, found)))
        })
        .await?;
    let Some((facts, found)) = facts else {
        return Ok(Redirect::to(&visit.link("/")).into_response());
    };
    let frame = Frame::new(&web, visit, Room::Today, "Today").await?;
    let journey = frame.to(format!("/journeys/{}", facts.definition.key));
    let people = |figure: &str| {
        let path = frame.to(format!("/journeys/{}/people", facts.definition.key));
        format!("{path}{}figure={}", if path.contains('?') { '&' } else { '?' }, percent_encoded(figure))
    };
    let findings = cards(&found, None, &facts.definition, &people)
        .into_iter()
        .take(FINDINGS)
        .map(|c| (c.title, c.ratio, if opens_people { c.people } else { journey.clone() }))
        .collect();
    let calls: Vec<CallLine> = facts.rows.iter().map(|(p, row)| call(p, row, &facts, &frame)).collect();
    page(&TodayPage {
        until: format::minute(facts.calls.end, frame.zone.as_ref()),
        others: facts.calls.total.saturating_sub(calls.len() as u64),
        unknown: unknown(&facts),
        calls,
        findings,
        journey,
        frame,
    })
}

fn call(person: &WorthCalling, row: &CustomerRow, facts: &Facts, frame: &Frame) -> CallLine {
    let name = name_of(row);
    let reach = row
        .identifiers
        .iter()
        .filter(|i| matches!(i.kind.as_str(), "phone" | "email") && i.value != name)
        .map(|i| i.value.clone())
        .collect::<Vec<_>>();
    let spent = Currency::new(&person.currency)
        .map(|currency| format::money(&Money { minor: person.spent, currency }))
        .unwrap_or_default();
    CallLine {
        href: frame.to(format!("/customers/{:016x}", row.id)),
        name,
        reach: reach.join(" · "),
        why: person.reasons.iter().map(|r| sentence(&reason(*r, facts))).collect(),
        spent,
    }
}

fn reason(reason: CallReason, facts: &Facts) -> String {
    let days = |n: u32| match n {
        0 => "today".to_owned(),
        n => format!("{} ago", format::counted(n.into(), "day", "days")),
    };
    match reason {
        CallReason::Overdue { rule, days: n } => {
            let kind = facts.definition.promises.get(rule as usize).map_or("promise", |p| p.kind.as_str());
            match n {
                0 => format!("waits for what was promised ({kind}) until today"),
                n => format!(
                    "waits for what was promised ({kind}): {} overdue",
                    format::counted(n.into(), "day", "days")
                ),
            }
        }
        CallReason::Unhappy { days: n } => format!("was unhappy {}, and nobody has turned to them since", days(n)),
        CallReason::StaysAway { times, days: n } => {
            let usual = facts.calls.usual_days.unwrap_or_default();
            format!(
                "came {}, the last time {}; eight of ten who came back did so within {}",
                format::counted(times.into(), "time", "times"),
                days(n),
                format::counted(usual.into(), "day", "days")
            )
        }
    }
}

/// What the data cannot tell, and what would settle it.
fn unknown(facts: &Facts) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let missing: Vec<(&str, &str)> = facts
        .definition
        .stages
        .iter()
        .zip(&facts.map.stages)
        .filter(|(designed, stage)| !stage.measured && !designed.next_instance && !designed.optional)
        .filter_map(|(designed, stage)| Some((stage.name.as_str(), designed.events.first()?.as_str())))
        .collect();
    for (stage, event) in missing {
        all.push((
            format!("whether customers get as far as “{stage}”"),
            format!("no “{event}” has arrived; a file or a sender that tells it would settle this"),
        ));
    }
    let answers = facts.map.answered.instances;
    if answers < TEN_POINTS {
        let more = format::count(TEN_POINTS - answers);
        all.push((
            "how many are unhappy, to about ten points".to_owned(),
            match answers {
                0 => format!("nobody has been asked; about {more} answers would tell"),
                n => format!("{} so far; about {more} more would tell", format::counted(n, "answer", "answers")),
            },
        ));
    }
    let promised: u64 = facts.map.promises.iter().map(|p| p.readings.first().map_or(0, |r| r.promised.instances)).sum();
    if promised == 0 && !facts.definition.promises.is_empty() {
        all.push((
            "whether promises are kept".to_owned(),
            "no interaction says until when something was promised; a column with that day would".to_owned(),
        ));
    }
    if facts.calls.usual_days.is_none() {
        let missing = 30_u64.saturating_sub(facts.calls.returns);
        all.push((
            "after how many days customers usually come back".to_owned(),
            format!(
                "{} so far; {} more would tell",
                format::counted(facts.calls.returns, "return", "returns"),
                format::count(missing)
            ),
        ));
    }
    all.iter().map(|(what, settles)| (sentence(what), sentence(settles))).collect()
}
