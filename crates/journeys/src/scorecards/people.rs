//! The people behind a figure of a scorecard, by the walk that counted it.

use super::state::ScoreName;
use super::walk::Walk;
use super::{CardFigure, Dimensions};
use crate::compiled::Compiled;
use crate::people::{PeopleState, Person};
use std::sync::Arc;
use throughline_timeline::{Customer, Pass, Segment};

/// Lists the customers of one figure of one value; together as many instances as it counts.
#[derive(Debug, Clone)]
pub struct CardPeoplePass {
    /// The journey, as the figure was counted.
    pub compiled: Arc<Compiled>,
    /// At least all values of the value's own dimension.
    pub dimensions: Arc<Dimensions>,
    /// The hash of the value.
    pub value: u64,
    /// The figure.
    pub figure: CardFigure,
}

/// What the pass keeps while it walks one segment.
#[derive(Debug)]
pub struct CardPeopleLocal {
    walk: Walk,
    /// The place of the value; `None` if the segment does not know it.
    value: Option<u32>,
    kinds: Vec<String>,
}

impl Pass for CardPeoplePass {
    const NAME: &'static str = "scorecards: people";
    type State = PeopleState;
    type Local = CardPeopleLocal;

    fn start(&self) -> PeopleState {
        PeopleState::default()
    }

    fn enter(&self, segment: &Segment) -> CardPeopleLocal {
        let walk = Walk::new(&self.compiled, &self.dimensions, segment);
        let kinds = segment.score_kinds().iter().map(|k| k.to_string()).collect();
        CardPeopleLocal { value: walk.place(self.value), walk, kinds }
    }

    fn customer(&self, local: &mut CardPeopleLocal, customer: Customer<'_>, state: &mut PeopleState) {
        let Some(value) = local.value else { return };
        let mut instances = 0;
        match &self.figure {
            CardFigure::Touched => local.walk.touched(&customer, |_, v| instances += u32::from(v == value)),
            figure => {
                let kinds = &local.kinds;
                local.walk.affairs(&self.compiled, &customer, |affair| {
                    let Some(party) = affair.parties.iter().find(|p| p.value == value) else { return };
                    instances += u32::from(match figure {
                        CardFigure::Scored(wanted) => affair.answers(party).any(|(_, score)| {
                            kinds.get(score.kind as usize) == Some(wanted) && ScoreName::new(wanted, &score).is_some()
                        }),
                        plain => affair.facts(party).has(plain),
                    });
                });
            }
        }
        if instances > 0 {
            state.push(Person { customer: customer.id, instances });
        }
    }
}
