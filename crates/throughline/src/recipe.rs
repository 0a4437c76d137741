//! `throughline recipe`: a first recipe for a file that nobody has described yet.

use crate::formats;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use throughline_connectors::files::guess::{Doubt, Mapping, Role, Sample, guess};
use throughline_connectors::files::known::KnownExport;

#[derive(Debug, Args)]
pub struct RecipeArgs {
    /// The file: CSV, NDJSON or Parquet, plain or gzip
    file: PathBuf,
    /// The time zone of local times, an IANA name
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// The currency of amounts, where no column tells it
    #[arg(long, default_value = "EUR")]
    currency: String,
}

/// Runs the command.
pub fn run(args: RecipeArgs) -> anyhow::Result<()> {
    let sample =
        Sample::read(&args.file, &formats::formats()).with_context(|| format!("look into {}", args.file.display()))?;
    let found = guess(&sample);
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut mapping = Mapping::of(&sample, &found, &stem, &format!("import:{name}"), &args.zone, &args.currency);
    mapping.known = KnownExport::find(&sample.columns);
    if let Some(known) = mapping.known {
        eprintln!("these are the columns of {}: a ready recipe knows what they mean", known.name);
    }
    let recipe = mapping.recipe()?;
    for notice in &sample.notices {
        eprintln!("note: {notice}");
    }
    for column in found.columns.iter().filter(|c| c.role != Role::Ignore) {
        for doubt in &column.doubts {
            eprintln!("please look at `{}`: {}", column.name, words(doubt));
        }
    }
    print!("{recipe}");
    eprintln!("save this beside the file as recipe.toml, and try `throughline import <folder> --dry-run`");
    Ok(())
}

fn words(doubt: &Doubt) -> String {
    match doubt {
        Doubt::DayOrMonth { forms, example } => {
            let forms: Vec<&str> = forms.iter().map(|f| f.0.as_str()).collect();
            format!("`{example}` can be read as {}; the first is taken", forms.join(" or as "))
        }
        Doubt::WhoseAddress(others) => {
            format!("`{}` holds e-mail addresses too and is left out; keep those of the customer", others.join("`, `"))
        }
        Doubt::OncePerOrder { order } => {
            format!("it stands again on every line of `{order}`; it is counted once for each")
        }
        Doubt::Odd { cells, example } => format!("{cells} cells are unlike the others, such as `{example}`"),
    }
}
