//! How identifiers and names stand in the tables: as they are, or encrypted by whoever holds a key.

use throughline_interactions::Node;

/// How what tells who somebody is stands in the tables. Whatever was written is read again, also by a
/// reader that writes otherwise by now.
pub trait NameCodec {
    /// As it is stored; the same again gives the same.
    fn write(&self, node: Node, text: &str) -> String;
    /// What was stored, in whichever form.
    fn read(&self, node: Node, stored: String) -> String;
    /// What a lower-case text is looked up by.
    fn index(&self, lower: &str) -> String;
}

/// Everything stands as it is, and is found by how it begins.
#[derive(Debug, Clone, Copy)]
pub struct Clear;

impl NameCodec for Clear {
    fn write(&self, _: Node, text: &str) -> String {
        text.to_owned()
    }

    fn read(&self, _: Node, stored: String) -> String {
        stored
    }

    fn index(&self, lower: &str) -> String {
        lower.to_owned()
    }
}

/// An identifier as it is looked up.
pub(crate) fn lower(value: &str) -> String {
    value.trim().to_lowercase()
}
