//! The watching thread: whose standing may be another one, and what has become of it.
//!
//! Each look takes the customers whose stories changed, those for whom a moment has come at which time
//! alone may have changed something, and — after a start or a change of a rule — a part of all others.
//! They are judged on one snapshot; what is another answer than before is told as one fact, and the next
//! look waits until that is worked in.

use super::Change;
use super::facts::{self, MOST};
use super::people::Reading;
use crate::EngineError;
use crate::brand::Brand;
use crate::engine::Inner;
use crate::receive::frame;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use throughline_interactions::{MessageKey, Record, SourceId, Timestamp, WorkspaceId};
use throughline_ledger::{FrameKind, Verdict};
use throughline_segments::{Judgement, Look, Rules, Trial};
use throughline_timeline::{Segment, Snapshot};

/// Interactions that may wait to be worked in while people are judged: before that, what is known of them
/// is about to change.
const MOST_LAG: u64 = 50_000;
/// Customers of a part of all.
const PART: usize = 10_000;
/// Changes after which a part is told.
const MOST_CHANGES: usize = 20_000;
/// Moments of one customer that are gone through one by one.
const MOST_MOMENTS: usize = 1_000;
/// How long a look waits for something to happen.
const IDLE: Duration = Duration::from_millis(200);
/// How long looks are apart while much happens.
const APART: Duration = Duration::from_millis(40);

/// What is kept between two looks at one workspace.
#[derive(Default)]
struct Watching {
    /// The first whole second at which time alone may change something, for each customer.
    due: HashMap<u64, u32>,
    queue: BinaryHeap<Reverse<(u32, u64)>>,
    /// The part of all customers that is still to be judged: its definitions, bucket, ids and place.
    sweep: Option<Sweep>,
    /// The definitions by which everybody is judged, or about to be.
    number: u64,
    trial: Trial,
}

struct Sweep {
    bucket: u16,
    ids: Vec<u64>,
    next: usize,
}

