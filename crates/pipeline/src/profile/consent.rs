//! What somebody allows, with the ledger of it: every word about a purpose, when, from whom and in which wording.
//!
//! Which word holds: the later one; of two at the same moment, the withdrawal. The door goes by the same rule.

use super::Seen;
use crate::folding::decode;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use throughline_interactions::{Interaction, Node, Timestamp, WorkspaceId};
use throughline_store::sql::{self, Connection, Transaction, params};

/// The rule, for people.
pub const CONSENT_RULE: &str = "the later word holds; of two at the same moment, the withdrawal";

/// Words of one customer whose wording is read, the last ones.
const READ: usize = 100;

/// What somebody allows for a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurposeConsent {
    /// The purpose, in small letters.
    pub purpose: String,
    /// Whether it is allowed now.
    pub allowed: bool,
    /// Since when.
    pub since: Timestamp,
    /// At some moment both was said.
    pub is_contradictory: bool,
    /// Every word, in the order in which they were said.
    pub words: Vec<ConsentWord>,
}

/// A grant or a withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentWord {
    /// Where and when.
    pub seen: Seen,
    /// A grant, or a withdrawal.
    pub allowed: bool,
    /// Who told it; empty for what is too long ago to be read again.
    pub source: String,
    /// What they were shown, where that was sent.
    pub text: Option<String>,
    /// The version of it.
    pub version: Option<String>,
    /// How often the same was said again before something else was.
    pub said_again: u64,
    /// When it was said last.
    pub last_said: Timestamp,
    /// At the same moment the contrary was said.
    pub is_contradicted: bool,
}

/// Words of facts of a batch.
#[derive(Default)]
pub(crate) struct Words(Vec<(Node, String, Spoken)>);

/// A word as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spoken {
    at: i64,
    position: u64,
    allowed: bool,
}

impl Words {
    /// Hears what a fact says of purposes.
    pub(crate) fn hear(&mut self, i: &Interaction, node: Node, position: u64) {
        let word = |(purpose, allowed): (&String, &bool)| {
            (node, purpose.to_ascii_lowercase(), Spoken { at: i.occurred_at.0, position, allowed: *allowed })
        };
        self.0.extend(i.consent.iter().map(word));
    }

    /// Writes them down; what one fact says of one purpose in two spellings is a withdrawal if either is.
    pub(crate) fn write(&self, tx: &Transaction<'_>, workspace: WorkspaceId) -> sql::Result<()> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO pipeline_consent_words (workspace, node, purpose, occurred_at, position, allowed)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workspace, node, purpose, occurred_at, position) DO UPDATE SET allowed = excluded.allowed
             WHERE excluded.allowed < pipeline_consent_words.allowed",
        )?;
        for (node, purpose, spoken) in &self.0 {
            insert.execute(params![
                workspace.0,
                node.0.cast_signed(),
                purpose,
                spoken.at,
                spoken.position.cast_signed(),
                i64::from(spoken.allowed)
            ])?;
        }
        Ok(())
    }
}

/// Forgets what was said under a node.
pub(crate) fn forget_words(tx: &Transaction<'_>, workspace: WorkspaceId, node: Node) -> sql::Result<()> {
    tx.prepare_cached("DELETE FROM pipeline_consent_words WHERE workspace = $1 AND node = $2")?
        .execute(params![workspace.0, node.0.cast_signed()])?;
    Ok(())
}

fn spoken(c: &Connection, workspace: WorkspaceId, nodes: &[Node]) -> sql::Result<BTreeMap<String, Vec<Spoken>>> {
    let mut by_purpose: BTreeMap<String, Vec<Spoken>> = BTreeMap::new();
    let mut select = c.prepare_cached(
        "SELECT purpose, occurred_at, position, allowed FROM pipeline_consent_words WHERE workspace = $1 AND node = $2",
    )?;
    for node in nodes {
        let mut rows = select.query(params![workspace.0, node.0.cast_signed()])?;
        while let Some(r) = rows.next()? {
            let position = r.get::<_, i64>(2)?.cast_unsigned();
            let spoken = Spoken { at: r.get(1)?, position, allowed: r.get::<_, i64>(3)? == 1 };
            by_purpose.entry(r.get(0)?).or_default().push(spoken);
        }
    }
    Ok(by_purpose)
}

/// A word that was said one or several times before the contrary was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    first: Spoken,
    last: i64,
    again: u64,
    is_contradicted: bool,
}

