//! Alerts, quiet hours, the mail server, and what could not leave.

use super::frame::{Frame, Room, page, sentence};
use super::news_words::Sentence;
use crate::accounts::{Secret, note};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Signed, Visit};
use crate::post::{Postman, parcel_of};
use crate::state::Web;
use crate::texts;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use throughline_interactions::Timestamp;
use throughline_news::{
    Alert, Channel, Errand, Quiet, What, add_alert, alerts, look, mute, notice, quiet, remove_alert, set_quiet,
};
use throughline_outreach::{
    DeadLetter, Failure, Mail, Parcel, check_address, check_url, dead_letters, discard, send_again,
};

/// Dead letters on the page.
const DEAD: u32 = 50;

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    frame: Frame,
    alerts: Vec<Alert>,
    quiet: Option<Quiet>,
    dead: Vec<DeadLetter>,
    /// Where the test mail goes unless somebody writes another address.
    own_address: String,
    has_mail: bool,
    /// A new secret, shown once.
    secret: String,
    said: String,
    fault: String,
}

impl AlertsPage {
    fn hours(&self) -> std::ops::Range<u8> {
        0..24
    }

    /// An address as it is; of a webhook only its host, because its path may be a secret.
    fn target(&self, alert: &Alert) -> String {
        match alert.channel {
            Channel::Mail => alert.target.clone(),
            _ => check_url(&alert.target, true).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default(),
        }
    }

    /// Where a button of an alert leads; "mute" wakes one that is muted.
    fn path(&self, alert: &Alert, act: &str) -> String {
        let un = if act == "mute" && alert.muted_at.is_some() { "un" } else { "" };
        format!("/settings/alerts/{}/{un}{act}", alert.id)
    }

    fn dead_path(&self, letter: &DeadLetter, act: &str) -> String {
        format!("/settings/mail/{}/{act}", letter.position)
    }

    fn what(&self, alert: &Alert) -> &'static str {
        match alert.what {
            What::New => "everything new on Today",
            What::Falls => "promises kept, satisfaction or volume falling",
        }
    }

    fn channel(&self, alert: &Alert) -> &'static str {
        match alert.channel {
            Channel::Mail => "mail",
            Channel::Chat => "chat",
            Channel::Hook => "signed webhook",
        }
    }

    fn letter(&self, letter: &DeadLetter) -> String {
        match Errand::parse(&letter.body) {
            Some(Errand::Monday { week, .. }) => format!("Monday page of {week}"),
            Some(Errand::Alert { .. }) => "Alert".to_owned(),
            None => "Unknown".to_owned(),
        }
    }

    fn time(&self, micros: &i64) -> String {
        format::minute(Timestamp(*micros), self.frame.zone.as_ref())
    }

    fn is_from(&self, hour: &u8) -> bool {
        self.quiet.map_or(20, |q| q.from) == *hour
    }

    fn is_until(&self, hour: &u8) -> bool {
        self.quiet.map_or(8, |q| q.until) == *hour
    }
}

#[derive(Default)]
struct Notice {
    said: String,
    fault: String,
    secret: String,
}

impl Notice {
    fn of(done: Result<String, String>) -> Self {
        match done {
            Ok(said) => Self { said: sentence(&said), ..Self::default() },
            Err(fault) => Self { fault: sentence(&fault), ..Self::default() },
        }
    }
}

async fn show(web: &Web, visit: Visit, notice: Notice) -> Result<Response, Problem> {
    let id = visit.workspace()?.id;
    let (alerts, quiet, dead) =
        web.accounts(move |s| Ok((alerts(s, id)?, quiet(s, id)?, dead_letters(s, id.0, DEAD)?))).await?;
    let own_address = Some(visit.name()).filter(|n| n.contains('@')).unwrap_or_default();
    let has_mail = web.post().has_mail();
    let frame = Frame::new(web, visit, Room::Settings, "Alerts and mail").await?;
    let Notice { said, fault, secret } = notice;
    page(&AlertsPage { frame, alerts, quiet, dead, own_address, has_mail, secret, said, fault })
}

/// Shows whom is told of what, and what could not leave.
pub(crate) async fn alerts_page(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    show(&web, visit, Notice::default()).await
}

/// Adds an alert. What is said on Today by then is known, and not told.
pub(crate) async fn add(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let target = form.get("target").trim().to_owned();
    let (Some(what), Some(channel)) = (What::new(form.get("what")), Channel::new(form.get("channel"))) else {
        return show(&web, visit, Notice::of(Err(texts::BAD_ALERT.to_owned()))).await;
    };
    let fault = match channel {
        Channel::Mail if target.len() <= 200 && check_address(&target) => None,
        Channel::Mail => Some(texts::BAD_ADDRESS.to_owned()),
        _ if target.len() > 2_000 => Some(texts::BAD_ALERT.to_owned()),
        _ => check_url(&target, web.post().allows_private()).err().map(|f| f.words),
    };
    if let Some(fault) = fault {
        return show(&web, visit, Notice::of(Err(fault))).await;
    }
    let secret = match channel {
        Channel::Hook => Secret::random("whs_").reveal().to_owned(),
        _ => String::new(),
    };
    let alert = Alert {
        id: 0,
        workspace: workspace.id,
        what,
        channel,
        target,
        secret: secret.clone(),
        muted_at: None,
        created_at: web.now(),
        created_by: visit.name(),
    };
    let entry = visit.act(web.now(), "added an alert", format!("{} by {}", what.as_str(), channel.as_str()));
    let now = web.now();
    web.ask(move |e| {
        let news = look(e, workspace.id)?;
        notice(e.store(), &workspace, &news, now)?;
        e.store().write(|tx| {
            add_alert(tx, &alert)?;
            note(tx, &entry)
        })?;
        Ok(())
    })
    .await?;
    show(&web, visit, Notice { secret, ..Notice::of(Ok(texts::ALERT_ADDED.to_owned())) }).await
}

