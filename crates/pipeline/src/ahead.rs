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

#[cfg(test)]
mod tests {
    use super::*;
    use throughline_interactions::{Draft, Record, SourceId, Timestamp, WorkspaceId, limits};
    use throughline_ledger::{Ledger, NewFrame, Options};

    /// So many facts of a log, of which some were erased and some are told by the program.
    fn frames(n: u64) -> Vec<Frame> {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, _) = Ledger::open(dir.path(), Options::default()).unwrap();
        let frame = |n: u64| {
            let draft = Draft { message_id: format!("m{n}"), event: "Seen".to_owned(), ..Draft::default() };
            let shop = SourceId::new("shop").unwrap();
            let fact = draft
                .receive(WorkspaceId(1), &shop, Timestamp::from_seconds(1_700_000_000), limits::HTTP_BYTES)
                .unwrap();
            let kind = if n % 7 == 3 { FrameKind::Tally } else { FrameKind::Interaction };
            let payload = Record::from(fact).payload;
            NewFrame { kind, workspace: 1, key: n.into(), content: n, node: 0, received_at: 1, payload }
        };
        ledger.append((1..=n).map(frame).collect()).unwrap();
        let mut frames = ledger.read_from(1, n as usize, 64 << 20).unwrap();
        frames.iter_mut().filter(|f| f.header.position % 11 == 5).for_each(|f| f.header.erased = true);
        assert_eq!(frames.len() as u64, n);
        frames
    }

    fn read(frames: &[Frame], stop_at: u64) -> (Vec<(u64, Option<String>)>, bool) {
        let all: Vec<&Frame> = frames.iter().collect();
        let mut seen = Vec::new();
        let done = decoded(&all, |frame, interaction| {
            let position = frame.header.position;
            let id = if holds_one(frame) { Some(interaction()?.message_id) } else { None };
            seen.push((position, id));
            if position == stop_at { Err(sql::Error::QueryReturnedNoRows) } else { Ok(()) }
        });
        (seen, done.is_ok())
    }

    #[test]
    fn every_frame_comes_once_and_in_order_however_many_there_are() {
        for n in [0, 1, 4 * PART as u64, 4 * PART as u64 + 1, 6_000] {
            let frames = frames(n);
            let (seen, is_done) = read(&frames, 0);
            let expected = |f: &Frame| (f.header.position, holds_one(f).then(|| format!("m{}", f.header.position)));
            assert_eq!((seen, is_done), (frames.iter().map(expected).collect(), true), "{n}");
        }
        assert_eq!(read(&frames(6_000), 2_500).0.len(), 2_500, "whoever folds may give up");
        let mut damaged = frames(6_000);
        damaged[3_000].payload = b"no JSON".to_vec();
        let (seen, is_done) = read(&damaged, 0);
        assert_eq!((seen.len(), is_done), (3_000, false));
    }
}
