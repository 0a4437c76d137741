//! The live map as it is drawn: stages across, lanes down.

use super::compare::{Change, Changes, What};
use super::curve::{Curve, Felt};
use super::findings_view::Card;
use crate::figures::reading_name;
use crate::format;
use std::collections::HashMap;
use throughline_interactions::{Actor, Direction, Interaction, Zone};
use throughline_journeys::{Definition, Map, PromiseFigures, PromiseReading, ReadingFigures, StageFigures};
use throughline_value::Estimate;

/// What customers said, by stage.
#[derive(Default)]
pub(crate) struct Voices(HashMap<String, Vec<Voice>>);

/// Something that a customer said.
pub(crate) struct Voice {
    pub(crate) text: String,
    pub(crate) score: String,
    pub(crate) mood: &'static str,
}

impl Voices {
    /// Keeps two voices of a stage that say something.
    pub(crate) fn add(&mut self, stage: &str, said: &[Interaction]) {
        let by_customers = said.iter().filter(|i| i.direction == Direction::In && i.actor == Actor::Human);
        let voices = by_customers.filter_map(voice);
        self.0.insert(stage.to_owned(), voices.take(2).collect());
    }
}

/// What a customer said, if it says something.
pub(crate) fn voice(i: &Interaction) -> Option<Voice> {
    let text = i.text.as_deref()?.trim();
    let score = i.score.as_ref();
    (text.chars().count() > 3).then(|| Voice {
        text: shorten(text, 120),
        score: score.map(format::score).unwrap_or_default(),
        mood: score.map_or("", |s| super::customers::mood((s.value - s.min) / (s.max - s.min))),
    })
}

fn shorten(text: &str, most: usize) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", plain[..at].trim_end()),
        None => plain,
    }
}

/// A figure that opens.
pub(crate) struct Opens {
    pub(crate) words: String,
    pub(crate) href: String,
}

/// The whole map.
pub(crate) struct MapView {
    pub(crate) name: String,
    pub(crate) sub: String,
    pub(crate) totals: Vec<Opens>,
    pub(crate) stages: Vec<StageView>,
    pub(crate) window: String,
}

/// One stage.
pub(crate) struct StageView {
    pub(crate) name: String,
    pub(crate) pins: Vec<usize>,
    pub(crate) hurts: bool,
    /// The events that would fill it, where none of them has arrived.
    pub(crate) missing: Option<String>,
    pub(crate) reached: Opens,
    pub(crate) customers: String,
    pub(crate) lost: Option<(Opens, String)>,
    pub(crate) waiting: Option<Opens>,
    /// Percent of those that started, for the bar.
    pub(crate) share: String,
    pub(crate) share_words: String,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) time: Option<Time>,
    pub(crate) curve: Option<Felt>,
    pub(crate) expected: Option<[f64; 3]>,
    /// The address of what stands behind it.
    pub(crate) behind: String,
    /// How many met something in the way, of those who reached it; and what.
    pub(crate) friction: Option<Friction>,
    pub(crate) changes: StageChanges,
    pub(crate) answers: Option<Opens>,
    pub(crate) unhappy: Option<Opens>,
    pub(crate) promises: Vec<PromiseView>,
    pub(crate) voices: Vec<Voice>,
    pub(crate) money: String,
}

impl StageView {
    /// Where those who answered are listed; empty if nobody did.
    pub(crate) fn answered_href(&self) -> &str {
        self.answers.as_ref().map_or("", |a| a.href.as_str())
    }
}

/// What stood in the way.
pub(crate) struct Friction {
    pub(crate) met: Opens,
    /// The interval of the share.
    pub(crate) interval: String,
    /// Events with how often, most first.
    pub(crate) events: Vec<(String, String)>,
}

/// What differs from the other side.
pub(crate) struct StageChanges {
    pub(crate) reached: Option<Change>,
    pub(crate) lost: Option<Change>,
    pub(crate) time: Option<Change>,
    pub(crate) friction: Option<Change>,
    pub(crate) felt: Option<Change>,
    pub(crate) kept: Option<Change>,
}

/// Contacts of one event on one channel.
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) channel: String,
    pub(crate) rows: String,
    pub(crate) width: String,
}

