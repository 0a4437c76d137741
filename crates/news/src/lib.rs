//! News: what changed in a workspace by more than chance, who wants to hear of it, and when.
//!
//! [`look()`] gathers what the journeys' weekly figures say: what changed, what is steady, what cannot
//! be told. The Monday page is a wish of one person ([`Monday`]) that a durable timer fulfils once a
//! week; alerts ([`Alert`]) tell once of what is new, and keep quiet at night. Both only put numbers
//! into the outbox ([`Errand`]); what is said in them is written when it leaves.
//!
//! This room must never know: words, pages, accounts, addresses of customers, or how anything
//! leaves. Time is an argument. Read `look.rs` first, then `mondays.rs` and `alerts.rs`.

mod look;
mod errand;
mod mondays;
mod alerts;
mod quiet;

pub use alerts::{Alert, Channel, What, add_alert, alerts, mute, notice, remove_alert};
pub use errand::Errand;
pub use look::{JourneyNews, News, Told, joins_key, look};
pub use mondays::{Monday, monday, next_monday, prepare, ring, set_monday};
pub use quiet::{Quiet, quiet, set_quiet};

use throughline_store::{Migration, Table, TableKind};

/// The schema of this room.
pub const MIGRATION: Migration = Migration {
    room: "news",
    number: 1,
    sql: include_str!("migrations/0001.sql"),
    tables: &[
        Table { name: "news_mondays", kind: TableKind::Definition },
        Table { name: "news_alerts", kind: TableKind::Definition },
        Table { name: "news_quiet", kind: TableKind::Definition },
        Table { name: "news_sentences", kind: TableKind::Definition },
    ],
};
