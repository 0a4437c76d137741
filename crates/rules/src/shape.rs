//! What an event has said so far: its fields, their kinds and how often each is there. From it follow a
//! schema to begin a plan with, and what looks like a mistake of its sender.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of JSON value; whole numbers stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `null`.
    Null,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any other number.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(n) if n.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// Its name in a schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// What was seen at one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// How often it was there.
    pub seen: u64,
    /// Of which kind, and how often of each.
    pub kinds: BTreeMap<Kind, u64>,
    /// The fields of objects.
    pub fields: BTreeMap<String, Shape>,
    /// What lists hold, all of it together.
    items: Option<Box<Shape>>,
    /// Texts, while there are few; `None` once there were many.
    words: Option<BTreeMap<String, u64>>,
    /// Formats that every text so far had.
    formats: BTreeSet<&'static str>,
}

/// Different texts that are remembered: more are no list of choices.
const WORDS: usize = 12;
/// A text that could be a choice is no longer than this, in bytes.
const WORD: usize = 60;
/// A choice is only suggested where each was seen so often on average.
const OFTEN: u64 = 20;
/// What is always there is only suggested to be asked for after so many.
const ENOUGH: u64 = 20;
/// Objects in objects that are looked into.
const DEPTH: usize = 6;
/// Fields of one object that are remembered: an object of ids has no fields.
const FIELDS: usize = 200;

impl Shape {
    /// Notes one value.
    pub fn note(&mut self, value: &Value) {
        self.note_at(value, 0);
    }

    fn note_at(&mut self, value: &Value, depth: usize) {
        let first_text = !self.kinds.contains_key(&Kind::String);
        self.seen += 1;
        *self.kinds.entry(Kind::of(value)).or_default() += 1;
        match value {
            Value::String(text) => self.note_text(text, first_text),
            Value::Object(fields) if depth < DEPTH => {
                for (name, value) in fields {
                    if self.fields.len() < FIELDS || self.fields.contains_key(name) {
                        self.fields.entry(name.clone()).or_default().note_at(value, depth + 1);
                    }
                }
            }
            Value::Array(list) if depth < DEPTH => {
                let items = self.items.get_or_insert_default();
                list.iter().take(20).for_each(|v| items.note_at(v, depth + 1));
            }
            _ => {}
        }
    }

    fn note_text(&mut self, text: &str, is_first: bool) {
        if is_first {
            self.words = Some(BTreeMap::new());
            self.formats = FORMATS.iter().filter(|(_, has)| has(text)).map(|(name, _)| *name).collect();
        } else {
            self.formats.retain(|name| FORMATS.iter().any(|(n, has)| n == name && has(text)));
        }
        if let Some(words) = &mut self.words {
            *words.entry(text.to_owned()).or_default() += 1;
            if words.len() > WORDS || text.len() > WORD {
                self.words = None;
            }
        }
    }

    /// Two looks at the same place, taken together; `other` is the later one.
    pub fn merge(&mut self, other: &Self) {
        let (had_text, has_text) = (self.kinds.contains_key(&Kind::String), other.kinds.contains_key(&Kind::String));
        self.seen += other.seen;
        other.kinds.iter().for_each(|(k, n)| *self.kinds.entry(*k).or_default() += n);
        for (name, shape) in &other.fields {
            if self.fields.len() < FIELDS || self.fields.contains_key(name) {
                self.fields.entry(name.clone()).or_default().merge(shape);
            }
        }
        if let Some(items) = &other.items {
            self.items.get_or_insert_default().merge(items);
        }
        match (had_text, has_text) {
            (_, false) => {}
            (false, true) => (self.words, self.formats) = (other.words.clone(), other.formats.clone()),
            (true, true) => {
                self.formats.retain(|f| other.formats.contains(f));
                self.words = self.words.take().zip(other.words.as_ref()).and_then(|(mut own, more)| {
                    more.iter().for_each(|(w, n)| *own.entry(w.clone()).or_default() += n);
                    (own.len() <= WORDS).then_some(own)
                });
            }
        }
    }

    /// The texts that it was, where they look like a choice.
    pub fn choice(&self) -> Option<Vec<&str>> {
        let words = self.words.as_ref().filter(|w| w.len() > 1)?;
        let n: u64 = words.values().sum();
        (n >= OFTEN * words.len() as u64).then(|| words.keys().map(String::as_str).collect())
    }

