//! Ids, cursors, dry runs and the limits of memory.

use crate::world::{World, drain, options};
use throughline_connectors::files::{
    Cursor, Formats, ImportOptions, Opener, Record, RecordFault, RecordReader, Report,
};

const RECIPE: &str = r#"
name = "visits"
source = "import:visits"
zone = "UTC"
[files.a]
path = "a.csv"
[files.b]
path = "b.csv"
[[interactions]]
from = "a"
event = "Visit"
occurred_at = "at"
identifiers = { visit = "who" }
[[interactions]]
from = "a"
event = "Second"
when = { column = "who", is = ["x", "z"] }
occurred_at = "at"
[[interactions]]
from = "b"
event = "Visit"
occurred_at = "at"
"#;

fn world() -> World {
    World::new(&[
        ("a.csv", b"at,who\n2026-01-01,x\n2026-01-01,x\nbad,x\n2026-01-02,y\n2026-01-01,x\n"),
        ("b.csv", b"at,who\n2026-01-01,x\n2026-01-03,z\n"),
    ])
}

#[test]
fn identical_lines_are_facts_of_their_own_and_a_second_import_says_the_same() {
    let (one, two) = (world().import(RECIPE), drain(world().open(RECIPE, options()).unwrap(), 1));
    assert_eq!(one.interactions, two.interactions, "whatever the size of a batch");
    let visits: Vec<_> =
        one.interactions.iter().filter(|i| i.event == "Visit").map(|i| i.message_id.as_str()).collect();
    let x = &visits[0][..32];
    assert_eq!(visits.len(), 6);
    assert_eq!((visits[1], visits[3]), (format!("{x}-2").as_str(), format!("{x}-3").as_str()));
    assert_eq!(visits[4], format!("{x}-4"), "numbers run on from file to file");
    assert_eq!(one.rejects.len(), 2, "each interaction of a row is rejected for itself");
}

#[test]
fn an_import_goes_on_where_it_stopped() {
    let world = world();
    let whole = drain(world.open(RECIPE, options()).unwrap(), 1000);
    for batch in 1..6 {
        let (mut interactions, mut rejects, mut resume): (Vec<_>, Vec<_>, Option<Cursor>) =
            (Vec::new(), Vec::new(), None);
        loop {
            // Each batch is read by an import of its own, as if the program had been stopped.
            let mut import = world.open(RECIPE, ImportOptions { resume: resume.clone(), ..options() }).unwrap();
            let next = import.next_batch(batch).unwrap();
            interactions.extend(next.interactions);
            rejects.extend(next.rejects);
            let json = serde_json::to_string(&next.cursor).unwrap();
            resume = Some(serde_json::from_str(&json).unwrap());
            if next.done {
                break;
            }
        }
        assert_eq!(interactions, whole.interactions);
        assert_eq!(rejects, whole.rejects);
    }
    let cursor = Cursor { recipe: "another".into(), file: "a".into(), row: 2 };
    let refused = world.open(RECIPE, ImportOptions { resume: Some(cursor), ..options() }).err().unwrap().to_string();
    assert!(refused.starts_with("the recipe has changed since this import began"), "{refused}");
}

#[test]
fn a_dry_run_tells_what_would_come() {
    let report = Report::of(&mut world().open(RECIPE, options()).unwrap()).unwrap();
    assert_eq!((report.progress.rows, report.progress.taken, report.progress.rejected), (7, 6, 1));
    assert_eq!(
        report.events.clone().into_iter().collect::<Vec<_>>(),
        [("Second".to_owned(), 3), ("Visit".to_owned(), 6)]
    );
    assert_eq!(report.rejects["invalid_time"].count, 2);
    assert_eq!(report.identifiers["visit"].interactions, 4);
    assert_eq!(report.identifiers["visit"].distinct(), 2);
    assert_eq!(report.unidentified, 5);
    let (first, last) = report.times.unwrap();
    assert_eq!(
        (first.to_string().as_str(), last.to_string().as_str()),
        ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    );
    assert_eq!(report.examples.len(), 3);
    let shown = report.to_string();
    assert!(shown.contains("a.csv, line 4, column `at`: `bad` is not a time"), "{shown}");
    assert!(shown.contains("5 interactions name nobody"), "{shown}");
}

