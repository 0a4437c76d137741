//! A ledger folded: in SQLite, and, where `--store` names one, in PostgreSQL. The same facts, one after the
//! other on the same machine, and the rows compared.

use super::process::Scratch;
use crate::config::Config;
use crate::{demo, maintenance};
use clap::Args;
use std::path::Path;
use std::time::Instant;
use throughline_pipeline::{Digest, Engine, NewWorkspace, Options};
use throughline_store::{Place, Store};

#[derive(Debug, Args)]
pub struct FoldArgs {
    /// Customers of the demo world, each with about forty interactions
    #[arg(long, default_value_t = 10_000)]
    customers: u64,
    /// How often each is folded
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// Runs the measurement.
pub fn run(config: &Config, place: &Place, args: FoldArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "fold")?;
    let dir = &scratch.0;
    {
        let engine = Engine::open(dir, throughline_web::MIGRATIONS, None, config.options())?;
        let shop = engine.create_workspace(&NewWorkspace {
            key: "northwind".to_owned(),
            name: throughline_demo::SHOP.to_owned(),
            zone: throughline_demo::ZONE.to_owned(),
            currency: throughline_demo::CURRENCY.to_owned(),
            week_start: 1,
            margin: Some(throughline_demo::MARGIN),
        })?;
        demo::stream(&engine, shop.id, 1, args.customers)?;
        println!("{} frames of {} customers", engine.status().ledger_position, args.customers);
        engine.close()?;
    }
    let embedded = fold(dir, &Place::Embedded, args.rounds, "SQLite")?;
    if *place == Place::Embedded {
        println!("name a PostgreSQL database with --store to measure it too");
        return Ok(());
    }
    let began = Instant::now();
    let moved = Store::transfer(&Place::Embedded, place, dir, &maintenance::migrations())?;
    println!("{} rows moved to {place} in {:.1} s", moved.rows, began.elapsed().as_secs_f64());
    let there = fold(dir, place, args.rounds, "PostgreSQL")?;
    // Back again, so that nothing is left behind.
    Store::transfer(place, &Place::Embedded, dir, &maintenance::migrations())?;
    anyhow::ensure!(embedded == there, "SQLite and PostgreSQL hold different rows");
    println!("every derived row is the same in both");
    Ok(())
}

/// Folds everything again, so often.
fn fold(dir: &Path, place: &Place, rounds: u32, name: &str) -> anyhow::Result<Digest> {
    let mut digest = None;
    for _ in 0..rounds {
        let options = Options { store: place.clone(), ..Options::default() };
        let began = Instant::now();
        let engine = Engine::rebuild(dir, throughline_web::MIGRATIONS, None, options)?;
        engine.wait_folded()?;
        let seconds = began.elapsed().as_secs_f64();
        let frames = engine.status().ledger_position;
        println!("{name}: {frames} frames in {seconds:.1} s, {:.0} a second", frames as f64 / seconds);
        let folded = engine.digest()?;
        anyhow::ensure!(digest.as_ref().is_none_or(|d| *d == folded), "two rounds in {name} gave different rows");
        digest = Some(folded);
        engine.close()?;
    }
    digest.ok_or_else(|| anyhow::anyhow!("give at least one round"))
}
