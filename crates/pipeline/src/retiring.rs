//! Keeping things for as long as a rule says, and no longer.
//!
//! What is due is a fact like an erasure: a frame that names positions, under an id made of rule, day and
//! first position, so that doing it twice changes nothing. Nobody is refused afterwards. What remains of
//! the people concerned is learned anew as if the rest had never come: their links, names, traits, counts
//! and rows, and nobody else's; a rebuild finds the same. The files go the way of every erasure.
//!
//! Where only words and properties are to go, a copy without them is appended first, under an id of its
//! own. What tells somebody's consent stays: it is the proof, and a no goes on holding.
//!
//! A crash in between lets everything derived be made again at the next start.

use crate::brand::Brand;
use crate::engine::Inner;
use crate::erasing::move_to_erased;
use crate::erasure::{ErasureFrame, PAGE};
use crate::folding::{decode, fold_part};
use crate::profile::forget_words;
use crate::receive::frame;
use crate::reconnecting::Disk;
use crate::tallies::Pending;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;
use throughline_customers::{pairings_about, region, unlearn};
use throughline_interactions::{Interaction, MessageKey, Node, Record, SourceId, Tally, Timestamp, WorkspaceId};
use throughline_ledger::{Frame, FrameKind, Verdict};
use throughline_store::Store;
use throughline_store::sql::{self, Transaction, params};
use throughline_timeline::{Changes, Customer};

/// Interactions that one frame lets go: all of their people are learned anew in one transaction.
const AT_ONCE: usize = 2_000;
/// What is added to the id of a copy without its words.
const COPY: &str = "~words-removed";

/// Which interactions a rule is about, beside their event and channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All of them.
    Everything,
    /// Those in which somebody said something.
    Words,
    /// Those with an answer on a scale.
    Answers,
}

/// What becomes of an interaction when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It goes.
    Erase,
    /// What was said in it and its properties go; that it happened stays.
    Strip,
}

impl Then {
    /// Its name in the store and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erase => "erase",
            Self::Strip => "strip",
        }
    }
}

/// A rule of how long something is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// Its number.
    pub id: u64,
    /// Of this event; empty for any.
    pub event: String,
    /// On this channel; empty for any.
    pub channel: String,
    /// Which of them.
    pub kind: Kind,
    /// For so many days after they happened.
    pub days: u32,
    /// What becomes of them then.
    pub then: Then,
    /// What happened until this moment, and stands in the ledger up to this position, has been looked
    /// at by this rule; what it left then, it leaves.
    pub looked: (Timestamp, u64),
}

impl Keeping {
    /// The last moment of what is due at `now`.
    pub fn until(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 - i64::from(self.days) * 86_400_000_000)
    }
}

/// What a rule finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleDue {
    /// Interactions that it is about, however old.
    pub matches: u64,
    /// Those whose time is over by this rule, and by no shorter one before it.
    pub due: Vec<u64>,
    /// People they are of.
    pub people: u64,
    /// Rules that are shorter for some of the same interactions and do as much, by their numbers.
    pub shorter: BTreeSet<u64>,
}

/// What all rules find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Interactions of the workspace.
    pub total: u64,
    /// For each rule, in the order asked.
    pub rules: Vec<RuleDue>,
}

/// What is to be let go.
#[derive(Debug, Clone, Copy)]
pub struct Retiring<'a> {
    /// The brand.
    pub workspace: WorkspaceId,
    /// The rule.
    pub rule: u64,
    /// The rule in words.
    pub words: &'a str,
    /// The day on which it is due, as in 2026-03-01.
    pub day: &'a str,
    /// What becomes of it.
    pub then: Then,
    /// Positions in the ledger, one person's next to each other.
    pub positions: &'a [u64],
}

/// What was let go, from the frame that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Made of rule, day and the first position that goes.
    pub(crate) id: String,
    /// The rule.
    pub rule: u64,
    /// The rule in words, as it was then.
    pub words: String,
    /// The day on which it was due.
    pub day: String,
    /// What became of it.
    pub then: Then,
    /// How many interactions.
    pub interactions: u64,
    /// All identifiers that stood in them.
    pub(crate) nodes: Vec<Node>,
}

/// A rule made ready for the names of one segment.
struct Ready<'a> {
    rule: &'a Keeping,
    until: i64,
}

