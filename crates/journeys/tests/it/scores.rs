use crate::world::{DAY, EPOCH, row, snapshot, stars};
use throughline_interactions::Timestamp;
use throughline_journeys::{ScoresPass, ScoresState, TimeRange};
use throughline_timeline::{PassState, ScanOptions};

#[test]
fn scores_are_counted_by_kind_within_the_window() {
    let rows = (0..40).map(|i| stars(row(i, EPOCH + i as i64 * DAY, "Review Posted", i), (1 + i % 5) as f32)).collect();
    let snapshot = snapshot(rows, 4);
    let count = |range| snapshot.scan(&ScoresPass { range }, &ScanOptions::default()).unwrap();
    let all = count(None);
    assert_eq!(all.get("stars").map(|c| c.n()), Some(40));
    assert_eq!(all.get("nps"), None);
    let range = TimeRange { from: Timestamp(EPOCH + 10 * DAY), until: Timestamp(EPOCH + 20 * DAY) };
    assert_eq!(count(Some(range)).get("stars").map(|c| c.n()), Some(10));
    let mut bytes = Vec::new();
    all.encode(&mut bytes);
    assert_eq!(ScoresState::decode(&bytes), Ok(all));
}
