#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! Files from the upload to the undo, on a real engine in a temporary directory.

use std::path::Path;
use std::time::{Duration, Instant};
use throughline_imports::{Choice, Formats, Imports, ImportsError, MIGRATIONS, Role, Run, RunState};
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_pipeline::{Engine, Options};
use throughline_store::place_of_tests;

const SHOP: WorkspaceId = WorkspaceId(1);

fn now() -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant
}

fn open(dir: &Path) -> (Engine, Imports) {
    let options = Options { clock: now, buckets: 2, min_free_bytes: 0, store: place_of_tests(), ..Options::default() };
    let engine = Engine::open(dir, &MIGRATIONS, None, options).unwrap();
    if engine.workspaces().unwrap().is_empty() {
        engine.found_workspace("Shop", "Europe/Berlin", "EUR").unwrap();
    }
    let imports =
        Imports::open_watching(&engine, Formats::standard, vec![dir.join("drop")], Duration::from_millis(100)).unwrap();
    (engine, imports)
}

/// A shop's export: orders of customers who come back, some of them late.
fn orders(rows: std::ops::Range<u32>) -> String {
    let mut csv = "Order ID,Created at,Email,Total,Shipped at,Delivered at\n".to_owned();
    for n in rows {
        let day = n % 28 + 1;
        csv += &format!(
            "{n},2026-03-{day:02} 10:00,customer{}@example.org,{}.90,2026-03-{day:02} 18:00,2026-04-{day:02} 12:00\n",
            n % 40,
            n % 90 + 10
        );
    }
    csv
}

fn bring(imports: &Imports, name: &str, contents: &[u8]) -> Result<Run, ImportsError> {
    let mut upload = imports.receive(SHOP, name, "ana")?;
    for part in contents.chunks(1000) {
        upload.write(part)?;
    }
    upload.finish()
}

fn wait(imports: &Imports, id: u64) -> Run {
    imports.wait(SHOP, id).unwrap()
}

fn let_in(imports: &Imports, name: &str, contents: &str) -> Run {
    let run = bring(imports, name, contents.as_bytes()).unwrap();
    let look = imports.look(SHOP, run.id).unwrap();
    imports.start(SHOP, run.id, &look.choice).unwrap();
    wait(imports, run.id)
}

fn customers(engine: &Engine) -> u64 {
    let query = throughline_customers::CustomerQuery { search: String::new(), after: None, limit: 1 };
    engine.customers(SHOP, &query).unwrap().total
}

#[test]
fn a_file_is_guessed_previewed_let_in_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let run = bring(&imports, "orders.csv", orders(0..200).as_bytes()).unwrap();
    assert_eq!((run.state, run.bytes), (RunState::Uploaded, orders(0..200).len() as u64));
    let look = imports.look(SHOP, run.id).unwrap();
    let role = |c: &Choice, column: &str| c.columns.iter().find(|x| x.column == column).unwrap().role();
    assert_eq!(role(&look.choice, "Order ID"), Role::Order);
    assert_eq!(role(&look.choice, "Email"), Role::Email);
    assert_eq!(role(&look.choice, "Created at"), Role::Time);
    assert_eq!(role(&look.choice, "Total"), Role::Amount);
    let preview = imports.preview(SHOP, run.id, &look.choice).unwrap();
    assert!(preview.is_whole);
    assert_eq!((preview.customers, preview.report.progress.rows), (40, 200));
    assert_eq!(preview.report.progress.interactions, 600);
    assert_eq!(preview.story_length, 15);
    assert!(preview.story.is_sorted_by_key(|i| i.occurred_at));
    assert_eq!(customers(&engine), 0, "looking brings nothing in");

    imports.start(SHOP, run.id, &look.choice).unwrap();
    let done = wait(&imports, run.id);
    assert_eq!(done.state, RunState::Done, "{}", done.message);
    assert_eq!((done.counts.rows, done.counts.taken, done.counts.accepted), (200, 200, 600));
    assert_eq!(customers(&engine), 40);
    assert!(!dir.path().join("uploads").join(run.id.to_string()).join("orders.csv").exists(), "the file stays");

    imports.undo(SHOP, run.id, "bo").unwrap();
    assert_eq!(wait(&imports, run.id).state, RunState::Undone);
    assert_eq!(customers(&engine), 0);
    imports.close();
    engine.close().unwrap();
}

