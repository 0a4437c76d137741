//! Counters in the text format of Prometheus.

use crate::errors::Problem;
use crate::state::Web;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::fmt::Write;

/// Everything that can be counted from outside.
pub(crate) async fn metrics(State(web): State<Web>) -> Result<Response, Problem> {
    let text = web
        .ask(|e| {
            let status = e.status();
            let mut out = String::new();
            for (name, kind, help, value) in [
                (
                    "throughline_ledger_position",
                    "counter",
                    "Last durable position of the ledger.",
                    status.ledger_position,
                ),
                (
                    "throughline_folded_position",
                    "counter",
                    "Position up to which the ledger is folded.",
                    status.folded_position,
                ),
                (
                    "throughline_lake_position",
                    "counter",
                    "Position up to which the open history reaches.",
                    status.lake_position,
                ),
                ("throughline_lag_interactions", "gauge", "Interactions that wait to be folded.", status.lag),
                (
                    "throughline_lag_limit_interactions",
                    "gauge",
                    "Lag past which the door answers 429.",
                    status.lag_limit,
                ),
                ("throughline_disk_free_bytes", "gauge", "Free bytes on the disk.", status.disk_free_bytes),
                (
                    "throughline_folding_failed",
                    "gauge",
                    "1 when folding has stopped.",
                    u64::from(status.failure.is_some()),
                ),
            ] {
                line(&mut out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"));
            }
            let name = "throughline_received_total";
            line(&mut out, format_args!("# HELP {name} Interactions received, by outcome.\n# TYPE {name} counter\n"));
            for workspace in e.workspaces()? {
                for s in e.sources(workspace.id)? {
                    let outcomes = [
                        ("accepted", s.tally.accepted),
                        ("duplicate", s.tally.duplicate),
                        ("rejected", s.tally.rejected),
                        ("quarantined", s.tally.quarantined),
                    ];
                    for (outcome, count) in outcomes {
                        let (w, source) = (&workspace.key, label(&s.source));
                        line(
                            &mut out,
                            format_args!(
                                "{name}{{workspace=\"{w}\",source=\"{source}\",outcome=\"{outcome}\"}} {count}\n"
                            ),
                        );
                    }
                }
            }
            Ok(out)
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string works");
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
