//! A customer in plain sentences, made from templates: nothing in them that the profile does not say.

use crate::format;
use throughline_interactions::{Precision, Timestamp, Zone};
use throughline_pipeline::{Profile, PromiseState, StageState};

/// So many days without a sign are worth a word.
const AWAY: i64 = 14;
/// Characters of what somebody said that are quoted.
const QUOTED: usize = 120;

/// The sentences; at least one.
pub(crate) fn summary(p: &Profile, zone: Option<&Zone>, now: Timestamp) -> Vec<String> {
    let c = &p.computed;
    let Some(first) = &c.first_seen else {
        return vec![format!("Known since {}, and not seen yet.", format::day(p.customer.first_seen, zone))];
    };
    let mut said = vec![who(p, &format::day(first.at, zone))];
    said.extend(c.stage.as_ref().map(|s| {
        let at = format::day(s.since, zone);
        let (what, name) = (&s.journey_name, &s.name);
        match s.state {
            StageState::Finished => format!("The latest “{what}” went through: “{name}” on {at}."),
            StageState::Lost => format!("The latest “{what}” ended at “{name}”, reached on {at}."),
            StageState::Waiting => format!("The latest “{what}” stands at “{name}” since {at}."),
        }
    }));
    said.extend(promise(p, zone));
    if c.contacts.n > 0 {
        said.push(format!("Turned to the help desk {}.", times(c.contacts.n)));
    }
    said.extend(felt(p, zone, now));
    let last = c.last_did.as_ref().map(|did| format::days_between(did.at, now, zone));
    said.extend(last.map(|days| match days {
        ..=0 => "Last seen today.".to_owned(),
        1 => "Last seen yesterday.".to_owned(),
        days if days < AWAY => format!("Last seen {days} days ago."),
        days => format!("Has not been seen for {days} days."),
    }));
    said
}

fn who(p: &Profile, since: &str) -> String {
    let c = &p.computed;
    let interactions = format::counted(c.interactions, "interaction", "interactions");
    let Some(orders) = &c.orders else { return format!("Known since {since}; {interactions}.") };
    if orders.n == 0 {
        return format!("Known since {since}; {interactions}, no order yet.");
    }
    let sums: Vec<String> =
        c.spend.iter().filter(|s| s.orders > 0).map(|s| format::minor(s.minor, &s.currency)).collect();
    let worth = if sums.is_empty() { String::new() } else { format!(" for {}", listed(&sums)) };
    let back = match c.returns.as_ref().map_or(0, |r| r.n) {
        0 => String::new(),
        1 if orders.n == 1 => ", of which something came back".to_owned(),
        n => format!(", {} of them with something that came back", format::count(n)),
    };
    let orders = format::counted(orders.n, "order", "orders");
    format!("Customer since {since}; {orders}{worth}{back}; {interactions}.")
}

/// `a`, `a and b`, `a, b and c`.
fn listed(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", format::count(n)),
    }
}

/// How late something came, or has been until now: by days of the calendar where a day was promised.
pub(crate) fn late(p: &throughline_pipeline::PromiseOutcome, zone: Option<&Zone>) -> String {
    let seconds = match (p.precision, p.kept_at) {
        (Precision::Day, Some(at)) => format::days_between(p.due, at, zone) * 86_400,
        _ => p.late_by_seconds.unwrap_or(0),
    };
    format::duration_in_words(seconds)
}

fn promise(p: &Profile, zone: Option<&Zone>) -> Option<String> {
    let last = p.computed.last_promise.as_ref()?;
    let kind = &last.kind;
    Some(match last.state {
        PromiseState::Kept => format!("The last {kind} came as promised."),
        PromiseState::Late => format!("The last {kind} came {} late.", late(last, zone)),
        PromiseState::Overdue => format!("The promised {kind} is overdue by {}.", late(last, zone)),
        PromiseState::Open => return None,
    })
}

/// How long ago: exact where it is lately.
fn ago(at: Timestamp, zone: Option<&Zone>, now: Timestamp) -> String {
    match format::days_between(at, now, zone) {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days if days < AWAY => format!("{days} days ago"),
        _ => format!("on {}", format::day(at, zone)),
    }
}

/// What they said last, in words and on a scale; once where both were one.
fn felt(p: &Profile, zone: Option<&Zone>, now: Timestamp) -> Vec<String> {
    let c = &p.computed;
    let answer = c.satisfaction.as_ref();
    let words = c.last_words.as_ref();
    let mut said = Vec::new();
    if let Some(a) = answer {
        let on_scale = format!("{} of {}", format::plain(a.said.value), format::plain(a.said.max));
        let when = ago(a.seen.at, zone, now);
        let asked = crate::console::sentence(format::asked(&a.said.kind));
        let and = match words.filter(|w| w.seen.position == a.seen.position) {
            Some(w) => format!(", and said {}", quoted(&w.text)),
            None => String::new(),
        };
        said.push(format!("{asked} {on_scale} {when} ({}){and}.", a.feeling.words));
    }
    if let Some(w) = words.filter(|w| answer.is_none_or(|a| a.seen.position != w.seen.position)) {
        said.push(format!("Said {} {}.", quoted(&w.text), ago(w.seen.at, zone, now)));
    }
    said
}

/// The beginning of a text in quotes, kept apart from the direction in which the sentence runs.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (short, more) = match line.char_indices().nth(QUOTED) {
        Some((at, _)) => (line[..at].trim_end(), " …"),
        None => (line.trim_end_matches('.'), ""),
    };
    format!("“\u{2068}{short}{more}\u{2069}”")
}