#[test]
fn the_same_columns_again_bring_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let first = let_in(&imports, "orders.csv", &orders(0..100));
    assert_eq!(first.source, "import:orders");
    let run = bring(&imports, "orders-april.csv", orders(50..150).as_bytes()).unwrap();
    let look = imports.look(SHOP, run.id).unwrap();
    assert_eq!(look.like.as_ref().map(|l| l.id), Some(first.id));
    imports.start(SHOP, run.id, &look.choice).unwrap();
    let second = wait(&imports, run.id);
    assert_eq!(second.source, first.source);
    assert_eq!((second.counts.accepted, second.counts.duplicate), (150, 150));
    // Taking the second back leaves what the first had brought.
    imports.undo(SHOP, second.id, "bo").unwrap();
    wait(&imports, second.id);
    let accepted: u64 =
        engine.sources(SHOP).unwrap().iter().filter(|s| s.source == first.source).map(|s| s.tally.accepted).sum();
    assert_eq!(accepted, 300);
    // After an undo the same rows come in again, under a source that knows nothing of them.
    let third = let_in(&imports, "orders-april.csv", &orders(50..150));
    assert_eq!((third.source.as_str(), third.counts.accepted), ("import:orders-april", 300));
    imports.close();
    engine.close().unwrap();
}

#[test]
fn bad_rows_are_told_and_harm_no_neighbour() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let mut csv = orders(0..50);
    csv += "50,not a day,eve@example.org,12.00,,\n51,2026-03-01 10:00,eve@example.org,many,,\n";
    let run = let_in(&imports, "orders.csv", &csv);
    assert_eq!(run.state, RunState::Done, "{}", run.message);
    assert_eq!((run.counts.rows, run.counts.taken, run.counts.rejected), (52, 50, 2));
    let rejects = std::fs::read_to_string(imports.rejects(SHOP, run.id).unwrap().unwrap()).unwrap();
    assert!(rejects.contains("\"52\"") && rejects.contains("\"53\""), "{rejects}");
    assert!(rejects.contains("not a day") && rejects.contains("many"), "{rejects}");
    imports.close();
    engine.close().unwrap();
}

#[test]
fn what_was_coming_in_when_the_process_died_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let run = bring(&imports, "orders.csv", orders(0..100).as_bytes()).unwrap();
    let look = imports.look(SHOP, run.id).unwrap();
    imports.start(SHOP, run.id, &look.choice).unwrap();
    let done = wait(&imports, run.id);
    assert_eq!(done.counts.accepted, 300);
    // As the store would stand if the process had died in the middle: running, with the file there.
    engine.store().write(|tx| tx.execute("UPDATE imports_runs SET state = 'running', last_position = 0", [])).unwrap();
    std::fs::write(dir.path().join("uploads/1/orders.csv"), orders(0..120)).unwrap();
    imports.close();
    engine.close().unwrap();
    drop((imports, engine));
    let (engine, imports) = open(dir.path());
    assert_eq!(imports.run(SHOP, run.id).unwrap().state, RunState::Stopped);
    let look = imports.look(SHOP, run.id).unwrap();
    imports.start(SHOP, run.id, &look.choice).unwrap();
    let done = wait(&imports, run.id);
    assert_eq!((done.state, done.counts.accepted, done.counts.duplicate), (RunState::Done, 360, 0));
    imports.undo(SHOP, run.id, "bo").unwrap();
    assert_eq!(wait(&imports, run.id).state, RunState::Undone);
    assert_eq!(customers(&engine), 0);
    imports.close();
    engine.close().unwrap();
}

#[test]
fn an_undo_after_a_crash_reaches_beyond_where_an_earlier_part_had_ended() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let run = let_in(&imports, "orders.csv", &orders(0..50));
    assert!(run.last_position > 0);
    let set = |sql: &str| engine.store().write(|tx| tx.execute(sql, [])).unwrap();
    // It is told to go on, and dies before it ends again: what was written at its second start counts.
    set("UPDATE imports_runs SET state = 'stopped'");
    std::fs::write(dir.path().join("uploads/1/orders.csv"), orders(0..20_000)).unwrap();
    let look = imports.look(SHOP, run.id).unwrap();
    imports.start(SHOP, run.id, &look.choice).unwrap();
    assert_eq!(imports.run(SHOP, run.id).unwrap().last_position, 0, "where it ended before says nothing now");
    assert_eq!(wait(&imports, run.id).counts.accepted, 60_000);
    set("UPDATE imports_runs SET state = 'failed', last_position = 0");
    imports.undo(SHOP, run.id, "bo").unwrap();
    assert_eq!(wait(&imports, run.id).state, RunState::Undone);
    assert_eq!(customers(&engine), 0);
    // What is being taken back lends its source to nobody.
    set("UPDATE imports_runs SET state = 'undoing'");
    let again = bring(&imports, "orders.csv", orders(0..10).as_bytes()).unwrap();
    assert_eq!(imports.look(SHOP, again.id).unwrap().like, None);
    imports.close();
    engine.close().unwrap();
}

