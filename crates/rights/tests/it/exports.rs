//! An export says everything, in a layout that stays, and leaves nothing behind.

use crate::world::{SHOP, contains, engine, fill, now, rights, send};
use serde_json::{Value, json};
use std::io::Write;
use throughline_interactions::Identifier;
use throughline_pipeline::Engine;
use throughline_rights::{Nowhere, PersonFile, What, write_json, write_ndjson, write_zip};

fn zoe(engine: &Engine) -> u64 {
    let node = engine.node(SHOP, &Identifier::new("email", "zoe@example.org")).unwrap().unwrap();
    engine.known_by(SHOP, node).unwrap().unwrap()
}

fn export(engine: &Engine, id: u64) -> Value {
    let file = PersonFile::gather(engine, &Nowhere, SHOP, id).unwrap();
    let mut out = Vec::new();
    write_json(&file, engine, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn world(engine: &Engine) {
    let who = json!({"email": "zoe@example.org", "user_id": "u-7"});
    let fact = |id: &str, event: &str, at: &str, more: Value| {
        let mut fact =
            json!({"message_id": id, "event": event, "occurred_at": at, "identifiers": who, "channel": "web"});
        fact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fact
    };
    send(
        engine,
        vec![
            fact(
                "1",
                "Order Completed",
                "2026-03-01T10:00:00Z",
                json!({
                    "refs": {"order": "o-1", "product": "lamp"}, "money": {"amount": "12.50", "currency": "EUR"},
                    "promise": {"kind": "delivery", "due": "2026-03-05"}, "properties": {"coupon": "C1"},
                }),
            ),
            fact("2", "Order Delivered", "2026-03-07T10:00:00Z", json!({"refs": {"order": "o-1"}})),
            fact(
                "3",
                "Review Posted",
                "2026-03-08T10:00:00Z",
                json!({
                    "score": {"kind": "stars", "value": 4}, "text": "Ça marche – “fine” <b>\u{1f600}</b>",
                }),
            ),
            fact("4", "Consent Given", "2026-03-09T10:00:00Z", json!({"consent": {"analytics": true, "mail": false}})),
            fact(
                "5",
                "Identified",
                "2026-03-10T10:00:00Z",
                json!({"properties": {"name": "Zoe Lindqvist", "town": "Lund"}}),
            ),
            // Known with other contents: it is kept aside, and is theirs all the same.
            fact("2", "Order Delivered", "2026-03-07T10:00:00Z", json!({"text": "other words"})),
        ],
    );
    engine.settle().unwrap();
}

#[test]
fn everything_is_in_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 5);
    world(&engine);
    let e = export(&engine, zoe(&engine));
    assert_eq!((&e["format"], &e["person"]["name"]), (&json!("throughline-person/1"), &json!("Zoe Lindqvist")));
    let ids: Vec<&str> =
        e["interactions"].as_array().unwrap().iter().filter_map(|i| i["message_id"].as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(e["interactions"][2]["text"], "Ça marche – “fine” <b>\u{1f600}</b>");
    assert_eq!(e["interactions"][0]["properties"]["coupon"], "C1");
    assert_eq!(e["kept_aside"][0]["text"], "other words");
    assert_eq!(
        (&e["promises"][0]["kept_at"], &e["promises"][0]["about"]["value"]),
        (&json!("2026-03-07T10:00:00Z"), &json!("o-1"))
    );
    assert_eq!(e["answers"][0]["score"]["value"], json!(4.0));
    assert_eq!(e["consents"]["history"].as_array().unwrap().len(), 2);
    assert_eq!(
        e["sources"][0],
        json!({"source": "web", "interactions": 5, "first": "2026-03-01T10:00:00Z", "last": "2026-03-10T10:00:00Z"})
    );
    assert_eq!(e["orders_and_other_affairs"], json!([{"kind": "order", "value": "o-1", "interactions": 2}]));
    assert!(e["traits"].as_array().unwrap().iter().any(|t| t["name"] == "town" && t["told"][0]["value"] == "Lund"));
    assert_eq!(e["evidence"][0]["taken_apart"], false);
    let kinds: Vec<&str> = e["identifiers"].as_array().unwrap().iter().filter_map(|i| i["kind"].as_str()).collect();
    assert_eq!(kinds, ["user_id", "email"]);
    // Nobody else is in it.
    assert!(!e.to_string().contains("p1@example.org"));
}

#[test]
fn the_members_of_the_layout_stay() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    world(&engine);
    let e = export(&engine, zoe(&engine));
    let members: Vec<&str> = e.as_object().unwrap().keys().map(String::as_str).collect();
    let version_1 = [
        "answers",
        "consents",
        "elsewhere",
        "evidence",
        "format",
        "identifiers",
        "interactions",
        "kept_aside",
        "made_at",
        "needs_and_likes",
        "orders_and_other_affairs",
        "person",
        "promises",
        "retention",
        "segments",
        "sources",
        "traits",
        "worked_out",
        "workspace",
    ];
    let mut sorted = members.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, version_1);
}