/// How long it takes to get here from the stage before.
pub(crate) struct Time {
    pub(crate) median: String,
    pub(crate) p90: String,
    pub(crate) hover: String,
    pub(crate) expected: String,
    pub(crate) too_slow: bool,
}

/// A promise under both readings.
pub(crate) struct PromiseView {
    pub(crate) kind: String,
    pub(crate) readings: Vec<ReadingView>,
    pub(crate) broken: Option<Opens>,
    pub(crate) never: Option<Opens>,
}

/// One reading.
pub(crate) struct ReadingView {
    pub(crate) share: String,
    pub(crate) interval: String,
    pub(crate) words: &'static str,
    pub(crate) shown: bool,
    pub(crate) hurts: bool,
}

/// Where the figures of a map lead.
pub(crate) struct Addresses<'a> {
    /// To the people of a figure.
    pub(crate) people: &'a dyn Fn(&str) -> String,
    /// To what stands behind a stage.
    pub(crate) stage: &'a dyn Fn(&str) -> String,
}

/// A share of promises kept below this is said to hurt.
const KEPT_WELL: f64 = 0.95;

impl MapView {
    pub(crate) fn new(
        map: &Map,
        definition: &Definition,
        mut voices: Voices,
        cards: &[Card],
        changes: &Changes,
        zone: Option<&Zone>,
        to: &Addresses<'_>,
    ) -> Self {
        let people = to.people;
        let unit = definition.subject.as_deref().unwrap_or("journey");
        let things = |n: u64| format::counted(n, unit, &format!("{unit}s"));
        let curve = Curve::new(map, definition);
        let stages = map.stages.iter().enumerate().map(|(s, stage)| {
            let figure = |name: &str| people(&format!("{name}.{}", stage.key));
            let pins: Vec<usize> = cards.iter().filter(|c| c.stage == stage.key).map(|c| c.number).collect();
            let whole = map.started.instances.max(1) as f64;
            let share = stage.reached.instances as f64 / whole;
            let missing = (!stage.measured && !definition.stages[s].next_instance).then(|| {
                let events: Vec<String> = definition.stages[s].events.iter().map(|e| format!("“{e}”")).collect();
                events.join(" or ")
            });
            StageView {
                behind: (to.stage)(&stage.key),
                friction: friction(stage, &figure("friction")),
                changes: StageChanges {
                    reached: changes.at(s, What::Reached),
                    lost: changes.at(s, What::Lost),
                    time: changes.at(s, What::Time),
                    friction: changes.at(s, What::Friction),
                    felt: changes.at(s, What::Felt),
                    kept: changes.at(s, What::Kept),
                },
                missing,
                name: stage.name.clone(),
                hurts: !pins.is_empty(),
                pins,
                reached: Opens { words: things(stage.reached.instances), href: figure("reached") },
                customers: format::counted(stage.reached.customers, "customer", "customers"),
                lost: stage.drop_off.filter(|_| stage.lost.instances > 0).map(|e| {
                    let words = format!("{} lost here", format::percent(e.value));
                    (Opens { words, href: figure("lost") }, format::percent_interval(&e))
                }),
                waiting: (stage.waiting.instances > 0).then(|| Opens {
                    words: format!("{} still on the way", format::count(stage.waiting.instances)),
                    href: figure("waiting"),
                }),
                share: format!("{:.1}", (share * 100.0).min(100.0)),
                share_words: format!("{} of all {unit}s", format::percent(share)),
                contacts: contacts(stage),
                time: time(stage),
                curve: curve.at(s),
                expected: curve.expected_at(s),
                answers: (stage.answered.instances > 0).then(|| Opens {
                    words: format!("{} answered", format::count(stage.answered.instances)),
                    href: figure("answered"),
                }),
                unhappy: (stage.dissatisfied.instances > 0).then(|| Opens {
                    words: format!("{} unhappy", format::count(stage.dissatisfied.instances)),
                    href: figure("dissatisfied"),
                }),
                promises: promises(map, definition, s, people),
                voices: voices.0.remove(&stage.key).unwrap_or_default(),
                money: money(stage),
            }
        });
        Self {
            name: map.name.clone(),
            sub: sub(map, definition, cards, unit),
            totals: [
                ("started", map.started.instances, "started"),
                ("finished", map.finished.instances, "finished"),
                ("lost", map.dropped.instances, "dropped"),
                ("still on the way", map.waiting.instances, "waiting"),
                ("answered", map.answered.instances, "answered"),
                ("unhappy", map.dissatisfied.instances, "dissatisfied"),
            ]
            .map(|(words, n, figure)| Opens { words: format!("{} {words}", format::count(n)), href: people(figure) })
            .into(),
            stages: stages.collect(),
            window: match (map.from, map.until) {
                (Some(from), Some(until)) => format!("{} – {}.", format::day(from, zone), format::day(until, zone)),
                _ => format!("All {unit}s until {}.", format::day(map.data_until, zone)),
            },
        }
    }
}

