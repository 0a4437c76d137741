//! The files of a data directory that name people: looking at one, deciding about it, working it off, and
//! going on after a restart.

use crate::lines::{self, Outcome};
use crate::list::List;
use crate::runs::{self, BadLine, Counts, Run, RunState, What};
use crate::{RightsError, retention};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use throughline_customers::CustomerProfile;
use throughline_interactions::{Node, Timestamp, WorkspaceId};
use throughline_pipeline::{Engine, EngineError, Erased, Erasing, JobHandle, Receipt, Target};
use throughline_store::sql::params;

/// Lines that are worked off at a time: with each the folding thread waits a moment.
const BATCH: u32 = 500;
/// Files that nobody decided about, and lists of what was exported, go after so many days.
const KEPT_DAYS: i64 = 7;
/// Receipts that the receipt of a file lists.
const MOST_LISTED: u32 = 10_000;

/// What rooms above this one keep of people.
pub trait Elsewhere: Send + Sync {
    /// What there is of somebody, for an export.
    fn of(&self, workspace: WorkspaceId, person: &CustomerProfile) -> Result<Map<String, Value>, EngineError>;

    /// Removes it, before the person is erased; how much there was.
    fn forget(&self, workspace: WorkspaceId, people: &[CustomerProfile]) -> Result<Vec<u64>, EngineError>;
}

/// Nothing is kept anywhere else.
#[derive(Debug, Clone, Copy)]
pub struct Nowhere;

impl Elsewhere for Nowhere {
    fn of(&self, _: WorkspaceId, _: &CustomerProfile) -> Result<Map<String, Value>, EngineError> {
        Ok(Map::new())
    }

    fn forget(&self, _: WorkspaceId, people: &[CustomerProfile]) -> Result<Vec<u64>, EngineError> {
        Ok(vec![0; people.len()])
    }
}

/// The rights of people in a data directory; cheap to clone.
#[derive(Clone)]
pub struct Rights(Arc<Inner>);

struct Inner {
    engine: Engine,
    elsewhere: Arc<dyn Elsewhere>,
    closed: AtomicBool,
    /// Runs that a thread is busy with.
    busy: Mutex<HashSet<u64>>,
    over: Condvar,
    /// Held by whoever applies rules.
    applying: Mutex<()>,
}

/// Held by the thread that is busy with a run.
struct Turn {
    rights: Rights,
    run: u64,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.rights.busy().remove(&self.run);
        self.rights.0.over.notify_all();
    }
}

