//! What a workspace asks of what arrives, before it becomes a fact: that an event says what was agreed
//! ([`Plan`], a JSON Schema for each event), that its person allows it ([`Consent`]), and that the
//! brand's own people are not taken for customers ([`Staff`]). What does not fit the plan can be mended
//! by a [`Mend`]; what a plan could ask for is learned from what came ([`Shape`]).
//!
//! Everything here is a pure function of an interaction, or of the JSON that its sender would have sent
//! ([`said()`]); this room knows no clock, no store and no HTTP. Read `plan.rs` first.

mod consent;
mod field;
mod mend;
mod plan;
mod said;
mod shape;
mod staff;

pub use consent::{Consent, Untold, is_decision};
pub use mend::{Mend, Step};
pub use plan::{Breach, Check, Mode, Plan, PlanError};
pub use said::said;
pub use shape::{Kind, Shape};
pub use staff::Staff;