impl Ready<'_> {
    fn is_about(&self, customer: &Customer<'_>, i: usize) -> bool {
        let (rule, names) = (self.rule, customer.segment());
        (rule.event.is_empty() || names.event_name(customer.event(i)) == rule.event)
            && (rule.channel.is_empty() || names.channel_name(customer.channel(i)) == rule.channel)
            && match rule.kind {
                Kind::Everything => true,
                Kind::Words => customer.has_text(i),
                Kind::Answers => customer.score(i).is_some(),
            }
    }
}

impl Engine {
    /// The names of all events that there are, in their order.
    pub fn event_names(&self, workspace: WorkspaceId) -> Result<Vec<String>, EngineError> {
        let snapshot = self.inner().brand(workspace)?.snapshot()?;
        let all: BTreeSet<String> =
            snapshot.segments().flat_map(|s| s.events().iter().map(|e| e.to_string())).collect();
        Ok(all.into_iter().collect())
    }

    /// What rules find now. Of several that are about one interaction the shortest holds; one that lets it
    /// go holds before one that takes its words.
    pub fn due(&self, workspace: WorkspaceId, rules: &[Keeping], now: Timestamp) -> Result<Due, EngineError> {
        let snapshot = self.inner().brand(workspace)?.snapshot()?;
        let ready: Vec<Ready<'_>> = rules.iter().map(|rule| Ready { rule, until: rule.until(now).0 }).collect();
        let mut found = Due { total: snapshot.rows() as u64, rules: vec![RuleDue::default(); rules.len()] };
        for bucket in 0..snapshot.buckets() {
            for id in snapshot.customer_ids(bucket) {
                let Some(customer) = snapshot.customer(id) else { continue };
                let mut concerned: HashSet<usize> = HashSet::new();
                for i in 0..customer.len() {
                    let about: Vec<usize> = (0..ready.len()).filter(|r| ready[*r].is_about(&customer, i)).collect();
                    for r in &about {
                        found.rules[*r].matches += 1;
                    }
                    let of = |then: Then| {
                        let same = about.iter().copied().filter(move |r| rules[*r].then == then);
                        same.min_by_key(|r| (rules[*r].days, rules[*r].id))
                    };
                    let (erases, strips) = (of(Then::Erase), of(Then::Strip));
                    let holds = |r: usize| {
                        Some(r) == erases || (Some(r) == strips && erases.is_none_or(|e| rules[r].days < rules[e].days))
                    };
                    for r in &about {
                        let before = if rules[*r].then == Then::Erase {
                            erases
                        } else {
                            strips.filter(|s| holds(*s)).or(erases)
                        };
                        if let Some(before) = before.filter(|b| b != r) {
                            found.rules[*r].shorter.insert(rules[before].id);
                        }
                    }
                    let (at, position) = (customer.micros(i), customer.position(i));
                    let is_due = |r: &usize| {
                        let (looked, up_to) = rules[*r].looked;
                        at <= ready[*r].until && !(at <= looked.0 && position <= up_to)
                    };
                    let due = erases.filter(is_due).or_else(|| strips.filter(|s| holds(*s)).filter(is_due));
                    if let Some(r) = due {
                        found.rules[r].due.push(position);
                        concerned.insert(r);
                    }
                }
                for r in concerned {
                    found.rules[r].people += 1;
                }
            }
        }
        for segment in snapshot.segments() {
            if let Some(fault) = segment.fault() {
                return Err(EngineError::Timeline(fault.to_string()));
            }
        }
        Ok(found)
    }

    /// Lets interactions go, as a rule says; how many went. Their traces in the files go with
    /// [`Engine::finish_erasing`].
    pub fn retire(&self, what: &Retiring<'_>) -> Result<u64, EngineError> {
        let brand = self.inner().brand(what.workspace)?;
        let mut gone = 0;
        for positions in what.positions.chunks(AT_ONCE) {
            gone += self.retire_some(&brand, what, positions)?;
        }
        self.wait_folded()?;
        Ok(gone)
    }

