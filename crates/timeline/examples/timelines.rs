//! How quick the hot tier is: `cargo run --release -p throughline-timeline --example timelines [rows] [customers]`.
//!
//! Makes rows of a skewed world (Pareto, most customers few, some thousands), writes them into a
//! temporary directory, opens it, scans it, lives on it and flushes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};
use throughline_timeline::{Changes, Counts, Moved, Row, ScanOptions, Segment, Snapshot, Timeline};

const BUCKETS: u16 = 16;

fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

struct World {
    events: Vec<Arc<str>>,
    channels: Vec<Arc<str>>,
    order: Arc<str>,
    eur: Currency,
    customers: u64,
    mean: f64,
}

impl World {
    fn ids(&self, bucket: u16) -> Vec<u64> {
        let of = |k: u64| mix(k) & !u64::from(BUCKETS - 1) | u64::from(bucket);
        let mut ids: Vec<_> =
            (0..self.customers / u64::from(BUCKETS)).map(|k| of(k * 16 + u64::from(bucket))).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Pareto with shape 1.5, at most 20,000.
    fn len(&self, id: u64) -> u64 {
        let u = (mix(id ^ 0x55) >> 11) as f64 / (1_u64 << 53) as f64;
        ((self.mean / 3.0) * (1.0 - u).powf(-1.0 / 1.5)).clamp(1.0, 20_000.0) as u64
    }

    fn row(&self, id: u64, i: u64) -> Row {
        let h = mix(id ^ mix(i));
        // Few types are common and many are rare, as in life.
        let skewed = (h % 30 * (h >> 8 & 31) / 31) as usize;
        Row {
            customer: id,
            node: if h.is_multiple_of(10) { id ^ 1 << 40 } else { id },
            order: OrderKey {
                occurred_at: Timestamp(1_600_000_000_000_000 + ((i % 20_000) * 5_000 + h % 5_000) as i64 * 1_000_000),
                source_seq: 0,
                message_prefix: h,
                message_hash: mix(h),
            },
            position: i,
            event: Arc::clone(&self.events[skewed]),
            channel: Arc::clone(&self.channels[(h >> 20) as usize % self.channels.len()]),
            actor: Actor::Human,
            direction: Direction::In,
            money: (h % 20 == 1).then_some(Money { minor: (h >> 40) as i64, currency: self.eur }),
            score: None,
            has_text: h % 50 == 2,
            promise: None,
            subjects: if h % 5 == 3 { vec![(Arc::clone(&self.order), mix(h ^ 9))] } else { Vec::new() },
            attributes: vec![mix(h % 5_000), mix((h >> 16) % 40 + 10_000)],
        }
    }
}

/// Seconds of processor time of this process, in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 =
        stat.rsplit(')').next().unwrap_or("").split(' ').skip(12).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

fn timed<T>(what: &str, rows: usize, f: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), cpu());
    let out = f();
    let (s, c) = (start.elapsed().as_secs_f64(), cpu() - before);
    let per_core =
        if c >= 0.1 { format!("{:>8.1} M rows/s of processor", rows as f64 / c / 1e6) } else { String::new() };
    println!("{what:<54} {:>9.1} ms {:>8.1} M rows/s {per_core}", s * 1e3, rows as f64 / s / 1e6);
    out
}

