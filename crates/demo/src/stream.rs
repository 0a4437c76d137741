//! The interactions in the order of time, without holding them all.
//!
//! A story is made whole and from its seed alone. So a cohort is gone through once to note in
//! which windows of time each story has lines, and then again window by window: only the stories
//! with lines in the window are made again, and only those lines are kept and sorted.

use crate::World;
use crate::line::Line;
use throughline_interactions::Draft;

/// Every interaction of a [`World`] with the name of its source.
#[derive(Debug)]
pub struct Interactions<'w> {
    world: &'w World,
    /// Places of the current cohort's stories.
    cohort: std::ops::Range<u64>,
    /// Per story of the cohort: a bit for each window with lines.
    masks: Vec<u64>,
    /// The next window, and how many there are.
    window: i64,
    windows: i64,
    lines: std::vec::IntoIter<Line>,
}

impl<'w> Interactions<'w> {
    /// Customers whose interactions are in the order of time.
    pub const COHORT: u64 = 20_000;

    pub(crate) fn new(world: &'w World) -> Self {
        let windows = (world.customers().min(Self::COHORT) / 1_000).clamp(1, 64) as i64;
        Self { world, cohort: 0..0, masks: Vec::new(), window: windows, windows, lines: Vec::new().into_iter() }
    }

    fn window_of(&self, at: i64) -> i64 {
        let (start, end) = (self.world.start().0, self.world.end().0);
        let length = (end - start) / self.windows + 1;
        ((at - start).max(0) / length).min(self.windows - 1)
    }

    /// Takes up the next cohort; false if there is none.
    fn next_cohort(&mut self) -> bool {
        let start = self.cohort.end;
        let end = self.world.stories().min(start + Self::COHORT + Self::COHORT / crate::CUSTOMERS_PER_BOT);
        if start == end {
            return false;
        }
        self.cohort = start..end;
        self.window = 0;
        let mask = |place| self.world.story(place).iter().fold(0, |m, l| m | 1 << self.window_of(l.at));
        self.masks = (start..end).map(mask).collect();
        true
    }

    fn read_window(&mut self) {
        let window = self.window;
        self.window += 1;
        let mut lines: Vec<(u64, Line)> = Vec::new();
        for (place, mask) in self.cohort.clone().zip(&self.masks) {
            if mask >> window & 1 == 1 {
                let story = self.world.story(place).into_iter();
                lines.extend(story.filter(|l| self.window_of(l.at) == window).map(|l| (place, l)));
            }
        }
        lines.sort_by_key(|(place, l)| (l.at, *place, l.draft.source_seq));
        self.lines = lines.into_iter().map(|(_, l)| l).collect::<Vec<_>>().into_iter();
    }
}

impl Iterator for Interactions<'_> {
    type Item = (&'static str, Draft);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(line) = self.lines.next() {
                return Some((line.source, line.draft));
            }
            if self.window == self.windows && !self.next_cohort() {
                return None;
            }
            self.read_window();
        }
    }
}

/// The count of a small world; the mean of a sample times the customers of a large one.
pub(crate) fn total_hint(world: &World) -> u64 {
    const SAMPLE: u64 = 4_000;
    let all = world.stories();
    let sample = all.min(SAMPLE + SAMPLE / crate::CUSTOMERS_PER_BOT);
    let lines: u64 = (0..sample).map(|i| world.story(i * all / sample.max(1)).len() as u64).sum();
    lines * all / sample.max(1)
}
