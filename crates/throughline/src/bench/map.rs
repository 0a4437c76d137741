//! The map and the pain points of many interactions, after a restart and warm: worked out from the
//! timelines, and as a reader of the API gets it from a server, also while interactions arrive.

use super::ingest;
use super::process::{Scratch, Server, key, megabytes, status};
use crate::config::Config;
use clap::Args;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use throughline_interactions::{Actor, Direction, OrderKey, Timestamp};
use throughline_journeys::{Compiled, Extent, MapPass, PainPoints, default_definitions};
use throughline_timeline::{Row, RowPromise, RowScore, ScanOptions, Timeline, bucket_of};

const BUCKETS: u16 = 16;

#[derive(Debug, Args)]
pub struct MapArgs {
    /// Interactions
    #[arg(long, default_value_t = 20_000_000)]
    interactions: u64,
    /// Customers
    #[arg(long, default_value_t = 500_000)]
    customers: u64,
    /// Seconds to ask a server for, while interactions arrive
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Look for pain points too
    #[arg(long)]
    pain_points: bool,
}

/// Runs the measurement.
pub fn run(config: &Config, args: MapArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "map")?;
    let (reader, writer) = (key(&scratch.0, "reader")?, key(&scratch.0, "writer")?);
    let dir = scratch.0.join("timelines/1");
    ingest::know(&scratch.0, args.interactions)?;
    let started = Instant::now();
    {
        let (mut timeline, _) = Timeline::open(&dir, 1, BUCKETS)?;
        timeline.rebuild(args.interactions, |bucket| Ok::<_, Infallible>(rows(bucket, &args).map(Ok)))?;
    }
    println!(
        "{} interactions of {} customers written in {:.1} s",
        args.interactions,
        args.customers,
        started.elapsed().as_secs_f64()
    );
    // What a restart on a machine with an empty cache meets; needs to be root to be honest.
    let cold = std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
    let began = Instant::now();
    let (mut timeline, _) = Timeline::open(&dir, 1, BUCKETS)?;
    let first = map(&mut timeline)?;
    println!(
        "first map after opening ({}): {:.2} s, {} instances of {} customers",
        if cold { "the system's file cache emptied" } else { "files still in the system's cache" },
        began.elapsed().as_secs_f64(),
        first.0,
        first.1
    );
    let mut warm: Vec<f64> = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        anyhow::ensure!(map(&mut timeline)? == first, "the map changed");
        warm.push(began.elapsed().as_secs_f64());
    }
    warm.sort_by(f64::total_cmp);
    println!(
        "map again, computed anew: {:.3} s median of 5 ({:.3} to {:.3}); the server answers an unchanged map from memory",
        warm[2], warm[0], warm[4]
    );
    if args.pain_points {
        let began = Instant::now();
        let snapshot = timeline.snapshot()?;
        let found = PainPoints::new(compiled(&snapshot)?).find(&snapshot, &|_| None, &ScanOptions::default())?;
        println!(
            "pain points: {:.2} s, {} candidates compared, {} found",
            began.elapsed().as_secs_f64(),
            found.tested,
            found.findings.len()
        );
    }
    println!(
        "this process at most: {} resident, mapped files included",
        megabytes(status(std::process::id(), "VmHWM:"))
    );
    drop(timeline);
    served(&scratch, &args, &reader, &writer)
}

/// The map as a server gives it out: the first after its start, again, and while interactions arrive.
fn served(scratch: &Scratch, args: &MapArgs, reader: &str, writer: &str) -> anyhow::Result<()> {
    let cold = std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
    let server = Server::start(&scratch.0, &[])?;
    let journey = &default_definitions().remove(0).key;
    let target = format!("/api/v1/journeys/{journey}/map");
    let ask = || -> anyhow::Result<f64> {
        let began = Instant::now();
        let (status, body) = ingest::request(server.address, "GET", &target, reader, b"")?;
        anyhow::ensure!(status == 200, "the server answered {status}: {}", String::from_utf8_lossy(&body));
        Ok(began.elapsed().as_secs_f64())
    };
    println!(
        "first map from a server just started ({}): {:.2} s",
        if cold { "the system's file cache emptied" } else { "files still in the system's cache" },
        ask()?
    );
    let mut again = (0..20).map(|_| ask()).collect::<anyhow::Result<Vec<_>>>()?;
    again.sort_by(f64::total_cmp);
    println!("again, nothing new: {:.4} s median of 20, {:.4} s at most", again[10], again[19]);
    let mut arriving = Vec::new();
    let began = Instant::now();
    for round in 0..args.seconds {
        let (status, _) =
            ingest::request(server.address, "POST", "/v1/interactions", writer, &ingest::batch(1, round, 100))?;
        anyhow::ensure!(status == 200, "the server answered a batch with {status}");
        arriving.push(ask()?);
        let next = std::time::Duration::from_secs(round + 1);
        std::thread::sleep(next.saturating_sub(began.elapsed()));
    }
    arriving.sort_by(f64::total_cmp);
    if let Some(most) = arriving.last() {
        println!(
            "while 100 interactions a second arrive, asked every second for {} s: {:.3} s median, {most:.3} s at most",
            args.seconds,
            arriving[arriving.len() / 2]
        );
    }
    server.stop()
}

