//! The profile in words: figures that open what they were counted from, needs said and needs guessed, consent
//! with its ledger.

use crate::format;
use crate::story_asked::AskedStory;
use throughline_interactions::Zone;
use throughline_pipeline::{ConsentWord, Profile, PurposeConsent, Region, StageState, StatedBy};

/// A figure.
pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// What it was counted from.
    pub(crate) href: Option<String>,
    /// A second line.
    pub(crate) detail: String,
    pub(crate) how: String,
}

/// A need or a preference.
pub(crate) struct Need {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) evidence: String,
    pub(crate) href: String,
}

/// Consent to a purpose.
pub(crate) struct Purpose {
    pub(crate) name: String,
    pub(crate) allowed: bool,
    pub(crate) since: String,
    pub(crate) is_contradictory: bool,
    pub(crate) words: Vec<WordView>,
    /// Words before those.
    pub(crate) earlier: usize,
}

/// A grant or a withdrawal.
pub(crate) struct WordView {
    pub(crate) allowed: bool,
    pub(crate) at: String,
    pub(crate) href: String,
    /// Who told it, in which version, how often again.
    pub(crate) detail: String,
    pub(crate) text: Option<String>,
}

/// Words of one purpose on the page; all of them are in the API.
const WORDS: usize = 30;

/// The profile as the page shows it.
pub(crate) struct ProfileView {
    pub(crate) facts: Vec<Fact>,
    pub(crate) said: Vec<Need>,
    pub(crate) guessed: Vec<Need>,
    pub(crate) consents: Vec<Purpose>,
    pub(crate) rule: &'static str,
}

/// Puts a profile into words; `path` is the story's.
pub(crate) fn profile(p: &Profile, path: &str, to: impl Fn(&str) -> String, zone: Option<&Zone>) -> ProfileView {
    let figure = |key: &str| to(&AskedStory::default().with(path, &[("figure", key)]));
    let at = |position: u64| {
        let position = position.to_string();
        format!("{}#i{position}", to(&AskedStory::default().with(path, &[("at", &position)])))
    };
    ProfileView {
        facts: facts(p, &figure, &at, zone),
        said: said(p, &at, zone),
        guessed: guessed(p, &figure, &at),
        consents: p.consents.iter().map(|c| purpose(c, &at, zone)).collect(),
        rule: p.consent_rule,
    }
}

fn facts(p: &Profile, figure: &impl Fn(&str) -> String, at: &impl Fn(u64) -> String, zone: Option<&Zone>) -> Vec<Fact> {
    let c = &p.computed;
    let mut facts = Vec::new();
    let counted = |name, of: &throughline_pipeline::Counted, detail: String| Fact {
        name,
        value: format::count(of.n),
        href: (of.n > 0).then(|| figure(&of.figure)),
        detail,
        how: of.how.clone(),
    };
    let seen = |name, of: &throughline_pipeline::Seen, how: &str| Fact {
        name,
        value: format::day(of.at, zone),
        href: Some(at(of.position)),
        detail: of.event.clone(),
        how: how.to_owned(),
    };
    facts.extend(c.first_seen.as_ref().map(|s| seen("First seen", s, "the first interaction that happened")));
    facts.extend(c.last_seen.as_ref().map(|s| seen("Last seen", s, "the last interaction that happened")));
    if let Some(orders) = &c.orders {
        facts.push(counted("Orders", orders, String::new()));
        for s in c.spend.iter().filter(|s| s.orders > 0) {
            let back = match s.returned_minor {
                0 => String::new(),
                back => format!(", {} went back", format::minor(back, &s.currency)),
            };
            facts.push(Fact {
                name: "Spent",
                value: format::minor(s.minor, &s.currency),
                href: Some(figure(&orders.figure)),
                detail: format!("{} an order on average{back}", format::minor(s.average_minor, &s.currency)),
                how: "the amounts with which those orders began, each currency for itself".to_owned(),
            });
        }
    }
    facts.extend(c.returns.as_ref().filter(|r| r.n > 0).map(|r| counted("Something came back", r, String::new())));
    facts.extend(c.satisfaction.as_ref().map(|s| Fact {
        name: "Last answer",
        value: format!("{} of {}", format::plain(s.said.value), format::plain(s.said.max)),
        href: Some(at(s.seen.position)),
        detail: format!("{}: {}, {}", format::asked(&s.said.kind), s.feeling.words, format::day(s.seen.at, zone)),
        how: format!("the last of {}; {}", format::counted(s.answers.n, "answer", "answers"), s.answers.how),
    }));
    facts.extend(c.stage.as_ref().map(|s| Fact {
        name: "Stands at",
        value: s.name.clone(),
        href: Some(at(s.position)),
        detail: match s.state {
            StageState::Finished => format!("{}: done, {}", s.journey_name, format::day(s.since, zone)),
            StageState::Lost => format!("{}: ended there, {}", s.journey_name, format::day(s.since, zone)),
            StageState::Waiting => format!("{}: since {}", s.journey_name, format::day(s.since, zone)),
        },
        how: format!("the furthest stage of the latest of {} in “{}”", s.instances, s.journey_name),
    }));
    facts.push(counted("Promises kept", &c.promises_kept, String::new()));
    facts.push(counted("Promises broken", &c.promises_broken, String::new()));
    facts.push(counted("Turned to the help desk", &c.contacts, String::new()));
    facts
}

