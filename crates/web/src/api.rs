//! What programs read.

mod customers;
mod health;
mod identity;
mod journeys;
mod metrics;
mod plan;
mod profile;
mod review;
mod rights;
mod scorecards;
mod segments;
mod workspaces;

use crate::accounts::Area;
use crate::routes::{Route, get, post};

/// Everything that programs read. `/api/v1/openapi.json` describes the same routes; a test compares.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/healthz", Area::Open, health::health),
        get("/metrics", Area::Metrics, metrics::metrics),
        get("/api/v1/", Area::Open, workspaces::index),
        get("/api/v1/openapi.json", Area::Open, workspaces::openapi),
        get("/api/v1/workspaces", Area::Figures, workspaces::workspaces),
        get("/api/v1/journeys", Area::Figures, journeys::journeys),
        get("/api/v1/journeys/{key}/map", Area::Figures, journeys::map),
        get("/api/v1/journeys/{key}/pain-points", Area::Figures, journeys::pain_points),
        get("/api/v1/journeys/{key}/people", Area::Customers, journeys::people),
        get("/api/v1/scores", Area::Figures, journeys::scores),
        get("/api/v1/scorecards", Area::Figures, scorecards::kinds),
        get("/api/v1/scorecards/{kind}", Area::Figures, scorecards::kind),
        get("/api/v1/scorecards/{kind}/{value}", Area::Figures, scorecards::value),
        get("/api/v1/scorecards/{kind}/{value}/people", Area::Customers, scorecards::people),
        get("/api/v1/customers", Area::Customers, customers::customers),
        get("/api/v1/customers/review", Area::Customers, review::review),
        get("/api/v1/customers/{id}", Area::Customers, customers::customer),
        get("/api/v1/customers/{id}/why", Area::Customers, customers::why),
        get("/api/v1/customers/{id}/identity", Area::Customers, identity::identity),
        get("/api/v1/customers/{id}/story", Area::Customers, customers::story),
        get("/api/v1/customers/{id}/segments", Area::Customers, segments::of_customer),
        get("/api/v1/segments", Area::Customers, segments::segments),
        get("/api/v1/segments/rfm", Area::Figures, segments::rfm),
        post("/api/v1/segments/preview", Area::Customers, segments::preview),
        get("/api/v1/segments/{segment}", Area::Customers, segments::segment),
        get("/api/v1/segments/{segment}/customers", Area::Customers, segments::people),
        get("/api/v1/customers/{id}/story/groups", Area::Customers, profile::groups),
        get("/api/v1/customers/{id}/profile", Area::Customers, profile::profile),
        get("/api/v1/customers/{id}/export", Area::Export, rights::export),
        get("/api/v1/customers/{id}/export.html", Area::Export, rights::export_page),
        get("/api/v1/receipts", Area::Export, rights::receipts),
        get("/api/v1/receipts/key", Area::Open, rights::receipt_key),
        get("/api/v1/receipts/{id}", Area::Export, rights::receipt),
        get("/api/v1/shared-identifiers", Area::Customers, identity::shared),
        get("/api/v1/messages", Area::Customers, customers::messages),
        get("/api/v1/plans", Area::Data, plan::plans),
        get("/api/v1/plans/learned", Area::Data, plan::learned),
        get("/api/v1/sources", Area::Data, workspaces::sources),
        get("/api/v1/status", Area::Data, health::status),
    ]
}
