//! Handing rows over to a running server: a socket in the data directory.
//!
//! Whoever may write to the data directory may import into it, so the socket needs no key: it is
//! as private as the directory. A batch is one line of JSON with its length before it; the answer
//! is one line with the outcomes.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use throughline_interactions::{Interaction, Outcome, SourceId, WorkspaceId};
use throughline_pipeline::{Engine, JobHandle, Received, Workspace};

/// The longest batch that is read, in bytes.
const LONGEST: usize = 256 << 20;

/// What an importer says first.
#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    workspace: Option<String>,
    source: SourceId,
    name: String,
    zone: String,
    currency: String,
    total: u64,
}

/// What the server answers to it.
#[derive(Debug, Serialize, Deserialize)]
enum Welcome {
    Come { workspace: WorkspaceId, name: String },
    Refused(String),
}

/// Interactions and how far the import is.
#[derive(Debug, Serialize, Deserialize)]
struct Batch {
    items: Vec<Interaction>,
    done: u64,
    finished: bool,
}

/// What became of them.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Outcomes(Vec<Outcome>),
    Later(f64),
    Failed(String),
}

/// Where an import's rows go.
pub enum Door {
    /// Into an engine of this process.
    Here { engine: Engine, workspace: Workspace, job: JobHandle },
    /// To the server that holds the data directory.
    There { stream: BufReader<UnixStream>, workspace: WorkspaceId, name: String },
}

/// What an import tells the door about itself.
pub struct Visitor<'a> {
    /// The workspace that was named.
    pub workspace: Option<&'a str>,
    /// The source of its rows.
    pub source: &'a SourceId,
    /// The recipe's name.
    pub name: &'a str,
    /// The recipe's zone and currency, for a first workspace.
    pub zone: &'a str,
    /// See `zone`.
    pub currency: &'a str,
    /// Bytes to read.
    pub total: u64,
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("door.sock")
}

impl Door {
    /// Into an engine of this process.
    pub fn here(engine: &Engine, visitor: &Visitor<'_>) -> anyhow::Result<Self> {
        if visitor.workspace.is_none() {
            crate::house::first_workspace(engine, visitor.name, visitor.zone, visitor.currency)?;
        }
        let workspace = crate::house::workspace(engine, visitor.workspace)?;
        let job = engine.job(&format!("importing {}", visitor.name), "bytes", Some(visitor.total));
        Ok(Self::Here { engine: engine.clone(), workspace, job })
    }

    /// To the server that holds `dir`.
    pub fn there(dir: &Path, visitor: &Visitor<'_>) -> anyhow::Result<Self> {
        let path = socket(dir);
        let stream = UnixStream::connect(&path).with_context(|| {
            format!("another process holds {} but does not take imports at {}", dir.display(), path.display())
        })?;
        let mut stream = BufReader::new(stream);
        let hello = Hello {
            workspace: visitor.workspace.map(str::to_owned),
            source: visitor.source.clone(),
            name: visitor.name.to_owned(),
            zone: visitor.zone.to_owned(),
            currency: visitor.currency.to_owned(),
            total: visitor.total,
        };
        write(stream.get_mut(), &hello)?;
        match read::<Welcome>(&mut stream)?.context("the server hung up")? {
            Welcome::Come { workspace, name } => Ok(Self::There { stream, workspace, name }),
            Welcome::Refused(why) => bail!("{why}"),
        }
    }

    /// The workspace that rows go to.
    pub fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Here { workspace, .. } => workspace.id,
            Self::There { workspace, .. } => *workspace,
        }
    }

    /// Its name.
    pub fn workspace_name(&self) -> &str {
        match self {
            Self::Here { workspace, .. } => &workspace.name,
            Self::There { name, .. } => name,
        }
    }

    /// Hands a batch over and waits until it is on the disk.
    pub fn take(&mut self, source: &SourceId, items: Vec<Interaction>, done: u64) -> anyhow::Result<Vec<Outcome>> {
        match self {
            Self::Here { engine, workspace, job } => {
                let outcomes = receive(engine, workspace.id, source, items)?;
                job.done(done);
                Ok(outcomes)
            }
            Self::There { stream, .. } => {
                let batch = Batch { items, done, finished: false };
                loop {
                    write(stream.get_mut(), &batch)?;
                    match read::<Answer>(stream)?.context("the server hung up")? {
                        Answer::Outcomes(outcomes) => return Ok(outcomes),
                        Answer::Later(seconds) => {
                            std::thread::park_timeout(std::time::Duration::from_secs_f64(seconds))
                        }
                        Answer::Failed(why) => bail!("{why}"),
                    }
                }
            }
        }
    }

    /// Everything was handed over: waits until it is worked in.
    pub fn finish(self, message: &str) -> anyhow::Result<()> {
        match self {
            Self::Here { engine, job, .. } => {
                job.say("working it in");
                engine.settle()?;
                job.finish(message);
                Ok(())
            }
            Self::There { mut stream, .. } => {
                write(stream.get_mut(), &Batch { items: Vec::new(), done: 0, finished: true })?;
                match read::<Answer>(&mut stream)?.context("the server hung up")? {
                    Answer::Failed(why) => bail!("{why}"),
                    Answer::Outcomes(_) | Answer::Later(_) => Ok(()),
                }
            }
        }
    }
}

