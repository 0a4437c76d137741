//! A customer at a glance, and the story in groups.

use crate::errors::Problem;
use crate::figures::customer_id;
use crate::guard::Visit;
use crate::state::Web;
use crate::story_asked::AskedStory;
use crate::summary::summary;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use throughline_interactions::Zone;
use throughline_pipeline::{Profile, StoryPage};

/// The profile, under a strong tag: whoever has it already is told so, and nothing else.
///
/// The tag is a hash of the answer, so it changes exactly when the answer does.
pub(crate) async fn profile(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (workspace, asked) = (visit.workspace()?.id, customer_id(&id)?);
    let profile = web.ask(move |e| e.profile(workspace, e.customer(workspace, asked)?)).await?;
    let merged_from = (profile.customer.id != asked).then_some(id);
    let body = serde_json::to_vec(&Body { profile, merged_from }).map_err(|e| Problem::Broken(e.to_string()))?;
    let tag = format!("\"{}\"", hex(&Sha256::digest(&body)[..16]));
    let value = HeaderValue::from_str(&tag).map_err(|e| Problem::Broken(e.to_string()))?;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    // Ours stays ours: asked again each time, kept by nobody else.
    let kept = [(header::ETAG, value), (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if known.flat_map(|list| list.split(',')).any(|one| matches(one.trim(), &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// The profile, and the id that was asked for where that is another customer's now.
#[derive(Serialize)]
struct Body {
    #[serde(flatten)]
    profile: Profile,
    merged_from: Option<String>,
}

/// A page of the story with the customer in sentences.
#[derive(Serialize)]
pub(crate) struct Told {
    summary: Vec<String>,
    #[serde(flatten)]
    page: StoryPage,
}

/// Whether a tag of a list names this one; the comparison for reading is the weak one (RFC 9110, 13.1.2).
fn matches(one: &str, tag: &str) -> bool {
    one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        out.push_str(&format!("{b:02x}"));
        out
    })
}

/// A page of the story in groups, with the customer in plain sentences.
pub(crate) async fn groups(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    query: Result<Query<AskedStory>, QueryRejection>,
) -> Result<Json<Told>, Problem> {
    let Query(asked) = query?;
    let (workspace, customer) = (visit.workspace()?.id, customer_id(&id)?);
    let zone = Zone::new(&visit.workspace()?.zone).ok();
    let query = asked.query(zone.as_ref())?;
    let (profile, page) = web
        .ask(move |e| {
            let customer = e.customer(workspace, customer)?;
            e.told(workspace, &customer, &query)
        })
        .await?;
    Ok(Json(Told { summary: summary(&profile, zone.as_ref(), web.now()), page }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_the_standard_says() {
        let check = |one: &str, expected: bool| assert_eq!(matches(one, "\"ab\""), expected, "{one}");
        check("\"ab\"", true);
        check("W/\"ab\"", true);
        check("*", true);
        check("ab", false);
        check("\"abc\"", false);
    }
}
