//! From when to when the interactions of a snapshot reach.

use throughline_interactions::Timestamp;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};

/// The pass that finds the first and the last moment; every other pass of this room needs the
/// last one, because what has not happened by then is open and not lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent;

/// First and last moment in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtentState(Option<(i64, i64)>);

impl ExtentState {
    /// The first moment; `None` without interactions.
    pub fn first(&self) -> Option<Timestamp> {
        self.0.map(|(first, _)| Timestamp(first))
    }

    /// The last moment; `None` without interactions.
    pub fn last(&self) -> Option<Timestamp> {
        self.0.map(|(_, last)| Timestamp(last))
    }
}

impl Pass for Extent {
    const NAME: &'static str = "extent";
    type State = ExtentState;
    type Local = ();

    fn start(&self) -> ExtentState {
        ExtentState::default()
    }

    fn enter(&self, _: &Segment) {}

    fn customer(&self, (): &mut (), customer: Customer<'_>, state: &mut ExtentState) {
        if let Some(last) = customer.len().checked_sub(1) {
            state.merge(ExtentState(Some((customer.micros(0), customer.micros(last)))));
        }
    }
}

impl PassState for ExtentState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.0 = match (self.0, other.0) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }

    fn encode(&self, out: &mut Vec<u8>) {
        if let Some((first, last)) = self.0 {
            out.extend_from_slice(&first.to_le_bytes());
            out.extend_from_slice(&last.to_le_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let mut reader = StateReader::new(bytes);
        let (first, last) = (reader.i64()?, reader.i64()?);
        reader.end()?;
        Ok(Self(Some((first, last))))
    }
}
