//! What this room keeps of people beside the ledger: follow-ups, saved views, questions that were asked,
//! rejected rows of files, and who exported whom. It is handed out with an export and goes with an erasure.

use crate::accounts::{follow_ups_of, forget_follow_ups, forget_views, handed_out, positions_asked};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::Path;
use throughline_customers::CustomerProfile;
use throughline_imports::Imports;
use throughline_interactions::WorkspaceId;
use throughline_pipeline::{Engine, EngineError};
use throughline_rights::Elsewhere;

/// What is noted when somebody is exported.
pub(crate) const EXPORTED: &str = "exported a customer";

/// What the console keeps.
pub struct KeptHere {
    engine: Engine,
    imports: Option<Imports>,
}

impl KeptHere {
    /// What is kept in a data directory; without `imports` nothing has to be removed.
    pub fn new(engine: Engine, imports: Option<Imports>) -> Self {
        Self { engine, imports }
    }
}

/// Every id that a path of the console may name a person by.
fn ids(person: &CustomerProfile) -> Vec<String> {
    let nodes = person.identifiers.iter().map(|i| i.node.0);
    nodes.chain([person.row.id]).map(|id| format!("{id:016x}")).collect()
}

impl Elsewhere for KeptHere {
    fn of(&self, workspace: WorkspaceId, person: &CustomerProfile) -> Result<Map<String, Value>, EngineError> {
        let (store, ids) = (self.engine.store(), ids(person));
        let mut all = Map::new();
        let notes = follow_ups_of(store, workspace, &ids)?.into_iter().map(|f| {
            json!({"title": f.title, "note": f.note, "owner": f.owner, "due": f.due, "created_at": f.created_at,
                   "created_by": f.created_by, "done_at": f.done_at})
        });
        all.insert("follow_ups".to_owned(), notes.collect());
        let positions: HashSet<u64> = self.engine.positions_of(workspace, person.row.id)?.into_iter().collect();
        let asked = positions_asked(store, workspace)?.into_iter().filter(|a| positions.contains(&a.0));
        let asked = asked
            .map(|(_, question, at, answered)| json!({"question": question, "asked_at": at, "answered_at": answered}));
        all.insert("questions_asked".to_owned(), asked.collect());
        let exports = handed_out(store, workspace, EXPORTED, &ids)?.into_iter();
        let exports = exports.map(|e| json!({"at": e.at, "to": e.who, "what": "this export"}));
        all.insert("recipients".to_owned(), exports.collect());
        Ok(all)
    }

    fn forget(&self, workspace: WorkspaceId, people: &[CustomerProfile]) -> Result<Vec<u64>, EngineError> {
        let store = self.engine.store();
        let mut counts = Vec::with_capacity(people.len());
        for person in people {
            let ids = ids(person);
            let values: Vec<&str> = person.row.identifiers.iter().map(|i| i.value.as_str()).collect();
            let gone = store.write(|tx| {
                let notes = forget_follow_ups(tx, workspace, &ids, person.row.name.as_deref())?;
                Ok(notes + forget_views(tx, workspace, &ids, &values)?)
            })?;
            counts.push(gone);
        }
        self.forget_rejects(workspace, people, &mut counts)?;
        Ok(counts)
    }
}

impl KeptHere {
    /// Removes the rejected rows of files in which somebody stands.
    fn forget_rejects(
        &self,
        workspace: WorkspaceId,
        people: &[CustomerProfile],
        counts: &mut [u64],
    ) -> Result<(), EngineError> {
        let Some(imports) = &self.imports else { return Ok(()) };
        let refused = |e: throughline_imports::ImportsError| EngineError::Refused(e.to_string());
        for run in imports.runs(workspace).map_err(refused)? {
            let Some(path) = imports.rejects(workspace, run.id).map_err(refused)? else { continue };
            let io = |verb| {
                let path = path.clone();
                move |source| EngineError::Io { verb, path, source }
            };
            let bytes = std::fs::read(&path).map_err(io("read"))?;
            let mut is_in = false;
            for (person, count) in people.iter().zip(counts.iter_mut()) {
                if stands_in(person, &bytes) {
                    *count += 1;
                    is_in = true;
                }
            }
            if is_in {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn stands_in(person: &CustomerProfile, bytes: &[u8]) -> bool {
    let named = person.row.identifiers.iter().map(|i| i.value.trim()).filter(|v| v.len() > 3);
    let name = person.row.name.as_deref().filter(|n| n.len() > 5);
    named.chain(name).any(|v| memchr::memmem::find(bytes, v.as_bytes()).is_some())
}

fn remove(path: &Path) -> Result<(), EngineError> {
    std::fs::remove_file(path).map_err(|source| EngineError::Io { verb: "remove", path: path.to_owned(), source })
}
