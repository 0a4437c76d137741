//! The facts: what one interaction between a customer and a brand is, and everything that can be
//! said of it without looking anywhere else.
//!
//! An [`Interaction`] is appended once to the ledger and never edited. Its names are the same in
//! Rust, in JSON and in Parquet. What history changes — the customer, the stage, the sentiment,
//! whether a promise was kept — is not part of it.
//!
//! This room knows no file, no socket, no clock and no other room: time, secrets and received
//! times are arguments. Read `interaction.rs` first, then `order.rs` and `identifier.rs`.

mod interaction;
mod record;
mod draft;
mod dimensions;
mod order;
mod identifier;
mod naming;
mod key;
mod money;
mod score;
mod promise;
mod time;
mod outcome;
mod ids;

pub use dimensions::dimensions;
pub use draft::{Draft, parse_interaction, quick_record};
pub use identifier::{Identifier, IdentifierClass, Node, NodeSecret, NodesBy, identifier_rank};
pub use ids::{SourceId, WorkspaceId};
pub use interaction::{Actor, Direction, Interaction, Ref, limits};
pub use key::{ContentHash, KeySecret, MessageKey};
pub use money::{Currency, Money, MoneyError};
pub use naming::{COUNTRIES, Naming, NamingFault, NamingRules};
pub use order::OrderKey;
pub use outcome::{Fault, Outcome, Tally};
pub use promise::{Precision, Promise};
pub use record::Record;
pub use score::{Score, ScoreError, ScoreKind};
pub use time::{LocalTime, TimeError, Timestamp, Zone, resolve_local};
