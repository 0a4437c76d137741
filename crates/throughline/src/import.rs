//! `throughline import`: records of your own, by a recipe.

use crate::config::Config;
use crate::door::{Door, Visitor};
use crate::{formats, house};
use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use throughline_connectors::files::{Import, ImportOptions, Progress, RejectsWriter, Report};
use throughline_interactions::{Outcome, SourceId, Tally, WorkspaceId};
use throughline_pipeline::Options;
use throughline_store::LockError;

/// Interactions handed over at a time.
const BATCH: usize = 5_000;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The recipe, or a folder with a recipe.toml
    recipe: PathBuf,
    /// The folder of the data, if it is not the recipe's own
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// The workspace; without one the only one is meant, or a first one is made
    #[arg(long, value_name = "KEY")]
    workspace: Option<String>,
    /// Change nothing: show what would come in, and what would not
    #[arg(long)]
    dry_run: bool,
    /// Where rows that cannot be taken are written, with line, column and reason
    #[arg(long, value_name = "FILE", default_value = "rejects.csv")]
    rejects: PathBuf,
}

/// Runs the command.
pub fn run(config: Config, args: ImportArgs) -> anyhow::Result<()> {
    let recipe = if args.recipe.is_dir() { args.recipe.join("recipe.toml") } else { args.recipe.clone() };
    if args.dry_run {
        let mut import = open(&recipe, &args, WorkspaceId(1))?;
        let report = Report::of(&mut import)?;
        println!("{report}");
        println!("Nothing was changed. Without --dry-run it comes in.");
        return Ok(());
    }
    let probe = open(&recipe, &args, WorkspaceId(1))?;
    let (name, zone, currency) = {
        let r = probe.recipe();
        (
            r.name.clone(),
            r.zone.as_ref().and_then(|z| z.constant()).unwrap_or("UTC").to_owned(),
            r.currency.as_ref().and_then(|c| c.constant()).unwrap_or("EUR").to_owned(),
        )
    };
    let source = SourceId::new(&probe.recipe().source)
        .with_context(|| format!("`{}` cannot be the name of a source", probe.recipe().source))?;
    let total = probe.progress().bytes_total;
    drop(probe);
    let visitor = Visitor {
        workspace: args.workspace.as_deref(),
        source: &source,
        name: &name,
        zone: &zone,
        currency: &currency,
        total,
    };
    let dir = config.data();
    let (mut door, house) = match house::open(&dir, &house::holder("importing"), config.options()) {
        Ok(house) => {
            house::tell_key(&house.engine);
            (Door::here(&house.engine, &visitor)?, Some(house))
        }
        Err(e) if e.downcast_ref::<LockError>().is_some_and(|l| matches!(l, LockError::Held { .. })) => {
            let door = Door::there(&dir, &visitor).map_err(|why| e.context(format!("{why:#}")))?;
            eprintln!("a server is running on {}: handing the rows to it", dir.display());
            (door, None)
        }
        Err(e) => return Err(e),
    };
    let mut import = open(&recipe, &args, door.workspace())?;
    let result = hand_over(&mut import, &mut door, &source, &args.rejects);
    let (progress, tally, conflicts) = match result {
        Ok(told) => told,
        Err(e) => {
            if let Some(house) = house {
                house.engine.close()?;
            }
            return Err(e);
        }
    };
    let workspace = door.workspace_name().to_owned();
    door.finish(&format!("{} interactions", tally.accepted))?;
    if let Some(house) = house {
        house.engine.close()?;
    }
    tell(&progress, &tally, &conflicts, &workspace, &args.rejects);
    Ok(())
}

fn open(recipe: &Path, args: &ImportArgs, workspace: WorkspaceId) -> anyhow::Result<Import> {
    let mut options = ImportOptions::new(workspace, (Options::default().clock)());
    options.data.clone_from(&args.files);
    Import::open(recipe, formats::formats(), options)
}

/// Reads on one thread and hands over on this one.
fn hand_over(
    import: &mut Import,
    door: &mut Door,
    source: &SourceId,
    rejects_path: &Path,
) -> anyhow::Result<(Progress, Tally, Vec<String>)> {
    let mut rejects: Option<RejectsWriter<BufWriter<File>>> = None;
    let mut tally = Tally::default();
    let mut conflicts = Vec::new();
    let mut meter = Meter::new();
    let mut last = Progress::default();
    import.read_ahead(BATCH, |batch| {
        for reject in &batch.rejects {
            let writer = match &mut rejects {
                Some(w) => w,
                None => {
                    let file = File::create(rejects_path)
                        .with_context(|| format!("cannot write the rejects to {}", rejects_path.display()))?;
                    rejects.insert(RejectsWriter::new(BufWriter::new(file)).context("begin the rejects")?)
                }
            };
            writer.write(reject).context("write a reject")?;
        }
        let ids: Vec<String> = batch.interactions.iter().map(|i| i.message_id.clone()).collect();
        let outcomes = door.take(source, batch.interactions, batch.progress.bytes_read)?;
        for (id, outcome) in ids.iter().zip(&outcomes) {
            tally.count(outcome);
            if let Outcome::Quarantined(f) | Outcome::Rejected(f) = outcome
                && conflicts.len() < 5
            {
                conflicts.push(format!("{id}: {f}"));
            }
        }
        meter.show(&batch.progress, tally.received());
        last = batch.progress;
        Ok(true)
    })?;
    meter.end();
    if let Some(writer) = rejects {
        writer.finish().and_then(|mut w| w.flush()).context("finish the rejects")?;
    }
    Ok((last, tally, conflicts))
}

fn tell(progress: &Progress, tally: &Tally, conflicts: &[String], workspace: &str, rejects: &Path) {
    println!(
        "{} rows read: {} taken, {} rejected, {} repeated, {} not asked for",
        progress.rows, progress.taken, progress.rejected, progress.repeated, progress.skipped
    );
    println!(
        "{} interactions for {workspace}: {} new, {} known already, {} kept aside, {} refused",
        tally.received(),
        tally.accepted,
        tally.duplicate,
        tally.quarantined,
        tally.rejected
    );
    if progress.ambiguous_times > 0 {
        println!(
            "{} local times occurred twice, when the clocks went back; the first reading was taken",
            progress.ambiguous_times
        );
    }
    for conflict in conflicts {
        println!("  {conflict}");
    }
    if progress.rejected > 0 {
        println!("what was rejected, with line, column and reason: {}", rejects.display());
    }
    for file in &progress.broken {
        println!("`{file}` could not be read to its end; what came before is in");
    }
}

/// Progress on the terminal: rate and time left.
struct Meter {
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl Meter {
    fn new() -> Self {
        let now = Instant::now();
        Self { started: now, shown: now, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&mut self, p: &Progress, interactions: u64) {
        let every = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64();
        let share = p.bytes_read as f64 / p.bytes_total.max(1) as f64;
        let left = if share > 0.0 { seconds / share - seconds } else { 0.0 };
        let line = format!(
            "{:3.0} %  {} rows, {} interactions, {:.0} a second, {:.0} s left",
            share * 100.0,
            p.rows,
            interactions,
            interactions as f64 / seconds.max(0.001),
            left
        );
        if self.terminal {
            eprint!("\r\x1b[K{line}");
        } else {
            eprintln!("{line}");
        }
    }

    fn end(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
