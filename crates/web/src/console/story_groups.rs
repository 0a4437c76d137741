//! The story as its page shows it: groups in a sentence each, what is in them behind it, silences and joined
//! identities between them.

use super::frame::sentence;
use super::story_view::{Item, Word, clip, entries, kept, promised, shorten};
use crate::format;
use crate::story_asked::AskedStory;
use throughline_interactions::{Identifier, Interaction, Zone};
use throughline_pipeline::{
    Feeling, GroupKind, Joined, PromiseState, Step, StoryEntry, StoryGroup, StoryPage, VisitSum, What,
};

/// What stands on the column of time.
pub(crate) enum Shown {
    /// A silence, in words.
    Gap(String),
    /// Identifiers became one person.
    Joined(JoinedView),
    /// Interactions that belong together.
    Group(Box<GroupView>),
}

/// Identifiers that became one person.
pub(crate) struct JoinedView {
    pub(crate) day: String,
    pub(crate) time: String,
    pub(crate) title: String,
    /// Kinds and values.
    pub(crate) identifiers: Vec<(String, String)>,
}

/// A group in words.
pub(crate) struct GroupView {
    pub(crate) day: String,
    /// The time of the day, or how far it reaches.
    pub(crate) time: String,
    pub(crate) title: String,
    pub(crate) amount: String,
    /// What it came to.
    pub(crate) line: String,
    pub(crate) feeling: &'static str,
    pub(crate) mood: &'static str,
    pub(crate) promises: Vec<Word>,
    pub(crate) quotes: Vec<String>,
    /// The order that a visit led to.
    pub(crate) led_to: Option<String>,
    pub(crate) items: Vec<Item>,
    /// It is one interaction and stands for itself.
    pub(crate) is_single: bool,
    pub(crate) is_open: bool,
    pub(crate) count: String,
    /// Where all of it stands, and in words how much more that is.
    pub(crate) more: Option<(String, String)>,
}

/// Quotes of a group that stand outside.
const QUOTES: usize = 2;
/// Characters of such a quote.
const QUOTE: usize = 280;
/// Steps that are named.
const STEPS: usize = 8;

/// The items of a page.
pub(crate) fn shown(
    page: &StoryPage,
    asked: &AskedStory,
    path: &str,
    to: impl Fn(&str) -> String,
    zone: Option<&Zone>,
) -> Vec<Shown> {
    let whole = AskedStory { newest: asked.newest, ..AskedStory::default() };
    let mut items = Vec::with_capacity(page.items.len());
    let mut before = String::new();
    for item in &page.items {
        items.extend(item.silence_seconds.and_then(format::silence).map(Shown::Gap));
        match &item.what {
            What::Joined(j) => {
                let view = joined(j, zone);
                let day = std::mem::replace(&mut before, view.day.clone());
                let day = if day == view.day { String::new() } else { view.day.clone() };
                items.push(Shown::Joined(JoinedView { day, ..view }));
            }
            What::Group(g) => {
                let mut view = group(g, asked, &|name, value| to(&whole.with(path, &[(name, value)])), zone);
                if view.day == before {
                    view.day.clear();
                } else {
                    before.clone_from(&view.day);
                }
                items.push(Shown::Group(Box::new(view)));
            }
        }
    }
    items
}

fn joined(j: &Joined, zone: Option<&Zone>) -> JoinedView {
    let named = |i: &Identifier| (format::name(&i.kind).to_lowercase(), clip(&i.value).to_owned());
    JoinedView {
        day: format::day(j.at, zone),
        time: format::clock_time(j.at, zone),
        title: match j.identifiers.len() {
            2 => "Two identifiers became one person".to_owned(),
            n => format!("{n} identifiers became one person"),
        },
        identifiers: j.identifiers.iter().map(named).collect(),
    }
}

