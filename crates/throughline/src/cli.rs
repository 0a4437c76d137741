//! The commands and what `--help` teaches about them.

use crate::config::Config;
use crate::{admin, bench, demo, import, maintenance, person, recipe, serve};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Every interaction between your customers and you, as one story per customer and one map of the
/// journey, with where it hurts and how sure that is.
///
/// Begin with `throughline demo`, then `throughline import` your own orders, then `throughline serve`.
#[derive(Debug, Parser)]
#[command(name = "throughline", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands. A flag wins over the environment, the environment over the file.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The data directory: everything Throughline keeps is in it
    #[arg(long, global = true, env = "THROUGHLINE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A TOML file with `data`, `key_file`, `store`, `listen`, `behind_proxy` and `[tls]`; see `serve --help`
    #[arg(long, global = true, env = "THROUGHLINE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The file of the master key, under which everything kept is encrypted; without it, and until
    /// one is named, it is `master.key` in the data directory
    #[arg(long, global = true, env = "THROUGHLINE_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Where the state is kept: `sqlite`, which is a file in the data directory, or PostgreSQL, as
    /// postgres://user:password@host/database [default: sqlite]
    #[arg(long, global = true, env = "THROUGHLINE_STORE", value_name = "PLACE", hide_env_values = true)]
    pub store: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: console, API and the door for interactions
    ///
    /// At the first start it prints a one-time link that makes the first administrator. On any
    /// address but this machine's own it wants TLS or an explicit --behind-proxy. Ctrl-C lets open
    /// requests finish, folds what was received and writes everything down.
    ///
    /// The same in a file, for --config:
    ///
    ///     data = "/var/lib/throughline"
    ///     listen = "0.0.0.0:443"
    ///     [tls]
    ///     acme_domains = ["cx.example.org"]      # or: cert = "…pem" and key = "…pem"
    ///     acme_contact = "you@example.org"
    #[command(verbatim_doc_comment)]
    Serve(serve::ServeArgs),
    /// See it with a made-up shop: a seeded world streams in while you look
    ///
    /// Nothing is kept unless you give --data. No login, this machine only.
    Demo(demo::DemoArgs),
    /// Read your own records: CSV, NDJSON or Parquet, plain or gzip, mapped by a recipe
    ///
    /// A recipe is a TOML file that says which column is the time, the person, the order, the
    /// amount, the score, the words and the promise; `examples/` has two, explained line by line.
    /// Begin with --dry-run: it changes nothing and shows what would come in. Importing the same
    /// file twice changes nothing either. If a server is running on the data directory, the rows
    /// are handed to it.
    Import(import::ImportArgs),
    /// Guess a recipe for a file that nobody has described yet, and print it
    ///
    /// It looks at the first rows and at what the columns are called. What it doubts, such as whether
    /// 03/04/2026 is in April or in March, it says; look the recipe over before you import by it.
    Recipe(recipe::RecipeArgs),
    /// Make everything that follows from the ledger again, and say whether it is the same
    Rebuild(maintenance::RebuildArgs),
    /// Read every file and name every damage: which file, where, and what to do
    Check,
    /// Move the state between SQLite and PostgreSQL
    Store(maintenance::StoreArgs),
    /// List workspaces, create one, or change its name and margin
    Workspace(admin::WorkspaceArgs),
    /// Create keys for senders and readers
    Key(admin::KeyArgs),
    /// Export everything that is kept about one person
    Person(person::PersonArgs),
    /// Check the signed receipt of an erasure
    Receipt(person::ReceiptArgs),
    /// Measure this machine: how many interactions a second, how fast the map
    Bench(bench::BenchArgs),
    /// Print the version
    Version,
}

/// Where to listen and how.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// The address; port 0 takes a free one [default: 127.0.0.1:4242]
    #[arg(long, env = "THROUGHLINE_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.common)?;
        match self.command {
            Command::Serve(args) => serve::run(config, args),
            Command::Demo(args) => demo::run(config, args),
            Command::Import(args) => import::run(config, args),
            Command::Recipe(args) => recipe::run(args),
            Command::Rebuild(args) => maintenance::rebuild(config, args),
            Command::Check => maintenance::check(config),
            Command::Store(args) => maintenance::store(config, args),
            Command::Workspace(args) => admin::workspace(config, args),
            Command::Key(args) => admin::key(config, args),
            Command::Person(args) => person::person(config, args),
            Command::Receipt(args) => person::receipt(config, args),
            Command::Bench(args) => bench::run(config, args),
            Command::Version => {
                println!("throughline {}", env!("CARGO_PKG_VERSION"));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_teaches() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            assert!(command.get_about().is_some(), "{} says nothing about itself", command.get_name());
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} --{} is not explained",
                    command.get_name(),
                    argument.get_id()
                );
            }
        }
    }
}
