//! What the codes of a segment stand for.

use super::Segment;
use crate::format::Kind;

/// The names of a segment, read when it is opened.
#[derive(Default)]
pub(super) struct Dictionaries {
    pub(super) events: Box<[Box<str>]>,
    pub(super) channels: Box<[Box<str>]>,
    pub(super) score_kinds: Box<[Box<str>]>,
    pub(super) promise_kinds: Box<[Box<str>]>,
    pub(super) subject_kinds: Box<[Box<str>]>,
    pub(super) currencies: Box<[Box<str>]>,
}

impl Segment {
    /// Event names, ascending; the index is the event code.
    pub fn events(&self) -> &[Box<str>] {
        &self.names.events
    }

    /// Channel names, ascending; the index is the channel code. `""` stands for none.
    pub fn channels(&self) -> &[Box<str>] {
        &self.names.channels
    }

    /// Kinds of scores, ascending; the index is the code.
    pub fn score_kinds(&self) -> &[Box<str>] {
        &self.names.score_kinds
    }

    /// Kinds of promises, ascending; the index is the code.
    pub fn promise_kinds(&self) -> &[Box<str>] {
        &self.names.promise_kinds
    }

    /// Kinds of subjects, ascending; the index is the code.
    pub fn subject_kinds(&self) -> &[Box<str>] {
        &self.names.subject_kinds
    }

    /// ISO 4217 codes of currencies, ascending; the index is the code.
    pub fn currencies(&self) -> &[Box<str>] {
        &self.names.currencies
    }

    /// Keyed hashes of attributes, ascending; the index is the local code.
    pub fn attribute_hashes(&self) -> &[u64] {
        self.column(Kind::AttributeHashes)
    }

    /// The name of an event code; `""` if there is none.
    pub fn event_name(&self, code: u16) -> &str {
        self.names.events.get(code as usize).map_or("", |n| n)
    }

    /// The name of a channel code; `""` if there is none.
    pub fn channel_name(&self, code: u16) -> &str {
        self.names.channels.get(code as usize).map_or("", |n| n)
    }

    /// The code of an event, if any row here has it.
    pub fn event_code(&self, name: &str) -> Option<u16> {
        self.names.events.binary_search_by(|n| (**n).cmp(name)).ok().map(|i| i as u16)
    }

    /// The code of a channel, if any row here has it.
    pub fn channel_code(&self, name: &str) -> Option<u16> {
        self.names.channels.binary_search_by(|n| (**n).cmp(name)).ok().map(|i| i as u16)
    }

    /// The local code of an attribute, if any row here has it.
    pub fn attribute_code(&self, hash: u64) -> Option<u32> {
        self.attribute_hashes().binary_search(&hash).ok().map(|i| i as u32)
    }
}