fn group(g: &StoryGroup, asked: &AskedStory, to: &dyn Fn(&str, &str) -> String, zone: Option<&Zone>) -> GroupView {
    let newest_first = asked.newest == 1;
    let (first, last) = (format::day(g.from, zone), format::day(g.until, zone));
    let anchor = if newest_first { g.until } else { g.from };
    let time = match (first == last, newest_first) {
        (true, _) => format::clock_time(anchor, zone),
        (false, false) => format!("to {}", format::short_day(g.until, zone)),
        (false, true) => format!("from {}", format::short_day(g.from, zone)),
    };
    let is_single = g.size == 1;
    let key = g.key.to_string();
    let is_target = |e: &StoryEntry| asked.at.trim() == e.position.to_string();
    let is_open = !asked.is_all() || g.entries.iter().any(is_target);
    let mut in_order: Vec<&StoryEntry> = g.entries.iter().collect();
    in_order.sort_by_key(|e| e.interaction.occurred_at);
    let hidden = g.size - g.entries.len();
    // Where one group is all that is shown, its pages show the rest.
    let is_alone = !asked.group.is_empty() || !asked.only.is_empty();
    let more = (hidden > 0 && !is_alone).then(|| {
        let left = format::counted(hidden as u64, "more interaction", "more interactions");
        (to("group", &key), format!("{left} of {}", of_kind(g.kind)))
    });
    GroupView {
        day: if newest_first { last } else { first },
        time,
        title: title(g, &in_order),
        amount: amount(g, &in_order),
        line: match &g.visit {
            Some(visit) => looked(visit),
            None if is_single => String::new(),
            None => steps(&g.steps, zone),
        },
        feeling: g.felt.map_or("", |f| f.words),
        mood: mood(g),
        // What stands open says it itself.
        promises: if is_open { Vec::new() } else { promises(g, zone) },
        quotes: if is_open { Vec::new() } else { quotes(&in_order) },
        led_to: g.visit.as_ref().and_then(|v| v.orders.first()).map(|order| {
            let order = order.to_string();
            format!("{}#i{order}", to("at", &order))
        }),
        items: entries(&g.entries, newest_first, zone),
        is_single,
        is_open,
        count: match g.asked == g.size {
            true => format::counted(g.size as u64, "interaction", "interactions"),
            false => format!(
                "{} of {}",
                format::count(g.asked as u64),
                format::counted(g.size as u64, "interaction", "interactions")
            ),
        },
        more,
    }
}

fn of_kind(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Order => "this order",
        GroupKind::Visit => "this visit",
        GroupKind::Service | GroupKind::Affair | GroupKind::Single => "this",
    }
}

/// What the first of these references is about: `Order 4711`.
fn about(in_order: &[&StoryEntry], kinds: &[&str]) -> Option<String> {
    let refs = |i: &'_ Interaction| {
        let found = kinds.iter().find_map(|kind| i.refs.iter().find(|r| r.kind == *kind));
        found.map(|r| sentence(&format!("{} {}", format::name(&r.kind).to_lowercase(), clip(&r.value))))
    };
    in_order.iter().find_map(|e| refs(&e.interaction))
}

fn title(g: &StoryGroup, in_order: &[&StoryEntry]) -> String {
    match g.kind {
        GroupKind::Order => about(in_order, &["order"]).unwrap_or_else(|| "Order".to_owned()),
        GroupKind::Service => {
            about(in_order, &["ticket", "case", "conversation", "call"]).unwrap_or_else(|| "Help desk".to_owned())
        }
        GroupKind::Affair => {
            let kinds =
                ["return", "subscription", "invoice", "payment", "parcel", "shipment", "review", "survey_response"];
            about(in_order, &kinds).unwrap_or_else(|| "Another matter".to_owned())
        }
        GroupKind::Visit if g.visit.as_ref().is_some_and(|v| v.is_uncounted) => "A machine’s visit".to_owned(),
        GroupKind::Visit => "Visit".to_owned(),
        GroupKind::Single => String::new(),
    }
}

/// What an order began with.
fn amount(g: &StoryGroup, in_order: &[&StoryEntry]) -> String {
    let is_order = g.kind == GroupKind::Order && g.asked == g.size;
    let money = in_order.iter().filter(|_| is_order).find_map(|e| e.interaction.money.filter(|m| m.minor > 0));
    money.as_ref().map(format::money).unwrap_or_default()
}