impl Rights {
    /// Takes up the files of a data directory: what was running when the process died goes on.
    pub fn open(engine: &Engine, elsewhere: Arc<dyn Elsewhere>) -> Result<Self, RightsError> {
        let rights = Self(Arc::new(Inner {
            engine: engine.clone(),
            elsewhere,
            closed: false.into(),
            busy: Mutex::default(),
            over: Condvar::new(),
            applying: Mutex::default(),
        }));
        let old = engine.now().0 - KEPT_DAYS * 86_400_000_000;
        for run in runs::list(engine.store(), None)? {
            match run.state {
                RunState::Running => rights.spawn(run)?,
                RunState::Waiting if run.created_at.0 < old => rights.remove(run.id)?,
                _ => {}
            }
        }
        Ok(rights)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What rooms above keep.
    pub fn elsewhere(&self) -> &dyn Elsewhere {
        &*self.0.elsewhere
    }

    pub(crate) fn applying(&self) -> MutexGuard<'_, ()> {
        self.0.applying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Erases one person, with what is kept of them elsewhere.
    pub fn erase(&self, workspace: WorkspaceId, by: &str, customer: u64) -> Result<Receipt, RightsError> {
        let engine = self.engine();
        let profile = engine.customer(workspace, customer)?;
        let node = profile.identifiers.first().map_or(Node(profile.row.id), |i| i.node);
        let elsewhere = self.elsewhere().forget(workspace, &[profile])?.first().copied().unwrap_or_default();
        let order = Erasing { workspace, by, run: None };
        let erased = engine.erase_all(&order, &[Target { nodes: vec![node], elsewhere }])?.pop();
        engine.finish_erasing(workspace)?;
        match erased {
            Some(Erased::Person(receipt)) => Ok(receipt),
            _ => Err(EngineError::NotFound(format!("customer {customer:016x}")).into()),
        }
    }

    /// Takes a file and looks up its lines; nothing else happens until somebody decides. What stood in the
    /// lines is forgotten at once.
    pub fn bring(
        &self,
        workspace: WorkspaceId,
        what: What,
        name: &str,
        bytes: &[u8],
        by: &str,
    ) -> Result<Run, RightsError> {
        let engine = self.engine();
        let list = List::read(bytes)?;
        engine.wait_folded()?;
        let lines = lines::look_up(engine, workspace, list)?;
        let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        let run = Run {
            id: 0,
            workspace,
            what,
            file: if name.is_empty() { "a list".to_owned() } else { name },
            sha256: digest,
            state: RunState::Waiting,
            created_at: engine.now(),
            created_by: by.to_owned(),
            began_at: 0,
            ended_at: None,
            message: String::new(),
        };
        let id = engine.store().write(|tx| {
            let id = runs::create(tx, &run)?;
            lines::keep(tx, id, &lines)?;
            Ok(id)
        })?;
        Ok(Run { id, ..run })
    }

    /// All files of a workspace, the newest first.
    pub fn runs(&self, workspace: WorkspaceId) -> Result<Vec<Run>, RightsError> {
        Ok(runs::list(self.engine().store(), Some(workspace))?)
    }

    /// One of them.
    pub fn run(&self, workspace: WorkspaceId, id: u64) -> Result<Run, RightsError> {
        runs::one(self.engine().store(), workspace, id)
    }

    /// What its lines found, or what has become of them.
    pub fn counts(&self, run: u64) -> Result<Counts, RightsError> {
        Ok(runs::counts(self.engine().store(), run)?)
    }

    /// Lines that cannot be used, the first `most` of them.
    pub fn bad_lines(&self, run: u64, most: u32) -> Result<Vec<BadLine>, RightsError> {
        Ok(runs::bad(self.engine().store(), run, most)?)
    }

    /// One identifier of each person that a file finds.
    pub(crate) fn found(&self, workspace: WorkspaceId, run: u64) -> Result<Vec<Node>, RightsError> {
        self.run(workspace, run)?;
        Ok(self.engine().store().read(|c| lines::found(c, run))?)
    }

    /// Forgets a file that nobody decided about, or whose people were exported.
    pub fn forget(&self, workspace: WorkspaceId, id: u64) -> Result<(), RightsError> {
        let run = self.run(workspace, id)?;
        if run.what == What::Erase && run.state != RunState::Waiting {
            return Err(RightsError::Refused("its people are being erased, or were; that is remembered".to_owned()));
        }
        self.remove(id)
    }

    fn remove(&self, id: u64) -> Result<(), RightsError> {
        self.engine().store().write(|tx| {
            tx.execute("DELETE FROM rights_lines WHERE run = $1", params![id.cast_signed()])?;
            tx.execute("DELETE FROM rights_runs WHERE id = $1", params![id.cast_signed()])
        })?;
        Ok(())
    }

    /// Erases the people of a file, or goes on with it, on a thread of its own.
    pub fn start(&self, workspace: WorkspaceId, id: u64) -> Result<(), RightsError> {
        let mut run = self.run(workspace, id)?;
        match (run.what, run.state) {
            (What::Export, _) => return Err(RightsError::Refused("it was brought for an export".to_owned())),
            (_, RunState::Running) => return Ok(()),
            (_, RunState::Done) => return Err(RightsError::Refused("its people are erased".to_owned())),
            (_, RunState::Waiting) => run.began_at = self.engine().position(),
            (_, RunState::Failed) => {}
        }
        run.state = RunState::Running;
        run.message.clear();
        self.engine().store().write(|tx| runs::save(tx, &run))?;
        self.spawn(run)
    }

    fn spawn(&self, run: Run) -> Result<(), RightsError> {
        if !self.busy().insert(run.id) {
            return Ok(());
        }
        let turn = Turn { rights: self.clone(), run: run.id };
        std::thread::Builder::new().name("rights".to_owned()).spawn(move || turn.rights.work(run))?;
        Ok(())
    }

    /// Waits until no thread is busy with a run, and gives it as it then is.
    pub fn wait(&self, workspace: WorkspaceId, id: u64) -> Result<Run, RightsError> {
        drop(self.0.over.wait_while(self.busy(), |all| all.contains(&id)).unwrap_or_else(PoisonError::into_inner));
        self.run(workspace, id)
    }

    /// Lets every thread stop after what it is at; the next start goes on.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        drop(self.0.over.wait_while(self.busy(), |all| !all.is_empty()).unwrap_or_else(PoisonError::into_inner));
    }

    fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    fn work(&self, mut run: Run) {
        let job = self.engine().job("erasing the people that a file names", "lines", None);
        let worked = self.work_off(&run, &job);
        if matches!(worked, Ok(false)) {
            // The engine is closing: it stays as it is, and the next start goes on.
            return job.finish("goes on with the next start");
        }
        run.ended_at = Some(self.engine().now());
        match worked {
            Ok(_) => {
                run.state = RunState::Done;
                job.finish("they are erased");
            }
            Err(error) => {
                run.state = RunState::Failed;
                run.message = error.to_string();
                tracing::error!(%error, run = run.id, "the people of a file were not all erased");
                job.fail(&run.message);
            }
        }
        if let Err(error) = self.engine().store().write(|tx| runs::save(tx, &run)) {
            tracing::error!(%error, run = run.id, "the end of an erasure could not be noted");
        }
    }

