//! Figures that were worked out, kept for whoever asks next.
//!
//! What is quick to work out is always of now. What takes long is handed out as it last was, for at
//! most [`FRESH`], while a thread works it out anew: nobody waits for a figure that was there a
//! moment ago only because interactions keep arriving. A changed definition is never passed over.

use crate::brand::Brand;
use crate::journeys::Figures;
use crate::{Engine, EngineError};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};
use throughline_interactions::WorkspaceId;
use throughline_timeline::Snapshot;

/// Longer than this is long.
const LONG: Duration = Duration::from_millis(200);
/// So old may be what takes long.
const FRESH: Duration = Duration::from_secs(30);

/// So many answers are kept of one kind: whoever looks through many windows does not fill the memory.
const MOST: usize = 48;

/// What figures were worked out from: the version of the timelines, and how often definitions had
/// changed until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Basis {
    pub(crate) definitions: u64,
    pub(crate) timelines: u64,
}

/// Figures of one kind by what was asked.
pub(crate) struct Shelf<K, T>(HashMap<K, Kept<T>>);

struct Kept<T> {
    value: Arc<T>,
    basis: Basis,
    cost: Duration,
    at: Instant,
    /// Somebody is working it out anew.
    busy: bool,
}

impl<K, T> Default for Shelf<K, T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// What a shelf has for somebody who asks.
enum Found<T> {
    Nothing,
    /// It can be handed out; `renew` for the one who has to see to a newer one.
    There {
        value: Arc<T>,
        renew: bool,
    },
}

impl<K: Eq + Hash + Clone, T> Shelf<K, T> {
    fn find(&mut self, key: &K, basis: Basis, now: Instant) -> Found<T> {
        let Some(kept) = self.0.get_mut(key) else { return Found::Nothing };
        if kept.basis == basis {
            return Found::There { value: kept.value.clone(), renew: false };
        }
        let will_do = kept.basis.definitions == basis.definitions && kept.cost > LONG && now - kept.at < FRESH;
        if !will_do {
            return Found::Nothing;
        }
        let renew = !std::mem::replace(&mut kept.busy, true);
        Found::There { value: kept.value.clone(), renew }
    }

    fn keep(&mut self, key: K, value: Arc<T>, basis: Basis, cost: Duration, now: Instant) {
        // What nobody can be given any more goes.
        self.0.retain(|_, k| k.basis == basis || (k.cost > LONG && now - k.at < FRESH));
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.drop_oldest();
        }
        if self.0.get(&key).is_none_or(|k| k.basis <= basis) {
            self.0.insert(key, Kept { value, basis, cost, at: now, busy: false });
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.0.iter().min_by_key(|(_, kept)| kept.at).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.0.remove(&key);
        }
    }

    fn give_up(&mut self, key: &K) {
        if let Some(kept) = self.0.get_mut(key) {
            kept.busy = false;
        }
    }
}

impl Engine {
    /// A figure from its shelf, or worked out now.
    pub(crate) fn figure<K, T, W>(
        &self,
        workspace: WorkspaceId,
        shelf: fn(&mut Figures) -> &mut Shelf<K, T>,
        key: K,
        work: W,
    ) -> Result<Arc<T>, EngineError>
    where
        K: Eq + Hash + Clone + Send + 'static,
        T: Send + Sync + 'static,
        W: FnOnce(&Engine, &Brand, &Snapshot) -> Result<T, EngineError> + Send + 'static,
    {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let basis = brand.basis(&snapshot);
        let found = shelf(&mut brand.figures()).find(&key, basis, Instant::now());
        let (engine, at) = (self.clone(), key.clone());
        let renewing = brand.clone();
        let work = move || -> Result<Arc<T>, EngineError> {
            let begun = Instant::now();
            let value = Arc::new(work(&engine, &renewing, &snapshot)?);
            let now = Instant::now();
            shelf(&mut renewing.figures()).keep(at, value.clone(), basis, now - begun, now);
            Ok(value)
        };
        match found {
            Found::Nothing => work(),
            Found::There { value, renew: false } => Ok(value),
            Found::There { value, renew: true } => {
                let missed = brand.clone();
                let renew = move || {
                    crate::give_way();
                    if let Err(error) = work() {
                        tracing::warn!(%error, "a figure could not be worked out anew");
                        shelf(&mut missed.figures()).give_up(&key);
                    }
                };
                if let Err(error) = std::thread::Builder::new().name("figures".into()).spawn(renew) {
                    tracing::warn!(%error, "cannot start a thread for figures");
                }
                Ok(value)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn basis(definitions: u64, timelines: u64) -> Basis {
        Basis { definitions, timelines }
    }

    /// What the shelf hands out: the value and whether to renew it.
    fn ask(shelf: &mut Shelf<&str, u32>, basis: Basis, now: Instant) -> Option<(u32, bool)> {
        match shelf.find(&"map", basis, now) {
            Found::Nothing => None,
            Found::There { value, renew } => Some((*value, renew)),
        }
    }

    #[test]
    fn what_is_quick_is_always_of_now() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        shelf.keep("map", Arc::new(1), basis(0, 1), Duration::from_millis(5), now);
        assert_eq!(ask(&mut shelf, basis(0, 1), now), Some((1, false)));
        assert_eq!(ask(&mut shelf, basis(0, 2), now), None);
    }

    #[test]
    fn only_so_many_are_kept() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        for n in 0..MOST as u64 + 9 {
            shelf.keep(n, Arc::new(n), basis(0, 1), Duration::ZERO, now + Duration::from_secs(n));
        }
        assert_eq!(shelf.0.len(), MOST);
        assert!(!shelf.0.contains_key(&8) && shelf.0.contains_key(&9));
    }

    #[test]
    fn what_takes_long_may_be_half_a_minute_old_and_is_renewed_once() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let long = Duration::from_secs(2);
        shelf.keep("map", Arc::new(1), basis(0, 1), long, now);
        assert_eq!(ask(&mut shelf, basis(0, 2), now), Some((1, true)));
        assert_eq!(ask(&mut shelf, basis(0, 3), now), Some((1, false)), "somebody is at it");
        shelf.keep("map", Arc::new(2), basis(0, 2), long, now);
        assert_eq!(ask(&mut shelf, basis(0, 3), now), Some((2, true)));
        shelf.give_up(&"map");
        assert_eq!(ask(&mut shelf, basis(0, 3), now), Some((2, true)), "the next one tries again");
        assert_eq!(ask(&mut shelf, basis(0, 3), now + FRESH), None, "too old");
        assert_eq!(ask(&mut shelf, basis(1, 3), now), None, "a definition has changed");
        // Something older that was finished later does not replace something newer.
        shelf.keep("map", Arc::new(1), basis(0, 1), long, now);
        assert_eq!(ask(&mut shelf, basis(0, 2), now), Some((2, false)));
    }
}
