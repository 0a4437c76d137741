//! A definition made ready for passes.

use crate::definition::{Definition, DefinitionError};
use throughline_interactions::Timestamp;

/// A definition made ready for passes: hashes for names, and the last moment that is known.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// As designed.
    pub definition: Definition,
    /// The last moment of the data, in microseconds: what has not happened by then is open.
    pub end: i64,
    /// Where time bins after the first begin, in seconds.
    pub bins: Vec<u32>,
    pub(crate) attributes: Vec<Vec<u64>>,
    pub(crate) finishing: u32,
}

impl Compiled {
    /// Compiles a valid definition. `end` is the last time in the snapshot (see
    /// [`crate::Extent`]); `hash` gives the keyed hash of a dimension and a value.
    pub fn new(
        definition: Definition,
        end: Timestamp,
        hash: &dyn Fn(&str, &str) -> u64,
    ) -> Result<Self, DefinitionError> {
        definition.validate()?;
        let attributes = definition
            .stages
            .iter()
            .map(|s| s.attributes.iter().map(|a| hash(&a.dimension, &a.value)).collect())
            .collect();
        let finishing = definition.finishing_stages().into_iter().fold(0, |mask, i| mask | 1 << i);
        let bins = definition.bin_starts();
        Ok(Self { definition, end: end.0, bins, attributes, finishing })
    }

    /// The time bin of a moment, counted from the start of its instance.
    pub fn bin(&self, since_start: i64) -> usize {
        let seconds = since_start.div_euclid(1_000_000).max(0);
        self.bins.partition_point(|&b| i64::from(b) <= seconds)
    }
}
