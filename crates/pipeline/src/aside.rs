//! What was kept aside: messages that came under the id of another one, and those that do not fit the
//! tracking plan. A person decides: a message of its own is taken in under an id of its own; what does not
//! fit is taken in as it is, or mended; or it is left out. Either way the decision is a fact, and the
//! message stays in the ledger as it came.

use crate::folding::decode;
use crate::receive::frame;
use crate::{Engine, EngineError};
use serde_json::{Map, Value};
use throughline_interactions::{ContentHash, Interaction, Record, SourceId, WorkspaceId};
use throughline_ledger::{FrameHeader, FrameKind};
use throughline_rules::Mend;
use throughline_store::sql::{self, Transaction, params};

/// The names of the decisions, as they stand in the ledger.
const TAKEN: &str = "Kept Aside Taken";
const LEFT: &str = "Kept Aside Left";

/// Messages that are read at a time while some are sought.
const LOOKED_AT: usize = 1_000;

/// So many are decided about at once.
pub const MOST_AT_ONCE: usize = 500;

/// A message that was kept aside, and nobody has decided about.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptAside {
    /// Its place in the ledger.
    pub position: u64,
    /// Why: `conflict` or `plan`.
    pub code: &'static str,
    /// What it says.
    pub interaction: Interaction,
    /// The hash of what was sent.
    content: ContentHash,
    /// What the message says that was here before it under the same id; `None` where it was erased.
    pub known: Option<Interaction>,
}

/// Why a frame was kept aside, as a code.
pub(crate) fn code(header: &FrameHeader) -> &'static str {
    if header.conflict { "conflict" } else { "plan" }
}

/// What is sought among what was kept aside; empty fields seek everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AsideQuery {
    /// Of this source.
    pub source: String,
    /// For this reason.
    pub code: String,
    /// Of this event.
    pub event: String,
    /// Whose message id, identifiers or words hold this text; capital letters do not matter.
    pub text: String,
}

impl AsideQuery {
    fn finds(&self, i: &Interaction) -> bool {
        if !self.event.is_empty() && self.event != i.event {
            return false;
        }
        let needle = self.text.trim().to_lowercase();
        needle.is_empty() || serde_json::to_string(i).unwrap_or_default().to_lowercase().contains(&needle)
    }
}

/// What is to become of messages that were kept aside.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// They are taken: as they are, or, of a conflict, as messages of their own.
    Take,
    /// They are mended and taken, where they then fit the plan; the others wait on.
    Mend(Mend),
    /// They are mistakes of their sender.
    Leave,
}

impl Engine {
    /// Messages that wait for a decision, newest first; at most so many.
    pub fn kept_aside(
        &self,
        workspace: WorkspaceId,
        query: &AsideQuery,
        most: usize,
    ) -> Result<Vec<KeptAside>, EngineError> {
        let positions: Vec<u64> = self.store().read(|c| {
            c.prepare_cached(
                "SELECT position FROM pipeline_quarantine
                 WHERE workspace = $1 AND decided = 0 AND ($2 = '' OR source = $2) AND ($3 = '' OR code = $3)
                 ORDER BY position DESC",
            )?
            .query_map(params![workspace.0, query.source, query.code], |r| r.get::<_, i64>(0))?
            .map(|p| p.map(i64::cast_unsigned))
            .collect()
        })?;
        let mut found = Vec::new();
        for page in positions.chunks(LOOKED_AT) {
            found.extend(self.read_aside(page)?.into_iter().filter(|k| query.finds(&k.interaction)));
            if found.len() >= most {
                break;
            }
        }
        found.truncate(most);
        Ok(found)
    }

    /// What stands at these positions, each with what was known before it.
    fn read_aside(&self, positions: &[u64]) -> Result<Vec<KeptAside>, EngineError> {
        let read = |frame: &throughline_ledger::Frame| match frame.header.erased {
            true => Ok(None),
            false => decode(frame).map(Some).map_err(|e| EngineError::Damaged(e.to_string())),
        };
        let mut all = Vec::with_capacity(positions.len());
        for frame in self.inner().ledger.read_many(positions)? {
            let Some(interaction) = read(&frame)? else { continue };
            let code = code(&frame.header);
            let known = match self.inner().ledger.find(frame.header.key)? {
                Some((at, _)) if code == "conflict" => read(&self.inner().ledger.read(at)?)?,
                _ => None,
            };
            let (position, content) = (frame.header.position, ContentHash(frame.header.content));
            all.push(KeptAside { position, code, interaction, content, known });
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
        verdict: &Verdict,
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
        let mut of = self.read_aside(&waiting)?;
        if let Verdict::Mend(mend) = verdict {
            let door = self.inner().brand(workspace)?.door();
            of.retain_mut(|k| {
                let is_mended = k.code == "plan" && mend.is_for(&k.interaction) && mend.apply(&mut k.interaction);
                if is_mended {
                    k.interaction.properties.insert("mended".to_owned(), mend.in_words().into());
                }
                is_mended && door.breaches(&k.interaction).0.is_empty()
            });
        }
        let Some(first) = of.first().map(|k| k.position) else { return Ok(0) };
        let places: Vec<Value> = of.iter().map(|k| k.position.into()).collect();
        let n = of.len() as u64;
        let is_taken = *verdict != Verdict::Leave;
        if is_taken {
            self.take_in(workspace, of)?;
        }
        let event = if is_taken { TAKEN } else { LEFT };
        let id = format!("{}:{first}:{}", event.to_ascii_lowercase().replace(' ', "-"), self.now().0);
        let mut properties = Map::new();
        properties.insert("positions".to_owned(), Value::Array(places));
        if let Verdict::Mend(mend) = verdict {
            properties.insert("mended".to_owned(), mend.in_words().into());
        }
        self.decide(workspace, event, id, by, properties)?;
        Ok(n)
    }

    /// Appends what was decided to be taken. A message of its own gets its place in the ledger added to its
    /// id; what did not fit keeps its id and counts as what was sent, so that sending it again is known.
    fn take_in(&self, workspace: WorkspaceId, of: Vec<KeptAside>) -> Result<(), EngineError> {
        let brand = self.inner().brand(workspace)?;
        let secret = &self.inner().key_secret;
        let (erased, naming) = (brand.erased(), brand.naming());
        let mut frames = Vec::with_capacity(of.len());
        for KeptAside { position, code, mut interaction, content, .. } in of {
            if interaction.identifiers.iter().any(|i| naming.every_node(i).iter().any(|n| erased.contains(n))) {
                continue;
            }
            let source = interaction.source.clone();
            let is_its_own = code == "conflict";
            if is_its_own {
                interaction.message_id = format!("{}~{position}", interaction.message_id);
            }
            let record = Record::from(interaction);
            let key = record.message_key(secret, workspace, &source);
            let content = if is_its_own { record.content_hash(secret) } else { content };
            frames.push(frame(&brand, FrameKind::Interaction, key, content, record));
        }
        self.inner().ledger.append(frames)?;
        Ok(())
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
) -> sql::Result<()> {
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
