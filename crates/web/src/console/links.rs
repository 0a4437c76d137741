//! The addresses that a brand has printed, mailed or shown: what they are, how often they were opened, a
//! new one, and its code for a camera.

use super::frame::{Frame, Room, page, sentence};
use crate::accounts::{Link, LinkKind, Opened, Question, create_link, link, links, note, remove_link};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use qrcode::{EcLevel, QrCode, render::svg};
use throughline_interactions::{Ref, Timestamp, limits};

/// Opened in so many days.
const DAYS: i64 = 30;

#[derive(Template)]
#[template(path = "links.html")]
struct LinksPage {
    frame: Frame,
    lines: Vec<Line>,
    kinds: [LinkKind; 8],
    may_change: bool,
    origin: String,
    typed: Typed,
    fault: String,
}

/// One of them, in words.
struct Line {
    link: Link,
    address: String,
    opened: Opened,
    /// Where it leads, or what it asks.
    leads: String,
}

/// What stands in the fields.
#[derive(Default)]
struct Typed {
    kind: String,
    name: String,
    target: String,
    question: String,
    about_kind: String,
    about_value: String,
}

/// Lists them.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, Typed::default(), "").await
}

async fn show(web: &Web, visit: Visit, typed: Typed, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let since = Timestamp(web.now().0 - DAYS * 86_400_000_000);
    let all = web.accounts(move |s| links(s, workspace, since)).await?;
    let may_change = visit.may(crate::accounts::Area::Workspace);
    let frame = Frame::new(web, visit, Room::Data, "Links and codes").await?;
    let lines = all.into_iter().map(|(link, opened)| Line {
        address: address(web, &link),
        leads: match link.question {
            _ if link.kind.is_picture() => "a picture of one pixel".to_owned(),
            Some(question) => format!("asks for {}", asked(&question)),
            None => link.target.clone(),
        },
        opened,
        link,
    });
    let (lines, kinds, origin) = (lines.collect(), LinkKind::ALL, web.base().to_owned());
    page(&LinksPage { lines, kinds, may_change, origin, typed, fault: sentence(fault), frame })
}

fn address(web: &Web, link: &Link) -> String {
    let ending = if link.kind.is_picture() { ".gif" } else { "" };
    format!("{}/l/{}{ending}", web.base(), link.code)
}

fn asked(question: &Question) -> &'static str {
    match question {
        Question::Stars => "stars",
        Question::Recommend => "how likely they recommend you",
        Question::Easy => "how easy it was",
    }
}

/// Makes one.
pub(crate) async fn create(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let field = |name: &str, most: usize| form.get(name).trim().chars().take(most).collect::<String>();
    let typed = Typed {
        kind: field("kind", 20),
        name: field("name", 100),
        target: field("target", 1_000),
        question: field("question", 10),
        about_kind: field("about_kind", limits::NAME).to_ascii_lowercase(),
        about_value: field("about_value", 200),
    };
    let (kind, question) = match read(&typed) {
        Ok(read) => read,
        Err(fault) => return show(&web, visit, typed, fault).await,
    };
    let about = Ref { kind: typed.about_kind, value: typed.about_value };
    let link = Link {
        code: Link::new_code(),
        workspace,
        kind,
        name: typed.name,
        target: if question.is_some() || kind.is_picture() { String::new() } else { typed.target },
        question,
        about: Some(about).filter(|a| !a.kind.is_empty()),
        created_at: web.now(),
        created_by: visit.name(),
    };
    let entry = visit.act(web.now(), "made a link", format!("{} ({})", link.name, kind.name()));
    web.accounts(move |s| {
        s.write(|tx| {
            create_link(tx, &link)?;
            note(tx, &entry)
        })
    })
    .await?;
    Ok(Redirect::to(&visit.link("/data/links")).into_response())
}

fn read(typed: &Typed) -> Result<(LinkKind, Option<Question>), &'static str> {
    let kind = LinkKind::new(&typed.kind).ok_or(texts::BAD_LINK)?;
    if typed.name.is_empty() {
        return Err(texts::BAD_LINK);
    }
    if typed.about_kind.is_empty() != typed.about_value.is_empty() {
        return Err(texts::BAD_LINK_ABOUT);
    }
    let question = match typed.question.as_str() {
        "" => None,
        name => Some(Question::new(name).ok_or(texts::BAD_LINK)?),
    };
    if kind.is_picture() {
        return Ok((kind, None));
    }
    if question.is_none() && kind == LinkKind::Kiosk {
        return Err(texts::BAD_KIOSK);
    }
    let is_web = |t: &str| {
        ["https://", "http://"].iter().any(|s| t.len() > s.len() && t.starts_with(s))
            && t.bytes().all(|b| b.is_ascii_graphic())
    };
    match question.is_some() || is_web(&typed.target) {
        true => Ok((kind, question)),
        false => Err(texts::BAD_TARGET_ADDRESS),
    }
}

/// Removes one.
pub(crate) async fn remove(
    State(web): State<Web>,
    visit: Visit,
    Path(code): Path<String>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let entry = visit.act(web.now(), "removed a link", code.clone());
    let done = web
        .accounts(move |s| {
            s.write(|tx| {
                let done = remove_link(tx, workspace, &code)?;
                if done {
                    note(tx, &entry)?;
                }
                Ok(done)
            })
        })
        .await?;
    match done {
        true => Ok(Redirect::to(&visit.link("/data/links")).into_response()),
        false => Err(Problem::NotFound(texts::NO_SUCH_LINK.to_owned())),
    }
}

/// The code of one, for printing: black on white with the margin that cameras need, and so redundant that
/// a quarter of it may be torn off.
pub(crate) async fn code_svg(
    State(web): State<Web>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let found = web.accounts(move |s| link(s, &code)).await?.filter(|l| l.workspace == workspace);
    let link = found.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_LINK.to_owned()))?;
    let code = QrCode::with_error_correction_level(address(&web, &link), EcLevel::Q)
        .map_err(|e| Problem::Refused(format!("the address is too long for a code: {e}")))?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(400, 400).quiet_zone(true).build();
    let name = format!("inline; filename=\"code-{}.svg\"", link.code);
    Ok(([(header::CONTENT_TYPE, "image/svg+xml".to_owned()), (header::CONTENT_DISPOSITION, name)], drawn)
        .into_response())
}
