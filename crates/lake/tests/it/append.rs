use crate::world::{BUCKETS, Place, WORKSPACE, check, later, now, options, rows};
use throughline_lake::{Lake, LakeError, LakeOptions, Redirects};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_append_is_the_same_append() {
    let place = Place::new();
    let lake = place.open().await;
    let none = Redirects::default();
    assert_eq!(lake.covered_position().await.unwrap(), None);
    let first = rows(0..100, 20);
    let done = lake.append(99, first.clone(), now()).await.unwrap();
    assert_eq!((done.rows, done.covered), (100, 99));
    let files = place.data_files();
    assert_eq!(files.len(), usize::from(BUCKETS));

    // The same again, and a part of it again: nothing happens.
    for covers in [99, 50] {
        let part: Vec<_> = first.iter().filter(|r| r.position <= covers).cloned().collect();
        assert_eq!(lake.append(covers, part, now()).await.unwrap().rows, 0);
    }
    assert_eq!(place.data_files(), files);

    // A batch that overlaps what is covered brings only what is new; another opener sees it all.
    let all = rows(0..180, 20);
    let done = lake.append(179, all[60..].to_vec(), now()).await.unwrap();
    assert_eq!((done.rows, done.covered), (80, 179));
    drop(lake);
    let lake = place.open().await;
    assert_eq!(lake.covered_position().await.unwrap(), Some(179));
    check(&lake, &all, &none).await;

    // Positions without rows are covered too.
    lake.append(500, Vec::new(), now()).await.unwrap();
    assert_eq!(lake.covered_position().await.unwrap(), Some(500));
    let beyond = lake.append(600, rows(700..701, 1), now()).await.unwrap_err();
    assert!(matches!(beyond, LakeError::Beyond { position: 700, covers: 600 }), "{beyond}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_files_and_commit_doubles_nothing() {
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..300, 30);
    lake.append(99, all[..100].to_vec(), now()).await.unwrap();
    lake.append(299, all[100..].to_vec(), now()).await.unwrap();
    let log = place.table().join("_delta_log");
    // As if the second commit had never been made: its files are orphans.
    std::fs::remove_file(log.join("00000000000000000002.json")).unwrap();
    let before = place.data_files();
    let lake = place.open().await;
    assert_eq!(lake.covered_position().await.unwrap(), Some(99));
    check(&lake, &all[..100], &Redirects::default()).await;
    // The ledger is read again, in other portions.
    lake.append(199, all[100..200].to_vec(), now()).await.unwrap();
    lake.append(299, all[200..].to_vec(), now()).await.unwrap();
    check(&lake, &all, &Redirects::default()).await;
    // A young orphan stays — somebody might be about to commit it —, an old one goes.
    assert_eq!(lake.vacuum(now()).await.unwrap().files, 0);
    let swept = lake.vacuum(later(2)).await.unwrap();
    assert_eq!(swept.files, before.iter().filter(|f| f.contains("00100-00000000000000000299")).count());
    assert!(swept.files > 0 && swept.bytes > 0);
    check(&lake, &all, &Redirects::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openings_that_do_not_fit_are_refused() {
    let place = Place::new();
    drop(place.open().await);
    let data = place.0.path().to_str().unwrap();
    let other = LakeOptions { buckets: 8, ..options() };
    let error = Lake::open(data, WORKSPACE, other).await.err().unwrap();
    assert!(error.to_string().ends_with("has 4 buckets where the workspace has 8"), "{error}");
    let odd = LakeOptions { buckets: 6, ..options() };
    assert!(matches!(Lake::open(data, WORKSPACE, odd).await.err(), Some(LakeError::BucketCount(6))));
}
