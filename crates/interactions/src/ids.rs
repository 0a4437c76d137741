//! Small ids that every room shares.

use serde::{Deserialize, Serialize};

/// A workspace: one brand with its own people, keys, secrets and customers. Numbered from 1 in the
/// order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkspaceId(pub u32);

impl std::fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where an interaction came from: the source's own lasting name (`web-shop`, `import:olist`),
/// not its key, because keys rotate. Message ids are unique within a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// The reserved source of decisions that people and the clock make inside the product.
    pub const SYSTEM: &'static str = "throughline";

    /// A source name: 1 to 100 bytes of letters, digits and `-_.:/`. `None` for anything else.
    pub fn new(name: &str) -> Option<Self> {
        let ok =
            !name.is_empty() && name.len() <= 100 && name.chars().all(|c| c.is_alphanumeric() || "-_.:/".contains(c));
        ok.then(|| Self(name.to_owned()))
    }

    /// The reserved source for decisions, see [`SourceId::SYSTEM`].
    pub fn system() -> Self {
        Self(Self::SYSTEM.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
