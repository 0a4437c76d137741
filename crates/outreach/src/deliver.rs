//! From the outbox to the outside: what is due leaves, is tried again later, or dies with a reason.

use crate::dead_letters::bury;
use crate::hook::{Hook, post};
use crate::mail::{Mail, Smtp, send};
use crate::{Failure, MailError};
use std::io;
use std::time::Duration;
use throughline_store::{Outbox, Outgoing, Store, StoreError};

/// At most so many things leave in one round.
const ROUND: u32 = 100;
/// How long is waited after the first failure, the second, …; after the last one it dies.
const WAITS: [Duration; 8] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(3_600),
    Duration::from_secs(3 * 3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(12 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// What a line of the outbox becomes at the moment it leaves.
#[derive(Debug)]
pub enum Parcel {
    /// A mail.
    Mail(Box<Mail>),
    /// A webhook.
    Hook(Hook),
    /// Nothing any more: whoever wanted it does not want it now.
    Nothing,
    /// It cannot be written now.
    Unwritable(Failure),
}

/// What sends: the mail server, and what webhooks may reach.
#[derive(Debug)]
pub struct Sender {
    smtp: Option<Smtp>,
    allow_private: bool,
    /// `None` only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

/// How a round went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Left, or is not wanted any more.
    pub left: u32,
    /// To be tried again.
    pub again: u32,
    /// Given up.
    pub dead: u32,
}

impl Sender {
    /// `smtp` is the mail server, if there is one; `allow_private` lets webhooks reach this
    /// machine and the network behind it.
    pub fn new(smtp: Option<Smtp>, allow_private: bool) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { smtp, allow_private, runtime: Some(runtime) })
    }

    /// Whether mail can leave at all.
    pub fn has_mail(&self) -> bool {
        self.smtp.is_some()
    }

    /// Whether webhooks may reach private addresses.
    pub fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Sends a mail now, by-passing the outbox: for "send a test mail". May wait half a minute; not
    /// to be called on an async thread.
    pub fn mail(&self, mail: &Mail) -> Result<(), Failure> {
        let smtp = self.smtp.as_ref().ok_or_else(|| Failure::never(MailError::NotConfigured.to_string()))?;
        self.runtime().block_on(send(smtp, mail))
    }

    fn runtime(&self) -> &tokio::runtime::Runtime {
        self.runtime.as_ref().expect("it is there until this is dropped")
    }

    /// Calls a webhook now. May wait; not to be called on an async thread. `now` is in microseconds.
    pub fn hook(&self, hook: &Hook, now: i64) -> Result<(), Failure> {
        self.runtime().block_on(post(hook, self.allow_private, now))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Whoever drops this may be on an async thread, which must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lets leave what is due at `now` (microseconds), in the order of the outbox. `write` makes of a
/// line what leaves. A mail server that cannot be reached is asked once in a round.
pub fn deliver(
    store: &Store,
    sender: &Sender,
    now: i64,
    write: &dyn Fn(&Outgoing) -> Parcel,
) -> Result<Delivered, StoreError> {
    let mut delivered = Delivered::default();
    let mut mail_waits = false;
    for outgoing in Outbox::waiting(store, now, ROUND)? {
        let done = match write(&outgoing) {
            Parcel::Mail(_) if mail_waits => continue,
            Parcel::Mail(mail) => {
                let done = sender.mail(&mail);
                mail_waits = done.as_ref().is_err_and(|f| f.again);
                done
            }
            Parcel::Hook(hook) => sender.hook(&hook, now),
            Parcel::Nothing => Ok(()),
            Parcel::Unwritable(failure) => Err(failure),
        };
        let position = outgoing.position;
        match done {
            Ok(()) => {
                Outbox::left(store, position, now)?;
                delivered.left += 1;
                tracing::info!(position, channel = outgoing.channel, "something left the house");
            }
            Err(failure) => match WAITS.get(outgoing.attempts as usize).filter(|_| failure.again) {
                Some(wait) => {
                    let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
                    Outbox::failed(store, position, &failure.words, now.saturating_add(wait))?;
                    delivered.again += 1;
                    tracing::warn!(position, channel = outgoing.channel, why = failure.words, "will be tried again");
                }
                None => {
                    store.write(|tx| bury(tx, &outgoing, &failure.words, now))?;
                    delivered.dead += 1;
                    tracing::warn!(position, channel = outgoing.channel, why = failure.words, "cannot leave");
                }
            },
        }
    }
    Ok(delivered)
}
