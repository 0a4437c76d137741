//! The customers whom an outcome has met, whatever they were exposed to.

use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::pain_points::Outcome;
use crate::pain_points::moments::unit;
use crate::people::{PeopleState, Person};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

/// Lists the customers of whose instances an outcome is known to have come about: as many instances
/// as [`crate::pain_points::Findings::units`] counts.
#[derive(Debug, Clone)]
pub struct OutcomePeoplePass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// The outcome.
    pub outcome: Outcome,
}

impl Pass for OutcomePeoplePass {
    const NAME: &'static str = "people of an outcome";
    type State = PeopleState;
    type Local = Splitter;

    fn start(&self) -> PeopleState {
        PeopleState::default()
    }

    fn enter(&self, segment: &Segment) -> Splitter {
        Splitter::new(&self.compiled, segment)
    }

    fn customer(&self, splitter: &mut Splitter, customer: Customer<'_>, state: &mut PeopleState) {
        let instances = splitter.split(&self.compiled, &customer).iter().filter(|i| i.is_counted);
        let met = instances.filter_map(|i| unit(&self.compiled, i, self.outcome)).filter(|u| u.bad).count();
        if met > 0 {
            state.push(Person { customer: customer.id, instances: u32::try_from(met).unwrap_or(u32::MAX) });
        }
    }
}
