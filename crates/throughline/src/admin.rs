//! `throughline workspace` and `throughline key`.

use crate::config::Config;
use crate::house;
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use throughline_interactions::SourceId;
use throughline_pipeline::{NewWorkspace, Preferences, Workspace};
use throughline_web::KeyRole;

#[derive(Debug, Args)]
pub struct WorkspaceArgs {
    #[command(subcommand)]
    command: Option<WorkspaceCommand>,
}

#[derive(Debug, Subcommand)]
enum WorkspaceCommand {
    /// List the workspaces
    List,
    /// Create one: a brand with its own people, keys, secrets and customers
    Create {
        /// Its name in addresses: lower-case letters, digits and hyphens
        key: String,
        /// What people call it [default: the key]
        #[arg(long)]
        name: Option<String>,
        /// Its time zone, an IANA name
        #[arg(long, default_value = "UTC")]
        zone: String,
        /// Its currency, three letters
        #[arg(long, default_value = "EUR")]
        currency: String,
        /// The day its week starts with, 1 Monday to 7 Sunday
        #[arg(long, default_value_t = 1)]
        week_start: u8,
        /// Gross margin as a share of revenue, 0 to 1; without it revenue at risk is not shown
        #[arg(long)]
        margin: Option<f64>,
    },
    /// Change its name, the start of its week or its margin; zone and currency stay for ever
    Set {
        /// Its name in addresses
        key: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// The day its week starts with, 1 Monday to 7 Sunday
        #[arg(long)]
        week_start: Option<u8>,
        /// Gross margin as a share of revenue, 0 to 1, or `none`: revenue at risk is then not shown
        #[arg(long, value_parser = margin)]
        margin: Option<Margin>,
    },
}

/// A share of revenue, or none at all.
#[derive(Debug, Clone, Copy)]
struct Margin(Option<f64>);

fn margin(text: &str) -> Result<Margin, String> {
    match text {
        "none" => Ok(Margin(None)),
        share => share.parse().map(|s| Margin(Some(s))).map_err(|_| "give a share such as 0.35, or none".to_owned()),
    }
}

/// Runs `workspace`.
pub fn workspace(config: Config, args: WorkspaceArgs) -> anyhow::Result<()> {
    let house = house::open(&config.data(), &house::holder("changing workspaces"), config.options())?;
    let told = |w: &Workspace| {
        let margin = w.margin.map_or_else(|| "no margin set".to_owned(), |m| format!("margin {m}"));
        format!("{} ({}, {}, {margin})", w.name, w.zone, w.currency)
    };
    match args.command.unwrap_or(WorkspaceCommand::List) {
        WorkspaceCommand::Create { key, name, zone, currency, week_start, margin } => {
            let name = name.unwrap_or_else(|| key.clone());
            let made =
                house.engine.create_workspace(&NewWorkspace { key, name, zone, currency, week_start, margin })?;
            println!("created the workspace `{}`: {}", made.key, told(&made));
        }
        WorkspaceCommand::Set { key, name, week_start, margin } => {
            let now = house.engine.workspace(&key)?;
            let new = Preferences {
                name: name.unwrap_or(now.name),
                week_start: week_start.unwrap_or(now.week_start),
                margin: margin.map_or(now.margin, |m| m.0),
            };
            house.engine.change_workspace(now.id, &new)?;
            println!("changed the workspace `{key}`: {}", told(&house.engine.workspace(&key)?));
        }
        WorkspaceCommand::List => {
            let all = house.engine.workspaces()?;
            if all.is_empty() {
                println!("there are no workspaces yet; create one with `throughline workspace create KEY`");
            }
            for w in all {
                println!("{:20} {}", w.key, told(&w));
            }
        }
    }
    house.engine.close()?;
    Ok(())
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key; it is shown once
    Create {
        /// What it may do: send interactions, read everything, or both and more
        #[arg(long, value_enum)]
        role: RoleName,
        /// The workspace, where there are several
        #[arg(long, value_name = "KEY")]
        workspace: Option<String>,
        /// The lasting name of the source that sends with it
        #[arg(long, default_value = "api")]
        source: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Writer,
    Reader,
    Admin,
}

/// Runs `key`.
pub fn key(config: Config, args: KeyArgs) -> anyhow::Result<()> {
    let KeyCommand::Create { role, workspace, source } = args.command;
    let house = house::open(&config.data(), &house::holder("creating a key"), config.options())?;
    house::first_workspace(&house.engine, "Main", "UTC", "EUR")?;
    let workspace = house::workspace(&house.engine, workspace.as_deref())?;
    let name = SourceId::new(&source)
        .with_context(|| format!("`{source}` cannot be the name of a source; use letters, digits and -_.:/"))?;
    let role = match role {
        RoleName::Writer => KeyRole::Writer,
        RoleName::Reader => KeyRole::Reader,
        RoleName::Admin => KeyRole::Admin,
    };
    let secret = throughline_web::create_key(house.engine.store(), workspace.id, &name, role)?;
    eprintln!("a {} key of `{source}` for {}; it is shown this once:", role.as_str(), workspace.name);
    println!("{}", secret.reveal());
    house.engine.close()?;
    Ok(())
}