    fn retire_some(&self, brand: &Brand, what: &Retiring<'_>, positions: &[u64]) -> Result<u64, EngineError> {
        let inner = self.inner();
        let (naming, keys) = (brand.naming(), &inner.key_secret);
        let mut payload = ErasureFrame { by: "a rule".to_owned(), ..ErasureFrame::default() };
        let (mut nodes, mut copies) = (BTreeSet::new(), Vec::new());
        // An erasure of the same people waits, and finds what is done here.
        let _one = inner.naming_erased.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait_folded()?;
        for f in inner.ledger.read_many(positions)? {
            if f.header.erased {
                continue;
            }
            let i = decode(&f).map_err(|e| EngineError::Damaged(e.to_string()))?;
            let all = i.nodes(&*naming);
            let is_refused = all.iter().any(|(n, _)| brand.is_erased(*n));
            if is_refused || stays(&i, what.then) {
                continue;
            }
            payload.count(&i, false);
            payload.positions.push(f.header.position);
            nodes.extend(all.iter().map(|(n, _)| *n));
            nodes.insert(i.node(MessageKey(f.header.key), &*naming));
            if what.then == Then::Strip {
                let source = i.source.clone();
                let record = Record::from(stripped(i));
                let key = record.message_key(keys, what.workspace, &source);
                let content = record.content_hash(keys);
                copies.push(frame(brand, FrameKind::Interaction, key, content, record));
            }
        }
        let Some(first) = payload.positions.first().copied() else { return Ok(0) };
        let gone = payload.positions.len() as u64;
        let id = format!("retention:{}:{}:{first}", what.rule, what.day);
        if self.is_retired(&id)? {
            return Ok(0);
        }
        let key = MessageKey::new(keys, what.workspace, SourceId::SYSTEM, &id);
        payload.retired = Some(Retired {
            id,
            rule: what.rule,
            words: what.words.to_owned(),
            day: what.day.to_owned(),
            then: what.then,
            interactions: gone,
            nodes: nodes.into_iter().collect(),
        });
        // The copies first: what goes is there a second time before it goes.
        inner.ledger.append(copies)?;
        match inner.ledger.append(vec![payload.frame(what.workspace, self.now().0, key.0)])?.first() {
            Some(Verdict::Accepted(_)) => Ok(gone),
            _ => Err(EngineError::Refused("the ledger did not take what a rule lets go".to_owned())),
        }
    }

    fn is_retired(&self, id: &str) -> Result<bool, EngineError> {
        let n: i64 = self
            .store()
            .read(|c| c.query_row("SELECT COUNT(*) FROM pipeline_retired WHERE id = $1", [id], |r| r.get(0)))?;
        Ok(n > 0)
    }

    /// What rules have let go, the latest first: each with its place in the ledger.
    pub fn retired(&self, workspace: WorkspaceId, most: u32) -> Result<Vec<Retired>, EngineError> {
        Ok(self.store().read(|c| {
            c.prepare_cached(
                "SELECT rule, words, day, becomes, CAST(SUM(interactions) AS BIGINT) FROM pipeline_retired WHERE workspace = $1
                 GROUP BY rule, words, day, becomes ORDER BY day DESC, rule LIMIT $2",
            )?
            .query_map(params![workspace.0, most], |r| {
                let then = if r.get::<_, String>(3)? == Then::Strip.as_str() { Then::Strip } else { Then::Erase };
                Ok(Retired {
                    id: String::new(),
                    rule: r.get::<_, i64>(0)?.cast_unsigned(),
                    words: r.get(1)?,
                    day: r.get(2)?,
                    then,
                    interactions: r.get::<_, i64>(4)?.cast_unsigned(),
                    nodes: Vec::new(),
                })
            })?
            .collect()
        })?)
    }
}

/// What no rule lets go: what tells somebody's consent, what people decided, and what has no words to lose.
fn stays(i: &Interaction, then: Then) -> bool {
    let is_bare = i.text.is_none() && i.properties.is_empty();
    !i.consent.is_empty() || i.source.as_str() == SourceId::SYSTEM || (then == Then::Strip && is_bare)
}

fn stripped(mut i: Interaction) -> Interaction {
    i.message_id.push_str(COPY);
    i.text = None;
    i.properties.clear();
    i
}

