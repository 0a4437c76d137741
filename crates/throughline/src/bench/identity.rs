//! Which records are of one person, where a file says whose they really are.

use crate::formats;
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Instant;
use throughline_connectors::files::recipe::FileRecipe;
use throughline_connectors::files::{Request, UnpackLimits};
use throughline_linkage::{Kind, Options, Table, link, people, quality, quality_across};

#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// A file with one record a row; with a second one, records of the first are linked with those of
    /// the second, by the columns that both have
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The column that says whose a record is; without it, ids like `rec-17-dup-0` are looked for, and
    /// then a column `cluster`
    #[arg(long, value_name = "COLUMN")]
    truth: Option<String>,
    /// Columns that are not to be compared
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,
    /// How probable a link has to be
    #[arg(long, default_value_t = 0.5)]
    probability: f64,
}

/// Columns and rows of a file, as they stand there.
fn read(path: &Path) -> anyhow::Result<(Vec<String>, Vec<Vec<String>>)> {
    let file = FileRecipe { path: path.display().to_string(), ..FileRecipe::default() };
    let limits = UnpackLimits::default();
    let request = Request { path, wanted: &[], whole: true, file: &file, limits: &limits };
    let mut reader = formats::formats().open(&request).with_context(|| format!("read {}", path.display()))?;
    let columns: Vec<String> = reader.columns().iter().map(|c| c.trim().to_owned()).collect();
    let mut rows = Vec::new();
    while let Some(row) = reader.next() {
        match row {
            Ok(row) => rows.push(row.cells().map(|c| c.trim().to_owned()).collect()),
            Err(fault) => bail!("{}, line {}: {}", path.display(), fault.line, fault.reason),
        }
    }
    ensure!(!rows.is_empty(), "{} has no rows", path.display());
    Ok((columns, rows))
}

/// Whose a record of FEBRL is: `17` in `rec-17-org` and `rec-17-dup-0`.
fn of_febrl(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("rec-")?;
    let (number, kind) = rest.split_once('-')?;
    (kind == "org" || kind.starts_with("dup")).then_some(number)
}

/// Runs the measurement.
pub fn run(args: &IdentityArgs) -> anyhow::Result<()> {
    let (mut columns, mut rows) = read(&args.files[0])?;
    let mut split = None;
    if let Some(second) = args.files.get(1) {
        let (others, more) = read(second)?;
        split = Some(rows.len());
        let shared: Vec<(usize, usize)> = columns
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((i, others.iter().position(|o| o.eq_ignore_ascii_case(c))?)))
            .collect();
        ensure!(shared.len() > 1, "the files have no columns in common to compare: {columns:?} and {others:?}");
        let cell = |row: &Vec<String>, i: usize| row.get(i).cloned().unwrap_or_default();
        let first = rows.iter().map(|r| shared.iter().map(|(i, _)| cell(r, *i)).collect::<Vec<_>>());
        rows = first.chain(more.iter().map(|r| shared.iter().map(|(_, i)| cell(r, *i)).collect())).collect();
        columns = shared.iter().map(|(i, _)| columns[*i].clone()).collect();
    }
    let named = |name: &str| columns.iter().position(|c| c.eq_ignore_ascii_case(name));
    let febrl =
        (0..columns.len()).find(|c| rows.iter().take(100).all(|r| r.get(*c).is_some_and(|v| of_febrl(v).is_some())));
    let truth = match &args.truth {
        Some(name) => Some(named(name).with_context(|| format!("there is no column `{name}`; there are {columns:?}"))?),
        None => febrl.or_else(|| named("cluster")),
    };
    let truth = truth.context("which column says whose a record is? Name it with --truth")?;
    let whose = |row: &Vec<String>| {
        let value = row.get(truth).map_or("", String::as_str);
        of_febrl(value).unwrap_or(value).to_owned()
    };
    let whose: Vec<String> = rows.iter().map(whose).collect();

    let mut guessed = Table::guess(&columns, &rows);
    for (at, column) in guessed.iter_mut().enumerate() {
        let is_id = ["rec_id", "unique_id", "id"].contains(&column.name.to_lowercase().as_str());
        if at == truth || is_id || args.ignore.iter().any(|i| i.eq_ignore_ascii_case(&column.name)) {
            column.kind = Kind::Ignored;
        }
    }
    let compared: Vec<String> = guessed
        .iter()
        .filter(|c| c.kind != Kind::Ignored)
        .map(|c| format!("{} ({})", c.name, format!("{:?}", c.kind).to_lowercase()))
        .collect();
    println!("{} records, compared by {}", rows.len(), compared.join(", "));
    let mut table = Table::new(guessed);
    for row in &rows {
        table.push(row.iter().map(String::as_str));
    }
    let started = Instant::now();
    let linkage = link(&table, split, &Options::default());
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} pairs compared in {seconds:.2} s; {:.0} of them expected to be of one person, {:.0} of one family",
        linkage.compared, linkage.expected, linkage.families
    );
    println!("probability  precision  recall    F1");
    for least in [args.probability, 0.9, 0.99] {
        let found = people(rows.len(), &linkage.links, least);
        let q = split.map_or_else(|| quality(&found, &whose), |s| quality_across(&found, &whose, s));
        println!("{least:<11}  {:<9.5}  {:<8.5}  {:.5}", q.precision(), q.recall(), q.f1());
    }
    Ok(())
}
