//! Receipts can be checked by anybody, name nobody, and there is one for each of many.

use crate::formats::{contains, find};
use crate::world::{Kept, SHOP, open, order, same_after_a_rebuild, send};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use throughline_interactions::{Identifier, Node, Outcome};
use throughline_pipeline::{Engine, Erased, Erasing, ReceiptFault, Target, verify_receipt};

fn email(n: u64) -> Identifier {
    Identifier::new("email", &format!("p{n}@example.org"))
}

fn node(engine: &Engine, identifier: &Identifier) -> Node {
    engine.node(SHOP, identifier).unwrap().unwrap()
}

fn targets(engine: &Engine, all: &[Identifier]) -> Vec<Target> {
    all.iter().map(|i| Target { nodes: vec![node(engine, i)], elsewhere: 0 }).collect()
}

#[test]
fn a_receipt_is_signed_and_names_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Some(Arc::new(Kept::default())));
    send(&engine, order(1, json!({"email": "p1@example.org", "anonymous_id": "browser-1-abc"})));
    send(&engine, order(2, json!({"email": "p2@example.org"})));
    engine.wait_folded().unwrap();
    let receipt = engine.erase(SHOP, "ana", find(&engine, "p1@")[0]).unwrap();
    let kept = engine.receipt(SHOP, &receipt.id).unwrap();
    let (file, key) = (kept.file(), engine.receipt_key());
    assert_eq!((kept.interactions, kept.position), (3, receipt.position));
    for named in ["p1@", "browser-1", "o1", "words of order"] {
        assert!(!file.contains(named), "{named}");
    }
    let verified = verify_receipt(&file, Some(&key.public_key)).unwrap();
    assert_eq!(verified.receipt["who"]["identifiers"], 2);
    assert!(verified.is_about(&Identifier::new("email", " P1+shop@Example.org")));
    assert!(verified.is_about(&Identifier::new("anonymous_id", "browser-1-abc")));
    assert!(!verified.is_about(&email(2)));

    // Whatever is changed, it does not fit any more.
    let all: Value = serde_json::from_str(&file).unwrap();
    let forge = |change: &dyn Fn(&mut Value)| {
        let mut forged = all.clone();
        change(&mut forged);
        verify_receipt(&forged.to_string(), None)
    };
    assert!(forge(&|_| {}).is_ok(), "spaces and order are not what is signed");
    assert_eq!(forge(&|f| f["receipt"]["erased"][0]["count"] = json!(4)), Err(ReceiptFault::Forged));
    assert_eq!(forge(&|f| f["receipt"]["by"] = json!("bo")), Err(ReceiptFault::Forged));
    assert_eq!(forge(&|f| f["receipt"]["more"] = json!(1)), Err(ReceiptFault::Forged));
    assert_eq!(forge(&|f| f["signature"]["public_key"] = "00".repeat(32).into()), Err(ReceiptFault::Forged));
    assert!(matches!(forge(&|f| f["receipt"]["format"] = json!("2")), Err(ReceiptFault::Unreadable(_))));
    assert!(matches!(forge(&|f| f["signature"] = json!(null)), Err(ReceiptFault::Unreadable(_))));
    assert!(matches!(verify_receipt("", None), Err(ReceiptFault::Unreadable(_))));
    assert!(matches!(verify_receipt(&file, Some(&"00".repeat(32))), Err(ReceiptFault::OtherKey { .. })));

    // It stays, with the same key, whatever is made again.
    same_after_a_rebuild(engine, dir.path());
    let engine = open(dir.path(), None);
    assert_eq!((engine.receipt_key(), engine.receipt(SHOP, &receipt.id).unwrap()), (key, kept));
}

#[test]
fn another_tool_says_the_same_of_a_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(&dir.path().join("data"), None);
    send(&engine, order(1, json!({"email": "p1@example.org"})));
    engine.wait_folded().unwrap();
    let receipt = engine.erase(SHOP, "Ana Ünlü \"x\"", find(&engine, "p1@")[0]).unwrap();
    let kept = engine.receipt(SHOP, &receipt.id).unwrap();
    let at = |name: &str| dir.path().join(name);
    let bytes: Vec<u8> = (0..64).map(|i| u8::from_str_radix(&kept.signature[i * 2..i * 2 + 2], 16).unwrap()).collect();
    std::fs::write(at("key.pem"), engine.receipt_key().pem).unwrap();
    std::fs::write(at("signature"), bytes).unwrap();
    let check = |receipt: &str| {
        std::fs::write(at("receipt"), receipt).unwrap();
        let files = [at("key.pem"), at("receipt"), at("signature")];
        Command::new("openssl")
            .args(["pkeyutl", "-verify", "-pubin", "-rawin", "-inkey"])
            .arg(&files[0])
            .arg("-in")
            .arg(&files[1])
            .arg("-sigfile")
            .arg(&files[2])
            .output()
    };
    let Ok(says) = check(&kept.receipt) else {
        println!("skipped: there is no openssl here");
        return;
    };
    assert!(says.status.success(), "{}", String::from_utf8_lossy(&says.stderr));
    assert!(!check(&kept.receipt.replace("\"ledger\"", "\"Ledger\"")).unwrap().status.success());
}