/// Words in the order in which they hold: the last one does.
fn in_order(mut words: Vec<Spoken>) -> Vec<Said> {
    words.sort_by_key(|w| (w.at, !w.allowed, w.position));
    let mut said: Vec<Said> = Vec::new();
    for word in words {
        match said.last_mut() {
            Some(last) if last.first.allowed == word.allowed => {
                last.last = word.at;
                last.again += 1;
            }
            before => {
                let is_contradicted = before.is_some_and(|last| {
                    let both = last.last == word.at;
                    last.is_contradicted |= both;
                    both
                });
                said.push(Said { first: word, last: word.at, again: 0, is_contradicted });
            }
        }
    }
    said
}

/// The first of these properties that says something.
fn property(fact: &Interaction, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match fact.properties.get(*name)? {
        serde_json::Value::String(text) => Some(text.trim().chars().take(2_000).collect()),
        serde_json::Value::Number(n) => Some(n.to_string()),
        _ => None,
    })
}

impl Engine {
    /// Everything that was said of purposes under these nodes.
    pub(crate) fn consent_ledger(
        &self,
        workspace: WorkspaceId,
        nodes: &[Node],
    ) -> Result<Vec<PurposeConsent>, EngineError> {
        let by_purpose = self.store().read(|c| spoken(c, workspace, nodes))?;
        let by_purpose: Vec<(String, Vec<Said>)> =
            by_purpose.into_iter().map(|(purpose, words)| (purpose, in_order(words))).collect();
        let mut positions: Vec<u64> =
            by_purpose.iter().flat_map(|(_, said)| said.iter().map(|s| s.first.position)).collect();
        positions.sort_unstable();
        positions.dedup();
        let last = positions.split_off(positions.len().saturating_sub(READ));
        let mut facts: HashMap<u64, Interaction> = HashMap::new();
        for frame in self.inner().ledger.read_many(&last)?.iter().filter(|f| !f.header.erased) {
            facts.insert(frame.header.position, decode(frame).map_err(|e| EngineError::Damaged(e.to_string()))?);
        }
        let word = |said: &Said| {
            let fact = facts.get(&said.first.position);
            ConsentWord {
                seen: Seen {
                    at: Timestamp(said.first.at),
                    position: said.first.position,
                    event: fact.map(|f| f.event.clone()).unwrap_or_default(),
                },
                allowed: said.first.allowed,
                source: fact.map(|f| f.source.as_str().to_owned()).unwrap_or_default(),
                text: fact.and_then(|f| {
                    let own = || f.text.as_ref().map(|t| t.trim().chars().take(2_000).collect());
                    property(f, &["consent_text", "wording", "text", "notice"]).or_else(own)
                }),
                version: fact
                    .and_then(|f| property(f, &["consent_version", "text_version", "policy_version", "version"])),
                said_again: said.again,
                last_said: Timestamp(said.last),
                is_contradicted: said.is_contradicted,
            }
        };
        let purpose = |(purpose, said): (String, Vec<Said>)| {
            let now = *said.last()?;
            Some(PurposeConsent {
                purpose,
                allowed: now.first.allowed,
                since: Timestamp(now.first.at),
                is_contradictory: said.iter().any(|s| s.is_contradicted),
                words: said.iter().map(word).collect(),
            })
        };
        Ok(by_purpose.into_iter().filter_map(purpose).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_word_holds_and_at_the_same_moment_the_withdrawal() {
        let check = |words: &[(i64, bool)], expected: &[(i64, bool, u64, bool)]| {
            let spoken =
                |(n, (at, allowed)): (usize, &(i64, bool))| Spoken { at: *at, position: n as u64, allowed: *allowed };
            let forwards: Vec<Spoken> = words.iter().enumerate().map(spoken).collect();
            let backwards = forwards.iter().rev().copied().collect();
            for words in [forwards, backwards] {
                let said = in_order(words);
                let said: Vec<_> =
                    said.iter().map(|s| (s.first.at, s.first.allowed, s.again, s.is_contradicted)).collect();
                assert_eq!(said, expected);
            }
        };
        check(&[(1, true), (2, false)], &[(1, true, 0, false), (2, false, 0, false)]);
        check(&[(1, true), (3, true), (2, true)], &[(1, true, 2, false)]);
        check(&[(5, false), (5, true)], &[(5, true, 0, true), (5, false, 0, true)]);
        check(&[(5, false), (5, true), (6, true)], &[(5, true, 0, true), (5, false, 0, true), (6, true, 0, false)]);
        check(&[], &[]);
    }
}
