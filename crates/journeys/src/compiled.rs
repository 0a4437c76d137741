//! A definition made ready for passes.

use crate::definition::{Definition, DefinitionError, OutcomeRule};
use crate::pain_points::Outcome;
use crate::scope::Scope;
use crate::span::Span;
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
    /// What is counted.
    pub scope: Scope,
    pub(crate) attributes: Vec<Vec<u64>>,
    pub(crate) finishing: u32,
    /// Bit `s`: something that fills stage `s` can be in the data.
    pub(crate) measured: u32,
    /// Bit `i`: designed outcome `i` can be in the data.
    told: u32,
    /// After how long who comes back has usually done so, in microseconds; `None` if that is not
    /// known.
    usual_return: Option<i64>,
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
        Ok(Self {
            definition,
            end: end.0,
            bins,
            scope: Scope::default(),
            attributes,
            finishing,
            measured: u32::MAX,
            told: u32::MAX,
            usual_return: None,
        })
    }

    /// The same, looked at in part. Seen as of a moment, the data end there.
    pub fn within(mut self, scope: Scope) -> Self {
        self.end = scope.as_of.map_or(self.end, |at| self.end.min(at.0));
        self.scope = scope;
        self
    }

    /// The same for data in which some events never occur: a stage whose events are not there is not
    /// measured, which is no reason to call anybody lost before it. Where no finishing stage is
    /// measured, the last stage that is, and that everybody is to pass, finishes an instance.
    pub fn as_measured(mut self, occurs: impl Fn(&str) -> bool) -> Self {
        let stages = &self.definition.stages;
        let starts = stages.first().is_some_and(|s| s.events.iter().any(|e| occurs(e)));
        let is_measured = |s: &crate::definition::Stage| match s.next_instance {
            true => starts,
            false => s.events.iter().any(|e| occurs(e)),
        };
        let can_be = |o: &OutcomeRule| match &o.promise {
            Some(kind) => {
                let promises = self.definition.promises.iter().filter(|p| p.kind == *kind);
                promises.flat_map(|p| &p.kept_by).any(|e| occurs(e))
            }
            None if o.next_instance => starts,
            None => o.events.iter().any(|e| occurs(e)),
        };
        let outcomes = self.definition.outcomes.iter().enumerate();
        self.told = outcomes.filter(|(_, o)| can_be(o)).fold(0, |mask, (i, _)| mask | 1 << i);
        self.measured = (0..stages.len()).filter(|&s| is_measured(&stages[s])).fold(0, |mask, s| mask | 1 << s);
        if self.finishing & self.measured == 0 {
            let last = (0..stages.len())
                .rev()
                .find(|&s| self.measured >> s & 1 == 1 && !stages[s].optional && !stages[s].next_instance);
            self.finishing = last.map_or(self.finishing, |s| 1 << s);
        }
        self
    }

    /// The same, knowing after how many days who comes back has usually done so.
    pub fn with_usual_return(mut self, days: Option<u32>) -> Self {
        self.usual_return = days.map(|days| Span::days(days.min(36_525)).micros());
        self
    }

    /// The outcomes that can be in the data: two of every journey, then the designed ones.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let designed = self
            .definition
            .outcomes
            .iter()
            .enumerate()
            .filter(|(i, o)| self.told >> i & 1 == 1 && (!o.next_instance || self.return_within(o).is_some()));
        Outcome::ALWAYS.into_iter().chain(designed.map(|(i, _)| Outcome::Designed(i as u8))).collect()
    }

    /// How long the next instance is waited for, in microseconds.
    pub(crate) fn return_within(&self, rule: &OutcomeRule) -> Option<i64> {
        rule.within.map(Span::micros).or(self.usual_return)
    }

    /// True if something that fills the stage can be in the data.
    pub fn is_measured(&self, stage: usize) -> bool {
        self.measured >> stage & 1 == 1
    }

    /// The time bin of a moment, counted from the start of its instance.
    pub fn bin(&self, since_start: i64) -> usize {
        let seconds = since_start.div_euclid(1_000_000).max(0);
        self.bins.partition_point(|&b| i64::from(b) <= seconds)
    }
}
