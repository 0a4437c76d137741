//! Erasing people, completely, with a receipt for each.
//!
//! An erasure is itself a fact in the ledger: it names nodes and positions, never a person. It is
//! folded first (store, graph, timelines), then the payloads in the ledger are overwritten, the
//! timelines and the history are rewritten without the people, and the store is vacuumed
//! (`erasing.rs`). However many people one call names, the files are gone through once. A crash in
//! between is made up for at the next start.
//!
//! An identifier that nobody was ever known by can be erased too: nothing is taken under it any more.

use crate::brand::Brand;
use crate::folding::decode;
use crate::receipts::{self, ErasedPerson};
use crate::retiring::Retired;
use crate::retraction::TakenBack;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::PoisonError;
use throughline_customers::{CustomerProfile, customer};
use throughline_interactions::{Interaction, Node, WorkspaceId};
use throughline_ledger::{FrameKind, NewFrame, Verdict};
use throughline_store::sql::params;

/// The payload of an erasure's frame.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ErasureFrame {
    pub(crate) nodes: Vec<Node>,
    pub(crate) positions: Vec<u64>,
    /// How many interactions of each source are erased, so that outcomes still add up.
    pub(crate) sources: BTreeMap<String, u64>,
    /// The same of what was kept aside.
    #[serde(default)]
    pub(crate) aside: Aside,
    /// When each source sent the last of them, in microseconds: a replay cannot read it any more.
    #[serde(default)]
    pub(crate) last_received: BTreeMap<String, i64>,
    pub(crate) by: String,
    /// Set where nobody is erased, but what a source brought is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taken_back: Option<TakenBack>,
    /// What their receipts say of the people who are erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) people: Vec<ErasedPerson>,
    /// The file that named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<String>,
    /// Set where nobody is erased, but interactions have been kept for as long as a rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retired: Option<Retired>,
}

impl ErasureFrame {
    /// The frames of interactions that were taken.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.positions.iter().copied().chain(self.taken_back.iter().flat_map(TakenBack::positions)).collect()
    }

    /// The first frame that is erased, of whichever kind.
    pub(crate) fn first(&self) -> Option<u64> {
        let back = || self.taken_back.iter().flat_map(TakenBack::positions).next();
        self.positions.first().or(self.aside.positions.first()).copied().or_else(back)
    }

    /// Counts an interaction among those that go.
    pub(crate) fn count(&mut self, i: &Interaction, is_aside: bool) {
        let source = i.source.as_str();
        let sources = if is_aside { &mut self.aside.sources } else { &mut self.sources };
        *sources.entry(source.to_owned()).or_default() += 1;
        let last = self.last_received.entry(source.to_owned()).or_default();
        *last = (*last).max(i.received_at.0);
    }

    /// As a frame of the ledger.
    pub(crate) fn frame(&self, workspace: WorkspaceId, now: i64, key: u128) -> NewFrame {
        NewFrame {
            kind: FrameKind::Erasure,
            workspace: workspace.0,
            key,
            content: 0,
            node: 0,
            received_at: now,
            payload: serde_json::to_vec(self).expect("an erasure is plain JSON"),
        }
    }
}

/// A person's interactions that were never taken, because their ids were known with other contents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Aside {
    pub(crate) positions: Vec<u64>,
    pub(crate) sources: BTreeMap<String, u64>,
}

/// A customer with all their nodes.
type Whole = (u64, Vec<Node>);

/// Frames looked through at a time.
pub(crate) const PAGE: usize = 10_000;
/// Positions that one frame names, but for a single person who has more.
const MOST_POSITIONS: usize = 300_000;

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Under which the signed receipt is found.
    pub id: String,
    /// The erasure's own place in the ledger.
    pub position: u64,
    /// How many interactions.
    pub interactions: u64,
    /// How many identifiers.
    pub identifiers: u64,
}

