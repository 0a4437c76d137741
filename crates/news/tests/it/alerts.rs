use crate::{at, open, shop};
use std::sync::Arc;
use throughline_interactions::Timestamp;
use throughline_journeys::{Line, Series, Weeks, default_definitions};
use throughline_news::{
    Alert, Channel, Errand, JourneyNews, News, Quiet, Told, What, add_alert, alerts, mute, notice, remove_alert,
    set_quiet,
};
use throughline_store::{Outbox, Store};
use throughline_value::change::share_change;

/// News in which these series stand out; `up` is worse for all but `started`.
fn news(changed: &[(&str, Series, bool)]) -> News {
    let before = vec![(100, 1_000); 8];
    let told = changed
        .iter()
        .map(|(key, series, up)| {
            let change = share_change(&before, (if *up { 200 } else { 20 }, 1_000));
            let (from, until) = (Timestamp(0), Timestamp(1));
            let line = Line { series: *series, from, until, points: Vec::new(), medians: None, change, q: 0.001 };
            Told { key: (*key).to_owned(), line, customers: 200, spent: None }
        })
        .collect();
    let definition = default_definitions().remove(0);
    let weeks = Weeks { journey: definition.key.clone(), data_until: Timestamp(0), lines: Vec::new() };
    News { journeys: vec![JourneyNews { definition, weeks: Arc::new(weeks), told }], joins: None }
}

const UNHAPPY: (&str, Series, bool) = ("unhappy/up", Series::Unhappy, true);
const FEWER: (&str, Series, bool) = ("started/down", Series::Started, false);
const SLOWER: (&str, Series, bool) = ("slow/up", Series::Slow { stage: 1, seconds: 60 }, true);
const HAPPIER: (&str, Series, bool) = ("unhappy/down", Series::Unhappy, false);

fn add(store: &Store, what: What) -> u64 {
    let alert = Alert {
        id: 0,
        workspace: shop().id,
        what,
        channel: Channel::Mail,
        target: "team@shop.example".into(),
        secret: String::new(),
        muted_at: None,
        created_at: at("2026-03-01T12:00:00"),
        created_by: "somebody".into(),
    };
    store.write(|tx| add_alert(tx, &alert)).unwrap();
    alerts(store, shop().id).unwrap().last().unwrap().id
}

/// Looks, and tells what is put into the outbox: which alert tells which sentences, and when.
fn look(store: &Store, changed: &[(&str, Series, bool)], now: &str) -> Vec<(u64, Vec<String>, bool)> {
    let now = at(now);
    notice(store, &shop(), &news(changed), now).unwrap();
    let mut told = Vec::new();
    for out in Outbox::waiting(store, i64::MAX, 100).unwrap() {
        let now_at_once = Outbox::waiting(store, now.0, 100).unwrap().iter().any(|o| o.position == out.position);
        let Some(Errand::Alert { alert, sentences }) = Errand::parse(&out.body) else { panic!("{}", out.body) };
        told.push((alert, sentences, now_at_once));
        Outbox::left(store, out.position, now.0).unwrap();
    }
    told
}

#[test]
fn a_change_is_told_once_for_as_long_as_it_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let id = add(&store, What::New);
    assert_eq!(look(&store, &[UNHAPPY], "2026-03-02T10:00:00"), [(id, vec!["unhappy/up".into()], true)]);
    for again in ["2026-03-02T10:00:00", "2026-03-02T11:00:00", "2026-03-09T11:00:00", "2026-03-16T11:00:00"] {
        assert!(look(&store, &[UNHAPPY], again).is_empty(), "{again}");
    }
    let told = look(&store, &[UNHAPPY, SLOWER, FEWER], "2026-03-16T12:00:00");
    assert_eq!(told, [(id, vec!["slow/up".into(), "started/down".into()], true)], "in one message");
    // It was gone for two weeks: when it comes back, it is news.
    assert!(look(&store, &[], "2026-03-17T12:00:00").is_empty());
    assert_eq!(look(&store, &[UNHAPPY], "2026-03-31T12:00:00").len(), 1);
}

#[test]
fn people_joined_unusually_fast_are_told_of_once_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    add(&store, What::New);
    add(&store, What::Falls);
    let unusual = |hour: &str| {
        let hour = at(hour);
        let joins = throughline_pipeline::UnusualHour { hour, joined: 90, usual: 4.0, most: 15, hours: vec![4; 24] };
        News { joins: Some(joins), ..news(&[]) }
    };
    let told = |hour: &str, now: &str| notice(&store, &shop(), &unusual(hour), at(now)).unwrap();
    assert_eq!(told("2026-03-02T09:00:00", "2026-03-02T10:00:00"), 1);
    assert_eq!(told("2026-03-02T10:00:00", "2026-03-02T11:00:00"), 0);
    assert_eq!(told("2026-03-03T10:00:00", "2026-03-03T11:00:00"), 1);
}

#[test]
fn falls_only_muted_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (falls, muted, gone) = (add(&store, What::Falls), add(&store, What::New), add(&store, What::New));
    store
        .write(|tx| {
            assert!(mute(tx, shop().id, muted, Some(at("2026-03-01T13:00:00")))?);
            assert!(remove_alert(tx, shop().id, gone)?);
            assert!(!remove_alert(tx, shop().id, gone)?);
            assert!(!mute(tx, throughline_interactions::WorkspaceId(2), muted, None)?);
            Ok(())
        })
        .unwrap();
    assert!(look(&store, &[SLOWER, HAPPIER], "2026-03-02T10:00:00").is_empty());
    let told = look(&store, &[SLOWER, HAPPIER, UNHAPPY, FEWER], "2026-03-02T11:00:00");
    assert_eq!(told, [(falls, vec!["unhappy/up".into(), "started/down".into()], true)]);
}

#[test]
fn what_was_known_before_the_alert_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    assert!(look(&store, &[UNHAPPY], "2026-03-02T09:00:00").is_empty());
    add(&store, What::New);
    assert!(look(&store, &[UNHAPPY], "2026-03-02T10:00:00").is_empty());
    assert_eq!(look(&store, &[UNHAPPY, FEWER], "2026-03-02T11:00:00").len(), 1);
}

#[test]
fn nothing_leaves_in_quiet_hours() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let id = add(&store, What::New);
    set_quiet(&store, shop().id, Some(Quiet { from: 20, until: 8 })).unwrap();
    notice(&store, &shop(), &news(&[UNHAPPY]), at("2026-03-02T22:00:00")).unwrap();
    let waiting = |now: &str| Outbox::waiting(&store, at(now).0, 10).unwrap().len();
    assert_eq!((waiting("2026-03-03T07:59:59"), waiting("2026-03-03T08:00:00")), (0, 1));
    assert_eq!(look(&store, &[UNHAPPY, FEWER], "2026-03-03T09:00:00").last().unwrap().0, id);
    set_quiet(&store, shop().id, Some(Quiet { from: 3, until: 3 })).unwrap();
    assert_eq!(throughline_news::quiet(&store, shop().id).unwrap(), None);
}
