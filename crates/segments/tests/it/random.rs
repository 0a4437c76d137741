//! Ten thousand rules of every kind, judged at many moments as the clock goes on.

use crate::oracle;
use crate::worlds::{CHANNELS, Customer, DAY, DIMENSIONS, Dice, EVENTS, NOW, Plain, TEXTS, customer};
use std::collections::{BTreeMap, BTreeSet};
use throughline_interactions::{Currency, Timestamp};
use throughline_segments::{
    Ago, Bound, Dimension, Recency, Rule, Rules, Said, ScoreOf, SegmentId, Sequence, Span, Sum, Test, ThenNot, Times,
    Trait, Trial, What, Which, Window, Worth, check, order,
};
use throughline_timeline::Snapshot;

const RULES: usize = 10_000;

fn bound<T>(dice: &mut Dice, n: T) -> Bound<T> {
    match dice.roll(3) {
        0 => Bound::AtMost(n),
        1 => Bound::Exactly(n),
        _ => Bound::AtLeast(n),
    }
}

fn span(dice: &mut Dice) -> Span {
    Span(3_600 * (1 + dice.roll(24 * 40)))
}

fn window(dice: &mut Dice) -> Window {
    match dice.roll(5) {
        0 => Window::Ever,
        1 => Window::Before(span(dice)),
        2 => {
            let from = NOW - dice.roll(60) as i64 * DAY;
            Window::Between { from: Timestamp(from), to: Timestamp(from + dice.roll(62) as i64 * DAY) }
        }
        _ => Window::Last(span(dice)),
    }
}

fn what(dice: &mut Dice) -> What {
    let dimension = |dice: &mut Dice| {
        let (dimension, value) = *dice.one_of(&DIMENSIONS);
        Dimension { dimension: dimension.to_owned(), value: value.to_owned() }
    };
    let mut w = What::default();
    if !dice.once_in(5) {
        w.events = (0..1 + dice.roll(2)).map(|_| (*dice.one_of(&EVENTS)).to_owned()).collect();
    }
    if dice.once_in(5) {
        w.channels.push((*dice.one_of(&CHANNELS)).to_owned());
    }
    if dice.once_in(6) {
        w.with.push(dimension(dice));
    }
    if dice.once_in(6) {
        w.without.push(dimension(dice));
    }
    if dice.once_in(8) {
        let minor = dice.roll(12_000) as i64;
        w.worth = Some(Worth { currency: euro(), minor: bound(dice, minor) });
    }
    w
}

fn euro() -> Currency {
    Currency::new("EUR").unwrap()
}

fn rule(dice: &mut Dice, depth: u32, others: u32) -> Rule {
    let kinds = if depth == 0 { 10 } else { 14 };
    match dice.roll(kinds) {
        0 | 1 => {
            let n = dice.roll(5);
            let times = if n == 0 { Bound::AtMost(0) } else { bound(dice, n) };
            Rule::Did(Times { what: what(dice), times, when: window(dice) })
        }
        2 => {
            let minor = dice.roll(20_000) as i64;
            let minor = if dice.once_in(3) { Bound::AtMost(minor) } else { Bound::AtLeast(minor) };
            Rule::Sum(Sum { what: what(dice), currency: euro(), minor, when: window(dice) })
        }
        3 => {
            let s = span(dice);
            let ago = if dice.once_in(2) { Ago::AtLeast(s) } else { Ago::AtMost(s) };
            Rule::Last(Recency { what: what(dice), ago })
        }
        4 | 5 => Rule::Sequence(Sequence {
            steps: (0..1 + dice.roll(3)).map(|_| what(dice)).collect(),
            within: dice.once_in(2).then(|| span(dice)),
            when: window(dice),
            then_not: dice.once_in(2).then(|| ThenNot { what: what(dice), within: span(dice) }),
        }),
        6 => {
            let which = *dice.one_of(&[Which::Last, Which::Lowest, Which::Highest, Which::Average]);
            let value = dice.roll(11) as f64 / if dice.once_in(3) { 2.0 } else { 1.0 };
            let kind = if dice.once_in(2) { "csat" } else { "nps" };
            Rule::Score(ScoreOf { kind: kind.to_owned(), which, value: bound(dice, value), when: window(dice) })
        }
        7 => {
            let text = *dice.one_of(&TEXTS);
            let words: Vec<&str> = text.split_whitespace().collect();
            let from = dice.roll(words.len() as u64) as usize;
            let said = words[from..(from + 2).min(words.len())].join(" ").to_uppercase();
            Rule::Said(Said {
                what: if dice.once_in(2) { What::default() } else { what(dice) },
                words: vec![said],
                when: window(dice),
            })
        }
        8 => match dice.roll(6) {
            0 => Rule::Allows("marketing".to_owned()),
            1 => Rule::Known("email".to_owned()),
            2 => told("plan", Test::OneOf(vec!["PRO".to_owned(), "gold".to_owned()])),
            3 => told("city", Test::Begins("łó".to_owned())),
            4 => told("city", Test::Contains("ÖL".to_owned())),
            _ => {
                let age = 20.0 + dice.roll(60) as f64;
                told("age", Test::Number(bound(dice, age)))
            }
        },
        9 if others > 0 => Rule::In(SegmentId(dice.roll(u64::from(others)) as u32)),
        9 => told("plan", Test::Told),
        10 => Rule::Not(Box::new(rule(dice, depth - 1, others))),
        11 => Rule::Any((0..1 + dice.roll(3)).map(|_| rule(dice, depth - 1, others)).collect()),
        _ => Rule::All((0..1 + dice.roll(3)).map(|_| rule(dice, depth - 1, others)).collect()),
    }
}

