//! The door: who is asking, for which workspace, and whether the table of roles lets them in.

use crate::accounts::{Area, Entry, Holder, Key, Person, Secret, allows, find_session, form_token};
use crate::credentials::bearer;
use crate::errors::Problem;
use crate::state::Web;
use crate::texts;
use axum::Form;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_pipeline::Workspace;

/// The cookie of a session.
pub(crate) const SESSION_COOKIE: &str = "throughline";
/// The cookie from which forms get their token before anybody has logged in.
const FORM_COOKIE: &str = "throughline_form";

/// Who is asking.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    Person(Person),
    Key(Key),
    Demo,
    Stranger,
}

/// One request's visitor and what they look at.
#[derive(Debug)]
pub(crate) struct Visiting {
    pub(crate) who: Who,
    pub(crate) holder: Holder,
    /// The workspaces that the visitor may see.
    pub(crate) workspaces: Vec<Workspace>,
    /// The one chosen by `?workspace=`, or the first.
    chosen: Option<Workspace>,
    /// The session's secret, or that of the form cookie.
    pub(crate) secret: String,
    pub(crate) address: String,
    pub(crate) uri: Uri,
    pub(crate) theme: Option<&'static str>,
    /// Keys of one letter do something.
    pub(crate) single_keys: bool,
}

/// The visitor, for handlers.
#[derive(Debug, Clone)]
pub(crate) struct Visit(Arc<Visiting>);

impl std::ops::Deref for Visit {
    type Target = Visiting;
    fn deref(&self) -> &Visiting {
        &self.0
    }
}

impl Visiting {
    /// The workspace looked at.
    pub(crate) fn workspace(&self) -> Result<&Workspace, Problem> {
        self.chosen.as_ref().ok_or_else(|| Problem::NotFound(texts::NO_WORKSPACE.to_owned()))
    }

    /// The workspace looked at, if there is any.
    pub(crate) fn chosen(&self) -> Option<&Workspace> {
        self.chosen.as_ref()
    }

    /// Whether the visitor may also enter `area`.
    pub(crate) fn may(&self, area: Area) -> bool {
        allows(holder_in(&self.who, area, self.chosen.as_ref()), area)
    }

    /// The name under which acts are noted.
    pub(crate) fn name(&self) -> String {
        match &self.who {
            Who::Person(p) => p.email.clone(),
            Who::Key(k) => format!("key {}", k.id),
            Who::Demo => "demo".to_owned(),
            Who::Stranger => "somebody unknown".to_owned(),
        }
    }

    /// An act of the visitor, for the record.
    pub(crate) fn act(&self, at: Timestamp, action: &str, subject: impl Into<String>) -> Entry {
        Entry {
            id: 0,
            at,
            workspace: self.chosen.as_ref().map_or(0, |w| w.id.0),
            who: self.name(),
            action: action.to_owned(),
            subject: subject.into(),
            address: self.address.clone(),
        }
    }

    /// The token of every form on the page.
    pub(crate) fn form_token(&self) -> String {
        form_token(&self.secret)
    }

    /// A path that stays in the workspace looked at.
    pub(crate) fn link(&self, path: &str) -> String {
        let first = self.workspaces.first().map(|w| w.id);
        match &self.chosen {
            Some(w) if Some(w.id) != first => {
                format!("{path}{}workspace={}", if path.contains('?') { '&' } else { '?' }, w.key)
            }
            _ => path.to_owned(),
        }
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        parts.extensions.get::<Visit>().cloned().ok_or_else(|| Problem::Broken("a route without a guard".to_owned()))
    }
}

/// The key of a program that hands in interactions.
pub(crate) struct Sender(pub(crate) Key);

impl FromRequestParts<Web> for Sender {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        let key = parts.extensions.remove::<Key>();
        key.map(Self).ok_or_else(|| Problem::Broken("a receiving route without a guard".to_owned()))
    }
}

