//! Rows from a seed, the oracle that says what a read must answer, and a lake in a directory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp, WorkspaceId};
use throughline_lake::{Lake, LakeOptions, Redirects};
use throughline_timeline::{Row, RowPromise, RowScore, bucket_of};

pub const BUCKETS: u16 = 4;
pub const WORKSPACE: WorkspaceId = WorkspaceId(7);

/// A number that looks random and is the same every time.
pub fn mix(n: u64) -> u64 {
    let z = (n.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The row at a ledger position: every optional part is there now and then.
pub fn row(position: u64, customer: u64, node: u64) -> Row {
    let r = mix(position);
    let time = |n: u64| Timestamp(1_700_000_000_000_000 + (n % 40_000_000_000) as i64);
    let events = ["Order Completed", "Page Viewed", "Ticket Opened", "Delivered"];
    Row {
        customer,
        node,
        order: OrderKey {
            occurred_at: time(r),
            source_seq: (r % 3) as u32,
            message_prefix: mix(r),
            message_hash: mix(r ^ 1),
        },
        position,
        event: Arc::from(events[(r % 4) as usize]),
        channel: Arc::from(["", "web", "store"][(r % 3) as usize]),
        actor: [Actor::Human, Actor::Agent, Actor::Bot, Actor::Prefetch, Actor::System][(r % 5) as usize],
        direction: [Direction::In, Direction::Out][(r % 2) as usize],
        money: r.is_multiple_of(4).then(|| Money {
            minor: (r % 100_000) as i64 - 500,
            currency: Currency::new(["EUR", "USD"][(r % 8 / 4) as usize]).unwrap(),
        }),
        score: r.is_multiple_of(7).then(|| RowScore {
            kind: Arc::from("nps"),
            value: (r % 11) as f32,
            min: 0.0,
            max: 10.0,
        }),
        has_text: r.is_multiple_of(6),
        promise: r.is_multiple_of(9).then(|| RowPromise {
            kind: Arc::from("delivery"),
            due: time(r ^ 2),
            deadline: time(r ^ 4),
            day_deadline: time(r ^ 8),
        }),
        subjects: (0..r % 3).map(|n| (Arc::from(["order", "ticket"][(n % 2) as usize]), mix(r ^ n))).collect(),
        attributes: (0..r % 4).map(|n| mix(r % 20 + n)).collect(),
    }
}

/// Rows of `people` customers, each its own single node, at the positions given.
pub fn rows(positions: std::ops::Range<u64>, people: u64) -> Vec<Row> {
    positions
        .map(|p| {
            let customer = person(mix(p ^ 0xabc) % people);
            row(p, customer, customer)
        })
        .collect()
}

/// The id of the nth person: a large number with either sign bit, in any bucket.
pub fn person(n: u64) -> u64 {
    mix(n ^ 0xdead_beef)
}

/// What a bucket must answer.
pub fn expected_bucket(rows: &[Row], redirects: &Redirects, bucket: u16) -> Vec<Row> {
    expected(rows, redirects, |c| bucket_of(c, BUCKETS) == bucket)
}

/// What a read that passes some customers must answer.
pub fn expected(rows: &[Row], redirects: &Redirects, passes: impl Fn(u64) -> bool) -> Vec<Row> {
    let mut all: Vec<Row> = rows
        .iter()
        .cloned()
        .map(|mut r| {
            r.customer = redirects.customer_now(r.node, r.customer);
            r
        })
        .filter(|r| passes(r.customer))
        .collect();
    all.sort_by_key(|r| (r.customer, r.order, r.position));
    all
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(since.as_micros() as i64)
}

pub fn later(hours: i64) -> Timestamp {
    Timestamp(now().0 + hours * 3_600_000_000)
}

pub fn options() -> LakeOptions {
    LakeOptions { buckets: BUCKETS, small_files: 2, retention: Duration::from_secs(3600), ..LakeOptions::default() }
}

pub struct Place(pub TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub async fn open(&self) -> Lake {
        Lake::open(self.0.path().to_str().unwrap(), WORKSPACE, options()).await.unwrap()
    }

    pub fn table(&self) -> std::path::PathBuf {
        self.0.path().join(format!("lake/{WORKSPACE}/interactions"))
    }

    /// Every file of the table, relative to it.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.table()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(self.table()).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    pub fn data_files(&self) -> Vec<String> {
        self.files().into_iter().filter(|f| !f.starts_with("_delta_log")).collect()
    }
}

/// The whole lake, bucket by bucket, against the oracle.
pub async fn check(lake: &Lake, rows: &[Row], redirects: &Redirects) {
    for bucket in 0..BUCKETS {
        let got = lake.read_bucket(bucket, redirects).await.unwrap();
        assert_eq!(got, expected_bucket(rows, redirects, bucket), "bucket {bucket}");
    }
}
