//! Random operations against a plain vector.

use std::collections::HashMap;
use std::fs;

use proptest::prelude::*;
use throughline_ledger::{Ledger, Verdict};

use crate::{files, interaction, open, scratch};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u128, u64)>),
    Erase(Vec<usize>),
    Reopen,
    /// Takes bytes off the end of the last segment and forgets that they were acknowledged.
    Tear(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec((0_u128..60, 0_u64..3), 1..9).prop_map(Step::Append),
        1 => proptest::collection::vec(any::<usize>(), 1..4).prop_map(Step::Erase),
        1 => Just(Step::Reopen),
        1 => (0_u64..2_500).prop_map(Step::Tear),
    ]
}

/// What the ledger should hold: key, content, put aside, erased.
#[derive(Default)]
struct Oracle {
    frames: Vec<(u128, u64, bool, bool)>,
}

impl Oracle {
    fn append(&mut self, key: u128, content: u64) -> Verdict {
        let position = |found: usize| found as u64 + 1;
        let known = self.frames.iter().position(|frame| frame.0 == key && !frame.2);
        let Some(known) = known else {
            self.frames.push((key, content, false, false));
            return Verdict::Accepted(self.frames.len() as u64);
        };
        if self.frames[known].1 == content {
            return Verdict::Duplicate(position(known));
        }
        let aside = |frame: &(u128, u64, bool, bool)| (frame.0, frame.1, frame.2) == (key, content, true);
        if let Some(aside) = self.frames.iter().position(aside) {
            return Verdict::Conflict(position(aside));
        }
        self.frames.push((key, content, true, false));
        Verdict::Conflict(self.frames.len() as u64)
    }

    fn check(&self, ledger: &Ledger) {
        assert_eq!(ledger.last_position(), self.frames.len() as u64);
        let frames = ledger.read_from(1, usize::MAX, usize::MAX).unwrap();
        assert_eq!(frames.len(), self.frames.len());
        let mut keys = HashMap::new();
        for (slot, (frame, &(key, content, aside, erased))) in frames.iter().zip(&self.frames).enumerate() {
            let header = &frame.header;
            assert_eq!(header.position, slot as u64 + 1);
            assert_eq!((header.key, header.content), (key, content));
            assert_eq!((header.conflict, header.erased), (aside, erased));
            let payload = if erased { Vec::new() } else { interaction(key, content).payload };
            assert_eq!(frame.payload, payload);
            if !aside {
                keys.insert(key, (header.position, content));
            }
        }
        for key in 0..60 {
            assert_eq!(ledger.find(key).unwrap(), keys.get(&key).copied());
        }
        assert_eq!(ledger.verify(|_| ()).unwrap(), []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_ledger_does_what_a_vector_does(steps in proptest::collection::vec(step(), 1..30)) {
        let dir = scratch();
        let mut oracle = Oracle::default();
        let (mut ledger, _) = open(dir.path());
        for step in steps {
            match step {
                Step::Append(pairs) => {
                    let batch = pairs.iter().map(|&(key, content)| interaction(key, content)).collect();
                    let expected: Vec<_> =
                        pairs.iter().map(|&(key, content)| oracle.append(key, content)).collect();
                    prop_assert_eq!(ledger.append(batch).unwrap(), expected);
                }
                Step::Erase(picks) => {
                    if oracle.frames.is_empty() {
                        continue;
                    }
                    let slots: Vec<usize> =
                        picks.iter().map(|pick| pick % oracle.frames.len()).collect();
                    let before = oracle.frames.iter().filter(|frame| frame.3).count();
                    slots.iter().for_each(|&slot| oracle.frames[slot].3 = true);
                    let fresh = oracle.frames.iter().filter(|frame| frame.3).count() - before;
                    let positions: Vec<u64> = slots.iter().map(|&slot| slot as u64 + 1).collect();
                    prop_assert_eq!(ledger.erase(&positions).unwrap(), fresh as u64);
                }
                Step::Reopen => {
                    ledger.close();
                    let (again, report) = open(dir.path());
                    prop_assert_eq!(report.truncated_bytes, 0);
                    ledger = again;
                }
                Step::Tear(bytes) => {
                    ledger.close();
                    fs::remove_file(dir.path().join("mark")).unwrap();
                    let path = files(dir.path(), "seg").pop().unwrap();
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    let first = u64::from_str_radix(&name, 16).unwrap() as usize;
                    let left = path.metadata().unwrap().len().saturating_sub(bytes);
                    fs::File::options().write(true).open(&path).unwrap().set_len(left).unwrap();
                    let mut end = 32;
                    let kept = oracle.frames[first - 1..].iter().take_while(|frame| {
                        end += 72 + interaction(frame.0, frame.1).payload.len() as u64;
                        end <= left
                    });
                    let kept = kept.count();
                    oracle.frames.truncate(first - 1 + kept);
                    ledger = open(dir.path()).0;
                }
            }
        }
        oracle.check(&ledger);
        ledger.close();
        oracle.check(&open(dir.path()).0);
    }
}
