//! `dry_run <recipe.toml> [<data folder>]` prints what an import would do, and how fast it was.

use anyhow::Context;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use throughline_connectors::files::{Formats, Import, ImportOptions, Report};
use throughline_interactions::{Timestamp, WorkspaceId};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let recipe = arguments.next().context("name a recipe")?;
    let options = ImportOptions { data: arguments.next(), ..ImportOptions::new(WorkspaceId(1), Timestamp::MAX) };
    let mut import = Import::open(&recipe, Formats::standard(), options)?;
    let mut report = Report::default();
    let mut reading = Duration::ZERO;
    loop {
        let started = Instant::now();
        let batch = import.next_batch(2_000)?;
        reading += started.elapsed();
        report.add(&batch);
        if batch.done {
            break;
        }
    }
    println!("{report}");
    println!("{:.0} rows/s", report.progress.rows as f64 / reading.as_secs_f64());
    Ok(())
}
