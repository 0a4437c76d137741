//! The binary with its state in a PostgreSQL of its own: what is refused and why, a server that goes away
//! in the middle of the work, an erasure down to the server's files, and moving there and back.

use crate::cluster::Postgres;
use crate::house::{Server, must, must_fail};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use throughline_customers::CustomerQuery;
use throughline_interactions::{Record, SourceId, limits, parse_interaction};
use throughline_pipeline::{Engine, Options, Received};
use throughline_store::Place;

fn batch(round: u64, size: u64) -> Vec<u8> {
    let items: Vec<_> = (0..size)
        .map(|i| {
            let who = (round * size + i) % 997;
            json!({
                "message_id": format!("r{round}-{i}"), "event": "Order Completed", "occurred_at": "2026-03-01T10:00:00Z",
                "identifiers": {"user_id": format!("u{who}"), "email": format!("p{who}@example.org")},
            })
        })
        .collect();
    serde_json::to_vec(&items).unwrap()
}

fn key(data: &Path, store: &str, role: &str) -> String {
    must(data, &["key", "create", "--role", role, "--source", "web", "--store", store]).trim().to_owned()
}

/// Asks until the answer will do, for a minute.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(said) => {
                assert!(started.elapsed() < Duration::from_secs(60), "{what} did not come in a minute: {said}")
            }
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_what_to_do() {
    let Some(mut postgres) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let here = postgres.address("one");
    let check = |data: &Path, store: &str, expected: &[&str]| {
        let said = must_fail(data, &["workspace", "list", "--store", store]);
        for words in expected {
            assert!(said.contains(words), "{store}: {said}");
        }
        assert!(!said.contains("plain"), "the password stands in: {said}");
    };
    must(&data, &["workspace", "create", "shop", "--store", &here]);
    let listed = must(&data, &["workspace", "list", "--store", &here]);
    assert!(listed.contains("shop"), "{listed}");
    assert!(!data.join("throughline.sqlite").exists());

    check(&data, &here.replace("plain", "wrong"), &["does not take the password of `throughline`", "PGPASSWORD"]);
    check(&data, &here.replace("/postgres?", "/nowhere?"), &["no database `nowhere`", "createdb"]);
    check(&data, &here.replace("throughline:", "nobody:"), &["does not take the password of `nobody`"]);
    check(&data, "postgres://cx@localhost:1/x", &["cannot be reached", "see that the server runs"]);
    check(&data, "mysql://cx:plain@localhost/x", &["must be `sqlite` or postgres://"]);
    check(&data, &postgres.address("two"), &["it is empty, but the state of", "schema=one"]);
    check(&other, &here, &["belongs to another data directory", "data", "schema of its own"]);
    check(&data, "sqlite", &["is kept in postgres://throughline@127.0.0.1", "THROUGHLINE_STORE"]);

    // A data directory with its state in itself is not left behind by mistake.
    must(&other, &["workspace", "create", "shop", "--store", "sqlite"]);
    check(&other, &postgres.address("three"), &["throughline store move"]);

    // The same database through two directories: a copy of the directory has a lock of its own.
    let copy = dir.path().join("copy");
    assert!(std::process::Command::new("cp").arg("-r").args([&data, &copy]).status().unwrap().success());
    let server = Server::start(&data, &["--store", &here]);
    check(&copy, &here, &["in use by another process (throughline pid", "on 127.0.0.1"]);
    server.stop();

    // Written by a version that knows more.
    let (made, said) = postgres.run("INSERT INTO one.store_migrations VALUES ('web', 999)");
    assert!(made, "{said}");
    check(&data, &here, &["step 999 of `web`", "use the version that wrote it"]);
    postgres.down("INT");
    check(&data, &here, &["cannot be reached", "Connection refused"]);
}

