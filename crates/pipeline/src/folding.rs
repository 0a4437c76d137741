//! The folding thread: the ledger, in order, into everything that follows from it.
//!
//! One batch is one store transaction with the ledger position inside, then one change of the
//! timelines. A second thread settles: it hands rows to the open history and lets the timelines
//! write their files, at the latest after [`Options::settle_seconds`](crate::Options). What was not
//! settled when the process died is read from the ledger again at the next start.

use crate::ahead;
use crate::aside;
use crate::brand::Brand;
use crate::door::Word;
use crate::engine::Inner;
use crate::last_words::write_last_words;
use crate::profile::Words;
use crate::reconnecting::{Disk, FELL_BACK};
use crate::rows::{Names, row};
use crate::segments::{Change, read_changes, write_changes};
use crate::tallies::Pending;
use crate::{EngineError, attributes::Attributes};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use throughline_customers::{Fold, Pairing, keep_order_of_seen, write_pairings};
use throughline_interactions::{Interaction, MessageKey, Node, Tally, Timestamp, WorkspaceId};
use throughline_ledger::{Frame, FrameKind, NewFrame};
use throughline_store::Store;
use throughline_store::sql::{self, Transaction, params};
use throughline_timeline::{Changes, Moved, Row};

/// The source under which erased interactions are counted.
pub(crate) const ERASED_SOURCE: &str = "(erased)";

/// Batches that are folded as one where so much waits.
const AT_ONCE: usize = 8;
/// Facts that wait and are worth giving up the order of customers for, where they are more than there are identifiers.
const MANY: u64 = 200_000;

/// Rows by workspace, up to a position.
pub(crate) struct Settling {
    pub(crate) covers: u64,
    pub(crate) rows: BTreeMap<WorkspaceId, Vec<Row>>,
    pub(crate) flush: bool,
    pub(crate) done: Option<SyncSender<Result<(), String>>>,
}

pub(crate) enum Order {
    Settle(SyncSender<Result<(), String>>),
    /// Forget everything derived, for the retraction at a position, and begin again.
    StartOver(u64, SyncSender<Result<(), String>>),
    Close(SyncSender<Result<(), String>>),
}

/// The two threads. Dropping it folds what is in the ledger and waits for both, so that nothing
/// writes below the data directory afterwards.
pub(crate) struct Folding {
    orders: Option<SyncSender<Order>>,
    threads: Vec<JoinHandle<()>>,
    inner: Arc<Inner>,
}

impl Folding {
    pub(crate) fn start(inner: Arc<Inner>) -> Self {
        let (orders, inbox) = sync_channel(4);
        let (hand_over, handed) = sync_channel::<Settling>(1);
        let settler = inner.clone();
        let folder = inner.clone();
        let settle = std::thread::Builder::new().name("settle".into()).spawn(move || {
            crate::give_way();
            for settling in handed {
                let done = settling.done.clone();
                let result = settler.settle_in_time(settling).map_err(|e| e.to_string());
                if let Err(e) = result.as_ref()
                    && e != FELL_BACK
                {
                    tracing::error!(error = e, "settling failed");
                    settler.fail(e.clone());
                }
                if let Some(done) = done {
                    let _ = done.send(result);
                }
            }
        });
        let fold = std::thread::Builder::new().name("fold".into()).spawn(move || {
            crate::give_way();
            let mut worker = Worker {
                inner: &folder,
                inbox: &inbox,
                hand_over,
                buffer: BTreeMap::new(),
                buffered: 0,
                since: None,
                seen: SeenOrder::GivenUp,
            };
            if let Err(e) = worker.run() {
                tracing::error!(error = %e, "folding stopped");
                folder.fail(format!("working the ledger in stopped: {e}"));
            }
        });
        let watcher = inner.clone();
        let watch = std::thread::Builder::new().name("segments".into()).spawn(move || {
            crate::give_way();
            crate::segments::watch(&watcher);
        });
        let matcher = inner.clone();
        let pairs = std::thread::Builder::new().name("pairs".into()).spawn(move || {
            crate::give_way();
            crate::matching::watch(&matcher);
        });
        let threads = [settle, fold, watch, pairs].into_iter().filter_map(Result::ok).collect();
        Self { orders: Some(orders), threads, inner }
    }

