//! The open history behind a trait, so that the engine never builds the lake.

use crate::EngineError;
use std::collections::HashMap;
use throughline_interactions::WorkspaceId;
use throughline_timeline::Row;

/// What is to go from the open history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gone {
    /// Every row of these nodes.
    pub nodes: Vec<u64>,
    /// The rows of these positions of the ledger.
    pub positions: Vec<u64>,
    /// Nodes whose other rows are to stand under the customers that own them now.
    pub moved: Vec<u64>,
}

/// Where rows go to be kept in an open format. The lake is the one that lasts; tests keep rows in
/// memory.
pub trait History: Send + Sync {
    /// Appends rows up to and including ledger position `covers`. Writing what is there already
    /// changes nothing.
    fn append(&self, workspace: WorkspaceId, covers: u64, rows: Vec<Row>) -> Result<(), EngineError>;

    /// The ledger position up to which a workspace's rows are kept.
    fn covers(&self, workspace: WorkspaceId) -> Result<u64, EngineError>;

    /// Makes few large files of many small ones, and moves rows to the customers that own their
    /// nodes now. `redirects` names every node that was ever linked to another.
    fn compact(&self, workspace: WorkspaceId, redirects: &HashMap<u64, u64>) -> Result<(), EngineError>;

    /// Takes out for good what `gone` names; how many rows went.
    fn erase(&self, workspace: WorkspaceId, gone: &Gone, redirects: &HashMap<u64, u64>) -> Result<u64, EngineError>;

    /// Forgets a workspace's rows, before a rebuild.
    fn clear(&self, workspace: WorkspaceId) -> Result<(), EngineError>;

    /// Damages found by reading everything.
    fn verify(&self, workspace: WorkspaceId) -> Result<Vec<String>, EngineError>;
}
