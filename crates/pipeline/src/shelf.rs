//! Figures that were worked out, kept for whoever asks next.
//!
//! What is quick to work out is always of now. What takes long is handed out as it last was, for at
//! most [`fresh`], while a thread works it out anew: nobody waits for a figure that was there a
//! moment ago only because interactions keep arriving. A changed definition is never passed over, and
//! neither are data that have grown by more than a tenth: while much arrives, no two figures of a page
//! are of different worlds.
//! Two who ask for the same at once do not both work it out: the second waits for the first.

use crate::brand::Brand;
use crate::journeys::Figures;
use crate::{Engine, EngineError};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use throughline_interactions::WorkspaceId;
use throughline_timeline::Snapshot;

/// Longer than this is long.
const LONG: Duration = Duration::from_millis(200);

/// So many answers are kept of one kind: whoever looks through many windows does not fill the memory.
const MOST: usize = 48;

/// How old what takes long may be: half a minute, and the longer it takes the longer, so that working
/// it out anew never takes more than a twentieth of the time.
fn fresh(cost: Duration) -> Duration {
    Duration::from_secs(30).max(cost * 20)
}

/// What figures were worked out from: the version of the timelines, and how often definitions had
/// changed until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Basis {
    pub(crate) definitions: u64,
    pub(crate) timelines: u64,
}

/// Figures of one kind by what was asked.
pub(crate) struct Shelf<K, T> {
    kept: HashMap<K, Kept<T>>,
    /// What somebody is working out now, and by which definitions.
    begun: HashMap<K, (u64, Arc<Latch>)>,
}

struct Kept<T> {
    value: Arc<T>,
    basis: Basis,
    /// Interactions that it was worked out from.
    rows: u64,
    cost: Duration,
    at: Instant,
}

/// What somebody who asks wants a figure of.
#[derive(Clone, Copy)]
struct Wanted {
    basis: Basis,
    rows: u64,
    now: Instant,
}

impl<T> Kept<T> {
    /// Of now, or of lately where it takes long.
    fn will_do(&self, wanted: Wanted) -> bool {
        let lately = self.cost > LONG && wanted.now - self.at < fresh(self.cost);
        let of_like_data = wanted.rows.abs_diff(self.rows) <= self.rows / 10;
        self.basis == wanted.basis || (self.basis.definitions == wanted.basis.definitions && lately && of_like_data)
    }
}

impl<K, T> Default for Shelf<K, T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), begun: HashMap::new() }
    }
}

/// Opens once, for everybody who waits.
#[derive(Default)]
struct Latch {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Latch {
    fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(is_open, |open| !*open));
    }
}

/// What a shelf has for somebody who asks.
enum Found<T> {
    /// Nothing, and nobody works it out: whoever asks has to, and to say [`Shelf::done`].
    Nothing(Arc<Latch>),
    /// Somebody works it out: ask again afterwards.
    Begun(Arc<Latch>),
    /// It can be handed out; `renew` for the one who has to see to a newer one, and to say
    /// [`Shelf::done`].
    There { value: Arc<T>, renew: Option<Arc<Latch>> },
}

impl<K: Eq + Hash + Clone, T> Shelf<K, T> {
    fn find(&mut self, key: &K, wanted: Wanted) -> Found<T> {
        let basis = wanted.basis;
        // What is worked out by other definitions is of no use to whoever asks by these.
        let begun = self.begun.get(key).filter(|(definitions, _)| *definitions == basis.definitions);
        match self.kept.get(key).filter(|k| k.will_do(wanted)) {
            Some(kept) => {
                let (value, is_due) = (kept.value.clone(), kept.basis != basis && begun.is_none());
                Found::There { value, renew: is_due.then(|| self.begin(key, basis)) }
            }
            None => match begun {
                Some((_, latch)) => Found::Begun(latch.clone()),
                None => Found::Nothing(self.begin(key, basis)),
            },
        }
    }

    fn begin(&mut self, key: &K, basis: Basis) -> Arc<Latch> {
        let latch = Arc::<Latch>::default();
        self.begun.insert(key.clone(), (basis.definitions, latch.clone()));
        latch
    }

