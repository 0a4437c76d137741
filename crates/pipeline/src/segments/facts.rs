//! Entering and leaving as facts: one for all that happened at one look, in the name of the product.

use super::Segments;
use crate::brand::Brand;
use std::collections::BTreeMap;
use throughline_interactions::{Actor, Draft, Interaction, Node, SourceId, Timestamp, WorkspaceId, limits};
use throughline_segments::SegmentId;
use throughline_store::sql::{self, Transaction, params};

/// The name of the fact, as it stands in the ledger.
const CHANGED: &str = "Segments Changed";

/// Changes of one fact, so that it stays below the size of an interaction.
pub(super) const MOST: usize = 10_000;

const DAY: i64 = 86_400_000_000;

/// Somebody entered or left a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) segment: SegmentId,
    pub(crate) customer: u64,
    pub(crate) entered: bool,
    /// When: for what time alone caused, the moment at which it did.
    pub(crate) at: Timestamp,
}

/// The fact of some changes: when they were seen, and what was known of the ledger then.
pub(super) fn fact(workspace: WorkspaceId, changes: &[Change], now: Timestamp, covers: u64) -> Option<Interaction> {
    let mut by_segment: BTreeMap<SegmentId, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for c in changes {
        let of = by_segment.entry(c.segment).or_default();
        let who = Node(c.customer);
        let told = if c.at == now { who.to_string() } else { format!("{who}@{}", c.at.0) };
        if c.entered { of.0.push(told) } else { of.1.push(told) }
    }
    let all: Vec<serde_json::Value> = by_segment
        .into_iter()
        .map(|(id, (entered, left))| serde_json::json!({"segment": id, "entered": entered, "left": left}))
        .collect();
    let first = changes.first()?;
    // Made from who, which and when: whoever tells it twice tells one fact.
    let message_id = format!(
        "segments:{}:{}:{}:{:016x}:{}:{}",
        covers,
        now.0,
        first.segment.0,
        first.customer,
        u8::from(first.entered),
        changes.len()
    );
    let mut draft = Draft { message_id, event: CHANGED.to_owned(), actor: Actor::System, ..Draft::default() };
    draft.properties.insert("seen_at".to_owned(), now.0.into());
    draft.properties.insert("changes".to_owned(), all.into());
    match draft.receive(workspace, &SourceId::system(), now, limits::FILE_BYTES) {
        Ok(fact) => Some(fact),
        Err(fault) => {
            tracing::error!(%fault, "changes of segments are not a fact");
            None
        }
    }
}

/// What a fact says of segments; nothing for any other fact.
pub(crate) fn read_changes(i: &Interaction) -> Vec<Change> {
    if i.event != CHANGED || i.source.as_str() != SourceId::SYSTEM {
        return Vec::new();
    }
    let seen = i.properties.get("seen_at").and_then(serde_json::Value::as_i64).unwrap_or(i.occurred_at.0);
    let mut changes = Vec::new();
    for of in i.properties.get("changes").and_then(serde_json::Value::as_array).into_iter().flatten() {
        let Some(segment) = of.get("segment").and_then(serde_json::Value::as_u64) else { continue };
        for (key, entered) in [("entered", true), ("left", false)] {
            for told in of.get(key).and_then(serde_json::Value::as_array).into_iter().flatten() {
                let Some(told) = told.as_str() else { continue };
                let (who, at) = told.split_once('@').unwrap_or((told, ""));
                let Ok(customer) = u64::from_str_radix(who, 16) else { continue };
                let at = Timestamp(at.parse().unwrap_or(seen));
                changes.push(Change { segment: SegmentId(segment as u32), customer, entered, at });
            }
        }
    }
    changes
}

/// Writes who entered and left; each with the position of the fact.
pub(crate) fn write_changes(tx: &Transaction<'_>, brand: &Brand, changes: &[(u64, Change)]) -> sql::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let workspace = brand.workspace.id.0;
    let mut days: BTreeMap<(SegmentId, i64), (i64, i64)> = BTreeMap::new();
    let mut insert = tx.prepare_cached(
        "INSERT INTO pipeline_memberships (workspace, node, segment, position, at, entered)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )?;
    let erased = brand.erased();
    for (position, c) in changes {
        let day = days.entry((c.segment, c.at.0.div_euclid(DAY))).or_default();
        *(if c.entered { &mut day.0 } else { &mut day.1 }) += 1;
        if erased.contains(&Node(c.customer)) {
            continue;
        }
        insert.queue(params![
            workspace,
            c.customer.cast_signed(),
            c.segment.0,
            position.cast_signed(),
            c.at.0,
            i64::from(c.entered)
        ])?;
    }
    let mut count = tx.prepare_cached(
        "INSERT INTO pipeline_segment_days (workspace, segment, day, entered, gone) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace, segment, day) DO UPDATE
         SET entered = pipeline_segment_days.entered + excluded.entered,
             gone = pipeline_segment_days.gone + excluded.gone",
    )?;
    for ((segment, day), (entered, gone)) in days {
        count.execute(params![workspace, segment.0, day, entered, gone])?;
    }
    Ok(())
}

/// Forgets who was in what, after an erasure.
pub(crate) fn forget(tx: &Transaction<'_>, workspace: WorkspaceId, nodes: &[Node]) -> sql::Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM pipeline_memberships WHERE workspace = $1 AND node = $2")?;
    for node in nodes {
        delete.execute(params![workspace.0, node.0.cast_signed()])?;
    }
    Ok(())
}

impl Segments {
    /// Takes over what was written of a batch: changes, then whoever is another customer now.
    pub(crate) fn folded(&self, changes: &[(u64, Change)], customer_of: impl Fn(u64) -> u64) {
        if changes.is_empty() {
            return;
        }
        let mut members = self.change_members();
        for (_, c) in changes {
            members.set(c.segment, customer_of(c.customer), c.entered);
        }
    }
}