#[test]
fn a_join_without_any_match_is_pointed_out() {
    let recipe = RECIPE.replace("path = \"b.csv\"", "path = \"b.csv\"\nkey = \"at\"").replacen(
        "event = \"Visit\"",
        "event = \"Visit\"\njoin = [{ file = \"b\", on = \"who\" }]",
        1,
    );
    let report = Report::of(&mut world().open(&recipe, options()).unwrap()).unwrap();
    let warnings = report.warnings();
    assert!(
        warnings.contains(&"`Visit`: no row of `a` has a match in `b`: do both columns hold the same ids?".to_owned()),
        "{warnings:?}"
    );
}

#[test]
fn a_file_too_large_to_be_looked_up_is_refused() {
    let recipe = RECIPE.replace("path = \"b.csv\"", "path = \"b.csv\"\nkey = \"who\"").replacen(
        "event = \"Visit\"",
        "event = \"Visit\"\njoin = [{ file = \"b\", on = \"who\" }]",
        1,
    );
    let refused = world().open(&recipe, ImportOptions { join_bytes: 20, ..options() }).err().unwrap().to_string();
    assert_eq!(
        refused,
        "file `b` is looked up in memory and needs more than 0 MB at line 3; raise the limit for joins, or turn the recipe round so that this file is the one that is read (`from`)"
    );
}

#[test]
fn a_wrong_column_of_the_last_file_is_told_before_any_work() {
    let world = World::new(&[("a.csv", b"at,who\n2026-01-01,x\n"), ("b.csv", b"time,who\n")]);
    assert_eq!(world.refusal(RECIPE), "file `b` has no column `at`; it has time, who");
}

#[test]
fn an_import_can_run_in_a_thread_of_its_own() {
    let world = world();
    let mut import = world.open(RECIPE, options()).unwrap();
    let rows = std::thread::spawn(move || import.next_batch(100).unwrap().progress.rows).join().unwrap();
    assert_eq!(rows, 7);
}

/// A format that the caller brings.
struct Two {
    columns: Vec<String>,
    row: u64,
}

impl RecordReader for Two {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Option<Result<Record, RecordFault>> {
        self.row += 1;
        (self.row < 3).then(|| Ok(Record::new(self.row, ["2026-01-01", "x"])))
    }

    fn bytes_read(&self) -> u64 {
        self.row
    }
}

#[test]
fn a_format_can_be_plugged_in() {
    let opener: Opener = Box::new(|request| {
        assert_eq!(request.wanted, ["at", "who"]);
        assert!(request.whole, "without a message_id the whole row is asked for");
        Ok(Box::new(Two { columns: vec!["at".into(), "who".into()], row: 0 }))
    });
    let world = World::new(&[("a.parquet", b"PAR1")]);
    let recipe = "name = \"p\"\nsource = \"p\"\nzone = \"UTC\"\n[files.a]\npath = \"a.parquet\"\n[[interactions]]\nfrom = \"a\"\nevent = \"Visit\"\noccurred_at = \"at\"\nidentifiers = { visit = \"who\" }\n";
    assert_eq!(
        world.refusal(recipe),
        "open file `a`: `…/a.parquet`: the format cannot be told from the name `a.parquet`; set `format` to one of csv, ndjson"
    );
    let formats = Formats::standard().with("parquet", &["parquet"], opener);
    let import =
        throughline_connectors::files::Import::of_text(recipe, "r", world.0.path(), formats, options()).unwrap();
    assert_eq!(drain(import, 10).interactions.len(), 2);
}
