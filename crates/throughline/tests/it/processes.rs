//! Processes that share a data directory, that are killed, and that meet damaged files.

use crate::house::{Server, key, must, must_fail, run, throughline};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;

fn batch(round: u64, size: u64) -> (Vec<String>, Vec<u8>) {
    let ids: Vec<String> = (0..size).map(|i| format!("r{round}-{i}")).collect();
    let items: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({
                "message_id": id, "event": "Product Viewed", "occurred_at": "2026-03-01T10:00:00Z",
                "identifiers": {"user_id": format!("u{}", id.len())},
            })
        })
        .collect();
    (ids, serde_json::to_vec(&items).unwrap())
}

#[test]
fn a_second_server_is_refused_and_an_import_is_handed_over() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let reader = key(&data, "reader");
    let server = Server::start(&data, &[]);
    let refused = must_fail(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(refused.contains("is in use by another process (pid") && refused.contains("--data"), "{refused}");

    let folder = dir.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("recipe.toml"),
        r#"
name = "Shop"
source = "import:shop"
zone = "Europe/Berlin"
[files.sales]
path = "sales.csv"
[[interactions]]
from = "sales"
event = "Order Completed"
occurred_at = "at"
message_id = "id"
identifiers = { email = "mail" }
refs = { order = "id" }
"#,
    )
    .unwrap();
    let mut file = std::fs::File::create(folder.join("sales.csv")).unwrap();
    writeln!(file, "id,at,mail\n1,2026-01-05 10:00:00,ana@example.org\n2,0000-00-00,bo@example.org\n3,2026-01-06 10:00:00,bo@example.org").unwrap();
    let rejects = dir.path().join("rejects.csv");
    let arguments = ["import", &folder.to_string_lossy(), "--rejects", &rejects.to_string_lossy()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

    let dry = must(&data, &["import", &folder.to_string_lossy(), "--dry-run"]);
    assert!(dry.contains("Nothing was changed"), "{dry}");
    let told = must(&data, &arguments);
    assert!(told.contains("2 interactions for Main: 2 new"), "{told}");
    let rejected = std::fs::read_to_string(rejects).unwrap();
    assert!(rejected.contains("\"sales.csv\",\"3\",\"at\"") && rejected.contains("0000-00-00"), "{rejected}");
    // It is on the server's pages at once.
    assert_eq!(server.get("/api/v1/customers", &reader)["total"], 2);
    server.stop();
}

/// A door under fire: where it is, and how a batch is written for it.
struct Door {
    path: &'static str,
    batch: fn(u64, u64) -> (Vec<String>, Vec<u8>),
}

/// The same as a tracking library sends it, with a time of its own on every try.
fn calls(round: u64, size: u64) -> (Vec<String>, Vec<u8>) {
    let ids: Vec<String> = (0..size).map(|i| format!("r{round}-{i}")).collect();
    let context = json!({"library": {"name": "analytics-python", "version": "2.4.0"}});
    let items: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({
                "type": "track", "event": "Product Viewed", "messageId": id, "timestamp": "2026-03-01T10:00:00Z",
                "userId": format!("u{}", id.len()), "anonymousId": null, "context": context, "properties": {},
            })
        })
        .collect();
    (ids, serde_json::to_vec(&json!({"batch": items})).unwrap())
}

/// In the full gate so many rounds, otherwise a few.
fn rounds(full: u64) -> u64 {
    if std::env::var_os("THROUGHLINE_FULL").is_some() { full } else { 4 }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    under_fire(rounds(50), &Door { path: "/v1/interactions", batch });
}

#[test]
fn nothing_that_a_library_was_told_is_safe_is_lost_or_doubled_by_kill_9() {
    under_fire(rounds(100), &Door { path: "/v1/batch", batch: calls });
}

