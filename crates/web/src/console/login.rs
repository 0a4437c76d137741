//! Getting in and out, and one-time links.

use super::assets::{ASSETS, Assets};
use super::frame::{page, sentence};
use crate::accounts::{ABSOLUTE_SECONDS, Entry, NewPerson, accept, authenticate, end_session, is_open, start_session};
use crate::errors::Problem;
use crate::guard::{SESSION_COOKIE, Signed, Visit, Who, set_cookie};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    theme: &'static str,
    assets: &'static Assets,
    token: String,
    email: &'a str,
    next: &'a str,
    fault: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// The form; somebody who is in already goes on.
pub(crate) async fn login_page(visit: Visit, query: Result<Query<Next>, QueryRejection>) -> Result<Response, Problem> {
    let Query(Next { next }) = query?;
    if matches!(visit.who, Who::Person(_)) {
        return Ok(Redirect::to(own_path(&next)).into_response());
    }
    show_login(&visit, "", &next, "")
}

fn show_login(visit: &Visit, email: &str, next: &str, fault: &str) -> Result<Response, Problem> {
    let theme = visit.theme.unwrap_or("");
    page(&LoginPage { theme, assets: &ASSETS, token: visit.form_token(), email, next, fault })
}

/// Opens a session for the right password; guessing becomes slower with every failure.
pub(crate) async fn login(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let (email, password) = (form.get("email").trim().to_lowercase(), form.get("password").to_owned());
    let now = web.now();
    let names = [format!("account {email}"), format!("address {}", visit.address)];
    let wait = names.iter().map(|n| web.throttle().wait(n, now)).max().unwrap_or(0);
    if wait > 0 {
        return Err(Problem::TooMany(wait));
    }
    let asked = email.clone();
    let turn = web.turn_to_hash().await?;
    let found = web.accounts(move |s| authenticate(s, &asked, &password)).await?;
    drop(turn);
    let Some(person) = found else {
        names.iter().for_each(|n| web.throttle().failed(n, now));
        let mut response = show_login(&visit, &email, form.get("next"), &sentence(texts::WRONG_LOGIN))?;
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    web.throttle().succeeded(&names[0]);
    let entry = Entry {
        id: 0,
        at: now,
        workspace: 0,
        who: person.email.clone(),
        action: "logged in".to_owned(),
        subject: String::new(),
        address: visit.address.clone(),
    };
    let secret = web.accounts(move |s| start_session(s, person.id, now, &entry)).await?;
    let mut response = Redirect::to(own_path(form.get("next"))).into_response();
    set_cookie(&web, response.headers_mut(), SESSION_COOKIE, secret.reveal(), ABSOLUTE_SECONDS);
    Ok(response)
}

/// Only paths of this console: never another site, however it is written.
fn own_path(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if inside { next } else { "/" }
}

/// Ends the session.
pub(crate) async fn logout(State(web): State<Web>, visit: Visit, _: Signed) -> Result<Response, Problem> {
    let secret = visit.secret.clone();
    web.accounts(move |s| end_session(s, &secret)).await?;
    let mut response = Redirect::to("/login").into_response();
    set_cookie(&web, response.headers_mut(), SESSION_COOKIE, "", 0);
    Ok(response)
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage<'a> {
    theme: &'static str,
    assets: &'static Assets,
    token: String,
    secret: &'a str,
    email: &'a str,
    name: &'a str,
    fault: String,
}

/// The form behind a one-time link.
pub(crate) async fn join_page(
    State(web): State<Web>,
    visit: Visit,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let (asked, now) = (secret.clone(), web.now());
    if !web.accounts(move |s| is_open(s, &asked, now)).await? {
        return Err(Problem::NotFound(texts::LINK_CLOSED.to_owned()));
    }
    let theme = visit.theme.unwrap_or("");
    page(&JoinPage {
        theme,
        assets: &ASSETS,
        token: visit.form_token(),
        secret: &secret,
        email: "",
        name: "",
        fault: String::new(),
    })
}

/// Makes the account and closes the link.
pub(crate) async fn join(
    State(web): State<Web>,
    visit: Visit,
    Path(secret): Path<String>,
    form: Signed,
) -> Result<Response, Problem> {
    let (email, name, password) =
        (form.get("email").to_owned(), form.get("name").to_owned(), form.get("password").to_owned());
    let (asked, address, now) = (secret.clone(), visit.address.clone(), web.now());
    let done = {
        let (email, name) = (email.clone(), name.clone());
        web.accounts(move |s| {
            let new = NewPerson { email: &email, name: &name, password: &password };
            accept(s, &asked, &new, now, &address)
        })
        .await?
    };
    match done {
        Ok(()) => Ok(Redirect::to("/login").into_response()),
        Err(fault) => {
            let theme = visit.theme.unwrap_or("");
            let (token, fault) = (visit.form_token(), sentence(fault));
            page(&JoinPage { theme, assets: &ASSETS, token, secret: &secret, email: &email, name: &name, fault })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_login_never_leads_to_another_site() {
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "", "evil", "/\t/evil.example"] {
            assert_eq!(own_path(bad), "/", "{bad}");
        }
        assert_eq!(own_path("/customers?search=a"), "/customers?search=a");
    }
}
