//! A customer's identity in words: what happened to it, when and why, and who they were at a past time.

use super::frame::percent_encoded;
use crate::errors::Problem;
use crate::format;
use crate::view::moment;
use serde::Deserialize;
use throughline_customers::Shared;
use throughline_interactions::{Timestamp, Zone};
use throughline_pipeline::{IdentityChange, IdentityThen, Side, WhatChanged};

/// Changes that are told on the page of a customer.
pub(crate) const TOLD: usize = 40;
/// Identifiers and links that are listed there; of more, how many they are is said.
pub(crate) const LISTED: usize = 50;

/// The day that is asked for.
#[derive(Deserialize)]
pub(crate) struct AsOf {
    as_of: Option<String>,
}

impl AsOf {
    /// The end of that day; `None` for now.
    pub(crate) fn moment(&self, zone: Option<&Zone>) -> Result<Option<Timestamp>, Problem> {
        self.as_of.as_deref().filter(|t| !t.trim().is_empty()).map(|t| moment(t, zone)).transpose()
    }
}

/// What stands on the page.
pub(crate) struct IdentitySection {
    pub(crate) lines: Vec<IdentityLine>,
    /// Changes before the first one told.
    pub(crate) earlier: u64,
    /// The day that was asked for, as a form writes it; empty for now.
    pub(crate) as_of: String,
    /// The same in words.
    pub(crate) day: String,
    /// Identifiers of each person they were then.
    pub(crate) people: Vec<String>,
    pub(crate) json: String,
}

/// One change.
pub(crate) struct IdentityLine {
    pub(crate) day: String,
    pub(crate) words: String,
}

/// A kind of identifier as people call it.
pub(crate) fn kind(raw: &str) -> &str {
    match raw {
        "email" => "e-mail",
        "user_id" => "account",
        "anonymous_id" | "cookie" => "browser",
        "device_id" => "device",
        "" => "identifier",
        other => other,
    }
}

fn named(side: &Side) -> String {
    match side.identifier.value.trim() {
        "" => format!("the identifier {}", side.node),
        value => format!("the {} {value}", kind(&side.identifier.kind)),
    }
}

/// Why an identifier joins nobody.
pub(crate) fn why(shared: Option<Shared>) -> &'static str {
    match shared {
        Some(Shared::Decided) => "a person said that it is shared",
        Some(Shared::Role) => "by its name several people read it",
        Some(Shared::Many) => "more people use it than one may name",
        Some(Shared::Soon) => "too many people began to use it within a few days",
        Some(Shared::Names) => "people of different names use it",
        None => "it is somebody else’s",
    }
}

fn words(c: &IdentityChange) -> String {
    let (a, b) = (named(&c.a), named(&c.b));
    let because = c.because.as_ref().map_or_else(String::new, |event| format!(", because of “{event}”"));
    let by = c.by.as_ref().map_or_else(|| "a person".to_owned(), Clone::clone);
    match c.what {
        WhatChanged::Joined => match &c.by {
            Some(who) => format!("{who} decided that {a} and {b} are one person"),
            None => format!("{a} and {b} became one{because}"),
        },
        WhatChanged::HeldBack => format!("{a} was not joined with {b}: {}", why(c.shared)),
        WhatChanged::ChangedHands => format!("{a} was theirs from then on, after it had been somebody else’s"),
        WhatChanged::Separated => format!("{by} took {a} and {b} apart"),
        WhatChanged::Rejoined => format!("{by} joined {a} and {b} again"),
        WhatChanged::Allowed => format!("{by} said that {a} is one person’s"),
        WhatChanged::Shared => format!("{by} said that {a} is shared"),
        WhatChanged::Unmarked => format!("{by} took back what was said of {a}"),
    }
}

impl IdentitySection {
    /// Says it; `then` is as of the day asked for, or now.
    pub(crate) fn new(then: &IdentityThen, json: String, zone: Option<&Zone>) -> Self {
        let line = |c: &IdentityChange| IdentityLine {
            day: format::day(c.at, zone),
            words: super::frame::sentence(&words(c)),
        };
        let person = |p: &throughline_pipeline::PersonThen| {
            let told = p.identifiers.iter().filter(|i| i.identifier.kind != "message").take(LISTED);
            told.map(|i| i.identifier.value.trim().to_owned()).collect::<Vec<_>>().join(", ")
        };
        let (as_of, json) = match then.as_of {
            Some(at) => {
                let day = format::iso_day(at, zone);
                (day.clone(), format!("{json}?as_of={}", percent_encoded(&day)))
            }
            None => (String::new(), json),
        };
        Self {
            lines: then.changes.iter().map(line).collect(),
            earlier: then.total - then.changes.len() as u64,
            day: then.as_of.map_or_else(String::new, |at| format::day(at, zone)),
            as_of,
            people: then.people.iter().map(person).filter(|p| !p.is_empty()).collect(),
            json,
        }
    }
}