fn sub(map: &Map, definition: &Definition, cards: &[Card], unit: &str) -> String {
    let mut text = format!(
        "{} of {}.",
        format::counted(map.started.instances, unit, &format!("{unit}s")),
        format::counted(map.started.customers, "customer", "customers")
    );
    let stage = cards.first().and_then(|c| definition.stages.iter().find(|s| s.key == c.stage));
    if let Some(stage) = stage {
        let name = if stage.name.is_empty() { &stage.key } else { &stage.name };
        text.push_str(&format!(" It hurts most at {name}."));
    }
    text
}

/// So many kinds of what stood in the way are named.
const HINDRANCES: usize = 3;

fn friction(stage: &StageFigures, href: &str) -> Option<Friction> {
    let share = throughline_value::interval::wilson(stage.friction.instances, stage.reached.instances)?;
    (stage.friction.instances > 0).then(|| Friction {
        met: Opens { words: format!("{} met something", format::percent(share.value)), href: href.to_owned() },
        interval: format::percent_interval(&share),
        events: stage.hindrances.iter().take(HINDRANCES).map(|h| (h.event.clone(), format::count(h.rows))).collect(),
    })
}

fn contacts(stage: &StageFigures) -> Vec<Contact> {
    let most = stage.volumes.first().map_or(1, |v| v.rows.max(1)) as f64;
    let contact = |v: &throughline_journeys::Volume| Contact {
        name: v.event.clone(),
        channel: v.channel.clone(),
        rows: format::count(v.rows),
        width: format!("{:.1}", v.rows as f64 / most * 100.0),
    };
    stage.volumes.iter().take(4).map(contact).collect()
}

fn time(stage: &StageFigures) -> Option<Time> {
    let (median, p90) = (stage.from_previous_median?, stage.from_previous_p90?);
    let bounds = |low: Option<u32>, high: Option<u32>| match (low, high) {
        (Some(l), Some(h)) => format!("{} to {}", format::duration(l.into()), format::duration(h.into())),
        _ => "too few to say".to_owned(),
    };
    Some(Time {
        median: format::duration(median.value),
        p90: format::duration(p90.value),
        hover: format!(
            "From the stage before. Median: {}; nine of ten: {} (95 % intervals); n = {}.",
            bounds(median.low, median.high),
            bounds(p90.low, p90.high),
            format::count(median.n)
        ),
        expected: stage.expected_seconds.map(|s| format::duration(s.into())).unwrap_or_default(),
        too_slow: stage.expected_seconds.is_some_and(|s| median.value > f64::from(s)),
    })
}

/// Promises that this stage keeps.
fn promises(map: &Map, definition: &Definition, s: usize, people: &dyn Fn(&str) -> String) -> Vec<PromiseView> {
    let events = &definition.stages[s].events;
    let kept_here = |kind: &str| {
        let rule = definition.promises.iter().find(|p| p.kind == kind);
        rule.is_some_and(|p| p.kept_by.iter().any(|e| events.contains(e)))
    };
    map.promises.iter().filter(|p| kept_here(&p.kind)).filter_map(|p| promise(p, people)).collect()
}

