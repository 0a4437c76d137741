//! What an import would bring, seen on its first rows.

use std::collections::HashMap;
use throughline_connectors::files::{Import, Report};
use throughline_interactions::{Identifier, Interaction, Money};

/// Rows that are read for a preview.
const ROWS: u64 = 5_000;
/// Interactions of the story that are shown.
const ENTRIES: usize = 12;

/// What the first rows would bring.
#[derive(Debug, Default)]
pub struct Preview {
    /// Counts, rejects with examples, events, identifiers, first and last time.
    pub report: Report,
    /// All rows of the file were read.
    pub is_whole: bool,
    /// Different people, as far as the first rows tell.
    pub customers: u64,
    /// Sums of money, one for each currency.
    pub money: Vec<Money>,
    /// Interactions with an answer on a scale.
    pub scores: u64,
    /// Interactions with words.
    pub texts: u64,
    /// The person with most interactions, by the name that identifies them.
    pub person: Option<String>,
    /// The beginning of their story, the oldest first.
    pub story: Vec<Interaction>,
    /// How many interactions the story has in all.
    pub story_length: u64,
}

/// Sets of identifiers that belong together.
#[derive(Default)]
struct People {
    parents: Vec<usize>,
    places: HashMap<(String, String), usize>,
}

impl People {
    fn place(&mut self, identifier: &Identifier) -> usize {
        let fresh = self.parents.len();
        let key = (identifier.kind.clone(), identifier.value.clone());
        let place = *self.places.entry(key).or_insert(fresh);
        if place == fresh {
            self.parents.push(fresh);
        }
        self.root(place)
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    /// The person of an interaction; none for somebody quite unknown.
    fn of(&mut self, i: &Interaction) -> Option<usize> {
        let mut places = i.identifiers.iter().map(|one| self.place(one)).collect::<Vec<_>>().into_iter();
        let first = places.next()?;
        for other in places {
            let (a, b) = (self.root(first), self.root(other));
            self.parents[a.max(b)] = a.min(b);
        }
        Some(self.root(first))
    }
}

impl Preview {
    /// Reads the first rows of an import.
    pub(crate) fn of(import: &mut Import) -> anyhow::Result<Self> {
        let mut preview = Self::default();
        let (mut people, mut met) = (People::default(), Vec::new());
        while !preview.is_whole && preview.report.progress.rows < ROWS {
            let batch = import.next_batch(1_000)?;
            preview.report.add(&batch);
            preview.is_whole = batch.done;
            for i in batch.interactions {
                preview.scores += u64::from(i.score.is_some());
                preview.texts += u64::from(i.text.is_some());
                if let Some(money) = &i.money {
                    preview.add_money(*money);
                }
                met.push((people.of(&i), i));
            }
        }
        let mut counts: HashMap<usize, u64> = HashMap::new();
        for (person, _) in &mut met {
            match person {
                Some(p) => {
                    *p = people.root(*p);
                    *counts.entry(*p).or_default() += 1;
                }
                None => preview.customers += 1,
            }
        }
        preview.customers += counts.len() as u64;
        // The longest story shows most; of equals the first in the file.
        let longest = counts.iter().max_by_key(|(p, n)| (**n, std::cmp::Reverse(**p))).map(|(p, _)| *p);
        let Some(longest) = longest else { return Ok(preview) };
        let mut story: Vec<Interaction> =
            met.into_iter().filter(|(p, _)| *p == Some(longest)).map(|(_, i)| i).collect();
        story.sort_by_key(|i| (i.occurred_at, i.source_seq));
        preview.story_length = story.len() as u64;
        preview.person = story.first().and_then(|i| i.identifiers.first()).map(|one| one.value.clone());
        story.truncate(ENTRIES);
        preview.story = story;
        Ok(preview)
    }

    fn add_money(&mut self, money: Money) {
        match self.money.iter_mut().find(|m| m.currency == money.currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(money.minor),
            None => self.money.push(money),
        }
    }
}