#[test]
fn what_cannot_be_taken_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let check = |name: &str, contents: &[u8], expected: &str| {
        let told = bring(&imports, name, contents).and_then(|run| imports.look(SHOP, run.id));
        let told = told.map_or_else(|e| e.to_string(), |l| format!("{:?}", l.choice));
        assert!(told.contains(expected), "{name}: {told}");
    };
    check("empty.csv", b"", "is empty");
    check("list.json", b"[1, 2]", "no line of the file is an object in JSON");
    check("archive.zip", b"PK\x03\x04rest", "zip");
    check("header.csv", b"a,b,c\n", "no rows");
    assert_eq!(imports.runs(SHOP).unwrap().len(), 3, "an empty file was never there");
    let without_time = bring(&imports, "stock.csv", b"sku,left\na1,3\nb2,4\n").unwrap();
    let look = imports.look(SHOP, without_time.id).unwrap();
    let error = imports.preview(SHOP, without_time.id, &look.choice).unwrap_err().to_string();
    assert!(error.contains("no column says when it happened"), "{error}");
    let error = imports.start(SHOP, without_time.id, &look.choice).unwrap_err().to_string();
    assert!(error.contains("no column says when it happened"), "{error}");
    // Another zone than the world has.
    let run = bring(&imports, "orders.csv", orders(0..3).as_bytes()).unwrap();
    let choice = Choice { zone: "Mars/Olympus".into(), ..imports.look(SHOP, run.id).unwrap().choice };
    let error = imports.preview(SHOP, run.id, &choice).unwrap_err().to_string();
    assert!(error.contains("Mars/Olympus"), "{error}");
    assert!(matches!(imports.undo(SHOP, run.id, "bo"), Err(ImportsError::Refused(_))));
    assert!(matches!(imports.run(WorkspaceId(2), run.id), Err(ImportsError::NoSuchRun(_))));
    imports.forget(SHOP, run.id).unwrap();
    assert!(matches!(imports.run(SHOP, run.id), Err(ImportsError::NoSuchRun(_))));
    assert!(!dir.path().join("uploads").join(run.id.to_string()).exists());
    imports.close();
    engine.close().unwrap();
}

#[test]
fn files_of_the_inbox_come_in_by_themselves_once_they_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let inbox = imports.inbox(&engine.workspaces().unwrap()[0]);
    std::fs::create_dir_all(&inbox).unwrap();
    std::fs::write(inbox.join("orders-1.csv"), orders(0..50)).unwrap();
    std::fs::write(inbox.join(".half-written.csv"), "Order ID").unwrap();
    let wait_for = |name: &str, state: RunState| {
        let begun = Instant::now();
        loop {
            let runs = imports.runs(SHOP).unwrap();
            if let Some(run) = runs.iter().find(|r| r.file == name && r.state == state) {
                return run.clone();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{name} is never {state:?}: {runs:?}");
        }
    };
    // Nobody has said yet what its columns are.
    let first = wait_for("orders-1.csv", RunState::Uploaded);
    assert_eq!((first.created_by.as_str(), first.bytes), ("the inbox", orders(0..50).len() as u64));
    assert!(!inbox.join("orders-1.csv").exists());
    assert!(inbox.join(".half-written.csv").exists());
    let look = imports.look(SHOP, first.id).unwrap();
    imports.start(SHOP, first.id, &look.choice).unwrap();
    wait(&imports, first.id);
    std::fs::write(inbox.join("orders-2.csv"), orders(25..75)).unwrap();
    let second = wait_for("orders-2.csv", RunState::Done);
    assert_eq!((second.counts.accepted, second.counts.duplicate), (75, 75));
    imports.close();
    engine.close().unwrap();
}

#[test]
fn an_upload_that_breaks_off_was_never_there() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let mut upload = imports.receive(SHOP, "orders.csv", "ana").unwrap();
    upload.write(b"Order ID,Created at\n").unwrap();
    assert!(dir.path().join("uploads/1/orders.csv").exists());
    assert_eq!(imports.runs(SHOP).unwrap(), [], "nobody sees half a file");
    assert!(matches!(imports.look(SHOP, 1), Err(ImportsError::NoSuchRun(1))));
    drop(upload);
    assert!(!dir.path().join("uploads/1").exists());
    assert_eq!(imports.runs(SHOP).unwrap(), []);
    // A process that dies leaves half a file behind, or one of the inbox that was moved whole.
    let half = bring(&imports, "half.csv", b"Order ID,Created at\n").unwrap();
    let whole = bring(&imports, "whole.csv", orders(0..3).as_bytes()).unwrap();
    let left = "UPDATE imports_runs SET state = 'arriving', bytes = CASE WHEN id = $1 THEN 0 ELSE bytes END";
    engine.store().write(|tx| tx.execute(left, [half.id.cast_signed()])).unwrap();
    imports.close();
    engine.close().unwrap();
    drop((imports, engine));
    let (engine, imports) = open(dir.path());
    assert_eq!(imports.runs(SHOP).unwrap(), [whole]);
    imports.close();
    engine.close().unwrap();
}