fn promise(p: &PromiseFigures, people: &dyn Fn(&str) -> String) -> Option<PromiseView> {
    let of = |reading: PromiseReading| p.readings.iter().find(|r| r.reading == reading);
    let (day, instant, shown) = (of(PromiseReading::Day)?, of(PromiseReading::Instant)?, of(p.shown)?);
    if shown.promised.instances == 0 {
        return None;
    }
    // As declared is one of the two, or a mixture that stands by itself.
    let same = |r: &ReadingFigures| r.kept == shown.kept && r.broken == shown.broken;
    let mut readings: Vec<ReadingView> = Vec::new();
    if !same(day) && !same(instant) {
        readings.extend(reading(shown, "as it was promised", true));
    }
    readings.extend(reading(day, "by the end of the day", same(day)));
    readings.extend(reading(instant, "by the exact moment", same(instant) && !same(day)));
    let figure = |fate: &str| people(&format!("promise.{}.{}.{fate}", p.kind, reading_name(p.shown)));
    Some(PromiseView {
        kind: super::frame::sentence(&p.kind),
        readings,
        broken: (shown.broken.instances > 0).then(|| Opens {
            words: format!("{} came late", format::count(shown.broken.instances)),
            href: figure("broken"),
        }),
        never: (shown.not_delivered.instances > 0).then(|| Opens {
            words: format!("{} never came", format::count(shown.not_delivered.instances)),
            href: figure("not-delivered"),
        }),
    })
}

fn reading(r: &ReadingFigures, words: &'static str, shown: bool) -> Option<ReadingView> {
    let broken = r.broken_share?;
    let kept = Estimate { value: 1.0 - broken.value, low: 1.0 - broken.high, high: 1.0 - broken.low, n: broken.n };
    Some(ReadingView {
        share: format::percent(kept.value),
        interval: format::percent_interval(&kept),
        words,
        shown,
        hurts: kept.high < KEPT_WELL,
    })
}

fn money(stage: &StageFigures) -> String {
    use throughline_interactions::{Currency, Money};
    use throughline_journeys::MoneyFigure;
    match &stage.money {
        Some(MoneyFigure::Sum { minor, currency, .. }) => match Currency::new(currency) {
            // Cents say nothing in a sum.
            Ok(currency) => {
                let unit = 10_i64.pow(currency.decimals());
                format::money(&Money { minor: minor / unit * unit, currency })
            }
            Err(_) => String::new(),
        },
        Some(MoneyFigure::Refused { currencies }) => format!("{}: not added up", currencies.join(", ")),
        None => String::new(),
    }
}

/// The words above the people of a figure.
pub(crate) fn words_of(definition: &Definition, name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let stage = |key: &str| {
        let found = definition.stages.iter().find(|s| s.key == key);
        found.map(|s| if s.name.is_empty() { s.key.clone() } else { s.name.clone() }).unwrap_or_else(|| key.to_owned())
    };
    match parts[..] {
        ["started"] => "Started".to_owned(),
        ["finished"] => "Finished".to_owned(),
        ["dropped"] => "Lost".to_owned(),
        ["waiting"] => "Still on the way".to_owned(),
        ["answered"] => "Answered".to_owned(),
        ["dissatisfied"] => "Unhappy".to_owned(),
        ["reached", s] => format!("Reached {}", stage(s)),
        ["continued", s] => format!("Went on from {}", stage(s)),
        ["lost", s] => format!("Lost at {}", stage(s)),
        ["waiting", s] => format!("Still on the way at {}", stage(s)),
        ["finished", s] => format!("Finished at {}", stage(s)),
        ["skipped", s] => format!("Went past {}", stage(s)),
        ["answered", s] => format!("Answered at {}", stage(s)),
        ["dissatisfied", s] => format!("Unhappy at {}", stage(s)),
        ["friction", s] => format!("Something stood in the way at {}", stage(s)),
        ["promise", kind, _, "broken"] => format!("Promised {kind} came late"),
        ["promise", kind, _, "not-delivered"] => format!("Promised {kind} never came"),
        ["promise", kind, _, "kept"] => format!("Promised {kind} kept"),
        ["promise", kind, _, "open"] => format!("Promised {kind} still open"),
        ["promise", kind, ..] => format!("Promised {kind}"),
        ["week", _, _, "started"] => "Started in that week".to_owned(),
        ["week", _, _, "unfinished", days] => format!("Not finished within {days} days"),
        ["week", _, _, "stopped", s, days] => format!("Did not go on from {} within {days} days", stage(s)),
        ["week", _, _, "slow", s, _] => format!("Later at {} than usual", stage(s)),
        ["week", _, _, "broken", kind] => format!("Promised {kind} not kept"),
        ["week", _, _, "unhappy"] => "Unhappy in that week".to_owned(),
        _ => "People".to_owned(),
    }
}
