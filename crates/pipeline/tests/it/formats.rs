//! What must be right before anything is built on the formats: append, merge across buckets,
//! unmerge, erase, rebuild, compare bytes.

use crate::world::{Kept, SHOP, open, open_with, options, order, send, source};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use throughline_customers::CustomerQuery;
use throughline_interactions::Node;
use throughline_pipeline::{Engine, Options, StoryQuery};
use throughline_store::Place;
use throughline_timeline::Row;

const ALL: StoryQuery = StoryQuery { newest_first: false, offset: 0, limit: usize::MAX };

/// The customers that a search finds.
pub fn find(engine: &Engine, search: &str) -> Vec<u64> {
    let query = CustomerQuery { search: search.into(), after: None, limit: 100 };
    engine.customers(SHOP, &query).unwrap().rows.iter().map(|r| r.id).collect()
}

fn events(engine: &Engine, id: u64) -> Vec<String> {
    engine.story(SHOP, id, &ALL).unwrap().entries.into_iter().map(|e| e.interaction.message_id).collect()
}

/// The timelines' files by bucket: what a rebuild must give again to the byte.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for f in std::fs::read_dir(dir.join("timelines/1")).unwrap() {
        let path = f.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Generation numbers count flushes, and stand in the names and the manifest only.
        if let Some(bucket) = name.strip_prefix("bucket-").or(name.strip_suffix(".seg")) {
            let bucket = bucket.split(['-', '.']).next().unwrap().to_owned();
            // The header (64 bytes) also says which ledger position the flush reached.
            all.insert(bucket, std::fs::read(&path).unwrap().split_off(64));
        }
    }
    all
}

/// Whether any file below `dir` has these bytes in it.
pub fn contains(dir: &Path, needle: &[u8]) -> bool {
    let mut found = false;
    let mut stack = vec![dir.to_owned()];
    while let Some(d) = stack.pop() {
        for f in std::fs::read_dir(d).unwrap() {
            let path = f.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                found |= std::fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle);
            }
        }
    }
    found
}