    fn keep(&mut self, key: K, value: Arc<T>, of: Wanted, cost: Duration) {
        let Wanted { basis, rows, now } = of;
        // What nobody can be given any more goes.
        self.kept.retain(|_, k| k.basis == basis || (k.cost > LONG && now - k.at < fresh(k.cost)));
        if self.kept.len() >= MOST && !self.kept.contains_key(&key) {
            self.drop_oldest();
        }
        if self.kept.get(&key).is_none_or(|k| k.basis <= basis) {
            self.kept.insert(key, Kept { value, basis, rows, cost, at: now });
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.at).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.kept.remove(&key);
        }
    }

    /// Whoever worked it out has ended, with or without a figure.
    fn done(&mut self, key: &K, latch: &Arc<Latch>) {
        if self.begun.get(key).is_some_and(|(_, begun)| Arc::ptr_eq(begun, latch)) {
            self.begun.remove(key);
        }
        latch.open();
    }
}

/// Says [`Shelf::done`] at its end, whatever happens until then.
struct Begun<'a, K: Eq + Hash + Clone, T> {
    brand: &'a Brand,
    shelf: fn(&mut Figures) -> &mut Shelf<K, T>,
    key: K,
    latch: Arc<Latch>,
}

impl<K: Eq + Hash + Clone, T> Drop for Begun<'_, K, T> {
    fn drop(&mut self) {
        (self.shelf)(&mut self.brand.figures()).done(&self.key, &self.latch);
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
        let (basis, rows) = (brand.basis(&snapshot), snapshot.rows() as u64);
        let (engine, at, working) = (self.clone(), key.clone(), brand.clone());
        let work = move |latch| -> Result<Arc<T>, EngineError> {
            let begun = Begun { brand: &working, shelf, key: at, latch };
            let started = Instant::now();
            let value = Arc::new(work(&engine, &working, &snapshot)?);
            let now = Instant::now();
            let of = Wanted { basis, rows, now };
            shelf(&mut working.figures()).keep(begun.key.clone(), value.clone(), of, now - started);
            Ok(value)
        };
        loop {
            let found = shelf(&mut brand.figures()).find(&key, Wanted { basis, rows, now: Instant::now() });
            match found {
                Found::Nothing(latch) => return work(latch),
                Found::Begun(latch) => latch.wait(),
                Found::There { value, renew: None } => return Ok(value),
                Found::There { value, renew: Some(latch) } => {
                    let begun = latch.clone();
                    let renew = move || {
                        crate::give_way();
                        if let Err(error) = work(begun) {
                            tracing::warn!(%error, "a figure could not be worked out anew");
                        }
                    };
                    if let Err(error) = std::thread::Builder::new().name("figures".into()).spawn(renew) {
                        tracing::warn!(%error, "cannot start a thread for figures");
                        shelf(&mut brand.figures()).done(&key, &latch);
                    }
                    return Ok(value);
                }
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

    /// Of a thousand interactions.
    fn of(basis: Basis, now: Instant) -> Wanted {
        Wanted { basis, rows: 1_000, now }
    }

    /// What the shelf hands out: the value and whether to renew it, which then nobody does.
    fn ask(shelf: &mut Shelf<&str, u32>, basis: Basis, now: Instant) -> Option<(u32, bool)> {
        ask_for(shelf, of(basis, now))
    }

    fn ask_for(shelf: &mut Shelf<&str, u32>, wanted: Wanted) -> Option<(u32, bool)> {
        let (value, latch) = match shelf.find(&"map", wanted) {
            Found::Nothing(latch) => (None, Some(latch)),
            Found::Begun(_) => panic!("nobody is at it"),
            Found::There { value, renew } => (Some((*value, renew.is_some())), renew),
        };
        if let Some(latch) = latch {
            shelf.done(&"map", &latch);
        }
        value
    }

    #[test]
    fn what_is_quick_is_always_of_now() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        shelf.keep("map", Arc::new(1), of(basis(0, 1), now), Duration::from_millis(5));
        assert_eq!(ask(&mut shelf, basis(0, 1), now), Some((1, false)));
        assert_eq!(ask(&mut shelf, basis(0, 2), now), None);
    }

    #[test]
    fn only_so_many_are_kept() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        for n in 0..MOST as u64 + 9 {
            shelf.keep(n, Arc::new(n), of(basis(0, 1), now + Duration::from_secs(n)), Duration::ZERO);
        }
        assert_eq!(shelf.kept.len(), MOST);
        assert!(!shelf.kept.contains_key(&8) && shelf.kept.contains_key(&9));
    }

    #[test]
    fn what_takes_long_may_be_a_little_old_and_is_renewed_once() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let long = Duration::from_secs(2);
        shelf.keep("map", Arc::new(1), of(basis(0, 1), now), long);
        let Found::There { renew: Some(first), .. } = shelf.find(&"map", of(basis(0, 2), now)) else {
            panic!("it is due")
        };
        let second = shelf.find(&"map", of(basis(0, 3), now));
        assert!(matches!(second, Found::There { renew: None, .. }), "somebody is at it");
        shelf.keep("map", Arc::new(2), of(basis(0, 2), now), long);
        shelf.done(&"map", &first);
        assert_eq!(ask(&mut shelf, basis(0, 3), now), Some((2, true)));
        assert_eq!(ask(&mut shelf, basis(0, 3), now), Some((2, true)), "the next one tries again");
        assert_eq!(ask(&mut shelf, basis(0, 3), now + Duration::from_secs(39)), Some((2, true)));
        assert_eq!(ask(&mut shelf, basis(0, 3), now + Duration::from_secs(41)), None, "too old");
        assert_eq!(ask(&mut shelf, basis(1, 3), now), None, "a definition has changed");
        // Something older that was finished later does not replace something newer.
        shelf.keep("map", Arc::new(1), of(basis(0, 1), now), long);
        assert_eq!(ask(&mut shelf, basis(0, 2), now), Some((2, false)));
    }

    #[test]
    fn what_was_worked_out_from_fewer_data_is_not_handed_out() {
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        shelf.keep("map", Arc::new(1), of(basis(0, 1), now), Duration::from_secs(2));
        let mut ask = |rows: u64| ask_for(&mut shelf, Wanted { basis: basis(0, 2), rows, now });
        assert_eq!(ask(1_100), Some((1, true)));
        assert_eq!(ask(1_101), None, "a tenth more is another world");
        assert_eq!(ask(899), None, "so is what was taken back");
    }

    #[test]
    fn the_second_who_asks_waits_for_the_first() {
        let (mut shelf, now) = (Shelf::<&str, u32>::default(), Instant::now());
        let Found::Nothing(first) = shelf.find(&"map", of(basis(0, 1), now)) else { panic!("nothing is there") };
        let Found::Begun(latch) = shelf.find(&"map", of(basis(0, 2), now)) else { panic!("somebody is at it") };
        let waiting = std::thread::spawn(move || latch.wait());
        shelf.keep("map", Arc::new(1), of(basis(0, 1), now), Duration::from_secs(1));
        shelf.done(&"map", &first);
        waiting.join().unwrap();
        assert_eq!(ask(&mut shelf, basis(0, 2), now), Some((1, true)), "it took long and is there");
    }

    #[test]
    fn nobody_waits_for_what_is_worked_out_by_other_definitions() {
        let (mut shelf, now) = (Shelf::<&str, u32>::default(), Instant::now());
        let Found::Nothing(old) = shelf.find(&"map", of(basis(0, 1), now)) else { panic!("nothing is there") };
        let Found::Nothing(new) = shelf.find(&"map", of(basis(1, 1), now)) else { panic!("of no use to this one") };
        shelf.done(&"map", &old);
        assert!(matches!(shelf.find(&"map", of(basis(1, 2), now)), Found::Begun(_)), "the newer one is still at it");
        shelf.done(&"map", &new);
        assert!(matches!(shelf.find(&"map", of(basis(1, 2), now)), Found::Nothing(_)), "it left nothing behind");
    }
}
