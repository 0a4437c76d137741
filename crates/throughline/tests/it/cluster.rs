//! A PostgreSQL server of a test's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A cluster of its own in a temporary folder, reached through a socket there or at a port of this
/// machine.
pub struct Postgres {
    dir: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
    more: Vec<String>,
    child: Option<Child>,
}

/// PostgreSQL refuses to run as root; Debian's package brings a user for it.
fn as_owner(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        return command;
    }
    Command::new(program)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n")
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|e| e.path().join("bin")).collect();
    found.retain(|p| p.join("initdb").exists() && p.join("postgres").exists());
    found.sort();
    found.pop()
}

/// The password of everybody.
pub const PASSWORD: &str = "plain words";

impl Postgres {
    /// Starts one, or says why there is none.
    pub fn start() -> Option<Self> {
        Self::start_with(&["fsync=off"])
    }

    /// Starts one with these settings.
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(bin) = programs() else {
            println!("skipped: there is no PostgreSQL server below /usr/lib/postgresql; apt-get install postgresql");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        fs::write(dir.path().join("password"), PASSWORD).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("-R").arg("postgres").arg(dir.path()).status().unwrap().success());
        }
        let made = as_owner(&bin.join("initdb"))
            .args(["--auth-local=trust", "--auth-host=scram-sha-256", "-U", "throughline", "-E", "UTF8"])
            // Not C: what is sorted and sought must not depend on the language of the cluster.
            .args(["--locale=C.UTF-8", "-N", "--pwfile"])
            .arg(dir.path().join("password"))
            .arg("-D")
            .arg(dir.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let more = settings.iter().flat_map(|s| ["-c".to_owned(), (*s).to_owned()]).collect();
        let mut server = Self { dir, bin, port, more, child: None };
        server.up();
        Some(server)
    }

    /// Starts it again.
    pub fn up(&mut self) {
        let mut child = as_owner(&self.bin.join("postgres"))
            .arg("-D")
            .arg(self.files())
            .args(["-c", "listen_addresses=127.0.0.1", "-p", &self.port.to_string()])
            .args(["-c", "unix_socket_directories="])
            .arg("-k")
            .arg(self.dir.path())
            .args(&self.more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It says so itself; afterwards its words are only kept from filling the pipe.
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut before = Vec::new();
        let is_ready = |line: String| {
            before.push(line);
            before.last().is_some_and(|l| l.contains("ready to accept connections"))
        };
        let started = said.any(is_ready);
        assert!(started, "PostgreSQL did not start: {}", before.join("\n"));
        std::thread::spawn(move || said.for_each(drop));
        self.child = Some(child);
    }

    /// Stops it: with `INT` as an administrator would, with `QUIT` as a crash would.
    pub fn down(&mut self, signal: &str) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }

    /// Everything that the server keeps.
    pub fn files(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The address of a schema, by TCP and with a password.
    pub fn address(&self, schema: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgres://throughline:{password}@127.0.0.1:{}/postgres?schema={schema}", self.port)
    }

    /// Runs statements and says whether all went well, and what PostgreSQL said.
    pub fn run(&self, sql: &str) -> (bool, String) {
        let out = Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "throughline", "-d", "postgres", "-h"])
            .arg(self.dir.path())
            .args(["-p", &self.port.to_string(), "-c", sql])
            .output()
            .unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.down("INT");
    }
}
