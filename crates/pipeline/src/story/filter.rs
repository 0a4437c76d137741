//! Which part of a story is looked at: a kind, a channel, a time, a figure, words.

use super::figure::CustomerFigure;
use super::groups::{Group, GroupKind};
use super::moments::{Bond, By, Moments};
use super::promises::Fate;
use throughline_interactions::{Interaction, Timestamp};

/// A kind of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoryKind {
    /// Orders, with everything that is about them.
    Orders,
    /// Visits to the web and the app.
    Visits,
    /// Turning to the help desk, complaints, and what the help desk did.
    Service,
    /// Answers on a scale, and what people wrote elsewhere than to the help desk.
    Feedback,
    /// Promises, and what settled them.
    Promises,
}

impl StoryKind {
    /// All of them, in the order of a page.
    pub const ALL: [Self; 5] = [Self::Orders, Self::Visits, Self::Service, Self::Feedback, Self::Promises];

    /// The name in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Visits => "visits",
            Self::Service => "service",
            Self::Feedback => "feedback",
            Self::Promises => "promises",
        }
    }

    /// By its name in addresses.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.key() == key)
    }
}

/// Which part of a story; all of it by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoryFilter {
    /// Only this kind.
    pub kind: Option<StoryKind>,
    /// Only on this channel.
    pub channel: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only what says all of these words: in its event, text, references or properties.
    pub words: String,
    /// Only what a figure of the profile was counted from.
    pub figure: Option<CustomerFigure>,
    /// Only the group that this interaction is of.
    pub group: Option<u64>,
    /// Only this interaction.
    pub only: Option<u64>,
}

impl StoryFilter {
    /// True where all of the story is looked at.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// By group: its places that are asked for by kind, channel and time.
pub(crate) fn asked(m: &Moments, groups: &[Group], fates: &[Fate], filter: &StoryFilter) -> Vec<Vec<u32>> {
    let channel = filter.channel.as_ref().map(|name| m.channels.iter().position(|c| **c == **name));
    let mut of_kind: Vec<bool> = Vec::new();
    if let Some(kind @ (StoryKind::Service | StoryKind::Feedback | StoryKind::Promises)) = filter.kind {
        of_kind = vec![false; m.all.len()];
        mark(m, fates, kind, &mut of_kind);
    }
    let only = |place: u32| {
        let moment = &m.all[place as usize];
        filter.from.is_none_or(|from| moment.at >= from.0)
            && filter.until.is_none_or(|until| moment.at < until.0)
            && channel.is_none_or(|c| c == Some(moment.channel as usize))
            && of_kind.get(place as usize).copied().unwrap_or(true)
            && filter.only.is_none_or(|position| moment.position == position)
    };
    let is_asked = |g: &Group| match filter.kind {
        Some(StoryKind::Orders) => g.kind == GroupKind::Order,
        Some(StoryKind::Visits) => g.kind == GroupKind::Visit,
        _ => true,
    };
    let group = filter.group.map(|position| m.place_of(position));
    let has = |g: &Group| group.is_none_or(|place| place.is_some_and(|p| g.rows.binary_search(&p).is_ok()));
    let places = |g: &Group| match is_asked(g) && has(g) {
        true => g.rows.iter().copied().filter(|p| only(*p)).collect(),
        false => Vec::new(),
    };
    groups.iter().map(places).collect()
}

fn mark(m: &Moments, fates: &[Fate], kind: StoryKind, of_kind: &mut [bool]) {
    let is_service = |place: u32| {
        let meaning = m.meaning(place);
        let staff = m.all[place as usize].by == By::Staff;
        m.bound(place, Bond::Service).next().is_some() || meaning.complaint || meaning.help || staff
    };
    match kind {
        StoryKind::Service => (0..m.all.len()).for_each(|p| of_kind[p] = is_service(p as u32)),
        StoryKind::Feedback => {
            let wrote = |p: u32| m.all[p as usize].has_text && m.is_own(p) && !is_service(p);
            (0..m.all.len()).for_each(|p| of_kind[p] = wrote(p as u32));
            m.scores.iter().for_each(|s| of_kind[s.place as usize] = true);
        }
        StoryKind::Promises => {
            for fate in fates {
                of_kind[fate.made as usize] = true;
                fate.settled.into_iter().for_each(|p| of_kind[p as usize] = true);
            }
        }
        StoryKind::Orders | StoryKind::Visits => of_kind.fill(true),
    }
}

/// Words that are looked for; all of them have to be in one interaction.
pub(crate) struct Sought(Vec<String>);

impl Sought {
    /// `None` for nothing to look for.
    pub(crate) fn new(words: &str) -> Option<Self> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// Whether an interaction says all of them.
    pub(crate) fn is_in(&self, fact: &Interaction) -> bool {
        let mut said = String::new();
        let mut say = |text: &str| {
            said.push_str(text);
            said.push('\n');
        };
        [&*fact.event, &*fact.channel, &*fact.touchpoint].into_iter().for_each(&mut say);
        fact.text.iter().for_each(|t| say(t));
        fact.refs.iter().for_each(|r| say(&r.value));
        for (name, value) in &fact.properties {
            say(name);
            match value {
                serde_json::Value::String(text) => say(text),
                other => say(&other.to_string()),
            }
        }
        let said = said.to_lowercase();
        self.0.iter().all(|word| said.contains(word))
    }
}
