//! One condition as fields of the form.

use crate::guard::Signed;
use std::collections::BTreeMap;
use throughline_interactions::{Currency, Money};
use throughline_segments::{
    Ago, Bound, Dimension, Recency, Rule, Said, ScoreOf, SegmentId, Sequence, Span, Sum, Test, ThenNot, Times, Trait,
    What, Which, Window,
};

/// The kinds of conditions and their names.
pub(super) const KINDS: [(&str, &str); 10] = [
    ("did", "Did something so many times"),
    ("last", "Did something last so long ago"),
    ("sequence", "Did one thing after the other"),
    ("sum", "What it was worth together"),
    ("score", "Answered on a scale"),
    ("said", "Said a word"),
    ("trait", "Told something of themselves"),
    ("allows", "Allows a purpose"),
    ("known", "Is known by an identifier"),
    ("in", "Is in another segment"),
];

/// The fields of one condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) kind: String,
    values: BTreeMap<String, String>,
}

const NAMES: [&str; 18] = [
    "event",
    "then",
    "third",
    "not",
    "not_n",
    "not_unit",
    "channel",
    "dim",
    "op",
    "n",
    "when",
    "span",
    "unit",
    "within",
    "within_unit",
    "name",
    "value",
    "which",
];

impl Fields {
    pub(super) fn new(kind: &str) -> Self {
        let kind = KINDS.iter().find(|(k, _)| *k == kind).map_or("did", |(k, _)| k);
        Self { kind: kind.to_owned(), values: BTreeMap::new() }
    }

    pub(super) fn of(form: &Signed, prefix: &str) -> Self {
        let mut found = Self::new(form.get(&format!("{prefix}kind")));
        for name in NAMES {
            found.set(name, form.get(&format!("{prefix}{name}")).trim());
        }
        found
    }

    /// What stands in a field; empty for nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Whether a field holds this, or nothing while this is the first choice.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// What kind of condition it is, in words.
    pub(super) fn title(&self) -> &'static str {
        KINDS.iter().find(|(k, _)| *k == self.kind).map_or("", |(_, title)| title)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.values.insert(name.to_owned(), value);
        }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    fn needed(&self, name: &str, what: &str) -> Result<&str, String> {
        match self.get(name) {
            "" => Err(format!("{what} is missing")),
            value => Ok(value),
        }
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.replace(',', ".").parse().map_err(|_| format!("`{text}` is not a number"))
}

fn span(f: &Fields, n: &str, unit: &str) -> Result<Span, String> {
    let (n, unit) = (f.needed(n, "the length of time")?, f.get(unit));
    format!("{n}{}", if unit.is_empty() { "d" } else { unit })
        .parse()
        .map_err(|e: throughline_segments::SpanError| e.to_string())
}

fn what(f: &Fields, event: &str) -> Result<What, String> {
    let mut what = What { events: list(f.get(event)), ..What::default() };
    if event == "event" {
        what.channels = list(f.get("channel"));
        let dim = f.get("dim");
        if !dim.is_empty() {
            let (dimension, value) =
                dim.split_once('=').ok_or_else(|| format!("`{dim}` needs a name, an equals sign and a value"))?;
            let dimension = dimension.trim();
            let dimension = match dimension.contains(':') || dimension == "touchpoint" {
                true => dimension.to_owned(),
                false => format!("property:{dimension}"),
            };
            what.with.push(Dimension { dimension, value: value.trim().to_owned() });
        }
    }
    Ok(what)
}

fn bound<T>(f: &Fields, n: T) -> Bound<T> {
    match f.get("op") {
        "at_most" => Bound::AtMost(n),
        "exactly" => Bound::Exactly(n),
        _ => Bound::AtLeast(n),
    }
}

fn when(f: &Fields) -> Result<Window, String> {
    Ok(match f.get("when") {
        "last" => Window::Last(span(f, "span", "unit")?),
        "before" => Window::Before(span(f, "span", "unit")?),
        _ => Window::Ever,
    })
}

