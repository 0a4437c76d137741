//! The first page: the first journey's map, or how to begin.

use super::frame::{Frame, Room, page};
use crate::accounts::Area;
use crate::errors::Problem;
use crate::guard::Visit;
use crate::state::Web;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_customers::CustomerQuery;

#[derive(Template)]
#[template(path = "empty.html")]
pub(crate) struct Empty {
    frame: Frame,
    origin: String,
    makes_keys: bool,
}

impl Empty {
    pub(crate) fn new(web: &Web, frame: Frame, headers: &HeaderMap) -> Self {
        Self { makes_keys: frame.visit.may(Area::Keys), origin: origin(web, headers), frame }
    }
}

/// The address under which this server was asked, without a path.
pub(super) fn origin(web: &Web, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("127.0.0.1");
    let scheme = if web.config().is_encrypted() { "https" } else { "http" };
    format!("{scheme}://{host}")
}

/// Leads to the first journey, or shows how to begin.
pub(crate) async fn home(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    let first = match visit.chosen() {
        Some(workspace) => {
            let id = workspace.id;
            let query = CustomerQuery { search: String::new(), after: None, limit: 1 };
            web.ask(move |e| {
                let anybody = e.customers(id, &query)?.total > 0;
                Ok(e.journeys(id)?.into_iter().next().filter(|_| anybody))
            })
            .await?
        }
        None => None,
    };
    match first {
        Some(journey) => {
            let map = visit.link(&format!("/journeys/{}", journey.key));
            // Whoever opens the demo is taken by the hand.
            let map = if super::tour::is_offered(&visit) { super::tour::with_step(&map, 1) } else { map };
            Ok(Redirect::to(&map).into_response())
        }
        None => {
            page(&Empty::new(&web, Frame::new(&web, visit, Room::Journeys, "No interactions yet").await?, &headers))
        }
    }
}
