//! Dimensions of an interaction — shared references, properties, the touchpoint — as keyed hashes
//! for the timelines, with their names in the store.
//!
//! Which values become a dimension is a rule of the value alone, never of what arrived before, so
//! that a rebuild gives the same rows: texts of up to 64 bytes that do not look like an address, an
//! id or a name; true and false; numbers, which fall into steps of 1, 2, 5.

use crate::EngineError;
use std::collections::{HashMap, HashSet};
use std::hash::Hasher;
use std::sync::{Mutex, PoisonError};
use throughline_interactions::{Interaction, NodeSecret, Ref, WorkspaceId};
use throughline_store::Store;
use throughline_store::rusqlite::{self, Transaction, params};

/// A dimension with more values than this keeps no further names: it is open-ended, such as a
/// title or a price list, and says nothing that holds for many.
const MOST_VALUES: usize = 20_000;

/// The longest text that is taken for a category.
const LONGEST: usize = 64;

/// Names of properties that tell who somebody is, not what happened.
const PERSONAL: &[&str] = &[
    "name",
    "first_name",
    "last_name",
    "full_name",
    "firstname",
    "lastname",
    "email",
    "phone",
    "address",
    "street",
    "url",
    "referrer",
    "path",
    "title",
    "search",
    "ip",
    "user_agent",
    "useragent",
    "token",
    "password",
    "birthday",
    "date_of_birth",
    "username",
    "handle",
    "query",
    "latitude",
    "longitude",
];

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

impl Attributes {
    pub(crate) fn load(store: &Store, workspace: WorkspaceId, secret: NodeSecret) -> Result<Self, EngineError> {
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
        Ok(Self { secret, known: Mutex::new(known) })
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
        each(i, |prefix, name, value| {
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
    pub(crate) fn write(tx: &Transaction<'_>, workspace: WorkspaceId, fresh: &Fresh) -> rusqlite::Result<()> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO pipeline_attributes (workspace, hash, dimension, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )?;
        for (hash, dimension, value) in fresh {
            insert.execute(params![workspace.0, hash.cast_signed(), dimension, value])?;
        }
        Ok(())
    }

    /// Forgets everything, before it is met again.
    pub(crate) fn forget_all(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// Forgets names that nothing refers to any more, after an erasure.
    pub(crate) fn forget(
        &self,
        tx: &Transaction<'_>,
        workspace: WorkspaceId,
        gone: &HashSet<u64>,
    ) -> rusqlite::Result<()> {
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

/// Calls `take(prefix, name, value)` for every attribute of an interaction.
fn each(i: &Interaction, mut take: impl FnMut(&str, &str, &str)) {
    if is_category(&i.touchpoint) {
        take("touchpoint", "", &i.touchpoint);
    }
    for r in i.refs.iter().filter(|r| !Ref::is_personal(&r.kind)) {
        if !r.value.is_empty() {
            take("ref:", &r.kind, &r.value);
        }
    }
    for (name, value) in &i.properties {
        let lower = name.to_ascii_lowercase();
        if name.len() > LONGEST
            || PERSONAL.contains(&lower.as_str())
            || lower == "id"
            || lower.ends_with("_id")
            || name.ends_with("Id")
        {
            continue;
        }
        match value {
            serde_json::Value::String(s) if is_category(s) => take("property:", name, s),
            serde_json::Value::Bool(b) => take("property:", name, if *b { "true" } else { "false" }),
            serde_json::Value::Number(n) => {
                if let Some(step) = n.as_f64().and_then(step) {
                    take("property:", name, &step);
                }
            }
            _ => {}
        }
    }
}

fn is_category(s: &str) -> bool {
    let digits = s.bytes().filter(u8::is_ascii_digit).count();
    !s.trim().is_empty() && s.len() <= LONGEST && !s.contains(['@', '\n', '\r']) && !s.contains("://") && digits <= 8
}

/// Whole numbers up to 20 stand for themselves, others fall into steps of 1, 2, 5.
fn step(x: f64) -> Option<String> {
    if !x.is_finite() {
        return None;
    }
    if x.fract() == 0.0 && x.abs() <= 20.0 {
        return Some(format!("{x}"));
    }
    let size = x.abs();
    if size < 1e-9 {
        return Some("0".to_owned());
    }
    let unit = 10_f64.powi(size.log10().floor() as i32);
    let low = [5.0, 2.0, 1.0].into_iter().map(|m| m * unit).find(|l| size >= *l).unwrap_or(unit);
    let high = if low / unit >= 5.0 {
        10.0 * unit
    } else if low / unit >= 2.0 {
        5.0 * unit
    } else {
        2.0 * unit
    };
    let sign = if x < 0.0 { "−" } else { "" };
    Some(format!("{sign}{low}–{high}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_into_steps() {
        let check = |x: f64, expected: &str| assert_eq!(step(x).as_deref(), Some(expected), "{x}");
        check(3.0, "3");
        check(-3.0, "-3");
        check(21.0, "20–50");
        check(59.9, "50–100");
        check(1234.5, "1000–2000");
        check(0.3, "0.2–0.5");
        check(-75.5, "−50–100");
        assert_eq!(step(f64::NAN), None);
    }

    #[test]
    fn values_that_name_somebody_are_no_category() {
        for s in ["ana@example.org", "https://a.b", "4f0e1d22-9d01-4455-8a6b-1b2c3d4e5f60", "", "a\nb"] {
            assert!(!is_category(s), "{s}");
        }
        assert!(is_category("SPRING-25"));
    }
}
