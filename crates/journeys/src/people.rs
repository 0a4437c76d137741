//! The customers behind a figure: a second pass that asks the same question as the map.

use crate::compiled::Compiled;
use crate::figure::{Figure, slot, slots_of};
use crate::instances::Splitter;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use serde::Serialize;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader};

/// Lists the customers of one figure.
#[derive(Debug, Clone)]
pub struct PeoplePass {
    /// The journey, with the scope of the map.
    pub compiled: Arc<Compiled>,
    /// The figure.
    pub figure: Figure,
}

/// One customer behind a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Person {
    /// The customer.
    pub customer: u64,
    /// How many of their instances the figure counts.
    pub instances: u32,
}

/// The customers of a figure, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleState {
    people: Vec<Person>,
}

impl PeopleState {
    /// By customer id.
    pub fn people(mut self) -> Vec<Person> {
        self.people.sort_unstable();
        self.people
    }

    pub(crate) fn push(&mut self, person: Person) {
        self.people.push(person);
    }
}

impl Pass for PeoplePass {
    const NAME: &'static str = "people";
    type State = PeopleState;
    type Local = Splitter;

    fn start(&self) -> PeopleState {
        PeopleState::default()
    }

    fn enter(&self, segment: &Segment) -> Splitter {
        Splitter::new(&self.compiled, segment)
    }

    fn customer(&self, splitter: &mut Splitter, customer: Customer<'_>, state: &mut PeopleState) {
        let Some(wanted) = slot(&self.compiled, self.figure) else { return };
        let mut instances = 0;
        for instance in splitter.split(&self.compiled, &customer) {
            if instance.is_counted {
                slots_of(&self.compiled, instance, |slot| instances += u32::from(slot == wanted));
            }
        }
        if instances > 0 {
            state.push(Person { customer: customer.id, instances });
        }
    }
}

impl PassState for PeopleState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.people.extend(other.people);
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.people.iter(), |out, person| {
            put_u64(out, person.customer);
            put_u32(out, person.instances);
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let people = read_list(&mut reader, 12, |r| Ok(Person { customer: r.u64()?, instances: r.u32()? }))?;
        reader.end()?;
        Ok(Self { people })
    }
}
