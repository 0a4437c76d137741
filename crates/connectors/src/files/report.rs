//! What an import would do, told before it does it.

use crate::files::import::{Batch, Import, Progress, Reject};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use throughline_interactions::{Interaction, Timestamp};

/// How many interactions, and how many rejects of each code, are shown.
const EXAMPLES: usize = 3;

/// A summary of an import, made of its batches.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Rows, and what became of them.
    pub progress: Progress,
    /// Interactions by event.
    pub events: BTreeMap<String, u64>,
    /// Rejects by code.
    pub rejects: BTreeMap<String, Rejected>,
    /// Interactions by kind of identifier.
    pub identifiers: BTreeMap<String, Identified>,
    /// Interactions without an identifier.
    pub unidentified: u64,
    /// The first and the last time.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The first interactions in JSON, for people.
    pub examples: Vec<String>,
}

/// Rejects of one code.
#[derive(Debug, Clone, Default)]
pub struct Rejected {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Vec<Reject>,
}

/// Identifiers of one kind.
#[derive(Debug, Clone, Default)]
pub struct Identified {
    /// How many interactions have one.
    pub interactions: u64,
    values: HashSet<u64>,
}

impl Identified {
    /// How many different values there are.
    pub fn distinct(&self) -> usize {
        self.values.len()
    }
}

impl Report {
    /// Runs a whole import and keeps only the summary.
    pub fn of(import: &mut Import) -> anyhow::Result<Self> {
        let mut report = Self::default();
        loop {
            let batch = import.next_batch(10_000)?;
            report.add(&batch);
            if batch.done {
                return Ok(report);
            }
        }
    }

    /// Adds a batch.
    pub fn add(&mut self, batch: &Batch) {
        self.progress = batch.progress.clone();
        for one in &batch.interactions {
            self.interaction(one);
        }
        for one in &batch.rejects {
            let known = self.rejects.entry(one.code.clone()).or_default();
            known.count += 1;
            if known.first.len() < EXAMPLES {
                known.first.push(one.clone());
            }
        }
    }

    fn interaction(&mut self, one: &Interaction) {
        match self.events.get_mut(&one.event) {
            Some(n) => *n += 1,
            None => drop(self.events.insert(one.event.clone(), 1)),
        }
        if one.identifiers.is_empty() {
            self.unidentified += 1;
        }
        for (i, identifier) in one.identifiers.iter().enumerate() {
            if !self.identifiers.contains_key(&identifier.kind) {
                self.identifiers.insert(identifier.kind.clone(), Identified::default());
            }
            if let Some(known) = self.identifiers.get_mut(&identifier.kind) {
                known.interactions +=
                    u64::from(!one.identifiers[..i].iter().any(|earlier| earlier.kind == identifier.kind));
                let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(identifier.normalised());
                known.values.insert(hash);
            }
        }
        let (first, last) = self.times.unwrap_or((one.occurred_at, one.occurred_at));
        self.times = Some((first.min(one.occurred_at), last.max(one.occurred_at)));
        if self.examples.len() < EXAMPLES
            && let Ok(json) = serde_json::to_string_pretty(one)
        {
            self.examples.push(json);
        }
    }

    /// What a person should look at before importing in earnest.
    pub fn warnings(&self) -> Vec<String> {
        let p = &self.progress;
        let mut out = Vec::new();
        if p.rows == 0 {
            out.push("no rows were found".to_owned());
        }
        for file in &p.broken {
            out.push(format!("`{file}` could not be read to its end"));
        }
        for e in &p.events {
            let tried = e.taken + e.rejected + e.repeated;
            if p.rows > 0 && tried == 0 {
                out.push(format!("no row of `{}` became `{}`: is `when` right?", e.from, e.event));
            }
            for j in &e.joins {
                if j.matched == 0 && j.unmatched > 0 {
                    out.push(format!(
                        "`{}`: no row of `{}` has a match in `{}`: do both columns hold the same ids?",
                        e.event, e.from, j.file
                    ));
                } else if j.unmatched > 0 {
                    out.push(format!(
                        "`{}`: {} of {} look-ups found nothing in `{}`",
                        e.event,
                        j.unmatched,
                        j.matched + j.unmatched,
                        j.file
                    ));
                }
            }
        }
        if p.ambiguous_times > 0 {
            out.push(format!(
                "{} local times occurred twice, when the clocks went back; the first reading was taken",
                p.ambiguous_times
            ));
        }
        if self.unidentified > 0 {
            out.push(format!("{} interactions name nobody", self.unidentified));
        }
        if let Some(n) = (p.repeated > 0).then_some(p.repeated) {
            out.push(format!("{n} rows repeat an id with the same content and count once"));
        }
        out
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p = &self.progress;
        writeln!(
            f,
            "{} rows: {} taken, {} rejected, {} repeated, {} left out by the recipe",
            p.rows, p.taken, p.rejected, p.repeated, p.skipped
        )?;
        writeln!(f, "\ninteractions: {}", p.interactions)?;
        for (event, n) in &self.events {
            writeln!(f, "  {n:>10}  {event}")?;
        }
        if let Some((first, last)) = self.times {
            writeln!(f, "from {first} to {last}")?;
        }
        writeln!(f, "\nidentifiers:")?;
        for (kind, known) in &self.identifiers {
            writeln!(f, "  {:>10}  {kind} ({} different)", known.interactions, known.distinct())?;
        }
        if !self.rejects.is_empty() {
            writeln!(f, "\nrejected:")?;
            for (code, rejected) in &self.rejects {
                writeln!(f, "  {:>10}  {code}", rejected.count)?;
                for one in &rejected.first {
                    writeln!(f, "              {one}")?;
                }
            }
        }
        let warnings = self.warnings();
        if !warnings.is_empty() {
            writeln!(f, "\nplease look at:")?;
            for warning in warnings {
                writeln!(f, "  - {warning}")?;
            }
        }
        if !self.examples.is_empty() {
            writeln!(f, "\nthe first interactions:")?;
            for example in &self.examples {
                writeln!(f, "{example}")?;
            }
        }
        Ok(())
    }
}