/// Sends while the database goes away and comes back, now by an administrator's hand, now by a crash that
/// takes what was not on its disk. Everything acknowledged is there once, and a rebuild finds the same.
#[test]
fn a_database_that_goes_away_in_the_middle_costs_time_and_nothing_else() {
    let Some(mut postgres) = Postgres::start_with(&["fsync=off", "wal_writer_delay=2s"]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = postgres.address("shop");
    let (writer, reader) = (key(&data, &store, "writer"), key(&data, &store, "reader"));
    let server = Server::start(&data, &["--store", &store]);
    let round = std::cell::Cell::new(0);
    let send = |batches: u64| {
        for _ in 0..batches {
            let (status, said) = server.ask("POST", "/v1/interactions", &writer, &batch(round.get(), 100)).unwrap();
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&said));
            round.set(round.get() + 1);
        }
    };
    let status = || -> serde_json::Value {
        let (_, body) = server.ask("GET", "/api/v1/status", &reader, b"").unwrap();
        serde_json::from_slice(&body).unwrap_or_default()
    };
    for signal in ["INT", "QUIT", "QUIT", "INT"] {
        send(20);
        postgres.down(signal);
        // The doors stay open: what is received is in the ledger.
        send(20);
        let (code, said) = wait_for("a word about the database", || {
            let (code, said) = server.ask("GET", "/healthz", "", b"").unwrap();
            let said = String::from_utf8(said).unwrap();
            if said.contains("folding waits") { Ok((code, said)) } else { Err(said) }
        });
        assert_eq!(code, 503);
        assert!(said.contains("cannot be reached") && !said.contains("plain"), "{said}");
        postgres.up();
        send(5);
        wait_for("folding to go on", || {
            let status = status();
            let goes_on = status["status"]["lag"] == 0 && status["status"]["waits_for"].is_null();
            if goes_on { Ok(()) } else { Err(format!("{signal}: {status}")) }
        });
        let sources = server.get("/api/v1/sources", &reader);
        let accepted: u64 =
            sources["sources"].as_array().unwrap().iter().map(|s| s["accepted"].as_u64().unwrap()).sum();
        assert_eq!(accepted, round.get() * 100, "{signal}: {sources}");
    }
    server.stop();
    let said = must(&data, &["rebuild", "--store", &store]);
    assert!(said.contains("every derived row is the same as before"), "{said}");
    let said = must(&data, &["check", "--store", &store]);
    assert!(said.contains("everything is sound"), "{said}");
}

