//! Files that name people: what they find, that they are worked off whole, also after a crash, and that nothing
//! of them is kept.

use crate::world::{SHOP, contains, engine, fill, rights, same_after_a_rebuild, send};
use serde_json::json;
use std::process::{Command, Stdio};
use throughline_interactions::Outcome;
use throughline_pipeline::verify_receipt;
use throughline_rights::{Counts, ListFault, RightsError, RunState, What};

fn list(range: std::ops::Range<u64>) -> String {
    range.map(|n| format!("email,p{n}@example.org\n")).collect()
}

#[test]
fn a_file_is_looked_up_before_anything_happens() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 20);
    let both = json!({"message_id": "both", "event": "Signed In", "occurred_at": "2026-05-30T10:00:00Z",
                      "identifiers": {"email": "p3@example.org", "user_id": "u-3"}});
    send(&engine, vec![both]);
    engine.settle().unwrap();
    let rights = rights(&engine);
    rights.erase(SHOP, "ana", engine.known_by(SHOP, node(&engine, "p9@example.org")).unwrap().unwrap()).unwrap();
    let file = "\
kind;value
email;p1@example.org
email;P1+shop@example.org
user_id;u-3
email;p3@example.org
email;stranger@example.org
email;p9@example.org
shoe_size;42
email;null
email
";
    let run = rights.bring(SHOP, What::Erase, "people.csv", file.as_bytes(), "ana").unwrap();
    let counts = rights.counts(run.id).unwrap();
    let expected = Counts { lines: 9, people: 2, same: 2, unknown: 2, nameless: 0, before: 1, bad: 2, done: 5 };
    assert_eq!(counts, expected);
    let bad: Vec<u64> = rights.bad_lines(run.id, 10).unwrap().iter().map(|b| b.line).collect();
    assert_eq!(bad, [9, 10]);
    assert!(!contains(dir.path(), "stranger@example.org"), "what stands in the file is not kept");
    assert!(contains(dir.path(), "p1@example.org"), "nobody is erased yet");

    rights.start(SHOP, run.id).unwrap();
    let run = rights.wait(SHOP, run.id).unwrap();
    assert_eq!((run.state, run.message.as_str()), (RunState::Done, ""));
    for gone in ["p1@example.org", "p3@example.org", "u-3", "words of p1:", "stranger@example.org"] {
        assert!(!contains(dir.path(), gone), "{gone}");
    }
    assert!(contains(dir.path(), "p2@example.org"));
    let receipts = engine.receipts(SHOP, &run.name(), 0, 100).unwrap();
    let of_file = receipts.iter().find(|r| r.kind == "file").unwrap();
    let says = verify_receipt(&of_file.file(), None).unwrap().receipt;
    assert_eq!((receipts.len(), &says["lines"]["people_erased"]), (3, &json!(2)));
    assert_eq!(says["receipts"].as_array().unwrap().len(), 2);
    // It was unknown, and is refused all the same.
    let late = json!({"message_id": "late", "event": "Message Sent", "occurred_at": "2026-05-31T10:00:00Z",
                      "identifiers": {"email": "stranger@example.org"}});
    assert!(matches!(&send(&engine, vec![late])[0], Outcome::Rejected(f) if f.code == "erased"));
    assert!(matches!(rights.start(SHOP, run.id), Err(RightsError::Refused(_))), "it is over");
    drop(rights);
    same_after_a_rebuild(engine, dir.path());
}

fn node(engine: &throughline_pipeline::Engine, email: &str) -> throughline_interactions::Node {
    engine.node(SHOP, &throughline_interactions::Identifier::new("email", email)).unwrap().unwrap()
}

#[test]
fn files_that_cannot_be_read_are_refused_and_nothing_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    let rights = rights(&engine);
    for (file, fault) in
        [(&b""[..], ListFault::Empty), (b"\n \n", ListFault::Empty), (b"\x89PNG\0\0", ListFault::NoText)]
    {
        let refused = rights.bring(SHOP, What::Erase, "x", file, "ana");
        assert!(matches!(&refused, Err(RightsError::List(f)) if *f == fault), "{refused:?}");
    }
    assert!(rights.runs(SHOP).unwrap().is_empty());
}

