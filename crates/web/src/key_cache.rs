//! Keys that were looked up a moment ago, so that a busy sender costs no query for each request.

use crate::accounts::{Key, find_key, hash_of, touch_key};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use throughline_interactions::Timestamp;
use throughline_store::{Store, StoreError};

/// How long an answer is believed, in seconds. Revoking empties the cache at once; this is for
/// keys that another process changes.
const BELIEVED: i64 = 30;
/// The use of a key is written down at most once in so long, in seconds.
const TOUCH: i64 = 60;
/// More keys than anybody has; past it the cache starts afresh.
const MOST: usize = 10_000;

/// Keys that were looked up lately.
#[derive(Default)]
pub(crate) struct KeyCache {
    /// By the hash of their secret, with the time of the look-up.
    found: RwLock<HashMap<String, (Key, i64)>>,
    /// Uses that are not written down yet, by the key's number: a sender never waits for the store's
    /// writer, which may be busy working in what was sent.
    used: Mutex<HashMap<u64, Timestamp>>,
}

impl KeyCache {
    /// The key of a secret, if it was looked up lately.
    pub(crate) fn lately(&self, secret: &str, now: Timestamp) -> Option<Key> {
        let map = self.found.read().unwrap_or_else(PoisonError::into_inner);
        map.get(&hash_of(secret)).filter(|(_, at)| (now.seconds() - at).abs() < BELIEVED).map(|(key, _)| key.clone())
    }

    /// Looks a secret up in the store and remembers what it finds. While the database is out of reach, a key
    /// that was found since the start is still believed: the doors stay open, and revoking needs the
    /// database too.
    pub(crate) fn look_up(&self, store: &Store, secret: &str, now: Timestamp) -> Result<Option<Key>, StoreError> {
        let hash = hash_of(secret);
        let found = match find_key(store, &hash) {
            Err(e @ StoreError::Unreachable { .. }) => {
                let map = self.found.read().unwrap_or_else(PoisonError::into_inner);
                return map.get(&hash).map_or(Err(e), |(key, _)| Ok(Some(key.clone())));
            }
            found => found?,
        };
        if let Some(key) = &found {
            if key.used_at.is_none_or(|at| now.seconds() - at.seconds() >= TOUCH) {
                self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key.id, now);
            }
            let mut map = self.found.write().unwrap_or_else(PoisonError::into_inner);
            if map.len() >= MOST {
                map.clear();
            }
            map.insert(hash, (key.clone(), now.seconds()));
        }
        Ok(found)
    }

    /// Forgets everything, after a key was revoked.
    pub(crate) fn clear(&self) {
        self.found.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Writes down which keys were used.
    pub(crate) fn note_uses(&self, store: &Store) -> Result<(), StoreError> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        used.into_iter().try_for_each(|(key, at)| touch_key(store, key, at))
    }
}