/// The condition that fields are; what is wrong where they are none.
pub(super) fn read(f: &Fields) -> Result<Rule, String> {
    Ok(match f.kind.as_str() {
        "last" => {
            let length = span(f, "span", "unit")?;
            let ago = if f.is("op", "at_most") { Ago::AtMost(length) } else { Ago::AtLeast(length) };
            Rule::Last(Recency { what: what(f, "event")?, ago })
        }
        "sequence" => {
            let mut steps = vec![what(f, "event")?];
            for step in ["then", "third"] {
                if !f.get(step).is_empty() {
                    steps.push(what(f, step)?);
                }
            }
            let within = if f.get("within").is_empty() { None } else { Some(span(f, "within", "within_unit")?) };
            let then_not = match f.get("not") {
                "" => None,
                _ => Some(ThenNot { what: what(f, "not")?, within: span(f, "not_n", "not_unit")? }),
            };
            Rule::Sequence(Sequence { steps, within, when: when(f)?, then_not })
        }
        "sum" => {
            let currency = Currency::new(f.needed("name", "the currency")?).map_err(|e| e.to_string())?;
            let money = Money::from_decimal(f.needed("n", "the amount")?, currency).map_err(|e| e.to_string())?;
            Rule::Sum(Sum { what: what(f, "event")?, currency, minor: bound(f, money.minor), when: when(f)? })
        }
        "score" => {
            let which = match f.get("which") {
                "lowest" => Which::Lowest,
                "highest" => Which::Highest,
                "average" => Which::Average,
                _ => Which::Last,
            };
            let value = number(f.needed("n", "the answer")?)?;
            let kind = f.needed("name", "what was asked")?.to_owned();
            Rule::Score(ScoreOf { kind, which, value: bound(f, value), when: when(f)? })
        }
        "said" => {
            Rule::Said(Said { what: what(f, "event")?, words: list(f.needed("value", "a word")?), when: when(f)? })
        }
        "trait" => {
            let name = f.needed("name", "the trait")?.to_owned();
            let value = || f.needed("value", "the value").map(str::to_owned);
            let is = match f.get("op") {
                "told" => Test::Told,
                "contains" => Test::Contains(value()?),
                "begins" => Test::Begins(value()?),
                "at_least" => Test::Number(Bound::AtLeast(number(&value()?)?)),
                "at_most" => Test::Number(Bound::AtMost(number(&value()?)?)),
                _ => Test::OneOf(list(&value()?)),
            };
            Rule::Trait(Trait { name, is })
        }
        "allows" => Rule::Allows(f.needed("name", "the purpose")?.to_owned()),
        "known" => Rule::Known(f.needed("name", "the kind of identifier")?.to_owned()),
        "in" => Rule::In(SegmentId(number(f.needed("name", "the segment")?)?)),
        _ => {
            let n = if f.get("n").is_empty() { 1 } else { number(f.get("n"))? };
            Rule::Did(Times { what: what(f, "event")?, times: bound(f, n), when: when(f)? })
        }
    })
}

/// The number and the unit of a span.
fn parts(span: Span) -> (String, String) {
    let text = span.to_string();
    let (n, unit) = text.split_at(text.len() - 1);
    (n.to_owned(), unit.to_owned())
}

fn put_what(f: Fields, w: &What) -> Option<Fields> {
    let plain = w.without.is_empty() && w.worth.is_none() && w.with.len() <= 1;
    let comma = w.events.iter().chain(&w.channels).any(|e| e.contains(','));
    let dim = w.with.first().map_or_else(String::new, |d| format!("{}={}", d.dimension, d.value));
    (plain && !comma)
        .then(|| f.with("event", w.events.join(", ")).with("channel", w.channels.join(", ")).with("dim", dim))
}

fn put_when(f: Fields, when: Window) -> Option<Fields> {
    let (name, span) = match when {
        Window::Ever => return Some(f),
        Window::Last(span) => ("last", span),
        Window::Before(span) => ("before", span),
        Window::Between { .. } => return None,
    };
    let (n, unit) = parts(span);
    Some(f.with("when", name).with("span", n).with("unit", unit))
}

