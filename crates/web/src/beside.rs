//! A thread beside the server that does the same again and again until the server stops.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The thread; it ends with [`Beside::stop`].
pub(crate) struct Beside {
    bell: Sender<()>,
    thread: JoinHandle<()>,
}

impl Beside {
    /// Starts it: after `first`, and then after every pause that the work asks for.
    pub(crate) fn start(
        name: &str,
        first: Duration,
        mut work: impl FnMut() -> Duration + Send + 'static,
    ) -> std::io::Result<Self> {
        let (bell, rung) = channel::<()>();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut pause = first;
            while matches!(rung.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                pause = work();
            }
        })?;
        Ok(Self { bell, thread })
    }

    /// Ends it, and waits for what it is at.
    pub(crate) fn stop(self) {
        drop(self.bell);
        drop(self.thread.join());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_works_again_and_again_until_it_is_stopped() {
        let (told, hear) = channel::<u32>();
        let mut n = 0;
        let beside = Beside::start("beside", Duration::ZERO, move || {
            n += 1;
            told.send(n).unwrap();
            // The third time it would rest for an hour; stopping does not wait for that.
            if n < 3 { Duration::ZERO } else { Duration::from_secs(3600) }
        })
        .unwrap();
        assert_eq!(hear.iter().take(3).collect::<Vec<_>>(), [1, 2, 3]);
        beside.stop();
        assert!(hear.recv().is_err(), "it has ended");
    }
}