#[test]
fn append_merge_unmerge_erase_rebuild_compare() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Arc::new(Kept::default());
    let engine = open(dir.path(), Some(kept.clone()));

    // Sixty people by e-mail, twenty of whom also have a browser of their own.
    for n in 0..60_u64 {
        send(&engine, order(n, serde_json::json!({"email": format!("p{n}@example.org")})));
    }
    for n in 60..80_u64 {
        send(&engine, order(n, serde_json::json!({"anonymous_id": format!("browser-{n}-abc")})));
    }
    engine.settle().unwrap();
    let before = (find(&engine, "p3@").remove(0), find(&engine, "browser-63").remove(0));
    let alone = (events(&engine, before.0), events(&engine, before.1));
    assert_eq!((alone.0.len(), alone.1.len()), (3, 3));

    // Merge: one fact joins browser and e-mail of twenty people, across buckets and after a flush.
    for n in 0..20_u64 {
        let person = serde_json::json!({"email": format!("p{n}@example.org"), "anonymous_id": format!("browser-{}-abc", n + 60)});
        send(
            &engine,
            vec![serde_json::json!({
                "message_id": format!("login-{n}"), "event": "Signed In", "occurred_at": "2026-05-30T10:00:00Z", "identifiers": person,
            })],
        );
    }
    engine.wait_folded().unwrap();
    let crossed = (0..20_u64)
        .filter(|n| {
            let (a, b) = (find(&engine, &format!("p{n}@"))[0], find(&engine, &format!("browser-{}-", n + 60))[0]);
            assert_eq!(a, b, "one person");
            events(&engine, a).len() == 7
        })
        .count();
    assert_eq!(crossed, 20);
    let joined = find(&engine, "p3@")[0];
    assert_eq!(events(&engine, joined).len(), 7);

    // The map counts whole people, before and after the files are written.
    let count = |e: &Engine| e.map(SHOP, "buy-and-receive").unwrap().started;
    assert_eq!((count(&engine).instances, count(&engine).customers), (80, 60));
    engine.settle().unwrap();
    assert_eq!((count(&engine).instances, count(&engine).customers), (80, 60));

    // Unmerge by a person's decision.
    let profile = engine.customer(SHOP, joined).unwrap();
    let link = &profile.links[0];
    engine.unmerge(SHOP, "ana", link.a_node, link.b_node).unwrap();
    let apart = (find(&engine, "p3@")[0], find(&engine, "browser-63")[0]);
    assert_eq!(apart, before, "ids follow from the facts");
    assert_eq!(events(&engine, apart.1), alone.1);
    assert_eq!(count(&engine).customers, 61);

    // Erase: the control scan finds the person in the files, afterwards nothing does.
    let victim = find(&engine, "p7@")[0];
    engine.settle().unwrap();
    assert!(contains(dir.path(), b"p7@example.org"), "the control scan must find the person");
    assert!(contains(dir.path(), b"words of order 7\""));
    let receipt = engine.erase(SHOP, "ana", victim).unwrap();
    assert_eq!((receipt.interactions, receipt.identifiers), (7, 2));
    assert!(!contains(dir.path(), b"p7@example.org"));
    assert!(!contains(dir.path(), b"words of order 7\""));
    assert!(!contains(dir.path(), b"browser-67-abc"));
    let node_bytes = victim.to_le_bytes();
    assert!(!contains(&dir.path().join("timelines"), &node_bytes));
    assert_eq!(count(&engine).customers, 60);
    assert!(kept.rows().iter().all(|r| r.node != victim));

    // What comes late about them is refused, what is resent is known, and outcomes add up.
    let late = send(
        &engine,
        vec![serde_json::json!({
            "message_id": "late-1", "event": "Signed In", "identifiers": {"email": "P7@example.org"},
        })],
    );
    assert!(format!("{late:?}").contains("erased"), "{late:?}");
    engine.settle().unwrap();
    let sources = engine.sources(SHOP).unwrap();
    let total: u64 = sources.iter().map(|s| s.tally.accepted).sum();
    assert_eq!(total, 240 + 20 + 1, "80 orders, 20 logins, one decision: {sources:?}");

    // Rebuild gives the same rows and the same bytes.
    let (digest, bytes, rows) = (engine.digest().unwrap(), files(dir.path()), kept.rows());
    engine.close().unwrap();
    drop(engine);
    let engine = Engine::rebuild(dir.path(), &[], Some(kept.clone()), options()).unwrap();
    engine.settle().unwrap();
    let again = engine.digest().unwrap();
    assert_eq!(digest, again);
    assert!(!bytes.is_empty());
    assert_eq!(bytes.keys().collect::<Vec<_>>(), files(dir.path()).keys().collect::<Vec<_>>());
    assert!(bytes == files(dir.path()), "the timelines' files differ after a rebuild");
    let of = |rows: &[throughline_timeline::Row]| rows.iter().map(|r| (r.position, r.node)).collect::<Vec<_>>();
    assert_eq!(of(&rows), of(&kept.rows()));
    assert_eq!(events(&engine, apart.0).len(), 4);
    let _ = (source(), Node(1));
}

/// With the state in the directory, so that a copy of the directory is all there is.
fn open_embedded(dir: &Path, history: Arc<Kept>) -> Engine {
    open_with(dir, Some(history), Options { store: Place::Embedded, ..options() })
}

#[test]
fn a_crash_before_settling_is_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let digest = {
        let engine = open_embedded(dir.path(), Arc::new(Kept::default()));
        for n in 0..30_u64 {
            send(&engine, order(n, serde_json::json!({"anonymous_id": format!("browser-{n}-abc")})));
        }
        engine.settle().unwrap();
        for n in 0..30_u64 {
            let person =
                serde_json::json!({"user_id": format!("u{}", n / 2), "anonymous_id": format!("browser-{n}-abc")});
            send(
                &engine,
                vec![
                    serde_json::json!({"message_id": format!("login-{n}"), "event": "Signed In", "identifiers": person}),
                ],
            );
        }
        engine.wait_folded().unwrap();
        let digest = engine.digest().unwrap();
        // Copy the directory as a crash would leave it: folded, not settled.
        copy(dir.path(), &dir.path().with_extension("crashed"));
        digest
    };
    let crashed = dir.path().with_extension("crashed");
    let engine = open_embedded(&crashed, Arc::new(Kept::default()));
    engine.wait_folded().unwrap();
    assert_eq!(engine.digest().unwrap(), digest);
    drop(engine);
    std::fs::remove_dir_all(crashed).unwrap();
}