/// Who erases, and where.
#[derive(Debug, Clone, Copy)]
pub struct Erasing<'a> {
    /// The brand.
    pub workspace: WorkspaceId,
    /// Who asked for it.
    pub by: &'a str,
    /// The file that names the people, if one does.
    pub run: Option<&'a str>,
}

/// One of those to be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Identifiers of the person, one is enough.
    pub nodes: Vec<Node>,
    /// What rooms above this one have removed of them already: notes, saved views.
    pub elsewhere: u64,
}

/// What became of one of those to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// The person is erased.
    Person(Receipt),
    /// It is the person of another target, by its number.
    Same(usize),
    /// Nobody was known by it; nothing is taken under it from now on.
    Unknown,
    /// It was erased before.
    Before,
}

/// Somebody who is being erased, before it is written down.
struct Draft {
    nodes: Vec<Node>,
    positions: Vec<u64>,
    aside: Vec<u64>,
    profile: Option<CustomerProfile>,
    elsewhere: u64,
}

impl Draft {
    fn is_known(&self) -> bool {
        !self.positions.is_empty() || !self.aside.is_empty() || self.profile.is_some()
    }
}

impl Engine {
    /// Erases a customer everywhere. Late copies of what was erased are duplicates, later events
    /// under the same identifiers are rejected.
    pub fn erase(&self, workspace: WorkspaceId, by: &str, customer: u64) -> Result<Receipt, EngineError> {
        let nodes = self.inner().brand(workspace)?.graph().nodes(customer);
        let order = Erasing { workspace, by, run: None };
        match self.write_erasures(&order, &[Target { nodes, elsewhere: 0 }], false)?.pop() {
            Some(Erased::Person(receipt)) => {
                self.finish_erasing(workspace)?;
                Ok(receipt)
            }
            _ => Err(EngineError::NotFound(format!("customer {customer:016x}"))),
        }
    }

    /// Erases several people: from now on they are refused and gone from every page. Their traces in the
    /// files go with [`Engine::finish_erasing`], which is called once after the last of them.
    pub fn erase_all(&self, order: &Erasing<'_>, targets: &[Target]) -> Result<Vec<Erased>, EngineError> {
        self.write_erasures(order, targets, true)
    }

    /// Overwrites, rewrites and vacuums the files after [`Engine::erase_all`]; receipts are there afterwards.
    pub fn finish_erasing(&self, workspace: WorkspaceId) -> Result<(), EngineError> {
        self.inner().brand(workspace)?.forget_latest();
        self.settle()?;
        self.finish_erasures()
    }

    /// Where in the ledger an identifier was erased, if it was.
    pub fn erased_at(&self, workspace: WorkspaceId, node: Node) -> Result<Option<u64>, EngineError> {
        Ok(self.store().read(|c| {
            c.prepare_cached("SELECT position FROM customers_erased WHERE workspace = $1 AND node = $2")?
                .query_map(params![workspace.0, node.0.cast_signed()], |r| r.get::<_, i64>(0))?
                .next()
                .map(|p| p.map(i64::cast_unsigned))
                .transpose()
        })?)
    }

    fn write_erasures(
        &self,
        order: &Erasing<'_>,
        targets: &[Target],
        also_unknown: bool,
    ) -> Result<Vec<Erased>, EngineError> {
        let brand = self.inner().brand(order.workspace)?;
        // Two at once would both count the same interactions.
        let _one = self.inner().naming_erased.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait_folded()?;
        let mut refused = Vec::new();
        let written = self.refuse_and_write(order, &brand, targets, also_unknown, &mut refused);
        if !matches!(&written, Ok(all) if also_unknown || all.iter().all(|e| *e != Erased::Unknown)) {
            brand.admit(&refused);
        }
        written
    }

