//! A database server may go away in the middle of the work, and come back.
//!
//! Folding then waits, longer and longer up to a few seconds, while the doors stay open and the lag
//! grows; whoever asks is told why. A transaction either happened or did not, and the position that
//! rides in it says which. What is in memory may by then be ahead of the database or behind it: a
//! transaction that failed in its middle has changed the graph, one whose answer was lost has not reached
//! the timelines, and a server that crashed has lost the last ones that had not waited for its disk. So
//! what is in memory is read again, and where the position is another than we thought, everything
//! that is not settled is taken up again as after a start.

use crate::EngineError;
use crate::engine::Inner;
use crate::folding::{Order, SeenOrder, Settling, Worker};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use throughline_store::StoreError;
use throughline_store::sql::{self, OptionalExtension, Transaction};

/// What is told where the database came back without its last transactions.
pub(crate) const FELL_BACK: &str =
    "the database came back without its last transactions; they are worked in again, try it again after that";

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether the database can be reached and stands where we think.
#[derive(Debug, Default)]
pub(crate) struct OutOfReach {
    /// Why it cannot, while that is so: which database, and what was met.
    why: Mutex<Option<(String, String)>>,
    /// It came back without its last transactions.
    fell_back: AtomicBool,
}

impl OutOfReach {
    pub(crate) fn note_fallen_back(&self) {
        self.fell_back.store(true, Ordering::Release);
    }
}

/// Whether a transaction is on the disk when it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Waits,
    /// With the next one that waits.
    Soon,
}

impl Inner {
    /// What folding waits for.
    pub(crate) fn waits_for(&self) -> Option<EngineError> {
        let why = self.out_of_reach.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.map(|(place, detail)| StoreError::Unreachable { place, detail }.into())
    }

    fn note_reach(&self, failure: Option<&EngineError>) {
        let why = match failure {
            Some(EngineError::Store(StoreError::Unreachable { place, detail })) => {
                Some((place.clone(), detail.clone()))
            }
            _ => None,
        };
        *self.out_of_reach.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// An error where settling found that the database came back without its last transactions.
    pub(crate) fn has_not_fallen_back(&self) -> Result<(), EngineError> {
        if !self.out_of_reach.fell_back.load(Ordering::Acquire) {
            return Ok(());
        }
        let detail = "it came back without its last transactions".to_owned();
        Err(StoreError::Unreachable { place: self.store.place(), detail }.into())
    }

    /// Runs a transaction that folds frames from `first` on. The database must stand right before them:
    /// one that came back without its last transactions does not.
    pub(crate) fn follow<T>(
        &self,
        first: u64,
        disk: Disk,
        work: impl FnOnce(&Transaction<'_>) -> sql::Result<T>,
    ) -> Result<T, EngineError> {
        let mut stands = None;
        let run = |tx: &Transaction<'_>| {
            let position: Option<i64> = tx
                .prepare_cached("SELECT position FROM store_positions WHERE reader = $1")?
                .query_row(["pipeline"], |r| r.get(0))
                .optional()?;
            let position = position.unwrap_or(0).cast_unsigned();
            if position + 1 != first {
                stands = Some(position);
                return Err(sql::Error::QueryReturnedNoRows);
            }
            work(tx)
        };
        let done = match disk {
            Disk::Waits => self.store.write(run),
            Disk::Soon => self.store.write_soon(run),
        };
        if let Some(position) = stands {
            let detail = format!("it came back at position {position} instead of {}", first - 1);
            return Err(StoreError::Unreachable { place: self.store.place(), detail }.into());
        }
        Ok(done?)
    }

    /// Settles; while the database is out of reach, it is tried again and again.
    pub(crate) fn settle_in_time(&self, mut settling: Settling) -> Result<(), EngineError> {
        // Asked only whether what was handed over before is done.
        if settling.covers == 0 {
            return Ok(());
        }
        let mut pause = FIRST_PAUSE;
        loop {
            match self.settle(&mut settling) {
                Err(e) if e.is_passing() && !self.stop.load(Ordering::Acquire) => {
                    tracing::debug!(error = %e, "settling waits for the database");
                    std::thread::park_timeout(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                other => return other,
            }
        }
    }

    /// Makes what is in memory agree with the database; whether everything unsettled had to be taken up
    /// again. `settled` waits for whatever is being settled.
    fn agree(&self, settled: impl FnOnce() -> Result<(), EngineError>) -> Result<bool, EngineError> {
        // The writing connection, too, and with it the hold on the database.
        self.store.sync()?;
        let position = self.store.position("pipeline")?;
        for brand in self.brands() {
            brand.load_again(&self.store)?;
        }
        let fell_back = &self.out_of_reach.fell_back;
        if position == self.folded.load(Ordering::Acquire) && !fell_back.load(Ordering::Acquire) {
            return Ok(false);
        }
        // Until all of it is done: it may be interrupted by the next loss.
        fell_back.store(true, Ordering::Release);
        settled()?;
        for brand in self.brands() {
            brand.open_timelines_again()?;
        }
        self.folded.store(position, Ordering::Release);
        self.take_up()?;
        fell_back.store(false, Ordering::Release);
        Ok(true)
    }
}

impl Worker<'_> {
    /// Waits until the database can be reached again, and makes what is in memory agree with it. An error
    /// where it is not waited for any longer, or where something else is wrong.
    pub(crate) fn wait_for_the_store(&mut self, mut why: EngineError) -> Result<(), EngineError> {
        tracing::warn!(error = %why, "folding waits for the database");
        let mut pause = FIRST_PAUSE;
        loop {
            self.inner.note_reach(Some(&why));
            match self.inbox.recv_timeout(pause) {
                Ok(Order::Close(done)) => {
                    let _ = done.send(Err(why.to_string()));
                    return Err(why);
                }
                Ok(Order::Settle(done) | Order::StartOver(_, done)) => {
                    let _ = done.send(Err(why.to_string()));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(why),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.agree_with_the_store() {
                Ok(()) => break,
                Err(e) if e.is_passing() => why = e,
                Err(e) => {
                    self.inner.note_reach(None);
                    return Err(e);
                }
            }
        }
        self.seen = SeenOrder::GivenUp;
        self.inner.note_reach(None);
        tracing::info!("the database can be reached again, folding goes on");
        Ok(())
    }

    fn agree_with_the_store(&mut self) -> Result<(), EngineError> {
        let hand_over = &self.hand_over;
        let settled = || {
            let gone = |_| EngineError::Damaged("the settling thread is gone".to_owned());
            let (tell, told) = sync_channel(1);
            let question = Settling { covers: 0, rows: BTreeMap::new(), flush: false, done: Some(tell) };
            hand_over.send(question).map_err(|_| gone(()))?;
            // Whatever came of what was settled before, it is taken up again.
            let _outcome = told.recv().map_err(|_| gone(()))?;
            Ok(())
        };
        if self.inner.agree(settled)? {
            self.buffer.clear();
            (self.buffered, self.since) = (0, None);
        }
        Ok(())
    }
}
