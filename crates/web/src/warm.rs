//! Figures that people will ask for next, worked out before they do: those of Today and the
//! scorecards, on which the map and the Monday page stand too.
//!
//! After a start once, and then as long as somebody looks at the console. It takes at most a tenth of
//! the time; what nothing has arrived for stands on its shelf already and costs nothing.

use crate::console::gather;
use crate::state::Web;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use throughline_pipeline::EngineError;

/// The pause between two looks, at least.
const PAUSE: Duration = Duration::from_secs(5);
/// A pause is so many times as long as the look before it took.
const REST: u32 = 9;
/// Somebody who looked so long ago, in microseconds, has gone: half an hour.
const GONE: i64 = 30 * 60 * 1_000_000;

/// The thread.
pub(crate) struct Warmth {
    bell: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Warmth {
    pub(crate) fn start(web: Web) -> std::io::Result<Self> {
        let (bell, rung) = channel::<()>();
        let thread = std::thread::Builder::new().name("warm".into()).spawn(move || {
            throughline_pipeline::give_way();
            let mut has_found = false;
            let mut pause = PAUSE;
            while matches!(rung.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                let is_watched = web.now().0.saturating_sub(web.looked_at().0) < GONE;
                if has_found && !is_watched {
                    pause = PAUSE;
                    continue;
                }
                let begun = Instant::now();
                match look(&web) {
                    Ok(found) => has_found |= found,
                    Err(error) => tracing::warn!(%error, "figures could not be worked out ahead"),
                }
                pause = PAUSE.max(begun.elapsed() * REST);
            }
        })?;
        Ok(Self { bell: Some(bell), thread: Some(thread) })
    }

    /// Waits for the end of the look.
    pub(crate) fn stop(mut self) {
        drop(self.bell.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Looks as the first page would; whether there was anything.
fn look(web: &Web) -> Result<bool, EngineError> {
    let mut found = false;
    let engine = web.engine();
    for workspace in engine.workspaces()? {
        if gather(engine, web.imports(), &workspace, web.now(), true, true)?.is_some() {
            engine.scorecards(workspace.id)?;
            found = true;
        }
    }
    Ok(found)
}
