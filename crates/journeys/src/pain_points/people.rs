//! The customers behind a pain point.

use super::Outcome;
use super::exposure::{Key, Kind, Lookup};
use super::moments::{is_not_reached, unit};
use super::tables::is_exposed;
use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::people::{PeopleState, Person};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

/// Lists the customers who were exposed and had the outcome; as many as the finding's
/// `customers`, with as many instances as its `exposed_events`.
#[derive(Debug, Clone)]
pub struct PainPeoplePass {
    /// The journey, with the scope in which the finding was found.
    pub compiled: Arc<Compiled>,
    /// The candidate.
    pub key: Key,
    /// The outcome.
    pub outcome: Outcome,
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct PainPeopleLocal {
    splitter: Splitter,
    lookup: Lookup,
}

impl Pass for PainPeoplePass {
    const NAME: &'static str = "pain points: people";
    type State = PeopleState;
    type Local = PainPeopleLocal;

    fn start(&self) -> PeopleState {
        PeopleState::default()
    }

    fn enter(&self, segment: &Segment) -> PainPeopleLocal {
        let number = |key: Key| if key == self.key { 0 } else { super::exposure::NONE };
        let lookup = Lookup::new(&self.compiled, segment, 1, number);
        PainPeopleLocal { splitter: Splitter::new(&self.compiled, segment), lookup }
    }

    fn customer(&self, local: &mut PainPeopleLocal, customer: Customer<'_>, state: &mut PeopleState) {
        let PainPeopleLocal { splitter, lookup } = local;
        let mut instances = 0;
        for instance in splitter.split(&self.compiled, &customer) {
            if !instance.is_counted {
                continue;
            }
            let Some(unit) = unit(&self.compiled, instance, self.outcome).filter(|u| u.bad) else { continue };
            let exposed = if self.key.kind == Kind::NotReached {
                is_not_reached(instance, &customer, self.key.id as usize, unit.until)
            } else {
                lookup.collect(&self.compiled, instance, &customer, unit.until);
                is_exposed(&lookup.onsets, 0, &unit)
            };
            instances += u32::from(exposed);
        }
        if instances > 0 {
            state.push(Person { customer: customer.id, instances });
        }
    }
}