fn under_fire(rounds: u64, door: &Door) {
    let Door { path, batch } = door;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (writer, reader) = (key(&data, "writer"), key(&data, "reader"));
    let mut acknowledged = BTreeSet::new();
    let mut unsure: Vec<u64> = Vec::new();
    let mut round = 0_u64;
    for life in 0..rounds {
        let server = Server::start(&data, &[]);
        // What nobody acknowledged is sent again, as a sender would.
        for again in unsure.drain(..) {
            let (ids, body) = batch(again, 50);
            let (status, _) = server.ask("POST", path, &writer, &body).unwrap();
            assert_eq!(status, 200);
            acknowledged.extend(ids);
        }
        // The kill comes from another thread after some requests, wherever they then are.
        let pid = server.pid();
        let deaths = 3 + life * 7 % 11;
        let mut sent = 0;
        loop {
            let (ids, body) = batch(round, 50);
            if sent == deaths {
                std::thread::spawn(move || {
                    let _ = std::process::Command::new("kill").arg("-9").arg(pid.to_string()).status();
                });
            }
            sent += 1;
            match server.ask("POST", path, &writer, &body) {
                Ok((200, _)) => acknowledged.extend(ids),
                Ok((status, body)) => panic!("{status}: {}", String::from_utf8_lossy(&body)),
                Err(_) => {
                    unsure.push(round);
                    round += 1;
                    break;
                }
            }
            round += 1;
        }
        server.kill();
    }
    let server = Server::start(&data, &[]);
    for again in unsure {
        let (ids, body) = batch(again, 50);
        server.ask("POST", path, &writer, &body).unwrap();
        acknowledged.extend(ids);
    }
    server.stop();
    let server = Server::start(&data, &[]);
    let mut seen = BTreeSet::new();
    let mut stories = 0;
    for customer in server.get("/api/v1/customers?limit=500", &reader)["customers"].as_array().unwrap() {
        let id = customer["id"].as_str().unwrap();
        let mut offset = 0;
        loop {
            let part = server.get(&format!("/api/v1/customers/{id}/story?limit=1000&offset={offset}"), &reader);
            let entries = part["entries"].as_array().unwrap();
            for e in entries {
                seen.insert(e["interaction"]["message_id"].as_str().unwrap().to_owned());
                stories += 1;
            }
            offset += entries.len();
            if entries.is_empty() || offset as u64 >= part["total"].as_u64().unwrap() {
                break;
            }
        }
    }
    assert_eq!(seen, acknowledged);
    assert_eq!(stories, acknowledged.len(), "nothing is there twice");
    server.stop();
    assert!(must(&data, &["check"]).contains("everything is sound"));
    assert!(must(&data, &["rebuild"]).contains("every derived row is the same as before"));
}