    /// Refuses the people at the door, then names everything of them in the ledger.
    fn refuse_and_write(
        &self,
        order: &Erasing<'_>,
        brand: &Brand,
        targets: &[Target],
        also_unknown: bool,
        refused: &mut Vec<Node>,
    ) -> Result<Vec<Erased>, EngineError> {
        let inner = self.inner();
        let is_before: Vec<bool> = {
            let erased = brand.erased();
            targets.iter().map(|t| t.nodes.iter().all(|n| erased.contains(n))).collect()
        };
        // The customer of each target now, with all its nodes; names that are somebody else's by now are not
        // the target's.
        let who = || -> Result<Vec<Option<Whole>>, EngineError> {
            let (snapshot, graph) = (brand.snapshot()?, brand.graph());
            let is_nobodys = |n: &Node| graph.customer(*n) == n.0 && snapshot.customer(n.0).is_none();
            let one = |t: &Target| {
                let customer = t.nodes.first().map(|n| graph.customer(*n))?;
                let mut nodes = graph.nodes(customer);
                nodes.extend(t.nodes.iter().filter(|n| is_nobodys(n)));
                nodes.sort_unstable();
                nodes.dedup();
                Some((customer, nodes))
            };
            Ok(targets.iter().zip(&is_before).map(|(t, before)| if *before { None } else { one(t) }).collect())
        };
        // What had passed the door is folded before the stories are read; it may bring more names.
        let mut now = who()?;
        let people = loop {
            let all: Vec<Node> = now.iter().flatten().flat_map(|(_, nodes)| nodes.iter().copied()).collect();
            refused.extend(brand.refuse(&all));
            inner.ledger.flush()?;
            self.wait_folded()?;
            let then = who()?;
            if then == now {
                break now;
            }
            now = then;
        };
        let named: HashSet<Node> = people.iter().flatten().flat_map(|(_, nodes)| nodes.iter().copied()).collect();
        let (kept, others): (Vec<Node>, Vec<Node>) = refused.drain(..).partition(|n| named.contains(n));
        brand.admit(&others);
        *refused = kept;
        let mut drafts: BTreeMap<u64, Draft> = BTreeMap::new();
        let mut outcomes = vec![Erased::Before; targets.len()];
        let mut first: HashMap<u64, usize> = HashMap::new();
        let (snapshot, names) = (brand.snapshot()?, brand.key.clone());
        for (number, (target, who)) in targets.iter().zip(people).enumerate() {
            let Some((id, nodes)) = who else { continue };
            let at = *first.entry(id).or_insert(number);
            outcomes[number] = if at == number { Erased::Unknown } else { Erased::Same(at) };
            if let Some(known) = drafts.get_mut(&id) {
                known.nodes.extend(nodes);
                known.nodes.sort_unstable();
                known.nodes.dedup();
                known.elsewhere += target.elsewhere;
                continue;
            }
            let rows = snapshot.customer(id).map(|c| (0..c.len()).map(|i| c.position(i)).collect());
            snapshot.check(id).map_err(|e| EngineError::Timeline(e.to_string()))?;
            let profile = inner.store.read(|c| customer(c, order.workspace, id, &*names))?;
            let (positions, elsewhere) = (rows.unwrap_or_default(), target.elsewhere);
            drafts.insert(id, Draft { nodes, positions, aside: Vec::new(), profile, elsewhere });
        }
        self.find_aside(brand, &mut drafts)?;
        let (known, unknown): (Vec<_>, Vec<_>) = drafts.into_iter().partition(|(_, d)| d.is_known());
        let blank =
            || ErasureFrame { by: order.by.to_owned(), run: order.run.map(str::to_owned), ..ErasureFrame::default() };
        let mut frame = blank();
        let mut waiting: Vec<usize> = Vec::new();
        let mut write = |frame: &mut ErasureFrame, waiting: &mut Vec<usize>| -> Result<(), EngineError> {
            let full = std::mem::replace(frame, blank());
            if full.nodes.is_empty() {
                return Ok(());
            }
            let new = full.frame(order.workspace, self.now().0, 0);
            let Some(Verdict::Accepted(position)) = inner.ledger.append(vec![new])?.first().cloned() else {
                return Err(EngineError::Refused("the ledger did not take the erasure".to_owned()));
            };
            for (number, person) in waiting.drain(..).zip(&full.people) {
                outcomes[number] = Erased::Person(Receipt {
                    id: person.id.clone(),
                    position,
                    interactions: person.interactions + person.aside,
                    identifiers: person.identifiers,
                });
            }
            Ok(())
        };
        for (id, draft) in known {
            if !frame.nodes.is_empty() && frame.positions.len() + draft.positions.len() > MOST_POSITIONS {
                write(&mut frame, &mut waiting)?;
            }
            self.add_to(&mut frame, brand, draft)?;
            waiting.extend(first.get(&id));
        }
        if also_unknown {
            frame.nodes.extend(unknown.into_iter().flat_map(|(_, d)| d.nodes));
        }
        write(&mut frame, &mut waiting)?;
        Ok(outcomes)
    }

