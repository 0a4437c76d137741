//! Work that nobody waits for gives way to work that somebody waits for.

/// How much nicer the threads behind the door are than those at it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The calling thread gives way from now on: folding, settling and compaction must not make a
/// sender wait for its acknowledgement. Where the system has no priority of a single thread,
/// nothing changes.
pub fn give_way() {
    // On Linux "this process" of `setpriority` is the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "a background thread keeps its priority");
    }
}
