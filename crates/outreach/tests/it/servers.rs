//! Real receivers, started by the tests.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A receiver in a process of its own; it ends with the value.
pub struct Server {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    pub port: u16,
}

impl Server {
    /// Starts one; `None`, with a line that says so, where there is no Python with aiosmtpd.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let python = match python() {
            Ok(python) => python,
            Err(why) => {
                println!("skipped: no Python with aiosmtpd: {why}");
                return None;
            }
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../outreach/tests/servers.py");
        let mut child = Command::new(python).arg(script).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = said.next().expect("the receiver starts").unwrap().parse().unwrap();
        Some(Self { child, said, port })
    }

    /// The next thing that it received; waits for it.
    pub fn received(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.said.next().expect("the receiver lives").unwrap()).unwrap()
    }

    /// Everything that it received until it is stopped.
    pub fn rest(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.said.by_ref().map_while(Result::ok).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{}: {e}", program.display()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("no message").to_owned()),
    }
}

/// A Python with `aiosmtpd`, installed on first use.
fn python() -> Result<PathBuf, String> {
    let folder = match std::env::var_os("THROUGHLINE_TOOLS") {
        Some(folder) => PathBuf::from(folder).join("venv"),
        None => PathBuf::from(std::env::var_os("HOME").ok_or("no home directory")?).join(".cache/throughline/venv"),
    };
    let python = folder.join("bin/python");
    if run(&python, &["-c", "import aiosmtpd"]).is_err() {
        run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])?;
        run(&python, &["-m", "pip", "install", "--quiet", "aiosmtpd>=1.4,<2"])?;
    }
    Ok(python)
}
