//! Figures that people will ask for next, worked out before they do: those of Today and the
//! scorecards, on which the map and the Monday page stand too.
//!
//! After a start once, and then as long as somebody looks at the console. It takes at most a tenth of
//! the time; what nothing has arrived for stands on its shelf already and costs nothing. It does not
//! give way: whoever asks meanwhile waits for it.

use crate::beside::Beside;
use crate::console::gather;
use crate::state::Web;
use std::time::{Duration, Instant};
use throughline_pipeline::EngineError;

/// The pause between two looks, at least.
const PAUSE: Duration = Duration::from_secs(5);
/// A pause is so many times as long as the look before it took.
const REST: u32 = 9;
/// Somebody who looked so long ago, in microseconds, has gone: half an hour.
const GONE: i64 = 30 * 60 * 1_000_000;

/// Starts the thread.
pub(crate) fn start(web: Web) -> std::io::Result<Beside> {
    let mut has_found = false;
    Beside::start("warm", PAUSE, move || {
        let is_watched = web.now().0.saturating_sub(web.looked_at().0) < GONE;
        if has_found && !is_watched {
            return PAUSE;
        }
        let begun = Instant::now();
        match look(&web) {
            Ok(found) => has_found |= found,
            Err(error) => tracing::warn!(%error, "figures could not be worked out ahead"),
        }
        PAUSE.max(begun.elapsed() * REST)
    })
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
