//! One's own account, and the theme.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::{Entry, authenticate, hash_of, set_password};
use crate::errors::Problem;
use crate::guard::{Signed, Visit, Who, set_cookie};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    said: String,
}

async fn show(web: &Web, visit: Visit, said: &str) -> Result<Response, Problem> {
    let email = visit.name();
    let frame = Frame::new(web, visit, Room::Settings, "Your account").await?;
    page(&AccountPage { frame, email, said: sentence(said) })
}

/// Shows one's own account.
pub(crate) async fn account(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, "").await
}

/// Changes the password after the present one was given.
pub(crate) async fn change_password(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let Who::Person(person) = visit.who.clone() else { return Err(Problem::LoginNeeded) };
    let (present, new, kept) = (form.get("present").to_owned(), form.get("new").to_owned(), hash_of(&visit.secret));
    let entry = Entry {
        id: 0,
        at: web.now(),
        workspace: 0,
        who: person.email.clone(),
        action: "changed the password".to_owned(),
        subject: String::new(),
        address: visit.address.clone(),
    };
    let done = web
        .accounts(move |s| match authenticate(s, &person.email, &present)? {
            Some(_) => set_password(s, person.id, &new, &kept, &entry),
            None => Ok(Err(texts::WRONG_PASSWORD)),
        })
        .await?;
    show(&web, visit, done.err().unwrap_or(texts::PASSWORD_CHANGED)).await
}

/// Remembers light or dark; anything else follows the system.
pub(crate) async fn choose_theme(State(web): State<Web>, form: Signed) -> Result<Response, Problem> {
    let back = form.get("back");
    let back = if back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') { back } else { "/" };
    let mut response = Redirect::to(back).into_response();
    match form.get("theme") {
        theme @ ("light" | "dark") => set_cookie(&web, response.headers_mut(), "theme", theme, 365 * 24 * 3600),
        _ => set_cookie(&web, response.headers_mut(), "theme", "", 0),
    }
    Ok(response)
}
