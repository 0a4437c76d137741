//! The addresses to which a shop's own systems deliver: a new one, and an end of one.

use super::source::{self, address};
use crate::accounts::{Hook, HookKind, create_hook, hooks, remove_hook};
use crate::errors::Problem;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_imports::check_delivery_recipe;
use throughline_interactions::SourceId;

/// Most bytes of a recipe, and of a secret.
const MOST: (usize, usize) = (64 * 1024, 400);

/// Makes one.
pub(crate) async fn create(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let source = SourceId::new(form.get("source").trim());
    let source = source.filter(|s| *s != SourceId::system());
    let source = source.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_SOURCE.to_owned()))?;
    let name = source.as_str().to_owned();
    let (secret, recipe) = (form.get("secret").trim().to_owned(), form.get("recipe").trim().to_owned());
    let fault = match HookKind::new(form.get("kind")) {
        None => Some(texts::BAD_HOOK.to_owned()),
        Some(_) if secret.len() > MOST.1 || recipe.len() > MOST.0 => Some(texts::BAD_HOOK.to_owned()),
        Some(HookKind::System(_)) if secret.is_empty() => Some(texts::NO_HOOK_SECRET.to_owned()),
        Some(HookKind::Recipe) if recipe.is_empty() => Some(texts::NO_HOOK_RECIPE.to_owned()),
        Some(HookKind::Recipe) => check_delivery_recipe(&recipe).err().map(|e| e.to_string()),
        Some(_) => None,
    };
    let (kind, None) = (HookKind::new(form.get("kind")), &fault) else {
        return source::show(&web, visit, name, source::Told { key: None, fault: fault.unwrap_or_default() }).await;
    };
    let hook = Hook {
        id: Hook::new_id(),
        workspace,
        source,
        kind: kind.unwrap_or(HookKind::Recipe),
        secret,
        recipe: if kind == Some(HookKind::Recipe) { recipe } else { String::new() },
        created_at: web.now(),
        created_by: visit.name(),
    };
    let from = visit.address.clone();
    web.accounts(move |s| s.write(|tx| create_hook(tx, &hook, &from))).await?;
    Ok(Redirect::to(&format!("{}#hooks", visit.link(&address(&name)))).into_response())
}

/// Removes one.
pub(crate) async fn remove(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let all = web.accounts(move |s| hooks(s, workspace)).await?;
    let hook = all.into_iter().find(|h| h.id == id);
    let hook = hook.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_HOOK.to_owned()))?;
    let name = hook.source.as_str().to_owned();
    let (by, at, from) = (visit.name(), web.now(), visit.address.clone());
    web.accounts(move |s| s.write(|tx| remove_hook(tx, &hook, &by, at, &from))).await?;
    Ok(Redirect::to(&format!("{}#hooks", visit.link(&address(&name)))).into_response())
}