#[test]
fn damage_is_named_and_never_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let writer = key(&data, "writer");
    let server = Server::start(&data, &[]);
    for round in 0..4 {
        server.ask("POST", "/v1/interactions", &writer, &batch(round, 100).1).unwrap();
    }
    server.stop();
    let spoil = |path: &std::path::Path, at: usize| {
        let sound = std::fs::read(path).unwrap();
        let mut bytes = sound.clone();
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 0x5a;
        std::fs::write(path, bytes).unwrap();
        sound
    };
    let find = |ending: &str| {
        let mut stack = vec![data.clone()];
        let mut found = Vec::new();
        while let Some(d) = stack.pop() {
            for f in std::fs::read_dir(d).unwrap() {
                let path = f.unwrap().path();
                if path.is_dir() {
                    stack.push(path);
                } else if path.to_string_lossy().ends_with(ending) {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
            .into_iter()
            .max_by_key(|p| std::fs::metadata(p).unwrap().len())
            .unwrap_or_else(|| panic!("no {ending} in {data:?}"))
    };
    assert!(must(&data, &["check"]).contains("everything is sound"));
    let ledger = data.join("ledger");
    let segment = std::fs::read_dir(&ledger)
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    let timeline = std::fs::read_dir(data.join("timelines/1"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .max_by_key(|p| std::fs::metadata(p).unwrap().len())
        .unwrap();
    for (path, at) in
        [(segment, 5_000), (find(".parquet"), 300), (timeline, 900), (data.join("throughline.sqlite"), 20)]
    {
        let sound = spoil(&path, at);
        let out = run(&data, &["check"]);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(!out.status.success(), "{} is damaged, but: {said}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(said.contains(&name), "{name} is not named: {said}");
        std::fs::write(&path, sound).unwrap();
    }
    assert!(must(&data, &["check"]).contains("everything is sound"));
}

#[test]
fn commands_teach_and_refuse_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for command in ["serve", "demo", "import", "recipe", "rebuild", "check", "workspace", "key", "bench", "version"] {
        let out = throughline().args([command, "--help"]).output().unwrap();
        assert!(out.status.success() && out.stdout.len() > 200, "{command} --help");
    }
    assert!(must(&data, &["version"]).starts_with("throughline 0."));
    let open = must_fail(&data, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(open.contains("other machines can reach") && open.contains("behind_proxy"), "{open}");
    let nowhere = must_fail(&data, &["check"]);
    assert!(nowhere.contains("there is no data directory"), "{nowhere}");
    must(&data, &["workspace", "create", "north", "--zone", "Europe/Berlin"]);
    let zone = must_fail(&data, &["workspace", "create", "mars", "--zone", "Mars/Base"]);
    assert!(zone.contains("`Mars/Base` is not a time zone"), "{zone}");
    must(&data, &["workspace", "create", "south"]);
    let which = must_fail(&data, &["key", "create", "--role", "reader"]);
    assert!(which.contains("which workspace?") && which.contains("north, south"), "{which}");
    let recipe = dir.path().join("recipe.toml");
    std::fs::write(&recipe, "name = \"x\"\nsource = \"s\"\n[files.a]\npath = \"a.csv\"\ncolour = 1\n").unwrap();
    let wrong = must_fail(&data, &["import", &recipe.to_string_lossy(), "--dry-run"]);
    assert!(wrong.contains("colour") && wrong.contains('5'), "{wrong}");
}

#[test]
fn past_the_lag_senders_are_told_to_come_back_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (writer, reader) = (key(&data, "writer"), key(&data, "reader"));
    let server = Server::start(&data, &["--lag-limit", "0"]);
    // Whatever is acknowledged is behind for a moment, and with no lag allowed the next is refused.
    let (mut acknowledged, mut told) = (0, None);
    for round in 0..200 {
        let (_, body) = batch(round, 2000);
        let (status, answer) = server.ask("POST", "/v1/interactions", &writer, &body).unwrap();
        match status {
            200 => acknowledged += 2000,
            429 => {
                told = Some((round, String::from_utf8(answer).unwrap()));
                break;
            }
            other => panic!("{other}: {}", String::from_utf8_lossy(&answer)),
        }
    }
    let (refused, words) = told.expect("200 batches of 2,000 one after the other were all worked in at once");
    assert!(words.contains("retry") || words.contains("again"), "{words}");
    // The sender waits, and it goes on by itself.
    let (_, body) = batch(refused, 2000);
    let started = std::time::Instant::now();
    loop {
        match server.ask("POST", "/v1/interactions", &writer, &body).unwrap().0 {
            200 => break,
            // Each question takes the time of a whole request.
            429 if started.elapsed().as_secs() < 60 => {}
            other => panic!("{other} after {:?}", started.elapsed()),
        }
    }
    acknowledged += 2000;
    server.stop();
    let server = Server::start(&data, &[]);
    let sources = server.get("/api/v1/sources", &reader);
    let accepted: u64 = sources["sources"].as_array().unwrap().iter().map(|s| s["accepted"].as_u64().unwrap()).sum();
    assert_eq!(accepted, acknowledged, "{sources}");
    server.stop();
}

#[test]
fn thousands_of_idle_connections_keep_nobody_waiting() {
    // Each is a file here as well as there.
    let limit = std::process::Command::new("sh").args(["-c", "ulimit -n"]).output().unwrap();
    let limit: usize = String::from_utf8_lossy(&limit.stdout).trim().parse().unwrap_or(1_024);
    let wanted = if std::env::var_os("THROUGHLINE_FULL").is_some() { 10_000 } else { 2_000 };
    let many = wanted.min(limit - 200);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (writer, reader) = (key(&data, "writer"), key(&data, "reader"));
    let server = Server::start(&data, &[]);
    let before = server.memory();
    let idle: Vec<_> = (0..many).map(|_| std::net::TcpStream::connect(&server.address).unwrap()).collect();
    for round in 0..20 {
        let (_, body) = batch(round, 50);
        assert_eq!(server.ask("POST", "/v1/interactions", &writer, &body).unwrap().0, 200);
    }
    assert!(server.get("/api/v1/customers", &reader)["total"].as_u64().unwrap() > 0);
    let each = server.memory().saturating_sub(before) / many as u64;
    println!("{} idle connections, {each} bytes each", idle.len());
    assert!(each < 50_000, "{each} bytes for a connection that says nothing");
    drop(idle);
    server.stop();
}
