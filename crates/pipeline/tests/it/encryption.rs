//! What is kept is encrypted with the workspace's key; who holds the master key reads it, and nobody else.

use crate::formats::contains;
use crate::world::{SHOP, open_with, order, send};
use serde_json::json;
use std::path::Path;
use throughline_customers::CustomerQuery;
use throughline_interactions::Outcome;
use throughline_pipeline::{Engine, EngineError, Options, StoryQuery};
use throughline_store::Place;

/// With the state in the directory, in whose files is looked for what was said.
fn options() -> Options {
    Options { store: Place::Embedded, ..crate::world::options() }
}

fn encrypting() -> Options {
    Options { encrypts: true, ..options() }
}

fn send_ana(engine: &Engine) {
    let known = json!({
        "message_id": "who", "event": "Identified", "occurred_at": "2026-02-01T10:00:00Z",
        "identifiers": {"user_id": "u-1", "email": "Ana.Lopez@example.org"},
        "properties": {"name": "Ana López-Ferreira", "street": "Rua das Flores 12"},
    });
    let mut facts = vec![known];
    facts.extend(order(3, json!({"email": "ana.lopez@example.org"})));
    assert!(send(engine, facts).iter().all(|o| matches!(o, Outcome::Accepted)));
    engine.settle().unwrap();
}

fn found(engine: &Engine, search: &str) -> Vec<String> {
    let query = CustomerQuery { search: search.into(), after: None, limit: 10 };
    let rows = engine.customers(SHOP, &query).unwrap().rows;
    let line = |r: throughline_customers::CustomerRow| {
        let ids: Vec<String> = r.identifiers.iter().map(|i| i.value.clone()).collect();
        format!("{} {}", r.name.unwrap_or_default(), ids.join(" "))
    };
    rows.into_iter().map(line).collect()
}

const ANA: &str = "Ana López-Ferreira u-1 Ana.Lopez@example.org";

/// What no file may hold; names, identifiers and traits stand as they are `in_store`.
fn check_files(dir: &Path, in_store: bool) {
    assert!(!contains(dir, b"words of order 3"));
    for who in ["Rua das Flores", "Ana López-Ferreira", "Ana.Lopez@example.org", "ana.lopez@example.org"] {
        assert_eq!(contains(dir, who.as_bytes()), in_store, "{who}");
    }
}

#[test]
fn what_people_said_stands_in_no_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, encrypting());
    send_ana(&engine);
    check_files(dir.path(), true);
    let id = engine.customers(SHOP, &CustomerQuery { search: "ana".into(), after: None, limit: 1 }).unwrap().rows[0].id;
    let story = engine.story(SHOP, id, &StoryQuery { limit: 10, offset: 0, newest_first: false }).unwrap();
    assert!(format!("{story:?}").contains("words of order 3"), "the story is read with the key");
    let before = (engine.digest().unwrap(), engine.sources(SHOP).unwrap());
    engine.close().unwrap();
    drop(engine);
    let again = Engine::rebuild(dir.path(), &[], None, encrypting()).unwrap();
    again.settle().unwrap();
    assert_eq!((again.digest().unwrap(), again.sources(SHOP).unwrap()), before);
    assert_eq!(found(&again, "ana.lo"), [ANA]);
    assert_eq!(again.erase(SHOP, "bo", id).unwrap().interactions, 4);
    assert!(found(&again, "ana").is_empty());
}

#[test]
fn names_are_encrypted_in_the_store_on_request_and_found_whole() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, encrypting());
    send_ana(&engine);
    assert_eq!(found(&engine, "ana l"), [ANA]);
    engine.encrypt_names(SHOP, true).unwrap();
    // What comes while rows are written anew is written so as well.
    let bo = json!({
        "message_id": "bo", "event": "Identified", "identifiers": {"email": "bo@example.org"},
        "properties": {"name": "Bo Ek"}, "occurred_at": "2026-02-01T10:00:00Z",
    });
    send(&engine, vec![bo]);
    engine.settle().unwrap();
    engine.close().unwrap();
    drop(engine);
    // Whatever the job had not done when the engine was closed, it does now.
    let engine = open_with(dir.path(), None, encrypting());
    assert!(engine.encrypts_names(SHOP).unwrap());
    engine.wait_names();
    engine.close().unwrap();
    drop(engine);
    check_files(dir.path(), false);
    assert!(!contains(dir.path(), b"bo@example.org") && !contains(dir.path(), b"Bo Ek"));

    let engine = open_with(dir.path(), None, encrypting());
    assert_eq!(found(&engine, "ana l"), [] as [&str; 0], "not by how it begins");
    for whole in ["ANA.lopez@example.org", "ana lópez-ferreira", "u-1"] {
        assert_eq!(found(&engine, whole), [ANA], "{whole}");
    }
    assert_eq!(found(&engine, "").len(), 2);
    let digest = engine.digest().unwrap();
    engine.close().unwrap();
    drop(engine);
    let engine = Engine::rebuild(dir.path(), &[], None, encrypting()).unwrap();
    engine.settle().unwrap();
    assert_eq!(engine.digest().unwrap(), digest, "a rebuild writes the same");

    // And back.
    for on in [false, true, false] {
        engine.encrypt_names(SHOP, on).unwrap();
    }
    engine.close().unwrap();
    drop(engine);
    let engine = open_with(dir.path(), None, encrypting());
    engine.wait_names();
    assert_eq!(
        (found(&engine, "ana l"), found(&engine, "bo@")),
        (vec![ANA.to_owned()], vec!["Bo Ek bo@example.org".to_owned()])
    );
    check_files(dir.path(), true);
}

