//! Dimensions of an interaction — shared references, properties, the touchpoint — as keyed hashes
//! for the timelines, with their names in the store.
//!
//! Which values become a dimension is a rule of `throughline_interactions::dimensions`.

use crate::EngineError;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::sync::{Mutex, PoisonError};
use throughline_interactions::{Interaction, NodeSecret, WorkspaceId, dimensions};
use throughline_store::Store;
use throughline_store::sql::{self, Transaction, params};

/// A dimension with more values than this keeps no further names: it is open-ended, such as a
/// title or a price list, and says nothing that holds for many.
const MOST_VALUES: usize = 20_000;

/// The attributes of one workspace.
pub(crate) struct Attributes {
    secret: NodeSecret,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    hashes: HashSet<u64>,
    values: HashMap<String, usize>,
}

/// Attributes first seen in a batch: hash, dimension, value.
pub(crate) type Fresh = Vec<(u64, String, String)>;

impl throughline_segments::Hashes for Attributes {
    fn hash(&self, dimension: &str, value: &str) -> u64 {
        Self::hash(self, dimension, value)
    }
}

impl Attributes {
    pub(crate) fn load(store: &Store, workspace: WorkspaceId, secret: NodeSecret) -> Result<Self, EngineError> {
        let all = Self { secret, known: Mutex::default() };
        all.load_again(store, workspace)?;
        Ok(all)
    }

    /// Reads from the store what is known.
    pub(crate) fn load_again(&self, store: &Store, workspace: WorkspaceId) -> Result<(), EngineError> {
        let mut known = Known::default();
        store.read(|c| {
            let mut s = c.prepare("SELECT hash, dimension FROM pipeline_attributes WHERE workspace = $1")?;
            let mut rows = s.query([workspace.0])?;
            while let Some(r) = rows.next()? {
                known.hashes.insert(r.get::<_, i64>(0)?.cast_unsigned());
                *known.values.entry(r.get(1)?).or_default() += 1;
            }
            Ok(())
        })?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    /// The keyed hash of a dimension and its value.
    pub(crate) fn hash(&self, dimension: &str, value: &str) -> u64 {
        let mut h = siphasher::sip::SipHasher13::new_with_key(&self.secret.0);
        h.write(dimension.as_bytes());
        h.write_u8(0);
        h.write(value.as_bytes());
        h.finish()
    }

    /// The attributes of an interaction; names not seen before join `fresh`.
    pub(crate) fn of(&self, i: &Interaction, fresh: &mut Fresh) -> Vec<u64> {
        let mut hashes = Vec::new();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dimension = String::new();
        dimensions(&i.touchpoint, &i.refs, &i.properties, |prefix, name, value| {
            dimension.clear();
            dimension.push_str(prefix);
            dimension.push_str(name);
            let hash = self.hash(&dimension, value);
            if !known.hashes.contains(&hash) {
                let n = known.values.entry(dimension.clone()).or_default();
                if *n < MOST_VALUES {
                    *n += 1;
                    known.hashes.insert(hash);
                    fresh.push((hash, dimension.clone(), value.to_owned()));
                }
            }
            hashes.push(hash);
        });
        hashes
    }

    /// Writes fresh names.
    pub(crate) fn write(tx: &Transaction<'_>, workspace: WorkspaceId, fresh: &Fresh) -> sql::Result<()> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO pipeline_attributes (workspace, hash, dimension, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )?;
        for (hash, dimension, value) in fresh {
            insert.queue(params![workspace.0, hash.cast_signed(), dimension, value])?;
        }
        Ok(())
    }

    /// Forgets everything, before it is met again.
    pub(crate) fn forget_all(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// Forgets names that nothing refers to any more, after an erasure.
    pub(crate) fn forget(&self, tx: &Transaction<'_>, workspace: WorkspaceId, gone: &HashSet<u64>) -> sql::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for hash in gone {
            known.hashes.remove(hash);
            tx.prepare_cached("DELETE FROM pipeline_attributes WHERE workspace = $1 AND hash = $2")?
                .execute(params![workspace.0, hash.cast_signed()])?;
        }
        Ok(())
    }
}

/// Names of a workspace's attributes, by hash.
pub(crate) fn names(store: &Store, workspace: WorkspaceId) -> Result<HashMap<u64, (String, String)>, EngineError> {
    Ok(store.read(|c| {
        c.prepare("SELECT hash, dimension, value FROM pipeline_attributes WHERE workspace = $1")?
            .query_map([workspace.0], |r| Ok((r.get::<_, i64>(0)?.cast_unsigned(), (r.get(1)?, r.get(2)?))))?
            .collect()
    })?)
}

/// Whether a dimension with so many names has more values than are kept.
pub(crate) fn is_open_ended(names: usize) -> bool {
    names >= MOST_VALUES
}