    /// The format that all its texts had, such as `date-time`.
    pub fn format(&self) -> Option<&'static str> {
        let texts = self.kinds.get(&Kind::String).copied().unwrap_or_default();
        self.formats.first().copied().filter(|_| texts >= ENOUGH)
    }

    /// True where it was there each of so many times.
    fn is_always_in(&self, objects: u64) -> bool {
        objects >= ENOUGH && self.seen == objects
    }

    /// A schema that everything seen so far fits. What came with it by itself — the context of a library
    /// — is left open.
    pub fn schema(&self) -> Value {
        let mut schema = self.inner(true);
        schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        Value::Object(schema)
    }

    fn inner(&self, is_open: bool) -> Map<String, Value> {
        let mut schema = Map::new();
        // Every whole number is a number.
        let has_numbers = self.kinds.contains_key(&Kind::Number);
        let kinds: Vec<Value> =
            self.kinds.keys().filter(|k| !(has_numbers && **k == Kind::Integer)).map(|k| k.name().into()).collect();
        match kinds.as_slice() {
            [] => {}
            [one] => drop(schema.insert("type".to_owned(), one.clone())),
            _ => drop(schema.insert("type".to_owned(), Value::Array(kinds.clone()))),
        }
        // Where it can also be something else, only the kinds are told.
        if let ([_], Some(words)) = (kinds.as_slice(), self.choice()) {
            schema.insert("enum".to_owned(), json!(words));
        } else if let Some(format) = self.format() {
            schema.insert("format".to_owned(), format.into());
        }
        if !self.fields.is_empty() {
            let objects = self.kinds.get(&Kind::Object).copied().unwrap_or_default();
            let fields = self.fields.iter().map(|(name, shape)| {
                let schema = match is_open && name == "properties" {
                    true => shape.open(),
                    false => shape.inner(false),
                };
                (name.clone(), Value::Object(schema))
            });
            schema.insert("properties".to_owned(), Value::Object(fields.collect()));
            let always = self.fields.iter().filter(|(_, s)| s.is_always_in(objects));
            let always: Vec<Value> = always.map(|(name, _)| name.as_str().into()).collect();
            if !always.is_empty() {
                schema.insert("required".to_owned(), Value::Array(always));
            }
        }
        if let Some(items) = self.items.as_ref().filter(|i| i.seen > 0) {
            schema.insert("items".to_owned(), Value::Object(items.inner(false)));
        }
        schema
    }

    /// The properties of an event, without the context that libraries add.
    fn open(&self) -> Map<String, Value> {
        let mut own = self.clone();
        own.fields.remove("context");
        own.inner(false)
    }

    /// What looks like a mistake: a field that is mostly of one kind and at times of another, as path and
    /// sentence.
    pub fn doubts(&self) -> Vec<(String, String)> {
        let mut doubts = Vec::new();
        self.doubt("", &mut doubts);
        doubts
    }

    fn doubt(&self, path: &str, doubts: &mut Vec<(String, String)>) {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for (kind, n) in self.kinds.iter().filter(|(k, _)| **k != Kind::Null) {
            let name = if *kind == Kind::Integer { Kind::Number.name() } else { kind.name() };
            *kinds.entry(name).or_default() += n;
        }
        // One order or several products: by design.
        let is_either = path.starts_with("refs.") || path.starts_with("identifiers.");
        if kinds.len() > 1 && !path.is_empty() && !is_either {
            let mut each: Vec<(&str, u64)> = kinds.into_iter().collect();
            each.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            let words: Vec<String> = each.iter().map(|(kind, n)| format!("{n} times {}", article(kind))).collect();
            doubts.push((path.to_owned(), format!("it was {}", words.join(", "))));
        }
        for (name, shape) in &self.fields {
            // Names that differ by their writing alone.
            let plain = |s: &str| s.to_lowercase().replace(['_', '-', ' ', '.'], "");
            let twin =
                self.fields.iter().find(|(n, s)| **n != *name && plain(n) == plain(name) && s.seen >= shape.seen);
            let own = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if let Some((twin, other)) = twin
                && (other.seen > shape.seen || twin < name)
            {
                doubts.push((own.clone(), format!("it looks like `{twin}`, which came {} times", other.seen)));
            }
            if name != "context" {
                shape.doubt(&own, doubts);
            }
        }
        if let Some(items) = &self.items {
            items.doubt(&format!("{path}[]"), doubts);
        }
    }
}

fn article(kind: &str) -> &'static str {
    match kind {
        "boolean" => "true or false",
        "number" => "a number",
        "string" => "a text",
        "array" => "a list",
        _ => "an object",
    }
}

type HasFormat = fn(&str) -> bool;

/// Formats of JSON Schema that are looked for, narrowest first by name.
const FORMATS: &[(&str, HasFormat)] =
    &[("date", is_date), ("date-time", is_date_time), ("email", is_email), ("uri", is_uri), ("uuid", is_uuid)];

fn fits(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(b, p)| match p {
            b'9' => b.is_ascii_digit(),
            b'f' => b.is_ascii_hexdigit(),
            p => b == p,
        })
}

fn is_date(text: &str) -> bool {
    fits(text, "9999-99-99")
}

fn is_date_time(text: &str) -> bool {
    text.is_ascii() && text.len() >= 20 && fits(&text[..19], "9999-99-99T99:99:99") && {
        let zone = text[19..].trim_start_matches('.').trim_start_matches(|c: char| c.is_ascii_digit());
        zone == "Z" || fits(zone, "+99:99") || fits(zone, "-99:99")
    }
}

fn is_email(text: &str) -> bool {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && name.chars().all(simple)
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..")
            && host.split('.').count() > 1
            && host.split('.').all(|l| {
                !l.is_empty()
                    && !l.starts_with('-')
                    && !l.ends_with('-')
                    && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    })
}

fn is_uri(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|r| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/?&=+,;!$'()*@".contains(&b);
        r.starts_with(|c: char| c.is_ascii_alphanumeric()) && r.bytes().all(plain)
    })
}

fn is_uuid(text: &str) -> bool {
    fits(text, "ffffffff-ffff-ffff-ffff-ffffffffffff")
}
