//! Erasing one person from many interactions, and looking for them in every file before and after.

use super::process::Scratch;
use crate::config::Config;
use crate::house;
use anyhow::{Context, ensure};
use clap::Args;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;
use throughline_customers::CustomerQuery;
use throughline_interactions::{Draft, Identifier, Record, SourceId, Timestamp, WorkspaceId, limits};
use throughline_lake::{Lake, LakeOptions, Redirects};
use throughline_pipeline::{Erased, Erasing, Options, Received, Target};

const PERSON: &str = "zoe.lindqvist@example.org";
const NAME: &str = "Zoe Lindqvist-Okonkwo";

#[derive(Debug, Args)]
pub struct EraseArgs {
    /// Interactions of everybody
    #[arg(long, default_value_t = 20_000_000)]
    interactions: u64,
    /// Of the person who is erased, spread evenly among them
    #[arg(long, default_value_t = 1000)]
    of_person: u64,
    /// Customers
    #[arg(long, default_value_t = 500_000)]
    customers: u64,
    /// Erases so many of the other customers too, in one pass over the files
    #[arg(long, default_value_t = 0)]
    people: u64,
}

/// Runs the measurement.
pub fn run(config: &Config, args: EraseArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(config, "erase")?;
    let data = scratch.0.join("data");
    let started = Instant::now();
    // As they are, so that what is looked for afterwards can be found before.
    let options = Options { encrypts: false, ..Options::default() };
    let house = house::open(&data, &house::holder("measures an erasure"), options)?;
    house::first_workspace(&house.engine, "Measured", "UTC", "EUR")?;
    let workspace = house::workspace(&house.engine, None)?;
    let source = SourceId::new("bench").context("a name of a source")?;
    let every = (args.interactions / args.of_person.max(1)).max(1);
    let mut next = 0;
    while next < args.interactions {
        house.engine.admission().or_else(|_| house.engine.wait_folded())?;
        let until = (next + 5000).min(args.interactions);
        let now = house.engine.now();
        let items = (next..until)
            .map(|n| {
                interaction(n, every, &args).receive(workspace.id, &source, now, limits::FILE_BYTES).map(Record::from)
            })
            .collect();
        house.engine.receive_now(workspace.id, Received::new(source.clone(), items))?;
        next = until;
    }
    house.engine.settle()?;
    println!(
        "{} interactions of {} customers on the disk after {:.0} s",
        args.interactions,
        args.customers,
        started.elapsed().as_secs_f64()
    );
    let query = CustomerQuery { search: PERSON.to_owned(), after: None, limit: 2 };
    let found = house.engine.customers(workspace.id, &query)?.rows;
    let [person] = found.as_slice() else { anyhow::bail!("the person is there {} times", found.len()) };
    let customer = person.id;
    let before = look(&data, PERSON)? + look(&data, NAME)?;
    ensure!(before > 0, "the control scan does not find a person who is there");
    let began = Instant::now();
    let receipt = house.engine.erase(workspace.id, "bench", customer)?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "erased {} interactions and {} identifiers in {seconds:.1} s; the person stood in {before} places of the files before",
        receipt.interactions, receipt.identifiers
    );
    if args.people > 0 {
        erase_many(&house, workspace.id, args.people)?;
    }
    house.engine.close()?;
    drop(house);
    let after = look(&data, PERSON)? + look(&data, NAME)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let rows = runtime.block_on(async {
        let lake = Lake::open(&data.to_string_lossy(), workspace.id, LakeOptions::default()).await?;
        lake.scan_customer(customer, &Redirects::default()).await
    })?;
    println!("after: {after} places in raw files, {} rows in the lake", rows.len());
    ensure!(after == 0 && rows.is_empty(), "the person is still there");
    Ok(())
}

fn interaction(n: u64, every: u64, args: &EraseArgs) -> Draft {
    let the_person = n % every == every / 2 && n / every < args.of_person;
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let customer = spread % args.customers;
    let mail = if the_person { PERSON.to_owned() } else { format!("c{customer}@example.com") };
    Draft {
        message_id: format!("m{n}"),
        occurred_at: Some(Timestamp::from_seconds(1_700_000_000 + n as i64 * 3)),
        event: ["Product Viewed", "Order Completed", "Order Shipped", "Order Delivered"][(n % 4) as usize].to_owned(),
        channel: "web".to_owned(),
        identifiers: vec![Identifier { kind: "email".to_owned(), value: mail }],
        text: the_person.then(|| format!("This is {NAME}, where is my parcel?")),
        ..Draft::default()
    }
}

/// Erases many customers as a file that names them does.
fn erase_many(house: &house::House, workspace: WorkspaceId, people: u64) -> anyhow::Result<()> {
    let target = |n: u64| -> anyhow::Result<Target> {
        let identifier = Identifier::new("email", &format!("c{n}@example.com"));
        let node = house.engine.node(workspace, &identifier)?.context("an address names somebody")?;
        Ok(Target { nodes: vec![node], elsewhere: 0 })
    };
    let targets = (0..people).map(target).collect::<anyhow::Result<Vec<_>>>()?;
    let order = Erasing { workspace, by: "bench", run: Some("bench") };
    let began = Instant::now();
    let mut interactions = 0;
    for some in targets.chunks(500) {
        for erased in house.engine.erase_all(&order, some)? {
            if let Erased::Person(receipt) = erased {
                interactions += receipt.interactions;
            }
        }
    }
    let named = began.elapsed().as_secs_f64();
    house.engine.finish_erasing(workspace)?;
    let seconds = began.elapsed().as_secs_f64();
    let receipts = house.engine.receipts(workspace, "bench", 0, u32::MAX)?.len();
    println!(
        "erased {people} people with {interactions} interactions in {seconds:.1} s, refused and gone from the pages after {named:.1} s; {receipts} receipts"
    );
    Ok(())
}

/// How many files below `folder` have the bytes of `needle` in them.
fn look(folder: &Path, needle: &str) -> anyhow::Result<u64> {
    let mut found = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found += look(&path, needle)?;
        } else if path.is_file() {
            found += u64::from(contains(&path, needle.as_bytes())?);
        }
    }
    Ok(found)
}

/// Reads in pieces that overlap, so that nothing is cut in two.
fn contains(path: &Path, needle: &[u8]) -> anyhow::Result<bool> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut piece = vec![0; 1 << 20];
    let mut kept = 0;
    loop {
        let n = file.read(&mut piece[kept..])?;
        if n == 0 {
            return Ok(false);
        }
        let filled = kept + n;
        if memchr::memmem::find(&piece[..filled], needle).is_some() {
            return Ok(true);
        }
        kept = filled.min(needle.len() - 1);
        piece.copy_within(filled - kept..filled, 0);
    }
}