/// What a visit came to: `looked at 5 pages and 3 products, searched once, 12 minutes`.
fn looked(v: &VisitSum) -> String {
    let mut said = Vec::new();
    let pages = format::counted(v.pages, "page", "pages");
    match (v.pages, v.products) {
        (0, 0) => {}
        (_, 0) => said.push(format!("looked at {pages}")),
        (0, n) => said.push(format!("looked at {}", format::counted(n, "product", "products"))),
        (_, n) => said.push(format!("looked at {pages}, {}", format::counted(n, "product", "products"))),
    }
    match v.searches {
        0 => {}
        1 => said.push("searched once".to_owned()),
        n => said.push(format!("searched {} times", format::count(n))),
    }
    if v.seconds >= 60 {
        said.push(format::duration_in_words(v.seconds));
    }
    said.join(", ")
}

/// What happened, with the days: `Order Completed 3 Mar → Order Shipped 5 Mar`.
fn steps(steps: &[Step], zone: Option<&Zone>) -> String {
    let mut day = String::new();
    let step = |s: &Step| {
        let on = format::short_day(s.at, zone);
        let when = if on == day { String::new() } else { format!(" {on}") };
        day = on;
        let times = if s.times > 1 { format!(" ({}×)", format::count(s.times)) } else { String::new() };
        format!("{}{times}{when}", s.event)
    };
    let mut said: Vec<String> = steps.iter().take(STEPS).map(step).collect();
    if steps.len() > STEPS {
        said.push(format!("{} more", steps.len() - STEPS));
    }
    said.join(" → ")
}

/// The promises of a group and what became of them, each once.
fn promises(g: &StoryGroup, zone: Option<&Zone>) -> Vec<Word> {
    let made: Vec<Word> = g.entries.iter().filter_map(|e| e.promise.as_ref()).map(|p| promised(p, zone)).collect();
    if !made.is_empty() {
        return made;
    }
    g.entries.iter().flat_map(|e| &e.keeps).map(|p| kept(p, zone)).collect()
}

fn mood(g: &StoryGroup) -> &'static str {
    let broken = |e: &StoryEntry| {
        e.promise.as_ref().is_some_and(|p| p.state == PromiseState::Overdue)
            || e.keeps.iter().any(|p| p.state == PromiseState::Late)
    };
    match g.felt {
        Some(Feeling { score, .. }) if score < -0.4 => "low",
        Some(Feeling { score, .. }) if score > 0.4 => "high",
        Some(_) => "mid",
        None if g.entries.iter().any(broken) => "low",
        None => "",
    }
}

/// What the customer wrote, the last first.
fn quotes(in_order: &[&StoryEntry]) -> Vec<String> {
    use throughline_interactions::{Actor, Direction};
    let own = |i: &&Interaction| i.direction == Direction::In && i.actor == Actor::Human;
    let texts = in_order.iter().rev().map(|e| &e.interaction).filter(own).filter_map(|i| i.text.as_deref());
    let shown = |text: &str| {
        let short = shorten(text.trim(), QUOTE);
        if short.len() < text.trim().len() { format!("{short} …") } else { short.to_owned() }
    };
    texts.filter(|t| !t.trim().is_empty()).take(QUOTES).map(shown).collect()
}

/// Everything that one interaction says, as name and value: for its own page.
pub(crate) fn in_full(e: &StoryEntry, zone: Option<&Zone>) -> Vec<(String, String)> {
    let i = &e.interaction;
    let mut all = vec![
        ("Told by".to_owned(), i.source.as_str().to_owned()),
        ("Message".to_owned(), i.message_id.clone()),
        ("Happened".to_owned(), format::minute(i.occurred_at, zone)),
        ("Arrived".to_owned(), format::minute(i.received_at, zone)),
        ("In the ledger".to_owned(), format::count(e.position)),
    ];
    all.extend(i.text.clone().map(|text| ("In words".to_owned(), text)));
    all.extend(i.identifiers.iter().map(|id| (format::name(&id.kind), id.value.clone())));
    all.extend(i.refs.iter().map(|r| (format::name(&r.kind), r.value.clone())));
    all.extend(
        i.consent.iter().map(|(purpose, yes)| {
            (format!("Consent to {purpose}"), if *yes { "given" } else { "withdrawn" }.to_owned())
        }),
    );
    all.extend(i.properties.iter().map(|(name, value)| match value {
        serde_json::Value::String(text) => (format::name(name), text.clone()),
        other => (format::name(name), other.to_string()),
    }));
    all
}