/// Files below a folder that hold these bytes.
fn holding(folder: &Path, needle: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if memchr::memmem::find(&std::fs::read(&path).unwrap_or_default(), needle).is_some() {
                found.insert(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn an_erased_person_is_in_no_file_of_the_server() {
    // Segments of the log that are no longer needed are removed instead of being kept for later use, as
    // the guide advises.
    let settings = ["fsync=off", "wal_recycle=off", "wal_compression=off"];
    let Some(postgres) = Postgres::start_with(&settings) else { return };
    let dir = tempfile::tempdir().unwrap();
    // As they are, so that what is looked for afterwards can be found before.
    let store: Place = postgres.address("shop").parse().unwrap();
    let options = Options { encrypts: false, store, ..Options::default() };
    let engine = Engine::open(dir.path(), throughline_web::MIGRATIONS, None, options).unwrap();
    let shop = engine.found_workspace("Shop", "UTC", "EUR").unwrap().id;
    let source = SourceId::new("web").unwrap();
    let now = engine.now();
    for n in 0..40_u32 {
        let items = (0..50).map(|i| {
            let who = if i == 7 { 7 } else { n * 50 + i + 1000 };
            let fact = json!({
                "message_id": format!("m{n}-{i}"), "event": "Identified", "occurred_at": "2026-03-01T10:00:00Z",
                "identifiers": {"email": format!("unforgettable-{who}@example.org"), "user_id": format!("u-{who}")},
                "properties": {"name": format!("Unforgettable Person No{who}."), "plan": format!("No{who}. of our own")},
            });
            let draft = parse_interaction(fact, i)?;
            draft.receive(shop, &source, now, limits::HTTP_BYTES).map(Record::from)
        });
        engine.receive_now(shop, Received::new(source.clone(), items.collect())).unwrap();
    }
    engine.settle().unwrap();
    let query = CustomerQuery { search: "unforgettable-7@example.org".to_owned(), after: None, limit: 2 };
    let found = engine.customers(shop, &query).unwrap().rows;
    assert_eq!(found.len(), 1);
    let traces: [&[u8]; 3] = [b"unforgettable-7@example.org", b"Unforgettable Person No7.", b"No7. of our own"];
    // What is in the server's memory only goes into its files.
    assert!(postgres.run("CHECKPOINT").0);
    for trace in traces {
        let before = holding(&postgres.files(), trace);
        for part in ["/base/", "/pg_wal/"] {
            assert!(before.iter().any(|f| f.contains(part)), "the control scan must find the person: {before:?}");
        }
    }
    let receipt = engine.erase(shop, "ana", found[0].id).unwrap();
    assert_eq!((receipt.interactions, receipt.identifiers), (40, 2));
    for trace in traces {
        for folder in [postgres.files(), dir.path().to_owned()] {
            let after = holding(&folder, trace);
            assert!(after.is_empty(), "{} stands in {after:?}", String::from_utf8_lossy(trace));
        }
    }
    assert!(!holding(&postgres.files(), b"unforgettable-1003@example.org").is_empty(), "others are still there");
    engine.close().unwrap();
}

#[test]
fn the_state_moves_there_and_back_and_is_the_same() {
    let Some(postgres) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let there = postgres.address("shop");
    let (writer, reader) = (key(&data, "sqlite", "writer"), key(&data, "sqlite", "reader"));
    let server = Server::start(&data, &["--store", "sqlite"]);
    for round in 0..10 {
        assert_eq!(server.ask("POST", "/v1/interactions", &writer, &batch(round, 100)).unwrap().0, 200);
    }
    server.stop();
    let said = must(&data, &["store", "move", "--store", "sqlite", "--to", &there]);
    assert!(said.contains("and compared them") && !said.contains("plain"), "{said}");
    assert!(!data.join("throughline.sqlite").exists(), "erasures would not reach it");
    let said = must(&data, &["rebuild", "--store", &there]);
    assert!(said.contains("every derived row is the same as before"), "{said}");
    // Keys, and what was received, are there.
    let server = Server::start(&data, &["--store", &there]);
    assert_eq!(server.ask("POST", "/v1/interactions", &writer, &batch(3, 100)).unwrap().0, 200);
    assert_eq!(server.ask("POST", "/v1/interactions", &writer, &batch(10, 100)).unwrap().0, 200);
    server.stop();
    let said = must(&data, &["store", "move", "--store", &there, "--to", "sqlite"]);
    assert!(said.contains("leave --store"), "{said}");
    let (_, said) = postgres.run("SELECT 1 / (SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'shop')");
    assert!(said.contains("division by zero"), "the schema is still there: {said}");
    let said = must(&data, &["rebuild", "--store", "sqlite"]);
    assert!(said.contains("every derived row is the same as before"), "{said}");
    let server = Server::start(&data, &["--store", "sqlite"]);
    let sources = server.get("/api/v1/sources", &reader);
    let sum =
        |what: &str| sources["sources"].as_array().unwrap().iter().map(|s| s[what].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("accepted"), sum("duplicate")), (1_100, 100), "{sources}");
    server.stop();
    // A move to where somebody else is.
    let other = dir.path().join("other");
    must(&other, &["workspace", "create", "other", "--store", &there]);
    let said = must_fail(&data, &["store", "move", "--store", "sqlite", "--to", &there]);
    assert!(said.contains("belongs to another data directory"), "{said}");
}