    fn ask(&self, order: impl FnOnce(SyncSender<Result<(), String>>) -> Order) -> Result<(), EngineError> {
        let (tell, told) = sync_channel(1);
        let stopped = || {
            let failure = self.inner.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
            EngineError::Damaged(failure.unwrap_or_else(|| "the folding thread is gone".to_owned()))
        };
        self.orders.as_ref().ok_or_else(stopped)?.send(order(tell)).map_err(|_| stopped())?;
        match told.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(EngineError::Damaged(e)),
            Err(_) => Err(stopped()),
        }
    }

    pub(crate) fn settle(&self) -> Result<(), EngineError> {
        self.ask(Order::Settle)
    }

    pub(crate) fn start_over(&self, position: u64) -> Result<(), EngineError> {
        self.ask(|done| Order::StartOver(position, done))
    }

    pub(crate) fn close(self) -> Result<(), EngineError> {
        self.ask(Order::Close)
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        self.inner.stop.store(true, Ordering::Release);
        self.inner.bell.ring();
        self.inner.matching.ring();
        // Without a sender the folding thread ends, and with it the one that settles.
        self.orders = None;
        for t in self.threads.drain(..) {
            let _ = t.join();
        }
    }
}

pub(crate) struct Worker<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) inbox: &'a Receiver<Order>,
    pub(crate) hand_over: SyncSender<Settling>,
    pub(crate) buffer: BTreeMap<WorkspaceId, Vec<Row>>,
    pub(crate) buffered: usize,
    pub(crate) since: Option<Instant>,
    pub(crate) seen: SeenOrder,
}

/// Whether the order in which customers were last seen is kept as they are folded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenOrder {
    /// It is; so many facts waited when it was asked last whether it should be.
    Kept(u64),
    /// It is made again when nothing waits any more. It is not known after the start.
    GivenUp,
}

