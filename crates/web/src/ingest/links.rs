//! Addresses for one person each, made for a program that prints or mails them.

use crate::accounts::{Link, LinkSecret, PERSONAL_BYTES, Personal, link};
use crate::errors::Problem;
use crate::guard::Sender;
use crate::state::Web;
use crate::texts;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use throughline_interactions::{Identifier, Ref};

/// Addresses of one answer.
const MOST: usize = 10_000;

/// Whom an address is for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct For {
    #[serde(default)]
    identifiers: BTreeMap<String, String>,
    #[serde(default)]
    refs: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Answer {
    addresses: Vec<String>,
}

/// Makes them, in the order in which they were asked for.
pub(super) async fn personal(
    State(web): State<Web>,
    Sender(key): Sender,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let unreadable = |message: String| Problem::Unreadable("invalid_personal", message);
    let wanted: Vec<For> = serde_json::from_slice(&body)
        .map_err(|e| unreadable(format!("a list of {{\"identifiers\": {{…}}, \"refs\": {{…}}}} is expected: {e}")))?;
    if wanted.len() > MOST {
        return Err(unreadable(format!("{} addresses at once; at most {MOST} are made", wanted.len())));
    }
    let each =
        wanted.into_iter().enumerate().map(|(at, w)| person(w).map_err(|e| unreadable(format!("item {at}: {e}"))));
    let people = each.collect::<Result<Vec<Personal>, Problem>>()?;
    let workspace = key.workspace;
    let made = web
        .accounts(move |s| {
            let Some(link) = link(s, &code)?.filter(|l| l.workspace == workspace) else { return Ok(None) };
            let secret = LinkSecret::of(s, workspace)?;
            let tokens: Vec<Option<String>> = people.iter().map(|p| secret.sign(&link.code, p)).collect();
            Ok(Some((link, tokens)))
        })
        .await?;
    let (link, tokens) = made.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_LINK.to_owned()))?;
    let each = tokens.into_iter().enumerate().map(|(at, token)| {
        let too_long =
            || unreadable(format!("item {at}: it says more than the {PERSONAL_BYTES} bytes that an address holds"));
        token.map(|t| address(&web, &link, &t)).ok_or_else(too_long)
    });
    Ok(Json(Answer { addresses: each.collect::<Result<_, _>>()? }).into_response())
}

fn address(web: &Web, link: &Link, token: &str) -> String {
    let ending = if link.kind.is_picture() { ".gif" } else { "" };
    format!("{}/l/{}{ending}?p={token}", web.base(), link.code)
}

fn person(wanted: For) -> Result<Personal, String> {
    if let Some(kind) = wanted.identifiers.keys().find(|k| matches!(k.as_str(), "email" | "phone")) {
        return Err(format!("an address holds no `{kind}`: it would be read by others; give a user_id or an order"));
    }
    if wanted.identifiers.is_empty() && wanted.refs.is_empty() {
        return Err("it says neither who it is nor what it is about".to_owned());
    }
    Ok(Personal {
        identifiers: wanted.identifiers.iter().map(|(kind, value)| Identifier::new(kind, value)).collect(),
        refs: wanted.refs.into_iter().map(|(kind, value)| Ref { kind, value }).collect(),
    })
}
