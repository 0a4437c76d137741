//! Frames decoded ahead of whoever folds them, by a thread of their own where there are many.

use crate::folding::decode;
use std::sync::mpsc::sync_channel;
use throughline_interactions::Interaction;
use throughline_ledger::{Frame, FrameKind};
use throughline_store::sql;

/// Frames that are handed over at once.
const PART: usize = 512;

/// Calls `each` with every frame in order, and with what gives the interaction in it.
pub(crate) fn decoded<'a>(
    frames: &[&'a Frame],
    mut each: impl FnMut(&'a Frame, &mut dyn FnMut() -> sql::Result<Interaction>) -> sql::Result<()>,
) -> sql::Result<()> {
    if frames.len() <= 4 * PART {
        return frames.iter().try_for_each(|frame| each(frame, &mut || decode(frame)));
    }
    std::thread::scope(|scope| {
        let (hand_over, handed) = sync_channel(4);
        scope.spawn(move || {
            for part in frames.chunks(PART) {
                let decoded: Vec<_> = part.iter().map(|frame| holds_one(frame).then(|| decode(frame))).collect();
                // Whoever folds has given up.
                if hand_over.send(decoded).is_err() {
                    return;
                }
            }
        });
        let mut rest = frames.iter();
        for part in handed {
            for (decoded, frame) in part.into_iter().zip(rest.by_ref()) {
                let mut decoded = decoded;
                each(frame, &mut || decoded.take().unwrap_or_else(|| decode(frame)))?;
            }
        }
        // A thread that broke down has handed over less than there is.
        rest.try_for_each(|frame| each(frame, &mut || decode(frame)))
    })
}

fn holds_one(frame: &Frame) -> bool {
    !frame.header.erased && matches!(frame.header.kind, FrameKind::Interaction | FrameKind::Quarantined)
}
