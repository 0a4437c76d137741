//! A story in words: entries, the silences between them, promises and what became of them.

use super::customers::mood;
use super::frame::sentence;
use crate::format;
use crate::summary::late;
use throughline_interactions::{Actor, Direction, Interaction, Precision, Timestamp, Zone};
use throughline_pipeline::{PromiseOutcome, PromiseState, StoryEntry};

/// What stands on the column of time.
pub(crate) enum Item {
    /// A silence, in words.
    Gap(String),
    /// An interaction.
    Entry(Box<Told>),
}

/// Characters of a text that stand in the story; the page of the interaction has all of it.
const TEXT: usize = 1_500;

/// An interaction as it is told.
pub(crate) struct Told {
    /// Its place in the ledger; 0 for what is not in it.
    pub(crate) position: u64,
    pub(crate) day: String,
    pub(crate) time: String,
    pub(crate) title: String,
    pub(crate) amount: String,
    pub(crate) notes: Vec<String>,
    pub(crate) promises: Vec<Word>,
    pub(crate) text: Option<String>,
    /// There is more of the text.
    pub(crate) is_cut: bool,
    /// The feeling in a word, and `low`, `mid`, `high` or nothing for the dot.
    pub(crate) feeling: &'static str,
    pub(crate) mood: &'static str,
}

/// Words with a mood.
pub(crate) struct Word {
    pub(crate) words: String,
    pub(crate) mood: &'static str,
}

/// Entries in their order, with the silences between them.
pub(crate) fn entries(entries: &[StoryEntry], newest_first: bool, zone: Option<&Zone>) -> Vec<Item> {
    let mut items = Vec::with_capacity(entries.len());
    let mut before: Option<(Timestamp, String)> = None;
    for entry in entries {
        let at = entry.interaction.occurred_at;
        let day = format::day(at, zone);
        if let Some((last, _)) = &before {
            let seconds = if newest_first { last.0 - at.0 } else { at.0 - last.0 } / 1_000_000;
            items.extend(format::silence(seconds).map(Item::Gap));
        }
        let same_day = before.as_ref().is_some_and(|(_, d)| *d == day);
        items.push(Item::Entry(Box::new(tell(entry, if same_day { String::new() } else { day.clone() }, zone))));
        before = Some((at, day));
    }
    items
}

fn tell(entry: &StoryEntry, day: String, zone: Option<&Zone>) -> Told {
    let i = &entry.interaction;
    let mut promises: Vec<Word> = entry.promise.iter().map(|p| promised(p, zone)).collect();
    promises.extend(entry.keeps.iter().map(|p| kept(p, zone)));
    // The dot stands where it hurt: at what came late, or at what never came.
    let overdue = entry.promise.as_ref().is_some_and(|p| p.state == PromiseState::Overdue);
    let broken = overdue || entry.keeps.iter().any(|p| p.state == PromiseState::Late);
    let text = i.text.as_deref().map(str::trim).filter(|t| !t.is_empty());
    let share = i.score.as_ref().map(|s| (s.value - s.min) / (s.max - s.min));
    Told {
        position: entry.position,
        day,
        time: format::clock_time(i.occurred_at, zone),
        title: title(i),
        amount: i.money.as_ref().map(format::money).unwrap_or_default(),
        notes: notes(entry),
        text: text.map(|t| shorten(t, TEXT).to_owned()),
        is_cut: text.is_some_and(|t| shorten(t, TEXT).len() < t.len()),
        feeling: entry.feeling.map_or("", |f| f.words),
        mood: match share {
            Some(s) => mood(s),
            None if broken => "low",
            None => "",
        },
        promises,
    }
}

fn title(i: &Interaction) -> String {
    let who = match (i.direction, i.actor) {
        (Direction::Out, Actor::Agent) => "staff: ",
        (Direction::Out, _) => "to the customer: ",
        (_, Actor::Agent) => "with staff: ",
        (_, Actor::Bot) => "a bot: ",
        (_, Actor::Prefetch) => "a machine, ahead of a person: ",
        (_, Actor::Internal) => "one of the brand\u{2019}s own people: ",
        _ => "",
    };
    sentence(&format!("{who}{}", i.event))
}

fn notes(entry: &StoryEntry) -> Vec<String> {
    let i = &entry.interaction;
    let mut notes = Vec::new();
    if let Some(s) = &i.score {
        notes.push(format!("{} {}", format::asked(s.kind.as_str()), format::score(s)));
    }
    let place = [i.channel.as_str(), i.touchpoint.as_str()]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(", ");
    if !place.is_empty() {
        notes.push(place);
    }
    if let Some((_, stage)) = &entry.stage {
        notes.push(format!("stage {stage}"));
    }
    let mut kinds: Vec<&str> = Vec::new();
    // A visit only holds things together; it says nothing to a reader.
    for r in i.refs.iter().filter(|r| r.kind != "visit") {
        if !kinds.contains(&r.kind.as_str()) {
            kinds.push(&r.kind);
        }
    }
    for kind in kinds {
        let values: Vec<&str> = i.refs.iter().filter(|r| r.kind == kind).map(|r| clip(&r.value)).collect();
        let more = if values.len() > 3 { format!(" and {} more", values.len() - 3) } else { String::new() };
        notes.push(format!("{kind} {}{more}", values[..values.len().min(3)].join(", ")));
    }
    notes
}

/// At most so many characters.
pub(crate) fn shorten(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

/// Long ids by their beginning.
pub(crate) fn clip(value: &str) -> &str {
    shorten(value, 24)
}

pub(crate) fn promised(p: &PromiseOutcome, zone: Option<&Zone>) -> Word {
    let due = match p.precision {
        Precision::Day => format::day(p.due, zone),
        Precision::Instant => format::minute(p.due, zone),
    };
    let (state, mood) = match p.state {
        PromiseState::Kept => ("kept".to_owned(), "high"),
        PromiseState::Late => (format!("{} late", late(p, zone)), "low"),
        PromiseState::Open => ("still open".to_owned(), ""),
        PromiseState::Overdue => (format!("never done, overdue by {}", late(p, zone)), "low"),
    };
    Word { words: format!("promised {} by {due}: {state}", p.kind), mood }
}

pub(crate) fn kept(p: &PromiseOutcome, zone: Option<&Zone>) -> Word {
    match p.state {
        PromiseState::Late => Word { words: format!("{} promise: {} late", p.kind, late(p, zone)), mood: "low" },
        _ => Word { words: format!("{} promise kept", p.kind), mood: "high" },
    }
}