/// Receives, and waits while the engine says "come back".
fn receive(
    engine: &Engine,
    workspace: WorkspaceId,
    source: &SourceId,
    items: Vec<Interaction>,
) -> anyhow::Result<Vec<Outcome>> {
    loop {
        match engine.admission() {
            Ok(()) => break,
            Err(throughline_pipeline::EngineError::Overloaded { .. }) => {
                std::thread::park_timeout(std::time::Duration::from_millis(200));
            }
            Err(e) => return Err(e.into()),
        }
    }
    let items = items.into_iter().map(|i| Ok(i.into())).collect();
    Ok(engine.receive_now(workspace, Received::new(source.clone(), items))?)
}

/// Opens the door of a running server; it closes with the returned guard.
pub fn open(engine: &Engine) -> anyhow::Result<Guard> {
    let path = socket(engine.dir());
    let _ = std::fs::remove_file(&path);
    let listener =
        UnixListener::bind(&path).with_context(|| format!("cannot open the door for imports at {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).context("make the door private")?;
    let engine = engine.clone();
    std::thread::Builder::new().name("door".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let engine = engine.clone();
            let served = std::thread::Builder::new().name("import".into()).spawn(move || {
                if let Err(e) = serve(&engine, stream) {
                    tracing::warn!(error = format!("{e:#}"), "an import broke off");
                }
            });
            if let Err(e) = served {
                tracing::warn!(error = %e, "cannot serve an import");
            }
        }
    })?;
    Ok(Guard(path))
}

/// An open door.
pub struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn serve(engine: &Engine, stream: UnixStream) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    let Some(hello) = read::<Hello>(&mut stream)? else { return Ok(()) };
    let visitor = Visitor {
        workspace: hello.workspace.as_deref(),
        source: &hello.source,
        name: &hello.name,
        zone: &hello.zone,
        currency: &hello.currency,
        total: hello.total,
    };
    let (workspace, job) = match Door::here(engine, &visitor) {
        Ok(Door::Here { workspace, job, .. }) => (workspace, job),
        Ok(Door::There { .. }) => return Ok(()),
        Err(e) => return write(stream.get_mut(), &Welcome::Refused(format!("{e:#}"))),
    };
    write(stream.get_mut(), &Welcome::Come { workspace: workspace.id, name: workspace.name.clone() })?;
    let mut taken = 0;
    while let Some(batch) = read::<Batch>(&mut stream)? {
        if batch.finished {
            job.say("working it in");
            let answer = match engine.settle() {
                Ok(()) => Answer::Outcomes(Vec::new()),
                Err(e) => Answer::Failed(e.to_string()),
            };
            job.finish(&format!("{taken} interactions"));
            return write(stream.get_mut(), &answer);
        }
        taken += batch.items.len();
        let items = batch.items.into_iter().map(|i| Ok(i.into())).collect();
        let answer = match engine.admission() {
            Err(throughline_pipeline::EngineError::Overloaded { .. }) => Answer::Later(0.2),
            Err(e) => Answer::Failed(e.to_string()),
            Ok(()) => match engine.receive_now(workspace.id, Received::new(hello.source.clone(), items)) {
                Ok(outcomes) => Answer::Outcomes(outcomes),
                Err(e) => Answer::Failed(e.to_string()),
            },
        };
        job.done(batch.done);
        write(stream.get_mut(), &answer)?;
    }
    bail!("the importer went away before the end; run it again, what is here already counts once")
}

fn write<T: Serialize>(to: &mut UnixStream, value: &T) -> anyhow::Result<()> {
    let json = serde_json::to_vec(value)?;
    writeln!(to, "{}", json.len())?;
    to.write_all(&json)?;
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(from: &mut BufReader<UnixStream>) -> anyhow::Result<Option<T>> {
    let mut length = String::new();
    if from.by_ref().take(20).read_line(&mut length)? == 0 {
        return Ok(None);
    }
    let length: usize = length.trim().parse().context("a batch begins with its length")?;
    anyhow::ensure!(length <= LONGEST, "a batch of {length} bytes is too long");
    let mut json = vec![0; length];
    from.read_exact(&mut json)?;
    Ok(Some(serde_json::from_slice(&json)?))
}