/// Counts bytes and the largest piece, and keeps nothing.
#[derive(Default)]
struct Scale {
    bytes: usize,
    largest: usize,
}

impl Write for Scale {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes += bytes.len();
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn somebody_with_many_interactions_is_written_piece_by_piece() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    for from in (0..20_000).step_by(1_000) {
        let facts = (from..from + 1_000).map(|n| {
            json!({"message_id": n.to_string(), "event": "Page Viewed", "occurred_at": "2026-05-01T10:00:00Z",
                   "identifiers": {"email": "zoe@example.org"}, "text": "word ".repeat(40)})
        });
        send(&engine, facts.collect());
    }
    engine.settle().unwrap();
    let file = PersonFile::gather(&engine, &Nowhere, SHOP, zoe(&engine)).unwrap();
    let mut scale = Scale::default();
    write_json(&file, &engine, &mut scale).unwrap();
    assert_eq!(file.interactions(), 20_000);
    assert!(scale.bytes > 6_000_000 && scale.largest < 10_000, "{} bytes, {} at once", scale.bytes, scale.largest);
}

#[test]
fn many_are_handed_out_as_one_file_and_nothing_stays_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 30);
    let rights = rights(&engine);
    let list: String = (0..12).map(|n| format!("p{n}@example.org\n")).collect();
    let run = rights
        .bring(SHOP, What::Export, "people.txt", (list + "p3@example.org\nstranger@example.org\n").as_bytes(), "ana")
        .unwrap();
    let files = || {
        let mut all = Vec::new();
        let mut stack = vec![dir.path().to_owned()];
        while let Some(d) = stack.pop() {
            for f in std::fs::read_dir(d).unwrap() {
                let path = f.unwrap().path();
                if path.is_dir() { stack.push(path) } else { all.push(path) }
            }
        }
        all.sort();
        all
    };
    let before = files();
    let mut lines = Vec::new();
    assert_eq!(write_ndjson(&rights, SHOP, run.id, &mut lines).unwrap(), 12);
    let people: Vec<Value> =
        lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(people.len(), 12);
    assert!(people.iter().all(|p| p["interactions"].as_array().unwrap().len() == 2 && p["made_at"] == json!(now())));
    let mut bytes = Vec::new();
    assert_eq!(write_zip(&rights, SHOP, run.id, &mut bytes).unwrap(), 12);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(zip.len(), 12);
    let first: Value = serde_json::from_reader(zip.by_index(0).unwrap()).unwrap();
    assert_eq!(first["identifiers"][0]["value"], "p0@example.org");
    assert_eq!(files(), before, "an export is written to nobody but whoever asked");

    // Whoever is erased is in no later export of the same file.
    rights
        .erase(
            SHOP,
            "ana",
            engine
                .known_by(SHOP, engine.node(SHOP, &Identifier::new("email", "p3@example.org")).unwrap().unwrap())
                .unwrap()
                .unwrap(),
        )
        .unwrap();
    let mut lines = Vec::new();
    assert_eq!(write_ndjson(&rights, SHOP, run.id, &mut lines).unwrap(), 11);
    assert!(!contains(dir.path(), "p3@example.org"));
}
