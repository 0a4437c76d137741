use crate::world::{Place, check, later, now, rows};
use throughline_lake::{LakeError, Redirects};

#[tokio::test(flavor = "multi_thread")]
async fn compaction_outruns_no_reader() {
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..600, 40);
    for part in all.chunks(100) {
        lake.append(part[99].position, part.to_vec(), now()).await.unwrap();
    }
    let none = Redirects::default();
    let reader = lake.reader().await.unwrap();
    let before = place.data_files();
    let done = lake.compact(&none, now()).await.unwrap();
    assert_eq!((done.files_removed, done.files_added, done.rows), (24, 4, 600));
    let stats = lake.stats().await.unwrap();
    assert_eq!((stats.files, stats.rows, stats.most_files_in_a_bucket, stats.covered), (4, 600, 1, Some(599)));
    assert!(stats.unnamed_bytes > 0);

    // Long after the retention time the reader still holds its files.
    let kept = lake.vacuum(later(48)).await.unwrap();
    assert_eq!((kept.files, kept.kept), (0, 24));
    for bucket in 0..4 {
        let old = reader.read_bucket(bucket, &none).await.unwrap();
        assert_eq!(old, lake.read_bucket(bucket, &none).await.unwrap());
    }
    drop(reader);
    // Nobody in this process holds them, but somebody outside might: the retention time.
    assert_eq!(lake.vacuum(now()).await.unwrap().files, 0);
    assert_eq!(lake.vacuum(later(48)).await.unwrap().files, before.len());
    assert_eq!(place.data_files().len(), 4);
    assert_eq!(lake.stats().await.unwrap().unnamed_bytes, 0);
    check(&lake, &all, &none).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_and_compactions_at_the_same_time_lose_and_double_nothing() {
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..1200, 40);
    let compactor = tokio::spawn({
        let lake = lake.clone();
        async move {
            let mut commits = 0;
            for _ in 0..6 {
                match lake.compact(&Redirects::default(), now()).await {
                    Ok(done) => commits += done.files_added,
                    Err(LakeError::Busy { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
                tokio::task::yield_now().await;
            }
            commits
        }
    });
    for part in all.chunks(100) {
        lake.append(part[99].position, part.to_vec(), now()).await.unwrap();
    }
    compactor.await.unwrap();
    lake.compact(&Redirects::default(), now()).await.unwrap();
    check(&lake, &all, &Redirects::default()).await;
    assert_eq!(lake.stats().await.unwrap().rows, 1200);
}
