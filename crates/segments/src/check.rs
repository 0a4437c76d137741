//! What a rule must be before anybody is judged by it: finite, and about something.

use crate::rule::{Bound, Rule, SegmentId, Test, What, Window};
use crate::span::Span;
use crate::words::tokens;
use std::collections::{BTreeMap, BTreeSet};

/// Conditions within conditions.
const DEEP: usize = 12;
/// Conditions of one segment.
const CONDITIONS: usize = 200;
/// Steps of a sequence.
const STEPS: usize = 10;
/// Texts in one list.
const LISTED: usize = 200;
/// Bytes of one text.
const BYTES: usize = 512;
/// The longest length of time: a century.
const CENTURY: Span = Span::days(36_525);

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It depends on itself.
    #[error("this segment would never come to an end: {0}; entering would change who enters. Take one of them out")]
    Endless(String),
    /// It names a segment that is not there.
    #[error("there is no segment {0} to be in")]
    Unknown(u32),
    /// Something in it is out of bounds.
    #[error("{at}: {what}")]
    Wrong {
        /// Where in the rule: `all[1].did.times`.
        at: String,
        /// What is wrong and what to do.
        what: String,
    },
}

/// Checks one rule by itself.
pub fn check(rule: &Rule) -> Result<(), Refused> {
    let mut walk = Walk { conditions: 0 };
    walk.rule(rule, String::new(), 0)
}

/// The order in which segments can be judged: whoever is named by another comes before it.
///
/// # Errors
/// [`Refused::Endless`] where they go in a circle, [`Refused::Unknown`] where one is not there.
pub fn order(rules: &BTreeMap<SegmentId, (&str, &Rule)>) -> Result<Vec<SegmentId>, Refused> {
    fn visit(
        id: SegmentId,
        rules: &BTreeMap<SegmentId, (&str, &Rule)>,
        way: &mut Vec<SegmentId>,
        done: &mut BTreeSet<SegmentId>,
        out: &mut Vec<SegmentId>,
    ) -> Result<(), Refused> {
        if done.contains(&id) {
            return Ok(());
        }
        let Some((_, rule)) = rules.get(&id) else { return Err(Refused::Unknown(id.0)) };
        if let Some(from) = way.iter().position(|w| *w == id) {
            let name = |id: &SegmentId| rules.get(id).map_or_else(String::new, |(name, _)| format!("“{name}”"));
            let mut circle: Vec<String> = way[from..].iter().map(name).collect();
            circle.push(name(&id));
            return Err(Refused::Endless(match circle.len() {
                2 => format!("it asks whether somebody is in {} itself", circle[0]),
                _ => format!("{} ask for one another", circle.join(" → ")),
            }));
        }
        way.push(id);
        for named in named(rule) {
            visit(named, rules, way, done, out)?;
        }
        way.pop();
        done.insert(id);
        out.push(id);
        Ok(())
    }
    let (mut done, mut out) = (BTreeSet::new(), Vec::new());
    for id in rules.keys() {
        visit(*id, rules, &mut Vec::new(), &mut done, &mut out)?;
    }
    Ok(out)
}

/// The segments that a rule names.
pub(crate) fn named(rule: &Rule) -> BTreeSet<SegmentId> {
    match rule {
        Rule::All(of) | Rule::Any(of) => of.iter().flat_map(named).collect(),
        Rule::Not(of) => named(of),
        Rule::In(id) => BTreeSet::from([*id]),
        _ => BTreeSet::new(),
    }
}

struct Walk {
    conditions: usize,
}

fn wrong<T>(at: &str, what: impl Into<String>) -> Result<T, Refused> {
    let at = if at.is_empty() { "the rule" } else { at.strip_prefix('.').unwrap_or(at) };
    Err(Refused::Wrong { at: at.to_owned(), what: what.into() })
}

fn text(at: &str, text: &str) -> Result<(), Refused> {
    match text.trim().is_empty() {
        true => wrong(at, "is empty; write what is meant, or take the condition out"),
        false if text.len() > BYTES => wrong(at, format!("is longer than {BYTES} bytes")),
        false => Ok(()),
    }
}

fn list<T>(at: &str, of: &[T]) -> Result<(), Refused> {
    match of.len() {
        0 => wrong(at, "is empty; name at least one, or take the condition out"),
        n if n > LISTED => wrong(at, format!("has {n} entries; at most {LISTED} are taken")),
        _ => Ok(()),
    }
}

fn span(at: &str, span: Span) -> Result<(), Refused> {
    match span {
        Span(0) => wrong(at, "no time at all; write a length such as 30d"),
        s if s > CENTURY => wrong(at, "more than a century; write “ever” by leaving the time out"),
        _ => Ok(()),
    }
}

fn number(at: &str, bound: &Bound<f64>) -> Result<(), Refused> {
    if bound.number().is_finite() { Ok(()) } else { wrong(at, "is not a number") }
}

