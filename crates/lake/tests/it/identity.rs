use crate::world::{BUCKETS, Place, check, expected, now, person, rows};
use throughline_lake::Redirects;
use throughline_timeline::bucket_of;

/// Two people of different buckets and the redirect that makes them one.
fn couple() -> (u64, u64) {
    let a = person(0);
    let b = (1..).map(person).find(|p| bucket_of(*p, BUCKETS) != bucket_of(a, BUCKETS)).unwrap();
    (a.min(b), a.max(b))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_across_buckets_and_its_unmerge_are_read_at_once_and_after_compaction() {
    let place = Place::new();
    let lake = place.open().await;
    let all = rows(0..400, 12);
    for part in 0..4 {
        let covers = part * 100 + 99;
        lake.append(covers, all[part as usize * 100..=covers as usize].to_vec(), now()).await.unwrap();
    }
    let (kept, gone) = couple();
    let merged = Redirects::new([(gone, kept)]);
    let own = |id| all.iter().filter(|r| r.customer == id).count();
    assert!(own(kept) > 0 && own(gone) > 0);

    check(&lake, &all, &merged).await;
    let story = lake.scan_customer(kept, &merged).await.unwrap();
    assert_eq!(story.len(), own(kept) + own(gone));
    assert_eq!(story, expected(&all, &merged, |c| c == kept));
    assert!(lake.scan_customer(gone, &merged).await.unwrap().is_empty());

    // Compaction folds the redirect in: the answer is the same without the overlay.
    let done = lake.compact(&merged, now()).await.unwrap();
    assert_eq!((done.rows_moved, done.covered), (own(gone) as u64, Some(399)));
    check(&lake, &all, &merged).await;
    let folded = lake.reader().await.unwrap();
    for id in [kept, gone] {
        let got = folded.scan_customer(id, &Redirects::default()).await.unwrap();
        assert_eq!(got, expected(&all, &merged, |c| c == id));
    }
    assert_eq!(lake.verify().await.unwrap().rows, 400);
    assert!(lake.verify().await.unwrap().faults.is_empty());

    // The unmerge gives the node back, at once and after another compaction.
    let unmerged = Redirects::new([(gone, gone)]);
    check(&lake, &all, &unmerged).await;
    assert_eq!(lake.scan_customer(gone, &unmerged).await.unwrap().len(), own(gone));
    let done = lake.compact(&unmerged, now()).await.unwrap();
    assert_eq!(done.rows_moved, own(gone) as u64);
    check(&lake, &all, &Redirects::default()).await;
    // Nothing is left to do.
    let idle = lake.compact(&unmerged, now()).await.unwrap();
    assert_eq!((idle.files_removed, idle.rows_moved), (0, 0));
}
