//! What is kept in memory for one workspace while the engine runs.

use crate::arrivals::Arrivals;
use crate::attributes::Attributes;
use crate::door::{Consents, Door};
use crate::identity::IdentityRules;
use crate::journeys::Figures;
use crate::keys::WorkspaceKey;
use crate::segments::Segments;
use crate::tallies::Pending;
use crate::workspaces::{Workspace, WorkspaceRecord};
use crate::{EngineError, Options};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use throughline_customers::{Clear, IdentityGraph, NameCodec, load_graph};
use throughline_interactions::{Naming, Node, NodeSecret, WorkspaceId, Zone};
use throughline_store::Store;
use throughline_timeline::{Changes, Snapshot, Timeline};

/// The running state of one workspace.
pub(crate) struct Brand {
    pub(crate) workspace: Workspace,
    zone: RwLock<Arc<Zone>>,
    node_secret: NodeSecret,
    /// What names whom, and what keeps people apart.
    identity: RwLock<(IdentityRules, Arc<Naming>)>,
    pub(crate) key: Arc<WorkspaceKey>,
    /// Names and identifiers stand encrypted in the store; how often that was changed since the start.
    encrypts_names: RwLock<(bool, u64)>,
    buckets: u16,
    timeline: Mutex<Timeline>,
    /// How far the timeline's files reach.
    pub(crate) timeline_covers: std::sync::atomic::AtomicU64,
    graph: Mutex<IdentityGraph>,
    erased: RwLock<HashSet<Node>>,
    /// What is asked of what arrives.
    door: RwLock<Arc<Door>>,
    consents: RwLock<Consents>,
    pub(crate) attributes: Attributes,
    /// Whom rules hold for.
    pub(crate) segments: Segments,
    /// Held by whoever changes a segment.
    pub(crate) defining: Mutex<()>,
    /// Outcomes counted since the last tally frame.
    pub(crate) pending: Mutex<Pending>,
    /// Outcomes in a tally frame that is not folded yet, and its position.
    pub(crate) in_flight: Mutex<(u64, Pending)>,
    /// What came since the start, by source.
    pub(crate) arrivals: Mutex<BTreeMap<String, Arrivals>>,
    pub(crate) figures: Mutex<Figures>,
    /// How often journeys or preferences have changed since the start.
    pub(crate) definitions: std::sync::atomic::AtomicU64,
    /// Appends to the history since it was compacted.
    pub(crate) appends: std::sync::atomic::AtomicU32,
    pub(crate) compacting: std::sync::atomic::AtomicBool,
}

fn ready(secret: NodeSecret, rules: IdentityRules) -> (IdentityRules, Arc<Naming>) {
    let naming = Naming::new(secret, &rules.naming);
    (rules, Arc::new(naming))
}

fn timelines(dir: &Path, workspace: WorkspaceId) -> PathBuf {
    dir.join("timelines").join(workspace.to_string())
}

impl Brand {
    pub(crate) fn open(
        dir: &Path,
        store: &Store,
        record: WorkspaceRecord,
        _options: &Options,
    ) -> Result<Self, EngineError> {
        let id = record.workspace.id;
        let identity = IdentityRules::load(store, &record.workspace)?;
        let (graph, erased) = store.read(|c| load_graph(c, id, identity.guards.clone()))?;
        let at = timelines(dir, id);
        let (timeline, opened) =
            Timeline::open(&at, id.0, record.buckets).map_err(|e| EngineError::Damaged(e.to_string()))?;
        let zone = Zone::new(&record.workspace.zone).map_err(|e| EngineError::Damaged(e.to_string()))?;
        let attributes = Attributes::load(store, id, record.node_secret)?;
        Ok(Self {
            segments: Segments::load(store, id, &graph, &attributes)?,
            defining: Mutex::default(),
            attributes,
            zone: RwLock::new(Arc::new(zone)),
            node_secret: record.node_secret,
            identity: RwLock::new(ready(record.node_secret, identity)),
            key: record.key,
            encrypts_names: RwLock::new((record.encrypts_names, 0)),
            timeline: Mutex::new(timeline),
            timeline_covers: opened.covers.into(),
            graph: Mutex::new(graph),
            erased: RwLock::new(erased.into_iter().collect()),
            door: RwLock::new(Arc::new(Door::load(store, id)?)),
            consents: RwLock::new(Consents::load(store, id)?),
            pending: Mutex::default(),
            in_flight: Mutex::default(),
            arrivals: Mutex::default(),
            figures: Mutex::default(),
            definitions: 0.into(),
            appends: 0.into(),
            compacting: false.into(),
            buckets: record.buckets,
            workspace: record.workspace,
        })
    }

