//! What a plant did: lives lived twice.

use crate::plants::Plant;
use crate::story::of_person;
use crate::{Nature, World};

/// What a plant did to the customers of a world, in the year of the story.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Customers who met it.
    pub met: u64,
    /// Customers whose story is another than it would have been.
    pub moved: u64,
    /// Customers who ended up dissatisfied with an order and would not have.
    pub dissatisfied: i64,
    /// Orders that were lost and would not have been.
    pub lost_orders: i64,
    /// Sales that were missed, refunds taken off, in cents; below zero for what brought more.
    pub lost_sales: i64,
}

/// What a life came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Sales less refunds, in cents, up to the end.
    pub sales: i64,
    /// Orders of which the customer thought one or two stars, told or not.
    pub dissatisfied: i64,
    /// Orders that were never delivered.
    pub lost: i64,
    /// Lines in the story.
    pub lines: usize,
}

pub(crate) fn weigh(world: &World, plant: Plant) -> Weight {
    let other = Nature { planted: world.nature.planted.without(plant), ..world.nature };
    let mut weight = Weight::default();
    for place in 0..world.customers {
        let (_, met, with) = of_person(world.seed, place, world.nature, &world.calendar);
        if !met.has(plant) {
            // Whoever never met it lives the same life without it.
            continue;
        }
        let (_, _, without) = of_person(world.seed, place, other, &world.calendar);
        weight.met += 1;
        weight.moved += u64::from(with != without);
        weight.dissatisfied += with.dissatisfied - without.dissatisfied;
        weight.lost_orders += with.lost - without.lost;
        weight.lost_sales += without.sales - with.sales;
    }
    weight
}
