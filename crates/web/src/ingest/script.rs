//! Our own script on a page: the file itself, and the door that it sends to.
//!
//! Who visits is told by a cookie that the page and its other scripts cannot read, and that only this
//! door is sent: it holds a random number and lives for as long as browsers allow after the last visit.
//! A browser that keeps no cookie of ours is told so by the answer, and then says itself who visits.

use super::sdk::{Dialect, receive};
use crate::errors::Problem;
use crate::guard::cookie;
use crate::state::Web;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Built by `crates/web/browser/build`.
const SCRIPT: &str = include_str!("../../assets/tl.js");
/// The cookie of a visitor.
const VISITOR: &str = "throughline_visitor";
/// 400 days: browsers keep no cookie for longer.
const KEPT_SECONDS: u32 = 400 * 86_400;

/// The script, for pages of any site.
pub(super) async fn script() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, SCRIPT).into_response()
}

#[derive(Deserialize)]
struct Asked {
    /// Somebody else sits there from now on: the visitor is a new one.
    #[serde(default)]
    reset: u8,
}

/// Takes what the script sends.
pub(super) async fn interactions(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let reset = Query::<Asked>::try_from_uri(request.uri()).is_ok_and(|q| q.0.reset == 1);
    let known = cookie(request.headers(), VISITOR).filter(|v| is_visitor(v) && !reset).map(str::to_owned);
    let is_kept = known.is_some();
    let visitor = known.unwrap_or_else(new_visitor);
    let given = given(request.headers(), &visitor, web.config().is_encrypted() || web.base().starts_with("https"));
    let taken = receive(&web, request, Dialect::Script(visitor)).await?;
    let mut response = taken.answer_about(Some(if is_kept { "kept" } else { "new" }));
    if let Ok(value) = HeaderValue::from_str(&given) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The cookie as it is given. A page of another site is sent one only if it is meant for that and goes
/// over TLS; it is kept apart from what other sites see, so that nobody is followed from site to site.
fn given(headers: &HeaderMap, visitor: &str, is_encrypted: bool) -> String {
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let scope = match (site, is_encrypted) {
        (Some("cross-site"), true) => "; SameSite=None; Secure; Partitioned",
        (_, true) => "; SameSite=Lax; Secure",
        (_, false) => "; SameSite=Lax",
    };
    format!("{VISITOR}={visitor}; Path=/v1/; HttpOnly; Max-Age={KEPT_SECONDS}{scope}")
}

fn is_visitor(value: &str) -> bool {
    value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

fn new_visitor() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the system has a random device");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_kept_by_sites_that_may() {
        let check = |site: &'static str, is_encrypted: bool, expected: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            let given = given(&headers, "0", is_encrypted);
            assert!(given.ends_with(expected), "{given}");
            assert!(given.starts_with("throughline_visitor=0; Path=/v1/; HttpOnly; "), "{given}");
        };
        check("same-site", true, "SameSite=Lax; Secure");
        check("same-origin", false, "SameSite=Lax");
        check("cross-site", true, "SameSite=None; Secure; Partitioned");
        check("cross-site", false, "SameSite=Lax");
        let (one, other) = (new_visitor(), new_visitor());
        assert!(is_visitor(&one) && is_visitor(&other) && one != other);
        assert!(!is_visitor("ana") && !is_visitor(&"g".repeat(32)));
    }
}
