//! `throughline check`, `throughline rebuild` and `throughline store`.

use crate::config::{self, Config};
use crate::history::LakeHistory;
use crate::house;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::sync::Arc;
use throughline_pipeline::{Engine, History};
use throughline_store::{DirectoryLock, Migration, Place, Store};

/// Runs `check`.
pub fn check(config: Config) -> anyhow::Result<()> {
    let dir = config.data();
    anyhow::ensure!(dir.is_dir(), "there is no data directory {}", dir.display());
    let house = match house::open(&dir, &house::holder("checking"), config.options()) {
        Ok(house) => house,
        Err(e) => {
            // The house does not open: read the ledger by itself and say all there is to say.
            let damages = throughline_ledger::verify(&dir.join("ledger"), |_| {}).unwrap_or_default();
            for d in &damages {
                println!("{d}; {}", d.problem.advice());
            }
            return Err(e);
        }
    };
    let report = house.engine.check()?;
    for read in &report.read {
        println!("read {read}");
    }
    for damage in &report.damages {
        println!("{damage}");
    }
    house.engine.close()?;
    if report.damages.is_empty() {
        println!("everything is sound");
        Ok(())
    } else {
        bail!("{} damages found", report.damages.len())
    }
}

#[derive(Debug, Args)]
pub struct RebuildArgs {
    /// Do not compare with what was there before, which may be damaged
    #[arg(long)]
    anyway: bool,
}

/// Runs `rebuild`.
pub fn rebuild(config: Config, args: RebuildArgs) -> anyhow::Result<()> {
    let dir = config.data();
    anyhow::ensure!(dir.is_dir(), "there is no data directory {}", dir.display());
    let before = if args.anyway {
        // What is derived may not even open.
        let timelines = dir.join("timelines");
        if timelines.exists() {
            std::fs::remove_dir_all(&timelines).with_context(|| format!("cannot remove {}", timelines.display()))?;
        }
        None
    } else {
        let house = house::open(&dir, &house::holder("rebuilding"), config.options())
            .context("to rebuild without comparing, add --anyway")?;
        let digest = house.engine.digest()?;
        house.engine.close()?;
        Some(digest)
    };
    let _lock = DirectoryLock::take(&dir, &house::holder("rebuilding"))?;
    let options = config.options();
    let lake: Arc<dyn History> = Arc::new(LakeHistory::new(&dir, options.buckets)?);
    let started = std::time::Instant::now();
    let engine = Engine::rebuild(&dir, throughline_web::MIGRATIONS, Some(lake), options)?;
    engine.settle()?;
    let after = engine.digest()?;
    let position = engine.status().ledger_position;
    engine.close()?;
    println!("rebuilt from {position} frames of the ledger in {:.1} s", started.elapsed().as_secs_f64());
    match before {
        Some(before) if before == after => {
            println!("every derived row is the same as before");
            Ok(())
        }
        Some(before) => {
            for (name, was) in &before.0 {
                if after.0.get(name) != Some(was) {
                    println!("`{name}` differs: {} rows before, {} now", was.0, after.0.get(name).map_or(0, |n| n.0));
                }
            }
            bail!("what was rebuilt differs from what was there; what was there had been changed or damaged")
        }
        None => Ok(()),
    }
}

#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Move the state to where it is to be kept from now on
    ///
    /// Nothing may run on the data directory. Every row is copied in one transaction and compared; only
    /// then is the data directory told, and what was left behind removed.
    Move {
        /// `sqlite`, or postgres://user:password@host/database; --store says where it is now
        #[arg(long, value_name = "PLACE")]
        to: String,
    },
}

impl std::fmt::Debug for StoreCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // There may be a password in it.
        f.write_str("StoreCommand(…)")
    }
}

/// Every room's schema.
pub fn migrations() -> Vec<Migration> {
    throughline_pipeline::migrations().into_iter().chain(throughline_web::MIGRATIONS.iter().copied()).collect()
}

/// Runs `store`.
pub fn store(config: Config, args: StoreArgs) -> anyhow::Result<()> {
    let StoreCommand::Move { to } = args.command;
    let to = config::place(Some(&to))?;
    let dir = config.data();
    anyhow::ensure!(dir.is_dir(), "there is no data directory {}", dir.display());
    let _lock = DirectoryLock::take(&dir, &house::holder("moving the state"))?;
    let started = std::time::Instant::now();
    let moved = Store::transfer(&config.store, &to, &dir, &migrations())?;
    println!(
        "moved {} rows of {} tables to {to} in {:.1} s, and compared them",
        moved.rows,
        moved.tables,
        started.elapsed().as_secs_f64()
    );
    match to {
        Place::Embedded => println!("from now on leave --store and THROUGHLINE_STORE out"),
        Place::Postgres(_) => println!("from now on say so with --store, THROUGHLINE_STORE or `store` in the file"),
    }
    Ok(())
}
