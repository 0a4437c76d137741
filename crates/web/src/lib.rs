//! The web edge: how interactions come in over HTTP, how programs read, and the console that people
//! look at all day.
//!
//! A handler reads like its sentence: extract, authorise, ask one room, render. Who may enter is
//! decided by one table (`accounts/role.rs`), what a failure looks like by one file (`errors.rs`),
//! which routes there are by the tables in `ingest.rs`, `api.rs` and `console.rs`.
//!
//! This room must never know: Arrow, the ledger's files, how a figure is counted, or any SQL but
//! that of its own `web_*` tables. Read `routes.rs` first, then `guard.rs`.

mod accounts;
mod api;
mod beside;
mod config;
mod credentials;
mod console;
mod errors;
mod figures;
mod view;
mod format;
mod guard;
mod headers;
mod ingest;
mod kept;
mod key_cache;
mod openapi;
mod person_page;
mod post;
mod routes;
mod server;
mod state;
mod story_asked;
mod summary;
mod texts;
mod trial;
mod warm;

pub use accounts::{Area, Holder, KeyRole, Role, Secret, allows};
pub use config::{Clock, ConfigError, Patience, Tls, WebConfig};
pub use kept::KeptHere;
pub use openapi::{OPENAPI, api_routes};
pub use person_page::write_page;
pub use post::Postman;
pub use server::{ServeError, Server, serve};
pub use throughline_outreach::{MailError, Smtp, SmtpTls};
pub use trial::{Trial, begin_trial};

use throughline_interactions::{SourceId, Timestamp, WorkspaceId};
use throughline_store::{Migration, Store, StoreError};

/// The schemas of the rooms above the engine, for `Engine::open`.
pub const MIGRATIONS: &[Migration] = &[
    accounts::MIGRATIONS[0],
    accounts::MIGRATIONS[1],
    accounts::MIGRATIONS[2],
    accounts::MIGRATIONS[3],
    accounts::MIGRATIONS[4],
    accounts::MIGRATIONS[5],
    throughline_imports::MIGRATIONS[0],
    throughline_imports::MIGRATIONS[1],
    throughline_outreach::MIGRATION,
    throughline_news::MIGRATION,
    throughline_rights::MIGRATION,
];
// None is forgotten.
const _: () = assert!(MIGRATIONS.len() == accounts::MIGRATIONS.len() + throughline_imports::MIGRATIONS.len() + 3);

/// The path of a one-time link that makes the first administrator (`/join/…`), while nobody has an
/// account; `None` afterwards. It opens once and for a day; asking again makes a new one and
/// closes the old.
pub fn first_admin_link(store: &Store) -> Result<Option<String>, StoreError> {
    first_admin_link_at(store, Clock::system().now())
}

/// The same, at a time that the caller tells.
pub fn first_admin_link_at(store: &Store, now: Timestamp) -> Result<Option<String>, StoreError> {
    let secret = accounts::first_administrator(store, now)?;
    Ok(secret.map(|s| format!("/join/{}", s.reveal())))
}

/// Notes that somebody at the command line exported a customer.
pub fn note_export(store: &Store, workspace: WorkspaceId, customer: u64) -> Result<(), StoreError> {
    let entry = accounts::Entry {
        id: 0,
        at: Clock::system().now(),
        workspace: workspace.0,
        who: "the command line".to_owned(),
        action: kept::EXPORTED.to_owned(),
        subject: format!("{customer:016x}"),
        address: "this machine".to_owned(),
    };
    store.write(|tx| accounts::note(tx, &entry))
}

/// Makes a key at the command line. The secret is returned here, once; the store keeps its hash.
pub fn create_key(
    store: &Store,
    workspace: WorkspaceId,
    source: &SourceId,
    role: KeyRole,
) -> Result<Secret, StoreError> {
    accounts::create_key(store, workspace, source, role, "the command line", Clock::system().now(), "this machine")
}
