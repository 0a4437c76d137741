//! What was kept aside: messages that came under the id of another one. A person decides whether each is
//! a message of its own, which is then taken in under an id of its own, or is to be left out. Either way
//! the decision is a fact, and the message stays in the ledger as it came.

use crate::folding::decode;
use crate::{Engine, EngineError, Received};
use serde_json::{Map, Value};
use throughline_interactions::{Interaction, MessageKey, Outcome, Record, SourceId, WorkspaceId};
use throughline_store::rusqlite::{self, Transaction, params};

/// The names of the decisions, as they stand in the ledger.
const TAKEN: &str = "Kept Aside Taken";
const LEFT: &str = "Kept Aside Left";

/// So many are decided about at once.
pub const MOST_AT_ONCE: usize = 500;

/// A message that was kept aside, and nobody has decided about.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAside {
    /// Its place in the ledger.
    pub position: u64,
    /// What it says.
    pub interaction: Interaction,
    /// What the message says that was here before it under the same id; `None` where it was erased.
    pub known: Option<Interaction>,
}

/// What is to become of messages that were kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are messages of their own.
    Take,
    /// They are mistakes of their sender.
    Leave,
}

impl Engine {
    /// Messages that wait for a decision, newest first, of one source or of all; at most so many.
    pub fn kept_aside(
        &self,
        workspace: WorkspaceId,
        source: Option<&str>,
        most: usize,
    ) -> Result<Vec<KeptAside>, EngineError> {
        let positions: Vec<u64> = self.store().read(|c| {
            c.prepare_cached(
                "SELECT position FROM pipeline_quarantine
                 WHERE workspace = $1 AND decided = 0 AND ($2 = '' OR source = $2) ORDER BY position DESC LIMIT $3",
            )?
            .query_map(params![workspace.0, source.unwrap_or_default(), most as i64], |r| r.get::<_, i64>(0))?
            .map(|p| p.map(i64::cast_unsigned))
            .collect()
        })?;
        self.read_aside(workspace, positions)
    }

    /// What stands at these positions, each with what was known before it.
    fn read_aside(&self, workspace: WorkspaceId, positions: Vec<u64>) -> Result<Vec<KeptAside>, EngineError> {
        let read = |frame: &throughline_ledger::Frame| match frame.header.erased {
            true => Ok(None),
            false => decode(frame).map(Some).map_err(|e| EngineError::Damaged(e.to_string())),
        };
        let mut all = Vec::with_capacity(positions.len());
        for position in positions {
            let Some(interaction) = read(&self.inner().ledger.read(position)?)? else { continue };
            let key = MessageKey::new(
                &self.inner().key_secret,
                workspace,
                interaction.source.as_str(),
                &interaction.message_id,
            );
            let known = match self.inner().ledger.find(key.0)? {
                Some((at, _)) => read(&self.inner().ledger.read(at)?)?,
                None => None,
            };
            all.push(KeptAside { position, interaction, known });
        }
        Ok(all)
    }

    /// How many wait for a decision.
    pub fn waiting_aside(&self, workspace: WorkspaceId) -> Result<u64, EngineError> {
        let n: i64 = self.store().read(|c| {
            let sql = "SELECT count(*) FROM pipeline_quarantine WHERE workspace = $1 AND decided = 0";
            c.prepare_cached(sql)?.query_row([workspace.0], |r| r.get(0))
        })?;
        Ok(n.cast_unsigned())
    }

    /// Decides about messages that wait; those at other positions are passed over. Says how many there
    /// were. A taken message keeps everything but its id, to which its place in the ledger is added, so
    /// that deciding twice changes nothing.
    pub fn decide_aside(
        &self,
        workspace: WorkspaceId,
        by: &str,
        positions: &[u64],
        verdict: Verdict,
    ) -> Result<u64, EngineError> {
        let waiting: Vec<u64> = self.store().read(|c| {
            let mut is_waiting = c.prepare_cached(
                "SELECT position FROM pipeline_quarantine WHERE workspace = $1 AND position = $2 AND decided = 0",
            )?;
            let mut waiting = Vec::new();
            for position in positions.iter().take(MOST_AT_ONCE) {
                if is_waiting.exists(params![workspace.0, position.cast_signed()])? && !waiting.contains(position) {
                    waiting.push(*position);
                }
            }
            Ok(waiting)
        })?;
        let of = self.read_aside(workspace, waiting)?;
        if of.is_empty() {
            return Ok(0);
        }
        let places: Vec<Value> = of.iter().map(|k| k.position.into()).collect();
        let (first, n) = (of[0].position, of.len() as u64);
        if verdict == Verdict::Take {
            for KeptAside { position, mut interaction, .. } in of {
                interaction.message_id = format!("{}~{position}", interaction.message_id);
                let source: SourceId = interaction.source.clone();
                let outcomes =
                    self.receive_now(workspace, Received::new(source, vec![Ok(Record::from(interaction))]))?;
                if let Some(Outcome::Rejected(fault) | Outcome::Quarantined(fault)) = outcomes.first() {
                    return Err(EngineError::Refused(fault.message.clone()));
                }
            }
        }
        let event = if verdict == Verdict::Take { TAKEN } else { LEFT };
        let id = format!("{}:{first}:{}", event.to_ascii_lowercase().replace(' ', "-"), self.now().0);
        let mut properties = Map::new();
        properties.insert("positions".to_owned(), Value::Array(places));
        self.decide(workspace, event, id, by, properties)?;
        Ok(n)
    }
}

/// The positions that a decision is about; nothing of anything else.
pub(crate) fn decided(i: &Interaction) -> Vec<u64> {
    if i.source.as_str() != SourceId::SYSTEM || !(i.event == TAKEN || i.event == LEFT) {
        return Vec::new();
    }
    let places = i.properties.get("positions").and_then(Value::as_array);
    places.into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// Notes a decision.
pub(crate) fn write_decided(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    decisions: &[(u64, Vec<u64>)],
) -> rusqlite::Result<()> {
    let mut note = tx.prepare_cached(
        "UPDATE pipeline_quarantine SET decided = $1 WHERE workspace = $2 AND position = $3 AND decided = 0",
    )?;
    for (at, positions) in decisions {
        for position in positions {
            note.execute(params![at.cast_signed(), workspace.0, position.cast_signed()])?;
        }
    }
    Ok(())
}
