//! `throughline person` and `throughline receipt`.

use crate::config::Config;
use crate::house;
use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use throughline_interactions::Identifier;
use throughline_pipeline::verify_receipt;
use throughline_rights::{PersonFile, write_json};
use throughline_web::{KeptHere, write_page};

#[derive(Debug, Args)]
pub struct PersonArgs {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Write everything that is kept about one person; the record notes it
    Export {
        /// Who: an identifier such as email=zoe@example.org, or a customer's id
        who: String,
        /// As JSON for other systems, or as one page to read and print
        #[arg(long, value_enum, default_value = "json")]
        form: Form,
        /// The file to write; without it, it is printed
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The workspace, where there are several
        #[arg(long, value_name = "KEY")]
        workspace: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Html,
}

/// A kind and a value, as in `email=zoe@example.org`.
fn identifier(text: &str) -> Option<Identifier> {
    let (kind, value) = text.split_once('=')?;
    (!kind.is_empty() && !value.is_empty()).then(|| Identifier::new(kind, value))
}

/// Runs `person`.
pub fn person(config: Config, args: PersonArgs) -> anyhow::Result<()> {
    let PersonCommand::Export { who, form, out, workspace } = args.command;
    let house = house::open(&config.data(), &house::holder("exporting a person"), config.options())?;
    let engine = &house.engine;
    let workspace = house::workspace(engine, workspace.as_deref())?;
    engine.wait_folded()?;
    let id = match identifier(&who) {
        Some(identifier) => {
            let node = engine.node(workspace.id, &identifier)?.context("this value names nobody")?;
            engine.known_by(workspace.id, node)?.with_context(|| format!("nobody is known by {who}"))?
        }
        None => u64::from_str_radix(&who, 16)
            .with_context(|| format!("`{who}` is neither an identifier, as email=…, nor a customer's id"))?,
    };
    let kept = KeptHere::new(engine.clone(), None);
    let file = PersonFile::gather(engine, &kept, workspace.id, id)?;
    throughline_web::note_export(engine.store(), workspace.id, file.profile.row.id)?;
    let write = |out: &mut dyn Write| -> anyhow::Result<()> {
        match form {
            Form::Json => write_json(&file, engine, out)?,
            Form::Html => write_page(&file, engine, out)?,
        }
        Ok(out.flush()?)
    };
    match &out {
        Some(path) => {
            let made = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            write(&mut BufWriter::new(made))?;
            eprintln!("wrote {} interactions to {}", file.interactions(), path.display());
        }
        None => write(&mut BufWriter::new(std::io::stdout().lock()))?,
    }
    house.engine.close()?;
    Ok(())
}

#[derive(Debug, Args)]
pub struct ReceiptArgs {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// Say whether a receipt is as it was signed; needs no network and no data
    Verify {
        /// The receipt, as it was handed out
        file: PathBuf,
        /// The key it must be signed with, 64 digits: on the Privacy page, and at /api/v1/receipts/key
        #[arg(long)]
        key: Option<String>,
        /// Whether it is about this identifier, such as email=zoe@example.org
        #[arg(long, value_name = "KIND=VALUE")]
        who: Option<String>,
    },
    /// Print the public key with which receipts are checked
    Key,
}

/// Runs `receipt`.
pub fn receipt(config: Config, args: ReceiptArgs) -> anyhow::Result<()> {
    match args.command {
        ReceiptCommand::Verify { file, key, who } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let verified = verify_receipt(&text, key.as_deref())?;
            let says = |name: &str| verified.receipt[name].as_str().unwrap_or_default().to_owned();
            println!("the receipt {} is as it was signed on {}", says("id"), says("signed_at"));
            println!("by the key {}", verified.public_key);
            if key.is_none() {
                println!("compare the key with the one that the brand publishes, or give it with --key");
            }
            if let Some(who) = who {
                let named = identifier(&who).with_context(|| format!("`{who}` is not written as email=…"))?;
                if !verified.is_about(&named) {
                    bail!("the receipt is not about {who}");
                }
                println!("it is about {who}");
            }
            Ok(())
        }
        ReceiptCommand::Key => {
            let house = house::open(&config.data(), &house::holder("reading a key"), config.options())?;
            let key = house.engine.receipt_key();
            println!("{}\n{}", key.public_key, key.pem.trim_end());
            house.engine.close()?;
            Ok(())
        }
    }
}
