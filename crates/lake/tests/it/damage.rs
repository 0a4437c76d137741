use crate::world::{Place, now, rows};
use throughline_lake::{FileFault, LakeError, Redirects};

fn fault(error: &LakeError) -> (&str, &FileFault) {
    match error {
        LakeError::File { path, fault } => (path, fault),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_file_is_named_and_never_skipped() {
    let place = Place::new();
    let lake = place.open().await;
    lake.append(399, rows(0..400, 40), now()).await.unwrap();
    assert!(lake.verify().await.unwrap().faults.is_empty());
    let files = place.data_files();

    std::fs::remove_file(place.table().join(&files[0])).unwrap();
    let short = std::fs::read(place.table().join(&files[1])).unwrap();
    std::fs::write(place.table().join(&files[1]), &short[..short.len() - 9]).unwrap();
    let mut bytes = std::fs::read(place.table().join(&files[2])).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle..middle + 64].fill(0xff);
    std::fs::write(place.table().join(&files[2]), bytes).unwrap();

    let verified = lake.verify().await.unwrap();
    assert_eq!((verified.files, verified.faults.len()), (4, 3));
    let faults: Vec<_> = verified.faults.iter().map(fault).collect();
    assert_eq!(faults[0], (files[0].as_str(), &FileFault::Missing));
    assert_eq!(faults[1].0, files[1]);
    assert!(matches!(faults[1].1, FileFault::Size { .. }), "{:?}", faults[1]);
    assert_eq!(faults[2].0, files[2]);
    let said = verified.faults[0].to_string();
    assert!(said.contains("is missing; restore it from a backup, or delete"), "{said}");

    for (bucket, file) in files.iter().enumerate().take(3) {
        let error = lake.read_bucket(bucket as u16, &Redirects::default()).await.unwrap_err();
        assert_eq!(fault(&error).0, file);
    }
    lake.read_bucket(3, &Redirects::default()).await.unwrap();
}