/// The fields of a form of this console: refused without the token that only its pages carry.
pub(crate) struct Signed(HashMap<String, String>);

impl Signed {
    /// A field; empty when it is missing.
    pub(crate) fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

impl FromRequest<Web> for Signed {
    type Rejection = Problem;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Problem::StaleForm)?;
        let Form(fields) = Form::<HashMap<String, String>>::from_request(request, web)
            .await
            .map_err(|e| Problem::Unreadable("invalid_form", e.body_text().to_lowercase()))?;
        if fields.get("token").is_none_or(|t| *t != visit.form_token()) {
            return Err(Problem::StaleForm);
        }
        Ok(Self(fields))
    }
}

/// Lets in whom the table lets in.
pub(crate) async fn guard(
    State((web, area)): State<(Web, Area)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if web.config().demo && !names_this_machine(request.headers()) {
        return Err(Problem::WrongHost);
    }
    let address = address_of(&web, request.extensions(), request.headers());
    if area == Area::Send {
        return Ok(next.run(request).await);
    }
    if area == Area::Receive {
        let secret = bearer(request.headers()).ok_or(Problem::NoKey(texts::NO_KEY))?;
        let key = key_of(&web, secret).await?;
        if !allows(Holder::Key(key.role), area) {
            return Err(Problem::NotAllowed(texts::KEY_CANNOT_WRITE.to_owned()));
        }
        request.extensions_mut().insert(key);
        return Ok(next.run(request).await);
    }
    let form_cookie = cookie(request.headers(), FORM_COOKIE).map(str::to_owned);
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let visit = visiting(&web, headers, uri, area, address, form_cookie.as_deref()).await?;
    let counting_here = area == Area::Metrics && address.is_loopback() && !web.config().behind_proxy;
    if !allows(visit.holder, area) && !counting_here {
        return Err(match visit.who {
            Who::Stranger if is_for_programs(request.uri().path()) => Problem::NoKey(texts::NO_KEY),
            Who::Stranger => Problem::LoginNeeded,
            _ => Problem::NotAllowed(texts::NOT_YOUR_ROOM.to_owned()),
        });
    }
    // Who answers a question or follows a link is no visitor of the console, and gets no cookie.
    let path = request.uri().path();
    let gives_cookie =
        form_cookie.is_none() && !is_for_programs(path) && !["/ask/", "/l/"].iter().any(|p| path.starts_with(p));
    let secret = visit.secret.clone();
    let is_session = matches!(visit.who, Who::Person(_));
    request.extensions_mut().insert(Visit(Arc::new(visit)));
    let mut response = next.run(request).await;
    if gives_cookie && !is_session {
        set_cookie(&web, response.headers_mut(), FORM_COOKIE, &secret, crate::accounts::ABSOLUTE_SECONDS);
    }
    Ok(response)
}

async fn visiting(
    web: &Web,
    headers: HeaderMap,
    uri: Uri,
    area: Area,
    address: IpAddr,
    form_cookie: Option<&str>,
) -> Result<Visiting, Problem> {
    let session = cookie(&headers, SESSION_COOKIE).map(str::to_owned);
    let mut secret = form_cookie.map_or_else(|| Secret::random("").reveal().to_owned(), str::to_owned);
    let who = if let Some(key) = bearer(&headers).filter(|_| is_for_programs(uri.path())) {
        Who::Key(key_of(web, key).await?)
    } else {
        let found = match session {
            Some(session) => {
                let (kept, now) = (session.clone(), web.now());
                web.accounts(move |s| find_session(s, &kept, now)).await?.map(|p| (p, session))
            }
            None => None,
        };
        match found {
            Some((person, session)) => {
                secret = session;
                Who::Person(person)
            }
            None if web.config().demo => Who::Demo,
            None => Who::Stranger,
        }
    };
    let workspaces = match who {
        Who::Stranger => Vec::new(),
        _ => web.ask(|e| e.workspaces()).await?.into_iter().filter(|w| sees(&who, w)).collect::<Vec<_>>(),
    };
    let wanted = Query::<Wanted>::try_from_uri(&uri).ok().and_then(|q| q.0.workspace);
    let chosen = match wanted {
        Some(key) if !matches!(who, Who::Stranger) => {
            let found = workspaces.iter().find(|w| w.key == key).cloned();
            Some(found.ok_or_else(|| Problem::NotFound(format!("there is no workspace `{key}` for you")))?)
        }
        _ => workspaces.first().cloned(),
    };
    let theme = cookie(&headers, "theme").and_then(|t| ["light", "dark"].into_iter().find(|k| *k == t));
    let holder = holder_in(&who, area, chosen.as_ref());
    let address = address.to_string();
    let single_keys = cookie(&headers, "keys") != Some("off");
    Ok(Visiting { who, holder, workspaces, chosen, secret, address, uri, theme, single_keys })
}

