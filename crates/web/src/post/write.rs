//! What a line of the outbox becomes when it leaves.

use crate::accounts::{Area, Holder, Person, allows, people};
use crate::console::{Brief, Sentence, brief_sentences, gather, monday_pdf};
use crate::format;
use crate::state::Web;
use askama::Template;
use serde_json::json;
use throughline_interactions::Zone;
use throughline_news::{Alert, Channel, Errand, alerts, look};
use throughline_outreach::{Attachment, Failure, Hook, Mail, Parcel, Shape};
use throughline_pipeline::{EngineError, Workspace};
use throughline_store::Outgoing;

#[derive(Template)]
#[template(path = "monday_mail.html")]
struct MondayHtml<'a> {
    workspace: &'a str,
    day: &'a str,
    brief: &'a Brief,
    page: &'a str,
}

#[derive(Template)]
#[template(path = "monday_mail.txt")]
struct MondayText<'a> {
    workspace: &'a str,
    day: &'a str,
    brief: &'a Brief,
    page: &'a str,
}

#[derive(Template)]
#[template(path = "alert_mail.txt")]
struct AlertText<'a> {
    workspace: &'a str,
    sentences: &'a [&'a Sentence],
    page: &'a str,
}

/// Writes what leaves.
pub(super) fn parcel(web: &Web, workspaces: &[Workspace], outgoing: &Outgoing) -> Parcel {
    let Some(workspace) = workspaces.iter().find(|w| w.id.0 == outgoing.workspace) else { return Parcel::Nothing };
    let written = match Errand::parse(&outgoing.body) {
        Some(Errand::Monday { person, week }) => monday(web, workspace, person, &week),
        Some(Errand::Alert { alert, sentences }) => told(web, workspace, alert, &sentences, outgoing.position),
        None => return Parcel::Unwritable(Failure::never("a newer version of this program has put this here")),
    };
    written.unwrap_or_else(|error| {
        tracing::error!(%error, position = outgoing.position, "something that is to leave could not be written");
        Parcel::Unwritable(Failure::later(format!("it could not be written: {error}")))
    })
}

/// A path of the console as a reader elsewhere can follow it.
fn link(web: &Web, workspace: &Workspace, path: &str) -> String {
    let joined = if path.contains('?') { '&' } else { '?' };
    format!("{}{path}{joined}workspace={}", web.base(), workspace.key)
}

fn reader(web: &Web, workspace: &Workspace, id: u64) -> Result<Option<(Person, Holder)>, EngineError> {
    let found = people(web.store())?.into_iter().find(|p| p.id == id && p.disabled_at.is_none());
    Ok(found.and_then(|p| p.role_in(workspace.id.0).map(|role| (p, Holder::Person(role)))))
}

fn monday(web: &Web, workspace: &Workspace, person: u64, week: &str) -> Result<Parcel, EngineError> {
    // Somebody whose account was shut, or who has no part in this workspace any more, gets nothing.
    let Some((person, holder)) = reader(web, workspace, person)? else { return Ok(Parcel::Nothing) };
    let (opens_people, sees_data) = (allows(holder, Area::Customers), allows(holder, Area::Data));
    let facts = gather(web.engine(), web.imports(), workspace, web.now(), opens_people, sees_data)?;
    let Some(facts) = facts else { return Ok(Parcel::Nothing) };
    let zone = Zone::new(&workspace.zone).ok();
    let brief = facts.brief(zone.as_ref(), opens_people, &|path| link(web, workspace, path));
    let page = link(web, workspace, "/today/monday");
    let (name, day) = (workspace.name.as_str(), format::day(web.now(), zone.as_ref()));
    let render = |e: askama::Error| EngineError::Damaged(format!("the Monday page cannot be written: {e}"));
    let (brief, day, page) = (&brief, day.as_str(), page.as_str());
    let drawn = monday_pdf(name, day, brief)
        .map_err(|e| EngineError::Damaged(format!("the Monday page cannot be drawn: {e}")))?;
    let sheet = Attachment { name: format!("monday-{week}.pdf"), media: "application/pdf".to_owned(), bytes: drawn };
    Ok(Parcel::Mail(Box::new(Mail {
        to: person.email,
        subject: format!("{name}: Monday, {day}"),
        text: plain(&MondayText { workspace: name, day, brief, page }.render().map_err(render)?),
        html: Some(MondayHtml { workspace: name, day, brief, page }.render().map_err(render)?),
        attachment: Some(sheet),
        id: format!("monday.{}.{}.{week}", workspace.id.0, person.id),
    })))
}

/// Spaces that never break are for pages; some mail programs show them as boxes.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\u{2060}')
        .map(|c| if matches!(c, '\u{a0}' | '\u{202f}') { ' ' } else { c })
        .collect()
}

fn told(web: &Web, workspace: &Workspace, id: u64, keys: &[String], position: u64) -> Result<Parcel, EngineError> {
    let alert = alerts(web.store(), workspace.id)?.into_iter().find(|a| a.id == id && a.muted_at.is_none());
    let Some(alert) = alert else { return Ok(Parcel::Nothing) };
    let zone = Zone::new(&workspace.zone).ok();
    let all = brief_sentences(&look(web.engine(), workspace.id)?, &workspace.currency, zone.as_ref());
    // What is not true any more is not told.
    let still: Vec<&Sentence> = all.iter().filter(|s| keys.contains(&s.key)).collect();
    if still.is_empty() {
        return Ok(Parcel::Nothing);
    }
    Ok(parcel_of(web, workspace, &alert, &still, &format!("alert.{}.{}.{position}", workspace.id.0, alert.id)))
}

/// The text of an alert, with the page where it stands.
pub(crate) fn alert_text(web: &Web, workspace: &Workspace, sentences: &[&Sentence]) -> String {
    let page = link(web, workspace, "/today");
    let text = AlertText { workspace: &workspace.name, sentences, page: &page }.render();
    plain(&text.unwrap_or_else(|_| page.clone()))
}

/// What an alert sends.
pub(crate) fn parcel_of(web: &Web, workspace: &Workspace, alert: &Alert, sentences: &[&Sentence], id: &str) -> Parcel {
    let id = id.to_owned();
    match alert.channel {
        Channel::Mail => Parcel::Mail(Box::new(Mail {
            to: alert.target.clone(),
            subject: match sentences {
                [one] => format!("{}: {}", workspace.name, plain(&one.text)),
                many => format!("{}: {} things are new", workspace.name, many.len()),
            },
            text: alert_text(web, workspace, sentences),
            html: None,
            attachment: None,
            id,
        })),
        Channel::Chat => {
            let text = alert_text(web, workspace, sentences);
            Parcel::Hook(Hook { url: alert.target.clone(), shape: Shape::Text(text), id })
        }
        Channel::Hook => {
            let news: Vec<_> = sentences
                .iter()
                .map(|s| {
                    json!({"key": s.key, "text": plain(&s.text), "customers": plain(&s.whom), "worse": s.is_worse,
                           "people": link(web, workspace, &s.people)})
                })
                .collect();
            let body = json!({"workspace": workspace.key, "at": web.now(), "news": news});
            let shape = Shape::Signed { json: body.to_string(), secret: alert.secret.clone() };
            Parcel::Hook(Hook { url: alert.target.clone(), shape, id })
        }
    }
}
