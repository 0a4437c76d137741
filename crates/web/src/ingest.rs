//! How interactions come in.

mod answer;
mod body;
mod hooks;
mod links;
mod places;
mod receive;
mod script;
mod sdk;
mod signature;

pub(crate) use places::PlaceFile;

use crate::accounts::Area;
use crate::routes::{Route, get, post, preflight};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// Everything that receives.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        post("/v1/interactions", Area::Receive, receive::receive_interactions),
        preflight("/v1/interactions", receive::answer_preflight),
        post("/v1/links/{code}/personal", Area::Receive, links::personal),
        post("/v1/hooks/{id}", Area::Send, hooks::deliver),
        get("/tl.js", Area::Send, script::script).compressed(),
        get("/v1/projects/{key}/settings", Area::Send, sdk::settings),
        get("/sourceConfig", Area::Send, sdk::source_config),
        get("/sourceConfig/", Area::Send, sdk::source_config),
        preflight("/v1/projects/{key}/settings", receive::answer_preflight),
        preflight("/sourceConfig", receive::answer_preflight),
        preflight("/sourceConfig/", receive::answer_preflight),
    ];
    // Addresses that an SDK has built in, each with the preflight of a browser.
    macro_rules! doors {
        ($handler:path: $($path:literal),+) => {$(
            routes.push(post($path, Area::Send, $handler));
            routes.push(preflight($path, receive::answer_preflight));
        )+};
    }
    doors!(sdk::batch: "/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch");
    doors!(script::interactions: "/v1/web");
    doors!(sdk::metrics: "/v1/m");
    doors!(sdk::call: "/v1/{call}");
    doors!(sdk::captures: "/batch", "/batch/", "/e", "/e/", "/i/v0/e", "/i/v0/e/", "/capture", "/capture/");
    doors!(sdk::analytics_events: "/i/v1/analytics/events");
    doors!(sdk::flags: "/flags", "/flags/", "/decide", "/decide/");
    routes
}

/// Pages of any origin may send: the key decides, not the page. Errors can be read across origins
/// too, and how long to wait.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_preflight = request.method() == Method::OPTIONS;
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| is_preflight).cloned();
    let mut response = next.run(request).await;
    if let Some(origin) = origin {
        allow(response.headers_mut(), origin, is_preflight, wanted);
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, is_preflight: bool, wanted: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if is_preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        // Libraries invent headers from version to version; none of them is a secret here.
        let usual = HeaderValue::from_static("authorization, content-type, content-encoding, x-retry-count");
        let allowed = wanted.filter(|w| w.len() <= 1_000).unwrap_or(usual);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
}
