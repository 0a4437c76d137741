//! What somebody said they need or like: traits that are about it, events that set it, things on a wish list.

use crate::story::Reading;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::BTreeMap;
use throughline_customers::Trait;
use throughline_interactions::{Interaction, Timestamp};

/// Facts of the last that are read for what they state.
const READ: usize = 50;
/// Facts of the last own ones that tell where somebody is.
const RECENT: usize = 20;
/// Values that are given.
const GIVEN: usize = 60;

/// How it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatedBy {
    /// Told of them, with who they are.
    Trait,
    /// Set in an event of its own.
    Event,
    /// Put on a wish list.
    Wish,
}

/// A need or a preference as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The trait's or the property's name; `wish` for something on a wish list.
    pub what: String,
    /// What was said last.
    pub value: String,
    /// How.
    pub by: StatedBy,
    /// Who told it.
    pub source: String,
    /// When it was said last.
    pub at: Timestamp,
    /// Where, by its place in the ledger.
    pub position: u64,
}

/// Beginnings of words in the names of traits that say that something is needed or liked, and whole words.
const BEGINNINGS: [&str; 7] = ["prefer", "favorite", "favourite", "interest", "wish", "diet", "allerg"];
const WORDS: [&str; 5] = ["need", "needs", "size", "hobby", "hobbies"];

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_alphanumeric()).flat_map(split_case).map(str::to_lowercase)
}

fn is_preference(name: &str) -> bool {
    words(name).any(|word| BEGINNINGS.iter().any(|w| word.starts_with(w)) || WORDS.contains(&&*word))
}

/// An event that sets preferences, or is about a wish list.
fn tells(event: &str) -> bool {
    words(event).any(|word| word.starts_with("prefer") || word.starts_with("wish"))
}

/// `favoriteColor` is two words.
fn split_case(word: &str) -> Vec<&str> {
    let starts = word.char_indices().filter(|(at, c)| *at > 0 && c.is_uppercase()).map(|(at, _)| at);
    let mut parts = Vec::new();
    let mut from = 0;
    for at in starts.chain([word.len()]) {
        parts.push(&word[from..at]);
        from = at;
    }
    parts
}

impl Engine {
    /// Traits, events and wishes, by name.
    pub(crate) fn stated(&self, reading: &Reading, traits: &[Trait]) -> Result<Vec<Stated>, EngineError> {
        let m = &reading.moments;
        let of_trait = |t: &Trait| {
            let now = t.told.first()?;
            Some(Stated {
                what: t.name.clone(),
                value: now.value.clone(),
                by: StatedBy::Trait,
                source: now.source.clone(),
                at: now.last_said,
                position: now.position,
            })
        };
        let mut stated: Vec<Stated> = traits.iter().filter(|t| is_preference(&t.name)).filter_map(of_trait).collect();
        let tells: Vec<bool> = m.events.iter().map(|e| tells(e)).collect();
        let mut places: Vec<u32> =
            (0..m.all.len() as u32).rev().filter(|p| tells[m.all[*p as usize].event as usize]).take(READ).collect();
        places.reverse();
        let facts: Vec<(u64, Interaction)> =
            self.facts(reading, &places)?.into_iter().map(|(p, f)| (m.all[p as usize].position, f)).collect();
        stated.extend(said_in(&facts));
        stated.truncate(GIVEN);
        Ok(stated)
    }

    /// The last that they did themselves.
    pub(crate) fn recent_own(&self, reading: &Reading) -> Result<Vec<(u64, Interaction)>, EngineError> {
        let m = &reading.moments;
        let places: Vec<u32> = (0..m.all.len() as u32).rev().filter(|p| m.is_own(*p)).take(RECENT).collect();
        let facts = self.facts(reading, &places)?;
        Ok(facts.into_iter().map(|(p, f)| (m.all[p as usize].position, f)).collect())
    }
}

/// What facts in their order state: of every name the last value, of wishes those that were not taken back.
fn said_in(facts: &[(u64, Interaction)]) -> Vec<Stated> {
    let mut stated: BTreeMap<(String, String), Stated> = BTreeMap::new();
    for (position, fact) in facts {
        let say = |what: &str, value: String, by: StatedBy| Stated {
            what: what.to_owned(),
            value,
            by,
            source: fact.source.as_str().to_owned(),
            at: fact.occurred_at,
            position: *position,
        };
        let event = fact.event.to_lowercase();
        if event.contains("wish") {
            for product in fact.refs.iter().filter(|r| r.kind == "product").map(|r| &r.value) {
                let key = ("wish".to_owned(), product.clone());
                if event.contains("remove") {
                    stated.remove(&key);
                } else if event.contains("add") {
                    stated.insert(key, say("wish", product.clone(), StatedBy::Wish));
                }
            }
            continue;
        }
        for (name, value) in &fact.properties {
            let value = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::String(text) => text.trim().to_owned(),
                other => other.to_string(),
            };
            if value.is_empty() || value.len() > 500 || matches!(&**name, "context" | "device" | "browser" | "os") {
                continue;
            }
            stated.insert((name.clone(), String::new()), say(name, value, StatedBy::Event));
        }
    }
    stated.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_a_preference() {
        let check = |name: &str, of_trait: bool, of_event: bool| {
            assert_eq!((is_preference(name), tells(name)), (of_trait, of_event), "{name}");
        };
        check("Preference Set", true, true);
        check("favoriteColor", true, false);
        check("preferred_channel", true, true);
        check("shoe_size", true, false);
        check("Product Added to Wishlist", true, true);
        check("Size Chart Viewed", true, false);
        for other in ["Order Completed", "plan", "Resized Window", "", "needle", "größe"] {
            check(other, false, false);
        }
    }

    #[test]
    fn the_last_word_of_each_name_counts_and_wishes_can_be_taken_back() {
        let fact = |n: u64, json: serde_json::Value| {
            let draft = throughline_interactions::parse_interaction(json, 0).unwrap();
            let (workspace, source) = (throughline_interactions::WorkspaceId(1), "shop");
            let source = throughline_interactions::SourceId::new(source).unwrap();
            let at = Timestamp::from_seconds(1_790_000_000);
            (n, draft.receive(workspace, &source, at, 1 << 20).unwrap())
        };
        let set = |n: u64, property: serde_json::Value| {
            fact(
                n,
                serde_json::json!({"message_id": n.to_string(), "event": "Preference Set", "properties": {"colour": property}}),
            )
        };
        let wish = |n: u64, event: &str| {
            fact(n, serde_json::json!({"message_id": n.to_string(), "event": event, "refs": {"product": "lamp"}}))
        };
        let check = |facts: &[(u64, Interaction)], expected: &[(&str, &str, u64)]| {
            let said = said_in(facts);
            let told: Vec<_> = said.iter().map(|s| (s.what.as_str(), s.value.as_str(), s.position)).collect();
            assert_eq!(told, expected);
        };
        check(&[set(1, 42.into()), set(2, "42".into()), set(3, serde_json::json!([1]))], &[("colour", "[1]", 3)]);
        check(&[wish(1, "Product Added to Wishlist")], &[("wish", "lamp", 1)]);
        check(&[wish(1, "Product Added to Wishlist"), wish(2, "Product Removed from Wishlist")], &[]);
        check(&[wish(1, "Wishlist Viewed"), set(2, serde_json::Value::Null)], &[]);
    }
}
