//! Buyers by recency, frequency and value.

use crate::console::frame::{Frame, Room, page, percent_encoded};
use crate::errors::Problem;
use crate::format;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use throughline_interactions::Money;
use throughline_pipeline::RfmReport;

#[derive(Template)]
#[template(path = "segment_rfm.html")]
struct RfmPage {
    frame: Frame,
    event: String,
    events: Vec<String>,
    buyers: String,
    currency: String,
    rows: Vec<Row>,
}

/// One group of buyers.
struct Row {
    name: &'static str,
    advice: &'static str,
    buyers: String,
    share: String,
    /// How long its bar is, 0–100.
    width: f64,
    worth: String,
    each: String,
    /// Where it becomes a segment.
    href: String,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    event: Option<String>,
}

/// What is a purchase, unless somebody says otherwise.
pub(crate) const PURCHASE: &str = "Order Completed";

/// Shows the groups of buyers.
pub(crate) async fn rfm(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Wanted { event }) = query?;
    let workspace = visit.workspace()?.id;
    let event = event.map(|e| e.trim().to_owned()).filter(|e| !e.is_empty()).unwrap_or_else(|| PURCHASE.to_owned());
    let asked = event.clone();
    let (report, words) = web.ask(move |e| Ok((e.rfm(workspace, &asked)?, e.vocabulary(workspace)?))).await?;
    let frame = Frame::new(&web, visit, Room::Segments, "Buyers").await?;
    let rows = rows(&frame, &report);
    let currency = report.currency.map_or_else(String::new, |c| c.to_string());
    let buyers = format::counted(report.buyers, "buyer", "buyers");
    page(&RfmPage { event, events: words.events.into_iter().collect(), buyers, currency, rows, frame })
}

fn rows(frame: &Frame, report: &RfmReport) -> Vec<Row> {
    let Some(currency) = report.currency else { return Vec::new() };
    let most = report.groups.iter().map(|g| g.buyers).max().unwrap_or(0).max(1) as f64;
    let money = |minor: i64| format::money(&Money { minor, currency });
    let row = |g: &throughline_pipeline::RfmGroup| Row {
        name: g.group.name,
        advice: g.group.advice,
        buyers: format::count(g.buyers),
        share: format::percent(g.buyers as f64 / report.buyers.max(1) as f64),
        width: g.buyers as f64 / most * 100.0,
        worth: money(g.minor),
        each: if g.buyers == 0 { "–".to_owned() } else { money(g.minor / g.buyers.cast_signed()) },
        href: match frame.acts() {
            true => frame.to(format!(
                "/segments/new?name={}&rule={}",
                percent_encoded(g.group.name),
                percent_encoded(&serde_json::to_string(&g.rule).unwrap_or_default())
            )),
            false => String::new(),
        },
    };
    report.groups.iter().map(row).collect()
}
