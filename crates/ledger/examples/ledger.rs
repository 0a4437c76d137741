//! Measures a ledger: `cargo run --release --example ledger -- DIR [append|keys] [COUNT] [PAYLOAD]`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use throughline_ledger::{Ledger, Options, bench};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: bench DIR [append|keys] [COUNT]")?;
    let dir = Path::new(&dir);
    let what = arguments.next().unwrap_or_else(|| "append".to_owned());
    let count = arguments.next().map_or(Ok(3_000_000), |count| count.parse())?;
    if what == "keys" {
        println!("{:#?}", bench::keys(dir, count, 1_000_000.min(count))?);
    } else {
        let started = Instant::now();
        let (ledger, report) = Ledger::open(dir, Options::default())?;
        println!("opened in {:?}: {report:?}", started.elapsed());
        let first = ledger.last_position();
        let payload = arguments.next().map_or(Ok(700), |payload| payload.parse())?;
        let plan = bench::AppendPlan { frames: count, first, payload, ..bench::AppendPlan::default() };
        println!("{:#?}", bench::append(&ledger, plan)?);
        println!("{:?}", ledger.stats());
        let started = Instant::now();
        let bytes = bench::read_all(&ledger)?;
        println!("read {bytes} bytes of payload in order in {:?}", started.elapsed());
        let step = (ledger.last_position() / 10_000).max(1) as usize;
        let positions: Vec<u64> = (1..=ledger.last_position()).step_by(step).collect();
        let started = Instant::now();
        ledger.read_many(&positions)?;
        println!("read {} frames by position in {:?}", positions.len(), started.elapsed());
        let thousand: Vec<u64> = positions.iter().copied().step_by(10).collect();
        let started = Instant::now();
        let erased = ledger.erase(&thousand)?;
        println!("erased {erased} frames in {:?}", started.elapsed());
        let started = Instant::now();
        let damages = ledger.verify(|_| ())?;
        println!("checked in {:?}: {damages:?}", started.elapsed());
        let started = Instant::now();
        ledger.close();
        println!("closed in {:?}", started.elapsed());
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("RssAnon")) {
        println!("{line}");
    }
    Ok(())
}
