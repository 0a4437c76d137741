use crate::{at, open, outbox, shop};
use std::path::Path;
use std::process::Command;
use throughline_interactions::Timestamp;
use throughline_news::{Errand, monday, next_monday, prepare, ring, set_monday};
use throughline_store::{Outbox, Store, Timers};

fn rung(store: &Store, now: &str) -> u32 {
    ring(store, &[shop()], at(now)).unwrap()
}

fn weeks(store: &Store) -> Vec<String> {
    let week = |body: &String| match Errand::parse(body) {
        Some(Errand::Monday { week, .. }) => week,
        other => panic!("{other:?}"),
    };
    outbox(store).iter().map(week).collect()
}

#[test]
fn the_next_monday_by_the_clocks_of_the_workspace() {
    let check = |after: &str, hour: u8, expected: &str| {
        assert_eq!(next_monday(&shop(), hour, at(after)), Some(at(expected)), "after {after}");
    };
    check("2026-03-01T23:59:59", 8, "2026-03-02T08:00:00");
    check("2026-03-02T07:59:59", 8, "2026-03-02T08:00:00");
    check("2026-03-02T08:00:00", 8, "2026-03-09T08:00:00");
    check("2026-03-04T12:00:00", 0, "2026-03-09T00:00:00");
    // The clocks go forward on 2026-03-29: it stays eight o'clock.
    check("2026-03-28T12:00:00", 8, "2026-03-30T08:00:00");
    check("2026-12-30T12:00:00", 23, "2027-01-04T23:00:00");
}

#[test]
fn once_a_week_for_each_person_as_long_as_they_want_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    set_monday(&store, &shop(), 7, Some(8), at("2026-02-26T10:00:00")).unwrap();
    set_monday(&store, &shop(), 9, Some(6), at("2026-02-26T10:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-02T05:59:00"), 0);
    assert_eq!(rung(&store, "2026-03-02T06:00:00"), 1);
    assert_eq!(rung(&store, "2026-03-02T08:00:10"), 1);
    for later in ["2026-03-02T08:00:10", "2026-03-02T12:00:00", "2026-03-05T12:00:00"] {
        assert_eq!(rung(&store, later), 0);
    }
    // Changing the hour on the same day brings no second one; nor does asking for it anew.
    set_monday(&store, &shop(), 7, Some(13), at("2026-03-02T09:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-02T13:00:00"), 0);
    assert_eq!(monday(&store, shop().id, 7).unwrap().unwrap().sent_for.as_deref(), Some("2026-03-02"));
    assert_eq!(rung(&store, "2026-03-09T13:00:00"), 2);
    set_monday(&store, &shop(), 7, None, at("2026-03-10T13:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-16T13:00:00"), 1, "only the other one");
    assert_eq!(weeks(&store), ["2026-03-02", "2026-03-02", "2026-03-09", "2026-03-09", "2026-03-16"]);
    set_monday(&store, &shop(), 7, Some(8), at("2026-03-23T07:00:00")).unwrap();
    set_monday(&store, &shop(), 7, None, at("2026-03-23T07:00:00")).unwrap();
    set_monday(&store, &shop(), 9, None, at("2026-03-23T07:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-23T12:00:00"), 0);
    assert_eq!(Timers::next_due(&store).unwrap(), None);
}

#[test]
fn a_late_page_is_sent_and_an_old_one_is_not() {
    let check = |now: &str, expected: u32, then: &str| {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        set_monday(&store, &shop(), 7, Some(8), at("2026-02-26T10:00:00")).unwrap();
        assert_eq!(rung(&store, now), expected, "{now}");
        assert_eq!(Timers::next_due(&store).unwrap().map(Timestamp), Some(at(then)));
    };
    check("2026-03-03T22:00:00", 1, "2026-03-09T08:00:00");
    check("2026-03-06T22:00:00", 0, "2026-03-09T08:00:00");
    check("2026-04-01T22:00:00", 0, "2026-04-06T08:00:00");
}

#[test]
fn timers_that_a_rebuild_took_are_set_again_and_nothing_is_sent_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    set_monday(&store, &shop(), 7, Some(8), at("2026-02-26T10:00:00")).unwrap();
    store.clear_derived().unwrap();
    assert_eq!(rung(&store, "2026-03-02T08:00:00"), 0, "the timer is gone");
    prepare(&store, &[shop()], at("2026-03-02T09:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-02T09:00:00"), 1, "what was missed this morning is sent");
    store.clear_derived().unwrap();
    prepare(&store, &[shop()], at("2026-03-02T10:00:00")).unwrap();
    prepare(&store, &[shop()], at("2026-03-02T10:00:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-02T10:00:00"), 0);
    assert_eq!(rung(&store, "2026-03-09T08:00:00"), 1);
}

const DIRECTORY: &str = "THROUGHLINE_TEST_DIE_IN";

/// Runs in a process of its own, which dies where it stands.
#[test]
fn ring_and_die() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let store = open(Path::new(&dir));
    rung(&store, "2026-03-02T08:00:00");
    std::process::abort();
}

#[test]
fn a_process_that_dies_between_ringing_and_sending_sends_once() {
    let dir = tempfile::tempdir().unwrap();
    set_monday(&open(dir.path()), &shop(), 7, Some(8), at("2026-02-26T10:00:00")).unwrap();
    for _ in 0..3 {
        let died = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mondays::ring_and_die"])
            .env(DIRECTORY, dir.path())
            .output()
            .unwrap();
        assert!(!died.status.success(), "it was to die");
    }
    let store = open(dir.path());
    prepare(&store, &[shop()], at("2026-03-02T08:05:00")).unwrap();
    assert_eq!(rung(&store, "2026-03-02T08:05:00"), 0);
    let waiting = Outbox::waiting(&store, i64::MAX, 10).unwrap();
    assert_eq!(waiting.len(), 1, "it waits in the outbox, once");
    Outbox::left(&store, waiting[0].position, 1).unwrap();
    assert_eq!(rung(&store, "2026-03-02T09:00:00"), 0);
    assert!(outbox(&store).is_empty());
}
