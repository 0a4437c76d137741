//! Exactly once: many interactions of which a good part is sent again, in every way that senders do.

use super::ingest::{Sender, batch, count, request};
use super::process::{Scratch, Server, key, megabytes};
use crate::config::Config;
use anyhow::{Context, ensure};
use clap::Args;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use throughline_ledger::{FrameKind, Ledger};

#[derive(Debug, Clone, Args)]
pub struct ResendsArgs {
    /// Interactions sent, those that are sent again included
    #[arg(long, default_value_t = 10_000_000)]
    interactions: u64,
    /// Connections that send at once
    #[arg(long, default_value_t = 16)]
    connections: u64,
}

/// Interactions of a batch.
const BATCH: u64 = 100;

/// Of ten batches, how many are sent again.
const AGAIN: u64 = 3;

/// What the answers of one connection add up to.
#[derive(Default)]
struct Told {
    accepted: u64,
    duplicate: u64,
}

/// Runs the measurement; a wrong count ends it with an error.
pub fn run(config: &Config, args: ResendsArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "resends")?;
    let (writer, reader) = (key(&scratch.0, "writer")?, key(&scratch.0, "reader")?);
    let server = Server::start(&scratch.0, &[])?;
    let tens = args.interactions.div_ceil(10 * BATCH * args.connections);
    let distinct = tens * (10 - AGAIN) * BATCH * args.connections;
    let sent = tens * 10 * BATCH * args.connections;
    let started = Instant::now();
    let told = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..args.connections)
            .map(|c| {
                let (writer, connections) = (&writer, args.connections);
                scope.spawn(move || send(server.address, writer, c, connections, tens))
            })
            .collect();
        let mut sum = Told::default();
        for sender in senders {
            let one = sender.join().map_err(|_| anyhow::anyhow!("a sender broke down"))??;
            sum.accepted += one.accepted;
            sum.duplicate += one.duplicate;
        }
        anyhow::Ok(sum)
    })?;
    let seconds = started.elapsed().as_secs_f64();
    println!("{sent} interactions by {} connections, {:.0} a second", args.connections, sent as f64 / seconds);
    println!("answers: {} accepted, {} known already", told.accepted, told.duplicate);
    // Sources are counted as the ledger is worked in.
    let get = |path: &str| -> anyhow::Result<serde_json::Value> {
        let (_, answer) = request(server.address, "GET", path, &reader, b"")?;
        serde_json::from_slice(&answer).with_context(|| format!("read {path}"))
    };
    while get("/api/v1/status")?["status"]["lag"] != 0 {
        std::thread::sleep(Duration::from_millis(500));
    }
    println!("worked in after {:.0} s", started.elapsed().as_secs_f64());
    let sources = get("/api/v1/sources")?;
    let tally = &sources["sources"][0];
    println!(
        "source: received {}, accepted {}, duplicate {}",
        tally["received"], tally["accepted"], tally["duplicate"]
    );
    println!("server: {} at most", megabytes(server.peak()));
    server.stop()?;
    let (ledger, _) = Ledger::open(&scratch.0.join("ledger"), throughline_ledger::Options::default())?;
    let (mut next, mut kept) = (1, 0);
    loop {
        let headers = ledger.headers_from(next, 100_000)?;
        let Some(last) = headers.last() else { break };
        next = last.position + 1;
        kept += headers.iter().filter(|h| h.kind == FrameKind::Interaction).count() as u64;
    }
    println!("ledger: {kept} interactions of {distinct} that are distinct");
    ensure!(told.accepted == distinct && told.duplicate == sent - distinct, "the answers do not add up");
    ensure!(tally["accepted"] == distinct && tally["received"] == sent, "the source's counts do not add up");
    ensure!(kept == distinct, "the ledger does not hold each once");
    Ok(())
}

/// Seven fresh batches, then three that were sent before or are sent by another connection at this moment.
fn send(address: SocketAddr, secret: &str, connection: u64, connections: u64, tens: u64) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let fresh = 10 - AGAIN;
    let mut sender = Sender::connect(address, secret)?;
    for ten in 0..tens {
        let first = ten * fresh;
        let neighbour = (connection + 1) % connections;
        // Any well-spread number does: an old batch of this connection.
        let old = ten.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (first + 1);
        let again = [(connection, first + fresh - 1), (connection, old), (neighbour, first)];
        let all = (first..first + fresh).map(|round| (connection, round)).chain(again);
        for (whose, round) in all {
            let body = batch(whose, round, BATCH);
            loop {
                let (status, answer, pause) = sender.post(&body)?;
                if status == 429 {
                    std::thread::sleep(pause.unwrap_or(Duration::from_secs(1)));
                    continue;
                }
                ensure!(status == 200, "answered {status}: {}", String::from_utf8_lossy(&answer));
                told.accepted += count(&answer, "accepted").context("how many were accepted")?;
                told.duplicate += count(&answer, "duplicate").context("how many were known")?;
                break;
            }
        }
    }
    Ok(told)
}