    /// How names and identifiers are written into the store from now on, and the number of that change.
    pub(crate) fn codec(&self) -> (Arc<dyn NameCodec + Send + Sync>, u64) {
        match *self.encrypts_names.read().unwrap_or_else(PoisonError::into_inner) {
            (true, change) => (self.key.clone(), change),
            (false, change) => (Arc::new(Clear), change),
        }
    }

    pub(crate) fn encrypts_names(&self) -> bool {
        self.encrypts_names.read().unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn set_encrypts_names(&self, on: bool) {
        let mut state = self.encrypts_names.write().unwrap_or_else(PoisonError::into_inner);
        *state = (on, state.1 + 1);
    }

    /// By which rules identifiers become nodes.
    pub(crate) fn naming(&self) -> Arc<Naming> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    pub(crate) fn identity_rules(&self) -> IdentityRules {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Other rules. What was folded by those before has to be folded again.
    pub(crate) fn set_identity_rules(&self, rules: IdentityRules) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = ready(self.node_secret, rules);
    }

    /// The zone in which local times and days are read.
    pub(crate) fn zone(&self) -> Arc<Zone> {
        self.zone.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another zone, while nothing has been read in the one before.
    pub(crate) fn set_zone(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(zone);
        self.forget_figures();
    }

    /// Reads again what of the store is kept in memory; whoever is refused stays refused.
    pub(crate) fn load_again(&self, store: &Store) -> Result<(), EngineError> {
        let id = self.workspace.id;
        let guards = self.identity_rules().guards;
        let (graph, erased) = store.read(|c| load_graph(c, id, guards))?;
        self.attributes.load_again(store, id)?;
        let consents = Consents::load(store, id)?;
        *self.graph() = graph;
        self.refuse(&erased);
        *self.change_consents() = consents;
        self.forget_figures();
        Ok(())
    }

    /// Reads the timelines' files again, as if they had just been opened.
    pub(crate) fn open_timelines_again(&self) -> Result<(), EngineError> {
        let opened = self.timeline().open_again().map_err(|e| EngineError::Damaged(e.to_string()))?;
        self.timeline_covers.store(opened.covers, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    /// Forgets everything derived; whoever is erased stays refused.
    pub(crate) fn start_over(&self, dir: &Path) -> Result<(), EngineError> {
        let id = self.workspace.id;
        let at = timelines(dir, id);
        let mut timeline = self.timeline();
        if at.exists() {
            std::fs::remove_dir_all(&at).map_err(|source| EngineError::Io {
                verb: "remove",
                path: at.clone(),
                source,
            })?;
        }
        (*timeline, _) = Timeline::open(&at, id.0, self.buckets).map_err(|e| EngineError::Damaged(e.to_string()))?;
        self.timeline_covers.store(0, std::sync::atomic::Ordering::Release);
        *self.graph() = IdentityGraph::new(self.identity_rules().guards);
        *self.change_consents() = Consents::default();
        self.attributes.forget_all();
        self.segments.start_over();
        self.forget_figures();
        Ok(())
    }

    pub(crate) fn graph(&self) -> MutexGuard<'_, IdentityGraph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn apply(&self, changes: Changes) -> Result<(), EngineError> {
        self.timeline().apply(changes).map_err(|e| EngineError::Timeline(e.to_string()))
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.timeline().snapshot().map_err(|e| EngineError::Timeline(e.to_string()))
    }

    /// Who every linked node belongs to now.
    pub(crate) fn redirects(&self) -> std::collections::HashMap<u64, u64> {
        self.graph().redirects().map(|(n, c)| (n.0, c)).collect()
    }

    /// What is asked of what arrives.
    pub(crate) fn door(&self) -> Arc<Door> {
        self.door.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_door(&self, door: Arc<Door>) {
        *self.door.write().unwrap_or_else(PoisonError::into_inner) = door;
    }

    /// What people allow.
    pub(crate) fn consents(&self) -> RwLockReadGuard<'_, Consents> {
        self.consents.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change_consents(&self) -> RwLockWriteGuard<'_, Consents> {
        self.consents.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nodes about which nothing is taken any more.
    pub(crate) fn erased(&self) -> RwLockReadGuard<'_, HashSet<Node>> {
        self.erased.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_erased(&self, node: Node) -> bool {
        self.erased().contains(&node)
    }

    /// Refuses these nodes from now on; those that were not refused before.
    pub(crate) fn refuse(&self, nodes: &[Node]) -> Vec<Node> {
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        nodes.iter().copied().filter(|n| erased.insert(*n)).collect()
    }

    /// Takes them again.
    pub(crate) fn admit(&self, nodes: &[Node]) {
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        for node in nodes {
            erased.remove(node);
        }
    }
}
