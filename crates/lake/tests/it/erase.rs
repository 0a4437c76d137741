use crate::world::{BUCKETS, Place, check, now, person, row, rows};
use deltalake::arrow::array::{Array, AsArray, RecordBatch};
use deltalake::arrow::datatypes::{DataType, Int64Type};
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::parquet::file::statistics::Statistics;
use std::collections::BTreeSet;
use throughline_lake::{LakeError, Redirects, SessionView};
use throughline_timeline::bucket_of;

/// Every whole number that a column holds, however nested; numbers in JSON texts too.
fn numbers_of(array: &dyn Array, found: &mut BTreeSet<i64>) {
    match array.data_type() {
        DataType::Int64 => found.extend(array.as_primitive::<Int64Type>().iter().flatten()),
        DataType::List(_) => numbers_of(array.as_list::<i32>().values(), found),
        DataType::Map(..) => numbers_of(array.as_map().entries(), found),
        DataType::Struct(_) => array.as_struct().columns().iter().for_each(|c| numbers_of(c.as_ref(), found)),
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().for_each(|t| numbers_in(t, found)),
        _ => {}
    }
}

fn numbers_in(json: &str, found: &mut BTreeSet<i64>) {
    fn walk(value: &serde_json::Value, found: &mut BTreeSet<i64>) {
        match value {
            serde_json::Value::Number(n) => found.extend(n.as_i64()),
            serde_json::Value::Array(a) => a.iter().for_each(|v| walk(v, found)),
            serde_json::Value::Object(o) => o.values().for_each(|v| walk(v, found)),
            serde_json::Value::String(s) => numbers_in(s, found),
            _ => {}
        }
    }
    if let Ok(value) = serde_json::from_str(json) {
        walk(&value, found);
    }
}

/// Which files of the table mention one of the ids, each opened with its own reader, its
/// statistics and its plain bytes included.
fn mentions(place: &Place, ids: &[u64]) -> Vec<String> {
    let mentioned = |file: &String| {
        let path = place.table().join(file);
        let bytes = std::fs::read(&path).unwrap();
        let mut found = BTreeSet::new();
        if file.ends_with(".parquet") {
            let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
            for column in reader.metadata().row_groups().iter().flat_map(|g| g.columns()) {
                if let Some(Statistics::Int64(s)) = column.statistics() {
                    found.extend(s.min_opt().into_iter().chain(s.max_opt()));
                }
            }
            let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
            for column in batches.iter().flat_map(RecordBatch::columns) {
                numbers_of(column.as_ref(), &mut found);
            }
        } else {
            String::from_utf8_lossy(&bytes).lines().for_each(|line| numbers_in(line, &mut found));
        }
        let plain = |id: &u64| bytes.windows(8).any(|w| w == id.to_le_bytes());
        let written = |id: &u64| {
            let text = String::from_utf8_lossy(&bytes);
            text.contains(&(*id as i64).to_string()) || text.contains(&id.to_string())
        };
        ids.iter().any(|id| found.contains(&(*id as i64)) || plain(id) || written(id))
    };
    place.files().into_iter().filter(mentioned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_mentions_an_erased_person() {
    let place = Place::new();
    let lake = place.open().await;
    // The smallest signed number of its bucket, so that it is the minimum in every statistics;
    // a second node in another bucket, which was merged into it.
    let customer = (1 << 63) | 5;
    let second = (1 << 63) | 6;
    assert_ne!(bucket_of(customer, BUCKETS), bucket_of(second, BUCKETS));
    let mut all = rows(0..500, 30);
    for (n, r) in all.iter_mut().enumerate().filter(|(n, _)| n % 10 < 2) {
        let id = if n % 10 == 0 { customer } else { second };
        *r = row(r.position, id, id);
    }
    for part in all[..400].chunks(100) {
        lake.append(part[99].position, part.to_vec(), now()).await.unwrap();
    }
    let redirects = Redirects::new([(second, customer)]);
    // Old files that compaction left behind, and a checkpoint that remembers their statistics.
    let table = deltalake::open_table(deltalake::ensure_table_uri(place.table().to_str().unwrap()).unwrap());
    deltalake::checkpoints::create_checkpoint(&table.await.unwrap(), None).await.unwrap();
    lake.compact(&Redirects::default(), now()).await.unwrap();
    lake.append(499, all[400..].to_vec(), now()).await.unwrap();

    let before = mentions(&place, &[customer, second]);
    for kind in ["bucket=", ".checkpoint.parquet", ".json"] {
        assert!(before.iter().any(|f| f.contains(kind)), "the control finds nothing in {kind}: {before:?}");
    }
    assert!(before.len() > 12, "{before:?}");

    let reader = lake.reader().await.unwrap();
    let session = lake.session(SessionView::default()).await.unwrap();
    let erased = lake.erase(&[customer], &[customer, second], &redirects, now()).await.unwrap();
    assert_eq!((erased.rows, erased.log_entries_deleted > 5), (100, true), "{erased:?}");
    assert_eq!(mentions(&place, &[customer, second]), Vec::<String>::new());

    // Everybody else is untouched, for this process and for the next, and life goes on.
    all.retain(|r| ![customer, second].contains(&r.customer));
    check(&lake, &all, &redirects).await;
    let outrun = reader.read_bucket(bucket_of(customer, BUCKETS), &redirects).await.unwrap_err();
    assert!(matches!(outrun, LakeError::Erased { .. }), "{outrun}");
    let outrun = session.sql("SELECT sum(customer) FROM interactions").await.unwrap_err();
    assert!(matches!(outrun, LakeError::Erased { .. }), "{outrun}");
    drop((lake, reader, session));
    let lake = place.open().await;
    assert_eq!(lake.covered_position().await.unwrap(), Some(499));
    let more = rows(500..600, 30);
    lake.append(599, more.clone(), now()).await.unwrap();
    all.extend(more);
    check(&lake, &all, &redirects).await;
    assert!(lake.verify().await.unwrap().faults.is_empty());
    let session = lake.session(SessionView::default()).await.unwrap();
    let counted = session.sql("SELECT count(*) AS n FROM interactions").await.unwrap();
    assert_eq!(counted.longs("n"), Some(vec![all.len() as i64]));

    // Again: nothing is found, nothing is harmed; upkeep goes on over the shortened log.
    let again = lake.erase(&[customer], &[customer, second], &redirects, now()).await.unwrap();
    assert_eq!((again.rows, again.files_rewritten), (0, 0));
    lake.vacuum(now()).await.unwrap();
    lake.compact(&redirects, now()).await.unwrap();
    check(&lake, &all, &redirects).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_others_under_the_erased_id_are_kept_and_moved_away_from_it() {
    let place = Place::new();
    let lake = place.open().await;
    // Once one person, `a` and `b` were unmerged; the rows of `b` are still stored under `a`.
    let (a, b) = (person(1).min(person(2)), person(1).max(person(2)));
    let mut all: Vec<_> = (0..40).map(|p| row(p, a, if p % 2 == 0 { a } else { b })).collect();
    lake.append(39, all.clone(), now()).await.unwrap();
    let unmerged = Redirects::new([(b, b)]);
    let erased = lake.erase(&[a], &[a], &unmerged, now()).await.unwrap();
    assert_eq!(erased.rows, 20);
    all.retain(|r| r.node == b);
    check(&lake, &all, &unmerged).await;
    assert_eq!(mentions(&place, &[a]), Vec::<String>::new());
}