fn refusal(result: Result<Engine, EngineError>) -> String {
    result.err().map(|e| e.to_string()).expect("it was opened")
}

#[test]
fn a_master_key_elsewhere_that_is_lost_or_another() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = elsewhere.path().join("shop.key");
    let with = |key: &Path| Options { master_key: Some(key.to_owned()), ..encrypting() };
    let engine = open_with(dir.path(), None, with(&key));
    send_ana(&engine);
    engine.close().unwrap();
    drop(engine);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!dir.path().join("master.key").exists());

    let open = |options: Options| refusal(Engine::open(dir.path(), &[], None, options));
    let missing = open(encrypting());
    assert!(missing.contains("master.key is missing") && missing.contains("--key-file"), "{missing}");
    assert!(!dir.path().join("master.key").exists(), "none is made in its place");
    let other = elsewhere.path().join("other.key");
    for (content, expected) in [("ab".repeat(32), "not the master key"), ("hunter2".to_owned(), "64 hexadecimal")] {
        std::fs::write(&other, content).unwrap();
        let said = open(with(&other));
        assert!(said.contains(expected) && said.contains("other.key"), "{said}");
    }
    let engine = open_with(dir.path(), None, with(&key));
    assert_eq!(found(&engine, "ana"), [ANA]);
}

/// Secrets as they stand in the store.
fn secrets(engine: &Engine) -> Vec<String> {
    let sql = "SELECT node_secret FROM pipeline_workspaces UNION ALL SELECT key_secret FROM pipeline_instance";
    engine.store().read(|c| c.prepare(sql)?.query_map([], |r| r.get(0))?.collect()).unwrap()
}

/// A directory of before there were keys is given them, and what stands there stays readable.
#[test]
fn what_was_written_before_there_were_keys_is_read_beside_what_comes_after() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_with(dir.path(), None, options());
    // As the version before left it.
    let clear = "0123456789abcdef0123456789abcdef";
    engine
        .store()
        .write(|tx| {
            tx.execute("UPDATE pipeline_workspaces SET node_secret = $1, data_key = ''", [clear])?;
            tx.execute("UPDATE pipeline_instance SET receipt_key = '', key_secret = $1", [clear])
        })
        .unwrap();
    engine.close().unwrap();
    drop(engine);
    std::fs::remove_file(dir.path().join("master.key")).unwrap();

    let engine = open_with(dir.path(), None, options());
    assert!(secrets(&engine).iter().all(|s| s.starts_with("w1:")), "{:?}", secrets(&engine));
    send_ana(&engine);
    engine.close().unwrap();
    drop(engine);
    assert!(contains(dir.path(), b"Rua das Flores") && !contains(dir.path(), clear.as_bytes()));
    let engine = open_with(dir.path(), None, encrypting());
    let bo = json!({
        "message_id": "bo", "event": "Message Sent", "identifiers": {"email": "bo@example.org"},
        "text": "a word of bo", "occurred_at": "2026-02-01T10:00:00Z",
    });
    assert_eq!(send(&engine, vec![bo.clone(), bo]), [Outcome::Accepted, Outcome::Duplicate]);
    engine.settle().unwrap();
    assert!(!contains(dir.path(), b"a word of bo"));
    assert_eq!((found(&engine, "ana"), found(&engine, "bo").len()), (vec![ANA.to_owned()], 1));
    assert_eq!(engine.check().unwrap().damages, [] as [String; 0]);
    let known = json!({
        "message_id": "who", "event": "Identified", "occurred_at": "2026-02-01T10:00:00Z",
        "identifiers": {"user_id": "u-1", "email": "Ana.Lopez@example.org"},
        "properties": {"name": "Ana López-Ferreira", "street": "Rua das Flores 12"},
    });
    assert_eq!(send(&engine, vec![known]), [Outcome::Duplicate], "the secrets are the same");
}
