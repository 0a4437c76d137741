//! `throughline bench`: figures of this machine, measured and not asserted.
//!
//! Everything runs in a directory of its own that is removed afterwards. The load generator runs on
//! the same machine and is part of the figure. Nothing leaves this machine.

mod erase;
mod fold;
mod fresh;
mod guards;
mod identity;
mod import;
mod ingest;
mod ledger;
mod map;
mod process;
mod resends;
mod story;

use crate::config::Config;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Durable, de-duplicated interactions by POST in batches, with many ids already known
    Ingest(ingest::IngestArgs),
    /// Everything that follows from a demo world's ledger made again, in SQLite and in PostgreSQL
    Fold(fold::FoldArgs),
    /// Until an interaction is on its customer's story and in the counts, while others arrive
    Fresh(fresh::FreshArgs),
    /// Which records are of one person, in a file that says whose they are: precision and recall
    Identity(identity::IdentityArgs),
    /// Crowds made to tempt whoever joins identifiers: true links that are made, and wrong ones
    Guards(guards::GuardsArgs),
    /// Many interactions of which three in ten are sent again: each is kept once
    Resends(resends::ResendsArgs),
    /// Rows of a CSV file until the last one is on the story and on the map
    Import(import::ImportBenchArgs),
    /// The map of many interactions: after a restart, and warm
    Map(map::MapArgs),
    /// The page and the profile of one customer with very many interactions
    Story(story::StoryArgs),
    /// Erasing one person from many interactions, with a scan of every file
    Erase(erase::EraseArgs),
    /// The ledger alone: batches until they are on the disk
    Ledger(ledger::LedgerArgs),
    /// Message keys: memory and look-ups a second
    Keys(ledger::KeysArgs),
    /// Memory of an idle server
    Idle(process::IdleArgs),
}

/// Runs the command.
pub fn run(mut config: Config, args: BenchArgs) -> anyhow::Result<()> {
    // What is measured is in a directory of its own, and nobody's database is touched unless it is named
    // for this.
    let place = std::mem::take(&mut config.store);
    println!("{}", process::machine());
    match args.command {
        Bench::Ingest(a) => ingest::run(&config, a),
        Bench::Fold(a) => fold::run(&config, &place, a),
        Bench::Fresh(a) => fresh::run(&config, a),
        Bench::Resends(a) => resends::run(&config, a),
        Bench::Identity(a) => identity::run(&a),
        Bench::Guards(a) => guards::run(&a),
        Bench::Import(a) => import::run(&config, a),
        Bench::Map(a) => map::run(&config, a),
        Bench::Story(a) => story::run(&config, a),
        Bench::Erase(a) => erase::run(&config, a),
        Bench::Ledger(a) => ledger::run(&config, a),
        Bench::Keys(a) => ledger::keys(&config, a),
        Bench::Idle(a) => process::idle(&config, a),
    }
}