impl Inner {
    /// Folds what a rule lets go: the people concerned are learned anew from what remains. On a replay
    /// there is nothing to unlearn.
    pub(crate) fn fold_retired(
        &self,
        brand: &std::sync::Arc<Brand>,
        position: u64,
        erasure: &ErasureFrame,
        retired: &Retired,
        is_first: bool,
    ) -> Result<(), EngineError> {
        let workspace = brand.workspace.id;
        let mut counted = Pending::default();
        for (source, at) in &erasure.last_received {
            counted.add(source, &Tally::default(), Timestamp(*at));
        }
        if !is_first {
            return self.follow(position, Disk::Waits, |tx| {
                counted.write(tx, workspace)?;
                note(tx, workspace, position, retired)?;
                Store::set_position(tx, "pipeline", position)
            });
        }
        let nodes = self.store.read(|c| region(c, workspace, &retired.nodes))?;
        let before: Vec<(Node, u64)> = {
            let graph = brand.graph();
            nodes.iter().map(|n| (*n, graph.customer(*n))).collect()
        };
        let customers: BTreeSet<u64> = before.iter().flat_map(|(n, customer)| [n.0, *customer]).collect();
        // What joined people who share no identifier is nobody's own, and is heard again.
        let decisions = self.store.read(|c| pairings_about(c, workspace, &nodes))?;
        let remaining = self.remaining(brand, &customers, erasure, decisions)?;
        let frames: Vec<&Frame> = remaining.iter().collect();
        let rows = self.follow(position, Disk::Waits, |tx| {
            unlearn(tx, workspace, &mut brand.graph(), &nodes)?;
            let mut unsaid = tx.prepare_cached("DELETE FROM pipeline_consents WHERE workspace = $1 AND node = $2")?;
            for node in &nodes {
                forget_words(tx, workspace, *node)?;
                unsaid.execute(params![workspace.0, node.0.cast_signed()])?;
            }
            brand.change_consents().forget(&nodes);
            let (part, _) = fold_part(tx, brand.clone(), &frames, position)?;
            move_to_erased(tx, workspace, erasure, &mut counted)?;
            counted.write(tx, workspace)?;
            note(tx, workspace, position, retired)?;
            tx.execute(
                "INSERT INTO pipeline_erasures (position, workspace) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                params![position.cast_signed(), workspace.0],
            )?;
            Store::set_position(tx, "pipeline", position)?;
            Ok(part.rows)
        })?;
        let erased = customers.into_iter().collect();
        brand.apply(Changes { position, erased, ..Changes::default() })?;
        brand.apply(Changes { position, rows: rows.clone(), ..Changes::default() })?;
        let others: Vec<(u64, u64, u64)> = {
            let graph = brand.graph();
            before.iter().map(|(n, from)| (n.0, *from, graph.customer(*n))).collect()
        };
        self.relearned.lock().unwrap_or_else(PoisonError::into_inner).insert(position);
        self.tell_segments(brand, &[], &rows, &others)
    }

    /// The frames of customers but for those that go, with some more, in the order of the ledger.
    fn remaining(
        &self,
        brand: &Brand,
        customers: &BTreeSet<u64>,
        erasure: &ErasureFrame,
        more: Vec<u64>,
    ) -> Result<Vec<Frame>, EngineError> {
        let snapshot = brand.snapshot()?;
        let going: HashSet<u64> = erasure.positions.iter().copied().collect();
        let mut positions = more;
        for id in customers {
            let Some(customer) = snapshot.customer(*id) else { continue };
            positions.extend((0..customer.len()).map(|i| customer.position(i)).filter(|p| !going.contains(p)));
            snapshot.check(*id).map_err(|e| EngineError::Timeline(e.to_string()))?;
        }
        positions.sort_unstable();
        positions.dedup();
        let mut frames = Vec::with_capacity(positions.len());
        for page in positions.chunks(PAGE) {
            frames.extend(self.ledger.read_many(page)?.into_iter().filter(|f| !f.header.erased));
        }
        Ok(frames)
    }
}

fn note(tx: &Transaction<'_>, workspace: WorkspaceId, position: u64, retired: &Retired) -> sql::Result<()> {
    tx.prepare_cached(
        "INSERT INTO pipeline_retired (id, position, workspace, rule, words, day, becomes, interactions)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        retired.id,
        position.cast_signed(),
        workspace.0,
        retired.rule.cast_signed(),
        retired.words,
        retired.day,
        retired.then.as_str(),
        retired.interactions.cast_signed()
    ])?;
    Ok(())
}
