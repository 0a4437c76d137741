//! The words in which a finding is told to people.

/// How sure a finding is, in words; `q` is a false discovery rate in 0–1 as
/// [`crate::multiplicity::q_values`] returns it.
///
/// `q` < 0.01 is "very likely real", `q` < 0.05 is "likely"; anything else, and what is not a
/// number, is not shown.
pub fn certainty(q: f64) -> Option<&'static str> {
    if q < 0.01 {
        Some("very likely real")
    } else if q < 0.05 {
        Some("likely")
    } else {
        None
    }
}

/// The words that stand beside a finding until an experiment says more.
pub const NOT_PROVEN: &str = "not proven to be the cause";
