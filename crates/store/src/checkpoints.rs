//! Copies what SQLite's write-ahead log holds into the file, beside whoever writes: a commit that did it itself
//! would make everybody wait who waits for what it wrote.

use crate::sqlite;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often at most.
const EVERY: Duration = Duration::from_secs(2);

/// The thread that does it. Dropping it waits for it.
pub(crate) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    bell: Condvar,
    /// Held by whoever copies.
    one: Mutex<()>,
}

#[derive(Default)]
struct State {
    is_written: bool,
    stop: bool,
}

impl Checkpoints {
    /// Begins to look after the file at `path`. Without a thread the writer does it, later.
    pub(crate) fn start(path: &Path) -> Self {
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            state: Mutex::default(),
            bell: Condvar::new(),
            one: Mutex::default(),
        });
        let work = shared.clone();
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(move || work.run());
        Self { shared, thread: thread.ok() }
    }

    /// Something was written.
    pub(crate) fn note(&self) {
        self.shared.state().is_written = true;
        self.shared.bell.notify_one();
    }

    /// Nothing is copied while this is held.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.shared.one.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while self.wait() {
            let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = sqlite::checkpoint(&self.path) {
                tracing::debug!(%error, "the write-ahead log was not copied; whoever writes will do it");
            }
        }
    }

    /// Waits until there is something to copy and it is time to; false when it is over.
    fn wait(&self) -> bool {
        let mut state = self.state();
        while !state.is_written && !state.stop {
            state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + EVERY;
        while !state.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.is_written = false;
                return true;
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}
