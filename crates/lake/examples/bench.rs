//! Measures appending, compacting, reading, SQL and erasing.
//! `cargo run --release -p throughline-lake --example bench -- 2000000`

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp, WorkspaceId};
use throughline_lake::{Lake, LakeOptions, Redirects, SessionView};
use throughline_timeline::Row;

fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn rows(range: std::ops::Range<u64>, people: u64) -> Vec<Row> {
    let events: Vec<Arc<str>> = (0..40).map(|n| Arc::from(format!("Event number {n}"))).collect();
    let (web, order): (Arc<str>, Arc<str>) = (Arc::from("web"), Arc::from("order"));
    let euro = Currency::new("EUR").expect("a currency");
    let row = |position: u64| {
        let r = mix(position);
        let customer = mix(r % people);
        Row {
            customer,
            node: customer,
            order: OrderKey {
                occurred_at: Timestamp(1_700_000_000_000_000 + (position * 1_300_000 + r % 60_000_000) as i64),
                source_seq: 0,
                message_prefix: 0x6d73_6700_0000_0000 + position,
                message_hash: mix(r),
            },
            position,
            event: events[(r >> 8) as usize % events.len()].clone(),
            channel: web.clone(),
            actor: Actor::Human,
            direction: Direction::In,
            money: r.is_multiple_of(8).then_some(Money { minor: (r % 20_000) as i64, currency: euro }),
            score: None,
            has_text: r.is_multiple_of(20),
            promise: None,
            subjects: r.is_multiple_of(4).then(|| (order.clone(), mix(r % (people * 3)))).into_iter().collect(),
            attributes: (0..2).map(|n| mix(r % 50 + n * 100)).collect(),
        }
    };
    range.map(row).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let batch: u64 = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let people = (count / 25).max(1);
    let now = || Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64));
    let folder = tempfile::tempdir()?;
    let data = folder.path().to_string_lossy().into_owned();
    let lake = Lake::open(&data, WorkspaceId(1), LakeOptions::default()).await?;
    let mut seconds = 0.0;
    for from in (0..count).step_by(batch as usize) {
        let part = rows(from..(from + batch).min(count), people);
        let start = Instant::now();
        lake.append((from + batch).min(count) - 1, part, now()).await?;
        seconds += start.elapsed().as_secs_f64();
    }
    println!("append   {:>9.0} rows/s in portions of {batch}", count as f64 / seconds);
    let sizes = lake.stats().await?;
    println!("         {} files, {:.1} bytes a row", sizes.files, sizes.bytes as f64 / sizes.rows as f64);
    let timed = |name: &str, start: Instant| {
        let s = start.elapsed().as_secs_f64();
        println!("{name:<8} {s:>9.3} s, {:.0} rows/s", count as f64 / s);
    };
    let redirects = Redirects::new((0..people / 50).map(|n| (mix(n * 2), mix(n * 2 + 1).min(mix(n * 2)))));
    let start = Instant::now();
    let done = lake.compact(&redirects, now()).await?;
    timed("compact", start);
    let sizes = lake.stats().await?;
    println!(
        "         {done:?}\n         {} files, {:.1} bytes a row",
        sizes.files,
        sizes.bytes as f64 / sizes.rows as f64
    );
    let start = Instant::now();
    let mut read = 0;
    for bucket in 0..lake.buckets() {
        read += lake.read_bucket(bucket, &Redirects::default()).await?.len();
    }
    assert_eq!(read as u64, count);
    timed("read", start);
    let start = Instant::now();
    println!("         {} rows", lake.scan_customer(mix(people / 2), &Redirects::default()).await?.len());
    println!("person   {:>9.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let session = lake.session(SessionView { redirects: redirects.clone(), tail: Vec::new() }).await?;
    for query in [
        "SELECT count(*), count(DISTINCT customer) FROM interactions",
        "SELECT event, count(*), sum(money_minor) FROM interactions GROUP BY event",
    ] {
        let start = Instant::now();
        session.sql(query).await?;
        timed("sql", start);
    }
    let start = Instant::now();
    let gone = mix(7);
    let erased = lake.erase(&[gone], &[gone], &Redirects::default(), now()).await?;
    timed("erase", start);
    println!("         {erased:?}");
    let start = Instant::now();
    assert!(lake.verify().await?.faults.is_empty());
    timed("verify", start);
    Ok(())
}