/// Watches until the engine stops.
pub(crate) fn watch(inner: &Inner) {
    if !inner.options.follows_segments {
        return;
    }
    let mut all: BTreeMap<WorkspaceId, Watching> = BTreeMap::new();
    let mut busy = false;
    while !inner.stop.load(Ordering::Acquire) {
        if busy {
            std::thread::park_timeout(APART);
        } else {
            inner.bell.wait(IDLE);
        }
        let folded = inner.folded.load(Ordering::Acquire);
        let waiting = inner.ledger.last_position().saturating_sub(folded);
        if waiting > MOST_LAG || folded < inner.judge_from.load(Ordering::Acquire) {
            busy = false;
            continue;
        }
        busy = false;
        let mut failed = false;
        for brand in inner.brands() {
            let watching = all.entry(brand.workspace.id).or_default();
            match watching.look(inner, &brand) {
                Ok(found) => busy |= found,
                Err(error) => {
                    // Nothing was told, so nothing is lost: everybody is judged again.
                    failed = true;
                    *watching = Watching::default();
                    if !inner.stop.load(Ordering::Acquire) {
                        tracing::error!(%error, workspace = brand.workspace.key, "segments could not be judged");
                    }
                }
            }
        }
        if !busy && !failed {
            inner.bell.looks.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Watching {
    /// One look; true when there is more to do at once.
    fn look(&mut self, inner: &Inner, brand: &Arc<Brand>) -> Result<bool, EngineError> {
        let defined = brand.segments.defined();
        let touched = brand.segments.take_touched();
        if defined.rules.is_empty() {
            brand.segments.judged.store(defined.number, Ordering::Release);
            *self = Self { number: defined.number, ..Self::default() };
            return Ok(false);
        }
        if touched.everybody || self.number != defined.number {
            self.number = defined.number;
            self.sweep = Some(Sweep { bucket: 0, ids: Vec::new(), next: 0 });
        }
        let now = (inner.options.clock)();
        let seconds = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
        let mut moments: HashMap<u64, Timestamp> = HashMap::new();
        while let Some(Reverse((due, customer))) = self.queue.peek().copied() {
            if due > seconds {
                break;
            }
            self.queue.pop();
            if self.due.get(&customer) == Some(&due) {
                self.due.remove(&customer);
                moments.insert(customer, Timestamp::from_seconds(due.into()));
            }
        }
        let mut wanted: Vec<u64> = touched.customers.into_iter().collect();
        for customer in &wanted {
            moments.remove(customer);
        }
        wanted.extend(moments.keys());
        if wanted.is_empty() && self.sweep.is_none() {
            return Ok(false);
        }
        // In the order in which stories lie in memory.
        wanted.sort_unstable();
        let snapshot = brand.snapshot()?;
        let mut looks = Looks::default();
        let mut changes = Vec::new();
        let settled =
            self.judge(inner, brand, &snapshot, &defined.rules, &wanted, &moments, &mut looks, &mut changes)?;
        debug_assert_eq!(settled, wanted.len(), "everybody whose story changed is judged");
        let swept = self.sweep_on(inner, brand, &snapshot, &defined.rules, &mut looks, &mut changes)?;
        tell(inner, brand, &changes, now, snapshot.covers())?;
        if swept {
            brand.segments.judged.store(self.number, Ordering::Release);
        }
        Ok(self.sweep.is_some() || !changes.is_empty() || wanted.len() > 100)
    }

    /// Judges the next part of all customers; true when that was the last.
    fn sweep_on(
        &mut self,
        inner: &Inner,
        brand: &Brand,
        snapshot: &Snapshot,
        rules: &Rules,
        looks: &mut Looks,
        changes: &mut Vec<Change>,
    ) -> Result<bool, EngineError> {
        let Some(mut sweep) = self.sweep.take() else { return Ok(false) };
        loop {
            if sweep.next >= sweep.ids.len() {
                if sweep.bucket >= snapshot.buckets() {
                    return Ok(true);
                }
                sweep = Sweep { bucket: sweep.bucket + 1, ids: snapshot.customer_ids(sweep.bucket), next: 0 };
                continue;
            }
            let part = &sweep.ids[sweep.next..(sweep.next + PART).min(sweep.ids.len())];
            let moments = HashMap::new();
            sweep.next += self.judge(inner, brand, snapshot, rules, part, &moments, looks, changes)?;
            self.sweep = Some(sweep);
            return Ok(false);
        }
    }

    /// Judges customers in turn until there is much to tell; how many.
    #[expect(clippy::too_many_arguments, reason = "what one look has in its hands")]
    fn judge(
        &mut self,
        inner: &Inner,
        brand: &Brand,
        snapshot: &Snapshot,
        rules: &Rules,
        customers: &[u64],
        moments: &HashMap<u64, Timestamp>,
        looks: &mut Looks,
        changes: &mut Vec<Change>,
    ) -> Result<usize, EngineError> {
        let now = (inner.options.clock)();
        let names = brand.key.clone();
        let mut failure = None;
        let mut judged = 0;
        inner.store.read(|c| {
            let reading = Reading::new(inner, brand, c, &*names);
            for id in customers {
                // Those whose stories changed are all judged: nobody remembers them.
                if moments.is_empty() && changes.len() >= MOST_CHANGES && judged >= PART {
                    break;
                }
                judged += 1;
                let Some(customer) = snapshot.customer(*id) else {
                    self.due.remove(id);
                    continue;
                };
                let look = looks.of(customer.segment(), rules);
                let person = reading.of(*id);
                let Some(&moment) = moments.get(id) else {
                    let judgement = rules.judge(look, &customer, person, now, &mut self.trial);
                    note_changes(brand, rules, judgement, *id, |_| now, changes);
                    let until = judgement.until;
                    self.wake(*id, until);
                    continue;
                };
                // Time alone: moment by moment, so that each change has the time at which it came about.
                let mut flips: HashMap<usize, Timestamp> = HashMap::new();
                let (mut at, mut before) = (moment, held(brand, rules, *id));
                for _ in 0..MOST_MOMENTS {
                    let judgement = rules.judge(look, &customer, person, at, &mut self.trial);
                    for (place, was_in) in before.iter_mut().enumerate() {
                        if std::mem::replace(was_in, judgement.is_in(place)) != judgement.is_in(place) {
                            flips.insert(place, at);
                        }
                    }
                    match judgement.until.map(whole_second) {
                        Some(next) if next <= now => at = next,
                        _ => break,
                    }
                }
                let judgement = rules.judge(look, &customer, person, now, &mut self.trial);
                note_changes(brand, rules, judgement, *id, |place| flips.get(&place).copied().unwrap_or(now), changes);
                let until = judgement.until;
                self.wake(*id, until);
            }
            failure = reading.failure();
            Ok(())
        })?;
        match failure {
            Some(failure) => Err(EngineError::Damaged(failure)),
            None => Ok(judged),
        }
    }

    /// Remembers when somebody is to be judged again; a moment that is sooner stays.
    fn wake(&mut self, customer: u64, until: Option<Timestamp>) {
        let Some(until) = until else {
            self.due.remove(&customer);
            return;
        };
        // The first whole second that is not before it.
        let due = u32::try_from(whole_second(until).seconds()).unwrap_or(u32::MAX);
        let known = self.due.entry(customer).or_insert(u32::MAX);
        if due < *known {
            *known = due;
            self.queue.push(Reverse((due, customer)));
        }
    }
}

/// The first whole second that is not before a moment.
fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_seconds(moment.0.saturating_add(999_999).div_euclid(1_000_000))
}

/// In which segments a customer is, by their places.
fn held(brand: &Brand, rules: &Rules, customer: u64) -> Vec<bool> {
    let members = brand.segments.members();
    rules.ids().iter().map(|segment| members.is_in(*segment, customer)).collect()
}

/// What codes mean, for the segments that one snapshot shows.
#[derive(Default)]
pub(super) struct Looks(HashMap<usize, Look>);

impl Looks {
    pub(super) fn of(&mut self, segment: &Segment, rules: &Rules) -> &Look {
        self.0.entry(std::ptr::from_ref(segment).addr()).or_insert_with(|| rules.look(segment))
    }
}

fn note_changes(
    brand: &Brand,
    rules: &Rules,
    judgement: &Judgement,
    customer: u64,
    at: impl Fn(usize) -> Timestamp,
    changes: &mut Vec<Change>,
) {
    let members = brand.segments.members();
    for (place, segment) in rules.ids().iter().enumerate() {
        let entered = judgement.is_in(place);
        if entered != members.is_in(*segment, customer) {
            changes.push(Change { segment: *segment, customer, entered, at: at(place) });
        }
    }
}

/// Tells changes as facts and waits until they are worked in.
fn tell(inner: &Inner, brand: &Arc<Brand>, changes: &[Change], now: Timestamp, covers: u64) -> Result<(), EngineError> {
    let source = SourceId::system();
    let id = brand.workspace.id;
    let mut last = 0;
    for part in changes.chunks(MOST) {
        let Some(fact) = facts::fact(id, part, now, covers) else { continue };
        let key = MessageKey::new(&inner.key_secret, id, source.as_str(), &fact.message_id);
        let record = Record::from(fact);
        let content = record.content_hash(&inner.key_secret);
        let told = inner.ledger.append(vec![frame(brand, FrameKind::Interaction, key, content, record)])?;
        if let Some(Verdict::Accepted(position)) = told.first() {
            last = last.max(*position);
        }
    }
    inner.wait_folded_to(last)
}
