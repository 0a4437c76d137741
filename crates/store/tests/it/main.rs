#![expect(clippy::unwrap_used, reason = "a test that cannot open its store has failed")]
//! The store against a real SQLite file.

use std::path::Path;
use throughline_store::{
    DirectoryLock, Migration, Outbox, Store, StoreError, Table, TableKind, Timer, Timers, place_of_tests,
};

const ROOM: Migration = Migration {
    room: "shop",
    number: 1,
    sql: "CREATE TABLE shop_sales (id BIGINT PRIMARY KEY); CREATE TABLE shop_rules (id BIGINT PRIMARY KEY);",
    tables: &[
        Table { name: "shop_sales", kind: TableKind::Derived },
        Table { name: "shop_rules", kind: TableKind::Definition },
    ],
};

/// Where the tests keep their state: in a file, or, where THROUGHLINE_TEST_STORE says so, in PostgreSQL.
fn open(dir: &Path, migrations: &[Migration]) -> Result<Store, StoreError> {
    Store::open_at(&place_of_tests(), dir, migrations)
}

fn count(store: &Store, table: &str) -> i64 {
    store.read(|c| c.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |r| r.get(0))).unwrap()
}

#[test]
fn a_failed_transaction_leaves_nothing_and_a_reopened_store_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &[ROOM]).unwrap();
    store
        .write(|tx| {
            tx.execute("INSERT INTO shop_sales VALUES (1)", [])?;
            Store::set_position(tx, "fold", 7)
        })
        .unwrap();
    let failed = store.write(|tx| {
        tx.execute("INSERT INTO shop_sales VALUES (2)", [])?;
        Store::set_position(tx, "fold", 8)?;
        tx.execute("INSERT INTO shop_sales VALUES (1)", [])
    });
    assert!(failed.is_err());
    drop(store);
    let store = open(dir.path(), &[ROOM]).unwrap();
    assert_eq!((count(&store, "shop_sales"), store.position("fold").unwrap()), (1, 7));
}

#[test]
fn a_rebuild_clears_derived_tables_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &[ROOM]).unwrap();
    store
        .write(|tx| tx.execute_batch("INSERT INTO shop_sales VALUES (1); INSERT INTO shop_rules VALUES (1);"))
        .unwrap();
    store.clear_derived().unwrap();
    assert_eq!((count(&store, "shop_sales"), count(&store, "shop_rules")), (0, 1));
}

#[test]
fn a_newer_or_a_damaged_database_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let two = Migration { number: 2, sql: "CREATE TABLE shop_more (id BIGINT)", tables: &[], ..ROOM };
    drop(open(dir.path(), &[ROOM, two]).unwrap());
    let refused = open(dir.path(), &[ROOM]).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 2, known: 1, .. }), "{refused}");

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("throughline.sqlite"), [b'x'; 8192]).unwrap();
    let refused = Store::open(dir.path(), &[ROOM]).err().unwrap();
    assert!(refused.to_string().contains("throughline.sqlite is corrupt"), "{refused}");
}

#[test]
fn timers_ring_once_in_order_and_the_outbox_takes_a_thing_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &[]).unwrap();
    let timer = |subject: &str, due| Timer { workspace: 1, rule: "overdue".into(), subject: subject.into(), due };
    store
        .write(|tx| {
            for t in [timer("b", 20), timer("a", 10), timer("a", 10), timer("c", 30)] {
                Timers::set(tx, &t)?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(Timers::due(&store, 20, 10).unwrap(), [timer("a", 10), timer("b", 20)]);
    store.write(|tx| Timers::clear(tx, &timer("a", 10))).unwrap();
    assert_eq!(Timers::next_due(&store).unwrap(), Some(20));
    assert_eq!(timer("a", 10).message_id(), "timer:overdue:a:10");

    let put = |key| store.write(|tx| Outbox::put(tx, 1, key, "smtp", "{}")).unwrap();
    assert_eq!((put("x"), put("y"), put("x")), (true, true, false));
    Outbox::left(&store, 1, 5).unwrap();
    Outbox::failed(&store, 2, "greylisted", 100).unwrap();
    assert!(Outbox::waiting(&store, 99, 10).unwrap().is_empty());
    let waiting = Outbox::waiting(&store, 100, 10).unwrap();
    assert_eq!((waiting.len(), waiting[0].position, waiting[0].attempts), (1, 2, 1));
}

#[test]
fn a_second_holder_is_told_who_has_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = DirectoryLock::take(dir.path(), "pid 1 at http://127.0.0.1:4242").unwrap();
    let refused = DirectoryLock::take(dir.path(), "pid 2").unwrap_err().to_string();
    assert!(refused.contains("in use by another process (pid 1 at http://127.0.0.1:4242)"), "{refused}");
    drop(first);
    DirectoryLock::take(dir.path(), "pid 3").unwrap();
}

#[test]
fn what_is_erased_is_not_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store =
        open(dir.path(), &[Migration { room: "n", number: 1, sql: "CREATE TABLE n_names (name TEXT)", tables: &[] }])
            .unwrap();
    store
        .write(|tx| {
            for i in 0..5000 {
                tx.execute("INSERT INTO n_names VALUES ($1)", [format!("person-number-{i}")])?;
            }
            Ok(())
        })
        .unwrap();
    let found = || {
        std::fs::read_dir(dir.path())
            .unwrap()
            .any(|f| std::fs::read(f.unwrap().path()).unwrap().windows(18).any(|w| w == b"person-number-4321"))
    };
    assert!(found(), "the control scan must find the person");
    store.write(|tx| tx.execute("DELETE FROM n_names WHERE name = 'person-number-4321'", [])).unwrap();
    store.vacuum().unwrap();
    assert!(!found());
}