#[test]
fn a_store_that_lost_its_last_commits_folds_them_again() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = dir.path().with_extension("lost-power");
    let history = Arc::new(Kept::default());
    let (digest, rows, settled) = {
        let engine = open_embedded(dir.path(), history.clone());
        for n in 0..20_u64 {
            send(&engine, order(n, serde_json::json!({"anonymous_id": format!("browser-{n}-abc")})));
        }
        engine.settle().unwrap();
        let settled = engine.status().folded_position;
        // The store as the disk has it, and everything else as it is some transactions later.
        let database = ["throughline.sqlite", "throughline.sqlite-wal"];
        let kept: Vec<_> = database.iter().map(|f| (f, std::fs::read(dir.path().join(f)).unwrap())).collect();
        for n in 0..20_u64 {
            let mut facts = order(n + 100, serde_json::json!({"user_id": format!("u{}", n / 2)}));
            facts.push(serde_json::json!({
                "message_id": format!("login-{n}"), "event": "Signed In",
                "identifiers": {"user_id": format!("u{}", n / 2), "anonymous_id": format!("browser-{n}-abc")},
            }));
            send(&engine, facts);
        }
        engine.wait_folded().unwrap();
        copy(dir.path(), &crashed);
        let _ = std::fs::remove_file(crashed.join("throughline.sqlite-shm"));
        for (file, bytes) in kept {
            std::fs::write(crashed.join(file), bytes).unwrap();
        }
        let digest = engine.digest().unwrap();
        engine.settle().unwrap();
        (digest, history.rows(), settled)
    };
    let again = Arc::new(Kept::default());
    let engine = open_embedded(&crashed, again.clone());
    engine.wait_folded().unwrap();
    assert_eq!(engine.digest().unwrap(), digest);
    engine.settle().unwrap();
    // What the history had before is not handed to it again. Whose a row is follows from its node.
    let facts = |rows: Vec<Row>| -> Vec<_> { rows.into_iter().map(|r| (r.position, r.node, r.event)).collect() };
    let mut lost = facts(rows);
    lost.retain(|(position, ..)| *position > settled);
    assert_eq!(facts(again.rows()), lost);
    drop(engine);
    std::fs::remove_dir_all(crashed).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for f in std::fs::read_dir(from).unwrap() {
        let f = f.unwrap();
        let target = to.join(f.file_name());
        if f.path().is_dir() {
            copy(&f.path(), &target);
        } else {
            std::fs::copy(f.path(), target).unwrap();
        }
    }
}

#[test]
fn facts_in_any_order_give_the_same_answers() {
    let mut facts: Vec<serde_json::Value> =
        (0..40_u64).flat_map(|n| order(n, serde_json::json!({"email": format!("p{}@example.org", n / 2)}))).collect();
    for (seq, f) in facts.iter_mut().enumerate() {
        f["source_seq"] = seq.into();
    }
    let answers = |facts: Vec<serde_json::Value>| {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), None);
        for chunk in facts.chunks(17) {
            send(&engine, chunk.to_vec());
        }
        engine.wait_folded().unwrap();
        // Ids differ between directories, because each has secrets of its own; answers do not.
        let mut map = serde_json::to_value(engine.map(SHOP, "buy-and-receive").unwrap().as_ref()).unwrap();
        for stage in map["stages"].as_array_mut().unwrap() {
            stage["voices"] = stage["voices"].as_array().map_or(0, Vec::len).into();
        }
        let stories: Vec<_> = (0..20).map(|n| events(&engine, find(&engine, &format!("p{n}@"))[0])).collect();
        (map, stories)
    };
    let straight = answers(facts.clone());
    facts.reverse();
    facts.rotate_left(31);
    assert_eq!(straight, answers(facts));
}