#[test]
fn many_are_erased_in_one_pass_and_each_has_a_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    let engine = open(dir.path(), Some(kept.clone()));
    for n in 0..60 {
        let mut person = json!({"email": format!("p{n}@example.org")});
        if n % 3 == 0 {
            person["anonymous_id"] = format!("browser-{n}-abc").into();
        }
        send(&engine, order(n, person));
    }
    engine.settle().unwrap();
    engine.erase(SHOP, "ana", find(&engine, "p59@")[0]).unwrap();
    assert!(contains(dir.path(), b"p7@example.org"), "the control scan must find them");
    let mut named: Vec<Identifier> = (0..40).map(email).collect();
    named.push(Identifier::new("anonymous_id", "browser-3-abc"));
    named.push(Identifier::new("email", "stranger@example.org"));
    named.push(email(59));
    let order_of = Erasing { workspace: SHOP, by: "ana", run: Some("file-1") };
    let outcomes = engine.erase_all(&order_of, &targets(&engine, &named)).unwrap();
    engine.finish_erasing(SHOP).unwrap();
    assert!(outcomes[..40].iter().all(|o| matches!(o, Erased::Person(r) if r.interactions == 3)), "{outcomes:?}");
    assert_eq!(outcomes[40..], [Erased::Same(3), Erased::Unknown, Erased::Before]);
    for n in 0..60 {
        let needle = format!("p{n}@example.org");
        assert_eq!(contains(dir.path(), needle.as_bytes()), (40..59).contains(&n), "{needle}");
    }
    assert_eq!(kept.rows().len(), 19 * 3);

    let receipts = engine.receipts(SHOP, "file-1", 0, 100).unwrap();
    assert_eq!(receipts.len(), 40);
    for r in &receipts {
        let says = verify_receipt(&r.file(), None).unwrap().receipt;
        assert_eq!((&says["pass"]["people"], &says["pass"]["lake_rows"]), (&json!(40), &json!(120)), "one pass");
    }
    assert_eq!(engine.receipts(SHOP, "", 0, 100).unwrap().len(), 1, "those of a file stand under the file");

    // Whoever was unknown is refused too.
    let said = |who: &str| json!({"message_id": who, "event": "Message Sent", "occurred_at": "2026-05-01T10:00:00Z", "identifiers": {"email": who}});
    for who in ["stranger@example.org", "p3@example.org"] {
        assert!(matches!(&send(&engine, vec![said(who)])[0], Outcome::Rejected(f) if f.code == "erased"), "{who}");
    }
    assert_eq!(send(&engine, vec![said("new@example.org")]), [Outcome::Accepted]);
    // Again: nothing more happens.
    let again = engine.erase_all(&order_of, &targets(&engine, &named[..40])).unwrap();
    assert!(again.iter().all(|o| *o == Erased::Before));
    same_after_a_rebuild(engine, dir.path());
}

#[test]
fn erasures_that_broke_off_are_finished_together_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), None);
    for n in 0..20 {
        send(&engine, order(n, json!({"email": format!("p{n}@example.org")})));
    }
    engine.settle().unwrap();
    let order_of = Erasing { workspace: SHOP, by: "ana", run: Some("file-1") };
    for part in [0..5, 5..10] {
        let named: Vec<Identifier> = part.map(email).collect();
        engine.erase_all(&order_of, &targets(&engine, &named)).unwrap();
    }
    assert!(contains(dir.path(), b"p3@example.org"), "nothing is overwritten yet");
    assert_eq!(engine.receipts(SHOP, "file-1", 0, 100).unwrap(), []);
    engine.close().unwrap();
    drop(engine);
    let engine = open(dir.path(), None);
    assert!(!contains(dir.path(), b"p3@example.org"));
    let receipts = engine.receipts(SHOP, "file-1", 0, 100).unwrap();
    assert_eq!(receipts.len(), 10);
    assert!(receipts.iter().all(|r| r.says()["pass"]["people"] == 10));
    same_after_a_rebuild(engine, dir.path());
}