    /// False when it has to stop before the end.
    fn work_off(&self, run: &Run, job: &JobHandle) -> Result<bool, RightsError> {
        let engine = self.engine();
        let counts = self.counts(run.id)?;
        job.total(counts.lines);
        let mut done = counts.done;
        loop {
            job.done(done);
            if self.is_closed() {
                return Ok(false);
            }
            let batch = engine.store().read(|c| lines::open(c, run.id, BATCH))?;
            if batch.is_empty() {
                break;
            }
            done += batch.len() as u64;
            self.erase_lines(run, &batch)?;
        }
        job.say("overwriting them in the files");
        engine.finish_erasing(run.workspace)?;
        job.say("signing");
        self.sign(run)?;
        Ok(true)
    }

    fn erase_lines(&self, run: &Run, batch: &[lines::Line]) -> Result<(), RightsError> {
        let engine = self.engine();
        let (mut people, mut of) = (Vec::new(), vec![None; batch.len()]);
        for (at, line) in batch.iter().enumerate() {
            if let Some(id) = line.nodes.first().map(|n| engine.known_by(run.workspace, *n)).transpose()?.flatten() {
                match engine.customer(run.workspace, id) {
                    Ok(profile) => {
                        of[at] = Some(people.len());
                        people.push(profile);
                    }
                    Err(EngineError::NotFound(_)) => {}
                    Err(other) => return Err(other.into()),
                }
            }
        }
        let elsewhere = self.elsewhere().forget(run.workspace, &people)?;
        let removed = |at: usize| of[at].and_then(|p: usize| elsewhere.get(p).copied()).unwrap_or_default();
        let targets: Vec<Target> = batch
            .iter()
            .enumerate()
            .map(|(at, line)| Target { nodes: line.nodes.clone(), elsewhere: removed(at) })
            .collect();
        let name = run.name();
        let order = Erasing { workspace: run.workspace, by: &run.created_by, run: Some(&name) };
        let erased = engine.erase_all(&order, &targets)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for (line, erased) in batch.iter().zip(&erased) {
            outcomes.push(match erased {
                Erased::Person(_) => Outcome::Erased,
                Erased::Same(_) => Outcome::Same,
                Erased::Unknown => Outcome::Unknown,
                // A part of this file that was written down before the process died, and not noted.
                Erased::Before => match engine.erased_at(run.workspace, line.nodes[0])? {
                    Some(at) if at > run.began_at => {
                        if line.outcome == Outcome::Unknown {
                            Outcome::Unknown
                        } else {
                            Outcome::Erased
                        }
                    }
                    _ => Outcome::Before,
                },
            });
        }
        engine.store().write(|tx| {
            for (line, outcome) in batch.iter().zip(outcomes) {
                lines::settle(tx, run.id, line.line, outcome)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    /// The receipt of the file; what its lines were is forgotten with it.
    fn sign(&self, run: &Run) -> Result<(), RightsError> {
        let (engine, name) = (self.engine(), run.name());
        let counts = self.counts(run.id)?;
        let mut receipts = engine.receipts(run.workspace, &name, 0, MOST_LISTED)?;
        receipts.retain(|r| r.kind == "person");
        let ids: Vec<&str> = receipts.iter().map(|r| r.id.as_str()).collect();
        let says = json!({
            "file": {"name": run.file, "sha256": run.sha256, "number": run.id},
            "by": run.created_by,
            "brought_at": run.created_at.to_string(),
            "erased_at": engine.now().to_string(),
            "lines": {
                "all": counts.lines,
                "people_erased": counts.people,
                "about_the_same_person": counts.same,
                "unknown_and_refused_from_now_on": counts.unknown,
                "unknown_of_no_known_kind": counts.nameless,
                "erased_before": counts.before,
                "not_usable": counts.bad,
            },
            "receipts": ids,
        });
        if let Value::Object(says) = says {
            engine.sign_for_file(run.workspace, &name, says)?;
        }
        Ok(())
    }

    /// Does what is due by time alone: rules of retention once a day, and lists that nobody came back for.
    pub fn round(&self, now: Timestamp) -> Result<(), RightsError> {
        for run in runs::list(self.engine().store(), None)? {
            if run.state == RunState::Waiting && run.created_at.0 < now.0 - KEPT_DAYS * 86_400_000_000 {
                self.remove(run.id)?;
            }
        }
        for workspace in self.engine().workspaces()? {
            retention::apply_if_due(self, &workspace, now)?;
        }
        Ok(())
    }
}
