//! The people behind a week of a series, and what they spent.

use super::{Series, each};
use crate::compiled::Compiled;
use crate::instances::Splitter;
use crate::people::Person;
use crate::scores_pass::TimeRange;
use crate::wire::{put_list, put_u32, put_u64, read_list};
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, PassState, Segment, StateError, StateReader, put_bytes};

/// Lists the customers that a series counts between two moments.
#[derive(Debug, Clone)]
pub struct WeekPeoplePass {
    /// The journey.
    pub compiled: Arc<Compiled>,
    /// The series.
    pub series: Series,
    /// The week.
    pub range: TimeRange,
}

/// Customers by id, and the money of the rows that started what is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeekPeople {
    people: Vec<Person>,
    money: BTreeMap<String, i128>,
}

impl WeekPeople {
    /// By customer id.
    pub fn people(&self) -> Vec<Person> {
        let mut people = self.people.clone();
        people.sort_unstable();
        people
    }

    /// How many customers.
    pub fn customers(&self) -> u64 {
        self.people.len() as u64
    }

    /// Minor units in `currency` of the rows that started the instances counted; `None` if there
    /// was none, or money of another currency too, which is not added up.
    pub fn money(&self, currency: &str) -> Option<i64> {
        let minor = self.money.get(currency).filter(|_| self.money.len() == 1)?;
        i64::try_from(*minor).ok().filter(|minor| *minor > 0)
    }
}

impl Pass for WeekPeoplePass {
    const NAME: &'static str = "week-people";
    type State = WeekPeople;
    type Local = (Splitter, Vec<String>);

    fn start(&self) -> WeekPeople {
        WeekPeople::default()
    }

    fn enter(&self, segment: &Segment) -> Self::Local {
        let currencies = segment.currencies().iter().map(|k| k.to_string()).collect();
        (Splitter::new(&self.compiled, segment), currencies)
    }

    fn customer(&self, (splitter, currencies): &mut Self::Local, customer: Customer<'_>, state: &mut WeekPeople) {
        let mut instances = 0;
        for instance in splitter.split(&self.compiled, &customer) {
            let mut hits = 0_u32;
            each(&self.compiled, instance, &customer, |at, observation| {
                hits += u32::from(self.range.contains(at) && self.series.hit(observation) == Some(true));
            });
            instances += u32::from(hits > 0);
            if hits > 0
                && let Some((minor, currency)) = customer.money(instance.start_row() as usize)
                && let Some(currency) = currencies.get(currency as usize)
            {
                *state.money.entry(currency.clone()).or_default() += i128::from(minor);
            }
        }
        if instances > 0 {
            state.people.push(Person { customer: customer.id, instances });
        }
    }
}

impl PassState for WeekPeople {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.people.extend(other.people);
        for (currency, minor) in other.money {
            *self.money.entry(currency).or_default() += minor;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, self.people.iter(), |out, person| {
            put_u64(out, person.customer);
            put_u32(out, person.instances);
        });
        put_list(out, self.money.iter(), |out, (currency, minor)| {
            put_bytes(out, currency.as_bytes());
            put_u64(out, *minor as u64);
            put_u64(out, (*minor >> 64) as u64);
        });
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let people = read_list(&mut reader, 12, |r| Ok(Person { customer: r.u64()?, instances: r.u32()? }))?;
        let money = read_list(&mut reader, 24, |r| {
            let currency = r.text()?.to_owned();
            let (low, high) = (r.u64()?, r.i64()?);
            Ok((currency, (i128::from(high) << 64) | i128::from(low)))
        })?;
        reader.end()?;
        Ok(Self { people, money })
    }
}
