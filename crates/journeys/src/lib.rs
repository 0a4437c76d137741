//! Journeys: the designed map bound to what really happened, and the pain points that statistics
//! find in it without being told where to look.
//!
//! A [`Definition`] says what a journey is; `instances.rs` cuts a customer's story into instances
//! of it. [`MapPass`] counts the map, [`PeoplePass`] opens any figure of it,
//! [`BehindPass`] tells what stands behind a stage, [`PainPoints`] finds
//! what is associated with dissatisfaction and with dropping out, [`ScoresPass`] counts the
//! workspace's scores, [`scorecards`] compare products, partners and places, [`CallsPass`] lists
//! people worth calling, [`WeeksPass`] says what changed, [`EffectPass`] what changed when somebody did
//! something. All are linear passes over the timelines with small mergeable states.
//!
//! This room must never know: SQL, files, sockets, a clock, names behind hashed attributes (a
//! caller's dictionary resolves them), or where a figure is shown. Read `definition.rs` first, then
//! `instances.rs`, `map.rs` and `pain_points.rs`.

mod definition;
mod span;
mod scope;
mod compiled;
mod instances;
mod wire;
mod extent;
mod figure;
mod map;
mod people;
mod behind;
pub mod pain_points;
mod outcome_people;
mod effect;
mod scores_pass;
pub mod scorecards;
mod returns;
mod worth_calling;
mod weeks;

pub use behind::{Behind, BehindPass, BehindState};
pub use compiled::Compiled;
pub use definition::{
    AttributeRule, Definition, DefinitionError, DropOut, OutcomeRule, Period, PromiseReading, PromiseRule,
    Satisfaction, Stage, Strata, default_definitions,
};
pub use effect::{
    Change, Effect, EffectOf, EffectPass, EffectPeoplePass, EffectState, Follow, FollowPass, FollowState, Part, Window,
};
pub use extent::{Extent, ExtentState};
pub use figure::{Fate, Figure};
pub use instances::{Answer, Ending, Instance, PromiseFate, Splitter};
pub use map::{
    Count, Flow, Hindrance, Map, MapPass, MapState, MoneyFigure, PromiseFigures, ReadingFigures, ScoreFigure,
    StageFigures, Volume,
};
pub use outcome_people::OutcomePeoplePass;
pub use pain_points::PainPoints;
pub use people::{PeoplePass, PeopleState, Person};
pub use returns::{ReturnsPass, ReturnsState};
pub use scope::{Holding, Scope};
pub use scores_pass::{ScoresPass, ScoresState, TimeRange};
pub use span::Span;
pub use weeks::{Line, Series, WeekPeople, WeekPeoplePass, Weeks, WeeksPass, WeeksState};
pub use worth_calling::{CallReason, CallsPass, CallsState, WorthCalling};