fn said(p: &Profile, at: &impl Fn(u64) -> String, zone: Option<&Zone>) -> Vec<Need> {
    let regions = [("Language", &p.language), ("Zone", &p.zone)];
    let regions = regions.into_iter().filter_map(|(name, r)| Some((name, r.as_ref().filter(|r| !r.is_inferred)?)));
    let region = |(name, r): (&str, &Region)| Need {
        name: name.to_owned(),
        value: spoken(name, &r.value),
        evidence: format!("told as “{}”, {}", r.from, format::day(r.at, zone)),
        href: r.positions.first().map_or_else(String::new, |p| at(*p)),
    };
    let stated = p.stated.iter().map(|s| Need {
        name: match s.by {
            StatedBy::Wish => "On the wish list".to_owned(),
            StatedBy::Trait | StatedBy::Event => format::name(&s.what),
        },
        value: told_value(&s.value),
        evidence: format!("{}, {}", s.source, format::day(s.at, zone)),
        href: at(s.position),
    });
    regions.map(region).chain(stated).collect()
}

fn guessed(p: &Profile, figure: &impl Fn(&str) -> String, at: &impl Fn(u64) -> String) -> Vec<Need> {
    let regions = [("Language", &p.language), ("Zone", &p.zone)];
    let regions = regions.into_iter().filter_map(|(name, r)| Some((name, r.as_ref().filter(|r| r.is_inferred)?)));
    let region = |(name, r): (&str, &Region)| Need {
        name: name.to_owned(),
        value: spoken(name, &r.value),
        evidence: match r.of {
            1 => format!("from {}", r.from),
            of => format!("from {}, in {} of the last {of}", r.from, r.n),
        },
        href: r.positions.first().map_or_else(String::new, |p| at(*p)),
    };
    let inferred = p.inferred.iter().map(|i| {
        let name = match i.what.as_str() {
            "channel" => "Favourite channel",
            "category" => "Favourite category",
            "product" => "Favourite product",
            "brand" => "Favourite brand",
            "store" => "Favourite store",
            "size" => "Usual size",
            "device" => "Usual device",
            "payment" => "Usual way to pay",
            _ => "Usual hours",
        };
        let that = match i.what.as_str() {
            "channel" | "hours" => "",
            _ => " that name one",
        };
        Need {
            name: name.to_owned(),
            value: i.value.clone(),
            evidence: format!("in {} of {} visits, orders and the like{that}", format::count(i.n), format::count(i.of)),
            href: figure(&i.figure),
        }
    });
    inferred.chain(regions.map(region)).collect()
}

/// A language by its name in English.
fn spoken(name: &str, value: &str) -> String {
    let known = match value {
        _ if name != "Language" => value,
        "ar" => "Arabic",
        "cs" => "Czech",
        "da" => "Danish",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "fa" => "Persian",
        "fi" => "Finnish",
        "fr" => "French",
        "he" => "Hebrew",
        "hi" => "Hindi",
        "hu" => "Hungarian",
        "it" => "Italian",
        "ja" => "Japanese",
        "ko" => "Korean",
        "nl" => "Dutch",
        "no" => "Norwegian",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "ro" => "Romanian",
        "ru" => "Russian",
        "sv" => "Swedish",
        "tr" => "Turkish",
        "uk" => "Ukrainian",
        "zh" => "Chinese",
        other => other,
    };
    known.to_owned()
}

/// A value as people read it, whatever type it came in: a list by its parts, nothing else of its brackets.
pub(crate) fn told_value(value: &str) -> String {
    match serde_json::from_str(value) {
        Ok(serde_json::Value::Array(parts))
            if !parts.is_empty() && parts.iter().all(|p| !p.is_object() && !p.is_array()) =>
        {
            let plain = |p: &serde_json::Value| p.as_str().map_or_else(|| p.to_string(), str::to_owned);
            parts.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        _ => value.to_owned(),
    }
}

fn purpose(c: &PurposeConsent, at: &impl Fn(u64) -> String, zone: Option<&Zone>) -> Purpose {
    let word = |w: &ConsentWord| {
        let mut said: Vec<String> = Vec::new();
        said.extend(Some(w.source.clone()).filter(|s| !s.is_empty()));
        said.extend(Some(w.seen.event.clone()).filter(|s| !s.is_empty()));
        said.extend(w.version.as_ref().map(|v| format!("version {v}")));
        if w.said_again > 0 {
            let times = format::counted(w.said_again, "time", "times");
            said.push(format!("said again {times} until {}", format::day(w.last_said, zone)));
        }
        if w.is_contradicted {
            said.push("the contrary was said at the same moment".to_owned());
        }
        WordView {
            allowed: w.allowed,
            at: format::minute(w.seen.at, zone),
            href: at(w.seen.position),
            detail: said.join(" · "),
            text: w.text.clone(),
        }
    };
    Purpose {
        name: format::name(&c.purpose),
        allowed: c.allowed,
        since: format::day(c.since, zone),
        is_contradictory: c.is_contradictory,
        words: c.words.iter().rev().take(WORDS).map(word).collect(),
        earlier: c.words.len().saturating_sub(WORDS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_type_are_readable() {
        let check = |value: &str, expected: &str| assert_eq!(told_value(value), expected);
        check("42", "42");
        check("[1]", "1");
        check("[\"tea\",2,true]", "tea, 2, true");
        check("[]", "[]");
        check("[[1]]", "[[1]]");
        check("{\"a\":1}", "{\"a\":1}");
        check("[not a list", "[not a list");
    }
}