fn told(name: &str, is: Test) -> Rule {
    Rule::Trait(Trait { name: name.to_owned(), is })
}

/// The kinds of conditions in a rule.
fn kinds(rule: &Rule, into: &mut BTreeSet<String>) {
    let json = serde_json::to_value(rule).unwrap();
    into.extend(json.as_object().into_iter().flat_map(|o| o.keys().cloned()));
    match rule {
        Rule::All(of) | Rule::Any(of) => of.iter().for_each(|r| kinds(r, into)),
        Rule::Not(of) => kinds(of, into),
        Rule::Sequence(s) if s.then_not.is_some() => {
            into.insert("then_not".to_owned());
        }
        _ => {}
    }
}

/// Judges everybody by a handful of rules at once, now and as time passes; what became of them.
fn judge_all(rules: &BTreeMap<SegmentId, Rule>, people: &[Customer], dice: &mut Dice, seen: &mut Seen) {
    let named: BTreeMap<_, _> = rules.iter().map(|(id, r)| (*id, ("one", r))).collect();
    let in_order = order(&named).unwrap();
    let compiled = Rules::new(in_order.iter().map(|id| (*id, &rules[id])), &Plain);
    let snapshot = Snapshot::of_rows(people.iter().flat_map(|c| c.rows.clone()).collect(), 1);
    let mut trial = Trial::default();
    let mut held: BTreeSet<SegmentId> = BTreeSet::new();
    for person in people {
        let customer = snapshot.customer(person.id).unwrap();
        let look = compiled.look(customer.segment());
        let mut now = NOW - dice.roll(20) as i64 * DAY;
        let mut judged = compiled.judge(&look, &customer, person, Timestamp(now), &mut trial).clone();
        for _ in 0..6 {
            for (place, id) in compiled.ids().iter().enumerate() {
                let expected = oracle::holds(&rules[id], person, now, rules);
                assert_eq!(
                    judged.is_in(place),
                    expected,
                    "customer {} at {now}, judged until {:?}, by {}",
                    person.id,
                    judged.until,
                    serde_json::to_string(&rules[id]).unwrap()
                );
                if expected {
                    held.insert(*id);
                }
            }
            // Either some time on, or to the moment at which something changes, or to just before it.
            now = match judged.until {
                Some(until) if dice.once_in(2) => until.0 - i64::from(dice.once_in(2)),
                _ => now + dice.roll(10 * 24 * 60) as i64 * 60_000_000,
            };
            if judged.until.is_some_and(|until| until.0 <= now) {
                let before = judged.clone();
                judged = compiled.judge(&look, &customer, person, Timestamp(now), &mut trial).clone();
                assert!(judged.until.is_none_or(|u| u.0 > now), "a moment that has passed is no moment to wait for");
                for (place, _) in compiled.ids().iter().enumerate() {
                    seen.left_by_time += u64::from(before.is_in(place) && !judged.is_in(place));
                    seen.entered_by_time += u64::from(!before.is_in(place) && judged.is_in(place));
                }
            }
        }
    }
    seen.not_empty += held.len();
}

#[derive(Debug, Default)]
struct Seen {
    not_empty: usize,
    left_by_time: u64,
    entered_by_time: u64,
    kinds: BTreeSet<String>,
}

#[test]
fn ten_thousand_rules_are_judged_as_the_oracle_does() {
    let mut dice = Dice(20_261_129);
    let mut seen = Seen::default();
    for world in 0..RULES / 20 {
        let people: Vec<Customer> = (0..20).map(|n| customer(&mut dice, (world * 20 + n + 1) as u64)).collect();
        let rules: BTreeMap<SegmentId, Rule> = (0..20).map(|id| (SegmentId(id), rule(&mut dice, 3, id))).collect();
        for r in rules.values() {
            check(r).unwrap_or_else(|e| panic!("{e}: {r:?}"));
            kinds(r, &mut seen.kinds);
            let again: Rule = serde_json::from_str(&serde_json::to_string(r).unwrap()).unwrap();
            assert_eq!(&again, r, "written and read again");
        }
        judge_all(&rules, &people, &mut dice, &mut seen);
    }
    println!("{RULES} rules: {seen:?}");
    assert!(seen.not_empty * 10 >= RULES * 3, "at least three in ten hold somebody: {seen:?}");
    assert!(seen.left_by_time > 1_000 && seen.entered_by_time > 1_000, "time alone moves people: {seen:?}");
    let all = [
        "all", "any", "not", "did", "sum", "last", "sequence", "then_not", "score", "said", "trait", "allows", "known",
        "in",
    ];
    assert_eq!(seen.kinds, all.iter().map(|k| (*k).to_owned()).collect(), "every operator");
}
