//! How long it takes until an interaction is on the story of its customer and in the counts, while others
//! arrive.

use super::ingest::{Counts, IngestArgs, know, request, send};
use super::process::{Scratch, Server, key};
use crate::config::Config;
use clap::Args;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Args)]
pub struct FreshArgs {
    /// Seconds to measure for
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Interactions offered a second, evenly; 0 sends as fast as answers come back
    #[arg(long, default_value_t = 5_000)]
    rate: u64,
    /// Interactions of a batch
    #[arg(long, default_value_t = 20)]
    batch: u64,
    /// Message ids that are known before the first is sent
    #[arg(long, default_value_t = 1_000_000)]
    known: u64,
}

/// How often one is looked for.
const EVERY: Duration = Duration::from_millis(10);

/// Runs the measurement.
pub fn run(config: &Config, args: FreshArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "fresh")?;
    let (writer, reader) = (key(&scratch.0, "writer")?, key(&scratch.0, "reader")?);
    know(&scratch.0, args.known)?;
    let server = Server::start(&scratch.0, &[])?;
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let [accepted, refused, waited, bytes] = [const { AtomicU64::new(0) }; 4];
    let load =
        IngestArgs { seconds: args.seconds, connections: 8, batch: args.batch, known: args.known, rate: args.rate };
    let started = Instant::now();
    let (mut seen, mut acknowledged) = std::thread::scope(|scope| -> anyhow::Result<_> {
        let senders: Vec<_> = (0..load.connections)
            .map(|c| {
                let counts = Counts { accepted: &accepted, refused: &refused, waited: &waited, bytes: &bytes };
                let (load, writer) = (&load, &writer);
                scope.spawn(move || send(server.address, writer, c, load, until, counts))
            })
            .collect();
        let (mut seen, mut acknowledged) = (Vec::new(), Vec::new());
        while Instant::now() < until {
            let id = format!("probe-{}", seen.len());
            let body = format!(
                r#"{{"message_id":"{id}","event":"Product Viewed","channel":"web","identifiers":{{"user_id":"{id}"}}}}"#
            );
            let sent = Instant::now();
            let (status, _) = request(server.address, "POST", "/v1/interactions", &writer, body.as_bytes())?;
            if status == 429 {
                std::thread::sleep(Duration::from_secs(1));
                continue;
            }
            acknowledged.push(sent.elapsed());
            loop {
                let target = format!("/api/v1/messages?id={id}");
                let (_, answer) = request(server.address, "GET", &target, &reader, b"")?;
                if answer.windows(9).any(|w| w == b"\"counted\"") {
                    break;
                }
                anyhow::ensure!(sent.elapsed() < Duration::from_secs(120), "`{id}` was not counted after two minutes");
                std::thread::sleep(EVERY);
            }
            seen.push(sent.elapsed());
        }
        for sender in senders {
            sender.join().map_err(|_| anyhow::anyhow!("a sender broke down"))??;
        }
        Ok((seen, acknowledged))
    })?;
    seen.sort_unstable();
    acknowledged.sort_unstable();
    let at = |all: &[Duration], share: f64| all[((all.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let rate = accepted.into_inner() as f64 / started.elapsed().as_secs_f64();
    println!(
        "{rate:.0} interactions a second beside, {} batches told to come back later; {} looked for",
        waited.into_inner(),
        seen.len()
    );
    for (what, all) in [("acknowledged", &acknowledged), ("on the story and in the counts", &seen)] {
        println!(
            "{what} after {:.0} ms median, {:.0} ms p99, {:.0} ms at most",
            at(all, 0.5),
            at(all, 0.99),
            at(all, 1.0)
        );
    }
    server.stop()?;
    Ok(())
}