    /// Adds a person to a frame, and says what the receipt will say.
    fn add_to(&self, frame: &mut ErasureFrame, brand: &Brand, draft: Draft) -> Result<(), EngineError> {
        let inner = self.inner();
        for (positions, is_aside) in [(&draft.positions, false), (&draft.aside, true)] {
            for page in positions.chunks(PAGE) {
                for f in inner.ledger.read_many(page)?.iter().filter(|f| !f.header.erased) {
                    frame.count(&decode(f).map_err(|e| EngineError::Damaged(e.to_string()))?, is_aside);
                }
            }
        }
        let consents: u64 = inner.store.read(|c| {
            let mut count =
                c.prepare_cached("SELECT COUNT(*) FROM pipeline_consents WHERE workspace = $1 AND node = $2")?;
            let mut all = 0;
            for node in &draft.nodes {
                let n: i64 = count.query_row(params![brand.workspace.id.0, node.0.cast_signed()], |r| r.get(0))?;
                all += n.cast_unsigned();
            }
            Ok(all)
        })?;
        let named = draft.profile.as_ref().map_or(&[][..], |p| &p.identifiers);
        let (id, salt, who) = receipts::digests(named.iter().map(|i| &i.identifier))?;
        frame.people.push(ErasedPerson {
            id,
            salt,
            who,
            interactions: draft.positions.len() as u64,
            aside: draft.aside.len() as u64,
            identifiers: draft.nodes.len() as u64,
            links: draft.profile.as_ref().map_or(0, |p| p.links.len() as u64),
            traits: draft.profile.as_ref().map_or(0, |p| p.traits.iter().map(|t| t.told.len() as u64).sum()),
            consents,
            elsewhere: draft.elsewhere,
        });
        frame.nodes.extend(draft.nodes);
        frame.positions.extend(draft.positions);
        frame.aside.positions.extend(draft.aside);
        Ok(())
    }

    /// Finds, in one pass, what was kept aside of the people.
    fn find_aside(&self, brand: &Brand, drafts: &mut BTreeMap<u64, Draft>) -> Result<(), EngineError> {
        let inner = self.inner();
        let naming = brand.naming();
        let of: HashMap<Node, u64> = drafts.iter().flat_map(|(id, d)| d.nodes.iter().map(move |n| (*n, *id))).collect();
        for page in inner.kept_aside_at(brand.workspace.id)?.chunks(PAGE) {
            for frame in inner.ledger.read_many(page)?.into_iter().filter(|f| !f.header.erased) {
                let i = decode(&frame).map_err(|e| EngineError::Damaged(e.to_string()))?;
                let whose: HashSet<u64> = i.nodes(&*naming).iter().filter_map(|(n, _)| of.get(n).copied()).collect();
                // Of several people at once it is one's: it goes whole, and is counted once.
                if let Some(draft) = whose.iter().min().and_then(|id| drafts.get_mut(id)) {
                    draft.aside.push(frame.header.position);
                }
            }
        }
        Ok(())
    }
}
