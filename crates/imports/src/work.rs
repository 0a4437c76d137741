//! The imports of a data directory: looking, trying, running, stopping, undoing.

use crate::choice::{self, Choice, Look};
use crate::run::{self, Counts, Run, RunState};
use crate::uploads::{self, Upload};
use crate::{ImportsError, Preview};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use throughline_connectors::files::guess::{Sample, guess};
use throughline_connectors::files::known::KnownExport;
use throughline_connectors::files::{Batch, Formats, Import, ImportOptions, RejectsWriter};
use throughline_interactions::{Outcome, SourceId, Tally, WorkspaceId};
use throughline_pipeline::{Engine, EngineError, JobHandle, Received, Workspace};

/// Interactions handed over at a time.
const BATCH: usize = 5_000;
/// How often the counts of a run are written down.
const NOTE: Duration = Duration::from_secs(2);
/// Files that nobody decided about go after so many days.
const KEPT_DAYS: i64 = 7;

/// The imports of a data directory; cheap to clone.
#[derive(Clone)]
pub struct Imports(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    engine: Engine,
    formats: fn() -> Formats,
    /// Nothing is begun any more.
    pub(crate) closed: AtomicBool,
    /// Runs that a thread is busy with.
    busy: Mutex<HashMap<u64, Busy>>,
    /// Told when a thread is done with one.
    over: Condvar,
    /// Folders below which places may lie.
    pub(crate) import_from: Vec<PathBuf>,
    /// The thread that looks into the inboxes.
    pub(crate) watcher: Mutex<Option<JoinHandle<()>>>,
}

/// What a thread is doing about a run.
enum Busy {
    /// Letting it in, until it is told to stop.
    Import(Arc<AtomicBool>),
    /// Taking it back, which is finished at the next start if it has to be.
    Undo,
}

/// Held by the thread that is busy with a run.
struct Turn {
    imports: Imports,
    run: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.imports.busy().remove(&self.run);
        self.imports.0.over.notify_all();
    }
}

impl Imports {
    /// Takes up the imports of a data directory: what was running when the process died is stopped,
    /// what was being undone is undone, and files that nobody came back for are removed.
    /// `import_from` are the folders below which places that are looked at by the hour may lie.
    pub fn open(engine: &Engine, formats: fn() -> Formats, import_from: Vec<PathBuf>) -> Result<Self, ImportsError> {
        Self::open_watching(engine, formats, import_from, crate::inbox::EVERY)
    }

