//! Who it is: the identity graph, the people that follow from it, and what is known of each.
//!
//! A customer is a connected set of identifier nodes and its id is the smallest of them, so ids
//! follow from the facts and not from their arrival. [`IdentityGraph`] is pure and holds only
//! people of more than one node; everybody else is their own node and costs nothing. The tables
//! (`customers_*`) hold identifiers, names and the evidence of each link: the only place outside
//! the ledger where they stand.
//!
//! This room never knows the ledger, HTTP or a journey. Read `identity.rs` first.

mod identity;
mod names;
mod traits;
mod recode;
mod decided;
mod fold;
mod unlearn;
mod read;
mod asked;

pub use asked::{kinds_of, told_last, trait_names};
pub use decided::Decided;
pub use fold::pairing::{JOINED, KEPT_APART, Pairing, judged, kept_apart, pairings_about, write_pairings};
pub use fold::{Fold, FoldError, FoldedBatch, forget, load_graph, migrations};
pub use identity::{
    Called, Chains, Change, Cut, Decision, Edge, Guards, Happened, IdentityGraph, Likeness, Limit, Mark, Moved,
    NodeKind, Ruling, Shared, Verdict,
};
pub use names::{Clear, NameCodec};
pub use read::{
    CustomerPage, CustomerProfile, CustomerQuery, CustomerRow, Evidence, IdentifierOf, customer, customer_count,
    customer_of, customer_row, customers, identifiers_of, joins_by_hour, keep_order_of_seen,
};
pub use recode::recode;
pub use traits::{Told, Trait};
pub use unlearn::{region, unlearn};
