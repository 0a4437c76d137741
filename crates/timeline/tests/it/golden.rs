//! Format 1, for ever: a file written once, opened and written again byte by byte.

use crate::rows::{row, settled};
use std::path::Path;
use throughline_timeline::{Segment, SegmentBuilder};

#[test]
fn format_1_is_read_and_written_for_ever() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/segment-v1.segment");
    let mut rows: Vec<_> = (0..160_u64).map(|i| row(i * 5 % 23 * 8 + 3, i % 40, i)).collect();
    let mut builder = SegmentBuilder::new(42, 3, 8);
    rows.iter().cloned().for_each(|r| builder.push(r));
    let built = builder.finish(160).unwrap();
    if !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, built.as_bytes()).unwrap();
        panic!("the fixture was missing and has been written: commit it");
    }
    assert!(std::fs::read(&path).unwrap() == built.as_bytes(), "the same rows no longer give the bytes of format 1");
    let segment = Segment::open(&path).unwrap();
    segment.verify().unwrap();
    assert_eq!((segment.workspace(), segment.bucket(), segment.buckets(), segment.covers()), (42, 3, 8, 160));
    rows.sort_by_key(|r| (r.customer, r.order));
    let back: Vec<_> = segment.iter().flat_map(|c| (0..c.len()).map(move |i| c.to_row(i))).collect();
    assert_eq!(back, rows.into_iter().map(settled).collect::<Vec<_>>());
}
