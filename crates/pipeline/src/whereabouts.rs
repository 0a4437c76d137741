//! Where a message is: the answer to "I sent it, and do not see it".

use crate::folding::decode;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::sync::PoisonError;
use throughline_interactions::{Fault, Interaction, MessageKey, Outcome, Timestamp, WorkspaceId};
use throughline_store::sql::params;

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Whereabouts {
    /// Who sent it.
    pub source: String,
    /// What became of it.
    #[serde(flatten)]
    pub state: Whereabout,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Whereabout {
    /// On the story of a customer, and in the figures.
    Counted {
        /// Its place in the ledger.
        position: u64,
        /// Whose story.
        #[serde(serialize_with = "hexadecimal")]
        customer: u64,
        /// What it says.
        interaction: Box<Interaction>,
    },
    /// On the disk, and not counted yet.
    Waiting {
        /// Its place in the ledger.
        position: u64,
    },
    /// Another content came under the id of a message that was here already, or it does not fit the plan.
    KeptAside {
        /// Which of the two: `conflict` or `plan`.
        code: &'static str,
        /// Its place in the ledger.
        position: u64,
        /// What it says.
        interaction: Box<Interaction>,
    },
    /// The person was erased, and it with them.
    Erased {
        /// Its place in the ledger.
        position: u64,
    },
    /// It was not taken. Known of the latest of a source only, until the next start.
    Rejected {
        /// When.
        at: Timestamp,
        /// Why.
        fault: Fault,
    },
}

fn hexadecimal<S: serde::Serializer>(id: &u64, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&format_args!("{id:016x}"))
}

impl Engine {
    /// Every message of the workspace that was sent under an id, by source.
    pub fn where_is(&self, workspace: WorkspaceId, message_id: &str) -> Result<Vec<Whereabouts>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let mut sources: Vec<String> = self.sources(workspace)?.into_iter().map(|s| s.source).collect();
        let recent = brand.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sources.extend(recent.keys().filter(|s| !sources.contains(s)).cloned().collect::<Vec<_>>());
        sources.sort();
        let mut found = Vec::new();
        for source in sources {
            let key = MessageKey::new(&self.inner().key_secret, workspace, &source, message_id);
            if let Some((position, _)) = self.inner().ledger.find(key.0)? {
                found.push(Whereabouts { state: self.state_at(workspace, position)?, source: source.clone() });
            }
            let is_here = self.inner().ledger.find(key.0)?.is_some();
            for position in self.aside_as(workspace, &source, message_id)? {
                let frame = self.inner().ledger.read(position)?;
                // What did not fit the plan and was taken in later is counted, and not aside any more.
                if is_here && !frame.header.conflict {
                    continue;
                }
                let state = match frame.header.erased {
                    true => Whereabout::Erased { position },
                    false => Whereabout::KeptAside {
                        code: crate::aside::code(&frame.header),
                        position,
                        interaction: Box::new(read(&frame)?),
                    },
                };
                found.push(Whereabouts { state, source: source.clone() });
            }
            let latest = recent.get(&source).map(|a| &a.latest).into_iter().flatten();
            found.extend(latest.filter(|a| a.message_id.as_deref() == Some(message_id)).filter_map(
                |a| match &a.outcome {
                    Outcome::Rejected(fault) => Some(Whereabouts {
                        source: source.clone(),
                        state: Whereabout::Rejected { at: a.at, fault: fault.clone() },
                    }),
                    Outcome::Accepted | Outcome::Duplicate | Outcome::Quarantined(_) => None,
                },
            ));
        }
        Ok(found)
    }

    fn state_at(&self, workspace: WorkspaceId, position: u64) -> Result<Whereabout, EngineError> {
        let frame = self.inner().ledger.read(position)?;
        if frame.header.erased {
            return Ok(Whereabout::Erased { position });
        }
        if position > self.status().folded_position {
            return Ok(Whereabout::Waiting { position });
        }
        let brand = self.inner().brand(workspace)?;
        let interaction = read(&frame)?;
        let key = throughline_interactions::MessageKey(frame.header.key);
        let customer = brand.graph().customer(interaction.node(key, &*brand.naming()));
        Ok(Whereabout::Counted { position, customer, interaction: Box::new(interaction) })
    }

    fn aside_as(&self, workspace: WorkspaceId, source: &str, message_id: &str) -> Result<Vec<u64>, EngineError> {
        Ok(self.store().read(|c| {
            c.prepare_cached(
                "SELECT position FROM pipeline_quarantine
                 WHERE workspace = $1 AND message_id = $2 AND source = $3 ORDER BY position",
            )?
            .query_map(params![workspace.0, message_id, source], |r| r.get::<_, i64>(0))?
            .map(|p| p.map(i64::cast_unsigned))
            .collect()
        })?)
    }
}

fn read(frame: &throughline_ledger::Frame) -> Result<Interaction, EngineError> {
    decode(frame).map_err(|e| EngineError::Damaged(e.to_string()))
}
