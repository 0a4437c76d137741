//! The binary: configuration, the data directory, and the commands.
//!
//! Every command opens the house the same way ([`house`]), does one thing and says what it did.
//! Read `cli.rs` first, then `house.rs` and the command of interest.

mod admin;
mod bench;
mod cli;
mod config;
mod demo;
mod door;
mod formats;
mod history;
mod house;
mod import;
mod maintenance;
mod person;
mod recipe;
mod serve;

use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is logged unless `THROUGHLINE_LOG` says otherwise. The table format complains of every commit
/// that lost a race; the lake tries those again, and says so itself when it gives up.
const LOG: &str = "warn,throughline=info,deltalake_core::kernel::transaction=off";

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("THROUGHLINE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOG));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("throughline: {e:#}");
            ExitCode::FAILURE
        }
    }
}
