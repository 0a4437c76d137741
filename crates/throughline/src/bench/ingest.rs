//! Durable, de-duplicated `POST` in batches, by real connections to a real server.

use super::process::{Scratch, Server, key, megabytes};
use crate::config::Config;
use anyhow::Context;
use clap::Args;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use throughline_ledger::{FrameKind, Ledger, NewFrame};
use throughline_store::Store;

#[derive(Debug, Clone, Args)]
pub struct IngestArgs {
    /// Seconds to send for
    #[arg(long, default_value_t = 120)]
    pub(super) seconds: u64,
    /// Connections that send at once
    #[arg(long, default_value_t = 32)]
    pub(super) connections: u64,
    /// Interactions of a batch
    #[arg(long, default_value_t = 100)]
    pub(super) batch: u64,
    /// Message ids that are known before the first is sent
    #[arg(long, default_value_t = 20_000_000)]
    pub(super) known: u64,
    /// Interactions offered a second, evenly, whether or not the server keeps up; 0 sends as fast as
    /// answers come back
    #[arg(long, default_value_t = 0)]
    pub(super) rate: u64,
}

/// Runs the measurement.
pub fn run(config: &Config, args: IngestArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "ingest")?;
    let secret = key(&scratch.0, "writer")?;
    know(&scratch.0, args.known)?;
    let server = Server::start(&scratch.0, &[])?;
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let [accepted, refused, waited, bytes] = [const { AtomicU64::new(0) }; 4];
    let started = Instant::now();
    let mut latencies: Vec<(u32, f32)> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..args.connections)
            .map(|c| {
                let counts = Counts { accepted: &accepted, refused: &refused, waited: &waited, bytes: &bytes };
                let (args, secret) = (&args, &secret);
                scope.spawn(move || send(server.address, secret, c, args, until, counts))
            })
            .collect();
        senders
            .into_iter()
            .map(|s| s.join().map_err(|_| anyhow::anyhow!("a sender broke down"))?)
            .collect::<anyhow::Result<Vec<_>>>()
    })?
    .concat();
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable_by_key(|(micros, _)| *micros);
    let at = |share: f64| f64::from(latencies[((latencies.len() - 1) as f64 * share) as usize].0) / 1e3;
    let n = accepted.load(Ordering::Relaxed);
    println!(
        "{} connections, batches of {}, {:.0} bytes each, {} ids known before, {seconds:.0} s:",
        args.connections,
        args.batch,
        bytes.load(Ordering::Relaxed) as f64 / (latencies.len() as f64 * args.batch as f64),
        args.known
    );
    if args.rate > 0 {
        println!("offered {} a second; waiting counts from the moment a batch was due", args.rate);
    }
    println!(
        "{:.0} interactions a second accepted, {} refused; until acknowledged {:.1} ms median, {:.1} ms p99, {:.1} ms at most",
        n as f64 / seconds,
        refused.load(Ordering::Relaxed),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("slowest seconds: {}", slowest(&latencies));
    let waited = waited.load(Ordering::Relaxed);
    if waited > 0 {
        println!("{waited} batches were told to come back later, because working them in lagged behind");
    }
    println!("server: {} at most", megabytes(server.peak()));
    let drained = Instant::now();
    server.stop()?;
    println!("worked in {:.1} s after the last was acknowledged", drained.elapsed().as_secs_f64());
    Ok(())
}

