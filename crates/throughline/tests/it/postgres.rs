//! Every statement of every room, on a real PostgreSQL: the schema is made by the migrations as they
//! are, and each statement found in the sources is prepared there. A word that only SQLite knows
//! fails here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A cluster of its own in a temporary folder, reached through a socket there.
struct Postgres {
    dir: tempfile::TempDir,
    child: Child,
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

impl Postgres {
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            println!("skipped: there is no PostgreSQL server below /usr/lib/postgresql; apt-get install postgresql");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(dir.path()).status().unwrap().success());
        }
        let data = dir.path().join("data");
        let made = as_owner(&bin.join("initdb"))
            .args(["-A", "trust", "-U", "throughline", "-E", "UTF8", "--locale=C", "-N", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut child = as_owner(&bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "unix_socket_directories="])
            .arg("-k")
            .arg(dir.path())
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
        Some(Self { dir, child })
    }

    /// Runs statements and says whether all went well, and what PostgreSQL said.
    fn run(&self, sql: &str) -> (bool, String) {
        let out = Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "throughline", "-d", "postgres", "-h"])
            .arg(self.dir.path())
            .args(["-c", sql])
            .output()
            .unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let _ = self.child.wait();
    }
}

/// The string literals of a Rust source, unescaped; comments are passed over.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let (kind, tail) = rest[at..].split_at(1);
        rest = match kind {
            "/" if tail.starts_with('/') => tail.split_once('\n').map_or("", |(_, r)| r),
            "'" if tail.starts_with("\"'") => &tail[2..],
            "'" if tail.starts_with("\\\"'") => &tail[3..],
            "r" if tail.starts_with("#\"") => {
                let (text, after) = tail[2..].split_once("\"#").unwrap_or((tail, ""));
                found.push(text.to_owned());
                after
            }
            "\"" => {
                let mut text = String::new();
                let mut chars = tail.char_indices();
                let mut end = tail.len();
                while let Some((i, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = i + 1;
                            break;
                        }
                        '\\' => match chars.next() {
                            Some((_, '\n')) => text.push(' '),
                            Some((_, 'n')) => text.push('\n'),
                            Some((_, other)) => text.push(other),
                            None => {}
                        },
                        other => text.push(other),
                    }
                }
                found.push(text);
                &tail[end..]
            }
            _ => tail,
        };
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Statements of a source, with the names that the code puts in put in.
fn statements(source: &str) -> Vec<String> {
    // What only the code's tests run need not be portable.
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let constant = |name: &str| {
        let declared = source.find(&format!("const {name}: &str ="))?;
        literals(&source[declared..]).into_iter().next()
    };
    literals(source)
        .into_iter()
        .filter(|s| {
            let first = s.split_whitespace().next().unwrap_or_default();
            ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first) && s.split_whitespace().count() > 3
        })
        .map(|s| match constant("COLUMNS") {
            Some(columns) => s.replace("{COLUMNS}", &columns),
            None => s,
        })
        .map(|s| s.replace("{column}", "search").replace("{table}", "web_keys").replace("FROM {}", "FROM web_keys"))
        .collect()
}

#[test]
fn every_statement_is_known_to_postgresql() {
    let Some(server) = Postgres::start() else { return };
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut files, mut schemas) = (Vec::new(), BTreeSet::new());
    for room in fs::read_dir(&crates).unwrap().flatten() {
        let source = room.path().join("src");
        // The lake speaks DataFusion's SQL, to Parquet.
        if !source.exists() || room.file_name() == "lake" {
            continue;
        }
        sources(&source, &mut files);
        if let Ok(migrations) = fs::read_dir(source.join("migrations")) {
            schemas.extend(migrations.flatten().map(|m| m.path()));
        }
    }
    // Rooms in the order of their references: the store first, the pages last.
    assert!(schemas.len() >= 4, "{schemas:?}");
    let (made, said) = server
        .run("CREATE TABLE store_migrations (room TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (room, number))");
    assert!(made, "{said}");
    for schema in &schemas {
        let (made, said) = server.run(&fs::read_to_string(schema).unwrap());
        assert!(made, "{}: {said}", schema.display());
    }
    let mut all = BTreeSet::new();
    for file in &files {
        for statement in statements(&fs::read_to_string(file).unwrap()) {
            all.insert((file.strip_prefix(&crates).unwrap().to_owned(), statement));
        }
    }
    assert!(all.len() > 60, "only {} statements were found in the sources", all.len());
    let strange: Vec<String> = all
        .iter()
        .enumerate()
        .filter_map(|(i, (file, statement))| {
            let (known, said) = server.run(&format!("PREPARE s{i} AS {statement}"));
            (!known).then(|| format!("{}: {statement}\n    {}", file.display(), said.trim()))
        })
        .collect();
    assert!(strange.is_empty(), "{} of {} statements:\n{}", strange.len(), all.len(), strange.join("\n"));
    println!("{} statements of {} sources", all.len(), files.len());
}
