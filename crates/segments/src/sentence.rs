//! A rule in words.

use crate::rule::{Ago, Bound, Rule, Test, What, Which, Window};
use throughline_interactions::{Currency, Timestamp};

/// A rule as a sentence without its first capital and its period; `name` names segments, `day` writes a moment.
pub fn sentence(rule: &Rule, name: &dyn Fn(u32) -> String, day: &dyn Fn(Timestamp) -> String) -> String {
    Teller { name, day }.tell(rule, false)
}

struct Teller<'a> {
    name: &'a dyn Fn(u32) -> String,
    day: &'a dyn Fn(Timestamp) -> String,
}

fn list(of: &[String], word: &str) -> String {
    match of {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

fn quoted(of: &[String]) -> Vec<String> {
    of.iter().map(|v| format!("“{v}”")).collect()
}

fn money(minor: i64, currency: Currency) -> String {
    let scale = 10_f64.powi(currency.decimals() as i32);
    format!("{} {currency}", minor as f64 / scale)
}

fn bound<T: Copy + PartialOrd>(bound: &Bound<T>, tell: impl Fn(T) -> String) -> String {
    match *bound {
        Bound::AtLeast(n) => format!("at least {}", tell(n)),
        Bound::AtMost(n) => format!("at most {}", tell(n)),
        Bound::Exactly(n) => format!("exactly {}", tell(n)),
    }
}

impl Teller<'_> {
    fn what(&self, what: &What) -> String {
        let mut said = if what.events.is_empty() { "anything".to_owned() } else { list(&quoted(&what.events), "or") };
        let name = |d: &crate::rule::Dimension| {
            let dimension = d.dimension.split_once(':').map_or(d.dimension.as_str(), |(_, name)| name);
            format!("{dimension} “{}”", d.value)
        };
        if !what.channels.is_empty() {
            said.push_str(&format!(" on {}", list(&what.channels, "or")));
        }
        if !what.with.is_empty() {
            said.push_str(&format!(" with {}", list(&what.with.iter().map(name).collect::<Vec<_>>(), "and")));
        }
        if !what.without.is_empty() {
            said.push_str(&format!(" without {}", list(&what.without.iter().map(name).collect::<Vec<_>>(), "or")));
        }
        if let Some(w) = &what.worth {
            said.push_str(&format!(" worth {}", bound(&w.minor, |m| money(m, w.currency))));
        }
        said
    }

    fn when(&self, when: &Window) -> String {
        match when {
            Window::Ever => String::new(),
            Window::Last(span) => format!(" in the last {}", span.words()),
            Window::Before(span) => format!(" more than {} ago", span.words()),
            Window::Between { from, to } => format!(" between {} and {}", (self.day)(*from), (self.day)(*to)),
        }
    }

    fn tell(&self, rule: &Rule, inner: bool) -> String {
        let parts = |of: &[Rule], word: &str| {
            let all: Vec<String> = of.iter().map(|r| self.tell(r, of.len() > 1)).collect();
            let told = all.join(&format!(", {word} "));
            if inner && of.len() > 1 { format!("({told})") } else { told }
        };
        match rule {
            Rule::All(of) => parts(of, "and"),
            Rule::Any(of) => parts(of, "or"),
            Rule::Not(of) => format!("not: {}", self.tell(of, true)),
            Rule::Did(d) => {
                let times = match d.times {
                    Bound::AtLeast(1) => String::new(),
                    Bound::AtMost(0) | Bound::Exactly(0) => {
                        return format!("never did {}{}", self.what(&d.what), self.when(&d.when));
                    }
                    times => {
                        format!(" {}", bound(&times, |n| format!("{n} {}", if n == 1 { "time" } else { "times" })))
                    }
                };
                format!("did {}{times}{}", self.what(&d.what), self.when(&d.when))
            }
            Rule::Sum(s) => format!(
                "{} is worth {} together{}",
                self.what(&s.what),
                bound(&s.minor, |m| money(m, s.currency)),
                self.when(&s.when)
            ),
            Rule::Last(r) => {
                let (word, span) = match r.ago {
                    Ago::AtLeast(s) => ("at least", s),
                    Ago::AtMost(s) => ("at most", s),
                };
                format!("did {} last {word} {} ago", self.what(&r.what), span.words())
            }
            Rule::Sequence(s) => {
                let steps: Vec<String> = s.steps.iter().map(|w| self.what(w)).collect();
                let within = s.within.map_or_else(String::new, |w| format!(" within {}", w.words()));
                let not = s.then_not.as_ref().map_or_else(String::new, |n| {
                    format!(", and then not {} within {}", self.what(&n.what), n.within.words())
                });
                format!("did {}{within}{}{not}", steps.join(", then "), self.when(&s.when))
            }
            Rule::Score(s) => {
                let which = match s.which {
                    Which::Last => "last",
                    Which::Lowest => "lowest",
                    Which::Highest => "highest",
                    Which::Average => "average",
                };
                let value = bound(&s.value, |v| v.to_string());
                format!("{which} answer to “{}” is {value}{}", s.kind, self.when(&s.when))
            }
            Rule::Said(s) => format!("said {}{}", list(&quoted(&s.words), "or"), self.when(&s.when)),
            Rule::Trait(t) => match &t.is {
                Test::Told => format!("told {}", t.name),
                Test::OneOf(of) => format!("{} is {}", t.name, list(&quoted(of), "or")),
                Test::Contains(v) => format!("{} contains “{v}”", t.name),
                Test::Begins(v) => format!("{} begins with “{v}”", t.name),
                Test::Number(b) => format!("{} is {}", t.name, bound(b, |v| v.to_string())),
            },
            Rule::Allows(purpose) => format!("allows {purpose}"),
            Rule::Known(kind) => format!("is known by {kind}"),
            Rule::In(id) => format!("is in “{}”", (self.name)(id.0)),
        }
    }
}
