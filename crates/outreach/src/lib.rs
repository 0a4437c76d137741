//! Everything that leaves: mail by SMTP, webhooks by HTTP.
//!
//! What is to leave lies in the store's outbox as a few numbers. [`deliver()`] takes what is due, has
//! the room above write it out ([`Parcel`]: only now do addresses and texts appear, and they are
//! kept nowhere), sends it, and notes that it left, when to try again, or why it never can
//! ([`DeadLetter`]). A thing leaves under one name for ever: a mail's `Message-ID` and a webhook's
//! `Throughline-Delivery` are made from the outbox's key, so that a receiver can tell a repetition
//! after a crash between sending and noting it.
//!
//! This room never knows why something leaves, nor any domain. Addresses, secrets and texts are
//! never logged. Read `deliver.rs` first, then `mail.rs` and `hook.rs`.

mod deliver;
mod dead_letters;
mod mail;
mod encrypted;
mod hook;
mod reachable;
mod failure;

pub use dead_letters::{DeadLetter, dead_letters, discard, send_again};
pub use deliver::{Delivered, Parcel, Sender, deliver};
pub use failure::Failure;
pub use hook::{Hook, Shape, check_url, signature};
pub use mail::{Attachment, Mail, MailError, Smtp, SmtpTls, check_address};
pub use reachable::is_public;

use throughline_store::{Migration, Table, TableKind};

/// The schema of this room.
pub const MIGRATION: Migration = Migration {
    room: "outreach",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[Table { name: "outreach_dead_letters", kind: TableKind::Definition }],
};
