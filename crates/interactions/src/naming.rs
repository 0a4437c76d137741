//! A workspace's own rules of what names somebody, and as whom: values that name nobody, whether `+tag` tells
//! two mailboxes apart, and in which country a telephone number without a country is.
//!
//! A node is a keyed hash of what these rules make of a value. Whoever changes them changes nodes, and with them
//! everything that follows from facts; facts themselves keep identifiers as they were sent.

use crate::identifier::{Dialling, Written, email};
use crate::{Identifier, Node, NodeSecret, NodesBy};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Countries whose telephone numbers are understood, by ISO 3166.
pub const COUNTRIES: &[&str] = &[
    "AR", "AT", "AU", "BE", "BR", "CA", "CH", "CN", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "IN",
    "IT", "JP", "KR", "MX", "NL", "NO", "NZ", "PL", "PT", "RO", "SE", "TR", "UA", "US", "ZA",
];

/// What people define.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamingRules {
    /// Values that name nobody, beside those that never do: `till@shop.example`, `phone:0800 123456`, `*@shop.example`.
    /// A kind before a colon says of which kind; a star stands for anything, at the beginning or at the end.
    pub blocked: Vec<String>,
    /// `ana+shop@…` and `ana@…` are two mailboxes.
    pub keeps_tags: bool,
    /// Where a telephone number is that does not say its country; one of [`COUNTRIES`].
    pub country: Option<String>,
    /// Countries that stood there before. Whoever was erased under them stays erased.
    pub countries_before: Vec<String>,
}

/// Why rules cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingFault {
    /// A country that is not understood.
    #[error("telephone numbers of `{0}` are not understood; take one of the countries that are listed")]
    Country(String),
    /// An entry that would block everybody.
    #[error("`{0}` would name nobody at all; write at least three letters or digits beside the star")]
    TooWide(String),
    /// Too many entries.
    #[error("there are {0} values that name nobody; at most {MOST_BLOCKED} are taken")]
    TooMany(usize),
}

/// Entries of a workspace's own.
const MOST_BLOCKED: usize = 1_000;

/// Rules made ready, with the secret.
#[derive(Debug, Clone)]
pub struct Naming {
    secret: NodeSecret,
    blocked: HashSet<(String, String)>,
    /// Kind or nothing, what it begins with or ends in.
    wide: Vec<(String, String, bool)>,
    keeps_tags: bool,
    home: Option<Dialling>,
    homes_before: Vec<Dialling>,
}

/// Kind or nothing, value in lower case.
fn entry(text: &str) -> (String, String) {
    let text = text.trim().to_lowercase();
    match text.split_once(':') {
        Some((kind, value)) if !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            (kind.to_owned(), value.trim().to_owned())
        }
        _ => (String::new(), text),
    }
}

impl NamingRules {
    /// Whether they can be taken.
    pub fn check(&self) -> Result<(), NamingFault> {
        if self.blocked.len() > MOST_BLOCKED {
            return Err(NamingFault::TooMany(self.blocked.len()));
        }
        let is_wide = |b: &&String| {
            let (_, value) = entry(b);
            value.contains('*') && value.chars().filter(|c| c.is_alphanumeric()).count() < 3
        };
        if let Some(wide) = self.blocked.iter().find(is_wide) {
            return Err(NamingFault::TooWide(wide.clone()));
        }
        match self.country.iter().chain(&self.countries_before).find(|c| Dialling::of(c).is_none()) {
            Some(unknown) => Err(NamingFault::Country(unknown.clone())),
            None => Ok(()),
        }
    }
}

impl Naming {
    /// Rules with a workspace's secret; entries that cannot be read say nothing.
    pub fn new(secret: NodeSecret, rules: &NamingRules) -> Self {
        let (mut blocked, mut wide) = (HashSet::new(), Vec::new());
        for (kind, value) in rules.blocked.iter().map(|b| entry(b)).filter(|(_, value)| !value.is_empty()) {
            match (value.strip_prefix('*'), value.strip_suffix('*')) {
                (Some(end), _) => wide.push((kind, end.to_owned(), true)),
                (None, Some(start)) => wide.push((kind, start.to_owned(), false)),
                (None, None) => {
                    // As it stands, and as all its spellings are written.
                    for kinds in [&["email", "phone"][..], &[kind.as_str()]] {
                        for k in kinds.iter().filter(|k| kind.is_empty() || **k == kind) {
                            let same = Identifier::new(k, &value).normalised().into_owned();
                            blocked.insert((kind.clone(), same));
                        }
                    }
                    blocked.insert((kind, value));
                }
            }
        }
        let home = |c: &String| Dialling::of(c);
        Self {
            secret,
            blocked,
            wide,
            keeps_tags: rules.keeps_tags,
            home: rules.country.as_ref().and_then(home),
            homes_before: rules.countries_before.iter().filter_map(home).collect(),
        }
    }