#[test]
fn a_hundred_thousand_lines_are_looked_up() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 50);
    let rights = rights(&engine);
    let run = rights.bring(SHOP, What::Export, "all.txt", list(0..100_000).as_bytes(), "ana").unwrap();
    let counts = rights.counts(run.id).unwrap();
    assert_eq!((counts.lines, counts.people, counts.unknown), (100_000, 50, 99_950));
    rights.forget(SHOP, run.id).unwrap();
    assert!(rights.runs(SHOP).unwrap().is_empty());
}

#[test]
fn what_joins_people_while_they_are_erased_is_erased_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path());
    fill(&engine, 300);
    let rights = rights(&engine);
    let run = rights.bring(SHOP, What::Erase, "some.csv", list(0..100).as_bytes(), "ana").unwrap();
    std::thread::scope(|scope| {
        let engine = &engine;
        // Each fact joins somebody of the list to a browser, and one in ten to somebody else.
        let sender = scope.spawn(move || {
            let mut refused = 0;
            for n in (0..100_000_u64).cycle() {
                let mut who =
                    json!({"email": format!("p{}@example.org", n % 100), "anonymous_id": format!("browser-of-p{n}")});
                if n % 10 == 0 {
                    who["user_id"] = format!("account-of-p{}", n % 100).into();
                }
                let fact = json!({"message_id": format!("join-{n}"), "event": "Signed In", "identifiers": who,
                                  "occurred_at": "2026-05-30T10:00:00Z", "text": format!("late words of {n}")});
                match &send(engine, vec![fact])[0] {
                    Outcome::Accepted => {}
                    Outcome::Rejected(f) if f.code == "erased" => refused += 1,
                    other => panic!("{other:?}"),
                }
                if refused == 100 {
                    break;
                }
            }
        });
        rights.start(SHOP, run.id).unwrap();
        sender.join().unwrap();
    });
    assert_eq!(rights.wait(SHOP, run.id).unwrap().state, RunState::Done);
    engine.settle().unwrap();
    for gone in ["p7@example.org", "browser-of-p", "account-of-p", "late words of", "words of p99:"] {
        assert!(!contains(dir.path(), gone), "{gone}");
    }
    assert!(contains(dir.path(), "p100@example.org"));
    drop(rights);
    same_after_a_rebuild(engine, dir.path());
}

/// The environment of the process that is killed.
const DIE: &str = "THROUGHLINE_TEST_ERASES_IN";

/// Runs in a process of its own, which is killed in the middle.
#[test]
fn erases_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIE) else { return };
    let engine = engine(std::path::Path::new(&dir));
    let rights = rights(&engine);
    let run = rights.bring(SHOP, What::Erase, "many.csv", list(0..2_000).as_bytes(), "ana").unwrap();
    rights.start(SHOP, run.id).unwrap();
    // Killed once a part is noted and another is on its way.
    while rights.counts(run.id).unwrap().done == 0 {
        std::thread::yield_now();
    }
    let done = rights.counts(run.id).unwrap().done;
    assert!(done < 2_000, "it was over too early to be killed");
    std::process::abort();
}

#[test]
fn a_process_that_is_killed_in_the_middle_goes_on_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let shop = engine(dir.path());
    fill(&shop, 2_100);
    shop.close().unwrap();
    drop(shop);
    let killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bulk::erases_until_it_is_killed"])
        .env(DIE, dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!killed.success() && killed.code().is_none(), "{killed:?}");
    assert!(contains(dir.path(), "p1999@example.org"), "it was killed before the end");

    let shop = engine(dir.path());
    let rights = rights(&shop);
    let run = rights.runs(SHOP).unwrap().pop().unwrap();
    let run = rights.wait(SHOP, run.id).unwrap();
    assert_eq!((run.state, run.message.as_str()), (RunState::Done, ""));
    assert_eq!(rights.counts(run.id).unwrap().people, 2_000);
    for gone in ["p0@example.org", "p1000@example.org", "p1999@example.org", "words of p77:"] {
        assert!(!contains(dir.path(), gone), "{gone}");
    }
    assert!(contains(dir.path(), "p2099@example.org"));
    let receipts = shop.receipts(SHOP, &run.name(), 0, 10_000).unwrap();
    let people = receipts.iter().filter(|r| r.kind == "person");
    assert_eq!((people.clone().count(), people.map(|r| r.interactions).sum::<u64>()), (2_000, 4_000));
    let of_file = receipts.iter().find(|r| r.kind == "file").unwrap().says();
    assert_eq!(of_file["lines"]["people_erased"], 2_000);
    drop(rights);
    same_after_a_rebuild(shop, dir.path());
}
