//! What a workspace's interactions are called, for whoever builds a rule.

use crate::attributes;
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use throughline_interactions::WorkspaceId;
use throughline_store::sql;

/// Values of one dimension that are offered.
const VALUES: usize = 50;
/// Dimensions with more values than this are not offered: they are open-ended.
const MOST_VALUES: usize = 2_000;

/// The names that occur.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Vocabulary {
    /// Events.
    pub events: BTreeSet<String>,
    /// Channels.
    pub channels: BTreeSet<String>,
    /// Kinds of answers.
    pub scores: BTreeSet<String>,
    /// Currencies.
    pub currencies: BTreeSet<String>,
    /// Dimensions with some of their values.
    pub dimensions: BTreeMap<String, Vec<String>>,
    /// Traits, those of the most people first.
    pub traits: Vec<String>,
    /// Purposes that somebody has said something about.
    pub purposes: BTreeSet<String>,
    /// Kinds of identifiers.
    pub kinds: Vec<String>,
}

impl Engine {
    /// The names that occur in a workspace.
    pub fn vocabulary(&self, workspace: WorkspaceId) -> Result<Vocabulary, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let mut found = Vocabulary::default();
        for segment in snapshot.segments() {
            let names =
                |of: &[Box<str>]| of.iter().filter(|n| !n.is_empty()).map(ToString::to_string).collect::<Vec<_>>();
            found.events.extend(names(segment.events()));
            found.channels.extend(names(segment.channels()));
            found.scores.extend(names(segment.score_kinds()));
            found.currencies.extend(names(segment.currencies()));
        }
        for (_, (dimension, value)) in attributes::names(self.store(), workspace)? {
            found.dimensions.entry(dimension).or_default().push(value);
        }
        found.dimensions.retain(|_, values| values.len() <= MOST_VALUES);
        for values in found.dimensions.values_mut() {
            values.sort_unstable();
            values.truncate(VALUES);
        }
        found.traits = self.trait_names(workspace)?;
        self.store().read(|c| {
            let text = |r: &sql::Row<'_>| r.get::<_, String>(0);
            found.purposes = c
                .prepare("SELECT DISTINCT purpose FROM pipeline_consent_words WHERE workspace = $1")?
                .query_map([workspace.0], text)?
                .collect::<sql::Result<_>>()?;
            Ok(())
        })?;
        found.purposes.extend(brand.door().rules.consent.iter().map(|c| c.purpose.clone()));
        found.kinds =
            ["email", "phone", "user_id", "device_id", "anonymous_id"].iter().map(|k| (*k).to_owned()).collect();
        Ok(found)
    }
}