    fn names_nobody(&self, identifier: &Identifier) -> bool {
        if self.blocked.is_empty() && self.wide.is_empty() {
            return false;
        }
        let value = identifier.value.trim().to_lowercase();
        let is_of = |kind: &String| kind.is_empty() || *kind == identifier.kind;
        let same = identifier.normalised();
        [String::new(), identifier.kind.clone()].into_iter().any(|kind| {
            self.blocked.contains(&(kind.clone(), value.clone())) || self.blocked.contains(&(kind, same.to_string()))
        }) || self.wide.iter().any(|(kind, part, is_end)| {
            is_of(kind) && if *is_end { value.ends_with(part) } else { value.starts_with(part) }
        })
    }

    /// Every node that an identifier has, or would have by other rules: what the door looks for when it asks
    /// whether somebody was erased, whatever held when that was.
    pub fn every_node(&self, identifier: &Identifier) -> Vec<Node> {
        let Some(usual) = identifier.node(&self.secret) else { return Vec::new() };
        let mut all = vec![usual];
        match identifier.kind.as_str() {
            "email" => all.push(identifier.hashed(&email(&identifier.value, true), &self.secret)),
            "phone" => {
                let written = Written::read(&identifier.value);
                let homes = self.home.iter().chain(&self.homes_before);
                all.extend(homes.map(|home| identifier.hashed(&written.e164(*home), &self.secret)));
            }
            _ => {}
        }
        all
    }
}

impl NodesBy for Naming {
    fn node_of(&self, identifier: &Identifier) -> Option<Node> {
        if identifier.is_blocked() || self.names_nobody(identifier) {
            return None;
        }
        let same = match (identifier.kind.as_str(), self.home) {
            ("email", _) if self.keeps_tags => email(&identifier.value, true).into(),
            ("phone", Some(home)) => Written::read(&identifier.value).e164(home).into(),
            _ => identifier.normalised(),
        };
        Some(identifier.hashed(&same, &self.secret))
    }

    fn secret(&self) -> &NodeSecret {
        &self.secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: NodeSecret = NodeSecret([7; 16]);

    fn rules(blocked: &[&str], keeps_tags: bool, country: Option<&str>) -> NamingRules {
        NamingRules {
            blocked: blocked.iter().map(|b| (*b).to_owned()).collect(),
            keeps_tags,
            country: country.map(str::to_owned),
            countries_before: Vec::new(),
        }
    }

    fn node(rules: &NamingRules, kind: &str, value: &str) -> Option<Node> {
        Naming::new(SECRET, rules).node_of(&Identifier::new(kind, value))
    }

    #[test]
    fn the_usual_rules_are_those_of_the_secret_alone() {
        for (kind, value) in
            [("email", "Ana.B+x@gmail.com"), ("phone", "0049 30 12345"), ("user_id", "null"), ("x", "y")]
        {
            assert_eq!(node(&NamingRules::default(), kind, value), Identifier::new(kind, value).node(&SECRET));
        }
    }

    #[test]
    fn a_workspace_names_what_names_nobody() {
        let own = rules(&["Till@Shop.example", "phone:0800 123456", "*@kasse.example", "user_id:demo-*"], false, None);
        for (kind, value) in [
            ("email", "till+7@shop.example"),
            ("phone", "0800/12 34 56"),
            ("email", "a.b@Kasse.example"),
            ("user_id", "demo-17"),
        ] {
            assert_eq!(node(&own, kind, value), None, "{kind} {value}");
        }
        for (kind, value) in [("user_id", "0800 123456"), ("anonymous_id", "demo-17"), ("email", "tilly@shop.example")]
        {
            assert!(node(&own, kind, value).is_some(), "{kind} {value}");
        }
        assert!(rules(&["*@*"], false, None).check().is_err());
        assert!(rules(&["ab*"], false, None).check().is_err());
        assert!(rules(&[], false, Some("XX")).check().is_err());
        assert!(own.check().is_ok());
    }

    #[test]
    fn tags_and_countries_are_the_workspaces_choice() {
        let same = |r: &NamingRules, kind: &str, a: &str, b: &str| node(r, kind, a) == node(r, kind, b);
        let usual = rules(&[], false, Some("DE"));
        assert!(same(&usual, "email", "ana+shop@x.org", "Ana@x.org"));
        assert!(same(&usual, "phone", "030 123456", "+49 30 123456"));
        let other = rules(&[], true, None);
        assert!(!same(&other, "email", "ana+shop@x.org", "ana@x.org"));
        assert!(same(&other, "email", "Ana+Shop@x.org", "ana+shop@x.org"));
        assert!(!same(&other, "phone", "030 123456", "+49 30 123456"));
        // The country of before is looked for at the door.
        let mut later = rules(&[], true, Some("AT"));
        later.countries_before.push("DE".to_owned());
        let every = Naming::new(SECRET, &later).every_node(&Identifier::new("phone", "030 123456"));
        assert!(every.contains(&node(&usual, "phone", "030 123456").unwrap()));
        assert!(every.contains(&node(&other, "phone", "030 123456").unwrap()));
        let every = Naming::new(SECRET, &later).every_node(&Identifier::new("email", "ana+shop@x.org"));
        assert!(every.contains(&node(&usual, "email", "ana@x.org").unwrap()));
    }

    #[test]
    fn the_countries_listed_are_those_understood() {
        assert!(COUNTRIES.iter().all(|c| Dialling::of(c).is_some()));
        assert_eq!(COUNTRIES.len(), crate::identifier::PLANS.len());
    }
}