fn window(at: &str, when: &Window) -> Result<(), Refused> {
    match when {
        Window::Ever => Ok(()),
        Window::Last(s) | Window::Before(s) => span(&format!("{at}.when"), *s),
        Window::Between { from, to } if from > to => {
            wrong(&format!("{at}.when"), "ends before it begins; change the two moments")
        }
        Window::Between { .. } => Ok(()),
    }
}

fn what(at: &str, what: &What) -> Result<(), Refused> {
    for (field, names) in [("events", &what.events), ("channels", &what.channels)] {
        let at = format!("{at}.{field}");
        if !names.is_empty() {
            list(&at, names)?;
        }
        // A channel may be the empty one: unknown.
        names.iter().filter(|_| field == "events").try_for_each(|n| text(&at, n))?;
    }
    for (field, of) in [("with", &what.with), ("without", &what.without)] {
        if of.len() > LISTED {
            list(&format!("{at}.{field}"), of)?;
        }
        of.iter().try_for_each(|d| text(&format!("{at}.{field}.dimension"), &d.dimension))?;
    }
    Ok(())
}

impl Walk {
    fn rule(&mut self, rule: &Rule, at: String, depth: usize) -> Result<(), Refused> {
        self.conditions += 1;
        if depth > DEEP {
            return wrong(
                &at,
                format!("conditions stand in conditions more than {DEEP} deep; make a segment of a part"),
            );
        }
        if self.conditions > CONDITIONS {
            return wrong("", format!("has more than {CONDITIONS} conditions; make a segment of a part"));
        }
        match rule {
            Rule::All(of) | Rule::Any(of) => {
                let name = if matches!(rule, Rule::All(_)) { "all" } else { "any" };
                list(&format!("{at}.{name}"), of)?;
                of.iter().enumerate().try_for_each(|(i, r)| self.rule(r, format!("{at}.{name}[{i}]"), depth + 1))
            }
            Rule::Not(of) => self.rule(of, format!("{at}.not"), depth + 1),
            Rule::Did(d) => {
                let at = format!("{at}.did");
                if d.times == Bound::AtLeast(0) {
                    return wrong(
                        &format!("{at}.times"),
                        "at least 0 times holds for everybody for ever; write 1 or more",
                    );
                }
                what(&at, &d.what)?;
                window(&at, &d.when)
            }
            Rule::Sum(s) => {
                let at = format!("{at}.sum");
                what(&at, &s.what)?;
                window(&at, &s.when)
            }
            Rule::Last(r) => {
                let at = format!("{at}.last");
                let (crate::rule::Ago::AtLeast(s) | crate::rule::Ago::AtMost(s)) = r.ago;
                span(&format!("{at}.ago"), s)?;
                what(&at, &r.what)
            }
            Rule::Sequence(s) => {
                let at = format!("{at}.sequence");
                list(&format!("{at}.steps"), &s.steps)?;
                if s.steps.len() > STEPS {
                    return wrong(
                        &format!("{at}.steps"),
                        format!("has {} steps; at most {STEPS} are taken", s.steps.len()),
                    );
                }
                for (i, step) in s.steps.iter().enumerate() {
                    what(&format!("{at}.steps[{i}]"), step)?;
                }
                s.within.map_or(Ok(()), |w| span(&format!("{at}.within"), w))?;
                if let Some(not) = &s.then_not {
                    what(&format!("{at}.then_not"), &not.what)?;
                    span(&format!("{at}.then_not.within"), not.within)?;
                }
                window(&at, &s.when)
            }
            Rule::Score(s) => {
                let at = format!("{at}.score");
                text(&format!("{at}.kind"), &s.kind)?;
                number(&format!("{at}.value"), &s.value)?;
                window(&at, &s.when)
            }
            Rule::Said(s) => {
                let at = format!("{at}.said");
                list(&format!("{at}.words"), &s.words)?;
                for words in &s.words {
                    text(&format!("{at}.words"), words)?;
                    if tokens(words).is_empty() {
                        return wrong(&format!("{at}.words"), format!("`{words}` has no letter and no digit"));
                    }
                }
                what(&at, &s.what)?;
                window(&at, &s.when)
            }
            Rule::Trait(t) => {
                let at = format!("{at}.trait");
                text(&format!("{at}.name"), &t.name)?;
                match &t.is {
                    Test::Told => Ok(()),
                    Test::OneOf(of) => {
                        list(&format!("{at}.is.one_of"), of)?;
                        of.iter().try_for_each(|v| text(&format!("{at}.is.one_of"), v))
                    }
                    Test::Contains(v) | Test::Begins(v) => text(&format!("{at}.is"), v),
                    Test::Number(n) => number(&format!("{at}.is.number"), n),
                }
            }
            Rule::Allows(name) => text(&format!("{at}.allows"), name),
            Rule::Known(name) => text(&format!("{at}.known"), name),
            Rule::In(_) => Ok(()),
        }
    }
}
