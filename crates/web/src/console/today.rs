//! Today: people worth a call, what hurts most, what behaviour tells without asking anybody. What
//! cannot be known yet stands in `unknown.rs`.

use super::customers::name_of;
use super::findings_view::cards;
use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::unknown::{Unknown, unknown};
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
use throughline_journeys::pain_points::Findings;
use throughline_journeys::{CallReason, Definition, Map, WorthCalling};
use throughline_pipeline::{Calls, EngineError};
use throughline_value::shares::Share;

/// People on the page; the others are told as a number.
const SHOWN: usize = 12;
/// Findings on the page.
const FINDINGS: usize = 3;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    until: String,
    calls: Vec<CallLine>,
    others: u64,
    findings: Vec<(String, String, String)>,
    /// What behaviour tells: in words, the interval, and whom it met.
    told: Vec<Told>,
    unknown: Vec<Unknown>,
    journey: String,
    everybody: String,
    ask: String,
}

/// How often an outcome came about that nobody has to be asked about.
struct Told {
    what: String,
    share: String,
    words: String,
    href: String,
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
pub(super) struct Facts {
    pub(super) definition: Definition,
    pub(super) map: Arc<Map>,
    pub(super) calls: Arc<Calls>,
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
    let findings = cards(&found, &facts.definition, &people)
        .into_iter()
        .take(FINDINGS)
        .map(|c| (c.title, c.ratio, if opens_people { c.people } else { journey.clone() }))
        .collect();
    let calls: Vec<CallLine> = facts.rows.iter().map(|(p, row)| call(p, row, &facts, &frame)).collect();
    let asks = opens_people.then(|| frame.to(format!("/journeys/{}/ask", facts.definition.key)));
    let ask = |figure: &str, most: u64| {
        let path = asks.as_ref()?;
        let join = if path.contains('?') { '&' } else { '?' };
        Some(format!("{path}{join}figure={figure}&most={most}"))
    };
    page(&TodayPage {
        told: told(&found, &facts.definition, &people),
        everybody: people("worth-calling"),
        ask: ask("worth-calling", 0).unwrap_or_default(),
        until: format::minute(facts.calls.end, frame.zone.as_ref()),
        others: facts.calls.total.saturating_sub(calls.len() as u64),
        unknown: unknown(&facts, &found, &ask),
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
        CallReason::Met { outcome, days: n } => {
            let rules = &facts.definition.outcomes;
            let word = rules.get(outcome as usize).map_or("", |o| o.name.as_str());
            format!("{word}: {}, and nobody has turned to them since", days(n))
        }
        CallReason::StaysAway { times, days: n } => {
            let usual = facts.calls.usual_days.unwrap_or_default();
            format!(
                "came {}, the last time {}; eight of ten who come back do so within {}",
                format::counted(times.into(), "time", "times"),
                days(n),
                format::counted(usual.into(), "day", "days")
            )
        }
    }
}

/// The designed outcomes with how often they came about.
fn told(found: &Findings, definition: &Definition, people: &dyn Fn(&str) -> String) -> Vec<Told> {
    let unit = definition.subject.as_deref().unwrap_or("journey");
    let each = definition.outcomes.iter().filter_map(|outcome| {
        let (known, bad) = *found.units.get(&outcome.key)?;
        let share = Share { events: bad, n: known }.estimate()?;
        Some(Told {
            what: sentence(&outcome.name),
            share: format!("{} ({})", format::percent(share.value), format::percent_interval(&share)),
            words: format!("{} of {}", format::count(bad), format::counted(known, unit, &format!("{unit}s"))),
            href: people(&format!("outcome.{}", outcome.key)),
        })
    });
    each.collect()
}