/// Mutes, wakes, removes or tests an alert.
pub(crate) async fn change(
    State(web): State<Web>,
    visit: Visit,
    Path((id, act)): Path<(u64, String)>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let (now, w) = (web.now(), workspace.id);
    if act == "test" {
        let notice = Notice::of(test(&web, &visit, id).await?);
        return show(&web, visit, notice).await;
    }
    let entry = visit.act(now, &format!("{act}d an alert"), format!("alert {id}"));
    let done = web
        .accounts(move |s| {
            s.write(|tx| {
                let done = match act.as_str() {
                    "mute" => mute(tx, w, id, Some(now))?,
                    "unmute" => mute(tx, w, id, None)?,
                    "remove" => remove_alert(tx, w, id)?,
                    _ => false,
                };
                if done {
                    note(tx, &entry)?;
                }
                Ok(done)
            })
        })
        .await?;
    match done {
        true => Ok(Redirect::to(&visit.link("/settings/alerts")).into_response()),
        false => Err(Problem::NotFound(texts::NO_SUCH_ALERT.to_owned())),
    }
}

/// Sends an example by an alert, at once.
async fn test(web: &Web, visit: &Visit, id: u64) -> Result<Result<String, String>, Problem> {
    let (workspace, sender, now) = (visit.workspace()?.clone(), web.clone(), web.now());
    let found = web.accounts(move |s| alerts(s, workspace.id)).await?.into_iter().find(|a| a.id == id);
    let alert = found.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_ALERT.to_owned()))?;
    let workspace = visit.workspace()?.clone();
    let sent = tokio::task::spawn_blocking(move || {
        let example = Sentence::example(texts::EXAMPLE);
        let name = format!("test.{}.{}.{}", workspace.id.0, alert.id, now.0);
        match parcel_of(&sender, &workspace, &alert, &[&example], &name) {
            Parcel::Mail(mail) => sender.post().mail(&mail),
            Parcel::Hook(hook) => sender.post().hook(&hook, now),
            Parcel::Nothing | Parcel::Unwritable(_) => Err(Failure::never(texts::NO_SUCH_ALERT)),
        }
    })
    .await?;
    Ok(sent.map(|()| texts::TEST_SENT.to_owned()).map_err(|f| f.words))
}

/// Sets or ends the quiet hours.
pub(crate) async fn set_quiet_hours(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id;
    let hour = |field: &str| form.get(field).parse::<u8>().ok().filter(|h| *h < 24);
    let wanted = match (form.get("quiet"), hour("from"), hour("until")) {
        ("yes", Some(from), Some(until)) => Some(Quiet { from, until }),
        ("yes", ..) => return show(&web, visit, Notice::of(Err(texts::BAD_HOUR.to_owned()))).await,
        _ => None,
    };
    web.accounts(move |s| set_quiet(s, workspace, wanted)).await?;
    Ok(Redirect::to(&visit.link("/settings/alerts")).into_response())
}

/// Sends a test mail at once and says how it went.
pub(crate) async fn test_mail(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let to = form.get("to").trim().to_owned();
    if !check_address(&to) {
        return show(&web, visit, Notice::of(Err(texts::BAD_ADDRESS.to_owned()))).await;
    }
    let mail = Mail {
        to,
        subject: texts::TEST_SUBJECT.to_owned(),
        text: texts::TEST_MAIL.to_owned(),
        html: None,
        attachment: None,
        id: format!("test.{}", web.now().0),
    };
    let sender = web.clone();
    let sent = tokio::task::spawn_blocking(move || sender.post().mail(&mail)).await?;
    show(&web, visit, Notice::of(sent.map(|()| texts::MAIL_SENT.to_owned()).map_err(|f| f.words))).await
}

/// Sends a dead letter again at once, or throws it away.
pub(crate) async fn dead_letter(
    State(web): State<Web>,
    visit: Visit,
    Path((position, act)): Path<(u64, String)>,
    _: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.id.0;
    let again = act == "again";
    let postman = Postman::new(web.clone());
    let done = web
        .ask(move |e| match act.as_str() {
            "again" => {
                let done = send_again(e.store(), workspace, position)?;
                postman.round()?;
                Ok(done)
            }
            "discard" => Ok(discard(e.store(), workspace, position)?),
            _ => Ok(false),
        })
        .await?;
    match (done, again) {
        (false, _) => Err(Problem::NotFound(texts::NO_SUCH_LETTER.to_owned())),
        (true, true) => show(&web, visit, Notice::of(Ok(texts::TRIED_AGAIN.to_owned()))).await,
        (true, false) => Ok(Redirect::to(&visit.link("/settings/alerts")).into_response()),
    }
}
