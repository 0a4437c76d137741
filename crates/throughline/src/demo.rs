//! `throughline demo`: a made-up shop that streams in while you look.

use crate::cli::Listen;
use crate::config::Config;
use crate::{formats, house, serve};
use anyhow::Context;
use clap::Args;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use throughline_demo::World;
use throughline_interactions::{Interaction, SourceId, Timestamp, WorkspaceId, limits};
use throughline_pipeline::{Engine, NewSegment, NewWorkspace, Received};
use throughline_store::Place;
use throughline_web::{Clock, Patience, Tls, Trial, WebConfig};

/// Interactions received at a time.
const BATCH: usize = 1_000;
/// Days after which the shop looked at what it had changed.
const TRIED_DAYS: u32 = 56;
/// Batches that are ready and wait.
const READY: usize = 8;

#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    listen: Listen,
    /// The seed: the same seed makes the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many customers, each with about forty interactions
    #[arg(long, default_value_t = 50_000)]
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
        smtp: config.smtp()?,
        allow_private_webhooks: config.file.allow_private_webhooks.unwrap_or(false),
        url: None,
        formats: formats::formats,
        import_from: Vec::new(),
        places: None,
        patience: Patience::default(),
    };
    web.validate()?;
    let mut options = config.options();
    if !kept {
        // What is not kept needs no server.
        options.store = Place::Embedded;
    }
    let house = house::open(&dir, &house::holder(&format!("showing the demo at http://{}", web.listen)), options)?;
    let engine = house.engine.clone();
    if engine.workspaces()?.is_empty() {
        let shop = engine.create_workspace(&NewWorkspace {
            key: "northwind".to_owned(),
            name: throughline_demo::SHOP.to_owned(),
            zone: throughline_demo::ZONE.to_owned(),
            currency: throughline_demo::CURRENCY.to_owned(),
            week_start: 1,
            margin: Some(throughline_demo::MARGIN),
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

/// Interactions of one source that were received together.
type Batch = (&'static str, Vec<Interaction>);

/// Lets the world in through the same door as everybody, a shop of [`throughline_demo::Interactions::COHORT`]
/// customers after the other: the first already shows the whole year. It is made on another thread than
/// the one that lets it in.
pub fn stream(engine: &Engine, workspace: WorkspaceId, seed: u64, customers: u64) -> anyhow::Result<()> {
    let now = engine.now();
    let world = Arc::new(World::sized(seed, now, customers));
    let job = engine.job("the demo world streams in", "interactions", Some(world.total_hint()));
    let (made, waiting) = std::sync::mpsc::sync_channel::<Batch>(READY);
    let maker = std::thread::Builder::new().name("demo world".into()).spawn({
        let world = world.clone();
        move || make(&world, workspace, now, &made)
    })?;
    let mut done = 0_u64;
    for (source, items) in waiting {
        let source = SourceId::new(source).context("the demo's sources have names")?;
        done += items.len() as u64;
        engine.receive_now(workspace, Received::new(source, items.into_iter().map(|i| Ok(i.into())).collect()))?;
        job.done(done);
    }
    match maker.join() {
        Ok(made) => made?,
        Err(_) => anyhow::bail!("the thread that makes the demo world has died"),
    }
    engine.settle()?;
    job.finish("it is all here");
    for (name, about, rule) in throughline_demo::SEGMENTS {
        let rule = serde_json::from_str(rule).with_context(|| format!("read the rule of “{name}”"))?;
        let wanted = NewSegment { name: name.to_owned(), about: about.to_owned(), rule };
        engine.put_segment(workspace, None, "the demo", &wanted)?;
    }
    try_what_the_shop_tried(engine, workspace, &world)
}

/// The shop changed something in the course of the year: it stands there as an initiative, with what
/// came of it.
fn try_what_the_shop_tried(engine: &Engine, workspace: WorkspaceId, world: &World) -> anyhow::Result<()> {
    let Some(workspace) = engine.workspaces()?.into_iter().find(|w| w.id == workspace) else { return Ok(()) };
    for (change, from) in world.changes() {
        let Some(truth) = world.truths().find(|t| t.plant == change.mends) else { continue };
        let cause = &truth.cause;
        let trial = Trial {
            kind: cause.kind,
            dimension: cause.dimension,
            value: cause.value,
            what: change.sentence,
            owner: "logistics@northwind.example",
            cost: 4_000,
            from,
            days: TRIED_DAYS,
        };
        throughline_web::begin_trial(engine, &workspace, &trial, engine.now())?;
    }
    Ok(())
}

/// Makes the world, in batches of a source each. It ends early when nobody takes them any more.
fn make(world: &World, workspace: WorkspaceId, now: Timestamp, made: &SyncSender<Batch>) -> anyhow::Result<()> {
    let mut waiting: BTreeMap<&'static str, (SourceId, Vec<Interaction>)> = BTreeMap::new();
    for source in throughline_demo::SOURCES {
        let id = SourceId::new(source).context("the demo's sources have names")?;
        waiting.insert(source, (id, Vec::with_capacity(BATCH)));
    }
    for (source, draft) in world.interactions() {
        let (id, batch) = waiting.get_mut(source).context("the demo names its sources")?;
        let fact = draft.receive(workspace, id, now, limits::HTTP_BYTES).map_err(|f| anyhow::anyhow!("{f}"))?;
        batch.push(fact);
        if batch.len() == BATCH {
            let full = std::mem::replace(batch, Vec::with_capacity(BATCH));
            if made.send((source, full)).is_err() {
                return Ok(());
            }
        }
    }
    for (source, (_, items)) in waiting {
        if made.send((source, items)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
