//! What leaves arrives at real receivers, once, or says why it does not.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod hooks;
mod mails;
mod outbox;
mod servers;
