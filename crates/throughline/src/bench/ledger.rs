//! The ledger alone.

use super::process::{Scratch, megabytes};
use crate::config::Config;
use clap::Args;
use throughline_ledger::{Ledger, Options, bench};

#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// Frames to append
    #[arg(long, default_value_t = 3_000_000)]
    frames: u64,
    /// Threads that append
    #[arg(long, default_value_t = 32)]
    threads: u64,
    /// Frames of a batch
    #[arg(long, default_value_t = 100)]
    batch: u64,
    /// Bytes of a payload
    #[arg(long, default_value_t = 700)]
    payload: usize,
}

/// Runs `bench ledger`.
pub fn run(config: &Config, args: LedgerArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "ledger")?;
    let (ledger, _) = Ledger::open(&scratch.0.join("ledger"), Options::default())?;
    let plan = bench::AppendPlan {
        threads: args.threads,
        frames: args.frames,
        batch: args.batch,
        payload: args.payload,
        ..bench::AppendPlan::default()
    };
    let r = bench::append(&ledger, plan)?;
    println!(
        "{} frames of {} bytes by {} threads in batches of {}: {:.0} a second; until on the disk {:.1} ms median, {:.1} ms p99, {:.1} ms at most; {} syncs",
        args.frames,
        args.payload,
        args.threads,
        args.batch,
        r.frames_per_second,
        r.median.as_secs_f64() * 1e3,
        r.p99.as_secs_f64() * 1e3,
        r.slowest.as_secs_f64() * 1e3,
        r.syncs
    );
    Ok(())
}

#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Keys that are known
    #[arg(long, default_value_t = 100_000_000)]
    keys: u64,
    /// Look-ups of known keys and of unknown ones
    #[arg(long, default_value_t = 1_000_000)]
    lookups: u64,
}

/// Runs `bench keys`.
pub fn keys(config: &Config, args: KeysArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "keys")?;
    let result = bench::keys(&scratch.0, args.keys, args.lookups)?;
    println!(
        "{} keys: filled at {:.0} a second; {:.0} known and {:.0} unknown look-ups a second on one thread; index memory {}, {} runs, opened in {:.0} ms",
        args.keys,
        result.inserts_per_second,
        result.known_per_second,
        result.unknown_per_second,
        megabytes(result.memory as u64),
        result.runs,
        result.open.as_secs_f64() * 1e3
    );
    println!("this process at most: {}", megabytes(super::process::status(std::process::id(), "VmHWM:")));
    Ok(())
}