#[test]
fn a_place_is_looked_at_again_and_brings_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let drop = dir.path().join("drop");
    std::fs::create_dir_all(&drop).unwrap();
    let outside = dir.path().join("secret.csv");
    std::fs::write(&outside, orders(0..3)).unwrap();
    let refused = |path: &Path, expected: &str| {
        let error = imports.add_place(SHOP, path.to_str().unwrap(), 24, "ana").unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(&outside, "is not below");
    refused(&drop.join("../secret.csv"), "is not below");
    refused(&drop.join("nothing.csv"), "there is no");
    refused(Path::new("drop"), "is not a whole path");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, drop.join("link.csv")).unwrap();
        refused(&drop.join("link.csv"), "is not below");
        std::fs::remove_file(drop.join("link.csv")).unwrap();
    }
    assert!(imports.add_place(SHOP, drop.to_str().unwrap(), 0, "ana").is_err());

    std::fs::write(drop.join("orders-1.csv"), orders(0..50)).unwrap();
    imports.add_place(SHOP, drop.to_str().unwrap(), 24, "ana").unwrap();
    let said = |wanted: &str| {
        let begun = Instant::now();
        loop {
            let place = imports.places(SHOP).unwrap().remove(0);
            if place.said.contains(wanted) && place.looked_at.is_some() {
                return place;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it never says {wanted}: {place:?}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    };
    let place = said("waits for somebody");
    let run = imports.runs(SHOP).unwrap().remove(0);
    assert_eq!((run.created_by.as_str(), run.state), ("the schedule", RunState::Uploaded));
    assert!(drop.join("orders-1.csv").exists(), "it stays where it is");
    let look = imports.look(SHOP, run.id).unwrap();
    imports.start(SHOP, run.id, &look.choice).unwrap();
    assert_eq!(wait(&imports, run.id).counts.accepted, 150);

    assert!(imports.look_now(SHOP, place.id).unwrap());
    said("nothing new");
    std::fs::write(drop.join("orders-1.csv"), orders(25..75)).unwrap();
    imports.look_now(SHOP, place.id).unwrap();
    said("was new and comes in");
    let second = imports.runs(SHOP).unwrap().remove(0);
    let second = wait(&imports, second.id);
    assert_eq!((second.counts.accepted, second.counts.duplicate), (75, 75));
    assert!(imports.remove_place(SHOP, place.id).unwrap());
    assert_eq!(imports.places(SHOP).unwrap(), []);
    imports.close();
    engine.close().unwrap();
}

#[test]
fn a_list_of_customers_names_those_whose_orders_are_in_and_nobody_is_seen_later() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, imports) = open(dir.path());
    let_in(&imports, "orders.csv", &orders(0..40));
    let list =
        "Customer no.,First name,Last name,E-mail\nK-1,Ana,Lima,customer1@example.org\nK-2,Bo,Berg,new@example.org\n";
    let find = |search: &str| {
        let query = throughline_customers::CustomerQuery { search: search.into(), after: None, limit: 5 };
        engine.customers(SHOP, &query).unwrap().rows
    };
    let before = find("customer1@").remove(0);
    let run = let_in(&imports, "customers.csv", list);
    assert_eq!((run.state, run.counts.accepted), (RunState::Done, 2), "{}", run.message);
    let after = find("Ana Lima").remove(0);
    assert_eq!((after.last_seen, after.first_seen), (before.last_seen, before.first_seen));
    assert_eq!(find("new@").remove(0).last_seen, Timestamp(0), "who is only told about was never seen");
    // The same list again, and one in which somebody has changed.
    assert_eq!(let_in(&imports, "customers.csv", list).counts.duplicate, 2);
    let changed = let_in(&imports, "customers.csv", &list.replace("Bo,", "Bodil,"));
    assert_eq!((changed.counts.accepted, changed.counts.duplicate, changed.counts.aside), (1, 1, 0));
    imports.close();
    engine.close().unwrap();
}
