//! Which part of a journey is looked at: instances that started in a window, that met something, as
//! things stood at a moment.

use crate::scores_pass::TimeRange;
use throughline_interactions::Timestamp;

/// What is counted; everything without it.
///
/// Instances outside are not counted, but they are there: somebody's later order is still the one
/// with which they came back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Only instances that started inside.
    pub range: Option<TimeRange>,
    /// Only instances that met, or did not meet, an attribute.
    pub holding: Option<Holding>,
    /// Nothing after this moment has happened yet. A window and the one before it are looked at alike
    /// when both are seen from the same distance: instances that began lately have had less time to be
    /// finished, late, or lost.
    pub as_of: Option<Timestamp>,
}

/// An attribute that some row of the instance has, or none has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holding {
    /// The hash of its dimension and value.
    pub attribute: u64,
    /// Those that have it; otherwise those that have not.
    pub with: bool,
}