#[derive(Deserialize)]
struct Wanted {
    workspace: Option<String>,
}

fn sees(who: &Who, workspace: &Workspace) -> bool {
    match who {
        Who::Person(p) => p.role_in(workspace.id.0).is_some(),
        Who::Key(k) => k.workspace == workspace.id,
        Who::Demo => true,
        Who::Stranger => false,
    }
}

/// Accounts and the record are of the whole house; everything else is of the workspace looked at.
fn holder_in(who: &Who, area: Area, workspace: Option<&Workspace>) -> Holder {
    match who {
        Who::Person(p) => {
            let role = match (area, workspace) {
                (Area::People | Area::Audit | Area::Metrics | Area::Found, _) => {
                    p.role_in(crate::accounts::EVERY_WORKSPACE)
                }
                (_, Some(w)) => p.role_in(w.id.0),
                (_, None) => p.highest_role(),
            };
            role.map_or(Holder::Stranger, Holder::Person)
        }
        Who::Key(k) => Holder::Key(k.role),
        Who::Demo => Holder::Demo,
        Who::Stranger => Holder::Stranger,
    }
}

/// The key of a secret.
pub(crate) async fn key_of(web: &Web, secret: String) -> Result<Key, Problem> {
    let now = web.now();
    if let Some(key) = web.keys().lately(&secret, now) {
        return Ok(key);
    }
    let web = web.clone();
    let found = tokio::task::spawn_blocking(move || web.keys().look_up(web.store(), &secret, now)).await??;
    found.ok_or(Problem::NoKey(texts::WRONG_KEY))
}

/// Where a request came from; behind a proxy, what that says.
pub(crate) fn address_of(web: &Web, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map_or(Ipv4Addr::UNSPECIFIED.into(), |c| c.0.ip());
    if !web.config().behind_proxy {
        return peer;
    }
    let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|v| v.to_str().ok());
    told.and_then(|v| v.rsplit(',').next()?.trim().parse().ok()).unwrap_or(peer)
}

/// The demo has no login, so it answers only to names of this machine: a foreign page that points
/// its own name here is turned away.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("");
    let name = host.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(n, _)| n);
    let name = name.trim_matches(['[', ']']);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
}

/// A cookie of the request.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, v)| *n == name && !v.is_empty())
        .map(|(_, v)| v)
}

/// Gives a cookie for so many seconds; 0 takes it away.
pub(crate) fn set_cookie(web: &Web, headers: &mut HeaderMap, name: &str, value: &str, seconds: i64) {
    let secure = if web.config().is_encrypted() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Whether a path is spoken to by programs, who want JSON and no redirect.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/api/") || path == "/metrics" || path == "/healthz"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_open_the_demo() {
        let check = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            names_this_machine(&headers)
        };
        assert!(check("localhost:4242") && check("127.0.0.1") && check("[::1]:80"));
        assert!(!check("evil.example:4242") && !check("10.0.0.1") && !check(""));
    }
}
