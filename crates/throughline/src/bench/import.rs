//! Rows of a CSV file until the last one is on the story and on the map.

use super::process::{Scratch, megabytes, status};
use crate::config::Config;
use anyhow::Context;
use clap::Args;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub struct ImportBenchArgs {
    /// Rows of the file
    #[arg(long, default_value_t = 2_000_000)]
    rows: u64,
}

const RECIPE: &str = r#"
name = "Measured shop"
source = "import:bench"
zone = "Europe/Berlin"
currency = "EUR"
[files.events]
path = "events.csv"
[[interactions]]
from = "events"
event = { column = "event" }
channel = { column = "channel" }
occurred_at = "time"
message_id = "id"
identifiers = { user_id = "person" }
refs = { order = "order", product = "product", carrier = "carrier" }
properties = { device = "device", coupon = "coupon" }
"#;

/// Runs the measurement: a child process imports, and this one watches its memory.
pub fn run(config: &Config, args: ImportBenchArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "import")?;
    std::fs::write(scratch.0.join("recipe.toml"), RECIPE)?;
    let file = scratch.0.join("events.csv");
    let mut out = BufWriter::new(std::fs::File::create(&file)?);
    writeln!(out, "id,event,channel,time,person,order,product,carrier,device,coupon")?;
    let events = ["Order Completed", "Payment Approved", "Order Shipped", "Order Delivered"];
    for n in 0..args.rows {
        let order = n / 4;
        // A tenth of the customers have most of the orders, as in life.
        let spread = order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let person = if spread.is_multiple_of(3) { spread % 20_000 } else { spread % 500_000 };
        let step = n % 4;
        let day = (order % 300 + step * 2) % 330;
        writeln!(
            out,
            "{n},{},{},2025-{:02}-{:02} {:02}:{:02}:{:02},p{person},o{order},sku-{},carrier-{},{},{}",
            events[step as usize],
            ["web", "app", "store"][(order % 3) as usize],
            day / 28 + 1,
            day % 28 + 1,
            (order % 20) + 3,
            order % 60,
            n % 60,
            order % 3000,
            order % 5,
            ["phone", "desktop", "tablet"][(order % 3) as usize],
            if order.is_multiple_of(5) { "SPRING" } else { "" },
        )?;
    }
    out.flush()?;
    drop(out);
    let data = scratch.0.join("data");
    let started = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["import", "--data"])
        .arg(&data)
        .arg("--rejects")
        .arg(scratch.0.join("rejects.csv"))
        .arg(&scratch.0)
        .spawn()
        .context("start the import")?;
    let mut peak = 0;
    let done = loop {
        if let Some(done) = child.try_wait()? {
            break done;
        }
        peak = peak.max(status(child.id(), "VmHWM:"));
        std::thread::park_timeout(Duration::from_millis(50));
    };
    let seconds = started.elapsed().as_secs_f64();
    anyhow::ensure!(done.success(), "the import failed");
    println!(
        "{} rows in {seconds:.1} s until the last is on the story, the map and in the lake: {:.0} a second, {} at most",
        args.rows,
        args.rows as f64 / seconds,
        megabytes(peak)
    );
    let each = |folder: &str| size(&data.join(folder)).map(|bytes| bytes as f64 / args.rows as f64);
    println!(
        "bytes of an interaction on disk, of {:.0} in the file: {:.0} in the ledger, of them {:.0} known keys; {:.0} in the lake, {:.0} in the timelines",
        std::fs::metadata(&file)?.len() as f64 / args.rows as f64,
        each("ledger")?,
        each("ledger/dedup")?,
        each("lake")?,
        each("timelines")?,
    );
    Ok(())
}

/// What the files below a folder hold, in bytes.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        bytes += if entry.path().is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
