//! Who is whom: the rules a workspace sets, who somebody was at a past time, and identifiers that people share.

mod rules;
mod told;
mod held_back;
mod pace;

pub use held_back::SharedIdentifier;
pub use pace::UnusualHour;
pub use rules::IdentityRules;
pub use told::{IdentityChange, IdentityThen, PersonThen, Side, WhatChanged};

pub(crate) use rules::{READ_ANEW, fold_by, forget_derived, is_folded_otherwise, note_rules};
