//! Child processes: a real server, its memory, and the machine it runs on.

use crate::config::Config;
use anyhow::Context;
use clap::Args;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the figures were measured on.
pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name").and_then(|l| l.split(": ").nth(1)))
        .unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "throughline {}, {model}, {cores} cores, load before {}",
        env!("CARGO_PKG_VERSION"),
        load.split(' ').next().unwrap_or("?")
    )
}

/// A directory for one measurement, removed in the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// Under --data, or under the system's temporary folder.
    pub fn new(config: &Config, name: &str) -> anyhow::Result<Self> {
        let base = config.chosen_data.clone().unwrap_or_else(std::env::temp_dir);
        let dir = base.join(format!("throughline-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server of our own kind on a free port.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it says after that.
    said: std::sync::mpsc::Receiver<String>,
}

impl Server {
    /// Starts `serve` on a data directory and waits until it says where it is.
    pub fn start(data: &Path, more: &[&str]) -> anyhow::Result<Self> {
        // Whoever stops the measurement from outside stops its server too: left running, it would spoil
        // the next one.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .context("start a server with setpriv of util-linux")?;
        let out = child.stdout.take().context("the server's output")?;
        let mut lines = BufReader::new(out).lines();
        let address = loop {
            let line = lines.next().context("the server ended before it listened")??;
            if let Some(at) = line.strip_prefix("Throughline is at http://") {
                break at.trim().parse().context("read the server's address")?;
            }
        };
        let (say, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(say.send(line))));
        Ok(Self { child, address, said })
    }

    /// The path of the link for the first administrator, which it says while there is none.
    pub fn first_link(&self) -> anyhow::Result<String> {
        let line =
            self.said.recv_timeout(Duration::from_secs(10)).context("wait for the first administrator's link")?;
        let path = line.find("/join/").and_then(|at| line[at..].split(' ').next());
        Ok(path.context("read the first administrator's link")?.to_owned())
    }

    /// Resident memory now, in bytes.
    pub fn memory(&self) -> u64 {
        status(self.child.id(), "VmRSS:")
    }

    /// The most memory it ever had, in bytes.
    pub fn peak(&self) -> u64 {
        status(self.child.id(), "VmHWM:")
    }

    /// Lets it drain and waits for its end.
    pub fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of /proc/PID/status, in bytes.
pub fn status(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib =
        text.lines().find_map(|l| l.strip_prefix(field)).and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Bytes for people.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// Makes a key of a role on a data directory that no server holds.
pub fn key(data: &Path, role: &str) -> anyhow::Result<String> {
    let out = Command::new(std::env::current_exe()?)
        .args(["key", "create", "--role", role, "--source", "bench", "--data"])
        .arg(data)
        .output()
        .context("make a key")?;
    anyhow::ensure!(out.status.success(), "cannot make a key: {}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

#[derive(Debug, Args)]
pub struct IdleArgs {
    /// Seconds to wait before looking
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Runs `bench idle`.
pub fn idle(config: &Config, args: IdleArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "idle")?;
    let server = Server::start(&scratch.0, &[])?;
    let until = Instant::now() + Duration::from_secs(args.seconds);
    while Instant::now() < until {
        std::thread::park_timeout(until.saturating_duration_since(Instant::now()));
    }
    println!("idle server: {} resident, {} at most", megabytes(server.memory()), megabytes(server.peak()));
    server.stop()
}
