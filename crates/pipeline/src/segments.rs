//! Segments that live: people define them, one thread watches, and whoever enters or leaves does so by a fact.
//!
//! The folding thread says whose stories changed ([`Segments::touch`]). The watching thread (`watch.rs`)
//! judges those customers, and those whose standing time alone may have changed, by the rules of
//! `throughline_segments`; where the answer is another one than the index (`members.rs`) holds, it writes
//! a fact (`facts.rs`). Only the folding of that fact changes the index and the tables, so a replay, which
//! judges nobody, gives the same members.

mod asked;
mod defined;
mod facts;
mod members;
mod people;
mod vocabulary;
mod watch;

pub use asked::{Behind, RfmGroup, RfmReport, SegmentPreview, SegmentStanding, Within};
pub use defined::{NewSegment, SegmentDefinition};
pub(crate) use facts::{Change, forget, read_changes, write_changes};
pub use vocabulary::Vocabulary;
pub(crate) use watch::watch;

use crate::EngineError;
use crate::brand::Brand;
use crate::engine::Inner;
use defined::Defined;
use members::Members;
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use throughline_customers::IdentityGraph;
use throughline_interactions::{Node, WorkspaceId};
use throughline_segments::Hashes;
use throughline_store::Store;
use throughline_timeline::Row;

/// Beyond so many customers whose stories changed everybody is judged instead.
const MOST_TOUCHED: usize = 300_000;

/// What is kept in memory of the segments of one workspace.
pub(crate) struct Segments {
    defined: RwLock<Arc<Defined>>,
    members: RwLock<Members>,
    touched: Mutex<Touched>,
    is_used: AtomicBool,
    /// The number of the definitions by which everybody has been judged.
    judged: AtomicU64,
}

/// Whose stories changed since they were judged.
#[derive(Default)]
pub(crate) struct Touched {
    customers: HashSet<u64>,
    everybody: bool,
}

/// Wakes the watching thread.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    /// Looks after which nothing was left to do.
    looks: AtomicU64,
    heard: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_all();
    }

    /// Waits until it rings, or for so long.
    fn wait(&self, longest: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.heard.wait_timeout_while(rung, longest, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl Segments {
    pub(crate) fn load(
        store: &Store,
        workspace: WorkspaceId,
        graph: &IdentityGraph,
        hashes: &dyn Hashes,
    ) -> Result<Self, EngineError> {
        let defined = Defined::load(store, workspace, hashes)?;
        let members = Members::load(store, workspace, graph, &defined)?;
        Ok(Self {
            is_used: (!defined.rules.is_empty()).into(),
            defined: RwLock::new(Arc::new(defined)),
            members: RwLock::new(members),
            touched: Mutex::default(),
            judged: 0.into(),
        })
    }

    pub(crate) fn defined(&self) -> Arc<Defined> {
        self.defined.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn define(&self, defined: Defined) {
        self.is_used.store(!defined.rules.is_empty(), Ordering::Release);
        self.change_members().keep_only(&defined);
        *self.defined.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(defined);
    }

    pub(crate) fn members(&self) -> RwLockReadGuard<'_, Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change_members(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stories of these customers changed.
    pub(crate) fn touch(&self, customers: impl Iterator<Item = u64>) {
        if !self.is_used.load(Ordering::Acquire) {
            return;
        }
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.everybody {
            return;
        }
        touched.customers.extend(customers);
        if touched.customers.len() > MOST_TOUCHED {
            *touched = Touched { customers: HashSet::new(), everybody: true };
        }
    }

    fn take_touched(&self) -> Touched {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets who is in which, before it is worked in again.
    pub(crate) fn start_over(&self) {
        self.change_members().clear();
        self.judged.store(0, Ordering::Release);
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner) =
            Touched { customers: HashSet::new(), everybody: true };
    }
}

impl Inner {
    /// Lets segments know what was folded: who entered and left, whose stories changed, who is whom now.
    pub(crate) fn tell_segments(
        &self,
        brand: &Brand,
        changes: &[(u64, Change)],
        rows: &[Row],
        moved: &[(u64, u64, u64)],
    ) -> Result<(), EngineError> {
        if !brand.segments.is_used.load(Ordering::Acquire) {
            return Ok(());
        }
        let of_now: Vec<(u64, Vec<Node>)> = {
            let graph = brand.graph();
            brand.segments.folded(changes, |node| graph.customer(Node(node)));
            let ids: BTreeSet<u64> =
                moved.iter().flat_map(|(node, from, to)| [graph.customer(Node(*node)), *from, *to]).collect();
            // Whoever is nobody's id any more has no identifiers of their own, and is in nothing.
            let nodes = |id: u64| if graph.customer(Node(id)) == id { graph.nodes(id) } else { Vec::new() };
            ids.into_iter().map(|id| (id, nodes(id))).collect()
        };
        if !of_now.is_empty() {
            self.store.read(|c| brand.segments.change_members().reread(c, brand.workspace.id, &of_now))?;
        }
        let touched = rows.iter().map(|r| r.customer).chain(of_now.iter().map(|(id, _)| *id));
        brand.segments.touch(touched);
        self.bell.ring();
        Ok(())
    }
}
