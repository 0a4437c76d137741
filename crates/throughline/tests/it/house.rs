//! A real data directory, the real binary, real requests.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The binary.
pub fn throughline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throughline"));
    for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("THROUGHLINE_")) {
        command.env_remove(name);
    }
    command.env("THROUGHLINE_LOG", "warn");
    if let Ok(place) = std::env::var("THROUGHLINE_TEST_STORE") {
        command.env("THROUGHLINE_STORE", place);
    }
    command
}

/// Runs a command on a data directory to its end.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    throughline().args(arguments).arg("--data").arg(data).output().unwrap()
}

/// Runs a command that must succeed; what it printed.
pub fn must(data: &Path, arguments: &[&str]) -> String {
    let out = run(data, arguments);
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{arguments:?}: {err}");
    String::from_utf8(out.stdout).unwrap()
}

/// Runs a command that must fail; what it said.
pub fn must_fail(data: &Path, arguments: &[&str]) -> String {
    let out = run(data, arguments);
    assert!(!out.status.success(), "{arguments:?} should fail: {}", String::from_utf8_lossy(&out.stdout));
    String::from_utf8(out.stderr).unwrap()
}

/// A key of a role.
pub fn key(data: &Path, role: &str) -> String {
    must(data, &["key", "create", "--role", role, "--source", "web"]).trim().to_owned()
}

/// The folder of real data, or a printed reason to skip.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if folder.exists() {
        return Some(folder);
    }
    println!("skipped: there is no real data at {}", folder.display());
    None
}

/// The folder of the example recipes.
pub fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).to_string_lossy().into_owned()
}

/// A running server.
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub address: String,
}

impl Server {
    /// Starts `serve` and waits until it says where it is.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = throughline()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                let mut why = String::new();
                child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
                panic!("the server ended: {why}");
            };
            let line = line.unwrap();
            if let Some(at) = line.strip_prefix("Throughline is at http://") {
                break at.to_owned();
            }
        };
        let mut errors = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// A request; status and body. `Err` when the server goes away in between.
    pub fn ask(&self, method: &str, path: &str, key: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let gone = || std::io::Error::other("the server went away");
        let head = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(gone)?;
        let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
        let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(gone)?;
        let mut body = answer[head + 4..].to_vec();
        if text.contains("transfer-encoding: chunked") {
            body = unchunk(&body);
        }
        Ok((status, body))
    }

    /// JSON of the read API; the status must be 200.
    pub fn get(&self, path: &str, key: &str) -> Value {
        let (status, body) = self.ask("GET", path, key, b"").unwrap();
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and waits.
    pub fn stop(mut self) {
        Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(line) = rest.windows(2).position(|w| w == b"\r\n") {
        let n = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if n == 0 {
            break;
        }
        out.extend_from_slice(&rest[line + 2..line + 2 + n]);
        rest = &rest[line + 4 + n..];
    }
    out
}