/// Fills the ledger with known ids. They are marked as folded: only the look-up is measured.
pub(super) fn know(data: &Path, known: u64) -> anyhow::Result<()> {
    if known == 0 {
        return Ok(());
    }
    let started = Instant::now();
    let (ledger, _) = Ledger::open(&data.join("ledger"), throughline_ledger::Options::default())?;
    let mut next = 0;
    while next < known {
        let frames = (next..(next + 100_000).min(known))
            .map(|n| NewFrame {
                kind: FrameKind::Interaction,
                workspace: 1,
                // Any well-spread keys do; they are what a keyed hash gives.
                key: u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ (u128::from(n) << 64),
                content: n,
                node: 1,
                received_at: 0,
                payload: Vec::new(),
            })
            .collect();
        ledger.append(frames)?;
        next += 100_000;
    }
    let last = ledger.last_position();
    ledger.close();
    let store = Store::open(data, &crate::maintenance::migrations())?;
    store.write(|tx| {
        for reader in ["pipeline", "history:1", "timeline:1"] {
            Store::set_position(tx, reader, last)?;
        }
        Ok(())
    })?;
    println!("{known} ids known after {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// The seconds with the slowest answers, in words: a stall has one, a machine that is too slow has all.
fn slowest(latencies: &[(u32, f32)]) -> String {
    let mut seconds: std::collections::BTreeMap<u32, u32> = Default::default();
    for (micros, at) in latencies {
        let worst = seconds.entry(*at as u32).or_default();
        *worst = (*worst).max(*micros);
    }
    let mut seconds: Vec<_> = seconds.into_iter().collect();
    seconds.sort_unstable_by_key(|(_, worst)| std::cmp::Reverse(*worst));
    let words: Vec<_> = seconds.iter().take(8).map(|(s, worst)| format!("{s} ({} ms)", worst / 1000)).collect();
    words.join(", ")
}

/// What the senders count together.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    pub(super) accepted: &'a AtomicU64,
    pub(super) refused: &'a AtomicU64,
    /// Batches that were told to come back later.
    pub(super) waited: &'a AtomicU64,
    pub(super) bytes: &'a AtomicU64,
}

/// One connection: batches of fresh interactions until the time is over; latencies in microseconds, and at which
/// second each was answered.
pub(super) fn send(
    address: SocketAddr,
    secret: &str,
    connection: u64,
    args: &IngestArgs,
    until: Instant,
    counts: Counts<'_>,
) -> anyhow::Result<Vec<(u32, f32)>> {
    let Counts { accepted, refused, waited, bytes } = counts;
    let mut sender = Sender::connect(address, secret)?;
    let mut latencies = Vec::new();
    let mut round = 0_u64;
    // Connections take turns, so that batches are due evenly.
    let interval = |rate: u64| Duration::from_secs_f64((args.batch * args.connections) as f64 / rate as f64);
    let began = Instant::now();
    while Instant::now() < until {
        let body = batch(connection, round, args.batch);
        round += 1;
        bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        let mut sent = Instant::now();
        if args.rate > 0 {
            let turn = (round - 1) as f64 + connection as f64 / args.connections as f64;
            sent = began + interval(args.rate).mul_f64(turn);
            std::thread::sleep(sent.saturating_duration_since(Instant::now()));
        }
        let (status, answer, pause) = sender.post(&body)?;
        if let Some(pause) = pause.filter(|_| status == 429) {
            // As every sender does: what was not taken is sent again after the time that was asked for.
            waited.fetch_add(1, Ordering::Relaxed);
            round -= 1;
            std::thread::sleep(pause.min(until.saturating_duration_since(Instant::now())));
            continue;
        }
        latencies.push((sent.elapsed().as_micros() as u32, began.elapsed().as_secs_f32()));
        let taken = count(&answer, "accepted").filter(|_| status == 200).unwrap_or(0);
        accepted.fetch_add(taken, Ordering::Relaxed);
        refused.fetch_add(args.batch - taken.min(args.batch), Ordering::Relaxed);
    }
    Ok(latencies)
}

/// A connection that stays open.
pub(super) struct Sender {
    stream: BufReader<TcpStream>,
    secret: String,
    request: Vec<u8>,
}

impl Sender {
    pub(super) fn connect(address: SocketAddr, secret: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), secret: secret.to_owned(), request: Vec::new() })
    }

    /// Sends interactions: status, body, and after how long to come back.
    pub(super) fn post(&mut self, body: &[u8]) -> anyhow::Result<(u16, Vec<u8>, Option<Duration>)> {
        self.request.clear();
        write!(
            self.request,
            "POST /v1/interactions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.secret,
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request)?;
        read(&mut self.stream)
    }
}

/// One request on a connection of its own: the status and the body of the answer.
pub(super) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    secret: &str,
    body: &[u8],
) -> anyhow::Result<(u16, Vec<u8>)> {
    let stream = TcpStream::connect(address).context("connect")?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    head.extend_from_slice(body);
    stream.get_mut().write_all(&head)?;
    let (status, answer, _) = read(&mut stream)?;
    Ok((status, answer))
}

/// `"name":123` near the beginning of a JSON answer.
pub(super) fn count(answer: &[u8], name: &str) -> Option<u64> {
    let head = std::str::from_utf8(&answer[..answer.len().min(200)]).ok()?;
    let rest = head.split_once(&format!("\"{name}\":"))?.1;
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// An answer: status, body, and after how long to come back.
fn read(stream: &mut BufReader<TcpStream>) -> anyhow::Result<(u16, Vec<u8>, Option<Duration>)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).context("an HTTP answer")?;
    let mut length = 0;
    let mut chunked = false;
    let mut pause = None;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let lower = line.trim().to_ascii_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(n) = lower.strip_prefix("content-length:") {
            length = n.trim().parse()?;
        }
        if let Some(n) = lower.strip_prefix("retry-after:") {
            pause = Some(Duration::from_secs(n.trim().parse()?));
        }
        chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let n = usize::from_str_radix(line.trim(), 16)?;
            let start = body.len();
            body.resize(start + n, 0);
            stream.read_exact(&mut body[start..])?;
            line.clear();
            stream.read_line(&mut line)?;
            if n == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
    }
    Ok((status, body, pause))
}

/// A batch of interactions as a shop's own sender would make them, each of at least 700 bytes.
pub fn batch(connection: u64, round: u64, size: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(size as usize * 760);
    out.push(b'[');
    for i in 0..size {
        let n = (connection << 40) | (round * size + i);
        let customer = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 45;
        let seconds = (round * size + i) % 86_400;
        let _ = write!(
            out,
            r#"{}{{"message_id":"bench-{n:016x}","event":"Product Viewed","occurred_at":"2026-03-{:02}T{:02}:{:02}:{:02}.{:03}Z","zone":"Europe/Berlin","channel":"web","touchpoint":"product page","identifiers":{{"user_id":"customer-{customer}","anonymous_id":"b7c9{customer:012x}"}},"refs":{{"product":"sku-{}","campaign":"spring-{}"}},"properties":{{"category":"outdoor jackets","brand":"Alder","variant":"moss green","price":129.9,"quantity":1,"position":{},"list":"search results","device":"phone","browser":"Firefox 151","screen":"1170x2532","language":"de-DE","logged_in":true,"experiment":"checkout-b","page":"https://shop.example.org/outdoor/jackets/alder-rain-jacket-moss-green?size=m&ref=search","title":"Alder rain jacket, moss green | Northwind Shop","referrer":"https://shop.example.org/search?q=rain+jacket+green"}}}}"#,
            if i == 0 { "" } else { "," },
            round % 27 + 1,
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            n % 1000,
            n % 5000,
            n % 7,
            n % 48,
        );
    }
    out.push(b']');
    out
}