    /// The same, with so much time between two looks into the inboxes.
    pub fn open_watching(
        engine: &Engine,
        formats: fn() -> Formats,
        import_from: Vec<PathBuf>,
        every: Duration,
    ) -> Result<Self, ImportsError> {
        let imports = Self(Arc::new(Inner {
            engine: engine.clone(),
            formats,
            closed: false.into(),
            busy: Mutex::default(),
            over: Condvar::new(),
            import_from,
            watcher: Mutex::default(),
        }));
        let now = engine.now();
        for mut run in run::list(engine.store(), None)? {
            match run.state {
                RunState::Arriving => {
                    let there = std::fs::metadata(uploads::path(engine, &run)).map_or(0, |m| m.len());
                    if run.bytes > 0 && run.bytes == there {
                        run.state = RunState::Uploaded;
                        run::save(engine.store(), &run)?;
                    } else {
                        uploads::remove(engine, run.id)?;
                        run::delete(engine.store(), run.id)?;
                    }
                }
                RunState::Running => {
                    run.state = RunState::Stopped;
                    run.message = "the server stopped while it was coming in".to_owned();
                    run::save(engine.store(), &run)?;
                }
                RunState::Undoing => imports.spawn_undo(run, "the server")?,
                RunState::Uploaded if now.0 - run.created_at.0 > KEPT_DAYS * 86_400_000_000 => {
                    imports.forget(run.workspace, run.id)?;
                }
                _ => {}
            }
        }
        imports.watch(every)?;
        Ok(imports)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<u64, Busy>> {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, run: u64, busy: Busy) -> Turn {
        self.busy().insert(run, busy);
        Turn { imports: self.clone(), run }
    }

    /// Waits until no thread is busy with a run, and gives it as it then is.
    pub fn wait(&self, workspace: WorkspaceId, id: u64) -> Result<Run, ImportsError> {
        let busy = |all: &mut HashMap<u64, Busy>| all.contains_key(&id);
        drop(self.0.over.wait_while(self.busy(), busy).unwrap_or_else(PoisonError::into_inner));
        self.run(workspace, id)
    }

    /// Begins to take a file; `name` is what the sender calls it.
    pub fn receive(&self, workspace: WorkspaceId, name: &str, by: &str) -> Result<Upload, ImportsError> {
        let engine = self.engine();
        let run = run::create(engine.store(), workspace, &uploads::safe_name(name), engine.now(), by)?;
        let id = run.id;
        Upload::begin(engine, run).inspect_err(|_| {
            let cleared = uploads::remove(engine, id).and_then(|()| run::delete(engine.store(), id));
            if let Err(error) = cleared {
                tracing::warn!(%error, "an upload that could not begin is still noted");
            }
        })
    }

    /// All runs of a workspace, the newest first.
    pub fn runs(&self, workspace: WorkspaceId) -> Result<Vec<Run>, ImportsError> {
        run::list(self.engine().store(), Some(workspace))
    }

    /// One run.
    pub fn run(&self, workspace: WorkspaceId, id: u64) -> Result<Run, ImportsError> {
        run::find(self.engine().store(), workspace, id)
    }

    /// Looks into the file of a run, and proposes what its columns are: as the person left it, as an
    /// earlier file with the same columns was read, or as they seem.
    pub fn look(&self, workspace: WorkspaceId, id: u64) -> Result<Look, ImportsError> {
        let mut run = self.run(workspace, id)?;
        let (sample, guess) = self.sample(&run)?;
        let signature = choice::signature(&sample);
        if run.signature != signature {
            run.signature = signature;
            run::save(self.engine().store(), &run)?;
        }
        let like = self.like(&run)?;
        let choice = match (&run.choice, like.as_ref().and_then(|l| l.choice.clone())) {
            (Some(own), _) => own.clone(),
            (None, Some(earlier)) => Choice { name: earlier.name.clone(), ..earlier },
            (None, None) => {
                let brand = self.workspace(workspace)?;
                Choice::of(&sample, &guess, &run.file, &brand.zone, &brand.currency)
            }
        };
        let known = KnownExport::find(&sample.columns);
        Ok(Look { run, sample, guess, known, choice, like })
    }

    fn sample(&self, run: &Run) -> Result<(Sample, throughline_connectors::files::guess::Guess), ImportsError> {
        let path = uploads::path(self.engine(), run);
        let sample = Sample::read(&path, &(self.0.formats)())
            .map_err(|e| ImportsError::Refused(format!("`{}` cannot be read: {e:#}", run.file)))?;
        let guess = guess(&sample);
        Ok((sample, guess))
    }

    fn workspace(&self, id: WorkspaceId) -> Result<Workspace, ImportsError> {
        let all = self.engine().workspaces()?;
        all.into_iter().find(|w| w.id == id).ok_or_else(|| EngineError::NotFound(format!("workspace {id}")).into())
    }

    /// The last import with the same columns that was not taken back.
    fn like(&self, run: &Run) -> Result<Option<Run>, ImportsError> {
        let mut earlier = self.runs(run.workspace)?;
        earlier.retain(|r| r.id != run.id && !r.source.is_empty());
        // The ledger knows what a source brought for ever, also when it was taken back.
        let spent = |source: &str| {
            earlier.iter().any(|r| r.source == source && matches!(r.state, RunState::Undoing | RunState::Undone))
        };
        Ok(earlier.iter().find(|r| r.signature == run.signature && !spent(&r.source)).cloned())
    }

    /// What the first rows would bring under a choice; nothing is changed but the choice.
    pub fn preview(&self, workspace: WorkspaceId, id: u64, choice: &Choice) -> Result<Preview, ImportsError> {
        let mut run = self.run(workspace, id)?;
        let mut import = self.open_import(&run, choice, "import:preview")?;
        let preview = Preview::of(&mut import)
            .map_err(|e| ImportsError::Refused(format!("`{}` cannot be read: {e:#}", run.file)))?;
        run.choice = Some(choice.clone());
        run::save(self.engine().store(), &run)?;
        Ok(preview)
    }

    fn open_import(&self, run: &Run, choice: &Choice, source: &str) -> Result<Import, ImportsError> {
        let (sample, guess) = self.sample(run)?;
        let recipe =
            choice.mapping(&sample, &guess, source).recipe().map_err(|e| ImportsError::Refused(e.to_string()))?;
        let options = ImportOptions::new(run.workspace, self.engine().now());
        let folder = uploads::folder(self.engine(), run.id);
        Import::of_text(&recipe, &run.file, &folder, (self.0.formats)(), options)
            .map_err(|e| ImportsError::Refused(format!("{e:#}")))
    }

    /// The recipe that a run follows, or would follow.
    pub fn recipe(&self, workspace: WorkspaceId, id: u64) -> Result<String, ImportsError> {
        let look = self.look(workspace, id)?;
        let source = if look.run.source.is_empty() { "import:preview" } else { &look.run.source };
        let mapping = look.choice.mapping(&look.sample, &look.guess, source);
        mapping.recipe().map_err(|e| ImportsError::Refused(e.to_string()))
    }

    /// Lets the rows of a file in, or goes on with them. The work is done by a thread of its own.
    pub fn start(&self, workspace: WorkspaceId, id: u64, choice: &Choice) -> Result<(), ImportsError> {
        let mut run = self.run(workspace, id)?;
        match run.state {
            RunState::Uploaded | RunState::Stopped | RunState::Failed => {}
            RunState::Running => return Ok(()),
            RunState::Arriving | RunState::Done | RunState::Undoing | RunState::Undone => {
                return Err(ImportsError::Refused(format!(
                    "the import of `{}` is over; bring the file again",
                    run.file
                )));
            }
        }
        if run.state == RunState::Uploaded {
            run.source = match self.like(&run)? {
                Some(like) => like.source,
                None => self.fresh_source(workspace, &choice.name)?,
            };
            run.after_position = self.engine().position();
        }
        let import = self.open_import(&run, choice, &run.source)?;
        run.choice = Some(choice.clone());
        run.state = RunState::Running;
        // Known again when it ends; an undo after a crash must not stop where an earlier part did.
        run.last_position = 0;
        run.message.clear();
        run::save(self.engine().store(), &run)?;
        let stop = Arc::new(AtomicBool::new(false));
        let turn = self.turn(id, Busy::Import(stop.clone()));
        self.spawn("import", move || turn.imports.work(run, import, &stop)).map(drop)
    }

    fn fresh_source(&self, workspace: WorkspaceId, name: &str) -> Result<String, ImportsError> {
        let known = self.engine().sources(workspace)?;
        let runs = self.runs(workspace)?;
        Ok(choice::fresh_source(name, |s| known.iter().any(|k| k.source == s) || runs.iter().any(|r| r.source == s)))
    }

    pub(crate) fn spawn(
        &self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<JoinHandle<()>, ImportsError> {
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|source| ImportsError::Io {
            verb: "start a thread in",
            path: self.engine().dir().to_owned(),
            source,
        })
    }

    /// Runs an import to its end and notes how it ended.
    fn work(&self, mut run: Run, mut import: Import, stop: &AtomicBool) {
        let job = self.engine().job(&format!("importing {}", run.file), "bytes", None);
        let before = run.counts;
        let result = self.hand_over(&mut run, &mut import, stop, &job);
        run.last_position = self.engine().position();
        run.ended_at = Some(self.engine().now());
        let said = match &result {
            Ok(true) => {
                run.state = RunState::Done;
                run.message =
                    import.progress().broken.first().map_or(String::new(), |f| {
                        format!("`{f}` could not be read to its end; what came before is in")
                    });
                job.say("working it in");
                // Pages show everything from here on.
                if let Err(error) = self.engine().settle() {
                    run.message = error.to_string();
                }
                format!("{} interactions are new", run.counts.accepted)
            }
            Ok(false) => {
                run.state = RunState::Stopped;
                run.message = "it was stopped".to_owned();
                "stopped".to_owned()
            }
            Err(error) => {
                run.state = RunState::Failed;
                run.message = format!("{error:#}");
                run.message.clone()
            }
        };
        run.counts = together(before, run.counts);
        if let Err(error) = run::save(self.engine().store(), &run) {
            tracing::error!(%error, run = run.id, "the end of an import could not be noted");
        }
        if run.state == RunState::Done
            && let Err(error) = uploads::remove_file(self.engine(), &run)
        {
            tracing::warn!(%error, "a file that is imported is still on the disk");
        }
        if run.state == RunState::Failed { job.fail(&said) } else { job.finish(&said) }
    }

    /// Reads on one thread and hands over on this one; false when it was told to stop.
    fn hand_over(
        &self,
        run: &mut Run,
        import: &mut Import,
        stop: &AtomicBool,
        job: &JobHandle,
    ) -> anyhow::Result<bool> {
        let source = SourceId::new(&run.source)
            .ok_or_else(|| anyhow::anyhow!("`{}` cannot be the name of a source", run.source))?;
        let mut rejects: Option<RejectsWriter<BufWriter<File>>> = None;
        let mut tally = Tally::default();
        let mut noted = Instant::now();
        let before = run.counts;
        job.total(import.progress().bytes_total);
        let done = import.read_ahead(BATCH, |batch: Batch| {
            if stop.load(Ordering::Acquire) {
                return Ok(false);
            }
            for reject in &batch.rejects {
                let writer = match &mut rejects {
                    Some(w) => w,
                    None => rejects.insert(RejectsWriter::new(BufWriter::new(File::create(uploads::rejects(
                        self.engine(),
                        run.id,
                    ))?))?),
                };
                writer.write(reject)?;
            }
            for outcome in self.take(run.workspace, &source, batch.interactions, stop)? {
                tally.count(&outcome);
            }
            let p = &batch.progress;
            run.counts = Counts {
                rows: p.rows,
                taken: p.taken,
                rejected: p.rejected,
                repeated: p.repeated,
                skipped: p.skipped,
                accepted: tally.accepted,
                duplicate: tally.duplicate,
                refused: tally.rejected,
                aside: tally.quarantined,
            };
            job.done(p.bytes_read);
            if noted.elapsed() >= NOTE {
                noted = Instant::now();
                run::save(self.engine().store(), &Run { counts: together(before, run.counts), ..run.clone() })?;
            }
            Ok(true)
        })?;
        if let Some(writer) = rejects {
            writer.finish()?.flush()?;
        }
        Ok(done)
    }

    /// Receives, and waits while the engine says "come back".
    fn take(
        &self,
        workspace: WorkspaceId,
        source: &SourceId,
        items: Vec<throughline_interactions::Interaction>,
        stop: &AtomicBool,
    ) -> anyhow::Result<Vec<Outcome>> {
        while let Err(e) = self.engine().admission() {
            let waits = matches!(e, EngineError::Overloaded { .. }) && !stop.load(Ordering::Acquire);
            if !waits {
                return Err(e.into());
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
        let items = items.into_iter().map(|i| Ok(i.into())).collect();
        Ok(self.engine().receive_now(workspace, Received::new(source.clone(), items))?)
    }

    /// Tells a run to stop; it does within a batch.
    pub fn stop(&self, workspace: WorkspaceId, id: u64) -> Result<(), ImportsError> {
        self.run(workspace, id)?;
        if let Some(Busy::Import(stop)) = self.busy().get(&id) {
            stop.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Tells every import to stop, and waits until they have, and until nobody looks into the inboxes:
    /// before the engine is closed.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        let importing = |all: &mut HashMap<u64, Busy>| {
            let mut any = false;
            for busy in all.values() {
                if let Busy::Import(stop) = busy {
                    stop.store(true, Ordering::Release);
                    any = true;
                }
            }
            any
        };
        drop(self.0.over.wait_while(self.busy(), importing).unwrap_or_else(PoisonError::into_inner));
        let watcher = self.0.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watcher) = watcher {
            watcher.thread().unpark();
            // It has said what went wrong, if anything did.
            drop(watcher.join());
        }
    }

    /// Takes back everything that a run brought. The work is done by a thread of its own.
    pub fn undo(&self, workspace: WorkspaceId, id: u64, by: &str) -> Result<(), ImportsError> {
        let mut run = self.run(workspace, id)?;
        match run.state {
            RunState::Stopped | RunState::Failed | RunState::Done => {}
            RunState::Undoing | RunState::Undone => return Ok(()),
            RunState::Arriving | RunState::Uploaded => {
                return Err(ImportsError::Refused(format!("nothing of `{}` has come in yet", run.file)));
            }
            RunState::Running => return Err(ImportsError::Refused("stop it first".to_owned())),
        }
        run.state = RunState::Undoing;
        run::save(self.engine().store(), &run)?;
        self.spawn_undo(run, by)
    }

    fn spawn_undo(&self, run: Run, by: &str) -> Result<(), ImportsError> {
        let (turn, by) = (self.turn(run.id, Busy::Undo), by.to_owned());
        self.spawn("undo", move || {
            let id = run.id;
            if let Err(error) = turn.imports.take_back(run, &by) {
                tracing::error!(%error, run = id, "an import could not be taken back; the next start tries again");
            }
        })
        .map(drop)
    }

    fn take_back(&self, mut run: Run, by: &str) -> Result<(), ImportsError> {
        let engine = self.engine();
        let source = SourceId::new(&run.source)
            .ok_or_else(|| ImportsError::Refused(format!("`{}` cannot be the name of a source", run.source)))?;
        let end = if run.last_position == 0 { engine.position() } else { run.last_position };
        engine.retract(run.workspace, &source, run.after_position + 1..=end, by)?;
        uploads::remove(engine, run.id)?;
        run.state = RunState::Undone;
        run.message.clear();
        run.ended_at = Some(engine.now());
        run::save(engine.store(), &run)
    }

    /// Forgets a file that has not been let in, or a run that is over; what it brought stays.
    pub fn forget(&self, workspace: WorkspaceId, id: u64) -> Result<(), ImportsError> {
        let run = self.run(workspace, id)?;
        if run.state.has_brought() && run.state != RunState::Done {
            return Err(ImportsError::Refused("it is not over yet: let it go on, or take it back".to_owned()));
        }
        uploads::remove(self.engine(), id)?;
        if run.state == RunState::Uploaded {
            run::delete(self.engine().store(), id)?;
        }
        Ok(())
    }

    /// The rejects of a run, where there are any.
    pub fn rejects(&self, workspace: WorkspaceId, id: u64) -> Result<Option<PathBuf>, ImportsError> {
        self.run(workspace, id)?;
        let path = uploads::rejects(self.engine(), id);
        Ok(path.exists().then_some(path))
    }
}

/// The counts of a run that went on after an earlier part: what the earlier part had brought is
/// known to the later one.
fn together(earlier: Counts, now: Counts) -> Counts {
    Counts {
        accepted: earlier.accepted + now.accepted,
        duplicate: now.duplicate.saturating_sub(earlier.accepted),
        aside: now.aside.max(earlier.aside),
        ..now
    }
}
