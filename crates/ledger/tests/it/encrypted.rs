//! Encrypted payloads: on the disk, for readers, and for whoever has not the key.

use std::sync::Arc;

use throughline_ledger::{Binding, Cipher, Ledger, LedgerError, Options, Problem, Undecrypted, Verdict};

use crate::{check_same, interaction, interactions, scratch, tiny};

/// A cipher that is easily seen through, for workspaces of an odd number: the payload turned over and mixed
/// with its key, behind its workspace and a mark of who made it.
#[derive(Debug)]
struct Toy(u8);

impl Cipher for Toy {
    fn encrypt(&self, of: Binding, payload: &mut Vec<u8>) -> bool {
        let has_key = of.workspace % 2 == 1;
        if has_key {
            payload.reverse();
            payload.iter_mut().for_each(|b| *b ^= (of.key as u8) | 0x80);
            payload.extend([self.0, of.workspace as u8, of.key as u8]);
        }
        has_key
    }

    fn decrypt(&self, of: Binding, payload: &mut Vec<u8>) -> Result<(), Undecrypted> {
        if !payload.ends_with(&[self.0, of.workspace as u8, of.key as u8]) {
            return Err(Undecrypted);
        }
        payload.truncate(payload.len() - 3);
        payload.iter_mut().for_each(|b| *b ^= (of.key as u8) | 0x80);
        payload.reverse();
        Ok(())
    }
}

fn with(cipher: Option<Toy>) -> Options {
    Options { cipher: cipher.map(|c| Arc::new(c) as Arc<dyn Cipher>), ..tiny() }
}

fn on_disk(dir: &std::path::Path, needle: &[u8]) -> usize {
    let files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    let count = |bytes: Vec<u8>| bytes.windows(needle.len()).filter(|w| *w == needle).count();
    files.map(|p| count(std::fs::read(p).unwrap())).sum()
}

#[test]
fn an_encrypted_payload_is_read_by_whoever_has_the_key_and_by_nobody_else() {
    let dir = scratch();
    // What was written before there was a key stays readable beside what comes after.
    let (ledger, _) = Ledger::open(dir.path(), with(None)).unwrap();
    ledger.append(interactions(1..11)).unwrap();
    ledger.close();
    let clear = interaction(5, 1).payload;
    assert_eq!(on_disk(dir.path(), &clear), 1);
    let (ledger, _) = Ledger::open(dir.path(), with(Some(Toy(7)))).unwrap();
    ledger.append(interactions(11..21)).unwrap();
    let mut keyless = interaction(21, 1);
    keyless.workspace = 4;
    ledger.append(vec![keyless]).unwrap();
    let fresh = interaction(15, 1).payload;
    assert_ne!(clear, fresh);
    assert_eq!(on_disk(dir.path(), &fresh), 0, "nothing of it stands on the disk as it is");
    for position in 1..=20 {
        let frame = ledger.read(position).unwrap();
        check_same(&frame, &interaction(u128::from(position), 1));
        assert_eq!(frame.header.encrypted, position > 10);
    }
    assert!(!ledger.read(21).unwrap().header.encrypted, "its workspace has no key");
    // The same again is a duplicate, another content is put aside, readable.
    assert_eq!(ledger.append(interactions(15..16)).unwrap(), [Verdict::Duplicate(15)]);
    assert_eq!(ledger.append(vec![interaction(15, 2)]).unwrap(), [Verdict::Conflict(22)]);
    let aside = ledger.read(22).unwrap();
    assert!(aside.header.conflict && aside.header.encrypted);
    assert_eq!(aside.payload, interaction(15, 2).payload);
    // Erased is erased, whatever it was encrypted with.
    assert_eq!(ledger.erase(&[12]).unwrap(), 1);
    assert!(ledger.read(12).unwrap().payload.is_empty());
    ledger.close();

    // Without its key, and with another, it is said which frame and what to do; nothing is taken for rot.
    for other in [None, Some(Toy(8))] {
        let (ledger, report) = Ledger::open(dir.path(), with(other)).unwrap();
        assert_eq!((report.last_position, report.truncated_bytes), (22, 0));
        check_same(&ledger.read(3).unwrap(), &interaction(3, 1));
        assert!(ledger.read(12).unwrap().payload.is_empty());
        let Err(LedgerError::Damaged(damage)) = ledger.read(13) else { panic!("it was read") };
        assert_eq!((damage.position, &damage.problem), (Some(13), &Problem::Undecrypted));
        assert!(damage.problem.advice().contains("key"), "{damage}");
        assert_eq!(ledger.verify(|_| ()).unwrap(), [], "every checksum is right");
        assert_eq!(ledger.append(interactions(15..16)).unwrap(), [Verdict::Duplicate(15)], "keys need no key");
        ledger.close();
    }
    let (ledger, _) = Ledger::open(dir.path(), with(Some(Toy(7)))).unwrap();
    check_same(&ledger.read(13).unwrap(), &interaction(13, 1));
}
