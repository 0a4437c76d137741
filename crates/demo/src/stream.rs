//! The interactions, cohort by cohort, without holding them all.
//!
//! The stories of one cohort are made whole and merged in the order of time. A cohort is a small
//! shop of its own, from the first day to the last; so whoever watches the world stream in sees the
//! whole year at once and only becomes surer.

use crate::World;
use crate::line::Line;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use throughline_interactions::Draft;

/// Every interaction of a [`World`] with the name of its source.
#[derive(Debug)]
pub struct Interactions<'w> {
    world: &'w World,
    /// The next cohort begins with this customer.
    next: u64,
    /// What is left of the cohort's stories.
    stories: Vec<std::vec::IntoIter<Line>>,
    /// The time and place of each one's next line, the earliest first.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'w> Interactions<'w> {
    /// Customers whose interactions are in the order of time.
    pub const COHORT: u64 = 500;

    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, next: 0, stories: Vec::new(), heads: BinaryHeap::new() }
    }

    /// Takes up the next cohort; false if there is none.
    fn next_cohort(&mut self) -> bool {
        let start = self.next;
        self.next = self.world.customers().min(start + Self::COHORT);
        self.stories.clear();
        for place in start..self.next {
            self.stories.push(self.world.story(place).into_iter());
            self.stories.extend(self.world.bot(place).map(Vec::into_iter));
        }
        for (place, story) in self.stories.iter().enumerate() {
            self.heads.extend(story.as_slice().first().map(|line| Reverse((line.at, place))));
        }
        start < self.next
    }
}

impl Iterator for Interactions<'_> {
    type Item = (&'static str, Draft);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(Reverse((_, place))) = self.heads.pop() {
                let story = &mut self.stories[place];
                let line = story.next()?;
                self.heads.extend(story.as_slice().first().map(|next| Reverse((next.at, place))));
                return Some((line.source, line.draft));
            }
            if !self.next_cohort() {
                return None;
            }
        }
    }
}

/// The count of a small world; the mean of a sample times the customers of a large one.
pub(crate) fn total_hint(world: &World) -> u64 {
    const SAMPLE: u64 = 2_000;
    let customers = world.customers();
    let count = |lines: &dyn Fn(u64) -> usize, of: u64| {
        let taken = of.min(SAMPLE);
        (0..taken).map(|i| lines(i * of / taken) as u64).sum::<u64>() * of / taken.max(1)
    };
    let bots = customers.div_ceil(crate::CUSTOMERS_PER_BOT);
    count(&|place| world.story(place).len(), customers)
        + count(&|bot| world.bot(bot * crate::CUSTOMERS_PER_BOT).map_or(0, |lines| lines.len()), bots.min(100)) * bots
            / bots.clamp(1, 100)
}
