//! The postman: lets what is due leave, and writes it at the moment it leaves.
//!
//! A thread makes its round every half minute: Monday pages that are due, once an hour a look at
//! what is new, then the outbox. Rounds never overlap, so nothing leaves twice.

mod write;

use crate::beside::Beside;
use crate::state::Web;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use throughline_interactions::Timestamp;
use throughline_news::{alerts, look, notice, prepare, ring};
use throughline_outreach::{Failure, Hook, Mail, Sender, deliver};
use throughline_pipeline::{EngineError, Workspace};

pub(crate) use write::parcel_of;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(30);
/// Between two looks at what is new, in microseconds.
const LOOK_EVERY: i64 = 3_600_000_000;

/// What sends, and what it remembers.
pub(crate) struct Post {
    sender: Sender,
    round: Mutex<Option<Timestamp>>,
}

impl Post {
    pub(crate) fn new(sender: Sender) -> Self {
        Self { sender, round: Mutex::default() }
    }

    pub(crate) fn has_mail(&self) -> bool {
        self.sender.has_mail()
    }

    pub(crate) fn allows_private(&self) -> bool {
        self.sender.allows_private()
    }

    /// Sends a mail at once; to be called where waiting is allowed.
    pub(crate) fn mail(&self, mail: &Mail) -> Result<(), Failure> {
        self.sender.mail(mail)
    }

    /// Calls a webhook at once; to be called where waiting is allowed.
    pub(crate) fn hook(&self, hook: &Hook, now: Timestamp) -> Result<(), Failure> {
        self.sender.hook(hook, now.0)
    }
}

/// Makes rounds; for tests that move their own clock.
#[derive(Clone)]
pub struct Postman(Web);

impl Postman {
    pub(crate) fn new(web: Web) -> Self {
        Self(web)
    }

    /// What was kept for long enough is let go, where that is due.
    pub fn let_go(&self) -> Result<(), throughline_rights::RightsError> {
        self.0.rights().round(self.0.now())
    }

    /// Everything that is due now leaves; how much left, was put off, or died.
    pub fn round(&self) -> Result<throughline_outreach::Delivered, EngineError> {
        let (web, now) = (&self.0, self.0.now());
        let mut looked = web.post().round.lock().unwrap_or_else(PoisonError::into_inner);
        let workspaces = web.engine().workspaces()?;
        // On the way: which keys were used since the last round.
        web.keys().note_uses(web.store())?;
        if looked.is_none() {
            prepare(web.store(), &workspaces, now)?;
        }
        ring(web.store(), &workspaces, now)?;
        if looked.is_none_or(|at| now.0.saturating_sub(at.0) >= LOOK_EVERY) {
            for workspace in &workspaces {
                look_at(web, workspace, now)?;
            }
            *looked = Some(now);
        }
        Ok(deliver(web.store(), &web.post().sender, now.0, &|outgoing| write::parcel(web, &workspaces, outgoing))?)
    }
}

/// Notes what is said in a workspace, and has its alerts tell what is new. A workspace that nobody
/// wants to hear of is not counted for nothing.
fn look_at(web: &Web, workspace: &Workspace, now: Timestamp) -> Result<(), EngineError> {
    if alerts(web.store(), workspace.id)?.is_empty() {
        return Ok(());
    }
    let news = look(web.engine(), workspace.id)?;
    notice(web.store(), workspace, &news, now)?;
    Ok(())
}

/// Starts the thread that makes the rounds; what is being sent is noted before it ends.
pub(crate) fn start(web: Web) -> std::io::Result<Beside> {
    let postman = Postman::new(web);
    Beside::start("post", Duration::ZERO, move || {
        if let Err(error) = postman.round() {
            tracing::error!(%error, "the post could not make its round");
        }
        EVERY
    })
}
