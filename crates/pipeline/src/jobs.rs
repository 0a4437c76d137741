//! Long work that people watch: how far it is, how fast, and how long it will take.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its number since start.
    pub id: u64,
    /// What it does, in words.
    pub name: String,
    /// Units done.
    pub done: u64,
    /// Of so many, where that is known.
    pub total: Option<u64>,
    /// `interactions`, `bytes`, ….
    pub unit: String,
    /// Units per second since it began.
    pub rate: f64,
    /// Seconds left at that rate.
    pub seconds_left: Option<f64>,
    /// `running`, `done` or `failed`.
    pub state: &'static str,
    /// The last thing it said.
    pub message: String,
}

struct Running {
    job: Job,
    started: Instant,
}

/// All jobs since start.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<BTreeMap<u64, Running>>>);

/// Reports on one job; dropping it without [`JobHandle::finish`] marks it failed.
pub struct JobHandle {
    jobs: Jobs,
    id: u64,
    ended: bool,
}

impl Jobs {
    pub(crate) fn start(&self, name: &str, unit: &str, total: Option<u64>) -> JobHandle {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = all.keys().next_back().map_or(1, |k| k + 1);
        let job = Job {
            id,
            name: name.to_owned(),
            done: 0,
            total,
            unit: unit.to_owned(),
            rate: 0.0,
            seconds_left: None,
            state: "running",
            message: String::new(),
        };
        all.insert(id, Running { job, started: Instant::now() });
        while all.len() > 50 {
            all.pop_first();
        }
        JobHandle { jobs: self.clone(), id, ended: false }
    }

    pub(crate) fn list(&self) -> Vec<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|r| r.job.clone()).collect()
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Job)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(r) = all.get_mut(&id) {
            change(&mut r.job);
            let seconds = r.started.elapsed().as_secs_f64();
            r.job.rate = if seconds > 0.0 { r.job.done as f64 / seconds } else { 0.0 };
            r.job.seconds_left = match r.job.total {
                Some(total) if r.job.rate > 0.0 && r.job.state == "running" => {
                    Some(total.saturating_sub(r.job.done) as f64 / r.job.rate)
                }
                _ => None,
            };
        }
    }
}

impl JobHandle {
    /// So many units are done.
    pub fn done(&self, done: u64) {
        self.jobs.change(self.id, |j| j.done = done);
    }

    /// There are so many in all.
    pub fn total(&self, total: u64) {
        self.jobs.change(self.id, |j| j.total = Some(total));
    }

    /// Says something to whoever watches.
    pub fn say(&self, message: &str) {
        self.jobs.change(self.id, |j| j.message = message.to_owned());
    }

    /// It is done.
    pub fn finish(mut self, message: &str) {
        self.ended = true;
        self.jobs.change(self.id, |j| {
            j.state = "done";
            j.message = message.to_owned();
            j.total = j.total.map(|t| t.max(j.done));
        });
    }

    /// It could not be done.
    pub fn fail(mut self, message: &str) {
        self.ended = true;
        self.jobs.change(self.id, |j| {
            j.state = "failed";
            j.message = message.to_owned();
        });
    }
}

impl Drop for JobHandle {
    fn drop(&mut self) {
        if !self.ended {
            self.jobs.change(self.id, |j| j.state = "failed");
        }
    }
}
