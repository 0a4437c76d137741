//! A story in words: entries, the silences between them, promises and what became of them.

use super::customers::mood;
use super::frame::sentence;
use crate::format;
use throughline_customers::CustomerProfile;
use throughline_interactions::{Actor, Direction, Interaction, Precision, ScoreKind, Timestamp, Zone};
use throughline_pipeline::{PromiseOutcome, PromiseState, StoryEntry};

/// What stands on the column of time.
pub(crate) enum Item {
    /// A silence, in words.
    Gap(String),
    /// An interaction.
    Entry(Box<Told>),
}

/// An interaction as it is told.
pub(crate) struct Told {
    pub(crate) day: String,
    pub(crate) time: String,
    pub(crate) title: String,
    pub(crate) amount: String,
    pub(crate) notes: Vec<String>,
    pub(crate) promises: Vec<Word>,
    pub(crate) text: Option<String>,
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
pub(crate) fn entries(entries: &[StoryEntry], newest_first: bool, zone: Option<&Zone>, now: Timestamp) -> Vec<Item> {
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
        items.push(Item::Entry(Box::new(tell(entry, if same_day { String::new() } else { day.clone() }, zone, now))));
        before = Some((at, day));
    }
    items
}

fn tell(entry: &StoryEntry, day: String, zone: Option<&Zone>, now: Timestamp) -> Told {
    let i = &entry.interaction;
    let mut promises: Vec<Word> = entry.promise.iter().map(|p| promised(p, zone, now)).collect();
    promises.extend(entry.keeps.iter().map(|p| kept(p, zone)));
    // The dot stands where it hurt: at what came late, or at what never came.
    let overdue = entry.promise.as_ref().is_some_and(|p| p.state == PromiseState::Overdue);
    let broken = overdue || entry.keeps.iter().any(|p| p.state == PromiseState::Late);
    let share = i.score.as_ref().map(|s| (s.value - s.min) / (s.max - s.min));
    Told {
        day,
        time: format::clock_time(i.occurred_at, zone),
        title: title(i),
        amount: i.money.as_ref().map(format::money).unwrap_or_default(),
        notes: notes(entry),
        text: i.text.clone().filter(|t| !t.trim().is_empty()),
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
        let asked = match &s.kind {
            ScoreKind::Nps => "would recommend",
            ScoreKind::Csat => "satisfied",
            ScoreKind::Ces => "found it easy",
            ScoreKind::Stars => "rated",
            ScoreKind::Other(name) => name,
        };
        notes.push(format!("{asked} {}", format::score(s)));
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

/// Long ids by their beginning.
fn clip(value: &str) -> &str {
    value.char_indices().nth(24).map_or(value, |(at, _)| &value[..at])
}

fn promised(p: &PromiseOutcome, zone: Option<&Zone>, now: Timestamp) -> Word {
    let due = match p.precision {
        Precision::Day => format::day(p.due, zone),
        Precision::Instant => format::minute(p.due, zone),
    };
    let (state, mood) = match p.state {
        PromiseState::Kept => ("kept".to_owned(), "high"),
        PromiseState::Late => (late(p, zone), "low"),
        PromiseState::Open => ("still open".to_owned(), ""),
        PromiseState::Overdue => {
            let seconds = (now.0 - p.deadline.0).max(0) / 1_000_000;
            (format!("never done, overdue by {}", format::duration_in_words(seconds)), "low")
        }
    };
    Word { words: format!("promised {} by {due}: {state}", p.kind), mood }
}

fn kept(p: &PromiseOutcome, zone: Option<&Zone>) -> Word {
    match p.state {
        PromiseState::Late => Word { words: format!("{} promise: {}", p.kind, late(p, zone)), mood: "low" },
        _ => Word { words: format!("{} promise kept", p.kind), mood: "high" },
    }
}

/// A promised day is missed by days of the calendar, a promised moment by what has passed since.
fn late(p: &PromiseOutcome, zone: Option<&Zone>) -> String {
    let seconds = match (p.precision, p.kept_at) {
        (Precision::Day, Some(at)) => format::days_between(p.due, at, zone) * 86_400,
        _ => p.late_by_seconds.unwrap_or(0),
    };
    format!("{} late", format::duration_in_words(seconds))
}

/// The customer in two sentences.
pub(crate) fn summary(profile: &CustomerProfile, zone: Option<&Zone>) -> String {
    let row = &profile.row;
    // Who was only told about has a name and no story yet.
    if row.last_seen.0 == 0 {
        return format!("Known since {}, and not seen yet.", format::day(row.first_seen, zone));
    }
    let mut text = format!(
        "With you since {}; {}, the last on {}.",
        format::day(row.first_seen, zone),
        format::counted(row.interactions, "interaction", "interactions"),
        format::day(row.last_seen, zone)
    );
    if let Some(score) = &row.last_score {
        text.push_str(&format!(" The last answer was {}.", format::score(score)));
    }
    text
}
