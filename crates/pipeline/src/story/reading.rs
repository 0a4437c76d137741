//! What a page about one customer is read from: their timeline as of now, and what follows from it.

use super::groups::{Group, groups};
use super::moments::Moments;
use super::promises::{Fate, fates};
use super::{StoryEntry, entry};
use crate::brand::Brand;
use crate::folding::decode;
use crate::{Engine, EngineError};
use std::collections::HashMap;
use std::sync::Arc;
use throughline_interactions::{Interaction, WorkspaceId};
use throughline_journeys::{Compiled, Definition, Instance, Splitter};
use throughline_store::sql;
use throughline_timeline::{Customer, Snapshot};

/// One customer, read once.
pub(crate) struct Reading {
    pub(crate) brand: Arc<Brand>,
    snapshot: Snapshot,
    /// Who it is now.
    pub(crate) id: u64,
    pub(crate) journeys: Vec<Definition>,
    pub(crate) moments: Moments,
    pub(crate) groups: Vec<Group>,
    pub(crate) fates: Vec<Fate>,
}

/// A dimension and one of its values.
pub(crate) type Named = (String, String);

impl Engine {
    /// Reads a customer; an id that was merged into another's reads the other one. Somebody of whom nothing but
    /// who they are was told has no moments.
    pub(crate) fn reading(&self, workspace: WorkspaceId, id: u64) -> Result<Reading, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let id = brand.graph().customer(throughline_interactions::Node(id));
        let unknown = || EngineError::NotFound(format!("customer {id:016x}"));
        let moments = Moments::of_customer(&snapshot.customer(id).ok_or_else(unknown)?);
        snapshot.check(id).map_err(|e| EngineError::Timeline(e.to_string()))?;
        let journeys = self.journeys(workspace)?;
        let end = self.end(&brand, &snapshot)?;
        let fates = fates(&moments, &journeys, end);
        let groups = groups(&moments);
        Ok(Reading { brand, snapshot, id, journeys, moments, groups, fates })
    }

    /// The facts of these places that are not erased, as the ledger has them.
    pub(crate) fn facts(&self, reading: &Reading, places: &[u32]) -> Result<Vec<(u32, Interaction)>, EngineError> {
        let positions: Vec<u64> = places.iter().map(|p| reading.moments.all[*p as usize].position).collect();
        let frames = self.inner().ledger.read_many(&positions)?;
        let facts = places.iter().zip(&frames).filter(|(_, f)| !f.header.erased);
        facts.map(|(p, f)| Ok((*p, decode(f).map_err(|e| EngineError::Damaged(e.to_string()))?))).collect()
    }

    /// These places as they are told.
    pub(crate) fn entries(&self, reading: &Reading, places: &[u32]) -> Result<Vec<StoryEntry>, EngineError> {
        let told = |(place, fact): (u32, Interaction)| {
            let position = reading.moments.all[place as usize].position;
            entry(place, position, fact, &reading.fates, &reading.journeys)
        };
        Ok(self.facts(reading, places)?.into_iter().map(told).collect())
    }

    /// The instances of a journey in this customer's life, as every map counts them.
    pub(crate) fn instances(
        &self,
        reading: &Reading,
        key: &str,
    ) -> Result<(Arc<Compiled>, Vec<Instance>), EngineError> {
        let compiled = self.compiled(&reading.brand, &reading.snapshot, key)?;
        let instances = match reading.customer() {
            Some(customer) => {
                let mut splitter = Splitter::new(&compiled, customer.segment());
                splitter.split(&compiled, &customer).iter().filter(|i| i.is_counted).cloned().collect()
            }
            None => Vec::new(),
        };
        Ok((compiled, instances))
    }

    /// What these attributes are called, where their names are kept.
    pub(crate) fn named(&self, reading: &Reading, hashes: &[u64]) -> Result<HashMap<u64, Named>, EngineError> {
        let workspace = reading.brand.workspace.id;
        let find = |c: &sql::Connection| {
            let sql = "SELECT dimension, value FROM pipeline_attributes WHERE workspace = $1 AND hash = $2";
            let mut select = c.prepare_cached(sql)?;
            let mut found = HashMap::with_capacity(hashes.len());
            for hash in hashes {
                let mut rows = select.query(sql::params![workspace.0, hash.cast_signed()])?;
                if let Some(r) = rows.next()? {
                    found.insert(*hash, (r.get(0)?, r.get(1)?));
                }
            }
            Ok(found)
        };
        Ok(self.store().read(find)?)
    }
}

impl Reading {
    /// The rows behind it.
    pub(crate) fn customer(&self) -> Option<Customer<'_>> {
        self.snapshot.customer(self.id)
    }

    /// The attributes of a place, as keyed hashes.
    pub(crate) fn attributes(&self, place: u32) -> Vec<u64> {
        let Some(customer) = self.customer() else { return Vec::new() };
        let hashes = customer.segment().attribute_hashes();
        let codes = customer.attributes(place as usize).iter();
        codes.filter_map(|code| hashes.get(*code as usize).copied()).collect()
    }

    /// The places with an attribute.
    pub(crate) fn places_with(&self, hash: u64) -> Vec<u32> {
        let Some(customer) = self.customer() else { return Vec::new() };
        let Some(code) = customer.segment().attribute_code(hash) else { return Vec::new() };
        let has = |place: &u32| customer.attributes(*place as usize).binary_search(&code).is_ok();
        (0..customer.len() as u32).filter(has).collect()
    }
}