fn scan(snapshot: &Snapshot, what: &str, pass: &Counts, threads: usize) {
    let options = ScanOptions { threads: NonZeroUsize::new(threads), ..ScanOptions::default() };
    let run = || {
        let state = snapshot.scan(pass, &options).expect("a sound file");
        assert_eq!(state.rows, snapshot.rows() as u64);
    };
    timed(&format!("{what}, {threads} thread(s), first time"), snapshot.rows(), run);
    timed(&format!("{what}, {threads} thread(s), ten times more"), snapshot.rows() * 10, || {
        (0..10).for_each(|_| run())
    });
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let rows = args.next().transpose()?.unwrap_or(20_000_000);
    let customers = args.next().transpose()?.unwrap_or(500_000);
    let world = World {
        events: (0..30).map(|i| format!("Event {i:02}").into()).collect(),
        channels: ["web", "app", "store", "email", "phone"].map(Arc::from).to_vec(),
        order: "order".into(),
        eur: Currency::new("EUR")?,
        customers,
        mean: rows as f64 / customers as f64,
    };
    let dir = tempfile::tempdir()?;
    let (mut timeline, _) = Timeline::open(dir.path(), 1, BUCKETS)?;
    let start = (Instant::now(), cpu());
    let made = timeline.rebuild(1, |bucket| {
        let world = &world;
        let ids = world.ids(bucket);
        let rows = ids.into_iter().flat_map(move |id| (0..world.len(id)).map(move |i| Ok(world.row(id, i))));
        Ok::<_, std::io::Error>(rows)
    })?;
    let (s, c) = (start.0.elapsed().as_secs_f64(), cpu() - start.1);
    println!("rebuilt {} rows in {s:.1} s ({c:.1} s of processor) with making them", made.rows);
    let before = cpu();
    let mut sum = 0;
    for id in world.ids(0) {
        sum += (0..world.len(id)).map(|i| world.row(id, i).attributes.len()).sum::<usize>();
    }
    println!("of which making them took about {:.1} s of processor ({sum})", (cpu() - before) * 16.0);
    println!("{:.1} bytes a row on disk", made.bytes as f64 / made.rows as f64);
    drop(timeline);

    let mut hot = 0;
    for file in std::fs::read_dir(dir.path())? {
        let path = file?.path();
        if path.extension().is_some_and(|e| e == "segment") {
            let segment = Segment::open(&path)?;
            hot += segment
                .sections()
                .filter(|(name, _)| {
                    ["customer boundaries", "customer samples", "events", "seconds", "event blocks"].contains(name)
                })
                .map(|(_, range)| range.len())
                .sum::<usize>();
        }
    }
    println!("{:.3} bytes a row of type, time and boundaries", hot as f64 / made.rows as f64);

    let (mut timeline, opened) = timed("open", made.rows, || Timeline::open(dir.path(), 1, BUCKETS))?;
    println!("{} customers", opened.customers);
    let snapshot = timeline.snapshot()?;
    let plain = Counts::new();
    let funnel = Counts::with_steps(&["Event 03", "Event 07", "Event 03", "Event 20"]);
    scan(&snapshot, "counts", &plain, 2);
    scan(&snapshot, "counts with four steps", &funnel, 2);
    scan(&snapshot, "counts", &plain, 1);
    scan(&snapshot, "counts with four steps", &funnel, 1);
    timed("both in one scan", made.rows, || snapshot.scan(&(plain.clone(), funnel.clone()), &ScanOptions::default()))?;

    let mut position = 1;
    let batch = |position: u64| -> Vec<Row> {
        let bucket = (position % 16) as u16;
        let ids = world.ids(bucket);
        (0..1_000)
            .map(|k| world.row(ids[mix(k ^ position << 20) as usize % ids.len()], 1_000_000 + position * 1_000 + k))
            .collect()
    };
    let batches: Vec<_> = (0..200).map(|i| batch(i + 2)).collect();
    let mut slowest = 0.0_f64;
    timed(
        "apply 200 batches of 1000 rows, a snapshot after each",
        200_000,
        || -> Result<(), throughline_timeline::TimelineError> {
            for rows in batches {
                position += 1;
                timeline.apply(Changes { position, rows, ..Changes::default() })?;
                let start = Instant::now();
                timeline.snapshot()?;
                slowest = slowest.max(start.elapsed().as_secs_f64());
            }
            Ok(())
        },
    )?;
    println!(
        "slowest snapshot {:.1} ms, {} recent rows, {:.1} MB",
        slowest * 1e3,
        timeline.recent_rows(),
        timeline.memory() as f64 / 1e6
    );
    let ids = world.ids(3);
    let moved = ids.iter().take(1_000).map(|&id| Moved { node: id, from: id, to: id & !15 | 5 }).collect();
    position += 1;
    timed("1000 merges across buckets and a snapshot", 1_000, || {
        timeline.apply(Changes { position, moved, ..Changes::default() }).and_then(|()| timeline.snapshot())
    })?;
    let snapshot = timeline.snapshot()?;
    scan(&snapshot, "counts over base and recent", &plain, 2);
    let total = snapshot.rows();
    drop(snapshot);
    let flushed = timed("flush of all buckets", total, || timeline.flush())?;
    println!("{} buckets, {:.0} MB", flushed.buckets, flushed.bytes as f64 / 1e6);
    let erased = world.ids(7).into_iter().take(1).collect();
    timed("erase a person and flush", total / 16, || {
        timeline.apply(Changes { position: position + 1, erased, ..Changes::default() }).and_then(|()| timeline.flush())
    })?;
    Ok(())
}
