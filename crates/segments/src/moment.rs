//! Windows that move with the clock: whether a moment lies in one, and when that changes.

use crate::rule::Window;

/// A moment in a window, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// It is in the window now.
    pub(crate) is_in: bool,
    /// The first moment at which that changes; `None` for never.
    pub(crate) until: Option<i64>,
}

impl Window {
    /// How a moment stands to the window at `now`. What lies ahead of now is in no window yet.
    pub(crate) fn standing(self, at: i64, now: i64) -> Standing {
        // From when to when it is in the window, both included; `None` for ever.
        let (from, to) = match self {
            Self::Ever => (at, None),
            Self::Last(span) => (at, Some(at.saturating_add(span.micros()))),
            Self::Before(span) => (at.saturating_add(span.micros()).saturating_add(1), None),
            Self::Between { from, to } if (from.0..=to.0).contains(&at) => (at, None),
            Self::Between { .. } => return Standing { is_in: false, until: None },
        };
        match to {
            _ if now < from => Standing { is_in: false, until: Some(from) },
            Some(to) if now > to => Standing { is_in: false, until: None },
            Some(to) => Standing { is_in: true, until: Some(to.saturating_add(1)) },
            None => Standing { is_in: true, until: None },
        }
    }
}

/// The earlier of two moments, where there are any.
pub(crate) fn sooner(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The later of two moments, where never is the latest.
pub(crate) fn later(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    Some(a?.max(b?))
}
