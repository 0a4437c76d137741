//! `throughline demo`: a made-up shop that streams in while you look.

use crate::cli::Listen;
use crate::config::Config;
use crate::{formats, house, serve};
use anyhow::Context;
use clap::Args;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use throughline_demo::World;
use throughline_interactions::{Interaction, SourceId, WorkspaceId, limits};
use throughline_pipeline::{Engine, NewWorkspace, Options, Received};
use throughline_web::{Clock, Tls, WebConfig};

/// Interactions received at a time.
const BATCH: usize = 1_000;

#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    listen: Listen,
    /// The seed: the same seed makes the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many customers
    #[arg(long, default_value_t = 4_000)]
    customers: u64,
}

/// Runs the command.
pub fn run(config: Config, args: DemoArgs) -> anyhow::Result<()> {
    let kept = config.chosen_data.is_some();
    let dir = config
        .chosen_data
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("throughline-demo-{}", std::process::id())));
    let web = WebConfig {
        listen: args.listen.listen.unwrap_or(SocketAddr::from(serve::DEFAULT_LISTEN)),
        tls: Tls::None,
        behind_proxy: false,
        data_dir: dir.clone(),
        demo: true,
        clock: Clock::system(),
        formats: formats::formats,
        import_from: Vec::new(),
    };
    web.validate()?;
    let house =
        house::open(&dir, &house::holder(&format!("showing the demo at http://{}", web.listen)), Options::default())?;
    let engine = house.engine.clone();
    if engine.workspaces()?.is_empty() {
        let shop = engine.create_workspace(&NewWorkspace {
            key: "northwind".to_owned(),
            name: "Northwind Shop".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            currency: "EUR".to_owned(),
            week_start: 1,
            margin: Some(0.35),
        })?;
        let (seed, customers) = (args.seed, args.customers);
        std::thread::Builder::new().name("demo".into()).spawn(move || {
            if let Err(e) = stream(&engine, shop.id, seed, customers) {
                tracing::warn!(error = format!("{e:#}"), "the demo world stopped streaming in");
            }
        })?;
    }
    let served = serve::serve(&house.engine, web, |address| {
        println!("Throughline is at http://{address}");
        println!("a made-up shop streams in; nothing here is real{}", if kept { "" } else { ", and nothing is kept" });
        println!("Ctrl-C ends it");
        Ok(())
    });
    drop(house);
    if !kept {
        std::fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    served
}

/// Lets the world in through the same door as everybody.
fn stream(engine: &Engine, workspace: WorkspaceId, seed: u64, customers: u64) -> anyhow::Result<()> {
    let now = engine.now();
    let world = World::sized(seed, now, customers);
    let job = engine.job("the demo world streams in", "interactions", Some(world.total_hint()));
    let mut done = 0_u64;
    let mut waiting: BTreeMap<&'static str, Vec<Interaction>> = BTreeMap::new();
    let mut send = |source: &'static str, items: Vec<Interaction>| -> anyhow::Result<()> {
        let source = SourceId::new(source).context("the demo's sources have names")?;
        done += items.len() as u64;
        engine.receive_now(workspace, Received { source, items: items.into_iter().map(Ok).collect() })?;
        job.done(done);
        Ok(())
    };
    for (source, draft) in world.interactions() {
        let id = SourceId::new(source).context("the demo's sources have names")?;
        let fact = draft.receive(workspace, &id, now, limits::HTTP_BYTES).map_err(|f| anyhow::anyhow!("{f}"))?;
        let batch = waiting.entry(source).or_default();
        batch.push(fact);
        if batch.len() == BATCH {
            let items = std::mem::take(batch);
            send(source, items)?;
        }
    }
    for (source, items) in waiting {
        send(source, items)?;
    }
    engine.settle()?;
    job.finish("it is all here");
    Ok(())
}
