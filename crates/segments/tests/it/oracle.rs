//! Whether a rule holds, found out from the whole story each time, slowly.

use crate::worlds::{Customer, Plain};
use std::collections::BTreeMap;
use throughline_interactions::Timestamp;
use throughline_segments::{Ago, Bound, Hashes, Rule, SegmentId, Test, What, Which, Window};
use throughline_timeline::Row;

pub(crate) fn holds(rule: &Rule, c: &Customer, now: i64, others: &BTreeMap<SegmentId, Rule>) -> bool {
    match rule {
        Rule::All(of) => of.iter().filter(|r| !holds(r, c, now, others)).count() == 0,
        Rule::Any(of) => of.iter().filter(|r| holds(r, c, now, others)).count() > 0,
        Rule::Not(of) => !holds(of, c, now, others),
        Rule::Did(d) => {
            keeps(&d.times, c.rows.iter().filter(|r| is(&d.what, r) && when(&d.when, r, now)).count() as u64)
        }
        Rule::Sum(s) => {
            let worth = |r: &Row| r.money.filter(|m| m.currency == s.currency).map_or(0, |m| m.minor);
            keeps(&s.minor, c.rows.iter().filter(|r| is(&s.what, r) && when(&s.when, r, now)).map(worth).sum())
        }
        Rule::Last(l) => {
            let times = c.rows.iter().filter(|r| is(&l.what, r) && at(r) <= now).map(at);
            match (times.max(), l.ago) {
                (None, _) => false,
                (Some(t), Ago::AtLeast(span)) => now - t >= span.micros(),
                (Some(t), Ago::AtMost(span)) => now - t <= span.micros(),
            }
        }
        Rule::Sequence(s) => chains(&s.steps, &c.rows, 0).into_iter().any(|chain| {
            let (first, last) = (&c.rows[chain[0]], &c.rows[chain[chain.len() - 1]]);
            let in_time = s.within.is_none_or(|w| at(last) - at(first) <= w.micros());
            let not = s.then_not.as_ref().is_none_or(|n| {
                let end = at(last) + n.within.micros();
                let after = &c.rows[chain[chain.len() - 1] + 1..];
                now > end && !after.iter().any(|r| is(&n.what, r) && at(r) <= end)
            });
            in_time && when(&s.when, last, now) && not
        }),
        Rule::Score(s) => {
            let answers: Vec<f32> = c
                .rows
                .iter()
                .filter(|r| r.actor.is_counted() && when(&s.when, r, now))
                .filter_map(|r| r.score.as_ref().filter(|x| *x.kind == *s.kind).map(|x| x.value))
                .collect();
            let value = match s.which {
                Which::Last => answers.last().copied(),
                Which::Lowest => answers.iter().copied().reduce(f32::min),
                Which::Highest => answers.iter().copied().reduce(f32::max),
                Which::Average => (!answers.is_empty())
                    .then(|| (answers.iter().map(|a| f64::from(*a)).sum::<f64>() / answers.len() as f64) as f32),
            };
            value.is_some_and(|v| match s.value {
                Bound::AtLeast(b) => v >= b as f32,
                Bound::AtMost(b) => v <= b as f32,
                Bound::Exactly(b) => v == b as f32,
            })
        }
        Rule::Said(s) => c.rows.iter().any(|r| {
            let text = c.texts.get(&r.position).map(|t| format!(" {} ", words(t)));
            is(&s.what, r)
                && when(&s.when, r, now)
                && text.is_some_and(|t| s.words.iter().any(|w| t.contains(&format!(" {} ", words(w)))))
        }),
        Rule::Trait(t) => c.traits.get(&t.name).is_some_and(|v| {
            let v = v.to_lowercase();
            match &t.is {
                Test::Told => true,
                Test::OneOf(of) => of.iter().any(|o| o.to_lowercase() == v),
                Test::Contains(part) => v.contains(&part.to_lowercase()),
                Test::Begins(part) => v.starts_with(&part.to_lowercase()),
                Test::Number(b) => v.parse().is_ok_and(|n: f64| keeps(b, n)),
            }
        }),
        Rule::Allows(p) => c.allows.contains(p),
        Rule::Known(k) => c.kinds.contains(k),
        Rule::In(id) => others.get(id).is_some_and(|r| holds(r, c, now, others)),
    }
}

fn at(r: &Row) -> i64 {
    r.order.occurred_at.0
}

fn keeps<T: PartialOrd>(bound: &Bound<T>, value: T) -> bool {
    match bound {
        Bound::AtLeast(n) => value >= *n,
        Bound::AtMost(n) => value <= *n,
        Bound::Exactly(n) => value == *n,
    }
}

fn when(window: &Window, r: &Row, now: i64) -> bool {
    let t = at(r);
    t <= now
        && match window {
            Window::Ever => true,
            Window::Last(span) => t >= now - span.micros(),
            Window::Before(span) => t < now - span.micros(),
            Window::Between { from, to } => *from <= Timestamp(t) && Timestamp(t) <= *to,
        }
}

fn is(what: &What, r: &Row) -> bool {
    let has = |d: &throughline_segments::Dimension| r.attributes.contains(&Plain.hash(&d.dimension, &d.value));
    r.actor.is_counted()
        && (what.events.is_empty() || what.events.iter().any(|e| **e == *r.event))
        && (what.channels.is_empty() || what.channels.iter().any(|c| **c == *r.channel))
        && what.with.iter().all(has)
        && !what.without.iter().any(has)
        && what
            .worth
            .as_ref()
            .is_none_or(|w| r.money.is_some_and(|m| m.currency == w.currency && keeps(&w.minor, m.minor)))
}

/// Every choice of rows for the steps, one after the other.
fn chains(steps: &[What], rows: &[Row], from: usize) -> Vec<Vec<usize>> {
    let Some((first, rest)) = steps.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for i in from..rows.len() {
        if is(first, &rows[i]) {
            for mut chain in chains(rest, rows, i + 1) {
                chain.insert(0, i);
                all.push(chain);
            }
        }
    }
    all
}

fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    parts.join(" ").to_lowercase()
}