impl Worker<'_> {
    fn run(&mut self) -> Result<(), EngineError> {
        let options = &self.inner.options;
        let mut tallied = Instant::now();
        loop {
            let behind = self.fold_some()?;
            if self.buffered >= options.history_rows
                || self.since.is_some_and(|s| s.elapsed() >= Duration::from_secs(options.settle_seconds))
            {
                self.send(false, None);
            }
            if tallied.elapsed() >= Duration::from_millis(500) {
                self.write_tallies()?;
                tallied = Instant::now();
            }
            let wait = if behind { Duration::ZERO } else { Duration::from_millis(20) };
            match self.inbox.recv_timeout(wait) {
                Ok(Order::Settle(done)) => {
                    self.write_tallies()?;
                    while self.fold_some()? {}
                    self.send(true, Some(done));
                }
                Ok(Order::StartOver(position, done)) => {
                    let result = self.start_over(position);
                    let _ = done.send(result.as_ref().map_err(ToString::to_string).copied());
                    match result {
                        Err(e) if e.is_passing() => {
                            // The files are gone; unless the rows are, too, they are taken up again.
                            self.inner.folded.store(0, Ordering::Release);
                            self.wait_for_the_store(e)?;
                        }
                        other => other?,
                    }
                }
                Ok(Order::Close(done)) => {
                    self.write_tallies()?;
                    while self.fold_some()? {}
                    self.send(true, Some(done));
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !behind {
                        let folded = self.inner.folded.load(Ordering::Acquire);
                        self.inner.ledger.wait_beyond(folded, Duration::from_millis(80));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    while self.fold_some()? {}
                    self.send(true, None);
                    return Ok(());
                }
            }
        }
    }

    /// Folds one batch; false when there is nothing more. Where the database is out of reach, it waits.
    fn fold_some(&mut self) -> Result<bool, EngineError> {
        match self.fold_next() {
            Err(e) if e.is_passing() => self.wait_for_the_store(e).map(|()| true),
            other => other,
        }
    }

    fn fold_next(&mut self) -> Result<bool, EngineError> {
        self.inner.has_not_fallen_back()?;
        let from = self.inner.folded.load(Ordering::Acquire) + 1;
        if self.inner.ledger.last_position() < from {
            self.order_customers(0)?;
            return Ok(false);
        }
        self.order_customers(self.inner.ledger.last_position() + 1 - from)?;
        // The more there is, the more is written at once: rows that lie beside each other are then written together.
        let frames = self.inner.ledger.read_from(from, self.inner.options.batch * AT_ONCE, 64 << 20)?;
        let Some(last) = frames.last().map(|f| f.header.position) else { return Ok(false) };
        // An erasure stands alone, so that everything before it is written when it looks.
        let mut rest = frames.as_slice();
        while !rest.is_empty() {
            let plain = rest.iter().position(|f| f.header.kind == FrameKind::Erasure).unwrap_or(rest.len());
            let (batch, tail) = if plain == 0 { rest.split_at(1) } else { rest.split_at(plain) };
            if plain == 0 {
                self.fold_erasure(&batch[0])?;
            } else {
                for (workspace, rows) in self.inner.fold_batch(batch)? {
                    self.buffered += rows.len();
                    self.buffer.entry(workspace).or_default().extend(rows);
                }
            }
            rest = tail;
        }
        self.since.get_or_insert_with(Instant::now);
        self.inner.folded.store(last, Ordering::Release);
        let is_more = self.inner.ledger.last_position() > last;
        if !is_more {
            self.order_customers(0)?;
        }
        Ok(is_more)
    }

    /// Gives the order of customers up while more waits to be folded than there are identifiers, and makes it again
    /// when nothing waits.
    fn order_customers(&mut self, waiting: u64) -> Result<(), EngineError> {
        match self.seen {
            SeenOrder::GivenUp if waiting == 0 => {
                self.inner.store.write(|tx| keep_order_of_seen(tx, true))?;
                self.seen = SeenOrder::Kept(MANY / 2);
            }
            SeenOrder::Kept(asked) if waiting > 2 * asked => {
                let count = |c: &sql::Connection| c.query_row("SELECT COUNT(*) FROM customers_seen", [], |r| r.get(0));
                let known: i64 = self.inner.store.read(count)?;
                self.seen = SeenOrder::Kept(waiting);
                if waiting > known.unsigned_abs() {
                    self.inner.store.write(|tx| keep_order_of_seen(tx, false))?;
                    self.seen = SeenOrder::GivenUp;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fold_erasure(&mut self, frame: &Frame) -> Result<(), EngineError> {
        let erasure = self.inner.fold_erasure(frame)?;
        let gone: HashSet<u64> = erasure.nodes.iter().map(|n| n.0).collect();
        let positions: HashSet<u64> = match erasure.retired {
            Some(_) => erasure.positions.iter().copied().collect(),
            None => HashSet::new(),
        };
        for rows in self.buffer.values_mut() {
            rows.retain(|r| !gone.contains(&r.node) && !positions.contains(&r.position));
        }
        Ok(())
    }

    /// Waits for the settling thread, then forgets everything derived.
    fn start_over(&mut self, position: u64) -> Result<(), EngineError> {
        let (tell, told) = sync_channel(1);
        self.send(true, Some(tell));
        match told.recv() {
            Ok(settled) => settled.map_err(EngineError::Damaged)?,
            Err(_) => return Err(EngineError::Damaged("the settling thread is gone".to_owned())),
        }
        self.inner.start_over(position)
    }

    fn send(&mut self, flush: bool, done: Option<SyncSender<Result<(), String>>>) {
        self.buffered = 0;
        self.since = None;
        let settling = Settling {
            covers: self.inner.folded.load(Ordering::Acquire),
            rows: std::mem::take(&mut self.buffer),
            flush,
            done,
        };
        if self.hand_over.send(settling).is_err() {
            self.inner.fail("the settling thread is gone".to_owned());
        }
    }

    fn write_tallies(&self) -> Result<(), EngineError> {
        for brand in self.inner.brands() {
            let pending = std::mem::take(&mut *brand.pending.lock().unwrap_or_else(PoisonError::into_inner));
            if pending.is_empty() {
                continue;
            }
            let payload = serde_json::to_vec(&pending).expect("a tally is plain JSON");
            *brand.in_flight.lock().unwrap_or_else(PoisonError::into_inner) = (u64::MAX, pending);
            let frame = NewFrame {
                kind: FrameKind::Tally,
                workspace: brand.workspace.id.0,
                key: 0,
                content: 0,
                node: 0,
                received_at: (self.inner.options.clock)().0,
                payload,
            };
            self.inner.ledger.append(vec![frame])?;
        }
        Ok(())
    }
}

/// What one batch does to one workspace before it is written.
pub(crate) struct Part<'a> {
    brand: Arc<Brand>,
    pub(crate) rows: Vec<Row>,
    fresh: crate::attributes::Fresh,
    counted: Pending,
    quarantined: Vec<(&'a Frame, String, String)>,
    words: Vec<Word>,
    said: Words,
    /// Decisions about what was kept aside: their places, and the places of what they are about.
    decided: Vec<(u64, Vec<u64>)>,
    tallied: bool,
    /// Who entered and left segments, with the places of the facts that say so.
    changes: Vec<(u64, Change)>,
    /// Decisions about two people who share no identifier.
    pairings: Vec<Pairing>,
}

impl Part<'_> {
    /// Writes down what is counted once for each frame, and not again when a person is folded anew.
    fn count(&self, tx: &Transaction<'_>) -> sql::Result<()> {
        let id = self.brand.workspace.id;
        self.counted.write(tx, id)?;
        for (frame, source, message_id) in &self.quarantined {
            tx.prepare_cached(
                "INSERT INTO pipeline_quarantine (position, workspace, source, code, message_id) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING",
            )?
            .queue(params![
                frame.header.position.cast_signed(),
                id.0,
                source,
                aside::code(&frame.header),
                message_id
            ])?;
        }
        aside::write_decided(tx, id, &self.decided)?;
        write_changes(tx, &self.brand, &self.changes)
    }
}

impl Inner {
    /// Folds frames without erasures into the store and the timelines; the rows for the history.
    pub(crate) fn fold_batch(&self, frames: &[Frame]) -> Result<Vec<(WorkspaceId, Vec<Row>)>, EngineError> {
        let Some(last) = frames.last().map(|f| f.header.position) else { return Ok(Vec::new()) };
        let mut by_workspace: BTreeMap<u32, Vec<&Frame>> = BTreeMap::new();
        for f in frames {
            by_workspace.entry(f.header.workspace).or_default().push(f);
        }
        let mut parts = Vec::with_capacity(by_workspace.len());
        for (workspace, frames) in by_workspace {
            parts.push((self.brand(WorkspaceId(workspace))?, frames));
        }
        let mut written = Vec::with_capacity(parts.len());
        // The graphs are locked for the whole transaction: a page never sees half a batch.
        // Nothing waits for the disk here: the files that follow from this do, see `Inner::settle`.
        self.follow(frames[0].header.position, Disk::Soon, |tx| {
            for (brand, frames) in &parts {
                let (part, moved) = fold_part(tx, brand.clone(), frames, last)?;
                part.count(tx)?;
                written.push((part, moved));
            }
            Store::set_position(tx, "pipeline", last)
        })?;
        let mut out = Vec::with_capacity(written.len());
        for (part, moved) in written {
            let id = part.brand.workspace.id;
            if part.tallied {
                *part.brand.in_flight.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
            }
            let others: Vec<(u64, u64, u64)> = moved.iter().map(|m| (m.node, m.from, m.to)).collect();
            part.brand.apply(Changes { position: last, rows: part.rows.clone(), moved, erased: Vec::new() })?;
            self.tell_segments(&part.brand, &part.changes, &part.rows, &others)?;
            out.push((id, part.rows));
        }
        Ok(out)
    }
}

/// Folds frames of one workspace; what they are counted by is left to [`Part::count`].
pub(crate) fn fold_part<'a>(
    tx: &Transaction<'_>,
    brand: Arc<Brand>,
    frames: &[&'a Frame],
    last: u64,
) -> sql::Result<(Part<'a>, Vec<Moved>)> {
    let id = brand.workspace.id;
    let naming = brand.naming();
    let mut part = Part {
        rows: Vec::with_capacity(frames.len()),
        fresh: Vec::new(),
        counted: Pending::default(),
        quarantined: Vec::new(),
        words: Vec::new(),
        said: Words::default(),
        decided: Vec::new(),
        tallied: false,
        changes: Vec::new(),
        pairings: Vec::new(),
        brand: brand.clone(),
    };
    let mut names = Names::default();
    let mut graph = brand.graph();
    let (codec, _) = brand.codec();
    let mut fold = Fold::new(id, &mut graph, &*naming, codec.as_ref());
    ahead::decoded(frames, |frame, decoded| {
        let h = &frame.header;
        let at = Timestamp(h.received_at);
        if h.erased {
            let tally = match h.kind {
                FrameKind::Quarantined => Tally { quarantined: 1, ..Tally::default() },
                _ => Tally { accepted: 1, ..Tally::default() },
            };
            part.counted.add(ERASED_SOURCE, &tally, Timestamp(0));
            return Ok(());
        }
        match h.kind {
            FrameKind::Interaction => {
                let i = decoded()?;
                part.counted.add(i.source.as_str(), &Tally { accepted: 1, ..Tally::default() }, at);
                part.changes.extend(read_changes(&i).into_iter().map(|c| (h.position, c)));
                let decided = aside::decided(&i);
                if !decided.is_empty() {
                    part.decided.push((h.position, decided));
                }
                let key = MessageKey(h.key);
                // Whoever was erased before it came is joined with nobody.
                if let Some(pairing) = Pairing::of(&i, h.position)
                    && !pairing.is_about_erased(tx, id)?
                {
                    fold.pair(&i, key, &pairing);
                    part.pairings.push(pairing);
                }
                let node = fold.add(&i, key, h.position).unwrap_or_else(|e| {
                    tracing::warn!(
                        position = e.position,
                        event = e.event,
                        "a decision cannot be read and is passed over"
                    );
                    None
                });
                if !i.consent.is_empty() {
                    let mut nodes: Vec<Node> = i.nodes(&*naming).iter().map(|(n, _)| *n).collect();
                    nodes.extend(nodes.first().map(|n| fold.nodes_of(*n)).unwrap_or_default());
                    nodes.sort_unstable();
                    nodes.dedup();
                    part.words.extend(brand.words(&i, &nodes, h.position));
                }
                if let Some(node) = node {
                    part.said.hear(&i, node, h.position);
                    part.rows.push(row(&brand, &i, key, node, h.position, &mut names, &mut part.fresh));
                }
            }
            FrameKind::Quarantined => {
                let i = decoded()?;
                part.counted.add(i.source.as_str(), &Tally { quarantined: 1, ..Tally::default() }, at);
                part.counted.reason(i.source.as_str(), aside::code(h));
                part.quarantined.push((frame, i.source.as_str().to_owned(), i.message_id));
            }
            FrameKind::Tally => {
                let tally: Pending = serde_json::from_slice(&frame.payload).map_err(|e| unreadable(frame, &e))?;
                part.counted.merge(tally);
                part.tallied = true;
            }
            FrameKind::Erasure => {}
        }
        Ok(())
    })?;
    let moved = fold.write(tx)?.moved;
    for r in &mut part.rows {
        r.customer = graph.customer(Node(r.node));
    }
    drop(graph);
    Attributes::write(tx, id, &part.fresh)?;
    part.said.write(tx, id)?;
    write_last_words(tx, &brand, &part.words)?;
    write_pairings(tx, id, &part.pairings)?;
    let changes: Vec<(u64, u64, u64)> = moved.iter().map(|m| (m.node.0, m.from, m.to)).collect();
    record_changes(tx, id, last, &changes)?;
    Ok((part, moved.into_iter().map(|m| Moved { node: m.node.0, from: m.from, to: m.to }).collect()))
}

/// Keeps what the timeline's files do not know yet: (node, before, after), or (0, customer, 0) for
/// an erased customer.
pub(crate) fn record_changes(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    position: u64,
    changes: &[(u64, u64, u64)],
) -> sql::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO pipeline_changes (workspace, position, number, node, before, after) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    )?;
    for (number, (node, before, after)) in changes.iter().enumerate() {
        insert.queue(params![
            workspace.0,
            position.cast_signed(),
            number as i64,
            node.cast_signed(),
            before.cast_signed(),
            after.cast_signed()
        ])?;
    }
    Ok(())
}

pub(crate) fn decode(frame: &Frame) -> sql::Result<Interaction> {
    Interaction::from_payload(&frame.payload).map_err(|e| unreadable(frame, &e))
}

fn unreadable(frame: &Frame, e: &serde_json::Error) -> sql::Error {
    sql::Error::ToSqlConversionFailure(
        format!("the ledger's frame at position {} cannot be read: {e}", frame.header.position).into(),
    )
}
