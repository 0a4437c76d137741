//! Segments give back what they were given.

use crate::rows::{row, settled};
use throughline_timeline::{Segment, SegmentBuilder, Snapshot};

#[test]
fn rows_come_back_in_order_whatever_their_arrival() {
    let mut rows: Vec<_> = (0..9_000_u64).map(|i| row(i * 7 % 613 * 4, i % 11, i)).collect();
    let build = |rows: &[throughline_timeline::Row]| {
        let mut builder = SegmentBuilder::new(1, 0, 4);
        rows.iter().cloned().for_each(|r| builder.push(r));
        builder.finish(9).unwrap()
    };
    let unsorted = build(&rows);
    rows.sort_by_key(|r| (r.customer, r.order));
    let sorted = build(&rows);
    assert_eq!(unsorted.as_bytes(), sorted.as_bytes());
    let back: Vec<_> = sorted.iter().flat_map(|c| (0..c.len()).map(move |i| c.to_row(i))).collect();
    assert_eq!(back, rows.iter().cloned().map(settled).collect::<Vec<_>>());

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("segment");
    std::fs::write(&path, sorted.as_bytes()).unwrap();
    let opened = Segment::open(&path).unwrap();
    opened.verify().unwrap();
    let again: Vec<_> = opened.iter().flat_map(|c| (0..c.len()).map(move |i| c.to_row(i))).collect();
    assert_eq!(back, again);

    let snapshot = Snapshot::of_rows(rows.clone(), 4);
    assert_eq!(snapshot.rows(), rows.len());
    for id in snapshot.customer_ids(0) {
        let expected: Vec<_> = back.iter().filter(|r| r.customer == id).cloned().collect();
        assert_eq!(snapshot.customer_rows(id).unwrap(), Some(expected));
    }
}

#[test]
fn more_than_256_names_take_two_bytes() {
    let mut rows: Vec<_> = (0..9_000_u64).map(|i| row(i % 400, i % 11, i)).collect();
    for (i, row) in rows.iter_mut().enumerate() {
        row.event = format!("Event {}", i % 400).into();
        row.channel = format!("channel {}", i % 300).into();
    }
    let mut builder = SegmentBuilder::new(1, 0, 1);
    rows.iter().cloned().for_each(|r| builder.push(r));
    let segment = builder.finish(9).unwrap();
    assert!(matches!(segment.iter().next().unwrap().event_codes(), throughline_timeline::Codes::Wide(_)));
    rows.sort_by_key(|r| (r.customer, r.order));
    let back: Vec<_> = segment.iter().flat_map(|c| (0..c.len()).map(move |i| c.to_row(i))).collect();
    assert_eq!(back, rows.iter().cloned().map(settled).collect::<Vec<_>>());
    let code = segment.event_code("Event 7").unwrap();
    assert_eq!(segment.event_code("Event 400"), None);
    for customer in &segment {
        assert!(customer.id != 7 || customer.may_have(code));
        let rows = (0..customer.len()).filter(|&i| customer.event(i) == code).count();
        assert_eq!(rows > 0, customer.id == 7);
    }
    // Customer 7 is in the first of three blocks.
    assert_eq!([0, 1, 2].map(|block| segment.block_has(block, code)), [true, false, false]);
    assert_eq!(segment.customer(399).unwrap().id, 399);
    assert!(segment.customer(400).is_none());
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut late = row(1, 1, 1);
    late.order.occurred_at.0 = 5_000_000_000_000_000;
    let mut builder = SegmentBuilder::new(1, 0, 1);
    builder.push(late);
    assert_eq!(builder.finish(1).unwrap_err().to_string(), "the time 5000000000000000 µs does not fit a timeline");
    let mut builder = SegmentBuilder::new(1, 0, 1);
    for i in 0..65_537 {
        let mut row = row(i, i, i);
        row.event = format!("{i}").into();
        builder.push(row);
    }
    assert_eq!(
        builder.finish(1).unwrap_err().to_string(),
        "65537 different events in one bucket; a timeline holds 65536 of them"
    );
    let empty = SegmentBuilder::new(1, 0, 1).finish(0).unwrap();
    assert_eq!((empty.rows(), empty.iter().count()), (0, 0));
}
