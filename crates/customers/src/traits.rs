//! What was told of somebody: plan, birthday, size of shoe. Every value keeps since when and until when it was
//! told, and by whom first; the one that was told last holds.

use crate::names::NameCodec;
use serde::Serialize;
use std::collections::BTreeMap;
use throughline_interactions::{Interaction, Node, Timestamp, WorkspaceId};
use throughline_store::sql::{self, Connection, Transaction, params};

/// A value of a trait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The value as text.
    pub value: String,
    /// When it was told first.
    pub first_said: Timestamp,
    /// When it was told last.
    pub last_said: Timestamp,
    /// Who told it first.
    pub source: String,
    /// In which frame of the ledger.
    pub position: u64,
}

/// A trait with its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trait {
    /// Its name, as it was sent.
    pub name: String,
    /// Its values: the one that holds first, then those before it.
    pub told: Vec<Told>,
}

/// Traits of one fact, and of one value, that are kept.
const TRAITS: usize = 60;
const BYTES: usize = 500;

/// What senders and this program say beside, which is nobody's trait.
const NOT_OF_PEOPLE: &[&str] = &["context", "device", "os", "browser", "app_version", "actor_reason", "mended"];

/// Facts that tell who somebody is.
pub(crate) fn identifies(i: &Interaction) -> bool {
    matches!(i.event.as_str(), "Identified" | "Account Created") || i.event.eq_ignore_ascii_case("identify")
}

/// Values that a batch told, by node, name and value.
#[derive(Default)]
pub(crate) struct Telling(BTreeMap<(Node, String, String), Told>);

impl Telling {
    /// Hears what an interaction tells of its person.
    pub(crate) fn hear(&mut self, i: &Interaction, node: Node, position: u64) {
        if !identifies(i) {
            return;
        }
        let of_people = i.properties.iter().filter(|(name, _)| !NOT_OF_PEOPLE.contains(&name.as_str()));
        for (name, value) in of_people.take(TRAITS) {
            let text = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::String(text) => text.trim().to_owned(),
                other => other.to_string(),
            };
            if text.is_empty() || text.len() > BYTES || name.len() > BYTES {
                continue;
            }
            let at = i.occurred_at;
            let told = Told {
                value: text.clone(),
                first_said: at,
                last_said: at,
                source: i.source.as_str().to_owned(),
                position,
            };
            let known = self.0.entry((node, name.clone(), text)).or_insert_with(|| told.clone());
            if (at, position) < (known.first_said, known.position) {
                *known = Told { last_said: known.last_said, ..told };
            }
            known.last_said = known.last_said.max(at);
        }
    }

    /// Writes them down.
    pub(crate) fn write(self, tx: &Transaction<'_>, workspace: u32, names: &dyn NameCodec) -> sql::Result<()> {
        let mut upsert = tx.prepare_cached(include_str!("sql/upsert_trait.sql"))?;
        for ((node, name, value), told) in self.0 {
            upsert.queue(params![
                workspace,
                node.0.cast_signed(),
                name,
                names.index(&value),
                names.write(node, &value),
                told.first_said.0,
                told.last_said.0,
                told.source,
                told.position.cast_signed()
            ])?;
        }
        Ok(())
    }
}

/// Forgets what was told under a node.
pub(crate) fn forget(tx: &Transaction<'_>, workspace: u32, node: i64) -> sql::Result<()> {
    tx.prepare_cached("DELETE FROM customers_traits WHERE workspace = $1 AND node = $2")?
        .execute(params![workspace, node])?;
    Ok(())
}

/// Writes the values under a node anew.
pub(crate) fn recode(
    tx: &Transaction<'_>,
    workspace: u32,
    node: Node,
    reads: &dyn NameCodec,
    writes: &dyn NameCodec,
) -> sql::Result<()> {
    let rows = tx
        .prepare_cached("SELECT name, said, value FROM customers_traits WHERE workspace = $1 AND node = $2")?
        .query_map(params![workspace, node.0.cast_signed()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
        .collect::<sql::Result<Vec<(String, String, String)>>>()?;
    let mut update = tx.prepare_cached(
        "UPDATE customers_traits SET said = $1, value = $2 WHERE workspace = $3 AND node = $4 AND name = $5 AND said = $6",
    )?;
    for (name, said, value) in rows {
        let value = reads.read(node, value);
        let new = (writes.index(&value), writes.write(node, &value));
        update.queue(params![new.0, new.1, workspace, node.0.cast_signed(), name, said])?;
    }
    Ok(())
}

/// What was told of a customer, under any of its nodes; traits by name.
pub(crate) fn of(
    c: &Connection,
    workspace: WorkspaceId,
    nodes: &[Node],
    names: &dyn NameCodec,
) -> sql::Result<Vec<Trait>> {
    let mut by_name: BTreeMap<String, BTreeMap<String, Told>> = BTreeMap::new();
    let mut select = c.prepare_cached(
        "SELECT name, value, first_said, last_said, source, position
         FROM customers_traits WHERE workspace = $1 AND node = $2",
    )?;
    for node in nodes {
        let rows = select.query_map(params![workspace.0, node.0.cast_signed()], |r| {
            let told = Told {
                value: names.read(*node, r.get(1)?),
                first_said: Timestamp(r.get(2)?),
                last_said: Timestamp(r.get(3)?),
                source: r.get(4)?,
                position: r.get::<_, i64>(5)?.cast_unsigned(),
            };
            Ok((r.get::<_, String>(0)?, told))
        })?;
        for row in rows {
            let (name, told) = row?;
            let known = by_name.entry(name).or_default().entry(told.value.clone()).or_insert_with(|| told.clone());
            let last = known.last_said.max(told.last_said);
            if (told.first_said, told.position) < (known.first_said, known.position) {
                *known = told;
            }
            known.last_said = last;
        }
    }
    let newest_first = |values: BTreeMap<String, Told>| {
        let mut told: Vec<Told> = values.into_values().collect();
        told.sort_by(|x, y| (y.last_said, &y.value).cmp(&(x.last_said, &x.value)));
        told
    };
    Ok(by_name.into_iter().map(|(name, values)| Trait { name, told: newest_first(values) }).collect())
}