fn compiled(snapshot: &throughline_timeline::Snapshot) -> anyhow::Result<Arc<Compiled>> {
    let end = snapshot.scan(&Extent, &ScanOptions::default())?.last().unwrap_or(Timestamp::MIN);
    let definition = default_definitions().remove(0);
    Ok(Arc::new(Compiled::new(definition, end, &|_, _| 0)?))
}

fn map(timeline: &mut Timeline) -> anyhow::Result<(u64, u64)> {
    let snapshot = timeline.snapshot()?;
    let compiled = compiled(&snapshot)?;
    let pass = MapPass { compiled: compiled.clone(), voices: 12 };
    let map = snapshot.scan(&pass, &ScanOptions::default())?.result(&compiled);
    Ok((map.started.instances, map.started.customers))
}

/// The rows of one bucket, customer by customer: a third are orders with four or five steps, the
/// rest visits; activity is skewed.
fn rows(bucket: u16, args: &MapArgs) -> impl Iterator<Item = Row> {
    let (customers, mean) = (args.customers, args.interactions as f64 / args.customers as f64);
    let names: Vec<Arc<str>> =
        ["Product Viewed", "Order Completed", "Payment Approved", "Order Shipped", "Order Delivered", "Review Posted"]
            .map(Arc::from)
            .into();
    let more: Vec<Arc<str>> = (0..34).map(|i| Arc::from(format!("Event {i}"))).collect();
    let (order, delivery, stars, web): (Arc<str>, Arc<str>, Arc<str>, Arc<str>) =
        ("order".into(), "delivery".into(), "stars".into(), "web".into());
    (0..customers).filter(move |c| bucket_of(spread(*c), BUCKETS) == bucket).flat_map(move |c| {
        let customer = spread(c);
        let share = (customer >> 11) as f64 / (1_u64 << 53) as f64;
        // Pareto with shape 1.5, its mean scaled to the one asked for.
        let n = ((mean / 3.0) * (1.0 - share).powf(-1.0 / 1.5)).clamp(1.0, mean * 60.0) as u64;
        let (names, more) = (names.clone(), more.clone());
        let (order, delivery, stars, web) = (order.clone(), delivery.clone(), stars.clone(), web.clone());
        (0..n).map(move |i| {
            let h = spread(customer ^ (i << 20));
            let step = (i % 18) as usize;
            let affair = i / 18;
            let at = Timestamp::from_seconds(1_700_000_000 + (i * 7200 + h % 7000) as i64);
            let event = if step < 5 {
                &names[step + 1]
            } else if h.is_multiple_of(3) {
                &more[(h % 34) as usize]
            } else {
                &names[0]
            };
            Row {
                customer,
                node: customer,
                order: OrderKey { occurred_at: at, source_seq: 0, message_prefix: h, message_hash: h },
                position: h >> 24,
                event: event.clone(),
                channel: web.clone(),
                actor: Actor::Human,
                direction: Direction::In,
                money: None,
                score: (step == 4).then(|| RowScore {
                    kind: stars.clone(),
                    value: (h % 5 + 1) as f32,
                    min: 1.0,
                    max: 5.0,
                }),
                has_text: step == 4 && h.is_multiple_of(2),
                promise: (step == 0).then(|| {
                    let due = Timestamp(at.0 + 86_400_000_000);
                    RowPromise { kind: delivery.clone(), due, deadline: due, day_deadline: due }
                }),
                subjects: if step < 5 { vec![(order.clone(), spread(customer ^ affair))] } else { Vec::new() },
                attributes: vec![h % 3000, 1_000_000 + h % 7],
            }
        })
    })
}

fn spread(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