fn put_bound<T: Copy + PartialOrd>(f: Fields, b: &Bound<T>, tell: impl Fn(T) -> String) -> Fields {
    let op = match b {
        Bound::AtLeast(_) => "at_least",
        Bound::AtMost(_) => "at_most",
        Bound::Exactly(_) => "exactly",
    };
    f.with("op", op).with("n", tell(b.number()))
}

/// The fields of a condition; `None` where the form has none for it.
pub(super) fn write(rule: &Rule) -> Option<Fields> {
    Some(match rule {
        Rule::Did(d) => {
            put_when(put_bound(put_what(Fields::new("did"), &d.what)?, &d.times, |n| n.to_string()), d.when)?
        }
        Rule::Last(r) => {
            let (op, span) = match r.ago {
                Ago::AtLeast(s) => ("at_least", s),
                Ago::AtMost(s) => ("at_most", s),
            };
            let (n, unit) = parts(span);
            put_what(Fields::new("last"), &r.what)?.with("op", op).with("span", n).with("unit", unit)
        }
        Rule::Sequence(s) => {
            let (first, rest) = s.steps.split_first()?;
            let mut f = put_when(put_what(Fields::new("sequence"), first)?, s.when)?;
            if rest.len() > 2 {
                return None;
            }
            let plain = |w: &What| {
                let only = What { events: w.events.clone(), ..What::default() } == *w;
                (only && !w.events.is_empty() && !w.events.iter().any(|e| e.contains(','))).then(|| w.events.join(", "))
            };
            for (name, step) in ["then", "third"].iter().zip(rest) {
                f.set(name, plain(step)?);
            }
            if let Some(within) = s.within {
                let (n, unit) = parts(within);
                f = f.with("within", n).with("within_unit", unit);
            }
            if let Some(not) = &s.then_not {
                let (n, unit) = parts(not.within);
                f = f.with("not", plain(&not.what)?).with("not_n", n).with("not_unit", unit);
            }
            f
        }
        Rule::Sum(s) => {
            let decimals = s.currency.decimals() as usize;
            let tell = |minor: i64| format!("{:.decimals$}", minor as f64 / 10_f64.powi(decimals as i32));
            let f = put_bound(put_what(Fields::new("sum"), &s.what)?, &s.minor, tell);
            put_when(f.with("name", s.currency.as_str()), s.when)?
        }
        Rule::Score(s) => {
            let which = match s.which {
                Which::Last => "last",
                Which::Lowest => "lowest",
                Which::Highest => "highest",
                Which::Average => "average",
            };
            let f = Fields::new("score").with("name", s.kind.as_str()).with("which", which);
            put_when(put_bound(f, &s.value, |v| v.to_string()), s.when)?
        }
        Rule::Said(s) if !s.words.iter().any(|w| w.contains(',')) => {
            put_when(put_what(Fields::new("said"), &s.what)?.with("value", s.words.join(", ")), s.when)?
        }
        Rule::Trait(t) => {
            let f = Fields::new("trait").with("name", t.name.as_str());
            match &t.is {
                Test::Told => f.with("op", "told"),
                Test::OneOf(of) if !of.iter().any(|v| v.contains(',')) => {
                    f.with("op", "is").with("value", of.join(", "))
                }
                Test::Contains(v) => f.with("op", "contains").with("value", v.as_str()),
                Test::Begins(v) => f.with("op", "begins").with("value", v.as_str()),
                Test::Number(Bound::AtLeast(n)) => f.with("op", "at_least").with("value", n.to_string()),
                Test::Number(Bound::AtMost(n)) => f.with("op", "at_most").with("value", n.to_string()),
                Test::OneOf(_) | Test::Number(Bound::Exactly(_)) => return None,
            }
        }
        Rule::Allows(purpose) => Fields::new("allows").with("name", purpose.as_str()),
        Rule::Known(kind) => Fields::new("known").with("name", kind.as_str()),
        Rule::In(id) => Fields::new("in").with("name", id.0.to_string()),
        Rule::Said(_) | Rule::All(_) | Rule::Any(_) | Rule::Not(_) => return None,
    })
}
