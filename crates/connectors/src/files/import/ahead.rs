//! Reading ahead: rows are read on one thread while the caller is busy with those before.

use super::{Batch, Import};

impl Import {
    /// Reads to the end, or until `take` says false, and hands over batch after batch; false when it
    /// was told to stop. At most three batches are in memory.
    pub fn read_ahead(
        &mut self,
        size: usize,
        mut take: impl FnMut(Batch) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        std::thread::scope(|scope| {
            let (send, batches) = std::sync::mpsc::sync_channel::<anyhow::Result<Batch>>(2);
            scope.spawn(move || {
                loop {
                    let batch = self.next_batch(size);
                    let last = batch.as_ref().map_or(true, |b| b.done);
                    if send.send(batch).is_err() || last {
                        return;
                    }
                }
            });
            for batch in batches {
                if !take(batch?)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}
